//! AVX2, and AVX-512 where its registers cost no speed of the processor.

use core::{
    arch::x86_64::{
        __m256i, __m512i, _mm256_loadu_si256, _mm256_set1_epi64x, _mm256_storeu_si256, _mm256_xor_si256,
        _mm512_loadu_si512, _mm512_set1_epi64, _mm512_storeu_si512, _mm512_xor_si512,
    },
    mem::MaybeUninit,
};

use super::lanes;

#[target_feature(enable = "avx2")]
pub(super) fn avx2_apply(bytes: &mut [u8], word: u64) {
    lanes::apply(bytes, word, |lanes, word| masked32(lanes, word), |lanes, vector| store32(lanes, vector));
}

#[target_feature(enable = "avx2")]
pub(super) fn avx2_copy(from: &[u8], to: &mut [MaybeUninit<u8>], word: u64) {
    lanes::copy(from, to, word, |lanes, word| masked32(lanes, word), |lanes, vector| fill32(lanes, vector));
}

#[target_feature(enable = "avx512f")]
pub(super) fn avx512_apply(bytes: &mut [u8], word: u64) {
    lanes::apply(bytes, word, |lanes, word| masked64(lanes, word), |lanes, vector| store64(lanes, vector));
}

#[target_feature(enable = "avx512f")]
pub(super) fn avx512_copy(from: &[u8], to: &mut [MaybeUninit<u8>], word: u64) {
    lanes::copy(from, to, word, |lanes, word| masked64(lanes, word), |lanes, vector| fill64(lanes, vector));
}

#[inline]
#[target_feature(enable = "avx2")]
fn masked32(lanes: &[u8; 32], word: u64) -> __m256i {
    // SAFETY: there are 32 bytes at the address, and the load needs no alignment.
    let vector = unsafe { _mm256_loadu_si256(lanes.as_ptr().cast()) };
    _mm256_xor_si256(vector, _mm256_set1_epi64x(word.cast_signed()))
}

#[inline]
#[target_feature(enable = "avx2")]
fn store32(lanes: &mut [u8; 32], vector: __m256i) {
    // SAFETY: there are 32 bytes at the address, which are ours alone, and the store needs no alignment.
    unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), vector) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn fill32(lanes: &mut [MaybeUninit<u8>; 32], vector: __m256i) {
    // SAFETY: there are 32 bytes at the address, which are ours alone, and the store needs no alignment.
    unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), vector) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn masked64(lanes: &[u8; 64], word: u64) -> __m512i {
    // SAFETY: there are 64 bytes at the address, and the load needs no alignment.
    let vector = unsafe { _mm512_loadu_si512(lanes.as_ptr().cast()) };
    _mm512_xor_si512(vector, _mm512_set1_epi64(word.cast_signed()))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store64(lanes: &mut [u8; 64], vector: __m512i) {
    // SAFETY: there are 64 bytes at the address, which are ours alone, and the store needs no alignment.
    unsafe { _mm512_storeu_si512(lanes.as_mut_ptr().cast(), vector) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn fill64(lanes: &mut [MaybeUninit<u8>; 64], vector: __m512i) {
    // SAFETY: there are 64 bytes at the address, which are ours alone, and the store needs no alignment.
    unsafe { _mm512_storeu_si512(lanes.as_mut_ptr().cast(), vector) }
}
