//! Masking against one byte at a time.

use switchover_frame::Mask;

const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

#[test]
fn every_length_phase_and_alignment_is_masked_bytewise() {
    let source: Vec<u8> = (0..=255).collect();
    for len in 0..200 {
        for offset in (0..9).chain([u64::MAX - 2, 1 << 40]) {
            for start in 0..16 {
                let plain = &source[start..start + len];
                // Octet i of a payload is masked by octet i MOD 4 of the key.
                let mut key = KEY.iter().cycle().skip((offset % 4) as usize);
                let masked: Vec<u8> = plain.iter().map(|byte| byte ^ key.next().unwrap()).collect();

                let mut place = source.clone();
                Mask::new(KEY).apply(offset, &mut place[start..start + len]);
                assert_eq!(place[start..start + len], masked);
                assert_eq!(place[..start], source[..start]);
                assert_eq!(place[start + len..], source[start + len..]);

                let mut copy = vec![0xEE; len + 1];
                assert_eq!(Mask::new(KEY).copy(offset, plain, &mut copy), len);
                assert_eq!(copy[..len], masked);
                assert_eq!(copy[len], 0xEE);

                copy.splice(.., [0xEE]);
                Mask::new(KEY).append(offset, plain, &mut copy);
                assert_eq!(copy.split_first(), Some((&0xEE, &masked[..])));
            }
        }
    }
}

/// Long payloads are masked from a cache line on; here they begin at any place in one.
#[test]
fn long_payloads_are_masked_bytewise() {
    let source: Vec<u8> = (0..1 << 13).map(|i: u32| i.to_le_bytes()[0]).collect();
    for len in [4000, 4095, 4096, 4097, 4103, 5000] {
        for offset in [0, 1, 2, 3, 1 << 40, u64::MAX - 10] {
            for start in 0..80 {
                let mut place = source.clone();
                Mask::new(KEY).apply(offset, &mut place[start..start + len]);
                let changed: Vec<u8> = place.iter().zip(&source).map(|(new, old)| new ^ old).collect();
                let (before, rest) = changed.split_at(start);
                let (masked, after) = rest.split_at(len);
                let key = KEY.into_iter().cycle().skip((offset % 4) as usize);
                assert!(masked.iter().copied().eq(key.take(len)), "{len} bytes from {start}, at offset {offset}");
                assert!(before.iter().chain(after).all(|&byte| byte == 0));
            }
        }
    }
}

#[test]
fn a_copy_is_as_long_as_the_shorter_side() {
    let mut short = [0; 3];
    assert_eq!(Mask::new(KEY).copy(0, &[0; 20], &mut short), 3);
    assert_eq!(short, KEY[..3]);
}
