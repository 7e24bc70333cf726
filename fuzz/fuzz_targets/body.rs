//! Bodies: any bytes, however they are delimited, under every cut, by ranges and in place, which say the same; their chunks
//! by httparse, their trailers by a scan of their own; and chunked bodies that were written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::num::NonZero;
use switchover::header::{
    BodyDecoder, BodyError, BodyErrorKind, BodyItem, BodyLimits, EndOfInput, FieldSlots, FieldSpan, FieldStore,
    FieldTable, Framing, Step, TrailerLimits, TrailerScan, Trailers, write,
};
use switchover_fuzz::{Script, splits};

fuzz_target!(|input: &[u8]| {
    let mut script = Script::new(input);
    let mode = script.byte();
    let setup = Setup {
        is_request: mode & 1 == 0,
        limits: if mode & 2 == 0 { BodyLimits::default() } else { SMALL },
        framing: match mode >> 2 & 7 {
            0 => Framing::None,
            1 => Framing::Length(u64::from(script.byte())),
            2 => Framing::Length(u64::MAX - u64::from(script.byte())),
            3 => Framing::UntilClose,
            _ => Framing::Chunked,
        },
    };
    let cuts = [script.number(), script.number()];
    if mode & 0xE0 == 0xE0 {
        write_and_read(&mut script, setup, cuts);
    } else {
        read(script.rest(), setup, cuts);
    }
});

/// Limits that a short input reaches.
const SMALL: BodyLimits =
    BodyLimits { extensions: 8, trailers: TrailerLimits { name: 6, value: 8, fields: 2, section: 32 } };

#[derive(Clone, Copy)]
struct Setup {
    is_request: bool,
    limits: BodyLimits,
    framing: Framing,
}

impl Setup {
    fn decoder(self) -> BodyDecoder {
        let new = if self.is_request { BodyDecoder::request } else { BodyDecoder::response };
        new(self.framing, self.limits)
    }

    fn trailer_scan(self) -> TrailerScan {
        let new = if self.is_request { TrailerScan::request } else { TrailerScan::response };
        new(self.limits.trailers)
    }
}

type Lines = Vec<(String, Vec<u8>)>;

/// What came of a body, however it was read.
#[derive(Debug, PartialEq)]
struct Outcome {
    data: Vec<u8>,
    /// Where all data had been given.
    data_end: Option<u64>,
    end: End,
    /// What is said where the input ends.
    if_closed: EndOfInput,
}

#[derive(Debug, PartialEq)]
enum End {
    /// The body has ended here, with these trailers.
    Done(u64, Lines),
    NeedMore(usize),
    Failed(BodyError),
}

fn read(bytes: &[u8], setup: Setup, cuts: [u16; 2]) -> Outcome {
    let [whole, bytewise, cut] = splits(bytes, cuts);
    let expected = by_ranges(&whole, setup, &mut Vec::<FieldSpan>::new());
    assert_eq!(by_ranges(&bytewise, setup, &mut FieldTable::<2>::new()), expected, "bytewise");
    let mut slots = [FieldSpan::default(); 64];
    assert_eq!(by_ranges(&cut, setup, &mut FieldSlots::new(&mut slots)), expected, "cut at {cuts:?}");

    // What has no data end of its own is not told of it.
    let in_place = [
        by_moving(&whole, setup, &mut FieldTable::<2>::new()),
        by_moving(&bytewise, setup, &mut Vec::<FieldSpan>::new()),
        by_moving(&cut, setup, &mut FieldSlots::new(&mut slots)),
    ];
    for outcome in in_place {
        assert_eq!(Outcome { data_end: expected.data_end, ..outcome }, expected, "in place");
    }
    check(bytes, setup, &expected);
    expected
}

fn by_ranges(pieces: &[&[u8]], setup: Setup, fields: &mut impl FieldStore) -> Outcome {
    let mut decoder = setup.decoder();
    let mut data = Vec::new();
    let mut data_end = None;
    let mut input = Vec::new();
    // Fewer bytes than this give no item but framing.
    let mut nothing_until = 0;
    let mut received = 0;
    let mut end = None;
    // An empty piece in front: what needs no bytes is there without any.
    for piece in [&[][..]].into_iter().chain(pieces.iter().copied()) {
        if let Some(End::Done(..)) = end {
            break;
        }
        received += piece.len() as u64;
        input.extend_from_slice(piece);
        end = Some(loop {
            let before = decoder.offset();
            match decoder.decode(&input, fields) {
                Ok(Step::Done { value, consumed }) => {
                    assert!(consumed <= input.len());
                    let is_framing = matches!(value, BodyItem::Framing);
                    assert!(is_framing || received >= nothing_until, "it said that more were needed");
                    let trailers = match value {
                        BodyItem::Data(range) => {
                            assert!(!range.is_empty() && range.end == consumed && data_end.is_none());
                            data.extend_from_slice(&input[range]);
                            None
                        }
                        BodyItem::Framing => {
                            assert!(consumed == input.len() && consumed > 0 && data_end.is_none());
                            None
                        }
                        BodyItem::DataEnd => {
                            assert_eq!(data_end.replace(before + consumed as u64), None);
                            None
                        }
                        BodyItem::End(trailers) => {
                            assert!(data_end.is_some());
                            Some(owned(trailers))
                        }
                    };
                    input.drain(..consumed);
                    assert_eq!(decoder.offset(), before + consumed as u64);
                    if let Some(lines) = trailers {
                        break End::Done(decoder.offset(), lines);
                    }
                }
                Ok(Step::NeedMore { at_least }) => {
                    assert!(at_least >= 1 && decoder.offset() == before);
                    nothing_until = nothing_until.max(received + at_least as u64);
                    break End::NeedMore(at_least);
                }
                Err(error) => break End::Failed(error),
            }
        });
        if let Some(End::Failed(error)) = end {
            assert_eq!(decoder.decode(&input, fields).err(), Some(error), "an error stays");
            break;
        }
    }
    let end = end.expect("there is a piece");
    if let End::Done(offset, _) = end {
        // What is behind the body is never taken.
        for _ in 0..2 {
            match decoder.decode(b"0\r\n\r\n", fields) {
                Ok(Step::Done { value: BodyItem::End(trailers), consumed: 0 }) => {
                    assert!(trailers.bytes().is_empty() && trailers.fields().next().is_none());
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(decoder.offset(), offset);
    }
    let if_closed = decoder.end_of_input();
    Outcome { data, data_end, end, if_closed }
}

fn by_moving(pieces: &[&[u8]], setup: Setup, fields: &mut impl FieldStore) -> Outcome {
    let mut decoder = setup.decoder();
    let mut data = Vec::new();
    let mut input = Vec::new();
    let mut end = None;
    for piece in [&[][..]].into_iter().chain(pieces.iter().copied()) {
        input.extend_from_slice(piece);
        let before = (input.clone(), decoder.offset());
        let decoded = decoder.decode_in_place(&mut input, fields);
        let (moved, consumed) = (decoded.data, decoded.consumed);
        let found = match decoded.end {
            Ok(Step::Done { value, consumed: all }) => {
                assert_eq!(all, consumed);
                End::Done(before.1 + consumed as u64, owned(value))
            }
            Ok(Step::NeedMore { at_least }) => End::NeedMore(at_least),
            Err(error) => End::Failed(error),
        };
        assert!(moved <= consumed && consumed <= input.len());
        assert_eq!(decoder.offset(), before.1 + consumed as u64);
        assert_eq!(input[consumed..], before.0[consumed..], "what is behind is as it was");
        data.extend_from_slice(&input[..moved]);
        input.drain(..consumed);
        let is_over = !matches!(found, End::NeedMore(_));
        end = Some(found);
        if is_over {
            break;
        }
    }
    Outcome { data, data_end: None, end: end.expect("there is a piece"), if_closed: decoder.end_of_input() }
}

fn owned(trailers: Trailers<'_>) -> Lines {
    for field in trailers.fields() {
        assert!(trailers.values(field.name).any(|value| value == field.value));
    }
    trailers.fields().map(|field| (field.name.to_owned(), field.value.to_vec())).collect()
}

/// What can be said of an outcome without the decoder.
fn check(bytes: &[u8], setup: Setup, outcome: &Outcome) {
    let Outcome { data, data_end, end, if_closed } = outcome;
    let len = bytes.len() as u64;
    let whole = if let End::Done(..) = end { EndOfInput::Complete } else { EndOfInput::CutShort };
    match setup.framing {
        Framing::None => assert_eq!((&data[..], end), (&b""[..], &End::Done(0, Vec::new()))),
        Framing::Length(length) if length <= len => {
            assert_eq!((&data[..], end), (&bytes[..length as usize], &End::Done(length, Vec::new())));
        }
        Framing::Length(_) | Framing::UntilClose => assert_eq!((&data[..], end), (bytes, &End::NeedMore(1))),
        Framing::Chunked => {}
    }
    match setup.framing {
        Framing::UntilClose => assert_eq!(*if_closed, EndOfInput::Complete),
        _ => assert_eq!(*if_closed, whole),
    }
    if let End::Failed(error) = end {
        assert_eq!(error.byte(), bytes.get(error.offset() as usize).copied());
        assert!(error.byte().is_some() && !error.to_string().is_empty());
        let status = error.status().as_u16();
        assert!(if setup.is_request { status == 400 || status == 431 } else { status == 502 });
    }
    if setup.framing == Framing::Chunked
        && let Some(section) = *data_end
    {
        check_chunks(&bytes[..section as usize], data);
        check_trailers(bytes, section as usize, setup, end);
    }
}

/// The chunks that were accepted are the same ones for httparse, which takes no more than 15 digits.
fn check_chunks(bytes: &[u8], data: &[u8]) {
    let (mut rest, mut data) = (bytes, data);
    loop {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        assert!((1..=16).contains(&digits));
        let (line, size) = match httparse::parse_chunk_size(rest) {
            Ok(httparse::Status::Complete((line, size))) => (line, size as usize),
            Err(_) if digits == 16 => return,
            other => panic!("httparse {other:?}: {}", bytes.escape_ascii()),
        };
        rest = &rest[line..];
        if size == 0 {
            break;
        }
        assert_eq!(rest[..size], data[..size]);
        assert_eq!(rest[size..size + 2], *b"\r\n");
        (rest, data) = (&rest[size + 2..], &data[size..]);
    }
    assert_eq!((rest, data), (&b""[..], &b""[..]));
}

/// The trailer section by itself, which is one behind a head as well.
fn check_trailers(bytes: &[u8], start: usize, setup: Setup, end: &End) {
    let section = &bytes[start..];
    let mut fields = Vec::<FieldSpan>::new();
    match (setup.trailer_scan().scan(section, &mut fields), end) {
        (Ok(Step::Done { value, consumed }), End::Done(offset, lines)) => {
            assert_eq!(((start + consumed) as u64, &owned(value)), (*offset, lines));
            let mut headers = vec![httparse::EMPTY_HEADER; lines.len()];
            match httparse::parse_headers(section, &mut headers) {
                Ok(httparse::Status::Complete((len, headers))) => {
                    let headers: Lines = headers.iter().map(|it| (it.name.to_owned(), it.value.to_vec())).collect();
                    assert_eq!((len, &headers), (consumed, lines));
                }
                other => panic!("httparse {other:?}: {}", section.escape_ascii()),
            }
        }
        (Ok(Step::NeedMore { at_least }), End::NeedMore(needed)) => assert_eq!(at_least, *needed),
        (Err(found), End::Failed(error)) => {
            assert_eq!(BodyErrorKind::Trailers(found.kind()), error.kind());
            assert_eq!((start + found.offset()) as u64, error.offset());
            assert_eq!((found.byte(), found.field(), found.status()), (error.byte(), error.field(), error.status()));
        }
        (found, end) => panic!("{found:?}, but {end:?}"),
    }
}

/// What is written reads as what was meant, whatever stands behind it.
fn write_and_read(script: &mut Script<'_>, setup: Setup, cuts: [u16; 2]) {
    let (mut out, mut data) = (Vec::new(), Vec::new());
    for _ in 0..script.byte() & 7 {
        let len = usize::from(script.byte());
        let chunk = script.bytes(len);
        match NonZero::new(chunk.len() as u64) {
            Some(size) if len & 1 == 1 => {
                write::chunk_header(&mut out, size).expect("a Vec grows");
                out.extend_from_slice(chunk);
                out.extend_from_slice(b"\r\n");
            }
            _ => write::chunk(&mut out, chunk).expect("a Vec grows"),
        }
        data.extend_from_slice(chunk);
    }
    let mut writer = write::last_chunk(&mut out).expect("a Vec grows");
    let mut lines = Lines::new();
    for _ in 0..script.byte() & 3 {
        let (name_len, value_len) = (usize::from(script.byte()), usize::from(script.byte()));
        let Ok(name) = str::from_utf8(script.bytes(name_len)) else { break };
        let value = script.bytes(value_len);
        if write::check_field(name, value).is_ok() {
            writer = writer.field(name, value).expect("it was checked");
            lines.push((name.to_owned(), value.to_vec()));
        }
    }
    writer.end().expect("a Vec grows");
    let len = out.len() as u64;
    out.extend_from_slice(script.bytes(usize::MAX));

    let setup = Setup { limits: BodyLimits::default(), framing: Framing::Chunked, ..setup };
    let outcome = read(&out, setup, cuts);
    assert_eq!((outcome.data, outcome.end), (data, End::Done(len, lines)));
}
