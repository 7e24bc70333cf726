//! Text that shares its memory.

use alloc::{boxed::Box, string::String, vec::Vec};
use core::{
    borrow::Borrow,
    cmp::Ordering,
    convert::Infallible,
    fmt,
    hash::{Hash, Hasher},
    ops::Deref,
    str::FromStr,
};

use bytes::{Bytes, BytesMut};

use crate::{Utf8Error, simd::text::Utf8Bytes};

/// Text over [`Bytes`]: the payload of a text message, which shares memory with whoever else holds it.
/// (RFC 6455, section 5.6)
///
/// It is a `str` in all that is read of it. A clone, a part of it and its bytes cost a reference count; only bytes that come from
/// elsewhere are looked at, once, whether they are UTF-8.
///
/// ```
/// use bytes::Bytes;
/// use switchover_frame::Text;
///
/// let text = Text::try_from(Bytes::from("GET /chat".as_bytes())).unwrap();
/// let path = text.split_once(' ').and_then(|(_, path)| text.slice_ref(path)).unwrap();
/// assert_eq!(path, "/chat");
///
/// let error = Text::try_from(b"caf\xE9".to_vec()).unwrap_err();
/// assert_eq!(error.to_string(), "invalid UTF-8 at offset 3 of the text (RFC 6455, section 8.1)");
/// assert_eq!(error.into_bytes(), b"caf\xE9");
/// ```
///
/// - Constructors: [`new`](Self::new), [`from_static`](Self::from_static), [`copy_from_str`](Self::copy_from_str), and those of
///   `From` and `TryFrom`
/// - Getters: [`as_str`](Self::as_str), [`as_bytes`](Self::as_bytes), [`slice_ref`](Self::slice_ref); and all of `str`
#[derive(Clone, Default)]
pub struct Text(Utf8Bytes);

impl Text {
    /// No text.
    #[must_use]
    pub const fn new() -> Self {
        Self::from_static("")
    }

    /// A text that lives for ever, and is not copied.
    #[must_use]
    pub const fn from_static(text: &'static str) -> Self {
        Self(Utf8Bytes::from_static(text))
    }

    /// A copy of a text, in memory of its own.
    #[must_use]
    pub fn copy_from_str(text: &str) -> Self {
        String::from(text).into()
    }

    /// The text.
    #[must_use]
    #[inline]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The text as it travels, in shared memory.
    #[must_use]
    #[inline]
    pub fn as_bytes(&self) -> &Bytes {
        self.0.as_bytes()
    }

    /// The text as it travels, in shared memory.
    #[must_use]
    #[inline]
    pub fn into_bytes(self) -> Bytes {
        self.0.into_bytes()
    }

    /// The same part of the text as `part`, in shared memory; `None` where that is not within this text, however it reads.
    #[must_use]
    pub fn slice_ref(&self, part: &str) -> Option<Self> {
        let start = part.as_ptr().addr().checked_sub(self.as_ptr().addr())?;
        self.0.slice(start..start.checked_add(part.len())?).map(Self)
    }
}

impl Deref for Text {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self
    }
}

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

/// Equal, ordered and hashed as a `str` is.
impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        self
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Text {}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<String> for Text {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<Text> for str {
    fn eq(&self, other: &Text) -> bool {
        self == other.as_str()
    }
}

impl PartialEq<Text> for &str {
    fn eq(&self, other: &Text) -> bool {
        *self == other.as_str()
    }
}

impl PartialEq<Text> for String {
    fn eq(&self, other: &Text) -> bool {
        self == other.as_str()
    }
}

impl From<&'static str> for Text {
    fn from(text: &'static str) -> Self {
        Self::from_static(text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Utf8Bytes::from_string(text))
    }
}

impl From<Box<str>> for Text {
    fn from(text: Box<str>) -> Self {
        String::from(text).into()
    }
}

/// A copy, in memory of its own.
impl FromStr for Text {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self::copy_from_str(text))
    }
}

impl From<Text> for Bytes {
    fn from(text: Text) -> Self {
        text.into_bytes()
    }
}

/// A copy.
impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.as_str().into()
    }
}

impl TryFrom<Bytes> for Text {
    type Error = TextError<Bytes>;

    #[inline]
    fn try_from(bytes: Bytes) -> Result<Self, TextError<Bytes>> {
        match Utf8Bytes::check(bytes) {
            Ok(text) => Ok(Self(text)),
            Err((error, bytes)) => Err(TextError { error, bytes }),
        }
    }
}

impl TryFrom<BytesMut> for Text {
    type Error = TextError<BytesMut>;

    fn try_from(bytes: BytesMut) -> Result<Self, TextError<BytesMut>> {
        Self::try_from(bytes.freeze()).map_err(TextError::restored)
    }
}

impl TryFrom<Vec<u8>> for Text {
    type Error = TextError<Vec<u8>>;

    fn try_from(bytes: Vec<u8>) -> Result<Self, TextError<Vec<u8>>> {
        Self::try_from(Bytes::from(bytes)).map_err(TextError::restored)
    }
}

/// Bytes are not UTF-8. (RFC 6455, section 8.1)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextError<B> {
    error: Utf8Error,
    bytes: B,
}

impl<B> TextError<B> {
    /// What is wrong with them, and where.
    #[must_use]
    pub const fn error(&self) -> Utf8Error {
        self.error
    }

    /// The bytes, as they were.
    #[must_use]
    pub fn into_bytes(self) -> B {
        self.bytes
    }
}

impl TextError<Bytes> {
    /// The same with the bytes as what they were made of, which is had back without a copy: nobody else has them.
    fn restored<B: From<Bytes>>(self) -> TextError<B> {
        TextError { error: self.error, bytes: self.bytes.into() }
    }
}

impl<B> fmt::Display for TextError<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<B: fmt::Debug> core::error::Error for TextError<B> {}
