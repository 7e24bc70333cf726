//! How a stream ends that is used as a connection (RFC 8441, section 5; RFC 9220, section 3).

/// The end of one direction of a stream, in the terms of the TCP connection that RFC 6455 has in its place.
///
/// - constructors: [`from_http2`](Self::from_http2), [`from_http3`](Self::from_http3), from what was received
/// - getters: [`http2_code`](Self::http2_code), [`http3_code`](Self::http3_code), for what is to be sent
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEnd {
    /// The sender is done, as by the FIN of TCP: END_STREAM in HTTP/2, the FIN of a stream in HTTP/3. The other direction
    /// goes on.
    Orderly,
    /// Both directions are at their end, as by the RST of TCP: data may be missing.
    Abort,
}

impl StreamEnd {
    /// CANCEL (RFC 9113, section 7).
    pub const HTTP2_CANCEL: u32 = 0x08;
    /// H3_REQUEST_CANCELLED (RFC 9114, section 8.1).
    pub const HTTP3_REQUEST_CANCELLED: u64 = 0x10c;

    /// What was received in HTTP/2: the code of RST_STREAM, `None` for END_STREAM. Any code is an abort.
    pub const fn from_http2(code: Option<u32>) -> Self {
        if code.is_none() { Self::Orderly } else { Self::Abort }
    }

    /// What was received in HTTP/3: the code of RESET_STREAM or STOP_SENDING, `None` for the FIN. Any code is an abort.
    pub const fn from_http3(code: Option<u64>) -> Self {
        if code.is_none() { Self::Orderly } else { Self::Abort }
    }

    /// The code of RST_STREAM in HTTP/2; `None` where END_STREAM is sent instead.
    pub const fn http2_code(self) -> Option<u32> {
        match self {
            Self::Orderly => None,
            Self::Abort => Some(Self::HTTP2_CANCEL),
        }
    }

    /// The code of RESET_STREAM and STOP_SENDING in HTTP/3; `None` where the FIN is sent instead.
    pub const fn http3_code(self) -> Option<u64> {
        match self {
            Self::Orderly => None,
            Self::Abort => Some(Self::HTTP3_REQUEST_CANCELLED),
        }
    }
}
