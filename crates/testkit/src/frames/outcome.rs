use std::fmt;

/// What a correct reader sees of a stream of frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The events before the verdict, in order.
    pub events: Vec<Event>,
    /// How it stands where the bytes end.
    pub verdict: Verdict,
}

/// Something a reader hands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A text message, joined from its fragments.
    Text(String),
    /// A binary message, joined from its fragments.
    Binary(Vec<u8>),
    /// A Ping and its payload.
    Ping(Vec<u8>),
    /// A Pong and its payload.
    Pong(Vec<u8>),
}

/// How a connection stands after a stream of frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Open: more frames, or the rest of one, may follow.
    NeedMore,
    /// The peer sent a Close frame; what follows it is not looked at.
    Ended(Close),
    /// The peer broke a rule; what follows is not looked at.
    Violation(Violation),
}

/// The content of a Close frame. (RFC 6455, sections 7.1.5 and 7.1.6)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// The code; `None` where the frame is empty, which is to be reported as 1005.
    pub code: Option<u16>,
    /// The reason, perhaps empty.
    pub reason: String,
}

/// A rule that was broken, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The rule.
    pub kind: ViolationKind,
    /// The offset in the stream of the byte at fault; [`ViolationKind`] says which one that is.
    pub offset: u64,
}

/// The rules of RFC 6455 that a stream of frames can break.
///
/// Where a frame breaks several, the first in the order of its bytes counts, and for one byte the first in the order
/// of this list. A rule about a byte is judged as soon as that byte is there. Each variant says which byte
/// [`Violation::offset`] means; "first" and "second" are bytes of the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ViolationKind {
    /// A reserved bit that no extension uses, in the first byte. (Section 5.2)
    ReservedBits,
    /// An opcode without a meaning, in the first byte. (Section 5.2)
    ReservedOpCode,
    /// A control frame without FIN, in the first byte. (Section 5.5)
    FragmentedControl,
    /// A continuation of nothing, in the first byte. (Section 5.4)
    UnexpectedContinuation,
    /// A new message inside a message, in the first byte. (Section 5.4)
    InterruptedMessage,
    /// A client's frame without a mask, in the second byte. (Section 5.1)
    Unmasked,
    /// A server's frame with a mask, in the second byte. (Section 5.1)
    Masked,
    /// A control frame of more than 125 bytes, in the second byte. (Section 5.5)
    ControlTooLong,
    /// A length with its top bit set, in the first byte of the extended length. (Section 5.2)
    LengthTopBit,
    /// A length that fits in fewer bytes, in the first byte of the extended length. (Section 5.2)
    LengthNotMinimal,
    /// A data frame over the reader's limit, in the second byte or the first one of the extended length.
    /// (Section 10.4)
    PayloadTooLong,
    /// A message over the reader's limit, in the first byte of the frame that exceeds it, once its header is whole.
    /// (Section 10.4)
    MessageTooLong,
    /// A message of more frames than the reader's limit, in the first byte of the one too many, once its header is
    /// whole. (Section 10.4)
    TooManyFragments,
    /// A text, or the reason of a Close frame, that is not UTF-8: the first byte of the sequence that is no character.
    /// That byte may be in an earlier frame than the one that shows it. Where the text ends inside a character, it is
    /// that character's first byte. A text is judged byte by byte, a reason once its frame is whole. (Section 8.1)
    InvalidUtf8,
    /// A Close frame with one byte of payload: that byte. (Section 5.5.1)
    TruncatedCloseCode,
    /// A Close frame with a code that may not be sent: the first byte of the code. (Section 7.4)
    InvalidCloseCode,
}

impl ViolationKind {
    /// The close code to fail the connection with. (Section 7.4.1)
    pub const fn close_code(self) -> u16 {
        match self {
            Self::InvalidUtf8 => 1007,
            Self::PayloadTooLong | Self::MessageTooLong | Self::TooManyFragments => 1009,
            _ => 1002,
        }
    }

    /// Whether a frame's header alone shows it, so that a decoder of single frames must find it too.
    pub const fn is_in_header(self) -> bool {
        !matches!(
            self,
            Self::MessageTooLong
                | Self::TooManyFragments
                | Self::InvalidUtf8
                | Self::TruncatedCloseCode
                | Self::InvalidCloseCode
        )
    }
}

/// The name of the variant, to compare with an implementation's own names.
impl fmt::Display for ViolationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
