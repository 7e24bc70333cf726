//! WebSocket frames at the level of the wire, valid and broken. (RFC 6455, section 5)
//!
//! [`RawFrame`] writes any frame, also those that the protocol forbids. The strategies give streams of frames for one
//! end, the [`Role`] that reads them, together with what a correct reader makes of them:
//!
//! - [`valid`]: messages in fragments, with control frames in between, and perhaps a Close at the end
//! - [`boundary`]: one message whose length is at an edge of the three forms of the length
//! - [`broken`], [`broken_by`]: the same as [`valid`], broken at exactly one place
//!
//! ```
//! use proptest::prelude::*;
//! use switchover_testkit::frames::{self, RawFrame, Role};
//!
//! // By hand: "Hel" and "lo" with a ping between them (the example of section 5.7).
//! let stream = frames::encode(&[
//!     RawFrame::text("Hel").fin(false),
//!     RawFrame::ping("Hello"),
//!     RawFrame::continuation("lo"),
//! ]);
//! assert_eq!(stream, b"\x01\x03Hel\x89\x05Hello\x80\x02lo");
//!
//! // As a property: replace the model by your own decoder.
//! use switchover_testkit::model::{self, Limits};
//! proptest!(|(case in frames::broken(Role::Server, Limits::default()))| {
//!     prop_assert_eq!(model::read(&case.bytes(), Role::Server, &Limits::default()), case.expected);
//! });
//! ```

mod broken;
mod outcome;
mod valid;

pub use broken::{breakable, broken, broken_by};
pub use outcome::{Close, Event, Outcome, Verdict, Violation, ViolationKind};
pub use valid::{boundary, valid};

/// The opcode of a continuation frame.
pub const CONTINUATION: u8 = 0x0;
/// The opcode of a text frame.
pub const TEXT: u8 = 0x1;
/// The opcode of a binary frame.
pub const BINARY: u8 = 0x2;
/// The opcode of a Close frame.
pub const CLOSE: u8 = 0x8;
/// The opcode of a Ping frame.
pub const PING: u8 = 0x9;
/// The opcode of a Pong frame.
pub const PONG: u8 = 0xA;

/// The end that reads a stream of frames, which decides how the frames are masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Reads the frames of a server: none is masked.
    Client,
    /// Reads the frames of a client: all are masked.
    Server,
}

/// One frame, valid or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawFrame {
    /// Whether the FIN bit is set.
    pub fin: bool,
    /// The reserved bits, at the place where the first byte has them (`0x70`); the other bits are ignored.
    pub rsv: u8,
    /// The four bits of the opcode; the other bits are ignored.
    pub opcode: u8,
    /// The masking key, where the frame is masked.
    pub mask: Option<[u8; 4]>,
    /// How the length is written.
    pub length: LengthForm,
    /// The payload, not masked.
    pub payload: Vec<u8>,
}

/// How a frame's header gives the length of the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LengthForm {
    /// In the fewest bytes, as the protocol demands.
    Minimal,
    /// In 7 + 16 bits, of which a longer length leaves only its low 16.
    Forced16,
    /// In 7 + 64 bits.
    Forced64,
    /// This length, in the fewest bytes, whatever the payload has.
    Declared(u64),
    /// This length in 7 + 64 bits, whatever the payload has.
    Declared64(u64),
}

impl RawFrame {
    /// A frame with FIN set, no reserved bits, no mask and the length in the fewest bytes.
    pub fn new(opcode: u8, payload: impl Into<Vec<u8>>) -> Self {
        Self { fin: true, rsv: 0, opcode, mask: None, length: LengthForm::Minimal, payload: payload.into() }
    }

    /// A text frame; the payload need not be UTF-8.
    pub fn text(payload: impl Into<Vec<u8>>) -> Self {
        Self::new(TEXT, payload)
    }

    /// A binary frame.
    pub fn binary(payload: impl Into<Vec<u8>>) -> Self {
        Self::new(BINARY, payload)
    }

    /// A continuation frame.
    pub fn continuation(payload: impl Into<Vec<u8>>) -> Self {
        Self::new(CONTINUATION, payload)
    }

    /// A Ping frame.
    pub fn ping(payload: impl Into<Vec<u8>>) -> Self {
        Self::new(PING, payload)
    }

    /// A Pong frame.
    pub fn pong(payload: impl Into<Vec<u8>>) -> Self {
        Self::new(PONG, payload)
    }

    /// A Close frame with a code, any code, and a reason.
    pub fn close(code: u16, reason: &str) -> Self {
        Self::new(CLOSE, [&code.to_be_bytes(), reason.as_bytes()].concat())
    }

    /// The same frame with the FIN bit as given.
    pub fn fin(self, fin: bool) -> Self {
        Self { fin, ..self }
    }

    /// The same frame with these reserved bits.
    pub fn rsv(self, rsv: u8) -> Self {
        Self { rsv, ..self }
    }

    /// The same frame, masked with this key or not at all.
    pub fn mask(self, mask: impl Into<Option<[u8; 4]>>) -> Self {
        Self { mask: mask.into(), ..self }
    }

    /// The same frame with its length in this form.
    pub fn length(self, length: LengthForm) -> Self {
        Self { length, ..self }
    }

    /// Whether it is a control frame, by its opcode (section 5.5).
    pub fn is_control(&self) -> bool {
        self.opcode & 0x8 != 0
    }

    /// Bytes of the header: 2 to 14. The payload follows it.
    pub fn header_len(&self) -> usize {
        2 + self.extended_length().1.len() + if self.mask.is_some() { 4 } else { 0 }
    }

    /// The frame as it travels.
    pub fn encode(&self) -> Vec<u8> {
        let (short, extended) = self.extended_length();
        let fin = u8::from(self.fin) << 7;
        let masked = u8::from(self.mask.is_some()) << 7;
        let mut bytes = vec![fin | self.rsv & 0x70 | self.opcode & 0x0F, masked | short];
        bytes.extend(extended);
        match self.mask {
            None => bytes.extend(&self.payload),
            Some(key) => {
                bytes.extend(key);
                // Section 5.3: octet i is XORed with octet i modulo 4 of the key.
                bytes.extend(self.payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
            }
        }
        bytes
    }

    /// The 7-bit length and the bytes of the extended one.
    fn extended_length(&self) -> (u8, Vec<u8>) {
        let actual = self.payload.len() as u64;
        let low_16 = |len: u64| (126, len.to_be_bytes()[6..].to_vec());
        let all_64 = |len: u64| (127, len.to_be_bytes().to_vec());
        let minimal = |len: u64| match len {
            0..=125 => (len.to_be_bytes()[7], Vec::new()),
            126..=0xFFFF => low_16(len),
            _ => all_64(len),
        };
        match self.length {
            LengthForm::Minimal => minimal(actual),
            LengthForm::Forced16 => low_16(actual),
            LengthForm::Forced64 => all_64(actual),
            LengthForm::Declared(len) => minimal(len),
            LengthForm::Declared64(len) => all_64(len),
        }
    }
}

/// The frames one after the other, as they travel.
pub fn encode(frames: &[RawFrame]) -> Vec<u8> {
    frames.iter().flat_map(RawFrame::encode).collect()
}

/// A stream of frames and what a correct reader makes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The frames, in order.
    pub frames: Vec<RawFrame>,
    /// What the reader sees.
    pub expected: Outcome,
}

impl Case {
    /// The stream as it travels.
    pub fn bytes(&self) -> Vec<u8> {
        encode(&self.frames)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of section 5.7.
    #[test]
    fn the_rfc_s_examples() {
        let key = [0x37, 0xFA, 0x21, 0x3D];
        assert_eq!(RawFrame::text("Hello").encode(), b"\x81\x05Hello");
        assert_eq!(
            RawFrame::text("Hello").mask(key).encode(),
            [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]
        );
        assert_eq!(RawFrame::text("Hel").fin(false).encode(), b"\x01\x03Hel");
        assert_eq!(RawFrame::continuation("lo").encode(), b"\x80\x02lo");
        assert_eq!(RawFrame::ping("Hello").encode(), b"\x89\x05Hello");
        assert_eq!(RawFrame::pong("Hello").mask(key).encode()[..2], [0x8A, 0x85]);
        let medium = RawFrame::binary([0; 256]).encode();
        assert_eq!((&medium[..4], medium.len()), (&[0x82, 0x7E, 0x01, 0x00][..], 260));
        let long = RawFrame::binary([0; 65_536]).encode();
        assert_eq!(long[..10], [0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0]);
        assert_eq!(long.len(), 65_546);
    }

    #[test]
    fn lengths_as_they_are_asked_for() {
        let frame = RawFrame::new(CLOSE, b"xy");
        for (form, header) in [
            (LengthForm::Minimal, &[0x88, 2][..]),
            (LengthForm::Forced16, &[0x88, 126, 0, 2]),
            (LengthForm::Forced64, &[0x88, 127, 0, 0, 0, 0, 0, 0, 0, 2]),
            (LengthForm::Declared(126), &[0x88, 126, 0, 126]),
            (LengthForm::Declared(65_536), &[0x88, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
            (LengthForm::Declared64(1 << 63), &[0x88, 127, 0x80, 0, 0, 0, 0, 0, 0, 0]),
        ] {
            let frame = frame.clone().length(form);
            assert_eq!(frame.encode(), [header, b"xy"].concat(), "{form:?}");
            assert_eq!(frame.header_len(), header.len(), "{form:?}");
        }
    }

    #[test]
    fn bits_that_are_no_reserved_bits_or_opcode_stay_out() {
        assert_eq!(RawFrame::new(0xF9, "").rsv(0xCF).fin(false).encode(), [0x49, 0]);
    }
}
