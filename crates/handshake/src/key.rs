//! `Sec-WebSocket-Key` and the `Sec-WebSocket-Accept` that answers it (RFC 6455, sections 4.1, 4.2.2 and 11.3).

use core::fmt;

use sha1::block_api::compress;
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
        let bits = u128::from_be_bytes(nonce);
        let all = [digits(bits >> 80), digits(bits >> 32), digits(bits << 16)];
        let mut key = [b'='; Self::LEN];
        key[..22].copy_from_slice(&all.as_flattened()[..22]);
        Self(key)
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
        let [a, b, c, d, e] = self.digest().map(u128::from);
        let bits = a << 96 | b << 64 | c << 32 | d;
        let all = [digits(bits >> 80), digits(bits >> 32), digits(d << 16 | e >> 16), digits(e << 32)];
        let mut accept = [b'='; Self::ACCEPT_LEN];
        accept[..27].copy_from_slice(&all.as_flattened()[..27]);
        accept
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

impl Key {
    /// The SHA-1 of the key and the GUID.
    fn digest(&self) -> [u32; 5] {
        let mut message = MESSAGE;
        message[0][..Self::LEN].copy_from_slice(&self.0);
        let mut state = INITIAL;
        compress(&mut state, &message);
        state
    }
}

/// The message of which a key is the first 24 bytes, padded as FIPS 180-4, section 5.1.1, has it: the GUID of RFC 6455,
/// section 1.3, then one bit, zeros, and the number of bits.
const MESSAGE: [[u8; 64]; 2] = {
    let mut message = [[0; 64]; 2];
    let guid = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    let (_, behind) = message[0].split_at_mut(Key::LEN);
    behind.split_at_mut(guid.len()).0.copy_from_slice(guid);
    message[0][60] = 0x80;
    let bits: u16 = 60 * 8;
    [message[1][62], message[1][63]] = bits.to_be_bytes();
    message
};

/// FIPS 180-4, section 5.3.1.
const INITIAL: [u32; 5] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0];

/// The lowest 48 bits as eight digits of base64 (RFC 4648, section 4), without a branch and without a table.
#[allow(clippy::cast_possible_truncation, reason = "the other bits are not meant")]
fn digits(bits: u128) -> [u8; 8] {
    // A byte for each six bits.
    let bits = bits as u64;
    let bits = (bits & 0xFFFF_FF00_0000) << 8 | bits & 0xFF_FFFF;
    let bits = (bits & 0x00FF_F000_00FF_F000) << 4 | bits & 0x0000_0FFF_0000_0FFF;
    let bits = (bits & 0x0FC0_0FC0_0FC0_0FC0) << 2 | bits & 0x003F_003F_003F_003F;
    // 1 in each byte that is not below `least`.
    let from = |least: u64| (bits + ONES * (0x80 - least)) >> 7 & ONES;
    let upper_case = bits + ONES * u64::from(b'A');
    let letters = upper_case + from(26) * 6;
    let alphanumeric = letters - from(52) * 75;
    (alphanumeric - from(62) * 15 + from(63) * 3).to_be_bytes()
}

/// 1 in each byte.
const ONES: u64 = u64::MAX / 255;

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD as BASE64;
    use proptest::prelude::*;
    use sha1::{Digest, Sha1};

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

    /// Each digit in each place.
    #[test]
    fn digits_are_those_of_base64() {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        for place in 0..8 {
            for (value, digit) in (0..).zip(alphabet) {
                for others in [b'A', b'/'] {
                    let rest = if others == b'A' { 0 } else { (1 << 48) - 1 };
                    let shift = 6 * (7 - place);
                    let bits: u128 = rest & !(63 << shift) | value << shift;
                    let mut expected = [others; 8];
                    expected[place] = *digit;
                    assert_eq!(digits(bits), expected);
                    assert_eq!(digits(bits | u128::MAX << 48), expected, "what is above does not count");
                }
            }
        }
    }

    proptest! {
        /// The whole algorithms, by the crates that have them.
        #[test]
        fn keys_and_accept_values_are_those_of_others(nonce: [u8; 16], any_key: [u8; Key::LEN]) {
            let key = Key::from_nonce(nonce);
            prop_assert_eq!(BASE64.encode(nonce).into_bytes(), key.as_bytes());
            for key in [key, Key(any_key)] {
                let guid = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
                let digest = Sha1::new().chain_update(key.as_bytes()).chain_update(guid).finalize();
                prop_assert_eq!(BASE64.encode(digest).into_bytes(), key.accept());
            }
        }
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
