//! Classifying bytes by 64 at a time: the one module of this crate with `unsafe` in it.
//!
//! # The contract
//! A [`Backend`] names instructions, and a value of it exists only where the processor has them:
//! [`Backend::best`] and [`Backend::available`] alone make one, behind a check. So to call what
//! needs the instructions of a backend, holding the backend is enough. Beyond such calls, `unsafe`
//! loads vectors out of arrays of their size, and takes for text what was found to be ASCII.
//!
//! Every backend gives the bits that [`scalar`] gives, for all bytes in all lanes.

#[cfg(all(target_arch = "aarch64", target_feature = "neon", target_endian = "little"))]
mod neon;
#[cfg(any(
    all(target_arch = "x86_64", target_feature = "sse2"),
    all(target_arch = "aarch64", target_feature = "neon", target_endian = "little")
))]
mod nibbles;
mod scalar;
mod swar;
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
mod x86;

use crate::classify;

/// Bytes in a block, one for each bit of a mask.
pub(crate) const BLOCK: usize = 64;

/// The instructions that classify the bytes of a head. A scan chooses the
/// [best](Self::best) by itself; the others are there to be compared with it.
///
/// All of them find the same. With feature `std` the processor is asked what it has, else what
/// the build assumes of it decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backend(Instructions);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Instructions {
    Scalar,
    Swar,
    #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
    Sse2,
    #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
    Avx2,
    #[cfg(all(target_arch = "aarch64", target_feature = "neon", target_endian = "little"))]
    Neon,
}

/// What is in a block: bit `n` stands for its byte `n`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Masks {
    /// Bytes that may not stand in a token.
    pub(crate) other: u64,
    /// Bytes below SP, HTAB among them, and DEL.
    pub(crate) control: u64,
}

/// Work that classifies as it goes along. It is compiled once for the best instructions of the target, with what
/// they find kept in registers, and once for all others.
pub(crate) trait Work {
    type Output;

    /// Does the work. To be marked `inline(always)`, or it is not compiled for the instructions of the backend.
    fn run(self, classify: impl Classify) -> Self::Output;
}

/// How a backend classifies.
pub(crate) trait Classify: Copy {
    /// The masks of a whole block.
    fn block(self, block: &[u8; BLOCK]) -> Masks;

    /// Whether a whole block has no control byte.
    fn is_plain(self, block: &[u8; BLOCK]) -> bool;

    /// Offset, from `from` on, of the first byte of `input` that is not of the class, or the length of `input`.
    fn end(self, class: Class, input: &[u8], from: usize) -> usize;

    /// Offset, from `from` on, of the first byte of the block that is not of the class; or where to look for it with
    /// [`end`](Self::end).
    #[inline(always)]
    fn end_in(self, _class: Class, _block: &[u8; BLOCK], from: usize) -> Result<usize, usize> {
        Err(from)
    }

    /// The masks of the bytes from `from` on, as many as there are up to a whole block. Bits behind the end are 0.
    #[inline(always)]
    fn at(self, input: &[u8], from: usize) -> Masks {
        if let Some(last) = input.last_chunk()
            && from < input.len()
        {
            return self.at_once(input, last, from);
        }
        let mut block = [b'a'; BLOCK]; // neither of the two
        let bytes = input.get(from..).unwrap_or_default();
        block.iter_mut().zip(bytes).for_each(|(to, byte)| *to = *byte);
        self.block(&block)
    }

    /// As [`at`](Self::at), for an input of a block or more, which ends with `last`, and a byte of it: nothing is copied.
    #[inline(always)]
    fn at_once(self, input: &[u8], last: &[u8; BLOCK], from: usize) -> Masks {
        // The last block reaches back; the bits of what is before are shifted out.
        let start = from.min(input.len().saturating_sub(BLOCK));
        let block = input.get(start..).and_then(<[u8]>::first_chunk).unwrap_or(last);
        self.block(block).behind(from - start)
    }
}

impl Masks {
    /// Without the first `count` bits; `count` is below [`BLOCK`].
    #[inline(always)]
    fn behind(self, count: usize) -> Self {
        debug_assert!(count < BLOCK);
        Self { other: self.other >> (count % BLOCK), control: self.control >> (count % BLOCK) }
    }
}

/// The classes that are looked for one element at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// What may stand in a request target.
    Target,
    /// What may stand in a registered name, but for percent-encoded bytes.
    RegName,
}

/// A backend by functions for whole blocks.
#[derive(Clone, Copy)]
struct Functions {
    block: fn(&[u8; BLOCK]) -> Masks,
    is_plain: fn(&[u8; BLOCK]) -> bool,
}

impl Classify for Functions {
    #[inline(always)]
    fn block(self, block: &[u8; BLOCK]) -> Masks {
        (self.block)(block)
    }

    #[inline(always)]
    fn is_plain(self, block: &[u8; BLOCK]) -> bool {
        (self.is_plain)(block)
    }

    #[inline(always)]
    fn end(self, class: Class, input: &[u8], from: usize) -> usize {
        class.end(input, from)
    }
}

impl Class {
    fn end(self, input: &[u8], from: usize) -> usize {
        match self {
            Self::Target => classify::target_end(input, from),
            Self::RegName => classify::reg_name_end(input, from),
        }
    }
}

impl Backend {
    /// The fastest backend that this processor has.
    #[must_use]
    #[inline]
    pub fn best() -> Self {
        #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
        return if has_avx2() { Self(Instructions::Avx2) } else { Self(Instructions::Sse2) };
        #[cfg(all(target_arch = "aarch64", target_feature = "neon", target_endian = "little"))]
        return Self(Instructions::Neon);
        #[allow(unreachable_code, reason = "where there are no vectors")]
        Self(Instructions::Swar)
    }

    /// All backends that this processor has, from the simplest to the [best](Self::best).
    pub fn available() -> impl Iterator<Item = Self> {
        let all = [
            Some(Instructions::Scalar),
            Some(Instructions::Swar),
            #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
            Some(Instructions::Sse2),
            #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
            has_avx2().then_some(Instructions::Avx2),
            #[cfg(all(target_arch = "aarch64", target_feature = "neon", target_endian = "little"))]
            Some(Instructions::Neon),
        ];
        all.into_iter().flatten().map(Self)
    }

    /// What it is called: `scalar`, `SWAR`, `SSE2`, `AVX2` or `NEON`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            Instructions::Scalar => "scalar",
            Instructions::Swar => "SWAR",
            #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
            Instructions::Sse2 => "SSE2",
            #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
            Instructions::Avx2 => "AVX2",
            #[cfg(all(target_arch = "aarch64", target_feature = "neon", target_endian = "little"))]
            Instructions::Neon => "NEON",
        }
    }

    /// Does work by this backend.
    #[inline]
    pub(crate) fn run<W: Work>(self, work: W) -> W::Output {
        #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
        if self.0 == Instructions::Avx2 {
            // SAFETY: the backend exists, so the processor has AVX2 and what comes with it.
            return unsafe { x86::avx2_run(work) };
        }
        #[cfg(all(target_arch = "aarch64", target_feature = "neon", target_endian = "little"))]
        if self.0 == Instructions::Neon {
            // SAFETY: the backend exists, so the processor has NEON.
            return unsafe { neon::run(work) };
        }
        work.run(self.functions())
    }

    /// The functions of a backend that has no way of its own.
    #[cold]
    fn functions(self) -> Functions {
        match self.0 {
            Instructions::Scalar => Functions { block: scalar::block, is_plain: scalar::is_plain },
            #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
            Instructions::Sse2 | Instructions::Avx2 => {
                Functions { block: x86::sse2_block, is_plain: x86::sse2_is_plain }
            }
            _ => Functions { block: swar::block, is_plain: swar::is_plain },
        }
    }
}

/// The bytes as text, if they are ASCII.
#[inline]
pub(crate) fn ascii(bytes: &[u8]) -> Option<&str> {
    // SAFETY: what is ASCII is UTF-8.
    is_ascii(bytes).then(|| unsafe { core::str::from_utf8_unchecked(bytes) })
}

/// By eight bytes, the last of which overlap: elements of heads are short, and the standard library is at its best with
/// long ones.
#[inline]
fn is_ascii(bytes: &[u8]) -> bool {
    const HIGH: u64 = (u64::MAX / 255) << 7;
    match bytes.last_chunk() {
        None => bytes.iter().fold(0, |all, byte| all | byte) < 0x80,
        Some(last) => {
            let words = bytes.as_chunks().0.iter().chain([last]);
            words.fold(0, |all, word| all | u64::from_ne_bytes(*word)) & HIGH == 0
        }
    }
}

/// AVX2, and what came with it or before: bit manipulation and counting.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2", feature = "std"))]
#[inline]
fn has_avx2() -> bool {
    use core::sync::atomic::{AtomicU8, Ordering};

    /// 0 until it is known; then 1 for no and 2 for yes. One look instead of four.
    static KNOWN: AtomicU8 = AtomicU8::new(0);

    #[cold]
    fn ask() -> u8 {
        use std::arch::is_x86_feature_detected as has;
        let known = 1 + u8::from(has!("avx2") && has!("bmi1") && has!("bmi2") && has!("popcnt"));
        KNOWN.store(known, Ordering::Relaxed);
        known
    }

    match KNOWN.load(Ordering::Relaxed) {
        0 => ask() == 2,
        known => known == 2,
    }
}

/// As above, as far as the build assumes it.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2", not(feature = "std")))]
const fn has_avx2() -> bool {
    cfg!(all(target_feature = "avx2", target_feature = "bmi1", target_feature = "bmi2", target_feature = "popcnt"))
}

#[cfg(test)]
mod tests;
