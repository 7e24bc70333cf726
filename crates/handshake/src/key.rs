//! `Sec-WebSocket-Key` and the `Sec-WebSocket-Accept` that answers it (RFC 6455, sections 4.1, 4.2.2 and 11.3).

use core::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use sha1::{Digest as _, Sha1};
use switchover_header::value;

/// The value of a `Sec-WebSocket-Key` field: 16 bytes in base64, 24 characters.
///
/// The characters are kept as they came, because the accept value is made of them and not of the bytes they stand for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key([u8; Key::LEN]);

impl Key {
    /// The length of a key in characters.
    pub const LEN: usize = 24;
    /// The length of the value that accepts a key, in characters.
    pub const ACCEPT_LEN: usize = 28;

    /// The key of a client, from 16 bytes that nobody can predict and that are used for one connection only.
    pub fn from_nonce(nonce: [u8; 16]) -> Self {
        Self(base64(&nonce))
    }

    /// The key in a field value, if it is one: 24 characters ending in `==` that decode to 16 bytes.
    ///
    /// Pad bits may be anything: RFC 6455 prints a key of its own, `AQIDBAUGBwgJCgsMDQ4PEC==`, with bits set there.
    pub fn parse(value: &[u8]) -> Option<Self> {
        value::websocket_key(value).ok().map(|key| Self(*key))
    }

    /// The `Sec-WebSocket-Accept` value for this key: base64 of the SHA-1 of the key and a fixed GUID.
    #[inline]
    pub fn accept(&self) -> [u8; Self::ACCEPT_LEN] {
        base64(&Sha1::new().chain_update(self.0).chain_update(GUID).finalize())
    }

    /// The 24 characters.
    pub fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.0.escape_ascii())
    }
}

/// What is put behind a key before it is hashed. (RFC 6455, section 1.3)
const GUID: &[u8; 36] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The base64 of as many bytes as make `N` characters.
fn base64<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut characters = [0; N];
    let written = BASE64.encode_slice(bytes, &mut characters);
    debug_assert_eq!(written, Ok(N));
    characters
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6455, section 1.3.
    #[test]
    fn the_sample_key_gives_the_sample_accept_value() {
        let key = Key::parse(b"dGhlIHNhbXBsZSBub25jZQ==").unwrap();
        assert_eq!(&key.accept(), b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn a_key_is_its_nonce_in_base64() {
        assert_eq!(Key::from_nonce(*b"the sample nonce").as_bytes(), b"dGhlIHNhbXBsZSBub25jZQ==");
    }

    /// RFC 6455, section 4.1 prints this key, in which the bits behind the 16 bytes are not zero.
    #[test]
    fn pad_bits_are_ignored() {
        assert!(Key::parse(b"AQIDBAUGBwgJCgsMDQ4PEC==").is_some());
    }

    #[test]
    fn what_does_not_decode_to_16_bytes_is_not_a_key() {
        for value in [
            &b""[..],
            b"==",
            b"dGhlIHNhbXBsZSBub25jZQ=",
            b"dGhlIHNhbXBsZSBub25jZQ",
            b"dGhlIHNhbXBsZSBub25jZQ===",
            b"dGhlIHNhbXBsZSBub25jZTE=",
            b"dGhlIHNhbXBsZSBub25jZTEy",
            b"dGhlIHNhbXBsZSBub25j=Q==",
            b"dGhlIHNhbXBsZSBub25jZ===",
            b"dGhlIHNhbXBsZSBub25 ZQ==",
            b"dGhlIHNhbXBsZSBub25-ZQ==",
            b"dGhlIHNhbXBsZSBub25\xffZQ==",
        ] {
            assert_eq!(Key::parse(value), None, "{}", value.escape_ascii());
        }
    }
}
