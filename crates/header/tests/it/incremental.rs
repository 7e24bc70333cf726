//! What holds of the calls of a scan, whatever the bytes are.

use proptest::prelude::*;
use switchover_header::{
    FieldSpan, FieldStore, FieldTable, Framing, HeadErrorKind, Limits, RequestScan, ResponseScan, Step, StoreFull,
};
use switchover_testkit::{heads, split};

use crate::common::{Outcome, growing, limits, scan_request, scan_response, soup};

proptest! {
    #[test]
    fn any_bytes_give_the_same_under_any_split(bytes in soup(), limits in limits(), cuts in split::random_cuts()) {
        let whole = [&bytes[..]];
        let request = scan_request(&whole, limits);
        prop_assert_eq!(&scan_request(&cuts.pieces(&bytes), limits), &request);
        prop_assert_eq!(&scan_request(&split::bytewise(&bytes), limits), &request);
        let response = scan_response(&whole, limits);
        prop_assert_eq!(&scan_response(&cuts.pieces(&bytes), limits), &response);
        prop_assert_eq!(&scan_response(&split::bytewise(&bytes), limits), &response);
    }

    #[test]
    fn wild_bytes_never_panic(bytes: Vec<u8>, cuts in split::random_cuts()) {
        scan_request(&cuts.pieces(&bytes), Limits::default());
        scan_response(&cuts.pieces(&bytes), Limits::default());
    }

    /// Inputs that do not continue one another are a misuse: any answer will do, a panic will not. (That bytes went
    /// away is asserted, where assertions are on.)
    #[test]
    fn unrelated_inputs_never_panic(inputs in prop::collection::vec(soup(), 1..6)) {
        let mut fields = [FieldTable::<2>::new(), FieldTable::<2>::new()];
        let mut request = RequestScan::new(Limits::default());
        let mut response = ResponseScan::new(Limits::default());
        for (number, input) in growing(inputs).iter().enumerate() {
            let fields = &mut fields[number % 2];
            if let Ok(Step::Done { value, .. }) = request.scan(input, fields) {
                let _ = format!("{value:?} {} {:?}", value.target(), value.authority());
            }
            if let Ok(Step::Done { value, .. }) = response.scan(input, fields) {
                let _ = format!("{value:?} {:?}", value.framing("GET"));
            }
        }
    }

    /// No valid head is complete before as many further bytes as were asked for.
    #[test]
    fn at_least_is_a_lower_bound(
        request in heads::requests(), response in heads::responses(), cut in any::<prop::sample::Index>(),
    ) {
        let bytes = request.bytes();
        let cut_at = cut.index(bytes.len());
        let step = RequestScan::new(Limits::default()).scan(&bytes[..cut_at], &mut FieldTable::<4>::new()).unwrap().map(drop);
        let Step::NeedMore { at_least } = step else { panic!("complete too early") };
        prop_assert!((1..=bytes.len() - cut_at).contains(&at_least));

        let bytes = response.bytes();
        let cut_at = cut.index(bytes.len());
        let step = ResponseScan::new(Limits::default()).scan(&bytes[..cut_at], &mut FieldTable::<4>::new()).unwrap().map(drop);
        let Step::NeedMore { at_least } = step else { panic!("complete too early") };
        prop_assert!((1..=bytes.len() - cut_at).contains(&at_least));
    }
}

/// The bound is exact for the shortest heads, so it is not just 1 everywhere.
#[test]
fn at_least_counts_down_on_the_shortest_heads() {
    let request = b"A / HTTP/1.0\r\n\r\n";
    for cut in 0..request.len() {
        let step =
            RequestScan::new(Limits::default()).scan(&request[..cut], &mut FieldTable::<0>::new()).unwrap().map(drop);
        assert_eq!(step, Step::NeedMore { at_least: request.len() - cut }, "{cut}");
    }
    let response = b"HTTP/1.0 200\r\n\r\n";
    for cut in 0..response.len() {
        let step =
            ResponseScan::new(Limits::default()).scan(&response[..cut], &mut FieldTable::<0>::new()).unwrap().map(drop);
        assert_eq!(step, Step::NeedMore { at_least: response.len() - cut }, "{cut}");
    }
    // In the middle of a field line: `:`, CRLF, CRLF and so on.
    for (bytes, expected) in [
        (&b"\r"[..], 17),
        (b"A / HTTP/1.0\r\na", 5),
        (b"A / HTTP/1.0\r\na:", 4),
        (b"A / HTTP/1.0\r\na: b", 4),
        (b"A / HTTP/1.0\r\na: b\r", 3),
        (b"A / HTTP/1.0\r\na: b\r\n", 2),
    ] {
        let step = RequestScan::new(Limits::default()).scan(bytes, &mut FieldTable::<1>::new()).unwrap().map(drop);
        assert_eq!(step, Step::NeedMore { at_least: expected });
    }
}

/// Bytes that were scanned are never looked at again: they may be anything by the next call, and
/// what is found in the rest stays the same.
#[test]
fn no_byte_is_classified_twice() {
    let head = b"GET /path HTTP/1.1\r\nHost: a.example\r\nx-long-name: some value\r\n\r\n";
    let name = 37..48;
    assert_eq!(&head[name.clone()], b"x-long-name");
    let spoilt = |end: usize| {
        let mut bytes = head.to_vec();
        bytes[name.start..end].fill(0);
        bytes
    };
    for cut in name.start + 1..=name.end {
        let mut fields = FieldTable::<4>::new();
        let mut scan = RequestScan::new(Limits::default());
        assert!(matches!(scan.scan(&head[..cut], &mut fields), Ok(Step::NeedMore { .. })));
        let bytes = spoilt(cut);
        let Ok(Step::Done { value, .. }) = scan.scan(&bytes, &mut fields) else { panic!("looked again") };
        assert_eq!(value.spans()[1].name(), name);
        // The same bytes are refused by a scan that sees them for the first time.
        assert!(RequestScan::new(Limits::default()).scan(&bytes, &mut FieldTable::<4>::new()).is_err());
    }
}

/// A store that still holds the spans of another head is one that lacks those of this head.
#[test]
fn spans_of_another_head_in_the_store_are_not_taken_for_this_one() {
    let request = b"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n";
    for cut in 0..request.len() {
        let mut other = FieldTable::<4>::new();
        let _ = RequestScan::new(Limits::default()).scan(request, &mut other).unwrap();
        let mut scan = RequestScan::new(Limits::default());
        let _ = scan.scan(&request[..cut], &mut FieldTable::<4>::new()).unwrap();
        let Ok(Step::Done { value, .. }) = scan.scan(request, &mut other) else { panic!("{cut}") };
        assert_eq!(value.fields().map(|field| field.name).collect::<Vec<_>>(), ["Host", "X"], "{cut}");
    }
}

/// A head without some of its fields would say something else than what was sent.
#[test]
fn a_store_that_keeps_nothing_has_no_room() {
    struct Nothing;

    impl FieldStore for Nothing {
        fn clear(&mut self) {}

        fn push(&mut self, _: FieldSpan) -> Result<(), StoreFull> {
            Ok(())
        }

        fn pop(&mut self) -> Option<FieldSpan> {
            None
        }

        fn spans(&self) -> &[FieldSpan] {
            &[]
        }
    }

    let request = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
    let long = [b"POST / HTTP/1.1\r\n", &b"Host: a\r\n"[..], &b"b: c\r\n".repeat(20), b"\r\n"].concat();
    for request in [&request[..], &long] {
        let error = RequestScan::new(Limits::default()).scan(request, &mut Nothing).unwrap_err();
        assert_eq!((error.kind(), error.offset(), error.field()), (HeadErrorKind::TooManyFields, 17, Some(0)));
    }
}

/// A scan that failed stays failed, even if it is shown another message.
#[test]
fn after_an_error_there_is_no_head() {
    let response = [b"HTTP/1.1 200 OK\r\n", &b"a: b\r\n".repeat(8)[..], b"\r\n"].concat();
    let mut fields = FieldTable::<8>::new();
    let mut scan = ResponseScan::new(Limits::default());
    let error = scan.scan(b"HTTQ", &mut fields).unwrap_err();
    assert_eq!(scan.scan(&response, &mut fields).unwrap_err(), error);
}

/// Spans that were found in earlier calls and are not in the store of the last one are found again: a head has all of
/// its fields, those of framing included, or it is no head.
#[test]
fn no_field_is_lost_with_a_store_that_lost_its_spans() {
    let request = b"POST / HTTP/1.1\r\nContent-Length: 5\r\nHost: a\r\nX: y\r\n\r\nhello";
    let response = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nHost: a\r\nX: y\r\n\r\nhello";
    for cut in 0..request.len() {
        let mut scan = RequestScan::new(Limits::default());
        let _ = scan.scan(&request[..cut], &mut FieldTable::<2>::new()).unwrap();
        let (mut fresh, mut again) = (FieldTable::<2>::new(), FieldTable::<2>::new());
        let Ok(Step::Done { value, .. }) = scan.scan(request, &mut fresh) else { panic!("{cut}") };
        assert_eq!((value.fields().len(), value.framing()), (3, Framing::Length(5)), "{cut}");
        let Ok(Step::Done { value, .. }) = scan.scan(request, &mut again) else { panic!("{cut}") };
        assert_eq!((value.fields().len(), value.framing()), (3, Framing::Length(5)), "{cut}");
    }
    for cut in 0..response.len() {
        let mut scan = ResponseScan::new(Limits::default());
        let _ = scan.scan(&response[..cut], &mut FieldTable::<2>::new()).unwrap();
        let mut fresh = FieldTable::<2>::new();
        let Ok(Step::Done { value, .. }) = scan.scan(response, &mut fresh) else { panic!("{cut}") };
        assert_eq!((value.fields().len(), value.framing("GET")), (3, Ok(Framing::Length(5))), "{cut}");
    }
}

/// A head that was read and is asked for again is not given out of bytes that are no longer there.
#[test]
fn a_head_that_was_read_needs_all_of_its_bytes_again() {
    let mut fields = FieldTable::<4>::new();
    let request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut scan = RequestScan::new(Limits::default());
    assert!(matches!(scan.scan(request, &mut fields), Ok(Step::Done { .. })));
    assert!(matches!(scan.scan(&request[..20], &mut fields), Ok(Step::NeedMore { at_least: 7 })));
    assert!(matches!(scan.scan(request, &mut fields), Ok(Step::Done { consumed: 27, .. })));
    let response = b"HTTP/1.1 200 OK\r\nServer: a\r\n\r\n";
    let mut scan = ResponseScan::new(Limits::default());
    assert!(matches!(scan.scan(response, &mut fields), Ok(Step::Done { .. })));
    assert!(matches!(scan.scan(&response[..20], &mut fields), Ok(Step::NeedMore { at_least: 10 })));
    assert!(matches!(scan.scan(response, &mut fields), Ok(Step::Done { consumed: 30, .. })));
}

#[test]
fn a_long_head_arrives_byte_by_byte() {
    let mut head = b"GET / HTTP/1.1\r\nHost: a\r\n".to_vec();
    while head.len() < 60_000 {
        head.extend(b"x-filler: ");
        head.extend(b"y".repeat(1_000));
        head.extend(b"\r\n");
    }
    head.extend(b"\r\n");
    let whole = scan_request(&[&head], Limits::default());
    assert!(matches!(whole, Outcome::Head { .. }));
    assert_eq!(scan_request(&split::bytewise(&head), Limits::default()), whole);
}

#[cfg(debug_assertions)]
#[test]
#[should_panic(expected = "no longer there")]
fn an_input_that_shrinks_is_found_where_assertions_are_on() {
    let mut fields = FieldTable::<2>::new();
    let mut scan = RequestScan::new(Limits::default());
    assert!(matches!(scan.scan(b"GET / HTTP/1.1\r\nHost: a", &mut fields), Ok(Step::NeedMore { .. })));
    let _ = scan.scan(b"GET / HTTP/1.1\r\n", &mut fields);
}

/// A store that another head was put into between two calls is found out by its last span.
#[test]
fn a_store_with_as_many_spans_of_another_head_is_read_again() {
    let head = b"GET / HTTP/1.1\r\nHost: a\r\nX: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n\r\n";
    let mut scan = RequestScan::new(Limits::default());
    assert!(matches!(scan.scan(&head[..30], &mut FieldTable::<4>::new()), Ok(Step::NeedMore { .. })));
    let mut foreign = FieldTable::<4>::new();
    let other = b"GET /another HTTP/1.0\r\nb: c\r\n\r\n";
    assert!(matches!(RequestScan::new(Limits::default()).scan(other, &mut foreign), Ok(Step::Done { .. })));
    let Ok(Step::Done { value, .. }) = scan.scan(head, &mut foreign) else { panic!("not complete") };
    let names: Vec<_> = value.fields().map(|field| field.name).collect();
    assert_eq!(names, ["Host", "X"]);
}
