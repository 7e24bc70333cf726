//! Frames written into a buffer of the caller.

use switchover_frame::{BufferTooSmall, FrameHeader, Mask, OpCode, Rsv, encode};

const HEADER: FrameHeader = FrameHeader {
    fin: true,
    rsv: Rsv::NONE,
    opcode: OpCode::Text,
    mask: Some(Mask::new([0x37, 0xFA, 0x21, 0x3D])),
    payload_len: 5,
};

/// RFC 6455, section 5.7: a single-frame masked text message.
const HELLO: &[u8] = b"\x81\x85\x37\xFA\x21\x3D\x7F\x9F\x4D\x51\x58";

#[test]
fn a_frame_is_written_whole_or_not_at_all() {
    for len in 0..20 {
        let mut out = vec![0xEE; len];
        match encode::frame(&HEADER, b"Hello", &mut out) {
            Ok(written) => {
                assert_eq!(out[..written], *HELLO);
                assert!(out[written..].iter().all(|byte| *byte == 0xEE));
            }
            Err(error) => {
                assert!(len < 11);
                assert_eq!(error, BufferTooSmall { needed: 11 });
                assert_eq!(error.to_string(), "buffer too small: 11 bytes are needed");
                assert!(out.iter().all(|byte| *byte == 0xEE));
            }
        }
    }
}

#[test]
fn a_payload_can_follow_piece_by_piece() {
    let mut out = [0; 11];
    let mut at = encode::frame(&HEADER, b"Hel", &mut out).unwrap();
    for (offset, byte) in [(3, b"l"), (4, b"o")] {
        at += HEADER.mask.unwrap().copy(offset, byte, &mut out[at..]);
    }
    assert_eq!(out[..at], *HELLO);
}

#[test]
fn lengths_take_the_fewest_bytes() {
    let lengths: [(u64, &[u8]); 7] = [
        (0, b"\x00"),
        (125, b"\x7D"),
        (126, b"\x7E\x00\x7E"),
        (0xFFFF, b"\x7E\xFF\xFF"),
        (0x1_0000, b"\x7F\0\0\0\0\0\x01\0\0"),
        (u64::from(u32::MAX) + 1, b"\x7F\0\0\0\x01\0\0\0\0"),
        (u64::MAX >> 1, b"\x7F\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF"),
    ];
    for (payload_len, length) in lengths {
        let header = FrameHeader { mask: None, payload_len, ..HEADER };
        assert_eq!(header.encode()[1..], *length);
        assert_eq!(header.encoded_len(), 1 + length.len());
    }
}

/// More than the header declares would be read as the next frame.
#[test]
fn no_more_is_written_than_the_header_declares() {
    let mut out = [0; 20];
    assert_eq!(encode::frame(&HEADER, b"Hello, and more", &mut out), Ok(HELLO.len()));
    assert_eq!(out[..HELLO.len()], *HELLO);
    assert_eq!(FrameHeader::control(OpCode::Ping, 3, None).encode()[..], *b"\x89\x03");
}
