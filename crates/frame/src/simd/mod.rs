//! Masking by vectors, and what is known to be text: the one module of this crate with `unsafe` in it.
//!
//! # The contract
//! A [`Backend`] names instructions, and a value of it exists only where the processor has them:
//! [`Backend::best`] and [`Backend::available`] alone make one, behind a check. So to call what
//! needs the instructions of a backend, holding the backend is enough. Beyond such calls, `unsafe`
//! loads vectors out of arrays of their size and stores them there, takes for initialized what
//! [`Backend::copy`] has written, and for text what was found to be UTF-8 ([`text`]).
//!
//! Every backend writes the bytes that [`words`] writes, at every length, address and key.

#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
mod lanes;
pub(crate) mod text;
mod words;
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
mod x86;

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::mem::MaybeUninit;

/// Payloads of fewer bytes are masked where that is asked for: to call somebody takes longer.
const SHORT: usize = 128;

/// The instructions that mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Backend(Instructions);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Instructions {
    Words,
    #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
    Avx2,
    #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
    Avx512,
}

/// Masks `bytes` in place by a key that was written twice, as it falls on the first eight of them.
#[inline]
pub(crate) fn apply(bytes: &mut [u8], word: u64) {
    if bytes.len() < SHORT { words::apply(bytes, word) } else { Backend::best().apply(bytes, word) }
}

/// Copies from the front of `from` to that of `to`, masking on the way, as many bytes as both have; says how many.
#[inline]
pub(crate) fn copy(from: &[u8], to: &mut [u8], word: u64) -> usize {
    let (to, len) = (to.as_mut_ptr().cast(), to.len());
    // SAFETY: these are the same bytes, which are ours as long as `to` is borrowed, and nothing is written that is not
    // initialized.
    let to = unsafe { core::slice::from_raw_parts_mut(to, len) };
    Backend::for_len(from.len()).copy(from, to, word)
}

/// Appends `from` to `to`, masking on the way.
#[cfg(feature = "alloc")]
#[inline]
pub(crate) fn append(from: &[u8], to: &mut Vec<u8>, word: u64) {
    to.reserve(from.len());
    let len = Backend::for_len(from.len()).copy(from, to.spare_capacity_mut(), word);
    // SAFETY: so many bytes behind the end have just been written, within the capacity.
    unsafe { to.set_len(to.len() + len) }
}

/// A word as it falls on bytes that stand so far behind.
#[inline]
fn behind(word: u64, distance: usize) -> u64 {
    word.rotate_right((distance as u64 % 4) as u32 * 8)
}

impl Backend {
    /// The fastest backend that this processor has.
    #[inline]
    fn best() -> Self {
        #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
        return Self(best());
        #[cfg(not(all(target_arch = "x86_64", target_feature = "sse2")))]
        Self(Instructions::Words)
    }

    /// All backends that this processor has, from the simplest to the [best](Self::best).
    #[cfg(test)]
    fn available() -> impl Iterator<Item = Self> {
        let best = Self::best();
        let all = [
            Instructions::Words,
            #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
            Instructions::Avx2,
            #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
            Instructions::Avx512,
        ];
        let count = all.iter().position(|instructions| *instructions == best.0).map_or(0, |last| last + 1);
        all.into_iter().take(count).map(Self)
    }

    /// The fastest for a copy of so many bytes.
    #[inline]
    fn for_len(len: usize) -> Self {
        if len < SHORT { Self(Instructions::Words) } else { Self::best() }
    }

    #[inline]
    fn apply(self, bytes: &mut [u8], word: u64) {
        match self.0 {
            Instructions::Words => words::apply(bytes, word),
            // SAFETY: the backend exists, so the processor has AVX2.
            #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
            Instructions::Avx2 => unsafe { x86::avx2_apply(bytes, word) },
            // SAFETY: the backend exists, so the processor has AVX-512.
            #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
            Instructions::Avx512 => unsafe { x86::avx512_apply(bytes, word) },
        }
    }

    /// Writes as many bytes to the front of `to` as both have, and says how many.
    #[inline]
    fn copy(self, from: &[u8], to: &mut [MaybeUninit<u8>], word: u64) -> usize {
        let len = from.len().min(to.len());
        let (from, to) = (&from[..len], &mut to[..len]);
        match self.0 {
            Instructions::Words => words::copy(from, to, word),
            // SAFETY: the backend exists, so the processor has AVX2.
            #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
            Instructions::Avx2 => unsafe { x86::avx2_copy(from, to, word) },
            // SAFETY: the backend exists, so the processor has AVX-512.
            #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
            Instructions::Avx512 => unsafe { x86::avx512_copy(from, to, word) },
        }
        len
    }
}

/// What the processor is asked, once.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2", feature = "std"))]
#[inline]
fn best() -> Instructions {
    use core::sync::atomic::{AtomicU8, Ordering};

    /// 0 until it is known; then 1, 2 and 3 in the order of [`Instructions`].
    static KNOWN: AtomicU8 = AtomicU8::new(0);

    #[cold]
    fn ask() -> u8 {
        use std::arch::is_x86_feature_detected as has;
        let known = match () {
            // VBMI came with the first processors that need not slow down for vectors of this size.
            () if has!("avx512f") && has!("avx512vbmi") => 3,
            () if has!("avx2") => 2,
            () => 1,
        };
        KNOWN.store(known, Ordering::Relaxed);
        known
    }

    match KNOWN.load(Ordering::Relaxed) {
        0 => by_number(ask()),
        known => by_number(known),
    }
}

#[cfg(all(target_arch = "x86_64", target_feature = "sse2", feature = "std"))]
#[inline]
fn by_number(known: u8) -> Instructions {
    match known {
        3 => Instructions::Avx512,
        2 => Instructions::Avx2,
        _ => Instructions::Words,
    }
}

/// As above, as far as the build assumes it.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2", not(feature = "std")))]
const fn best() -> Instructions {
    if cfg!(all(target_feature = "avx512f", target_feature = "avx512vbmi")) {
        Instructions::Avx512
    } else if cfg!(target_feature = "avx2") {
        Instructions::Avx2
    } else {
        Instructions::Words
    }
}

#[cfg(test)]
mod tests;
