//! The chunked transfer coding (RFC 9112, section 7.1): what holds of all bodies, and of single ones.

mod attacks;
mod model;

use proptest::prelude::*;
use switchover_header::{
    BodyDecoder, BodyErrorKind as Kind, BodyItem, BodyLimits, EndOfInput, FieldTable, Framing, HeadErrorKind, Status,
    Step,
};
use switchover_testkit::split;

use crate::reference::{
    End, Outcome, TRAILING, bodies, body, chunked, decode, limited, limits, outcome_of, outcome_with, soup, unmarked,
};

/// Asserts that a body is refused for `kind` at the byte behind the marker `@@` in `marked`, which is taken out first,
/// and gives the data in front of it.
#[track_caller]
fn assert_refused(marked: &[u8], kind: Kind) -> Vec<u8> {
    let (bytes, offset) = unmarked(marked);
    match outcome_with(&bytes, &chunked) {
        Outcome { data, end: End::Error(error) } => {
            assert_eq!((error.kind(), error.offset()), (kind, offset as u64), "{}", marked.escape_ascii());
            assert_eq!((error.byte(), error.status()), (Some(bytes[offset]), Status::BAD_REQUEST));
            data
        }
        other => panic!("{}: {other:?}", marked.escape_ascii()),
    }
}

proptest! {
    #[test]
    fn what_was_encoded_is_decoded_under_any_split(encoded in bodies(), cuts in split::random_cuts()) {
        let expected = Outcome {
            data: encoded.data,
            end: End::Body { trailers: encoded.trailers, consumed: encoded.bytes.len() },
        };
        let bytes = split::with_trailing(&encoded.bytes, TRAILING);
        prop_assert_eq!(outcome_of(&cuts.pieces(&bytes), &chunked), expected.clone());
        prop_assert_eq!(outcome_of(&split::bytewise(&bytes), &chunked), expected.clone());
        prop_assert_eq!(model::decode(&bytes), Some((expected.data, encoded.bytes.len())));
    }

    #[test]
    fn any_bytes_give_the_same_under_any_split(bytes in soup(), limits in limits(), cuts in split::random_cuts()) {
        let new = limited(limits);
        let whole = outcome_of(&[&bytes], &new);
        prop_assert_eq!(outcome_of(&cuts.pieces(&bytes), &new), whole.clone());
        prop_assert_eq!(outcome_of(&split::bytewise(&bytes), &new), whole);
    }

    /// What the grammar has is decoded, and nothing else.
    #[test]
    fn any_bytes_are_a_body_where_the_model_says_so(bytes in soup()) {
        let outcome = decode(&[&bytes], &chunked);
        let found = match outcome.end {
            End::Body { consumed, .. } => Some((outcome.data, consumed)),
            _ => None,
        };
        prop_assert_eq!(found, model::decode(&bytes));
    }

    #[test]
    fn wild_bytes_never_panic(bytes: Vec<u8>, cuts in split::random_cuts()) {
        outcome_of(&cuts.pieces(&bytes), &chunked);
    }

    /// The extensions of a body are counted over all of it: it has room for exactly as many as it has.
    #[test]
    fn extensions_are_counted_to_the_byte(encoded in bodies()) {
        let limits = |extensions| BodyLimits { extensions, ..BodyLimits::default() };
        let end = decode(&[&encoded.bytes], &limited(limits(encoded.extensions))).end;
        let complete = matches!(end, End::Body { .. });
        prop_assert!(complete);
        if encoded.extensions > 0 {
            let End::Error(error) = decode(&[&encoded.bytes], &limited(limits(encoded.extensions - 1))).end else {
                panic!("one too many is accepted")
            };
            prop_assert_eq!(error.kind(), Kind::ExtensionsTooLong);
        }
    }

    /// No data and no end are there before as many further bytes as were asked for.
    #[test]
    fn at_least_is_a_lower_bound(encoded in bodies(), cut in any::<prop::sample::Index>()) {
        let bytes = &encoded.bytes;
        let cut = cut.index(bytes.len());
        let (mut body, mut fields, mut start) = (chunked(), FieldTable::<4>::new(), 0);
        let at_least = loop {
            match body.decode(&bytes[start..cut], &mut fields).unwrap() {
                Step::Done { value: BodyItem::End(_), .. } => panic!("complete too early"),
                Step::Done { consumed, .. } => start += consumed,
                Step::NeedMore { at_least } => break at_least,
            }
        };
        prop_assert!((1..=bytes.len() - cut).contains(&at_least));
        let mut rest = &bytes[start..cut + at_least - 1];
        loop {
            match body.decode(rest, &mut fields).unwrap() {
                Step::Done { value: BodyItem::Framing, consumed } => rest = &rest[consumed..],
                Step::Done { value, .. } => panic!("{value:?} came too early"),
                Step::NeedMore { .. } => break,
            }
        }
    }
}

/// The bound is exact for the shortest lines, so it is not just 1 everywhere.
#[test]
fn at_least_is_what_the_shortest_continuation_has() {
    for (bytes, shortest) in [
        (&b""[..], &b"0\r\n"[..]),
        (b"0", b"\r\n"),
        (b"00", b"\r\n"),
        (b"1", b"\r\nx"),
        (b"0 ", b";a\r\n"),
        (b"1\t", b";a\r\nx"),
        (b"0;", b"a\r\n"),
        (b"1; ", b"a\r\nx"),
        (b"0;a", b"\r\n"),
        (b"1;a", b"\r\nx"),
        (b"0;a ", b";a\r\n"),
        (b"1;a ", b"=a\r\nx"),
        (b"0;a=", b"a\r\n"),
        (b"1;a= ", b"a\r\nx"),
        (b"0;a=b", b"\r\n"),
        (b"1;a=b", b"\r\nx"),
        (b"0;a=b ", b";a\r\n"),
        (b"0;a=\"", b"\"\r\n"),
        (b"1;a=\"b", b"\"\r\nx"),
        (b"0;a=\"\\", b"a\"\r\n"),
        (b"1;a=\"\\", b"\"\"\r\nx"),
        (b"0;a=\"\"", b"\r\n"),
        (b"1;a=\"\"", b"\r\nx"),
        (b"0\r", b"\n"),
        (b"1\r", b"\nx"),
        (b"1\r\n", b"x"),
        (b"2\r\nx", b"y"),
        (b"1\r\nx", b"\r\n0\r\n"),
        (b"1\r\nx\r", b"\n0\r\n"),
        (b"1\r\nx\r\n", b"0\r\n"),
        (b"0\r\n", b"\r\n"),
        (b"0\r\n\r", b"\n"),
        (b"0\r\na", b":\r\n\r\n"),
        (b"0\r\na: b\r\n", b"\r\n"),
    ] {
        let (mut body, mut fields) = (chunked(), FieldTable::<1>::new());
        let all = [bytes, shortest].concat();
        let (_, taken, at_least) = items(&mut body, bytes, &mut fields);
        assert_eq!(at_least, Some(shortest.len()), "{}", bytes.escape_ascii());
        let (found, further, _) = items(&mut body, &all[taken..all.len() - 1], &mut fields);
        assert_eq!(found, 0, "one byte less gives nothing but framing: {}", bytes.escape_ascii());
        let (found, ..) = items(&mut body, &all[taken + further..], &mut fields);
        assert_eq!(found, 1, "{}", bytes.escape_ascii());
    }
}

/// Decodes all of `input`: how many items other than framing there are, what was taken, and the bytes asked for.
fn items(body: &mut BodyDecoder, input: &[u8], fields: &mut FieldTable<1>) -> (usize, usize, Option<usize>) {
    let (mut found, mut start) = (0, 0);
    loop {
        match body.decode(&input[start..], fields).unwrap() {
            Step::Done { value: BodyItem::Framing, consumed } => start += consumed,
            Step::Done { value, consumed } => {
                start += consumed;
                found += 1;
                if matches!(value, BodyItem::End(_)) {
                    return (found, start, None);
                }
            }
            Step::NeedMore { at_least } => return (found, start, Some(at_least)),
        }
    }
}

#[test]
fn the_shortest_bodies() {
    assert_eq!(body(b"0\r\n\r\n"), (vec![], vec![]));
    assert_eq!(body(b"1\r\nx\r\n0\r\n\r\n"), (b"x".to_vec(), vec![]));
    assert_eq!(body(b"0000000000000000\r\n\r\n"), (vec![], vec![]));
}

// RFC 9112, section 7.1, and the vectors of llhttp's test/request/transfer-encoding.md
#[test]
fn chunks_with_sizes_of_either_case_and_with_zeros_in_front() {
    let all_your_base = b"all your base are belong to us";
    assert_eq!(body(b"1e\r\nall your base are belong to us\r\n0\r\n\r\n").0, all_your_base);
    assert_eq!(body(b"1E\r\nall your base are belong to us\r\n000\r\n\r\n").0, all_your_base);
    assert_eq!(body(b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n").0, b"hello world");
    assert_eq!(body(b"00000005\r\nhello\r\n0\r\n\r\n").0, b"hello");
    assert_eq!(body(b"00000000000000a\r\n0123456789\r\n0\r\n\r\n").0, b"0123456789");
    // Data are opaque, whatever they look like.
    assert_eq!(body(b"7\r\n0\r\n\r\n\r\n\r\n0\r\n\r\n").0, b"0\r\n\r\n\r\n");
}

#[test]
fn trailers_follow_the_last_chunk() {
    let (data, trailers) = body(b"5\r\nhello\r\n6\r\n world\r\n0\r\nVary: *\r\nContent-Type: text/plain\r\n\r\n");
    assert_eq!(data, b"hello world");
    assert_eq!(trailers, [("Vary".into(), b"*".to_vec()), ("Content-Type".into(), b"text/plain".to_vec())]);
}

// RFC 9112, section 7.1.1
#[test]
fn extensions_are_ignored() {
    for extensions in [
        ";ilovew3",
        ";ilovew3;somuchlove=aretheseparametersfor;another=withvalue",
        ";ilovew3=\"I \\\"love\\\"; \\extensions\";somuchlove=\"aretheseparametersfor\"",
        " ;a",
        "\t;\ta\t=\tb",
        "; a ;b; c",
        ";a = \"\" ;b",
        ";a=\"\\\\\"",
        ";a=\"\t\u{e9}\\\u{e9}\"",
        ";a=\"0\\\t;=,\"",
        ";!#$%&'*+-.^_`|~=~",
    ] {
        let bytes = format!("5{extensions}\r\nhello\r\n0{extensions}\r\n\r\n");
        assert_eq!(body(bytes.as_bytes()), (b"hello".to_vec(), vec![]), "{extensions}");
    }
}

#[test]
fn extensions_are_refused_where_they_leave_the_grammar() {
    for line in [
        "0 @@\r\n\r\n",
        "0\t@@0\r\n\r\n",
        "0 @@a\r\n",
        "0;@@\r\n\r\n",
        "0; @@\r\n\r\n",
        "0;@@;a\r\n\r\n",
        "0;@@=b\r\n\r\n",
        "0;@@\"a\"\r\n\r\n",
        "0;a @@\r\n\r\n",
        "0;a @@b\r\n\r\n",
        "0;a@@,b\r\n\r\n",
        "0;a=@@\r\n\r\n",
        "0;a=@@;b\r\n\r\n",
        "0;a= @@\r\n\r\n",
        "0;a=@@=\r\n\r\n",
        "0;a=b@@=c\r\n\r\n",
        "0;a=b@@\"c\"\r\n\r\n",
        "0;a=b @@\r\n\r\n",
        "0;a=b @@c\r\n\r\n",
        "0;a=\"b\"@@c\r\n\r\n",
        "0;a=\"b\"@@=c\r\n\r\n",
        "0;a=\"b\"@@\"c\"\r\n\r\n",
        "0;a=\"b\" @@\r\n\r\n",
        "0;a=\"b@@\r\n\r\n",
        "0;a=\"b@@\0\"\r\n\r\n",
        "0;a=\"b@@\u{7f}\"\r\n\r\n",
        "0;a=\"b\\@@\r\n\r\n",
        "0;a=\"b\\@@\0\"\r\n\r\n",
        "0;a@@\0\r\n\r\n",
        "0;@@\u{e9}\r\n\r\n",
    ] {
        assert_refused(line.as_bytes(), Kind::ChunkExtension);
    }
}

/// All bytes, at every place of a line.
#[test]
fn every_byte_in_every_element_is_taken_as_the_grammar_says() {
    for byte in 0..=u8::MAX {
        for line in ["@@", "@@0", "0@@", "0 @@;a", "0;@@a", "0;a@@", "0;a @@=b", "0;a=@@b", "0;a=b@@", "0;a=b @@;c"]
            .into_iter()
            .chain(["0;a=\"@@\"", "0;a=\"\\@@\"", "0;a=\"\"@@", "0;a=\"\" @@;b", "1\r\nx@@", "1\r\nx\r\n0@@"])
        {
            let (before, after) = line.split_once("@@").unwrap();
            let bytes = [before.as_bytes(), &[byte], after.as_bytes(), b"\r\n\r\n"].concat();
            let outcome = decode(&[&bytes], &chunked);
            let accepted = matches!(outcome.end, End::Body { .. });
            assert_eq!(accepted, model::decode(&bytes).is_some(), "{}", bytes.escape_ascii());
        }
    }
}

/// Offsets are those of the body as it was sent, whatever was taken away before.
#[test]
fn an_error_late_in_the_body_has_its_offset_in_all_of_it() {
    let before = b"ffff\r\n".iter().copied().chain(std::iter::repeat_n(b'x', 0xFFFF)).chain(*b"\r\n");
    let mut bytes: Vec<u8> = before.cycle().take(5 * (0xFFFF + 8)).collect();
    let end = bytes.len();
    bytes.extend(b"5;a=\"\x01");
    let End::Error(error) = outcome_of(&split::chunks(&bytes, 4_096), &chunked).end else { panic!("accepted") };
    assert_eq!((error.kind(), error.offset(), error.byte()), (Kind::ChunkExtension, end as u64 + 5, Some(1)));
}

/// A line that a read cut off is carried as numbers: its bytes are taken, and are not looked at again.
#[test]
fn no_byte_of_a_line_is_asked_for_again() {
    let bytes = b"0005;a=\"b\\c\"\r\nhello\r\n0;d\r\n";
    let mut body = chunked();
    let mut fields = FieldTable::<0>::new();
    let mut data = 0;
    for byte in bytes.chunks(1) {
        match body.decode(byte, &mut fields).unwrap() {
            Step::Done { value: BodyItem::Data(range), consumed: 1 } => data += range.len(),
            Step::Done { value: BodyItem::Framing | BodyItem::DataEnd, consumed: 1 } => {}
            other => panic!("{other:?}"),
        }
        assert!(body.offset() <= bytes.len() as u64);
    }
    assert_eq!((data, body.offset()), (5, bytes.len() as u64));
}

#[test]
fn data_are_given_as_they_arrive() {
    let mut body = chunked();
    let mut fields = FieldTable::<0>::new();
    let mut next = |input: &[u8]| match body.decode(input, &mut fields).unwrap() {
        Step::Done { value: BodyItem::Data(range), consumed } => (Some(range), consumed),
        Step::Done { value: BodyItem::Framing, consumed } => (None, consumed),
        other => panic!("{other:?}"),
    };
    assert_eq!(next(b"c\r\nhel"), (Some(3..6), 6));
    assert_eq!(next(b"lo "), (Some(0..3), 3));
    assert_eq!(next(b"world!\r\n1\r\nx"), (Some(0..6), 6));
    assert_eq!(next(b"\r\n1\r\nx"), (Some(5..6), 6));
    assert_eq!(next(b"\r\n1;a"), (None, 5));
}

#[test]
fn errors_say_what_where_and_by_which_rule() {
    for (bytes, text) in [
        (&b"+5"[..], "malformed chunk-size: byte 0x2B at offset 0 (RFC 9112, section 7.1)"),
        (b"00000000000000000", "chunk-size of too many digits: byte 0x30 at offset 16 (RFC 9112, section 7.1)"),
        (b"5;=", "malformed chunk extension: byte 0x3D at offset 2 (RFC 9112, section 7.1.1)"),
        (b"5\rX", "CR without LF in the chunked coding: byte 0x0D at offset 1 (RFC 9112, section 7.1)"),
        (b"5\n", "LF without CR in the chunked coding: byte 0x0A at offset 1 (RFC 9112, section 7.1)"),
        (b"1\r\nxy", "no CRLF behind chunk-data: byte 0x79 at offset 4 (RFC 9112, section 7.1)"),
        (
            b"0\r\na : b",
            "white space before the colon in the trailer section: byte 0x20 at offset 4 in field 0 (RFC 9112, section 5.1)",
        ),
    ] {
        let End::Error(error) = outcome_with(bytes, &chunked).end else { panic!("accepted") };
        assert_eq!(error.to_string(), text);
        assert_eq!(error.status(), Status::BAD_REQUEST);
        let response = || BodyDecoder::response(Framing::Chunked, BodyLimits::default());
        let End::Error(error) = outcome_with(bytes, &response).end else { panic!("accepted") };
        assert_eq!((error.to_string().as_str(), error.status()), (text, Status::BAD_GATEWAY));
    }
    let limits = BodyLimits { extensions: 2, ..BodyLimits::default() };
    let End::Error(error) = outcome_with(b"0;ab", &limited(limits)).end else { panic!("accepted") };
    assert_eq!(error.to_string(), "chunk extensions too long: byte 0x62 at offset 3 (RFC 9112, section 7.1.1)",);
    assert_eq!(Kind::Trailers(HeadErrorKind::TrailersTooLong).to_string(), "trailer section too long");
    assert_eq!(Kind::Trailers(HeadErrorKind::ObsFold).section(), "RFC 9112, section 5.2");
}

/// A body is whole behind its empty line and nowhere before (RFC 9112, section 8).
#[test]
fn a_body_that_is_cut_short_is_not_complete() {
    let bytes = b"5;a=\"b\"\r\nhello\r\n0\r\na: b\r\n\r\n";
    for cut in 0..=bytes.len() {
        let mut body = chunked();
        let (mut input, mut fields) = (bytes[..cut].to_vec(), FieldTable::<1>::new());
        let decoded = body.decode_in_place(&mut input, &mut fields);
        let complete = matches!(decoded.end, Ok(Step::Done { .. }));
        assert_eq!(complete, cut == bytes.len());
        let expected = if complete { EndOfInput::Complete } else { EndOfInput::CutShort };
        assert_eq!(body.end_of_input(), expected);
        assert_eq!(body.end_of_input(), expected, "asked again");
    }
}
