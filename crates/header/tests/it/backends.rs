//! All backends find the same in the same bytes: heads, errors with their offsets, and where more is needed.

use proptest::{prelude::*, sample::Index};
use switchover_header::{Backend, HeadErrorKind as Kind, Limits};
use switchover_testkit::{
    heads,
    split::{self, Cuts},
};

use crate::common::{Outcome, TRAILING, limits, request_with, response_with, scan_request_by, scan_response_by, soup};

/// Asserts that every backend finds in `bytes` what the first does, whole, byte by byte and in the pieces of `cuts`, as
/// a request and as a response.
fn check(bytes: &[u8], cuts: &Cuts, limits: Limits) -> Result<(), TestCaseError> {
    let scalar = Backend::available().next().unwrap();
    let request = scan_request_by(scalar, &[bytes], limits);
    let response = scan_response_by(scalar, &[bytes], limits);
    for backend in Backend::available() {
        for pieces in [split::whole(bytes), split::bytewise(bytes), cuts.pieces(bytes)] {
            prop_assert_eq!(&scan_request_by(backend, &pieces, limits), &request, "{}", backend.name());
            prop_assert_eq!(&scan_response_by(backend, &pieces, limits), &response, "{}", backend.name());
        }
    }
    Ok(())
}

/// Elements of all lengths around the sizes of blocks, so that each byte of the head comes to stand in each lane; and a
/// few bytes of it made anything.
fn shifted() -> impl Strategy<Value = Vec<u8>> {
    let start = prop_oneof![
        (0..130usize).prop_map(|target| format!("GET /{} HTTP/1.1\r\nHost: a\r\n", "t".repeat(target))),
        (0..130usize).prop_map(|reason| format!("HTTP/1.1 200 {}\r\n", "r".repeat(reason))),
    ];
    let line = (1..70usize, 0..200usize, prop::sample::select(vec!["", " ", "\t", " \t "]))
        .prop_map(|(name, value, space)| format!("{}:{space}{}{space}\r\n", "n".repeat(name), "v".repeat(value)));
    let spoilt = prop::collection::vec((any::<Index>(), prop_oneof![any::<u8>(), Just(b':'), Just(b'\t')]), 0..3);
    (start, prop::collection::vec(line, 0..6), spoilt).prop_map(|(start, lines, spoilt)| {
        let mut bytes = [start, lines.concat(), "\r\n".to_owned()].concat().into_bytes();
        for (place, byte) in spoilt {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        bytes
    })
}

#[test]
fn there_is_more_than_one_backend() {
    let names: Vec<_> = Backend::available().map(Backend::name).collect();
    println!("backends: {}", names.join(", "));
    assert!(names.len() > 1);
}

/// AVX2 is a backend where the processor has it and what came with it or before, whoever asks and how often.
#[cfg(all(target_arch = "x86_64", feature = "std"))]
#[test]
fn the_processor_is_asked_for_avx2() {
    use std::arch::is_x86_feature_detected as has;
    let best = if has!("avx2") && has!("bmi1") && has!("bmi2") && has!("popcnt") { "AVX2" } else { "SSE2" };
    assert_eq!([Backend::best().name(), Backend::best().name()], [best, best]);
}

proptest! {
    #[test]
    fn valid_heads_are_read_alike(
        request in heads::requests(), response in heads::responses(), cuts in split::random_cuts(),
    ) {
        check(&split::with_trailing(&request.bytes(), TRAILING), &cuts, Limits::default())?;
        check(&split::with_trailing(&response.bytes(), TRAILING), &cuts, Limits::default())?;
    }

    #[test]
    fn broken_heads_are_refused_alike(
        request in heads::broken_requests(), response in heads::broken_responses(), cuts in split::random_cuts(),
    ) {
        check(&request.bytes, &cuts, Limits::default())?;
        check(&response.bytes, &cuts, Limits::default())?;
    }

    #[test]
    fn any_bytes_are_read_alike(bytes in soup(), limits in limits(), cuts in split::random_cuts()) {
        check(&bytes, &cuts, limits)?;
    }

    #[test]
    fn any_byte_in_any_lane_is_read_alike(bytes in shifted(), cuts in split::random_cuts()) {
        check(&bytes, &cuts, Limits::default())?;
    }

    #[test]
    fn wild_bytes_are_read_alike(bytes: Vec<u8>, cuts in split::random_cuts()) {
        check(&bytes, &cuts, Limits::default())?;
    }
}

/// A limit trips in a head of which all is there at once where it does in one that drips, by each backend.
#[test]
fn whole_heads_meet_the_limits_alike() {
    let long = |bytes: usize| format!("GET / HTTP/1.1\r\nHost: a\r\nx:{}\r\n\r\n", "v".repeat(bytes));
    let name = |bytes: usize| format!("GET / HTTP/1.1\r\nHost: a\r\n{}: v\r\n\r\n", "n".repeat(bytes));
    let target = |bytes: usize| format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "t".repeat(bytes - 1));
    let limits = Limits { start_line: 80, target: 70, name: 90, value: 300, ..Limits::default() };
    for (within, beyond, kind, offset) in [
        (long(300), long(301), Kind::ValueTooLong, 27 + 300),
        (name(90), name(91), Kind::NameTooLong, 25 + 90),
        (target(65), target(66), Kind::StartLineTooLong, 80),
        (target(65), target(71), Kind::TargetTooLong, 4 + 70),
    ] {
        assert!(matches!(request_with(within.as_bytes(), limits), Outcome::Head { .. }), "{kind}");
        let Outcome::Error(error) = request_with(beyond.as_bytes(), limits) else { panic!("{kind} does not trip") };
        assert_eq!((error.kind(), error.offset()), (kind, offset));
    }
    let reason = |bytes: usize| format!("HTTP/1.1 200 {}\r\nx: {}\r\n\r\n", "r".repeat(bytes), "v".repeat(40));
    let limits = Limits { start_line: 40, ..Limits::default() };
    assert!(matches!(response_with(reason(25).as_bytes(), limits), Outcome::Head { .. }));
    let Outcome::Error(error) = response_with(reason(26).as_bytes(), limits) else { panic!("does not trip") };
    assert_eq!((error.kind(), error.offset()), (Kind::StartLineTooLong, 40));
}

/// One byte of a head of more than two blocks, made every byte in turn. It is the same head or the same error by all.
#[test]
fn every_byte_at_every_place_is_read_alike() {
    let head =
        b"GET /path/to/somewhere?with=query HTTP/1.1\r\nHost: www.example.com:8080\r\nX-Long-Name: a value\twith\xA0\
        some length\r\nContent-Length: 10\r\nAccept:*/*\r\n\r\n";
    let (mut read, mut refused) = (0, 0);
    for place in 0..head.len() {
        for byte in 0..=u8::MAX {
            let mut bytes = head.to_vec();
            bytes[place] = byte;
            let mut outcomes =
                Backend::available().map(|backend| scan_request_by(backend, &[&bytes], Limits::default()));
            let first = outcomes.next().unwrap();
            match first {
                Outcome::Head { .. } => read += 1,
                _ => refused += 1,
            }
            for outcome in outcomes {
                assert_eq!(outcome, first, "{}", bytes.escape_ascii());
            }
        }
    }
    assert!(read > 1_000 && refused > 1_000, "{read} and {refused}");
}
