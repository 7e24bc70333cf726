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
