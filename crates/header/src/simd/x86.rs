//! SSE2, which every x86-64 target has that computes in vector registers at all, and AVX2.

use core::arch::x86_64::{
    __m128i, __m256i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_max_epu8, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128,
    _mm_set1_epi8, _mm256_and_si256, _mm256_broadcastsi128_si256, _mm256_cmpeq_epi8, _mm256_loadu_si256,
    _mm256_min_epu8, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8, _mm256_setzero_si256,
    _mm256_shuffle_epi8, _mm256_srli_epi16, _mm256_testz_si256,
};

use super::{
    BLOCK, Class, Classify, Masks, Work,
    nibbles::{CONTROL, HEAD, Nibbles, REG_NAME, TARGET, end_by},
};

/// Exists within [`avx2_run`] alone, so where the processor has AVX2 and what comes with it.
#[derive(Clone, Copy)]
struct Avx2(());

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
pub(super) fn avx2_run<W: Work>(work: W) -> W::Output {
    work.run(Avx2(()))
}

impl Classify for Avx2 {
    #[inline(always)]
    fn block(self, block: &[u8; BLOCK]) -> Masks {
        // SAFETY: `self` exists.
        unsafe { avx2_block(block) }
    }

    #[inline(always)]
    fn is_plain(self, block: &[u8; BLOCK]) -> bool {
        // SAFETY: `self` exists.
        unsafe { avx2_is_plain(block) }
    }

    #[inline(always)]
    fn end(self, class: Class, input: &[u8], from: usize) -> usize {
        // SAFETY: `self` exists.
        unsafe { avx2_end(class, input, from) }
    }

    #[inline(always)]
    fn end_in(self, class: Class, block: &[u8; BLOCK], from: usize) -> Result<usize, usize> {
        // SAFETY: `self` exists.
        let others = unsafe { avx2_others(class, block) };
        match u32::try_from(from).ok().and_then(|from| others.checked_shr(from)) {
            None => Err(from),
            Some(0) => Err(BLOCK),
            Some(bits) => Ok(from + bits.trailing_zeros() as usize),
        }
    }
}

/// It is to be inlined wherever it is called, which a function with features of its own cannot ask for.
///
/// # Safety
/// It is for functions that are compiled for AVX2.
#[inline(always)]
unsafe fn avx2_block(block: &[u8; BLOCK]) -> Masks {
    let mut masks = Masks::default();
    let (halves, _) = block.as_chunks();
    for (half, shift) in halves.iter().zip([0, 32]) {
        // SAFETY: as of this function.
        let (other, control) = unsafe { avx2_classes(half) };
        masks.other |= u64::from(other) << shift;
        masks.control |= u64::from(control) << shift;
    }
    masks
}

/// The lanes of bytes that may not stand in a token, and of control bytes.
#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
fn avx2_classes(lanes: &[u8; 32]) -> (u32, u32) {
    let class = avx2_class(lanes, avx2_tables(&HEAD));
    let most = _mm256_set1_epi8(CONTROL.cast_signed());
    let other = avx2_mask(_mm256_cmpeq_epi8(_mm256_min_epu8(class, most), class));
    let neither = avx2_mask(_mm256_cmpeq_epi8(class, _mm256_setzero_si256()));
    (other, other & !neither)
}

#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
fn avx2_is_plain(block: &[u8; BLOCK]) -> bool {
    let (halves, _) = block.as_chunks();
    let control = halves.iter().fold(_mm256_setzero_si256(), |all, half| {
        let bytes = load32(half);
        let low = _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, _mm256_set1_epi8(0x1F)), bytes);
        let delete = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(0x7F));
        _mm256_or_si256(all, _mm256_or_si256(low, delete))
    });
    _mm256_testz_si256(control, control) == 1
}

#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
fn avx2_end(class: Class, input: &[u8], from: usize) -> usize {
    end_by(class, input, from, |lanes| avx2_others_of(class, lanes))
}

/// The lanes of bytes that are not of the class.
///
/// # Safety
/// As of [`avx2_block`].
#[inline(always)]
unsafe fn avx2_others(class: Class, block: &[u8; BLOCK]) -> u64 {
    let (halves, _) = block.as_chunks();
    // SAFETY: as of this function.
    halves
        .iter()
        .zip([0, 32])
        .fold(0, |all, (half, shift)| all | u64::from(unsafe { avx2_others_of(class, half) }) << shift)
}

#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
fn avx2_others_of(class: Class, lanes: &[u8; 32]) -> u32 {
    let tables = match class {
        Class::Target => &TARGET,
        Class::RegName => &REG_NAME,
    };
    avx2_mask(_mm256_cmpeq_epi8(avx2_class(lanes, avx2_tables(tables)), _mm256_setzero_si256()))
}

/// Both tables, twice side by side: a shuffle looks up within 16 bytes.
#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
fn avx2_tables(tables: &Nibbles) -> [__m256i; 2] {
    [_mm256_broadcastsi128_si256(load16(&tables.low)), _mm256_broadcastsi128_si256(load16(&tables.high))]
}

/// The class bits of each byte.
#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
fn avx2_class(lanes: &[u8; 32], [low, high]: [__m256i; 2]) -> __m256i {
    let bytes = load32(lanes);
    let rows = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), _mm256_set1_epi8(0xF));
    _mm256_and_si256(_mm256_shuffle_epi8(low, bytes), _mm256_shuffle_epi8(high, rows))
}

#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
fn load32(bytes: &[u8; 32]) -> __m256i {
    // SAFETY: there are 32 bytes at the address, and the load needs no alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
fn avx2_mask(lanes: __m256i) -> u32 {
    _mm256_movemask_epi8(lanes).cast_unsigned()
}

pub(super) fn sse2_block(block: &[u8; BLOCK]) -> Masks {
    let mut masks = Masks::default();
    let (quarters, _) = block.as_chunks();
    for (quarter, shift) in quarters.iter().zip([0, 16, 32, 48]) {
        // SAFETY: this module is there only where the target has SSE2.
        let (token, control) = unsafe { sse2_classes(quarter) };
        masks.other |= u64::from(!token) << shift;
        masks.control |= u64::from(control) << shift;
    }
    masks
}

pub(super) fn sse2_is_plain(block: &[u8; BLOCK]) -> bool {
    let (quarters, _) = block.as_chunks();
    // SAFETY: this module is there only where the target has SSE2.
    quarters.iter().all(|quarter| unsafe { sse2_classes(quarter) }.1 == 0)
}

/// The lanes of tokens, and of control bytes.
#[inline]
#[target_feature(enable = "sse2")]
fn sse2_classes(lanes: &[u8; 16]) -> (u16, u16) {
    let bytes = load16(lanes);
    let letters = sse2_within(_mm_or_si128(bytes, sse2_all(0x20)), b'a', b'z');
    // `0-9`, `#-'`, `*+`, `-.`, `^-` and the backtick
    let ranges = [(b'0', b'9'), (b'#', b'\''), (b'*', b'+'), (b'-', b'.'), (b'^', b'`')]
        .map(|(first, last)| sse2_within(bytes, first, last));
    let single = [b'!', b'|', b'~'].map(|byte| _mm_cmpeq_epi8(bytes, sse2_all(byte)));
    let token = ranges.into_iter().chain(single).fold(letters, |all, some| _mm_or_si128(all, some));
    let control = _mm_or_si128(sse2_within(bytes, 0x00, 0x1F), _mm_cmpeq_epi8(bytes, sse2_all(0x7F)));
    (sse2_mask(token), sse2_mask(control))
}

/// Lanes from `first` to `last`: those that a minimum and a maximum leave as they are.
#[inline]
#[target_feature(enable = "sse2")]
fn sse2_within(bytes: __m128i, first: u8, last: u8) -> __m128i {
    _mm_cmpeq_epi8(_mm_min_epu8(_mm_max_epu8(bytes, sse2_all(first)), sse2_all(last)), bytes)
}

#[inline]
#[target_feature(enable = "sse2")]
fn sse2_all(byte: u8) -> __m128i {
    _mm_set1_epi8(byte.cast_signed())
}

#[inline]
#[target_feature(enable = "sse2")]
fn sse2_mask(lanes: __m128i) -> u16 {
    let [low, high, ..] = _mm_movemask_epi8(lanes).to_le_bytes();
    u16::from_le_bytes([low, high])
}

#[inline]
#[target_feature(enable = "sse2")]
fn load16(bytes: &[u8; 16]) -> __m128i {
    // SAFETY: there are 16 bytes at the address, and the load needs no alignment.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}
