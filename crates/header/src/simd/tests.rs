//! Every backend against the grammar, written anew here: all bytes in all lanes, neighbours at the borders of words and
//! vectors, and all starts and lengths around their sizes.

use super::{BLOCK, Backend, Class, Classify, Masks, Work, ascii};

/// RFC 9110, section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn is_control(byte: u8) -> bool {
    byte < 0x20 || byte == 0x7F
}

/// RFC 3986, section 2 and section 3.2.2.
fn is_of(class: Class, byte: u8) -> bool {
    let more: &[u8] = match class {
        Class::Target => b"%:/?[]@",
        Class::RegName => b"",
    };
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte) || more.contains(&byte)
}

/// The masks of up to a block.
fn masks(bytes: &[u8]) -> Masks {
    let mask = |of: fn(u8) -> bool| {
        bytes.iter().zip(0..).fold(0, |mask, (byte, lane): (_, u32)| mask | u64::from(of(*byte)) << lane)
    };
    Masks { other: mask(|byte| !is_token(byte)), control: mask(is_control) }
}

/// Offset of the first byte that is not of the class.
fn end(class: Class, input: &[u8], from: usize) -> usize {
    (from..input.len()).find(|at| !is_of(class, input[*at])).unwrap_or(input.len())
}

/// Whole blocks.
struct OfBlock<'i>(&'i [u8; BLOCK]);

impl Work for OfBlock<'_> {
    type Output = (Masks, bool);

    #[inline(always)]
    fn run(self, classify: impl Classify) -> Self::Output {
        (classify.block(self.0), classify.is_plain(self.0))
    }
}

/// Up to a block, from an offset on.
struct At<'i>(&'i [u8], usize);

impl Work for At<'_> {
    type Output = Masks;

    #[inline(always)]
    fn run(self, classify: impl Classify) -> Self::Output {
        classify.at(self.0, self.1)
    }
}

/// The end of an element of a class, from an offset on: as it is found at once, and in the first block, if there is one.
struct EndOf<'i>(Class, &'i [u8], usize);

impl Work for EndOf<'_> {
    type Output = [usize; 2];

    #[inline(always)]
    fn run(self, classify: impl Classify) -> Self::Output {
        let Self(class, input, from) = self;
        let end = |from| classify.end(class, input, from);
        [
            end(from),
            input.first_chunk().map_or(Err(from), |block| classify.end_in(class, block, from)).unwrap_or_else(end),
        ]
    }
}

#[track_caller]
fn assert_block(block: &[u8; BLOCK], expected: Masks) {
    for backend in Backend::available() {
        let found = backend.run(OfBlock(block));
        assert_eq!(found, (expected, expected.control == 0), "{}: {}", backend.name(), block.escape_ascii());
    }
}

#[track_caller]
fn assert_end(class: Class, input: &[u8], from: usize, expected: usize) {
    for backend in Backend::available() {
        let found = backend.run(EndOf(class, input, from));
        assert_eq!(found, [expected; 2], "{}: {class:?} from {from}: {}", backend.name(), input.escape_ascii());
    }
}

/// Bytes that look random and are the same each time (splitmix64).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Any bytes, of which all but one in `rare` are letters of heads; 1 makes all of them anything.
    fn bytes<const N: usize>(&mut self, rare: u64) -> [u8; N] {
        [(); N].map(|()| {
            let [place, byte, ..] = self.next().to_le_bytes();
            if self.next().is_multiple_of(rare) { byte } else { b"azAZ09-~_.!|`^"[usize::from(place) % 14] }
        })
    }
}

#[test]
fn the_best_backend_is_the_last_and_each_has_a_name() {
    assert_eq!(Backend::available().last(), Some(Backend::best()));
    assert!(Backend::available().zip(["scalar", "SWAR"]).all(|(backend, name)| backend.name() == name));
    for (number, backend) in Backend::available().enumerate() {
        assert!(Backend::available().skip(number + 1).all(|other| other.name() != backend.name()));
    }
    #[cfg(target_arch = "x86_64")]
    assert!(Backend::available().any(|backend| backend.name() == "SSE2"));
    #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
    assert_eq!(Backend::best().name(), "NEON");
}

#[test]
fn all_bytes_in_all_lanes() {
    for byte in 0..=u8::MAX {
        for lane in 0..BLOCK {
            // Among bytes that are neither, and among those that are both.
            for among in [b'a', 0x7F] {
                let mut block = [among; BLOCK];
                block[lane] = byte;
                assert_block(&block, masks(&block));
            }
        }
    }
}

/// What is carried or shifted out of a lane shows in the next one.
#[test]
fn all_pairs_at_the_borders_of_words_and_vectors() {
    for first in 0..=u8::MAX {
        for second in 0..=u8::MAX {
            let pair = |of: fn(u8) -> bool, lane: usize| (u64::from(of(first)) | u64::from(of(second)) << 1) << lane;
            for lane in [2, 7, 15, 23, 31, 39, 47, 55] {
                let mut block = [b'a'; BLOCK];
                (block[lane], block[lane + 1]) = (first, second);
                let (token, control) = (pair(is_token, lane), pair(is_control, lane));
                assert_block(&block, Masks { other: (0b11 << lane) & !token, control });
            }
        }
    }
}

#[test]
fn noise_in_whole_blocks() {
    let mut noise = Noise(1);
    for round in 0..8_000 {
        let block = noise.bytes([1, 2, 8, 40][round % 4]);
        assert_block(&block, masks(&block));
    }
}

/// Nothing of the bytes before an offset shows in its masks, and nothing behind the end.
#[test]
fn all_starts_and_lengths_of_masks() {
    let mut noise = Noise(2);
    for fill in 0..4 {
        let bytes: [u8; 130] = match fill {
            0 => [b' '; 130],
            1 => [0x7F; 130],
            _ => noise.bytes(2),
        };
        for length in 0..=bytes.len() {
            let input = &bytes[..length];
            for from in 0..=length + 2 {
                let there = input.get(from..).unwrap_or_default();
                let expected = masks(&there[..there.len().min(BLOCK)]);
                for backend in Backend::available() {
                    assert_eq!(backend.run(At(input, from)), expected, "{}: {length} from {from}", backend.name());
                }
            }
        }
    }
}

#[test]
fn all_bytes_end_what_they_are_not_part_of() {
    for class in [Class::Target, Class::RegName] {
        for byte in 0..=u8::MAX {
            for place in 0..70 {
                let mut input = [b'a'; 70];
                input[place] = byte;
                for from in [0, 1, 5] {
                    assert_end(class, &input, from, end(class, &input, from));
                }
            }
        }
    }
}

#[test]
fn all_starts_and_lengths_of_elements() {
    for length in (0..=70).chain(95..=98).chain(127..=130) {
        // One byte ends it, or none where the place is behind the last one.
        for place in 0..=length {
            let mut bytes = [b'a'; 131];
            bytes[place] = b' ';
            let input = &bytes[..length];
            for from in 0..=length + 2 {
                let expected = if from <= place { place } else { length };
                assert_end(Class::Target, input, from, expected);
                assert_end(Class::RegName, input, from, expected);
            }
        }
    }
}

#[test]
fn noise_in_elements() {
    let mut noise = Noise(3);
    for round in 0..1_000 {
        let input: [u8; 97] = noise.bytes([2, 8, 40, 200][round % 4]);
        for class in [Class::Target, Class::RegName] {
            for from in 0..=input.len() {
                assert_end(class, &input, from, end(class, &input, from));
            }
        }
    }
}

/// What is not ASCII is not taken for text, wherever it stands.
#[test]
fn text_is_ascii_to_its_last_byte() {
    for length in 0..=40 {
        let bytes = [b'~'; 40];
        assert_eq!(ascii(&bytes[..length]).map(str::len), Some(length));
        for place in 0..length {
            for byte in [0x80, 0xC3, 0xFF] {
                let mut bytes = bytes;
                bytes[place] = byte;
                assert_eq!(ascii(&bytes[..length]), None, "{byte:#04x} at {place} of {length}");
            }
        }
    }
}
