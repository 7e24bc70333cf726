use core::fmt;

/// Which end of the connection we are. (RFC 6455, section 5.1)
///
/// A client masks every frame it sends and a server masks none, so a server's [`Decoder`](crate::Decoder) requires the
/// mask and a client's refuses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// We sent the opening handshake: frames that arrive must not be masked.
    Client,
    /// We answered the opening handshake: frames that arrive must be masked.
    Server,
}

/// What a frame's payload is: the low four bits of a frame's first byte. (RFC 6455, section 5.2)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum OpCode {
    /// A further fragment of the message that a text or binary frame without FIN began.
    Continuation = 0x0,
    /// UTF-8 text, or its first fragment.
    Text = 0x1,
    /// Bytes, or their first fragment.
    Binary = 0x2,
    /// The closing handshake; the payload is a [`CloseFrame`](crate::CloseFrame) or empty.
    Close = 0x8,
    /// To be answered by a pong with the same payload.
    Ping = 0x9,
    /// The answer to a ping, or unasked for.
    Pong = 0xA,
}

impl OpCode {
    /// The opcode of this number; `None` where the number is reserved (0x3 to 0x7, 0xB to 0xF) or above 0xF.
    #[inline]
    pub const fn new(number: u8) -> Option<Self> {
        match number {
            0x0 => Some(Self::Continuation),
            0x1 => Some(Self::Text),
            0x2 => Some(Self::Binary),
            0x8 => Some(Self::Close),
            0x9 => Some(Self::Ping),
            0xA => Some(Self::Pong),
            _ => None,
        }
    }

    /// The number on the wire, at most 0xF.
    #[inline]
    pub const fn as_u8(self) -> u8 {
        self as u8
    }

    /// Whether this is Close, Ping or Pong: at most 125 bytes of payload, never fragmented. (RFC 6455, section 5.5)
    #[inline]
    pub const fn is_control(self) -> bool {
        self.as_u8() & 0x8 != 0
    }
}

impl fmt::Display for OpCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Continuation => "continuation",
            Self::Text => "text",
            Self::Binary => "binary",
            Self::Close => "close",
            Self::Ping => "ping",
            Self::Pong => "pong",
        })
    }
}
