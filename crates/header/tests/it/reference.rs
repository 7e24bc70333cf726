//! Bodies by a reference encoder, and by decoders that arrive at the same in three ways, with the promises of every
//! call checked.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use switchover_header::{
    BodyDecoder, BodyError, BodyItem, BodyLimits, EndOfInput, FieldTable, Framing, Step, TrailerLimits, Trailers,
};
use switchover_testkit::split;

/// Fields as they compare: names and values.
pub(crate) type Lines = Vec<(String, Vec<u8>)>;

/// All that is found in a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) data: Vec<u8>,
    pub(crate) end: End,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Body { trailers: Lines, consumed: usize },
    Error(BodyError),
    NeedMore,
}

pub(crate) fn lines(trailers: &Trailers<'_>) -> Lines {
    trailers.fields().map(|field| (field.name.to_owned(), field.value.to_owned())).collect()
}

/// A decoder to be given out anew for each way of reading.
pub(crate) type New<'a> = &'a dyn Fn() -> BodyDecoder;

/// Decodes pieces as they arrive, item by item.
pub(crate) fn decode(pieces: &[&[u8]], new: New<'_>) -> Outcome {
    let all = pieces.concat();
    let mut body = new();
    let mut fields = FieldTable::<2>::new();
    let (mut data, mut data_ended) = (Vec::new(), false);
    let (mut start, mut end) = (0, 0);
    for piece in pieces {
        end += piece.len();
        loop {
            let input = &all[start..end];
            match body.decode(input, &mut fields) {
                Ok(Step::Done { value, consumed }) => {
                    assert!(consumed <= input.len());
                    match value {
                        BodyItem::Data(range) => {
                            assert!(!data_ended && !range.is_empty() && range.end == consumed);
                            data.extend_from_slice(&input[range]);
                        }
                        BodyItem::Framing => assert!(!data_ended && consumed == input.len() && consumed > 0),
                        BodyItem::DataEnd => {
                            assert!(!data_ended);
                            data_ended = true;
                        }
                        BodyItem::End(trailers) => {
                            assert!(data_ended);
                            assert_eq!(trailers.bytes(), &input[..consumed]);
                            let trailers = lines(&trailers);
                            start += consumed;
                            assert_eq!(body.offset(), start as u64);
                            assert_ended(&mut body, &all[start..]);
                            return Outcome { data, end: End::Body { trailers, consumed: start } };
                        }
                    }
                    start += consumed;
                    assert_eq!(body.offset(), start as u64);
                }
                Ok(Step::NeedMore { at_least }) => {
                    assert!(at_least >= 1);
                    assert!(data_ended || input.is_empty(), "bytes stay in the trailer section only");
                    break;
                }
                Err(error) => {
                    assert_error(&error, &all[..end]);
                    assert_eq!(body.offset(), start as u64);
                    assert_eq!(body.decode(b"0\r\n\r\n", &mut fields).unwrap_err(), error, "asked again");
                    assert_eq!(body.end_of_input(), EndOfInput::CutShort);
                    assert_eq!(body.decode(b"", &mut fields).unwrap_err(), error, "asked again");
                    return Outcome { data, end: End::Error(error) };
                }
            }
        }
    }
    Outcome { data, end: End::NeedMore }
}

/// An error is in what was received, and names the byte there.
fn assert_error(error: &BodyError, received: &[u8]) {
    let byte = received.get(usize::try_from(error.offset()).unwrap());
    assert!(byte.is_some() && error.byte() == byte.copied());
}

/// What is behind the body stays there.
fn assert_ended(body: &mut BodyDecoder, rest: &[u8]) {
    for _ in 0..2 {
        let offset = body.offset();
        let mut untouched = FieldTable::<1>::new();
        let step = body.decode(rest, &mut untouched).unwrap();
        let Step::Done { value: BodyItem::End(trailers), consumed: 0 } = step else { panic!("goes on after its end") };
        assert!(trailers.bytes().is_empty() && trailers.spans().is_empty());
        assert_eq!(body.offset(), offset);
        assert_eq!(body.end_of_input(), EndOfInput::Complete);
    }
}

/// Decodes pieces as they arrive, in place.
pub(crate) fn decode_in_place(pieces: &[&[u8]], new: New<'_>) -> Outcome {
    let mut body = new();
    let mut fields = FieldTable::<2>::new();
    let (mut data, mut total) = (Vec::new(), 0);
    let mut rest = Vec::new();
    for (number, piece) in pieces.iter().enumerate() {
        rest.extend_from_slice(piece);
        let mut input = rest.clone();
        let decoded = body.decode_in_place(&mut input, &mut fields);
        let (front, consumed) = (decoded.data, decoded.consumed);
        assert!(front <= consumed);
        total += consumed;
        let end = match decoded.end {
            Ok(Step::Done { value, consumed: end }) => {
                assert_eq!(end, consumed, "the end is where it stops");
                assert!(rest[..end].ends_with(value.bytes()));
                Some(End::Body { trailers: lines(&value), consumed: total })
            }
            Ok(Step::NeedMore { at_least }) => {
                assert!(at_least >= 1);
                None
            }
            Err(error) => Some(End::Error(error)),
        };
        assert_eq!(body.offset(), total as u64);
        assert_eq!(input[consumed..], rest[consumed..], "what was not taken is as it was");
        data.extend_from_slice(&input[..front]);
        rest.drain(..consumed);
        match end {
            Some(End::Error(error)) => {
                assert_error(&error, &pieces[..=number].concat());
                let again = body.decode_in_place(&mut rest, &mut fields);
                assert_eq!((again.data, again.consumed, again.end.unwrap_err()), (0, 0, error), "asked again");
                return Outcome { data, end: End::Error(error) };
            }
            Some(end) => {
                assert_ended(&mut body, &rest);
                return Outcome { data, end };
            }
            None => {}
        }
    }
    Outcome { data, end: End::NeedMore }
}

/// The outcome of pieces, the same in all ways of reading.
#[track_caller]
pub(crate) fn outcome_of(pieces: &[&[u8]], new: New<'_>) -> Outcome {
    let outcome = decode(pieces, new);
    assert_eq!(decode_in_place(pieces, new), outcome, "in place");
    outcome
}

/// What trails a body in the vectors: it must change nothing and stay untouched.
pub(crate) const TRAILING: &[u8] = b"\x81\x85\0\r\n\r\n: \nPOST / HTTP/1.1\r\n0\r\n\r\n";

/// The outcome that is the same for every split, and with bytes behind the body.
#[track_caller]
pub(crate) fn outcome_with(bytes: &[u8], new: New<'_>) -> Outcome {
    let expected = outcome_of(&[bytes], new);
    split::for_every_split(bytes, |pieces| assert_eq!(outcome_of(pieces, new), expected));
    if expected.end != End::NeedMore {
        split::for_every_split(&split::with_trailing(bytes, TRAILING), |pieces| {
            assert_eq!(outcome_of(pieces, new), expected);
        });
    }
    expected
}

/// A chunked body of a request under the default limits.
pub(crate) fn chunked() -> BodyDecoder {
    BodyDecoder::request(Framing::Chunked, BodyLimits::default())
}

/// A chunked body of a request under these limits.
pub(crate) fn limited(limits: BodyLimits) -> impl Fn() -> BodyDecoder {
    move || BodyDecoder::request(Framing::Chunked, limits)
}

/// Data and trailers of a valid chunked body.
#[track_caller]
pub(crate) fn body(bytes: &[u8]) -> (Vec<u8>, Lines) {
    match outcome_with(bytes, &chunked) {
        Outcome { data, end: End::Body { trailers, consumed } } => {
            assert_eq!(consumed, bytes.len());
            (data, trailers)
        }
        other => panic!("{}: {other:?}", bytes.escape_ascii()),
    }
}

/// The bytes of `marked` without its marker `@@`, and where it stood.
pub(crate) fn unmarked(marked: &[u8]) -> (Vec<u8>, usize) {
    let offset = marked.windows(2).position(|pair| pair == b"@@").expect("a marker");
    ([&marked[..offset], &marked[offset + 2..]].concat(), offset)
}

/// A body as the reference encoder sees it.
#[derive(Clone, Debug)]
pub(crate) struct Encoded {
    pub(crate) data: Vec<u8>,
    pub(crate) trailers: Lines,
    pub(crate) bytes: Vec<u8>,
    /// Bytes of chunk extensions.
    pub(crate) extensions: usize,
}

/// Bodies of any chunks, extensions and trailers.
pub(crate) fn bodies() -> impl Strategy<Value = Encoded> {
    let chunk = (vec(any::<u8>(), 1..40), size_style(), extensions());
    (vec(chunk, 0..6), size_style(), extensions(), vec(trailer(), 0..4)).prop_map(
        |(chunks, last_style, last_extensions, trailers)| {
            let mut encoded = Encoded { data: vec![], trailers: vec![], bytes: vec![], extensions: 0 };
            for (data, style, extensions) in chunks {
                encoded.chunk(&data, style, &extensions);
                encoded.data.extend(data);
                encoded.bytes.extend(b"\r\n");
            }
            encoded.chunk(b"", last_style, &last_extensions);
            for (name, value) in trailers {
                encoded.bytes.extend([name.as_bytes(), b": ", &value, b"\r\n"].concat());
                encoded.trailers.push((name, value));
            }
            encoded.bytes.extend(b"\r\n");
            encoded
        },
    )
}

impl Encoded {
    fn chunk(&mut self, data: &[u8], (zeros, upper): (usize, bool), extensions: &str) {
        let size = if upper { format!("{:X}", data.len()) } else { format!("{:x}", data.len()) };
        self.bytes.extend([&b"0".repeat(zeros)[..], size.as_bytes(), extensions.as_bytes(), b"\r\n", data].concat());
        self.extensions += extensions.len();
    }
}

/// Leading zeros, and whether in capitals.
fn size_style() -> impl Strategy<Value = (usize, bool)> {
    (prop_oneof![3 => Just(0), 1 => 1..=14usize], any::<bool>())
}

fn extensions() -> impl Strategy<Value = String> {
    let space = || prop_oneof![2 => Just(""), 1 => select(vec![" ", "\t", " \t "])];
    let value = prop_oneof![
        Just(String::new()),
        (space(), space(), "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,6}").prop_map(|(a, b, token)| format!("{a}={b}{token}")),
        (space(), space(), "([\t !#-\\[\\]-~\u{80}-\u{ff}]|\\\\[\t -~]){0,6}")
            .prop_map(|(a, b, quoted)| format!("{a}={b}\"{quoted}\"")),
    ];
    let extension = (space(), space(), "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,6}", value)
        .prop_map(|(a, b, name, value)| format!("{a};{b}{name}{value}"));
    prop_oneof![2 => Just(vec![]), 1 => vec(extension, 1..4)].prop_map(|all| all.concat())
}

fn trailer() -> impl Strategy<Value = (String, Vec<u8>)> {
    let value = "([!-~\u{80}-\u{ff}]([\t -~]{0,8}[!-~])?)?";
    ("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,8}", value.prop_map(String::into_bytes))
}

/// Bytes that stay near the grammar, so that random input gets past its first byte.
pub(crate) fn soup() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        6 => select(vec![
            &b"0"[..], b"1", b"2", b"5", b"a", b"F", b"\r\n", b"\r", b"\n", b";", b"=", b" ", b"\t", b"\"", b"\\",
            b"x", b":", b"1\r\nx\r\n", b"5\r\nhello\r\n", b"3;a\r\n", b"0\r\n", b"\r\n\r\n", b"a: b\r\n",
            b"0x5", b"+5", b";a=\"b\"", b"ffffffffffffffff",
        ])
        .prop_map(<[u8]>::to_vec),
        1 => vec(any::<u8>(), 1..4),
    ];
    let near = (bodies(), any::<Index>(), any::<u8>(), 0..3usize).prop_map(|(body, at, byte, removed)| {
        let mut bytes = body.bytes;
        let at = at.index(bytes.len());
        let end = bytes.len().min(at + removed);
        bytes.splice(at..end, [byte]);
        bytes
    });
    prop_oneof![vec(piece, 0..16).prop_map(|pieces| pieces.concat()), near]
}

/// Limits small enough to be met.
pub(crate) fn limits() -> impl Strategy<Value = BodyLimits> {
    let trailers = TrailerLimits { name: 4, value: 6, fields: 2, section: 24 };
    prop_oneof![Just(BodyLimits::default()), Just(BodyLimits { extensions: 8, trailers })]
}
