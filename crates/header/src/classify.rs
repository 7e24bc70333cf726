//! Which bytes may stand where, one by one. `simd` classifies whole blocks of a head, and is tested
//! to agree with what stands here for all 256 bytes in every place.
//!
//! Each `*_end` function gives the offset, from `from` on, of the first byte that is not of the
//! class, or the length of `bytes`.

/// RFC 9110, section 5.6.2: `tchar`.
pub(crate) const TOKEN: u8 = 1;
/// The characters of RFC 3986, section 2, without `#`.
pub(crate) const TARGET: u8 = 1 << 1;
/// RFC 9110, section 5.5: SP, HTAB, VCHAR and obs-text.
const FIELD: u8 = 1 << 2;
/// RFC 3986, section 3.2.2: `unreserved / sub-delims`.
pub(crate) const REG_NAME: u8 = 1 << 3;
/// RFC 4648, section 4: the alphabet, without the padding.
const BASE64: u8 = 1 << 4;

static CLASSES: [u8; 256] = classes();

/// Offset of the first byte that may not stand in a token.
#[inline]
pub(crate) fn token_end(bytes: &[u8], from: usize) -> usize {
    end_of(TOKEN, bytes, from)
}

/// Offset of the first byte that may not stand in a request target.
#[inline]
pub(crate) fn target_end(bytes: &[u8], from: usize) -> usize {
    end_of(TARGET, bytes, from)
}

/// Offset of the first byte that may not stand in a registered name; `%` begins an encoded byte.
#[inline]
pub(crate) fn reg_name_end(bytes: &[u8], from: usize) -> usize {
    end_of(REG_NAME, bytes, from)
}

/// Offset of the first byte that is no digit of base64; padding is none.
#[inline]
pub(crate) fn base64_end(bytes: &[u8], from: usize) -> usize {
    end_of(BASE64, bytes, from)
}

/// Offset of the first byte that may not stand in a field value or a reason phrase: a control
/// byte other than HTAB.
#[inline]
pub(crate) fn field_end(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        match control_in(u64::from_le_bytes(*word)) {
            0 => at += 8,
            found => {
                at += found.trailing_zeros() as usize / 8;
                match bytes.get(at) {
                    // HTAB is the one control byte that may stand there.
                    Some(b'\t') => at += 1,
                    _ => return at,
                }
            }
        }
    }
    end_of(FIELD, bytes, at)
}

/// SP and HTAB (RFC 9110, section 5.6.3).
#[inline]
pub(crate) const fn is_ows(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// A byte below SP, or DEL. HTAB may stand in a value all the same.
pub(crate) const fn is_control_byte(byte: u8) -> bool {
    byte < b' ' || byte == 0x7F
}

/// A byte of a token.
pub(crate) const fn is_token_byte(byte: u8) -> bool {
    belongs(TOKEN, byte)
}

/// A byte of a request target.
pub(crate) const fn is_target_byte(byte: u8) -> bool {
    belongs(TARGET, byte)
}

/// A byte of a field value, or of a quoted-string if it is not special there.
pub(crate) const fn is_field_byte(byte: u8) -> bool {
    belongs(FIELD, byte)
}

/// Whether `byte` is of the class.
pub(crate) const fn belongs(class: u8, byte: u8) -> bool {
    CLASSES[byte as usize] & class != 0
}

#[inline]
fn end_of(class: u8, bytes: &[u8], from: usize) -> usize {
    let belongs = |byte: &u8| CLASSES[*byte as usize] & class != 0;
    let mut at = from;
    // Four look-ups that do not wait for one another.
    while let Some(four @ [a, b, c, d]) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        if belongs(a) & belongs(b) & belongs(c) & belongs(d) {
            at += 4;
        } else {
            return at + four.iter().take_while(|byte| belongs(byte)).count();
        }
    }
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter().position(|byte| !belongs(byte)).map_or(bytes.len(), |length| at + length)
}

/// The lowest bit that is set tells the first byte below 0x20 or equal to 0x7F, counted from the
/// low end; 0 where there is none. Higher bits may be set wrongly.
#[inline]
const fn control_in(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let below_space = word.wrapping_sub(ONES * 0x20) & !word;
    let delete = word ^ (ONES * 0x7F);
    (below_space | (delete.wrapping_sub(ONES) & !delete)) & HIGH
}

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0u8;
    loop {
        let alphanumeric = byte.is_ascii_alphanumeric();
        let unreserved = alphanumeric || matches!(byte, b'-' | b'.' | b'_' | b'~');
        let sub_delims = matches!(byte, b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=');
        let mut class = 0;
        if alphanumeric
            || matches!(
                byte,
                b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
            )
        {
            class |= TOKEN;
        }
        if unreserved || sub_delims || matches!(byte, b'%' | b':' | b'/' | b'?' | b'[' | b']' | b'@') {
            class |= TARGET;
        }
        if byte == b'\t' || (byte >= b' ' && byte != 0x7F) {
            class |= FIELD;
        }
        if unreserved || sub_delims {
            class |= REG_NAME;
        }
        if alphanumeric || matches!(byte, b'+' | b'/') {
            class |= BASE64;
        }
        table[byte as usize] = class;
        if byte == u8::MAX {
            return table;
        }
        byte += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type End = fn(&[u8], usize) -> usize;
    type Belongs = fn(u8) -> bool;

    fn is_token(byte: u8) -> bool {
        byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
    }

    fn is_target(byte: u8) -> bool {
        byte.is_ascii_alphanumeric() || b"-._~:/?[]@!$&'()*+,;=%".contains(&byte)
    }

    fn is_field(byte: u8) -> bool {
        byte == b'\t' || (byte >= 0x20 && byte != 0x7F)
    }

    /// Every byte at every place of runs around the word size, from every start.
    #[test]
    fn all_bytes_in_all_lanes() {
        let classes: [(End, Belongs); 4] = [
            (token_end, is_token),
            (target_end, is_target),
            (field_end, is_field),
            (base64_end, |byte| byte.is_ascii_alphanumeric() || b"+/".contains(&byte)),
        ];
        for (end, belongs) in classes {
            for byte in 0..=u8::MAX {
                for length in 1..=19 {
                    for place in 0..length {
                        let mut run = [b'a'; 19];
                        run[place] = byte;
                        let run = &run[..length];
                        let expected = if belongs(byte) { length } else { place };
                        for from in 0..=place {
                            assert_eq!(end(run, from), expected, "byte {byte:#04x} at {place} of {length} from {from}");
                        }
                    }
                }
            }
        }
    }

    /// Borrows in the word arithmetic reach neighbours: every pair of bytes, side by side.
    #[test]
    fn all_pairs_of_field_bytes() {
        for first in 0..=u8::MAX {
            for second in 0..=u8::MAX {
                for place in 0..7 {
                    let mut run = [b'a'; 8];
                    run[place] = first;
                    run[place + 1] = second;
                    let expected = run.iter().position(|byte| !is_field(*byte)).unwrap_or(8);
                    assert_eq!(field_end(&run, 0), expected);
                }
            }
        }
    }
}
