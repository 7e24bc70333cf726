//! Every backend against one byte at a time: all lengths around the sizes of vectors and of rounds of them, wherever they lie
//! in a cache line, under all phases of the key.

use core::mem::MaybeUninit;
use std::{iter, vec, vec::Vec};

use super::{Backend, Instructions, append, apply, copy};

/// Bytes before and behind what is masked.
const AROUND: usize = 3;

/// A vector of the widest kind.
const WIDEST: usize = 64;

fn lengths() -> impl Iterator<Item = usize> {
    // From none to more than one round of the widest vectors, and what is left of it; and what words take from a cache line on.
    (0..=2 * WIDEST + 40).chain(4 * WIDEST - 2..=4 * WIDEST + 70).chain([600, 4095, 4096, 4097, 4173])
}

fn noise(len: usize, seed: usize) -> Vec<u8> {
    (seed..seed + len).map(|at| at.wrapping_mul(0x9E37_79B9).to_le_bytes()[2]).collect()
}

fn word(key: [u8; 4], phase: u32) -> u64 {
    let key = u32::from_le_bytes(key).rotate_right(8 * phase);
    u64::from(key) << 32 | u64::from(key)
}

/// RFC 6455, section 5.3.
fn expected(bytes: &[u8], key: [u8; 4], phase: u32) -> Vec<u8> {
    bytes.iter().zip((phase as usize..).map(|at| key[at % 4])).map(|(byte, key)| byte ^ key).collect()
}

const KEYS: [[u8; 4]; 4] = [[0x37, 0xFA, 0x21, 0x3D], [0; 4], [0xFF; 4], [0x80, 0, 0x7F, 1]];

/// Masks so many bytes that begin so far behind a cache line; nothing around them changes.
#[track_caller]
fn check_in_place(len: usize, start: usize, key: [u8; 4], phase: u32, mask: impl Fn(&mut [u8], u64)) {
    let mut memory = vec![0x55; AROUND + WIDEST + start + len + AROUND];
    let first = AROUND + (memory.as_ptr().addr() + AROUND).wrapping_neg() % WIDEST + start;
    let memory = &mut memory[..first + len + AROUND];
    let plain = noise(len, start);
    memory[first..first + len].copy_from_slice(&plain);
    mask(&mut memory[first..first + len], word(key, phase));
    assert!(memory[first..first + len] == expected(&plain, key, phase), "{len} bytes at {start}, phase {phase}");
    assert!(memory[..first].iter().chain(&memory[first + len..]).all(|byte| *byte == 0x55), "{len} bytes at {start}");
}

/// Whoever asks, and however often.
#[cfg(all(target_arch = "x86_64", target_feature = "sse2", feature = "std"))]
#[test]
fn the_processor_is_asked_for_its_vectors() {
    use std::arch::is_x86_feature_detected as has;
    let best = match (has!("avx512f") && has!("avx512vbmi"), has!("avx2")) {
        (true, _) => Instructions::Avx512,
        (false, true) => Instructions::Avx2,
        (false, false) => Instructions::Words,
    };
    assert_eq!([Backend::best().0, Backend::best().0], [best; 2]);
}

#[test]
fn the_best_backend_is_the_last() {
    assert_eq!(Backend::available().next(), Some(Backend(Instructions::Words)));
    assert_eq!(Backend::available().last(), Some(Backend::best()));
    std::println!("masks by {:?}", Backend::available().collect::<Vec<_>>());
    #[cfg(all(target_arch = "x86_64", target_feature = "sse2", feature = "std"))]
    assert_eq!(Backend::available().count() > 1, std::arch::is_x86_feature_detected!("avx2"));
}

#[test]
fn every_length_in_place() {
    for backend in Backend::available() {
        for len in lengths() {
            for start in [0, 1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 40, 47, 48, 62, 63] {
                for phase in 0..4 {
                    check_in_place(len, start, KEYS[0], phase, |bytes, word| backend.apply(bytes, word));
                }
            }
        }
    }
}

#[test]
fn every_start_in_place() {
    for backend in Backend::available() {
        for len in [31, 32, 63, 64, 65, 100, 127, 128, 129, 300, 4_200] {
            for start in 0..WIDEST {
                for (key, phase) in KEYS.into_iter().zip(0..4) {
                    check_in_place(len, start, key, phase, |bytes, word| backend.apply(bytes, word));
                }
            }
        }
    }
}

/// Whichever backend is chosen for a length.
#[test]
fn every_length_by_the_chosen_backend() {
    for len in lengths() {
        for phase in 0..4 {
            check_in_place(len, 1, KEYS[0], phase, apply);
            let (plain, word) = (noise(len, 0), word(KEYS[0], phase));
            let mut to = vec![0x55; len + AROUND];
            assert_eq!(copy(&plain, &mut to, word), len);
            assert!(to[..len] == expected(&plain, KEYS[0], phase) && to[len..] == [0x55; AROUND], "{len}");
            #[cfg(feature = "alloc")]
            {
                to.truncate(AROUND);
                let before = to.clone();
                append(&plain, &mut to, word);
                assert!(to == [before, expected(&plain, KEYS[0], phase)].concat(), "{len}");
            }
        }
    }
}

/// A copy is as long as the shorter of the two; from and to wherever they are.
#[test]
fn every_copy() {
    for backend in Backend::available() {
        for len in lengths() {
            for (start, from_start) in [(0, 0), (0, 1), (1, 0), (3, 2), (31, 5), (32, 33), (63, 62), (40, 64)] {
                for phase in 0..4 {
                    let from = noise(from_start + len, start);
                    let plain = &from[from_start..];
                    for (more_from, more_to) in [(0, AROUND), (AROUND, 0)] {
                        let longer = [plain, &[0; AROUND][..more_from]].concat();
                        let mut memory = vec![MaybeUninit::new(0x55_u8); AROUND + WIDEST + start + len + more_to];
                        let first = AROUND + (memory.as_ptr().addr() + AROUND).wrapping_neg() % WIDEST + start;
                        let end = first + len;
                        memory.resize(end + more_to, MaybeUninit::new(0x55));
                        let copied = backend.copy(&longer, &mut memory[first..], word(KEYS[0], phase));
                        // SAFETY: they were initialized before.
                        let memory: Vec<u8> = memory.into_iter().map(|byte| unsafe { byte.assume_init() }).collect();
                        assert_eq!(copied, len);
                        assert!(memory[first..end] == expected(plain, KEYS[0], phase), "{len} at {start}, {phase}");
                        assert!(memory[..first].iter().chain(&memory[end..]).all(|byte| *byte == 0x55), "{len}");
                    }
                }
            }
        }
    }
}

/// What is appended to is not read, and grows no further than it has to.
#[cfg(feature = "alloc")]
#[test]
fn appending_again_and_again() {
    let mut all = Vec::new();
    let mut plain = Vec::new();
    let key = KEYS[0];
    for len in [0, 1, 5, 63, 64, 65, 200, 3, 1_000, 4_100] {
        let piece = noise(len, len);
        append(&piece, &mut all, word(key, (plain.len() % 4).try_into().unwrap()));
        plain.extend_from_slice(&piece);
        let keys = iter::repeat(key).flatten();
        assert!(all.iter().zip(keys).map(|(byte, key)| byte ^ key).eq(plain.iter().copied()), "{len}");
        assert_eq!(all.len(), plain.len());
    }
}
