use core::fmt;

use crate::{ProtocolError, ProtocolErrorKind};

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

    /// Takes the next piece of the text.
    ///
    /// # Errors
    /// The text is not UTF-8, whatever follows. Every later call gives the same error.
    #[inline]
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<(), Utf8Error> {
        if self.partial_len > 0 || self.failed {
            bytes = self.complete(bytes)?;
        }
        let (ascii, rest) = bytes.split_at(ascii_len(bytes));
        self.valid += ascii.len() as u64;
        let Err(error) = core::str::from_utf8(rest) else {
            self.valid += rest.len() as u64;
            return Ok(());
        };
        self.valid += error.valid_up_to() as u64;
        if error.error_len().is_some() {
            return Err(self.fail());
        }
        self.hold(&rest[error.valid_up_to()..]);
        Ok(())
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

    /// Takes from `bytes` what the character that has begun lacks; returns the rest.
    fn complete<'b>(&mut self, bytes: &'b [u8]) -> Result<&'b [u8], Utf8Error> {
        if self.failed {
            return Err(self.fail());
        }
        let mut sequence = [0; 4];
        let mut len = usize::from(self.partial_len);
        sequence[..len].copy_from_slice(&self.partial[..len]);
        for (i, &byte) in bytes.iter().enumerate() {
            // `len` stays below 4: four bytes are a character or a mistake.
            sequence[len] = byte;
            len += 1;
            match core::str::from_utf8(&sequence[..len]) {
                Ok(_) => {
                    self.valid += len as u64;
                    self.partial_len = 0;
                    return Ok(&bytes[i + 1..]);
                }
                Err(error) if error.error_len().is_some() => return Err(self.fail()),
                Err(_) => self.hold(&sequence[..len]),
            }
        }
        Ok(&[])
    }

    /// Keeps the beginning of a character, at most 3 bytes.
    fn hold(&mut self, partial: &[u8]) {
        self.partial_len = 0;
        for (place, &byte) in self.partial.iter_mut().zip(partial) {
            *place = byte;
            self.partial_len += 1;
        }
    }

    fn fail(&mut self) -> Utf8Error {
        self.failed = true;
        Utf8Error { offset: self.valid }
    }
}

/// Bytes of ASCII at the front of `bytes`: all of them, or a multiple of a chunk, not necessarily the most.
///
/// Short and chunked, because most texts are short or all ASCII, and then `from_utf8` has nothing left to do.
#[inline]
fn ascii_len(bytes: &[u8]) -> usize {
    let (chunks, tail) = bytes.as_chunks::<64>();
    let mut len = 0;
    for chunk in chunks {
        if !chunk.is_ascii() {
            return len;
        }
        len += chunk.len();
    }
    if tail.iter().fold(0, |all, byte| all | byte) < 0x80 { bytes.len() } else { len }
}

/// A text is not UTF-8. (RFC 6455, section 8.1)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Utf8Error {
    offset: u64,
}

impl Utf8Error {
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
