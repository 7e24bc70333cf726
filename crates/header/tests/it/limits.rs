//! Each limit holds at its value and trips one byte later, while the head is still incomplete, at
//! the same offset under every split.

use switchover_header::{
    FieldSlots, FieldSpan, FieldStore, FieldTable, HeadErrorKind as Kind, Limits, RequestScan, Status, Step, StoreFull,
};

use crate::common::{Outcome, request_with, response_with};

/// Asserts that `within` is no error and that one more byte, `exceeding`, is.
#[track_caller]
fn assert_limit(limits: Limits, within: &[u8], exceeding: u8, kind: Kind, status: Status) {
    assert_eq!(request_with(within, limits), Outcome::NeedMore);
    let bytes = [within, &[exceeding]].concat();
    let Outcome::Error(error) = request_with(&bytes, limits) else { panic!("{kind} does not trip") };
    assert_eq!((error.kind(), error.offset(), error.status()), (kind, within.len(), status));
    assert_eq!(error.byte(), Some(exceeding));
}

const TOO_LARGE: Status = Status::REQUEST_HEADER_FIELDS_TOO_LARGE;

#[test]
fn leading_crlf() {
    let limits = Limits { leading_crlf: 2, ..Limits::default() };
    assert_limit(limits, b"\r\n\r\n", b'\r', Kind::TooManyLeadingCrlf, Status::BAD_REQUEST);
    assert_limit(Limits { leading_crlf: 0, ..limits }, b"", b'\r', Kind::TooManyLeadingCrlf, Status::BAD_REQUEST);
    let Outcome::Head { .. } = request_with(b"\r\n\r\nGET / HTTP/1.0\r\n\r\n", limits) else { panic!("refused") };
}

#[test]
fn start_line() {
    let limits = Limits { start_line: 16, ..Limits::default() };
    assert_limit(limits, b"ABCDEFGHIJKLMNOP", b'Q', Kind::StartLineTooLong, Status::BAD_REQUEST);
    assert_limit(limits, b"GET /bcdefghijkl", b'm', Kind::TargetTooLong, Status::URI_TOO_LONG);
    assert_limit(limits, b"GET /b HTTP/1.1\r", b'\n', Kind::StartLineTooLong, Status::BAD_REQUEST);
    // The CRLFs before it are not part of it.
    assert_limit(limits, b"\r\nABCDEFGHIJKLMNOP", b'Q', Kind::StartLineTooLong, Status::BAD_REQUEST);
    let Outcome::Head { .. } = request_with(b"\r\nGET / HTTP/1.0\r\n\r\n", limits) else { panic!("refused") };

    let Outcome::Error(error) = response_with(b"HTTP/1.1 200 ABCDEFG", limits) else { panic!("not refused") };
    assert_eq!((error.kind(), error.offset()), (Kind::StartLineTooLong, 16));
}

#[test]
fn target() {
    let limits = Limits { target: 4, ..Limits::default() };
    assert_limit(limits, b"GET /bcd", b'e', Kind::TargetTooLong, Status::URI_TOO_LONG);
    let Outcome::Head { .. } = request_with(b"GET /bcd HTTP/1.0\r\n\r\n", limits) else { panic!("refused") };
}

#[test]
fn name() {
    let limits = Limits { name: 4, ..Limits::default() };
    assert_limit(limits, b"GET / HTTP/1.0\r\nabcd", b'e', Kind::NameTooLong, TOO_LARGE);
    let Outcome::Head { .. } = request_with(b"GET / HTTP/1.0\r\nabcd:\r\n\r\n", limits) else { panic!("refused") };
}

#[test]
fn value() {
    let limits = Limits { value: 4, ..Limits::default() };
    assert_limit(limits, b"GET / HTTP/1.0\r\na: bcd", b'e', Kind::ValueTooLong, TOO_LARGE);
    assert_limit(limits, b"GET / HTTP/1.0\r\na:    ", b' ', Kind::ValueTooLong, TOO_LARGE);
    let Outcome::Head { .. } = request_with(b"GET / HTTP/1.0\r\na: bcd\r\n\r\n", limits) else { panic!("refused") };
}

#[test]
fn number_of_fields() {
    let limits = Limits { fields: 6, ..Limits::default() };
    let within = [&b"GET / HTTP/1.0\r\n"[..], &b"a: b\r\n".repeat(6)].concat();
    assert_limit(limits, &within, b'a', Kind::TooManyFields, TOO_LARGE);
    let Outcome::Head { head, .. } = request_with(&[&within[..], b"\r\n"].concat(), limits) else { panic!("refused") };
    assert_eq!(head.fields.len(), 6);
}

#[test]
fn whole_head() {
    let limits = Limits { head: 24, ..Limits::default() };
    assert_limit(limits, b"GET / HTTP/1.0\r\na: bcdef", b'g', Kind::HeadTooLong, TOO_LARGE);
    assert_limit(limits, b"GET / HTTP/1.0\r\na: bcd\r\n", b'\r', Kind::HeadTooLong, TOO_LARGE);
    assert_limit(Limits { head: 7, ..limits }, b"GET /ab", b'c', Kind::HeadTooLong, TOO_LARGE);
    let Outcome::Head { .. } = request_with(b"GET / HTTP/1.0\r\na: b\r\n\r\n", limits) else { panic!("refused") };
}

#[test]
fn limits_of_usize_max_do_not_overflow() {
    let max = usize::MAX;
    let limits =
        Limits { start_line: max, target: max, name: max, value: max, fields: max, head: max, leading_crlf: max };
    let Outcome::Head { .. } = request_with(b"\r\nGET / HTTP/1.0\r\na: b\r\n\r\n", limits) else { panic!("refused") };
    let Outcome::Head { .. } = response_with(b"HTTP/1.0 200 OK\r\na: b\r\n\r\n", limits) else { panic!("refused") };
}

#[test]
fn a_store_without_room_is_a_limit_too() {
    let input = b"GET / HTTP/1.0\r\na: b\r\nc: d\r\n\r\n";
    let mut slots = [FieldSpan::default(); 1];
    let error = RequestScan::new(Limits::default()).scan(input, &mut FieldSlots::new(&mut slots)).unwrap_err();
    assert_eq!((error.kind(), error.offset(), error.field()), (Kind::TooManyFields, 22, Some(1)));
    assert_eq!(error.status(), TOO_LARGE);

    let mut slots = [FieldSpan::default(); 2];
    let mut slots = FieldSlots::new(&mut slots);
    let Ok(Step::Done { value, .. }) = RequestScan::new(Limits::default()).scan(input, &mut slots) else {
        panic!("refused")
    };
    assert_eq!(value.fields().map(|field| field.name).collect::<String>(), "ac");
    assert_eq!(slots.push(FieldSpan::default()), Err(StoreFull));
}

#[test]
fn stores_keep_all_spans_in_order() {
    fn check(store: &mut impl FieldStore) {
        for round in 1..=2 {
            let lines = b"a: b\r\n".repeat(9 * round);
            let input = [b"GET / HTTP/1.0\r\n", &lines[..], b"\r\n"].concat();
            let Ok(Step::Done { value, .. }) = RequestScan::new(Limits::default()).scan(&input, store) else {
                panic!("refused")
            };
            assert_eq!(value.fields().len(), 9 * round);
            for (number, (field, span)) in value.fields().zip(value.spans()).enumerate() {
                assert_eq!((field.number, field.name, field.value), (number, "a", &b"b"[..]));
                assert_eq!((span.name().start, span.value().start), (16 + 6 * number, 19 + 6 * number));
            }
        }
        store.clear();
        assert_eq!(store.spans(), []);
    }
    check(&mut FieldTable::<0>::new());
    check(&mut FieldTable::<8>::new());
    check(&mut FieldTable::<9>::default());
    check(&mut FieldTable::<64>::new());
    check(&mut Vec::new());
    check(&mut FieldSlots::new(&mut [FieldSpan::default(); 18]));
}

/// What is behind the limit of the start-line, and in the same block as its end, is read like anything else.
#[test]
fn a_start_line_at_its_limit_hides_nothing_behind_it() {
    for (line, rest) in
        [(&b"HTTP/1.1 200 OK\r\n"[..], &b"a: b\r\n c\r\n\r\n"[..]), (b"HTTP/1.1 200 \r\n", b"a: b\x7Fc\r\n\r\n")]
    {
        for slack in 0..8 {
            let limits = Limits { start_line: line.len() + slack, ..Limits::default() };
            let expected = response_with(&[line, rest].concat(), Limits::default());
            assert!(matches!(expected, Outcome::Error(_)));
            assert_eq!(response_with(&[line, rest].concat(), limits), expected);
        }
    }
    let line = b"GET / HTTP/1.0\r\n";
    for slack in 0..8 {
        let limits = Limits { start_line: line.len() + slack, ..Limits::default() };
        let Outcome::Error(error) = request_with(&[&line[..], b"a\r\nb: c\r\n\r\n"].concat(), limits) else {
            panic!("the end of a line was not seen")
        };
        assert_eq!((error.kind(), error.offset()), (Kind::MissingColon, line.len() + 1));
    }
}
