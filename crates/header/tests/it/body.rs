//! Bodies in every framing (RFC 9112, section 6.3), decoded item by item and in place.

use proptest::prelude::*;
use switchover_header::{
    BodyDecoder, BodyItem, BodyLimits, EndOfInput, FieldSlots, FieldTable, Framing, Limits, RequestScan, ResponseScan,
    Step,
};
use switchover_testkit::{alloc, split};

use crate::reference::{End, Outcome, bodies, outcome_of, outcome_with};

fn framed(framing: Framing) -> impl Fn() -> BodyDecoder {
    move || BodyDecoder::response(framing, BodyLimits::default())
}

/// A body without trailers.
fn whole(data: &[u8]) -> Outcome {
    Outcome { data: data.to_vec(), end: End::Body { trailers: vec![], consumed: data.len() } }
}

proptest! {
    #[test]
    fn a_length_is_taken_to_the_byte(bytes: Vec<u8>, cuts in split::random_cuts(), end in any::<prop::sample::Index>()) {
        let end = end.index(bytes.len() + 1);
        let new = framed(Framing::Length(end as u64));
        // A last, empty piece, where all that is left to say is that the body has ended.
        let pieces = [cuts.pieces(&bytes), vec![b""]].concat();
        prop_assert_eq!(outcome_of(&pieces, &new), whole(&bytes[..end]));
        let longer = framed(Framing::Length(bytes.len() as u64 + 1));
        prop_assert_eq!(outcome_of(&pieces, &longer), Outcome { data: bytes, end: End::NeedMore });
    }

    #[test]
    fn without_a_body_nothing_is_taken(bytes: Vec<u8>, cuts in split::random_cuts()) {
        prop_assert_eq!(outcome_of(&cuts.pieces(&bytes), &framed(Framing::None)), whole(b""));
    }

    #[test]
    fn until_the_end_of_the_connection_all_is_data(bytes: Vec<u8>, cuts in split::random_cuts()) {
        let outcome = outcome_of(&cuts.pieces(&bytes), &framed(Framing::UntilClose));
        prop_assert_eq!(outcome, Outcome { data: bytes, end: End::NeedMore });
    }

    /// Only a body that has all of its bytes is complete when the connection ends, whatever was asked of it before.
    #[test]
    fn the_end_of_the_input_is_judged(encoded in bodies(), cut in any::<prop::sample::Index>(), calls in 0..3usize) {
        let length = encoded.bytes.len();
        let cut = cut.index(length + 1);
        for (framing, complete) in [
            (Framing::None, true),
            (Framing::Length(length as u64), cut == length),
            (Framing::Chunked, cut == length),
            (Framing::UntilClose, true),
        ] {
            let mut body = BodyDecoder::request(framing, BodyLimits::default());
            let (mut input, mut fields) = (encoded.bytes[..cut].to_vec(), FieldTable::<1>::new());
            let _ = body.decode_in_place(&mut input, &mut fields);
            let expected = if complete { EndOfInput::Complete } else { EndOfInput::CutShort };
            for _ in 0..=calls {
                prop_assert_eq!(body.end_of_input(), expected);
            }
        }
    }
}

#[test]
fn vectors_in_every_split() {
    assert_eq!(outcome_with(b"hello", &framed(Framing::Length(5))), whole(b"hello"));
    let chunked = Outcome { data: b"x".to_vec(), end: End::Body { trailers: vec![], consumed: 11 } };
    assert_eq!(outcome_with(b"1\r\nx\r\n0\r\n\r\n", &framed(Framing::Chunked)), chunked);
    let expected = Outcome { data: b"1\r\nx\r\n".to_vec(), end: End::NeedMore };
    assert_eq!(outcome_with(b"1\r\nx\r\n", &framed(Framing::UntilClose)), expected);
    assert_eq!(outcome_with(b"1\r\nx\r\n", &framed(Framing::Length(u64::MAX))), expected);
    // No piece at all, no call at all: hence one more piece.
    for framing in [Framing::None, Framing::Length(0)] {
        assert_eq!(outcome_of(&[b""], &framed(framing)), whole(b""));
        assert_eq!(outcome_of(&[b"GET / HTTP/1.1\r\n"], &framed(framing)), whole(b""));
    }
}

/// What was asked for is what the next item takes: one byte of data.
#[test]
fn at_least_is_one_byte_of_data() {
    for framing in [Framing::Length(9), Framing::UntilClose] {
        let mut body = framed(framing)();
        let step = body.decode(b"", &mut FieldTable::<0>::new()).unwrap().map(drop);
        assert_eq!(step, Step::NeedMore { at_least: 1 });
        let mut fields = FieldTable::<0>::new();
        let Ok(Step::Done { value: BodyItem::Data(range), consumed: 1 }) = body.decode(b"x", &mut fields) else {
            panic!("no data")
        };
        assert_eq!(range, 0..1);
    }
}

/// The end of the connection ends the data, and the items say so.
#[test]
fn a_body_until_close_ends_when_it_is_told() {
    let mut body = framed(Framing::UntilClose)();
    let mut fields = FieldTable::<0>::new();
    assert!(matches!(body.decode(b"hello", &mut fields), Ok(Step::Done { value: BodyItem::Data(_), consumed: 5 })));
    assert_eq!(body.end_of_input(), EndOfInput::Complete);
    assert!(matches!(body.decode(b"", &mut fields), Ok(Step::Done { value: BodyItem::DataEnd, consumed: 0 })));
    assert!(matches!(body.decode(b"", &mut fields), Ok(Step::Done { value: BodyItem::End(_), consumed: 0 })));
    assert_eq!((body.end_of_input(), body.offset()), (EndOfInput::Complete, 5));

    let mut body = framed(Framing::UntilClose)();
    assert_eq!(body.end_of_input(), EndOfInput::Complete);
    let mut input = *b"";
    let decoded = body.decode_in_place(&mut input, &mut fields);
    assert_eq!((decoded.data, decoded.consumed), (0, 0));
    assert!(matches!(decoded.end, Ok(Step::Done { consumed: 0, .. })));
}

/// The verdict changes nothing for the others: bytes that were forgotten are still read.
#[test]
fn a_body_that_is_cut_short_goes_on_as_before() {
    for (framing, rest) in [(Framing::Length(6), &b"!"[..]), (Framing::Chunked, b"!\r\n0\r\n\r\n")] {
        let mut body = framed(framing)();
        let mut fields = FieldTable::<0>::new();
        let mut input = match framing {
            Framing::Chunked => b"6\r\nhello".to_vec(),
            _ => b"hello".to_vec(),
        };
        assert_eq!(body.decode_in_place(&mut input, &mut fields).data, 5);
        assert_eq!(body.end_of_input(), EndOfInput::CutShort);
        let mut input = rest.to_vec();
        assert_eq!(body.decode_in_place(&mut input, &mut fields).data, 1);
        assert_eq!(body.end_of_input(), EndOfInput::Complete);
    }
}

/// Data that were delimited before the body was said to have ended are all there.
#[test]
fn a_length_is_complete_with_its_last_byte() {
    let mut body = framed(Framing::Length(5))();
    let mut fields = FieldTable::<0>::new();
    assert_eq!(body.end_of_input(), EndOfInput::CutShort);
    assert!(matches!(body.decode(b"hell", &mut fields), Ok(Step::Done { consumed: 4, .. })));
    assert_eq!(body.end_of_input(), EndOfInput::CutShort);
    assert!(matches!(body.decode(b"oGET", &mut fields), Ok(Step::Done { consumed: 1, .. })));
    assert_eq!(body.end_of_input(), EndOfInput::Complete);
}

#[test]
fn data_move_to_the_front() {
    let mut input = *b"5\r\nhello\r\n6;a\r\n world\r\n0\r\nDigest: x\r\n\r\n\x81\x00";
    let mut fields = FieldTable::<1>::new();
    let decoded = framed(Framing::Chunked)().decode_in_place(&mut input, &mut fields);
    let (data, consumed) = (decoded.data, decoded.consumed);
    let Ok(Step::Done { value, consumed: end }) = decoded.end else { panic!("refused") };
    assert_eq!(value.values("digest").next(), Some(&b"x"[..]));
    assert_eq!(value.bytes(), b"Digest: x\r\n\r\n");
    assert_eq!(consumed, end);
    assert_eq!((&input[..data], &input[consumed..]), (&b"hello world"[..], &b"\x81\x00"[..]));
}

/// What came before an error is given, in the same call.
#[test]
fn data_in_front_of_an_error_are_not_lost() {
    let mut input = *b"5\r\nhello\r\n+5\r\nworld";
    let mut fields = FieldTable::<1>::new();
    let mut body = framed(Framing::Chunked)();
    let decoded = body.decode_in_place(&mut input, &mut fields);
    assert_eq!((decoded.data, decoded.consumed), (5, 8));
    assert_eq!(decoded.end.unwrap_err().offset(), 10);
    assert_eq!(&input[..5], b"hello");
}

/// From the head to what follows the body, in one buffer.
#[test]
fn a_body_behind_its_head() {
    let received = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\nGET";
    let mut fields = FieldTable::<4>::new();
    let mut scan = RequestScan::new(Limits::default());
    let Ok(Step::Done { value: head, consumed }) = scan.scan(received, &mut fields) else { panic!("refused") };
    let mut body = BodyDecoder::request(head.framing(), BodyLimits::default());
    let mut input = received[consumed..].to_vec();
    let decoded = body.decode_in_place(&mut input, &mut fields);
    assert_eq!((decoded.data, decoded.consumed), (2, 12));
    assert_eq!((&input[..2], &input[12..]), (&b"hi"[..], &b"GET"[..]));

    let received = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nnope";
    let mut scan = ResponseScan::new(Limits::default());
    let Ok(Step::Done { value: head, consumed }) = scan.scan(received, &mut fields) else { panic!("refused") };
    let mut body = BodyDecoder::response(head.framing("GET").unwrap(), BodyLimits::default());
    let mut input = received[consumed..].to_vec();
    let decoded = body.decode_in_place(&mut input, &mut fields);
    assert_eq!((decoded.data, decoded.consumed, &input[..]), (4, 4, &b"nope"[..]));
}

/// Neither a body nor the size it declares costs memory.
#[test]
fn nothing_is_allocated() {
    let bytes: Vec<u8> = b"5;a=\"b\"\r\nhello\r\n".repeat(2_000).into_iter().chain(*b"fffffffff\r\nx").collect();
    let mut input = bytes.clone();
    let ((), allocations) = alloc::measure(|| {
        let mut fields = FieldSlots::new(&mut []);
        let decoded = framed(Framing::Chunked)().decode_in_place(&mut input, &mut fields);
        assert_eq!(decoded.data, 5 * 2_000 + 1);
        for piece in bytes.chunks(7) {
            let _ = framed(Framing::Length(u64::MAX))().decode(piece, &mut fields);
        }
    });
    assert_eq!(allocations.count, 0);
}

/// It is a few numbers: it can live in the state of a connection.
#[test]
fn a_decoder_is_small() {
    let size = size_of::<BodyDecoder>();
    assert!(size <= 256, "{size}");
}
