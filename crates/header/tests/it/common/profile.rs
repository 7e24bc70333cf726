//! Responses that are read with leniency, with all that was found as one value to compare.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use switchover_header::{
    FieldSpan, FieldStore, FieldTable, Framing, HeadError, HeadErrorKind as Kind, Leniency, Limits, ResponseScan, Step,
};
use switchover_testkit::split;

use crate::common::{Outcome, Response, TRAILING};

/// How a response is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Profile {
    pub(crate) leniency: Leniency,
    pub(crate) unfolds: bool,
}

pub(crate) const STRICT: Profile =
    Profile { leniency: Leniency { bare_lf: false, space_before_colon: false }, unfolds: false };
pub(crate) const BARE_LF: Profile = Profile { leniency: Leniency { bare_lf: true, ..STRICT.leniency }, ..STRICT };
pub(crate) const SPACE: Profile =
    Profile { leniency: Leniency { space_before_colon: true, ..STRICT.leniency }, ..STRICT };
pub(crate) const UNFOLDING: Profile = Profile { unfolds: true, ..STRICT };
pub(crate) const ALL: Profile =
    Profile { leniency: Leniency { bare_lf: true, space_before_colon: true }, unfolds: true };

pub(crate) fn profiles() -> impl Strategy<Value = Profile> {
    any::<[bool; 3]>().prop_map(|[bare_lf, space_before_colon, unfolds]| Profile {
        leniency: Leniency { bare_lf, space_before_colon },
        unfolds,
    })
}

/// All that is found in a head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) head: Response,
    /// The head as it is after the scan.
    pub(crate) bytes: Vec<u8>,
    pub(crate) spans: Vec<FieldSpan>,
    pub(crate) framing: Result<Framing, HeadError>,
}

pub(crate) fn step(
    scan: &mut ResponseScan,
    profile: Profile,
    input: &mut [u8],
    fields: &mut impl FieldStore,
) -> Result<Step<Read>, HeadError> {
    let step = if profile.unfolds { scan.scan_unfolding(input, fields) } else { scan.scan(input, fields) };
    Ok(step?.map(|head| Read {
        bytes: head.bytes().to_vec(),
        spans: head.spans().to_vec(),
        framing: head.framing("GET"),
        head: head.into(),
    }))
}

/// Reads pieces as they arrive, with the promises of every call checked.
pub(crate) fn read(pieces: &[&[u8]], profile: Profile, limits: Limits) -> Outcome<Read> {
    read_into(pieces, profile, limits, &mut FieldTable::<2>::new())
}

pub(crate) fn read_into(
    pieces: &[&[u8]],
    profile: Profile,
    limits: Limits,
    fields: &mut impl FieldStore,
) -> Outcome<Read> {
    let mut scan = ResponseScan::new(limits).with_leniency(profile.leniency);
    let mut input = Vec::new();
    let mut complete_from = 0;
    for piece in pieces {
        input.extend_from_slice(piece);
        match step(&mut scan, profile, &mut input, fields) {
            Ok(Step::Done { value: read, consumed }) => {
                assert_eq!(read.bytes, input[..consumed]);
                assert!(complete_from <= consumed, "{complete_from} bytes were asked for at least");
                assert!(
                    pieces.concat()[consumed..].starts_with(&input[consumed..]),
                    "what is behind the head is as it was"
                );
                assert_eq!(
                    step(&mut scan, profile, &mut input, fields),
                    Ok(Step::Done { value: read.clone(), consumed }),
                    "asked again"
                );
                return Outcome::Head { head: read, consumed };
            }
            Ok(Step::NeedMore { at_least }) => {
                assert!(at_least >= 1);
                complete_from = complete_from.max(input.len() + at_least);
            }
            Err(error) => {
                assert!(error.byte().is_none_or(|byte| input[error.offset()] == byte));
                assert_eq!(error.status().as_u16(), 502);
                input.extend_from_slice(b"\r\n\r\n");
                assert_eq!(step(&mut scan, profile, &mut input, fields), Err(error), "asked again");
                return Outcome::Error(error);
            }
        }
    }
    Outcome::NeedMore
}

/// The outcome that is the same for every split, and with bytes behind the head.
#[track_caller]
pub(crate) fn read_everyhow(bytes: &[u8], profile: Profile, limits: Limits) -> Outcome<Read> {
    let expected = read(&[bytes], profile, limits);
    split::for_every_split(bytes, |pieces| assert_eq!(read(pieces, profile, limits), expected));
    if expected != Outcome::NeedMore {
        for trailing in [TRAILING, b" \t\r\n x\r\n\t\n "] {
            split::for_every_split(&split::with_trailing(bytes, trailing), |pieces| {
                assert_eq!(read(pieces, profile, limits), expected);
            });
        }
    }
    expected
}

#[track_caller]
pub(crate) fn accepted(bytes: &[u8], profile: Profile) -> Read {
    match read_everyhow(bytes, profile, Limits::default()) {
        Outcome::Head { head, consumed } => {
            assert_eq!(consumed, bytes.len());
            head
        }
        other => panic!("{}: {other:?}", bytes.escape_ascii()),
    }
}

#[track_caller]
pub(crate) fn refused_within(bytes: &[u8], profile: Profile, limits: Limits) -> (Kind, usize, Option<usize>) {
    match read_everyhow(bytes, profile, limits) {
        Outcome::Error(error) => (error.kind(), error.offset(), error.field()),
        other => panic!("{}: {other:?}", bytes.escape_ascii()),
    }
}

#[track_caller]
pub(crate) fn refused(bytes: &[u8], profile: Profile) -> (Kind, usize, Option<usize>) {
    refused_within(bytes, profile, Limits::default())
}

/// The fields of a response that begins with a status line and is accepted.
#[track_caller]
pub(crate) fn fields(lines: &[u8], profile: Profile) -> Vec<(String, String)> {
    let fields = accepted(&[b"HTTP/1.1 200 OK\r\n", lines].concat(), profile).head.fields;
    fields.into_iter().map(|(name, value)| (name, String::from_utf8(value).unwrap())).collect()
}

pub(crate) fn pairs(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Every fold as SP, but behind the first line, where there can be none.
pub(crate) fn without_folds(bytes: &[u8], bare_lf: bool) -> Vec<u8> {
    let mut out = bytes.to_vec();
    let is_space = |byte: &u8| b" \t".contains(byte);
    for lf in (0..bytes.len()).filter(|at| bytes[*at] == b'\n').skip(1) {
        let behind = bytes[lf + 1..].iter().take_while(|byte| is_space(byte)).count();
        if behind > 0 && (bare_lf || bytes[lf - 1] == b'\r') {
            let before = out[..lf].iter().rev().take_while(|byte| is_space(byte) || **byte == b'\r').count();
            out[lf - before..=lf + behind].fill(b' ');
        }
    }
    out
}

/// LF alone for every CRLF.
pub(crate) fn lf_alone(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().filter(|byte| *byte != b'\r').collect()
}

/// Without white space around it, and with one SP for each run of it.
pub(crate) fn one_space(value: &[u8]) -> Vec<u8> {
    let words = value.split(|byte| b" \t".contains(byte)).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(&b' ')
}

/// Bytes that stay near the grammar of responses, and near what leniency takes.
pub(crate) fn soup() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => select(vec![
            &b"\r\n"[..], b"\n", b" ", b"\t", b"\r\n ", b"\r\n\t", b"\n \t", b"a:", b"b :", b"c\t :", b"d: e", b"fg: hi\r\n",
            b"x: y\n", b":", b"Transfer-Encoding: gzip,", b"chunked", b"z",
        ])
        .prop_map(<[u8]>::to_vec),
        1 => select(vec![&b"\r"[..], b"\0", b"\x7F", b"\xFF", b"HTTP/1.0 200 OK\r\n"]).prop_map(<[u8]>::to_vec),
    ];
    let line = select(vec![
        &b"HTTP/1.1 200 OK\r\n"[..],
        b"HTTP/1.1 200 OK\n",
        b"HTTP/1.0 404\n",
        b"HTTP/1.1 200 \r\n",
        b"HTTP/1.1 299 O\tK\n",
        b"HTTP/1.1 200 OK",
        b"",
    ]);
    let end = select(vec![&b"\r\n\r\n"[..], b"\n\n", b"\r\n", b"\n \n\n", b""]);
    (line, vec(piece, 0..24), end).prop_map(|(line, pieces, end)| [line, &pieces.concat(), end].concat())
}

/// Limits small enough to be met.
pub(crate) fn limits() -> impl Strategy<Value = Limits> {
    let small = Limits { start_line: 24, name: 3, value: 8, fields: 3, head: 48, ..Limits::default() };
    prop_oneof![Just(Limits::default()), Just(small)]
}
