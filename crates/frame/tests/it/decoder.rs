//! The decoder against a plain reading of the rules, however the stream is cut.

use crate::common::{Frame, Trace, decode, encoded, frames, header, max_payload, model, peer_role, role, soup};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use switchover_frame::{
    CloseCode, Decoder, DecoderConfig, FrameHeader, OpCode, Piece, ProtocolError, ProtocolErrorKind, Role, Rsv, Step,
};
use switchover_testkit::frames;
use switchover_testkit::model::Limits;
use switchover_testkit::split::{bytewise, chunks, for_every_split, random_cuts, whole};

/// Lets pass all that the protocol can say.
const ANY: DecoderConfig = DecoderConfig { max_payload: u64::MAX, rsv: Rsv::ALL };

proptest! {
    #[test]
    fn a_header_comes_back_from_its_encoding((role, header) in role().prop_flat_map(|role| (Just(role), header(role)))) {
        let mut bytes = header.encode().to_vec();
        prop_assert_eq!(bytes.len(), header.encoded_len());
        let payload = bytes.len()..bytes.len();
        let step = Decoder::new(role, ANY).decode(&mut bytes);
        let last = header.payload_len == 0;
        let consumed = bytes.len();
        prop_assert_eq!(step, Ok(Step::Done { piece: Piece { header, first: true, last, payload }, consumed }));
    }

    #[test]
    fn frames_come_back_from_their_encoding(
        (role, frames) in role().prop_flat_map(|role| (Just(role), frames(role))),
        cuts in random_cuts(),
    ) {
        let stream = encoded(&frames);
        let expected = Trace { frames, error: None };
        prop_assert_eq!(&decode(role, ANY, &whole(&stream)), &expected);
        prop_assert_eq!(&decode(role, ANY, &cuts.pieces(&stream)), &expected);
        prop_assert_eq!(&decode(role, ANY, &chunks(&stream, 64)), &expected);
    }

    #[test]
    fn valid_streams_are_read_however_they_are_cut(
        (role, case) in role().prop_flat_map(|role| (Just(role), frames::valid(peer_role(role)))),
        cuts in random_cuts(),
    ) {
        let stream = case.bytes();
        for_every_split(&stream, |pieces| assert_eq!(decode(role, NO_LIMIT, pieces).outcome(), case.expected));
        prop_assert_eq!(decode(role, NO_LIMIT, &cuts.pieces(&stream)).outcome(), case.expected);
    }

    #[test]
    fn long_frames_are_read_however_they_are_cut(
        (role, case) in role().prop_flat_map(|role| (Just(role), frames::boundary(peer_role(role)))),
        cuts in random_cuts(),
    ) {
        prop_assert_eq!(decode(role, NO_LIMIT, &cuts.pieces(&case.bytes())).outcome(), case.expected);
    }

    #[test]
    fn broken_streams_are_refused_at_their_byte_however_they_are_cut(
        (role, case) in role().prop_flat_map(|role| (Just(role), frames::broken(peer_role(role), LIMITS))),
        cuts in random_cuts(),
    ) {
        let stream = case.bytes();
        let config = DecoderConfig { max_payload: LIMITS.payload, rsv: Rsv::NONE };
        for_every_split(&stream, |pieces| assert_eq!(decode(role, config, pieces).outcome(), case.expected));
        prop_assert_eq!(decode(role, config, &cuts.pieces(&stream)).outcome(), case.expected);
    }

    #[test]
    fn any_bytes_are_read_as_the_model_reads_them(role in role(), max_payload in max_payload(), stream in soup()) {
        agrees(role, max_payload, &stream);
    }

    #[test]
    fn streams_with_changed_bits_are_read_as_the_model_reads_them(
        (role, case) in role().prop_flat_map(|role| (Just(role), frames::valid(peer_role(role)))),
        max_payload in max_payload(),
        changes in vec((any::<Index>(), 0..14_usize, 0..8_u32), 0..3),
        end: Index,
    ) {
        let mut stream = case.bytes();
        for (frame, byte, bit) in changes {
            // Counted from the beginning of a frame, since most bytes of a stream are payload.
            let start = frames::encode(&case.frames[..frame.index(case.frames.len() + 1)]).len();
            if let Some(byte) = stream.get_mut(start + byte) {
                *byte ^= 1 << bit;
            }
        }
        stream.truncate(end.index(2 * stream.len() + 1));
        agrees(role, max_payload, &stream);
    }
}

/// The decoder gives the same frames and the same error for every split, and reads what the model reads.
fn agrees(role: Role, max_payload: u64, stream: &[u8]) {
    let config = DecoderConfig { max_payload, rsv: Rsv::NONE };
    let trace = decode(role, config, &whole(stream));
    for_every_split(stream, |pieces| assert_eq!(decode(role, config, pieces), trace));
    assert_eq!(trace.outcome(), model(role, max_payload, stream));
}

const NO_LIMIT: DecoderConfig = DecoderConfig { max_payload: u64::MAX, rsv: Rsv::NONE };

/// Limits on messages are not the decoder's: without them, no broken stream breaks them.
const LIMITS: Limits = Limits { payload: 300, message: u64::MAX, fragments: u64::MAX };

#[test]
fn every_pair_of_first_bytes_is_read_as_the_model_reads_it() {
    let config = DecoderConfig { max_payload: 1000, rsv: Rsv::NONE };
    for role in [Role::Client, Role::Server] {
        for (first, second) in (0..=255).flat_map(|first| (0..=255).map(move |second| (first, second))) {
            for rest in [&[0; 12], &[0xFF; 12], &[0, 0, 0, 0, 0, 1, 0, 0, 5, 6, 7, 8], &[1; 12]] {
                let stream = [&[first, second], &rest[..]].concat();
                let expected = model(role, config.max_payload, &stream);
                assert_eq!(decode(role, config, &whole(&stream)).outcome(), expected, "{stream:x?}");
                assert_eq!(decode(role, config, &bytewise(&stream)).outcome(), expected, "{stream:x?}");
            }
        }
    }
}

/// What is agreed on behind the beginning of the stream holds from the next header on, and undoes no error.
#[test]
fn more_reserved_bits_may_be_allowed() {
    let mut decoder = Decoder::new(Role::Client, DecoderConfig { rsv: Rsv::RSV2, ..NO_LIMIT });
    assert!(matches!(decoder.decode(&mut [0xA2, 0]), Ok(Step::Done { .. })));
    decoder.allow(Rsv::RSV1);
    for first in [0xA2, 0xC2, 0xE2] {
        assert!(matches!(decoder.decode(&mut [first, 0]), Ok(Step::Done { .. })), "{first:x}");
    }
    for input in [&mut [0x92, 0][..], &mut [0x82, 0], &mut []] {
        let error = decoder.decode(input).unwrap_err();
        assert_eq!(error, ProtocolError::new(ProtocolErrorKind::ReservedBits(Rsv::RSV3), 8));
        decoder.allow(Rsv::RSV3);
    }
}

#[test]
fn reserved_bits_pass_where_they_are_agreed_on() {
    for allowed in 0..8_u8 {
        for set in 0..8_u8 {
            let config = DecoderConfig { rsv: Rsv::from_bits(allowed << 4), ..NO_LIMIT };
            let trace = decode(Role::Client, config, &[&[0x82 | set << 4, 0]]);
            if set & !allowed == 0 {
                assert_eq!((trace.frames[0].0.rsv.bits(), trace.error), (set << 4, None));
            } else {
                let kind = ProtocolErrorKind::ReservedBits(Rsv::from_bits(set << 4));
                assert_eq!(trace.error, Some(ProtocolError::new(kind, 0)));
            }
        }
    }
}

/// One violation at a time: its kind, the offset of its byte, its section and close code.
#[track_caller]
fn refused(role: Role, stream: &[u8], kind: ProtocolErrorKind, offset: u64, text: &str) {
    let config = DecoderConfig { max_payload: 70_000, rsv: Rsv::NONE };
    for_every_split(&[stream, &[0; 20]].concat(), |pieces| {
        let error = decode(role, config, pieces).error.expect("the stream is broken");
        assert_eq!((error.kind(), error.offset()), (kind, offset));
        assert_eq!(error.to_string(), text);
    });
    // The verdict comes with the byte, not with what follows it.
    assert_eq!(decode(role, config, &[stream]).error.map(|error| error.kind()), Some(kind));
}

#[test]
fn masking_goes_by_role() {
    refused(
        Role::Server,
        b"\x81\x05",
        ProtocolErrorKind::Unmasked,
        1,
        "unmasked frame from a client at offset 1 (RFC 6455, section 5.1)",
    );
    refused(
        Role::Client,
        b"\x8A\x00\x81\x85",
        ProtocolErrorKind::Masked,
        3,
        "masked frame from a server at offset 3 (RFC 6455, section 5.1)",
    );
}

#[test]
fn reserved_bits_and_opcodes_are_refused() {
    for (byte, bits) in [(0xC1, Rsv::RSV1), (0xA1, Rsv::RSV2), (0x91, Rsv::RSV3), (0xF1, Rsv::ALL)] {
        let text = format!("reserved bits {:#04x} at offset 0 (RFC 6455, section 5.2)", bits.bits());
        refused(Role::Client, &[byte], ProtocolErrorKind::ReservedBits(bits), 0, &text);
    }
    for number in [0x3, 0x4, 0x5, 0x6, 0x7, 0xB, 0xC, 0xD, 0xE, 0xF] {
        let text = format!("reserved opcode {number:#x} at offset 2 (RFC 6455, section 5.2)");
        let kind = ProtocolErrorKind::ReservedOpCode(number);
        refused(Role::Client, &[0x8A, 0, 0x80 | number], kind, 2, &text);
    }
}

#[test]
fn control_frames_are_short_and_whole() {
    for opcode in [OpCode::Close, OpCode::Ping, OpCode::Pong] {
        let number = opcode.as_u8();
        for len in [126, 127] {
            let text = format!("{opcode} frame longer than 125 bytes at offset 1 (RFC 6455, section 5.5)");
            let kind = ProtocolErrorKind::ControlTooLong(opcode);
            refused(Role::Client, &[0x80 | number, len], kind, 1, &text);
        }
        let text = format!("fragmented {opcode} frame at offset 0 (RFC 6455, section 5.5)");
        refused(Role::Client, &[number], ProtocolErrorKind::FragmentedControl(opcode), 0, &text);
    }
}

#[test]
fn lengths_are_minimal_and_have_no_top_bit() {
    let not_minimal = "payload length not in the fewest bytes at offset 2 (RFC 6455, section 5.2)";
    for stream in [&b"\x82\x7E\x00\x00"[..], b"\x82\x7E\x00\x7D", b"\x82\x7F\0\0\0\0\0\0"] {
        refused(Role::Client, stream, ProtocolErrorKind::LengthNotMinimal, 2, not_minimal);
    }
    for stream in [&b"\x82\x7F\x80"[..], b"\x82\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"] {
        let text = "payload length with its top bit set at offset 2 (RFC 6455, section 5.2)";
        refused(Role::Client, stream, ProtocolErrorKind::LengthTopBit, 2, text);
    }
}

#[test]
fn a_declared_length_over_the_limit_is_refused_before_its_payload() {
    let too_long = [
        (&b"\x82\x7F\0\0\0\0\0\x01\x11\x71"[..], 70_001),
        (b"\x82\x7F\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", u64::MAX >> 1),
    ];
    for (stream, len) in too_long {
        let text = format!("payload of {len} bytes over the limit at offset 2 (RFC 6455, section 10.4)");
        refused(Role::Client, stream, ProtocolErrorKind::PayloadTooLong(len), 2, &text);
    }
    assert_eq!(ProtocolErrorKind::PayloadTooLong(1).close_code(), CloseCode::MESSAGE_TOO_BIG);

    let tight = DecoderConfig { max_payload: 3, rsv: Rsv::NONE };
    let error = decode(Role::Client, tight, &[b"\x89\x04ping\x82\x04"]).error.unwrap();
    assert_eq!((error.kind(), error.offset()), (ProtocolErrorKind::PayloadTooLong(4), 7));
}

#[test]
fn fragments_come_in_order() {
    let text = "continuation frame without a message to continue at offset 0 (RFC 6455, section 5.4)";
    for byte in [0x00, 0x80] {
        refused(Role::Client, &[byte], ProtocolErrorKind::UnexpectedContinuation, 0, text);
    }
    let text = "continuation frame without a message to continue at offset 5 (RFC 6455, section 5.4)";
    let after_the_end = b"\x01\x01a\x80\x00\x80";
    refused(Role::Client, after_the_end, ProtocolErrorKind::UnexpectedContinuation, 5, text);
    for (number, opcode) in [(0x01, OpCode::Text), (0x82, OpCode::Binary)] {
        let text = format!("{opcode} frame inside a fragmented message at offset 5 (RFC 6455, section 5.4)");
        let kind = ProtocolErrorKind::InterruptedMessage(opcode);
        refused(Role::Client, &[0x02, 0x01, b'a', 0x89, 0x00, number], kind, 5, &text);
    }
}

/// A header says how long it is in its second byte; before that, the shortest one is reckoned with.
#[test]
fn at_least_is_as_much_as_the_bytes_tell() {
    let at_least = |role, mut front: Vec<u8>| match Decoder::new(role, NO_LIMIT).decode(&mut front) {
        Ok(Step::NeedMore { at_least }) => at_least,
        other => panic!("the header is not whole: {other:?}"),
    };
    for (second, length) in [(5, &[][..]), (126, &[1, 0]), (127, &[0, 0, 0, 1, 0, 0, 0, 0])] {
        let client = [&[0x82, second], length].concat();
        let server = [&[0x82, 0x80 | second], length, &[1, 2, 3, 4]].concat();
        for (role, header, shortest) in [(Role::Client, client, 2), (Role::Server, server, 6)] {
            for taken in 0..header.len() {
                let expected = if taken < 2 { shortest } else { header.len() } - taken;
                assert_eq!(at_least(role, header[..taken].to_vec()), expected, "{role:?} {header:x?} {taken}");
            }
        }
    }
}

/// RFC 6455, section 5.7.
#[test]
fn the_examples_of_the_rfc_are_read() {
    let data = |opcode, fin, payload_len| FrameHeader { fin, rsv: Rsv::NONE, opcode, mask: None, payload_len };
    let large = [&b"\x82\x7F\0\0\0\0\0\x01\0\0"[..], &[7; 65_536]].concat();
    let examples: [(&[u8], Vec<Frame>); 4] = [
        (b"\x81\x05Hello", vec![(data(OpCode::Text, true, 5), b"Hello".to_vec())]),
        (
            b"\x01\x03Hel\x80\x02lo",
            vec![
                (data(OpCode::Text, false, 3), b"Hel".to_vec()),
                (data(OpCode::Continuation, true, 2), b"lo".to_vec()),
            ],
        ),
        (b"\x89\x05Hello", vec![(data(OpCode::Ping, true, 5), b"Hello".to_vec())]),
        (&large, vec![(data(OpCode::Binary, true, 65_536), vec![7; 65_536])]),
    ];
    for (stream, frames) in examples {
        let trace = decode(Role::Client, DecoderConfig::default(), &[stream]);
        assert_eq!(trace, Trace { frames, error: None });
    }
    let masked = b"\x81\x85\x37\xFA\x21\x3D\x7F\x9F\x4D\x51\x58";
    for_every_split(masked, |pieces| {
        let trace = decode(Role::Server, DecoderConfig::default(), pieces);
        assert_eq!(trace.frames[0].1, b"Hello");
    });
}

/// Between two messages a decoder is nothing but its offset: another one goes on where it stopped, and errors are told of the same
/// place.
#[test]
fn another_decoder_goes_on() {
    let config = DecoderConfig::default();
    let mut stream = b"\x01\x01a\x89\x01?\x80\x01b\x82\x00\x81\x02cd\x83".to_vec();
    let between = [9, 11, 15];
    let mut decoder = Decoder::new(Role::Client, config);
    assert!(decoder.is_between_messages());
    let last = stream.len() - 1;
    for (at, byte) in stream.iter_mut().enumerate() {
        let step = decoder.decode(&mut [*byte]);
        assert_eq!(step.is_err(), at == last);
        if let Err(error) = step {
            assert_eq!(error.offset(), 15);
        }
        assert_eq!(decoder.is_between_messages(), between.contains(&(at + 1)), "{at}");
        if decoder.is_between_messages() {
            decoder = Decoder::new(Role::Client, config).at(decoder.offset());
            assert_eq!(decoder.offset(), at as u64 + 1);
        }
    }
}

/// Where a decoder is: in the payload of a frame, or between two frames.
#[test]
fn how_much_of_a_payload_was_delivered() {
    let header = FrameHeader { fin: true, rsv: Rsv::NONE, opcode: OpCode::Binary, mask: None, payload_len: 5 };
    let mut stream = [0x82, 5, 1, 2, 3, 4, 5, 0x82, 0];
    let mut decoder = Decoder::new(Role::Client, NO_LIMIT);
    let mut found = Vec::new();
    for byte in &mut stream {
        decoder.decode(core::slice::from_mut(byte)).unwrap();
        found.push(decoder.in_payload().map(|(header, len)| (*header, len)));
    }
    let within = |len| Some((header, len));
    assert_eq!(found, [None, within(0), within(1), within(2), within(3), within(4), None, None, None]);
}

#[test]
fn a_decoder_tells_its_limit() {
    for max_payload in [0, 1, 125, 1 << 40] {
        let config = DecoderConfig { max_payload, ..DecoderConfig::default() };
        assert_eq!(Decoder::new(Role::Server, config).max_payload(), max_payload);
    }
    assert_eq!(DecoderConfig::default(), DecoderConfig { max_payload: 16 << 20, rsv: Rsv::NONE });
}

#[test]
fn reserved_bits_are_a_set() {
    let bits = [Rsv::RSV1, Rsv::RSV2, Rsv::RSV3];
    assert_eq!(bits.map(Rsv::bits), [0x40, 0x20, 0x10]);
    for number in 0..8 {
        let set = Rsv::from_bits(number << 4 | 0x8F);
        let members = bits.map(|bit| number << 4 & bit.bits() != 0);
        assert_eq!(bits.map(|bit| set.contains(bit)), members);
        assert_eq!(
            bits.into_iter().zip(members).fold(Rsv::NONE, |all, (bit, is)| if is { all | bit } else { all }),
            set
        );
        assert_eq!((set.is_empty(), set.contains(Rsv::ALL)), (number == 0, number == 7));
        assert!(set.contains(Rsv::NONE) && set.contains(set));
    }
}

#[test]
fn a_decoder_is_small() {
    let size = size_of::<Decoder>();
    println!("a decoder has {size} bytes");
    assert!(size <= 72, "{size}");
}
