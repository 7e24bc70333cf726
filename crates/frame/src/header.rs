use core::ops::{BitOr, Deref};

use crate::{Mask, OpCode};

/// The header of one frame. (RFC 6455, section 5.2)
///
/// Nothing here forbids a header that the protocol forbids (a ping of 200 bytes, say): the [`Decoder`](crate::Decoder)
/// never yields one, and whoever encodes one has written what they asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FrameHeader {
    /// Whether this is the last frame of its message.
    pub fin: bool,
    /// The reserved bits: none, unless an extension gave them a meaning.
    pub rsv: Rsv,
    /// What the payload is.
    pub opcode: OpCode,
    /// The masking key: `Some` in every frame of a client, `None` in every frame of a server.
    pub mask: Option<Mask>,
    /// Bytes of payload in this frame, at most 2^63 - 1.
    pub payload_len: u64,
}

impl FrameHeader {
    /// The longest header: two bytes, a 64-bit length and a masking key.
    pub const MAX_ENCODED_LEN: usize = 14;

    /// The header of a control frame.
    #[inline]
    pub const fn control(opcode: OpCode, payload_len: usize, mask: Option<Mask>) -> Self {
        Self { fin: true, rsv: Rsv::NONE, opcode, mask, payload_len: payload_len as u64 }
    }

    /// The header as bytes, its length in the fewest bytes that hold it.
    #[inline]
    pub fn encode(&self) -> EncodedHeader {
        let mut header = EncodedHeader::new();
        header.put([(u8::from(self.fin) << 7) | self.rsv.bits() | self.opcode.as_u8()]);
        let mask_bit = u8::from(self.mask.is_some()) << 7;
        // RFC 6455, section 5.2: "the minimal number of bytes MUST be used to encode the length"
        match (u8::try_from(self.payload_len), u16::try_from(self.payload_len)) {
            (Ok(len @ ..=125), _) => header.put([mask_bit | len]),
            (_, Ok(len)) => {
                header.put([mask_bit | LEN_16]);
                header.put(len.to_be_bytes());
            }
            _ => {
                header.put([mask_bit | LEN_64]);
                header.put(self.payload_len.to_be_bytes());
            }
        }
        if let Some(mask) = self.mask {
            header.put(mask.key());
        }
        header
    }

    /// Bytes that [`encode`](Self::encode) gives: 2 to 14.
    #[inline]
    pub const fn encoded_len(&self) -> usize {
        let length_bytes = match self.payload_len {
            0..=125 => 0,
            126..=0xFFFF => 2,
            _ => 8,
        };
        2 + length_bytes + if self.mask.is_some() { 4 } else { 0 }
    }
}

/// A frame header as bytes, inline: a slice of 2 to 14 bytes.
#[derive(Debug, Clone, Copy)]
pub struct EncodedHeader {
    bytes: [u8; FrameHeader::MAX_ENCODED_LEN],
    /// `0 <= len <= bytes.len()`
    len: u8,
}

impl EncodedHeader {
    /// Nothing of a header.
    #[inline]
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; FrameHeader::MAX_ENCODED_LEN], len: 0 }
    }

    /// Appends as much of `bytes` as there is room for.
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        for (place, &byte) in self.bytes[usize::from(self.len)..].iter_mut().zip(bytes) {
            *place = byte;
            self.len += 1;
        }
    }

    /// Appends one part of a header: 1 + 1 + 8 + 4 bytes in all at most, which is what there is room for.
    #[inline]
    fn put<const N: usize>(&mut self, part: [u8; N]) {
        let start = usize::from(self.len);
        self.bytes[start..start + N].copy_from_slice(&part);
        self.len += const { N.to_le_bytes()[0] };
    }
}

impl Deref for EncodedHeader {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl AsRef<[u8]> for EncodedHeader {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self
    }
}

/// A set of the three reserved bits, at the place where a frame's first byte has them. (RFC 6455, section 5.2)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Rsv(u8);

impl Rsv {
    /// No bit.
    pub const NONE: Self = Self(0);
    /// The first bit, `0x40`: "per-message compressed" where permessage-deflate is agreed on. (RFC 7692, section 6)
    pub const RSV1: Self = Self(0x40);
    /// The second bit, `0x20`.
    pub const RSV2: Self = Self(0x20);
    /// The third bit, `0x10`.
    pub const RSV3: Self = Self(0x10);
    /// All three bits.
    pub const ALL: Self = Self(0x70);

    /// The reserved bits of a frame's first byte; the other bits are ignored.
    #[inline]
    pub const fn from_bits(byte: u8) -> Self {
        Self(byte & Self::ALL.0)
    }

    /// The bits as they stand in a frame's first byte.
    #[inline]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether no bit is set.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether every bit of `other` is set here.
    #[inline]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Rsv {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The 7-bit length that says: the length is in the next two bytes.
pub(crate) const LEN_16: u8 = 126;
/// The 7-bit length that says: the length is in the next eight bytes.
pub(crate) const LEN_64: u8 = 127;
