//! What was found to be UTF-8, as text.

#[cfg(feature = "bytes")]
use {alloc::string::String, bytes::Bytes, core::ops::Range};

use crate::Utf8Error;

/// A text of at most so many bytes is looked at here: most are ASCII, and whoever validates long ones takes longer to begin.
const SHORT: usize = 256;

/// All of a text.
#[inline]
pub(crate) fn text(bytes: &[u8]) -> Result<&str, Utf8Error> {
    if bytes.len() <= SHORT && is_ascii(bytes) {
        // SAFETY: what is ASCII is UTF-8.
        return Ok(unsafe { core::str::from_utf8_unchecked(bytes) });
    }
    // The quicker way, which does not say where.
    simdutf8::basic::from_utf8(bytes).or_else(|_| with_offset(bytes))
}

#[cold]
fn with_offset(bytes: &[u8]) -> Result<&str, Utf8Error> {
    simdutf8::compat::from_utf8(bytes).map_err(|error| Utf8Error::at(error.valid_up_to() as u64))
}

/// By eight bytes, the last of which overlap.
#[inline]
fn is_ascii(bytes: &[u8]) -> bool {
    const HIGH: u64 = (u64::MAX / 255) << 7;
    match bytes.last_chunk() {
        None => bytes.iter().fold(0, |all, byte| all | byte) < 0x80,
        Some(last) => {
            let words = bytes.as_chunks().0.iter().chain([last]);
            words.fold(0, |all, word| all | u64::from_ne_bytes(*word)) & HIGH == 0
        }
    }
}

/// Bytes that are UTF-8: each way to make one checks that, or begins with a `str`. Nothing changes `Bytes`.
#[cfg(feature = "bytes")]
#[derive(Clone, Default)]
pub(crate) struct Utf8Bytes(Bytes);

#[cfg(feature = "bytes")]
impl Utf8Bytes {
    pub(crate) const fn from_static(text: &'static str) -> Self {
        Self(Bytes::from_static(text.as_bytes()))
    }

    pub(crate) fn from_string(text: String) -> Self {
        Self(Bytes::from(text))
    }

    /// Gives the bytes back, if they are not UTF-8.
    #[inline]
    pub(crate) fn check(bytes: Bytes) -> Result<Self, (Utf8Error, Bytes)> {
        match text(&bytes) {
            Ok(_) => Ok(Self(bytes)),
            Err(error) => Err((error, bytes)),
        }
    }

    #[inline]
    pub(crate) fn as_str(&self) -> &str {
        // SAFETY: they are UTF-8.
        unsafe { core::str::from_utf8_unchecked(&self.0) }
    }

    /// What is in this range, if that is a range of whole characters.
    pub(crate) fn slice(&self, range: Range<usize>) -> Option<Self> {
        self.as_str().get(range.clone()).map(|_| Self(self.0.slice(range)))
    }

    #[inline]
    pub(crate) fn as_bytes(&self) -> &Bytes {
        &self.0
    }

    #[inline]
    pub(crate) fn into_bytes(self) -> Bytes {
        self.0
    }
}
