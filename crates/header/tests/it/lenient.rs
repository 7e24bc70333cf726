//! What is accepted of responses beyond the grammar, where that is asked for. (RFC 9112, sections 2.2 and 5.1)
//!
//! Without folds: those are in `unfolding.rs`.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use switchover_header::{
    Backend, FieldTable, Framing, HeadError, HeadErrorKind as Kind, Leniency, Limits, ResponseScan, Step,
};
use switchover_testkit::{heads, split};

use crate::common::profile::{
    ALL, BARE_LF, Profile, Read, SPACE, STRICT, UNFOLDING, accepted, fields, limits, pairs, profiles, read, refused,
    soup, step,
};
use crate::common::{Outcome, TRAILING, growing};

// --- models: what a lenient scan accepts is what a strict one accepts after these

/// Every line end as CRLF.
fn with_crlf(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for byte in bytes {
        if *byte == b'\n' && out.last() != Some(&b'\r') {
            out.push(b'\r');
        }
        out.push(*byte);
    }
    out
}

/// Names without white space behind them.
fn without_space_before_colons(bytes: &[u8]) -> Vec<u8> {
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let mut out = lines.next().unwrap_or_default().to_vec();
    for line in lines {
        let name = line.iter().position(|byte| b" \t:".contains(byte)).unwrap_or(line.len());
        let space = line[name..].iter().position(|byte| !b" \t".contains(byte)).unwrap_or(0);
        let is_dropped = name > 0 && line.get(name + space) == Some(&b':');
        out.extend_from_slice(&line[..name]);
        out.extend_from_slice(&line[name + if is_dropped { space } else { 0 }..]);
    }
    out
}

proptest! {
    /// RFC 9112, section 2: what keeps to the grammar is read the same.
    #[test]
    fn a_strict_head_is_read_the_same_by_every_profile(
        response in heads::responses(), profile in profiles(), cuts in split::random_cuts(),
    ) {
        let bytes = split::with_trailing(&response.bytes(), TRAILING);
        let expected = read(&[&bytes], STRICT, Limits::default());
        prop_assert!(matches!(expected, Outcome::Head { .. }), "an expected head");
        prop_assert_eq!(&read(&[&bytes], profile, Limits::default()), &expected);
        prop_assert_eq!(&read(&cuts.pieces(&bytes), profile, Limits::default()), &expected);
        prop_assert_eq!(&read(&split::bytewise(&bytes), profile, Limits::default()), &expected);
    }

    #[test]
    fn any_bytes_give_the_same_under_any_split(
        bytes in soup(), profile in profiles(), limits in limits(), cuts in split::random_cuts(),
    ) {
        let expected = read(&[&bytes], profile, limits);
        prop_assert_eq!(&read(&cuts.pieces(&bytes), profile, limits), &expected);
        prop_assert_eq!(&read(&split::bytewise(&bytes), profile, limits), &expected);
    }

    #[test]
    fn wild_bytes_never_panic(bytes: Vec<u8>, profile in profiles(), cuts in split::random_cuts()) {
        read(&cuts.pieces(&bytes), profile, Limits::default());
    }

    /// RFC 9112, section 2.2: a lone LF is read as CRLF is.
    #[test]
    fn a_bare_lf_is_read_as_crlf(bytes in soup(), profile in profiles()) {
        let lenient = Profile { leniency: Leniency { bare_lf: true, ..profile.leniency }, ..profile };
        let strict = Profile { leniency: Leniency { bare_lf: false, ..profile.leniency }, ..profile };
        match (read(&[&bytes], lenient, Limits::default()), read(&[&with_crlf(&bytes)], strict, Limits::default())) {
            (Outcome::Head { head, consumed }, Outcome::Head { head: same, consumed: end }) => {
                prop_assert_eq!(end, with_crlf(&bytes[..consumed]).len());
                if !profile.unfolds {
                    prop_assert_eq!(head.head, same.head);
                }
            }
            (Outcome::Error(error), Outcome::Error(same)) => prop_assert_eq!(error.kind(), same.kind()),
            (outcome, same) => prop_assert_eq!(outcome, same),
        }
    }

    #[test]
    fn valid_responses_with_bare_lf(response in heads::responses(), which in any::<u64>(), cuts in split::random_cuts()) {
        let mut number = 0_u32;
        let mut bytes = Vec::new();
        for byte in response.bytes() {
            if byte == b'\n' {
                number += 1;
                if which >> (number % 64) & 1 == 1 {
                    bytes.pop();
                }
            }
            bytes.push(byte);
        }
        let Outcome::Head { head: expected, .. } = read(&[&response.bytes()], STRICT, Limits::default()) else {
            panic!("valid")
        };
        let outcome = read(&cuts.pieces(&bytes), BARE_LF, Limits::default());
        let Outcome::Head { head, consumed } = &outcome else { panic!("{outcome:?}") };
        prop_assert_eq!(*consumed, bytes.len());
        prop_assert_eq!(&head.head, &expected.head);
        prop_assert_eq!(&read(&split::bytewise(&bytes), BARE_LF, Limits::default()), &outcome);
        // By default the first of them is an error, and with other leniency too.
        let first = (0..bytes.len()).find(|at| bytes[*at] == b'\n' && bytes[at - 1] != b'\r');
        for profile in [STRICT, SPACE, UNFOLDING] {
            match (read(&cuts.pieces(&bytes), profile, Limits::default()), first) {
                (Outcome::Error(error), Some(first)) => {
                    prop_assert_eq!((error.kind(), error.offset()), (Kind::BareLf, first));
                }
                (Outcome::Head { .. }, None) => {}
                (other, _) => panic!("{other:?}"),
            }
        }
    }

    /// RFC 9112, section 5.1
    #[test]
    fn space_before_a_colon_is_no_part_of_the_name(bytes in soup(), profile in profiles()) {
        let lenient = Profile { leniency: Leniency { space_before_colon: true, ..profile.leniency }, unfolds: false };
        let strict = Profile { leniency: Leniency { space_before_colon: false, ..profile.leniency }, unfolds: false };
        let model = without_space_before_colons(&bytes);
        match (read(&[&bytes], lenient, Limits::default()), read(&[&model], strict, Limits::default())) {
            (Outcome::Head { head, consumed }, Outcome::Head { head: same, consumed: end }) => {
                prop_assert_eq!(end, without_space_before_colons(&bytes[..consumed]).len());
                prop_assert_eq!(head.head, same.head);
            }
            (Outcome::Head { .. }, other) | (other, Outcome::Head { .. }) => panic!("{other:?}"),
            _ => {}
        }
    }

    #[test]
    fn valid_responses_with_space_before_colons(
        response in heads::responses(), spaces in vec(select(vec!["", " ", "\t", " \t  "]), 12), cuts in split::random_cuts(),
    ) {
        let Outcome::Head { head: expected, .. } = read(&[&response.bytes()], STRICT, Limits::default()) else {
            panic!("valid")
        };
        let mut spaced = response.clone();
        for (field, space) in spaced.fields.iter_mut().zip(&spaces) {
            field.name.push_str(space);
        }
        let bytes = spaced.bytes();
        let outcome = read(&cuts.pieces(&bytes), SPACE, Limits::default());
        let Outcome::Head { head, .. } = &outcome else { panic!("{outcome:?}") };
        prop_assert_eq!(&head.head, &expected.head);
        prop_assert_eq!(&read(&split::bytewise(&bytes), SPACE, Limits::default()), &outcome);
        for profile in [STRICT, BARE_LF, UNFOLDING] {
            match read(&cuts.pieces(&bytes), profile, Limits::default()) {
                Outcome::Error(error) => prop_assert_eq!(error.kind(), Kind::SpaceBeforeColon),
                other => {
                    prop_assert!(matches!(other, Outcome::Head { .. }), "accepted");
                    prop_assert_eq!(&bytes, &response.bytes());
                }
            }
        }
    }

    #[test]
    fn every_backend_finds_the_same(bytes in soup(), profile in profiles()) {
        let mut outcomes = Backend::available().map(|backend| {
            let mut scan = ResponseScan::new(Limits::default()).with_leniency(profile.leniency).with_backend(backend);
            step(&mut scan, profile, &mut bytes.clone(), &mut Vec::new())
        });
        let first = outcomes.next().unwrap();
        prop_assert!(outcomes.all(|outcome| outcome == first));
    }

    #[test]
    fn unrelated_inputs_never_panic(inputs in vec(soup(), 1..6), profile in profiles()) {
        let mut fields = [FieldTable::<2>::new(), FieldTable::<2>::new()];
        let mut scan = ResponseScan::new(Limits::default()).with_leniency(profile.leniency);
        for (number, mut input) in growing(inputs).into_iter().enumerate() {
            let _ = step(&mut scan, profile, &mut input, &mut fields[number % 2]);
        }
    }
}

// --- vectors

#[test]
fn a_bare_lf_ends_every_line() {
    let expected = pairs(&[("a", "b"), ("c", ""), ("d", "e f")]);
    for lines in [&b"a: b\nc:\nd: e f\n\n"[..], b"a:b\r\nc: \nd:\te f \t\n\r\n", b"a: b\nc:\t\r\nd: e f\r\n\n"] {
        assert_eq!(fields(lines, BARE_LF), expected);
    }
    for (line, reason) in [
        (&b"HTTP/1.1 200"[..], &b""[..]),
        (b"HTTP/1.1 200 ", b""),
        (b"HTTP/1.1 200 OK", b"OK"),
        (b"HTTP/1.1 200 \tO\xFFK ", b"\tO\xFFK "),
    ] {
        for rest in [&b"\n\n"[..], b"\n\r\n", b"\r\n\n"] {
            let read = accepted(&[line, rest].concat(), BARE_LF);
            assert_eq!((read.head.status, &read.head.reason[..]), (200, reason));
        }
    }
}

/// RFC 9112, section 2.2: a CR alone is never taken for a line end, nor is one before a line end passed over.
#[test]
fn a_bare_cr_stays_an_error() {
    for (bytes, kind, offset, field) in [
        (&b"HTTP/1.1 200 OK\rX\n\n"[..], Kind::BareCr, 15, None),
        (b"HTTP/1.1 200\r\r\n\n", Kind::BareCr, 12, None),
        (b"HTTP/1.1 200 OK\na: b\rc\n\n", Kind::BareCr, 20, Some(0)),
        (b"HTTP/1.1 200 OK\na: b\r\r\n\n", Kind::BareCr, 20, Some(0)),
        (b"HTTP/1.1 200 OK\na: b\n\rc", Kind::BareCr, 21, None),
        (b"HTTP/1.1 200 OK\na: b\n\r\r\n", Kind::BareCr, 21, None),
        (b"HTTP/1.1 200 OK\na: b\r c\n\n", Kind::BareCr, 20, Some(0)),
    ] {
        assert_eq!(refused(bytes, ALL), (kind, offset, field), "{}", bytes.escape_ascii());
    }
}

/// A line end is accepted where a line may end, and nowhere else.
#[test]
fn a_bare_lf_elsewhere_is_the_fault_that_crlf_would_be() {
    for (bytes, kind, offset, field) in [
        (&b"\nHTTP/1.1 200 OK\n\n"[..], Kind::Version, 0, None),
        (b"HTTP/1.1\n\n", Kind::Version, 8, None),
        (b"HTTP/1.1 20\n\n", Kind::StatusCode, 11, None),
        (b"HTTP/1.1 200\tOK\n\n", Kind::StatusCode, 12, None),
        (b"HTTP/1.1 200 O\0K\n\n", Kind::Reason, 14, None),
        (b"HTTP/1.1 200 OK\na\n\n", Kind::MissingColon, 17, Some(0)),
        (b"HTTP/1.1 200 OK\na \n\n", Kind::MissingColon, 18, Some(0)),
        (b"HTTP/1.1 200 OK\na \r\n\n", Kind::MissingColon, 18, Some(0)),
        (b"HTTP/1.1 200 OK\n:\n\n", Kind::EmptyName, 16, Some(0)),
        (b"HTTP/1.1 200 OK\na: \0\n\n", Kind::Value, 19, Some(0)),
    ] {
        assert_eq!(refused(bytes, ALL), (kind, offset, field), "{}", bytes.escape_ascii());
    }
}

/// The demand for more is exact for the shortest heads.
#[test]
fn at_least_counts_down_with_bare_lf() {
    let response = b"HTTP/1.0 200\n\n";
    let more = |bytes: &[u8], profile| match read_step(bytes, profile) {
        Ok(Step::NeedMore { at_least }) => at_least,
        other => panic!("{other:?}"),
    };
    for cut in 0..response.len() {
        assert_eq!(more(&response[..cut], BARE_LF), response.len() - cut, "{cut}");
    }
    for (bytes, lenient, otherwise) in [
        (&b"HTTP/1.0 200 "[..], 2, 4),
        (b"HTTP/1.0 200 OK", 2, 4),
        (b"HTTP/1.0 200 OK\r", 2, 3),
        (b"HTTP/1.0 200 OK\r\n", 1, 2),
        (b"HTTP/1.0 200 OK\r\na", 3, 5),
        (b"HTTP/1.0 200 OK\r\na ", 3, 5),
        (b"HTTP/1.0 200 OK\r\na :", 2, 4),
        (b"HTTP/1.0 200 OK\r\na: b", 2, 4),
        (b"HTTP/1.0 200 OK\r\na: b\r", 2, 3),
        (b"HTTP/1.0 200 OK\r\na: b\r\n", 1, 2),
        (b"HTTP/1.0 200 OK\r\na: b\r\n ", 2, 4),
        (b"HTTP/1.0 200 OK\r\na: b\r\n\r", 1, 1),
    ] {
        assert_eq!(more(bytes, ALL), lenient, "{}", bytes.escape_ascii());
        assert_eq!(more(bytes, Profile { unfolds: true, ..SPACE }), otherwise, "{}", bytes.escape_ascii());
    }
}

fn read_step(bytes: &[u8], profile: Profile) -> Result<Step<Read>, HeadError> {
    let mut scan = ResponseScan::new(Limits::default()).with_leniency(profile.leniency);
    step(&mut scan, profile, &mut bytes.to_vec(), &mut FieldTable::<2>::new())
}

#[test]
fn space_before_a_colon_is_dropped() {
    let expected = pairs(&[("a", "b"), ("cd", ":"), ("e", "")]);
    assert_eq!(fields(b"a : b\r\ncd\t \t:: \r\ne :\r\n\r\n", SPACE), expected);
    // The name ends before it.
    let read = accepted(b"HTTP/1.1 200 OK\r\nTransfer-Encoding \t: chunked\r\n\r\n", SPACE);
    assert_eq!((read.spans[0].name(), read.spans[0].value()), (17..34, 38..45));
    assert_eq!(read.framing, Ok(Framing::Chunked));
}

#[test]
fn what_stands_behind_that_space_is_a_colon() {
    for (bytes, kind, offset) in [
        (&b"HTTP/1.1 200 OK\r\na b: c\r\n\r\n"[..], Kind::Name, 19),
        (b"HTTP/1.1 200 OK\r\na \0: c\r\n\r\n", Kind::Name, 19),
        (b"HTTP/1.1 200 OK\r\na \xFF: c\r\n\r\n", Kind::Name, 19),
        (b"HTTP/1.1 200 OK\r\na\x0B: c\r\n\r\n", Kind::Name, 18),
        (b"HTTP/1.1 200 OK\r\na \t\r\n: c\r\n\r\n", Kind::MissingColon, 20),
        (b"HTTP/1.1 200 OK\r\n : c\r\n\r\n", Kind::SpaceBeforeFields, 17),
        (b"HTTP/1.1 200 OK\r\n: c\r\n\r\n", Kind::EmptyName, 17),
    ] {
        assert_eq!(refused(bytes, SPACE), (kind, offset, Some(0)), "{}", bytes.escape_ascii());
    }
}
