//! NEON, which every little-endian AArch64 processor with an operating system has.

use core::arch::aarch64::{
    uint8x16_t, vandq_u8, vceqzq_u8, vcleq_u8, vdupq_n_u8, vgetq_lane_u64, vld1q_u8, vmaxvq_u8, vorrq_u8, vpaddq_u8,
    vqtbl1q_u8, vreinterpretq_u64_u8, vshrq_n_u8,
};

use super::{
    BLOCK, Class, Classify, Masks, Work,
    nibbles::{CONTROL, HEAD, Nibbles, REG_NAME, TARGET, end_by},
};

/// Exists within [`run`] alone, so where the processor has NEON.
#[derive(Clone, Copy)]
struct Neon(());

#[target_feature(enable = "neon")]
pub(super) fn run<W: Work>(work: W) -> W::Output {
    work.run(Neon(()))
}

impl Classify for Neon {
    #[inline(always)]
    fn block(self, block: &[u8; BLOCK]) -> Masks {
        // SAFETY: `self` exists.
        unsafe { classes(block) }
    }

    #[inline(always)]
    fn is_plain(self, block: &[u8; BLOCK]) -> bool {
        // SAFETY: `self` exists.
        unsafe { is_plain(block) }
    }

    #[inline(always)]
    fn end(self, class: Class, input: &[u8], from: usize) -> usize {
        // SAFETY: `self` exists.
        unsafe { end(class, input, from) }
    }
}

#[inline]
#[target_feature(enable = "neon")]
fn classes(block: &[u8; BLOCK]) -> Masks {
    let lanes = quarters(block).map(|lanes| class(lanes, &HEAD));
    let other = mask(lanes.map(|lanes| vcleq_u8(lanes, vdupq_n_u8(CONTROL))));
    let neither = mask(lanes.map(|lanes| vceqzq_u8(lanes)));
    Masks { other, control: other & !neither }
}

#[inline]
#[target_feature(enable = "neon")]
fn is_plain(block: &[u8; BLOCK]) -> bool {
    let [a, b, c, d] = quarters(block).map(|lanes| {
        let class = class(lanes, &HEAD);
        vandq_u8(class, vcleq_u8(class, vdupq_n_u8(CONTROL)))
    });
    vmaxvq_u8(vorrq_u8(vorrq_u8(a, b), vorrq_u8(c, d))) == 0
}

#[inline]
#[target_feature(enable = "neon")]
fn end(which: Class, input: &[u8], from: usize) -> usize {
    let tables = match which {
        Class::Target => &TARGET,
        Class::RegName => &REG_NAME,
    };
    end_by(which, input, from, |lanes| {
        let others = vceqzq_u8(class(load(lanes), tables));
        let nothing = vdupq_n_u8(0);
        // The lowest sixteen bits are those of the lanes.
        mask([others, nothing, nothing, nothing]) as u32
    })
}

/// The class bits of each byte.
#[inline]
#[target_feature(enable = "neon")]
fn class(bytes: uint8x16_t, tables: &Nibbles) -> uint8x16_t {
    let low = vqtbl1q_u8(load(&tables.low), vandq_u8(bytes, vdupq_n_u8(0xF)));
    let high = vqtbl1q_u8(load(&tables.high), vshrq_n_u8::<4>(bytes));
    vandq_u8(low, high)
}

/// One bit for each lane that is all ones; the others are all zeros.
#[inline]
#[target_feature(enable = "neon")]
fn mask(lanes: [uint8x16_t; 4]) -> u64 {
    const PLACES: [u8; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128];
    let places = load(&PLACES);
    let [a, b, c, d] = lanes.map(|lanes| vandq_u8(lanes, places));
    let sums = vpaddq_u8(vpaddq_u8(a, b), vpaddq_u8(c, d));
    vgetq_lane_u64::<0>(vreinterpretq_u64_u8(vpaddq_u8(sums, sums)))
}

#[inline]
#[target_feature(enable = "neon")]
fn quarters(block: &[u8; BLOCK]) -> [uint8x16_t; 4] {
    let (quarters, _) = block.as_chunks();
    [0, 1, 2, 3].map(|quarter| quarters.get(quarter).map_or(vdupq_n_u8(0), |quarter| load(quarter)))
}

#[inline]
#[target_feature(enable = "neon")]
fn load(bytes: &[u8; 16]) -> uint8x16_t {
    // SAFETY: there are 16 bytes at the address.
    unsafe { vld1q_u8(bytes.as_ptr()) }
}
