//! The rules for frames and messages, read naively from a whole input. (RFC 6455, sections 5, 7 and 8)
//!
//! A decoder keeps state between pieces, unmasks in place and saves every copy. [`read`] does none of that: it has the
//! whole stream before it, walks over it once, frame by frame, and copies what it likes. That makes it slow and easy
//! to check against the text of the RFC, so that a real implementation can be checked against it, on any bytes.
//!
//! ```
//! use proptest::prelude::*;
//! use switchover_testkit::frames::{Event, RawFrame, Role, Verdict, ViolationKind};
//! use switchover_testkit::model::{self, Limits};
//!
//! let stream = [RawFrame::ping("?").encode(), RawFrame::text("hi").mask([1, 2, 3, 4]).encode()].concat();
//! let outcome = model::read(&stream, Role::Client, &Limits::default());
//! assert_eq!(outcome.events, [Event::Ping(b"?".to_vec())]);
//! let Verdict::Violation(violation) = outcome.verdict else { panic!("a server must not mask") };
//! assert_eq!((violation.kind, violation.offset), (ViolationKind::Masked, 4));
//!
//! // As an oracle: replace the second call by your own implementation.
//! proptest!(|(soup: Vec<u8>)| {
//!     let expected = model::read(&soup, Role::Server, &Limits::default());
//!     prop_assert_eq!(model::read(&soup, Role::Server, &Limits::default()), expected);
//! });
//! ```

use crate::frames::{
    BINARY, CLOSE, CONTINUATION, Close, Event, Outcome, PING, PONG, Role, TEXT, Verdict, Violation, ViolationKind,
};

/// What the reader accepts of its peer. (Section 10.4)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest payload of one data frame, in bytes. Default: 16 MiB.
    pub payload: u64,
    /// The longest message, in bytes over all its frames. Default: 16 MiB.
    pub message: u64,
    /// The most frames of one message. Default: 16,384.
    pub fragments: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { payload: 16 << 20, message: 16 << 20, fragments: 16_384 }
    }
}

/// Reads a stream of frames from its beginning to its end, to a Close frame or to the first broken rule.
pub fn read(stream: &[u8], role: Role, limits: &Limits) -> Outcome {
    let mut reader = Reader { stream, role, limits, at: 0, message: None, events: Vec::new() };
    loop {
        if let Err(verdict) = reader.frame() {
            return Outcome { events: reader.events, verdict };
        }
    }
}

/// Whether a close code may stand in a Close frame: section 7.4, and the registry that section 11.7 set up.
pub fn may_be_sent(code: u16) -> bool {
    match code {
        1000..=1003 | 1007..=1011 => true, // section 7.4.1
        1012..=1014 => true,               // registered later
        3000..=4999 => true,               // section 7.4.2
        _ => false,
    }
}

struct Reader<'a> {
    stream: &'a [u8],
    role: Role,
    limits: &'a Limits,
    /// Where the next frame begins.
    at: usize,
    /// The message that is not finished.
    message: Option<Message>,
    events: Vec<Event>,
}

struct Message {
    is_text: bool,
    frames: u64,
    /// The sum of the declared lengths.
    length: u64,
    payload: Vec<Byte>,
}

/// An unmasked byte and its offset in the stream.
type Byte = (u8, usize);

impl Reader<'_> {
    /// Reads one frame; `Err` is the verdict where it is the last one.
    fn frame(&mut self) -> Result<(), Verdict> {
        let start = self.at;

        let first = self.bytes(start, 1)?[0];
        let (fin, opcode) = (first & 0x80 != 0, first & 0x0F);
        let is_control = opcode & 0x08 != 0;
        if first & 0x70 != 0 {
            return violation(ViolationKind::ReservedBits, start);
        }
        if !matches!(opcode, CONTINUATION | TEXT | BINARY | CLOSE | PING | PONG) {
            return violation(ViolationKind::ReservedOpCode, start);
        }
        if is_control && !fin {
            return violation(ViolationKind::FragmentedControl, start);
        }
        if opcode == CONTINUATION && self.message.is_none() {
            return violation(ViolationKind::UnexpectedContinuation, start);
        }
        if matches!(opcode, TEXT | BINARY) && self.message.is_some() {
            return violation(ViolationKind::InterruptedMessage, start);
        }

        let second = self.bytes(start + 1, 1)?[0];
        match (self.role, second & 0x80 != 0) {
            (Role::Server, false) => return violation(ViolationKind::Unmasked, start + 1),
            (Role::Client, true) => return violation(ViolationKind::Masked, start + 1),
            (Role::Server, true) | (Role::Client, false) => {}
        }
        if is_control && second & 0x7F > 125 {
            return violation(ViolationKind::ControlTooLong, start + 1);
        }

        let (length, length_at, mut at) = self.length(start + 1)?;
        if !is_control && length > self.limits.payload {
            return violation(ViolationKind::PayloadTooLong, length_at);
        }

        let mut key = [0; 4];
        if self.role == Role::Server {
            key.copy_from_slice(self.bytes(at, 4)?);
            at += 4;
        }

        let length_here = usize::try_from(length).unwrap_or(usize::MAX);
        let payload: Vec<Byte> = (self.stream[at..].iter().zip(at..).zip(key.iter().cycle()).take(length_here))
            .map(|((byte, at), key)| (byte ^ key, at))
            .collect();
        let is_whole = payload.len() == length_here;
        self.at = at + payload.len();

        if is_control {
            if is_whole { self.control(opcode, &payload) } else { Err(Verdict::NeedMore) }
        } else {
            self.data(start, opcode == TEXT, length, payload, is_whole && fin)?;
            if is_whole { Ok(()) } else { Err(Verdict::NeedMore) }
        }
    }

    /// The payload length, the offset it is blamed at, and the offset behind it. (Section 5.2)
    fn length(&self, at: usize) -> Result<(u64, usize, usize), Verdict> {
        let extended = at + 1;
        match self.bytes(at, 1)?[0] & 0x7F {
            126 => {
                let bytes = self.bytes(extended, 2)?;
                let length = bytes.iter().fold(0, |length, byte| length << 8 | u64::from(*byte));
                if length < 126 {
                    return violation(ViolationKind::LengthNotMinimal, extended);
                }
                Ok((length, extended, extended + 2))
            }
            127 => {
                if self.bytes(extended, 1)?[0] & 0x80 != 0 {
                    return violation(ViolationKind::LengthTopBit, extended);
                }
                if self.bytes(extended, 6)? == [0; 6] {
                    return violation(ViolationKind::LengthNotMinimal, extended); // at most 65,535
                }
                let bytes = self.bytes(extended, 8)?;
                let length = bytes.iter().fold(0, |length, byte| length << 8 | u64::from(*byte));
                Ok((length, extended, extended + 8))
            }
            short => Ok((short.into(), at, extended)),
        }
    }

    /// Takes a whole control frame. (Section 5.5)
    fn control(&mut self, opcode: u8, payload: &[Byte]) -> Result<(), Verdict> {
        let bytes = values(payload);
        match opcode {
            PING => self.events.push(Event::Ping(bytes)),
            PONG => self.events.push(Event::Pong(bytes)),
            _ => return Err(close(payload)),
        }
        Ok(())
    }

    /// Takes what is there of a data frame that began at `start`. (Sections 5.4 and 5.6)
    fn data(
        &mut self,
        start: usize,
        is_text: bool,
        length: u64,
        payload: Vec<Byte>,
        is_end: bool,
    ) -> Result<(), Verdict> {
        let new = || Message { is_text, frames: 0, length: 0, payload: Vec::new() };
        let mut message = self.message.take().unwrap_or_else(new);

        message.frames += 1;
        if message.frames > self.limits.fragments {
            return violation(ViolationKind::TooManyFragments, start);
        }
        message.length = message.length.saturating_add(length);
        if message.length > self.limits.message {
            return violation(ViolationKind::MessageTooLong, start);
        }
        message.payload.extend(payload);

        if message.is_text
            && let Some(at) = bad_utf8(&message.payload, is_end)
        {
            return violation(ViolationKind::InvalidUtf8, at);
        }
        if !is_end {
            self.message = Some(message);
        } else if message.is_text {
            self.events.push(Event::Text(text(&message.payload)));
        } else {
            self.events.push(Event::Binary(values(&message.payload)));
        }
        Ok(())
    }

    /// `len` bytes of the stream, or the verdict that they are not all there.
    fn bytes(&self, at: usize, len: usize) -> Result<&[u8], Verdict> {
        self.stream.get(at..at + len).ok_or(Verdict::NeedMore)
    }
}

/// Reads the payload of a Close frame. (Section 5.5.1)
fn close(payload: &[Byte]) -> Verdict {
    match payload {
        [] => Verdict::Ended(Close { code: None, reason: String::new() }),
        [(_, at)] => broken(ViolationKind::TruncatedCloseCode, *at),
        [(high, at), (low, _), reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            if !may_be_sent(code) {
                return broken(ViolationKind::InvalidCloseCode, *at);
            }
            match bad_utf8(reason, true) {
                Some(at) => broken(ViolationKind::InvalidUtf8, at),
                None => Verdict::Ended(Close { code: Some(code), reason: text(reason) }),
            }
        }
    }
}

/// The offset where a text stops being UTF-8; as long as it has not ended, its last character may be incomplete.
/// (Section 8.1)
fn bad_utf8(text: &[Byte], has_ended: bool) -> Option<usize> {
    let error = String::from_utf8(values(text)).err()?.utf8_error();
    let is_bad = has_ended || error.error_len().is_some();
    is_bad.then(|| text[error.valid_up_to()].1)
}

/// A text that [`bad_utf8`] has accepted.
fn text(payload: &[Byte]) -> String {
    String::from_utf8_lossy(&values(payload)).into_owned()
}

fn values(payload: &[Byte]) -> Vec<u8> {
    payload.iter().map(|(byte, _)| *byte).collect()
}

fn violation<T>(kind: ViolationKind, offset: usize) -> Result<T, Verdict> {
    Err(broken(kind, offset))
}

fn broken(kind: ViolationKind, offset: usize) -> Verdict {
    Verdict::Violation(Violation { kind, offset: offset as u64 })
}
