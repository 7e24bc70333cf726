use core::fmt;

use crate::{ControlPayload, ProtocolError, ProtocolErrorKind};

/// Why a connection closes: the status code of a Close frame. (RFC 6455, section 7.4)
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CloseCode(u16);

impl CloseCode {
    /// 1000: the purpose of the connection is fulfilled.
    pub const NORMAL: Self = Self(1000);
    /// 1001: the server goes down, or the browser has left the page.
    pub const GOING_AWAY: Self = Self(1001);
    /// 1002: the peer broke the protocol.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// 1003: a kind of data that this end cannot accept.
    pub const UNSUPPORTED_DATA: Self = Self(1003);
    /// 1005: the Close frame had no code. Never on the wire.
    pub const NO_STATUS: Self = Self(1005);
    /// 1006: the connection ended without a Close frame. Never on the wire.
    pub const ABNORMAL: Self = Self(1006);
    /// 1007: data that does not fit the message's type, such as text that is not UTF-8.
    pub const INVALID_PAYLOAD: Self = Self(1007);
    /// 1008: a message against this end's policy.
    pub const POLICY_VIOLATION: Self = Self(1008);
    /// 1009: a message too big to process.
    pub const MESSAGE_TOO_BIG: Self = Self(1009);
    /// 1010: the server did not agree to an extension that the client needs.
    pub const MANDATORY_EXTENSION: Self = Self(1010);
    /// 1011: the server met an unexpected condition.
    pub const INTERNAL_ERROR: Self = Self(1011);
    /// 1012: the service restarts. (IANA WebSocket Close Code Number registry)
    pub const SERVICE_RESTART: Self = Self(1012);
    /// 1013: try again later. (IANA WebSocket Close Code Number registry)
    pub const TRY_AGAIN_LATER: Self = Self(1013);
    /// 1014: a gateway got an invalid response from upstream. (IANA WebSocket Close Code Number registry)
    pub const BAD_GATEWAY: Self = Self(1014);
    /// 1015: the TLS handshake failed. Never on the wire.
    pub const TLS_HANDSHAKE: Self = Self(1015);

    /// The close code of this number, sendable or not.
    #[inline]
    pub const fn new(number: u16) -> Self {
        Self(number)
    }

    /// The number.
    #[inline]
    pub const fn as_u16(self) -> u16 {
        self.0
    }

    /// Whether this code may stand in a Close frame, ours or the peer's.
    ///
    /// That is 1000 to 1003 and 1007 to 1014, which are registered, and 3000 to 4999, which are for libraries and
    /// applications. The rest is reserved, or means what no frame can say.
    // RFC 6455, sections 7.4.1 and 7.4.2; 1012 to 1014 are in the IANA registry that section 11.7 set up.
    #[inline]
    pub const fn is_sendable(self) -> bool {
        matches!(self.0, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }
}

impl From<u16> for CloseCode {
    fn from(number: u16) -> Self {
        Self(number)
    }
}

impl From<CloseCode> for u16 {
    fn from(code: CloseCode) -> Self {
        code.0
    }
}

/// The number, and its meaning where it has one: `1002 (protocol error)`.
impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let meaning = match *self {
            Self::NORMAL => "normal closure",
            Self::GOING_AWAY => "going away",
            Self::PROTOCOL_ERROR => "protocol error",
            Self::UNSUPPORTED_DATA => "unsupported data",
            Self::NO_STATUS => "no status received",
            Self::ABNORMAL => "abnormal closure",
            Self::INVALID_PAYLOAD => "invalid payload data",
            Self::POLICY_VIOLATION => "policy violation",
            Self::MESSAGE_TOO_BIG => "message too big",
            Self::MANDATORY_EXTENSION => "mandatory extension",
            Self::INTERNAL_ERROR => "internal error",
            Self::SERVICE_RESTART => "service restart",
            Self::TRY_AGAIN_LATER => "try again later",
            Self::BAD_GATEWAY => "bad gateway",
            Self::TLS_HANDSHAKE => "TLS handshake failed",
            _ => return self.0.fmt(f),
        };
        write!(f, "{} ({meaning})", self.0)
    }
}

/// The payload of a Close frame that has one. (RFC 6455, section 5.5.1)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CloseFrame<'a> {
    /// Why the connection closes.
    pub code: CloseCode,
    /// The reason in words, for logs: at most 123 bytes, may be empty.
    pub reason: &'a str,
}

impl<'a> CloseFrame<'a> {
    /// The longest reason, in bytes: what a control frame holds after the code.
    ///
    /// `&reason[..reason.floor_char_boundary(CloseFrame::MAX_REASON_LEN)]` cuts a longer one between characters.
    pub const MAX_REASON_LEN: usize = ControlPayload::MAX_LEN - 2;

    /// Reads the whole, unmasked payload of a Close frame; `None` is an empty payload, which means
    /// [`CloseCode::NO_STATUS`].
    ///
    /// # Errors
    /// One byte, a code that may not stand in a frame (both 1002), a reason that is not UTF-8 (1007). The offset is
    /// relative to the payload: see [`ProtocolError::rebase`].
    pub fn parse(payload: &'a [u8]) -> Result<Option<Self>, ProtocolError> {
        if payload.is_empty() {
            return Ok(None);
        }
        // RFC 6455, section 5.5.1: "If there is a body, the first two bytes of the body MUST be a 2-byte unsigned
        // integer (in network byte order) representing a status code"
        let Some((code, reason)) = payload.split_first_chunk() else {
            return Err(ProtocolError::new(ProtocolErrorKind::TruncatedCloseCode, 0));
        };
        let code = CloseCode(u16::from_be_bytes(*code));
        if !code.is_sendable() {
            return Err(ProtocolError::new(ProtocolErrorKind::InvalidCloseCode(code), 0));
        }
        match core::str::from_utf8(reason) {
            Ok(reason) => Ok(Some(Self { code, reason })),
            Err(error) => Err(ProtocolError::new(ProtocolErrorKind::InvalidUtf8, 2 + error.valid_up_to() as u64)),
        }
    }

    /// The payload of the Close frame to send.
    ///
    /// # Errors
    /// A code that may not be sent, or a reason longer than [`MAX_REASON_LEN`](Self::MAX_REASON_LEN).
    pub fn encode(&self) -> Result<ControlPayload, InvalidClose> {
        if !self.code.is_sendable() {
            return Err(InvalidClose::Code(self.code));
        }
        let mut payload = ControlPayload::new();
        payload
            .push(&self.code.as_u16().to_be_bytes())
            .and_then(|()| payload.push(self.reason.as_bytes()))
            .map_err(|_| InvalidClose::ReasonLen(self.reason.len()))?;
        Ok(payload)
    }
}

/// Our own [`CloseFrame`] cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InvalidClose {
    /// The code may not stand in a frame: see [`CloseCode::is_sendable`].
    Code(CloseCode),
    /// The reason has this many bytes, more than [`CloseFrame::MAX_REASON_LEN`].
    ReasonLen(usize),
}

impl fmt::Display for InvalidClose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "close code {code} may not be sent (RFC 6455, section 7.4)"),
            Self::ReasonLen(len) => write!(
                f,
                "close reason of {len} bytes, at most {} fit (RFC 6455, section 5.5)",
                CloseFrame::MAX_REASON_LEN
            ),
        }
    }
}

impl core::error::Error for InvalidClose {}
