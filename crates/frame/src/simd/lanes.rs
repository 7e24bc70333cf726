//! Masking by vectors of `N` bytes, whatever they are.
//!
//! The first and the last `N` bytes are a vector each, wherever they are; those between lie at multiples of `N`, since a vector
//! across two cache lines takes half as long again. They overlap, so what is stored at the ends is found out before anything is
//! stored, and stored last.

use core::mem::MaybeUninit;

use super::{behind, words};

/// How many vectors go into one round.
const ROUND: usize = 4;

/// As [`words::apply`]; `masked` gives the lanes under a word, `store` puts them there.
#[inline(always)]
pub(super) fn apply<const N: usize, V: Copy>(
    bytes: &mut [u8],
    word: u64,
    masked: impl Fn(&[u8; N], u64) -> V,
    store: impl Fn(&mut [u8; N], V),
) {
    let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) else { return words::apply(bytes, word) };
    let first = masked(first, word);
    let last = masked(last, behind(word, bytes.len() - N));
    let before = bytes.as_ptr().addr().wrapping_neg() % N;
    let word = behind(word, before);
    let (vectors, _) = bytes.get_mut(before..).unwrap_or_default().as_chunks_mut();
    let (rounds, rest) = vectors.as_chunks_mut::<ROUND>();
    for round in rounds {
        for lanes in round {
            store(lanes, masked(lanes, word));
        }
    }
    for lanes in rest {
        store(lanes, masked(lanes, word));
    }
    bytes.first_chunk_mut().into_iter().for_each(|lanes| store(lanes, first));
    bytes.last_chunk_mut().into_iter().for_each(|lanes| store(lanes, last));
}

/// As [`words::copy`].
#[inline(always)]
pub(super) fn copy<const N: usize, V: Copy>(
    from: &[u8],
    to: &mut [MaybeUninit<u8>],
    word: u64,
    masked: impl Fn(&[u8; N], u64) -> V,
    store: impl Fn(&mut [MaybeUninit<u8>; N], V),
) {
    debug_assert_eq!(from.len(), to.len());
    let (Some(first), Some(last)) = (from.first_chunk(), from.last_chunk()) else { return words::copy(from, to, word) };
    let (first, last) = (masked(first, word), masked(last, behind(word, from.len() - N)));
    let before = to.as_ptr().addr().wrapping_neg() % N;
    let word = behind(word, before);
    let (from, _) = from.get(before..).unwrap_or_default().as_chunks();
    let (to_vectors, _) = to.get_mut(before..).unwrap_or_default().as_chunks_mut();
    let (from_rounds, from_rest) = from.as_chunks::<ROUND>();
    let (to_rounds, to_rest) = to_vectors.as_chunks_mut::<ROUND>();
    for (to, from) in to_rounds.iter_mut().zip(from_rounds) {
        for (to, from) in to.iter_mut().zip(from) {
            store(to, masked(from, word));
        }
    }
    for (to, from) in to_rest.iter_mut().zip(from_rest) {
        store(to, masked(from, word));
    }
    to.first_chunk_mut().into_iter().for_each(|lanes| store(lanes, first));
    to.last_chunk_mut().into_iter().for_each(|lanes| store(lanes, last));
}
