//! By words of eight bytes, which the compiler turns into whatever vectors the build assumes: what the others are checked
//! against, and what there is where they are not.

use core::mem::MaybeUninit;

/// From so many bytes on it pays to begin with a cache line: vectors that lie across two take half as long again.
const LONG: usize = 4096;
const CACHE_LINE: usize = 64;

#[inline]
pub(super) fn apply(bytes: &mut [u8], word: u64) {
    if bytes.len() < LONG { apply_here(bytes, word) } else { apply_to_long(bytes, word) }
}

#[inline(never)]
fn apply_to_long(bytes: &mut [u8], word: u64) {
    let unaligned = bytes.as_ptr().align_offset(CACHE_LINE).min(bytes.len());
    let (unaligned, aligned) = bytes.split_at_mut(unaligned);
    apply_here(unaligned, word);
    apply_here(aligned, super::behind(word, unaligned.len()));
}

#[inline]
fn apply_here(bytes: &mut [u8], word: u64) {
    let (chunks, tail) = bytes.as_chunks_mut();
    for chunk in chunks {
        *chunk = (u64::from_le_bytes(*chunk) ^ word).to_le_bytes();
    }
    for (byte, key) in tail.iter_mut().zip(word.to_le_bytes()) {
        *byte ^= key;
    }
}

/// Writes all of `to`, which is as long as `from`.
#[inline]
pub(super) fn copy(from: &[u8], to: &mut [MaybeUninit<u8>], word: u64) {
    let (from_chunks, from_tail) = from.as_chunks();
    let (to_chunks, to_tail) = to.as_chunks_mut();
    for (to, from) in to_chunks.iter_mut().zip(from_chunks) {
        *to = (u64::from_le_bytes(*from) ^ word).to_le_bytes().map(MaybeUninit::new);
    }
    for ((to, from), key) in to_tail.iter_mut().zip(from_tail).zip(word.to_le_bytes()) {
        to.write(from ^ key);
    }
}
