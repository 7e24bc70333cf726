use core::fmt;

use crate::{ProtocolError, ProtocolErrorKind, simd::text::text};

/// Checks UTF-8 that arrives in pieces. (RFC 6455, section 8.1)
///
/// It fails at the first byte that cannot be right, in whichever piece that byte comes, and then for ever. Between
/// pieces it carries the at most 3 bytes of a character that has begun. One value serves one text.
#[derive(Debug, Clone, Default)]
pub struct Utf8 {
    /// Bytes of complete characters so far.
    valid: u64,
    /// The beginning of one more character: `partial[..partial_len]`, a proper prefix of a well-formed sequence.
    partial: [u8; 3],
    /// `0 <= partial_len <= 3`
    partial_len: u8,
    failed: bool,
}

impl Utf8 {
    /// A validator at the beginning of a text.
    #[inline]
    pub const fn new() -> Self {
        Self { valid: 0, partial: [0; 3], partial_len: 0, failed: false }
    }

    /// All of a text at once.
    ///
    /// # Errors
    /// It is not UTF-8, or ends inside a character.
    #[inline]
    pub fn whole(bytes: &[u8]) -> Result<&str, Utf8Error> {
        text(bytes)
    }

    /// Takes the next piece of the text.
    ///
    /// # Errors
    /// The text is not UTF-8, whatever follows. Every later call gives the same error.
    #[inline]
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Utf8Error> {
        self.decode(bytes).map(|_| ())
    }

    /// Takes the next piece of the text and gives what is known of it now: the character that began in earlier pieces, if it ends
    /// in this one, and the complete characters behind it. What all pieces give is the text, if it [ends](Self::finish) well.
    ///
    /// # Errors
    /// As for [`push`](Self::push).
    #[inline]
    pub fn decode<'b>(&mut self, mut bytes: &'b [u8]) -> Result<(Option<char>, &'b str), Utf8Error> {
        let mut character = None;
        if self.partial_len > 0 || self.failed {
            (character, bytes) = self.complete(bytes)?;
        }
        // What is complete is looked at once: an error at the end would not say that what is before it is text.
        let (bytes, begun) = bytes.split_at(bytes.len() - begun_len(bytes));
        let text = match text(bytes) {
            Ok(text) => text,
            Err(error) => return Err(self.fail_behind(error.offset)),
        };
        self.valid += text.len() as u64;
        if !begun.is_empty() {
            self.begin(begun)?;
        }
        Ok((character, text))
    }

    /// Ends the text.
    ///
    /// # Errors
    /// The text ends inside a character, or `push` failed.
    #[inline]
    pub fn finish(&self) -> Result<(), Utf8Error> {
        if self.is_boundary() { Ok(()) } else { Err(Utf8Error { offset: self.valid }) }
    }

    /// Whether the text could end here: no character has begun that is not complete, and no `push` failed.
    #[inline]
    pub const fn is_boundary(&self) -> bool {
        self.partial_len == 0 && !self.failed
    }

    /// Bytes of complete characters so far: the length of the longest prefix that is UTF-8 by itself.
    #[inline]
    pub const fn valid_len(&self) -> u64 {
        self.valid
    }

    /// Bytes of a character that has begun and is not complete: at most 3.
    #[inline]
    pub const fn partial_len(&self) -> usize {
        self.partial_len as usize
    }

    /// Takes from `bytes` what the character that has begun lacks; returns it, if it is complete now, and the rest.
    fn complete<'b>(&mut self, bytes: &'b [u8]) -> Result<(Option<char>, &'b [u8]), Utf8Error> {
        if self.failed {
            return Err(self.fail());
        }
        let mut sequence = [0; 4];
        let mut len = self.partial_len();
        sequence[..len].copy_from_slice(&self.partial[..len]);
        for (i, &byte) in bytes.iter().enumerate() {
            // `len` stays below 4: four bytes are a character or a mistake.
            sequence[len] = byte;
            len += 1;
            match core::str::from_utf8(&sequence[..len]) {
                Ok(character) => {
                    self.valid += len as u64;
                    self.partial_len = 0;
                    return Ok((character.chars().next(), &bytes[i + 1..]));
                }
                Err(error) if error.error_len().is_some() => return Err(self.fail()),
                Err(_) => self.hold(&sequence[..len]),
            }
        }
        Ok((None, &[]))
    }

    /// Takes the beginning of a character, unless it is wrong already.
    fn begin(&mut self, begun: &[u8]) -> Result<(), Utf8Error> {
        if core::str::from_utf8(begun).is_err_and(|error| error.error_len().is_some()) {
            return Err(self.fail());
        }
        self.hold(begun);
        Ok(())
    }

    /// Keeps the beginning of a character, at most 3 bytes.
    fn hold(&mut self, partial: &[u8]) {
        self.partial_len = 0;
        for (place, &byte) in self.partial.iter_mut().zip(partial) {
            *place = byte;
            self.partial_len += 1;
        }
    }

    #[cold]
    fn fail_behind(&mut self, valid: u64) -> Utf8Error {
        self.valid += valid;
        self.fail()
    }

    fn fail(&mut self) -> Utf8Error {
        self.failed = true;
        Utf8Error { offset: self.valid }
    }
}

/// How many bytes at the end of a text are the beginning of a character, by its first byte: at most 3.
#[inline]
fn begun_len(bytes: &[u8]) -> usize {
    for (before, &byte) in bytes.iter().rev().take(3).enumerate() {
        let character = match byte {
            0x00..0x80 => 1,
            0x80..0xC0 => continue,
            0xC0..0xE0 => 2,
            0xE0..0xF0 => 3,
            0xF0.. => 4,
        };
        let so_far = before + 1;
        return if character > so_far { so_far } else { 0 };
    }
    0
}

/// A text is not UTF-8. (RFC 6455, section 8.1)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Utf8Error {
    offset: u64,
}

impl Utf8Error {
    pub(crate) const fn at(offset: u64) -> Self {
        Self { offset }
    }

    /// Offset in the text of the first byte of the sequence that is no character; what is before it is UTF-8.
    #[inline]
    pub const fn offset(&self) -> u64 {
        self.offset
    }
}

impl fmt::Display for Utf8Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid UTF-8 at offset {} of the text (RFC 6455, section 8.1)", self.offset)
    }
}

impl core::error::Error for Utf8Error {}

/// The offset stays that in the text; see [`ProtocolError::rebase`].
impl From<Utf8Error> for ProtocolError {
    fn from(error: Utf8Error) -> Self {
        Self::new(ProtocolErrorKind::InvalidUtf8, error.offset)
    }
}
