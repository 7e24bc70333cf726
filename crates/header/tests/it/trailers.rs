//! The trailer section (RFC 9112, section 7.1.2): by itself, and behind the last chunk.

use proptest::prelude::*;
use switchover_header::{
    BodyDecoder, BodyErrorKind, BodyItem, BodyLimits, FieldSlots, FieldSpan, FieldTable, Framing, HeadError,
    HeadErrorKind as Kind, Status, Step, TrailerLimits, TrailerScan,
};
use switchover_testkit::split;

use crate::common::growing;
use crate::reference::{End, Lines, TRAILING, bodies, body, chunked, limited, limits, lines, outcome_with, unmarked};

/// All that a scan finds.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Trailers { lines: Lines, consumed: usize },
    Error(HeadError),
    NeedMore,
}

/// Scans pieces as they arrive, with the promises of every call checked.
fn scan(pieces: &[&[u8]], limits: TrailerLimits) -> Outcome {
    let mut fields = FieldTable::<2>::new();
    let mut scan = TrailerScan::request(limits);
    let mut input = Vec::new();
    for piece in pieces {
        input.extend_from_slice(piece);
        match scan.scan(&input, &mut fields) {
            Ok(Step::Done { value, consumed }) => {
                assert_eq!(value.bytes(), &input[..consumed]);
                assert_eq!(value.spans().len(), value.fields().len());
                let found = lines(&value);
                let Ok(Step::Done { value, consumed: again }) = scan.scan(&input, &mut fields) else {
                    panic!("gone when asked again")
                };
                assert_eq!((lines(&value), again), (found.clone(), consumed), "asked again");
                // Fewer bytes than there were are a misuse, and too few.
                let step = scan.scan(&input[..consumed - 1], &mut fields).unwrap();
                assert!(matches!(step, Step::NeedMore { at_least: 1 }));
                return Outcome::Trailers { lines: found, consumed };
            }
            Ok(Step::NeedMore { at_least }) => assert!(at_least >= 1),
            Err(error) => {
                assert_eq!(error.byte(), input.get(error.offset()).copied());
                input.extend_from_slice(b"\r\n\r\n");
                assert_eq!(scan.scan(&input, &mut fields).unwrap_err(), error, "asked again");
                return Outcome::Error(error);
            }
        }
    }
    Outcome::NeedMore
}

/// The outcome that is the same for every split, and with bytes behind the section; and behind a last chunk.
#[track_caller]
fn trailers_with(bytes: &[u8], limits: TrailerLimits) -> Outcome {
    let expected = scan(&[bytes], limits);
    split::for_every_split(bytes, |pieces| assert_eq!(scan(pieces, limits), expected));
    if expected != Outcome::NeedMore {
        split::for_every_split(&split::with_trailing(bytes, TRAILING), |pieces| {
            assert_eq!(scan(pieces, limits), expected);
        });
    }
    assert_behind_a_chunk(bytes, limits, &expected);
    expected
}

/// The body decoder finds the same, further back.
#[track_caller]
fn assert_behind_a_chunk(bytes: &[u8], limits: TrailerLimits, expected: &Outcome) {
    const CHUNKS: &[u8] = b"3\r\nabc\r\n0;d\r\n";
    let limits = BodyLimits { trailers: limits, ..BodyLimits::default() };
    match (outcome_with(&[CHUNKS, bytes].concat(), &limited(limits)).end, expected) {
        (End::Body { trailers, consumed }, Outcome::Trailers { lines, consumed: section }) => {
            assert_eq!((&trailers, consumed), (lines, CHUNKS.len() + section));
        }
        (End::Error(found), Outcome::Error(error)) => {
            assert_eq!(found.kind(), BodyErrorKind::Trailers(error.kind()));
            assert_eq!(found.offset(), (CHUNKS.len() + error.offset()) as u64);
            assert_eq!((found.byte(), found.field()), (error.byte(), error.field()));
            assert_eq!((found.section(), found.status()), (error.section(), error.status()));
        }
        (End::NeedMore, Outcome::NeedMore) => {}
        (found, expected) => panic!("{found:?} is not {expected:?}"),
    }
}

/// The fields of a valid section.
#[track_caller]
fn trailers(bytes: &[u8]) -> Lines {
    match trailers_with(bytes, TrailerLimits::default()) {
        Outcome::Trailers { lines, consumed } => {
            assert_eq!(consumed, bytes.len());
            lines
        }
        other => panic!("{}: {other:?}", bytes.escape_ascii()),
    }
}

/// Asserts that a section is refused for `kind`, in field line `field`, at the byte behind the marker `@@`, which is
/// taken out first.
#[track_caller]
fn assert_refused(marked: &[u8], kind: Kind, field: Option<usize>) -> HeadError {
    let (bytes, offset) = unmarked(marked);
    match trailers_with(&bytes, TrailerLimits::default()) {
        Outcome::Error(error) => {
            assert_eq!(
                (error.kind(), error.offset(), error.field()),
                (kind, offset, field),
                "{}",
                marked.escape_ascii()
            );
            assert_eq!((error.byte(), error.status()), (Some(bytes[offset]), Status::BAD_REQUEST));
            error
        }
        other => panic!("{}: {other:?}", marked.escape_ascii()),
    }
}

/// Bytes that stay near the grammar.
fn soup() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            &b"a: b\r\n"[..], b"x", b":", b" ", b"\t", b"\r\n", b"\r", b"\n", b"Content-Length: 1\r\n",
        ])
        .prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 1..4),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_bytes_give_the_same_under_any_split(bytes in soup(), limits in limits(), cuts in split::random_cuts()) {
        let limits = limits.trailers;
        let whole = scan(&[&bytes], limits);
        prop_assert_eq!(scan(&cuts.pieces(&bytes), limits), whole.clone());
        prop_assert_eq!(scan(&split::bytewise(&bytes), limits), whole.clone());
        assert_behind_a_chunk(&bytes, limits, &whole);
    }

    #[test]
    fn wild_bytes_never_panic(bytes: Vec<u8>, cuts in split::random_cuts()) {
        scan(&cuts.pieces(&bytes), TrailerLimits::default());
    }

    /// Inputs that do not continue one another are a misuse: any answer will do, a panic will not. (That bytes went
    /// away is asserted, where assertions are on.)
    #[test]
    fn unrelated_inputs_never_panic(inputs in prop::collection::vec(soup(), 1..6)) {
        let mut fields = [FieldTable::<2>::new(), FieldTable::<2>::new()];
        let mut scan = TrailerScan::request(TrailerLimits::default());
        let mut body = chunked();
        let _ = body.decode(b"0\r\n", &mut fields[0]).unwrap();
        for (number, input) in growing(inputs).iter().enumerate() {
            let fields = &mut fields[number % 2];
            if let Ok(Step::Done { value, .. }) = scan.scan(input, fields) {
                let _ = format!("{value:?} {:?}", value.values("a").next());
            }
            if let Ok(Step::Done { value: BodyItem::End(value), .. }) = body.decode(input, fields) {
                let _ = format!("{value:?} {:?}", value.values("a").next());
            }
        }
    }

    /// All trailers of a body are there, also with a store that lacks those of earlier calls.
    #[test]
    fn no_trailer_is_lost_with_a_store_that_lost_its_spans(encoded in bodies(), cut in any::<prop::sample::Index>()) {
        let cut = cut.index(encoded.bytes.len());
        let mut body = chunked();
        let (mut bytes, mut fields) = (encoded.bytes[..cut].to_vec(), FieldTable::<1>::new());
        let consumed = body.decode_in_place(&mut bytes, &mut fields).consumed;
        let (mut bytes, mut fields) = (encoded.bytes[consumed..].to_vec(), FieldTable::<1>::new());
        let Ok(Step::Done { value, .. }) = body.decode_in_place(&mut bytes, &mut fields).end else {
            panic!("not complete")
        };
        prop_assert_eq!(lines(&value), encoded.trailers);
    }
}

#[test]
fn sections_with_their_fields() {
    assert_eq!(trailers(b"\r\n"), []);
    assert_eq!(trailers(b"a:\r\n\r\n"), [("a".into(), vec![])]);
    assert_eq!(
        trailers(b"Digest: sha-256=x\r\nX:\t y \xE9 \r\ndigest:2\r\n\r\n"),
        [("Digest".into(), b"sha-256=x".to_vec()), ("X".into(), b"y \xE9".to_vec()), ("digest".into(), b"2".to_vec())]
    );
}

#[test]
fn values_are_found_by_name_in_any_case_and_in_order() {
    let bytes = b"Digest: 1\r\nX: 2\r\ndIGEST: 3\r\n\r\nrest";
    let mut fields = FieldTable::<4>::new();
    let mut scan = TrailerScan::request(TrailerLimits::default());
    let Ok(Step::Done { value, consumed }) = scan.scan(bytes, &mut fields) else { panic!("refused") };
    assert_eq!(value.values("digest").collect::<Vec<_>>(), [b"1", b"3"]);
    assert_eq!(value.values("Digest2").count(), 0);
    assert_eq!((&bytes[consumed..], value.spans().len()), (&b"rest"[..], 3));
    assert_eq!(value.bytes()[value.spans()[1].name()], *b"X");
    assert_eq!(value.fields().map(|field| field.number).collect::<Vec<_>>(), [0, 1, 2]);
}

/// The bound is exact for the shortest sections.
#[test]
fn at_least_is_what_the_shortest_continuation_has() {
    for (bytes, expected) in
        [(&b""[..], 2), (b"\r", 1), (b"a", 5), (b"a:", 4), (b"a: b", 4), (b"a: b\r", 3), (b"a: b\r\n", 2)]
    {
        let mut fields = FieldTable::<1>::new();
        let step = TrailerScan::request(TrailerLimits::default()).scan(bytes, &mut fields).unwrap().map(drop);
        assert_eq!(step, Step::NeedMore { at_least: expected });
    }
}

#[test]
fn field_lines_are_held_to_the_grammar_of_a_head() {
    assert_refused(b"a@@ : b\r\n\r\n", Kind::SpaceBeforeColon, Some(0));
    assert_refused(b"a: b\r\n@@: b\r\n\r\n", Kind::EmptyName, Some(1));
    assert_refused(b"a@@\r\n\r\n", Kind::MissingColon, Some(0));
    assert_refused(b"a@@(: b\r\n\r\n", Kind::Name, Some(0));
    assert_refused(b"a: @@\0\r\n\r\n", Kind::Value, Some(0));
    assert_refused(b"a: b\r\na: b@@\n\r\n", Kind::BareLf, Some(1));
    assert_refused(b"a: b@@\rc\r\n\r\n", Kind::BareCr, Some(0));
    assert_refused(b"@@\n", Kind::BareLf, Some(0));
    assert_refused(b"@@\rX", Kind::BareCr, None);
    // The last chunk of a chunked body, once more.
    assert_refused(b"0@@\r\n\r\n", Kind::MissingColon, Some(0));
}

/// Folding is refused in the trailers of both, and a first line that begins with white space folds nothing either.
#[test]
fn folded_lines_are_refused() {
    for bytes in [&b"a: b\r\n@@ c\r\n\r\n"[..], b"@@ a: b\r\n\r\n", b"@@\ta: b\r\n\r\n"] {
        let error = assert_refused(bytes, Kind::ObsFold, Some(usize::from(bytes[0] == b'a')));
        assert_eq!(error.section(), "RFC 9112, section 5.2");
        let (bytes, _) = unmarked(bytes);
        let mut fields = FieldTable::<1>::new();
        let error = TrailerScan::response(TrailerLimits::default()).scan(&bytes, &mut fields).unwrap_err();
        assert_eq!((error.kind(), error.status()), (Kind::ObsFold, Status::BAD_GATEWAY));
    }
}

/// Asserts that `within` is no error and that one more byte, `exceeding`, is.
#[track_caller]
fn assert_limit(limits: TrailerLimits, within: &[u8], exceeding: u8, kind: Kind) -> HeadError {
    assert_eq!(trailers_with(within, limits), Outcome::NeedMore);
    let bytes = [within, &[exceeding]].concat();
    let Outcome::Error(error) = trailers_with(&bytes, limits) else { panic!("{kind} does not trip") };
    assert_eq!((error.kind(), error.offset(), error.byte()), (kind, within.len(), Some(exceeding)));
    assert_eq!(error.status(), Status::REQUEST_HEADER_FIELDS_TOO_LARGE);
    error
}

#[test]
fn each_limit_trips_one_byte_beyond() {
    let defaults = TrailerLimits::default();
    assert_limit(TrailerLimits { name: 4, ..defaults }, b"abcd", b'e', Kind::NameTooLong);
    assert_limit(TrailerLimits { value: 4, ..defaults }, b"a: bcd", b'e', Kind::ValueTooLong);
    assert_limit(TrailerLimits { fields: 2, ..defaults }, b"a: b\r\na: b\r\n", b'c', Kind::TooManyFields);
    assert_limit(TrailerLimits { fields: 0, ..defaults }, b"", b'c', Kind::TooManyFields);
    let error = assert_limit(TrailerLimits { section: 8, ..defaults }, b"a: b\r\nc:", b'd', Kind::TrailersTooLong);
    assert_eq!(
        error.to_string(),
        "trailer section too long: byte 0x64 at offset 8 (RFC 9110, section 5.4)",
        "the head has nothing to do with it"
    );
    assert_limit(TrailerLimits { section: 1, ..defaults }, b"\r", b'\n', Kind::TrailersTooLong);
    let all = TrailerLimits { name: 4, value: 4, fields: 1, section: 13 };
    let within = trailers_with(b"abcd: bcd\r\n\r\n", all);
    assert!(matches!(within, Outcome::Trailers { consumed: 13, .. }), "{within:?}");
}

#[test]
fn the_default_limits_are_those_that_are_documented() {
    let TrailerLimits { name, value, fields, section } = TrailerLimits::default();
    assert_eq!((name, value, fields, section), (255, 8_192, 32, 16_384));
    let BodyLimits { extensions, trailers } = BodyLimits::default();
    assert_eq!((extensions, trailers), (16_384, TrailerLimits::default()));
}

#[test]
fn a_store_without_room_refuses() {
    let mut slots = [FieldSpan::default(); 1];
    let mut fields = FieldSlots::new(&mut slots);
    let bytes = b"0\r\na: b\r\nc: d\r\n\r\n";
    let mut body = BodyDecoder::response(Framing::Chunked, BodyLimits::default());
    let Ok(Step::Done { consumed, .. }) = body.decode(bytes, &mut fields) else { panic!("no end of the data") };
    let error = body.decode(&bytes[consumed..], &mut fields).unwrap_err();
    assert_eq!((error.kind(), error.offset()), (BodyErrorKind::Trailers(Kind::TooManyFields), 9));
    assert_eq!((error.field(), error.status()), (Some(1), Status::BAD_GATEWAY));
}

// Logs are read by more people than credentials are for.
#[test]
fn what_is_printed_of_trailers_holds_no_value() {
    let bytes = b"Authorization: S3CRET\r\n\r\n";
    let mut fields = FieldTable::<1>::new();
    let mut scan = TrailerScan::request(TrailerLimits::default());
    let Ok(Step::Done { value, .. }) = scan.scan(bytes, &mut fields) else { panic!("refused") };
    assert_eq!(format!("{value:?}"), "Trailers({\"Authorization\": 6 bytes})");
}

/// Fields that frame or route a message change nothing here: they are trailers, and given as such.
#[test]
fn fields_of_a_head_mean_nothing_in_trailers() {
    let (data, trailers) =
        body(b"1\r\nx\r\n0\r\nContent-Length: 99\r\nTransfer-Encoding: chunked\r\nHost: a\r\nHost: b\r\n\r\n");
    assert_eq!((data, trailers.len()), (b"x".to_vec(), 4));
}
