//! Eight bytes at a time in one word, for processors without vectors.

use super::{BLOCK, Masks};

const ONES: u64 = u64::MAX / 255;
const HIGH: u64 = ONES << 7;

pub(super) fn block(block: &[u8; BLOCK]) -> Masks {
    let mut masks = Masks::default();
    let (words, _) = block.as_chunks();
    for (word, shift) in words.iter().zip((0..).step_by(8)) {
        let word = u64::from_le_bytes(*word);
        masks.other |= bits(!token(word)) << shift;
        masks.control |= bits(control(word)) << shift;
    }
    masks
}

pub(super) fn is_plain(block: &[u8; BLOCK]) -> bool {
    let (words, _) = block.as_chunks();
    words.iter().fold(0, |all, word| all | control(u64::from_le_bytes(*word))) & HIGH == 0
}

/// The highest bit of each byte that is a `tchar`; the other bits may be anything.
#[inline]
const fn token(word: u64) -> u64 {
    let letter = within(word | (ONES * 0x20), b'a', b'z');
    let digit = within(word, b'0', b'9');
    let mark = within(word, b'#', b'\'')
        | within(word, b'*', b'+')
        | within(word, b'-', b'.')
        | within(word, b'^', b'`')
        | within(word, b'!', b'!')
        | within(word, b'|', b'|')
        | within(word, b'~', b'~');
    // Their sums are those of the lower seven bits: a byte from 0x80 on is none of these.
    (letter | digit | mark) & !word
}

/// The highest bit of each byte that is a control byte; the other bits may be anything.
#[inline]
const fn control(word: u64) -> u64 {
    (within(word, 0, 0x1F) | within(word, 0x7F, 0x7F)) & !word
}

/// The highest bit of each byte whose lower seven bits are from `first` to `last`.
#[inline]
const fn within(word: u64, first: u8, last: u8) -> u64 {
    // No sum is above 0xFF, so nothing is carried into the next byte.
    let low = word & !HIGH;
    (low + ONES * (0x80 - first as u64)) & !(low + ONES * (0x7F - last as u64))
}

/// The highest bits of the bytes side by side.
#[inline]
const fn bits(word: u64) -> u64 {
    // Each bit is moved to a place of its own in the highest byte, where none meets another.
    ((word & HIGH) >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}
