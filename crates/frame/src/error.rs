use core::fmt;

use crate::{CloseCode, OpCode, Rsv};

/// The peer broke the protocol: fail the connection with [`close_code`](Self::close_code). (RFC 6455, section 7.1.7)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProtocolError {
    kind: ProtocolErrorKind,
    offset: u64,
}

impl ProtocolError {
    /// An error of this kind at this offset.
    #[inline]
    pub const fn new(kind: ProtocolErrorKind, offset: u64) -> Self {
        Self { kind, offset }
    }

    /// The same error, its offset counted from `base` bytes earlier: for an error whose offset is relative to a payload
    /// that began at `base`.
    #[inline]
    pub const fn rebase(self, base: u64) -> Self {
        Self { kind: self.kind, offset: self.offset.saturating_add(base) }
    }

    /// What the peer did.
    #[inline]
    pub const fn kind(&self) -> ProtocolErrorKind {
        self.kind
    }

    /// Where: from a [`Decoder`](crate::Decoder) the offset of the byte in the stream of frames, whose first byte is 0.
    #[inline]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// The section that was broken, as in `RFC 6455, section 5.2`.
    #[inline]
    pub const fn section(&self) -> &'static str {
        self.kind.section()
    }

    /// The code of the Close frame to answer with.
    #[inline]
    pub const fn close_code(&self) -> CloseCode {
        self.kind.close_code()
    }
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at offset {} ({})", self.kind, self.offset, self.section())
    }
}

impl core::error::Error for ProtocolError {}

/// What a peer did that the protocol forbids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProtocolErrorKind {
    /// Reserved bits that no agreed extension uses; the bits.
    ReservedBits(Rsv),
    /// An opcode that has no meaning; the four bits.
    ReservedOpCode(u8),
    /// A control frame without FIN.
    FragmentedControl(OpCode),
    /// A continuation frame while no message is open.
    UnexpectedContinuation,
    /// A new data frame while the last message is not finished.
    InterruptedMessage(OpCode),
    /// A client's frame without a mask.
    Unmasked,
    /// A server's frame with a mask.
    Masked,
    /// A control frame with more than 125 bytes of payload.
    ControlTooLong(OpCode),
    /// A payload length in more bytes than it needs.
    LengthNotMinimal,
    /// A 64-bit payload length with its top bit set.
    LengthTopBit,
    /// A data frame longer than [`DecoderConfig::max_payload`](crate::DecoderConfig::max_payload); the length it
    /// declares.
    PayloadTooLong(u64),
    /// A message whose fragments are together longer than the receiver's limit; the length up to the end of the frame.
    MessageTooLong(u64),
    /// A message of more frames than the receiver's limit, which this is.
    TooManyFragments(u32),
    /// A message of more empty frames behind its first one than the receiver's limit, which this is.
    TooManyEmptyFragments(u32),
    /// More Pings and Pongs in a second than the receiver's limit, which this is.
    TooManyControlFrames(u32),
    /// A Close frame with one byte of payload, which is half a code.
    TruncatedCloseCode,
    /// A Close frame with a code that may not stand in one.
    InvalidCloseCode(CloseCode),
    /// A text, or the reason of a Close frame, that is not UTF-8.
    InvalidUtf8,
    /// A compressed message that is not what DEFLATE makes.
    InvalidDeflate,
    /// A compressed message that inflates to more bytes than the receiver's limit, which this is.
    InflatedTooLong(u64),
    /// A compressed message that inflates to more than so many bytes for each of its own.
    InflatedTooMuch(u32),
    /// A message that an extension other than permessage-deflate can make nothing of.
    InvalidExtensionData,
}

impl ProtocolErrorKind {
    /// The section that was broken, as in `RFC 6455, section 5.2`.
    pub const fn section(self) -> &'static str {
        match self {
            Self::Unmasked | Self::Masked => "RFC 6455, section 5.1",
            Self::ReservedBits(_) | Self::ReservedOpCode(_) | Self::LengthNotMinimal | Self::LengthTopBit => {
                "RFC 6455, section 5.2"
            }
            Self::UnexpectedContinuation | Self::InterruptedMessage(_) => "RFC 6455, section 5.4",
            Self::FragmentedControl(_) | Self::ControlTooLong(_) => "RFC 6455, section 5.5",
            Self::TruncatedCloseCode => "RFC 6455, section 5.5.1",
            Self::InvalidCloseCode(_) => "RFC 6455, section 7.4",
            Self::InvalidUtf8 => "RFC 6455, section 8.1",
            Self::InvalidDeflate => "RFC 7692, section 7.2.2",
            Self::InvalidExtensionData => "RFC 6455, section 9",
            Self::PayloadTooLong(_)
            | Self::MessageTooLong(_)
            | Self::TooManyFragments(_)
            | Self::TooManyEmptyFragments(_)
            | Self::TooManyControlFrames(_)
            | Self::InflatedTooLong(_)
            | Self::InflatedTooMuch(_) => "RFC 6455, section 10.4",
        }
    }

    /// The code of the Close frame to answer with.
    // RFC 6455, section 7.4.1
    pub const fn close_code(self) -> CloseCode {
        match self {
            // RFC 7692 names no code for data that cannot be inflated. "Data within a message that was not consistent with the
            // type of the message" is what they are; Node's ws and Autobahn say so too, Python's websockets says 1002.
            Self::InvalidUtf8 | Self::InvalidDeflate | Self::InvalidExtensionData => CloseCode::INVALID_PAYLOAD,
            Self::PayloadTooLong(_)
            | Self::MessageTooLong(_)
            | Self::TooManyFragments(_)
            | Self::InflatedTooLong(_)
            | Self::InflatedTooMuch(_) => CloseCode::MESSAGE_TOO_BIG,
            // Nothing here is too big to process, there is too much of nothing.
            Self::TooManyEmptyFragments(_) | Self::TooManyControlFrames(_) => CloseCode::POLICY_VIOLATION,
            Self::ReservedBits(_)
            | Self::ReservedOpCode(_)
            | Self::FragmentedControl(_)
            | Self::UnexpectedContinuation
            | Self::InterruptedMessage(_)
            | Self::Unmasked
            | Self::Masked
            | Self::ControlTooLong(_)
            | Self::LengthNotMinimal
            | Self::LengthTopBit
            | Self::TruncatedCloseCode
            | Self::InvalidCloseCode(_) => CloseCode::PROTOCOL_ERROR,
        }
    }
}

impl fmt::Display for ProtocolErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReservedBits(bits) => write!(f, "reserved bits {:#04x}", bits.bits()),
            Self::ReservedOpCode(number) => write!(f, "reserved opcode {number:#03x}"),
            Self::FragmentedControl(opcode) => write!(f, "fragmented {opcode} frame"),
            Self::UnexpectedContinuation => f.write_str("continuation frame without a message to continue"),
            Self::InterruptedMessage(opcode) => {
                write!(f, "{opcode} frame inside a fragmented message")
            }
            Self::Unmasked => f.write_str("unmasked frame from a client"),
            Self::Masked => f.write_str("masked frame from a server"),
            Self::ControlTooLong(opcode) => write!(f, "{opcode} frame longer than 125 bytes"),
            Self::LengthNotMinimal => f.write_str("payload length not in the fewest bytes"),
            Self::LengthTopBit => f.write_str("payload length with its top bit set"),
            Self::PayloadTooLong(len) => write!(f, "payload of {len} bytes over the limit"),
            Self::MessageTooLong(len) => write!(f, "message of {len} bytes or more over the limit"),
            Self::TooManyFragments(limit) => write!(f, "message of more than {limit} frames"),
            Self::TooManyEmptyFragments(limit) => write!(f, "message of more than {limit} empty fragments"),
            Self::TooManyControlFrames(limit) => write!(f, "more than {limit} control frames in a second"),
            Self::TruncatedCloseCode => f.write_str("close frame with half a code"),
            Self::InvalidCloseCode(code) => write!(f, "invalid close code {code}"),
            Self::InvalidUtf8 => f.write_str("invalid UTF-8"),
            Self::InvalidDeflate => f.write_str("invalid compressed data"),
            Self::InvalidExtensionData => f.write_str("invalid data of an extension"),
            Self::InflatedTooLong(limit) => write!(f, "compressed message of more than {limit} bytes"),
            Self::InflatedTooMuch(ratio) => write!(f, "message compressed by more than {ratio} to 1"),
        }
    }
}
