use std::ops::Range;

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::layout::{Layout, Line};
use super::{Body, FieldLine, HeadFault, Request, Response, valid};

/// A head that is broken at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenHead {
    /// The head, up to its empty line.
    pub bytes: Vec<u8>,
    /// What is wrong.
    pub fault: HeadFault,
    /// Where, from the first byte of `bytes`: see the variants of [`HeadFault`].
    pub offset: usize,
}

/// The faults that a request can have.
pub const REQUEST_FAULTS: &[HeadFault] = &[
    HeadFault::BareLf,
    HeadFault::BareCr,
    HeadFault::Method,
    HeadFault::Target,
    HeadFault::Version,
    HeadFault::UnsupportedVersion,
    HeadFault::SpaceBeforeFields,
    HeadFault::ObsFold,
    HeadFault::EmptyName,
    HeadFault::MissingColon,
    HeadFault::SpaceBeforeColon,
    HeadFault::Name,
    HeadFault::Value,
    HeadFault::MissingHost,
    HeadFault::DuplicateHost,
    HeadFault::Host,
    HeadFault::ContentLength,
    HeadFault::DuplicateContentLength,
    HeadFault::TransferEncodingWithContentLength,
    HeadFault::TransferEncodingOnHttp10,
    HeadFault::ChunkedNotLast,
    HeadFault::UnsupportedTransferCoding,
];

/// The faults that a response can have.
pub const RESPONSE_FAULTS: &[HeadFault] = &[
    HeadFault::BareLf,
    HeadFault::BareCr,
    HeadFault::Version,
    HeadFault::UnsupportedVersion,
    HeadFault::StatusCode,
    HeadFault::Reason,
    HeadFault::SpaceBeforeFields,
    HeadFault::ObsFold,
    HeadFault::EmptyName,
    HeadFault::MissingColon,
    HeadFault::SpaceBeforeColon,
    HeadFault::Name,
    HeadFault::Value,
];

/// Requests with one of the [`REQUEST_FAULTS`].
pub fn broken_requests() -> impl Strategy<Value = BrokenHead> {
    select(REQUEST_FAULTS).prop_flat_map(broken_request_by)
}

/// Responses with one of the [`RESPONSE_FAULTS`].
pub fn broken_responses() -> impl Strategy<Value = BrokenHead> {
    select(RESPONSE_FAULTS).prop_flat_map(broken_response_by)
}

/// Requests with this fault.
///
/// # Panics
/// Where it is not one of the [`REQUEST_FAULTS`].
pub fn broken_request_by(fault: HeadFault) -> impl Strategy<Value = BrokenHead> {
    assert!(REQUEST_FAULTS.contains(&fault), "{fault} is none of a request");
    (valid::requests(), chance()).prop_map(move |(request, chance)| broken_request(fault, request, chance))
}

/// Responses with this fault.
///
/// # Panics
/// Where it is not one of the [`RESPONSE_FAULTS`].
pub fn broken_response_by(fault: HeadFault) -> impl Strategy<Value = BrokenHead> {
    assert!(RESPONSE_FAULTS.contains(&fault), "{fault} is none of a response");
    (valid::responses(), chance()).prop_map(move |(response, chance)| broken_response(fault, response, chance))
}

/// Free choices, taken one by one.
#[derive(Clone, Debug)]
struct Chance([Index; 4]);

fn chance() -> impl Strategy<Value = Chance> {
    any::<[Index; 4]>().prop_map(Chance)
}

impl Chance {
    /// Something below `count`.
    fn below(&mut self, count: usize) -> usize {
        self.0.rotate_left(1);
        self.0[3].index(count)
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// One of the bytes that fulfil this.
    fn byte(&mut self, is_meant: impl Fn(u8) -> bool) -> u8 {
        let bytes: Vec<u8> = (0..=u8::MAX).filter(|byte| is_meant(*byte)).collect();
        self.of(&bytes)
    }

    /// An offset in `range` or at its end.
    fn within(&mut self, range: &Range<usize>) -> usize {
        range.start + self.below(range.len() + 1)
    }
}

fn broken_request(fault: HeadFault, mut request: Request, mut chance: Chance) -> BrokenHead {
    use HeadFault as F;
    match fault {
        F::ContentLength
        | F::DuplicateContentLength
        | F::TransferEncodingWithContentLength
        | F::TransferEncodingOnHttp10
        | F::ChunkedNotLast
        | F::UnsupportedTransferCoding => broken_framing(fault, request, chance),
        F::MissingHost => {
            request.minor_version = 1;
            request.fields.retain(|field| !field.is("Host"));
            let bytes = request.bytes();
            BrokenHead { offset: bytes.len(), bytes, fault }
        }
        F::DuplicateHost => {
            let host = place_of_host(&request);
            let second = host + 1 + chance.below(request.fields.len() - host);
            request.fields.insert(second, FieldLine::new("hOST", request.fields[host].value.clone()));
            let layout = Layout::of_request(&request);
            BrokenHead { offset: layout.lines[second].name.start, bytes: layout.bytes, fault }
        }
        F::Host => {
            let layout = Layout::of_request(&request);
            let value = layout.lines[place_of_host(&request)].value.clone();
            layout.insert(fault, value.start, &[chance.of(b"/@?#<>\"\\^`{|}\x80\xFF")])
        }
        F::Method | F::Target | F::Version | F::UnsupportedVersion => {
            let layout = Layout::of_request(&request);
            let [method, target, version] = layout.parts.clone();
            match fault {
                F::Method => match chance.below(3) {
                    0 => layout.replace(fault, method.end..target.start, b"\t", 0),
                    1 => layout.replace(fault, method.clone(), b"", 0),
                    _ => {
                        let byte = chance.byte(|byte| !is_token(byte) && !is_white_space(byte));
                        layout.insert(fault, chance.within(&method), &[byte])
                    }
                },
                F::Target if chance.below(4) == 0 => layout.insert(fault, target.start, b" "),
                F::Target => {
                    let byte = chance.byte(|byte| !byte.is_ascii_graphic() && !matches!(byte, b' ' | b'\r' | b'\n'));
                    let byte = chance.of(&[byte, b'"', b'<', b'>', b'\\', b'^', b'`', b'{', b'|', b'}', b'#']);
                    layout.insert(fault, chance.within(&target), &[byte])
                }
                F::Version if chance.below(4) == 0 => layout.insert(fault, version.start, b" "),
                _ => broken_version(fault, &layout, version, chance),
            }
        }
        _ => broken_lines(fault, Layout::of_request(&request), chance),
    }
}

/// The number of the line that is Host, which every valid request has.
fn place_of_host(request: &Request) -> usize {
    request.fields.iter().position(|field| field.is("Host")).unwrap_or_default()
}

fn broken_response(fault: HeadFault, response: Response, mut chance: Chance) -> BrokenHead {
    use HeadFault as F;
    let layout = Layout::of_response(&response);
    let [version, status, reason] = layout.parts.clone();
    match fault {
        // RFC 9112, section 2.2: only a server skips empty lines.
        F::Version if chance.below(4) == 0 => layout.replace(fault, 0..0, b"\r\n", 0),
        F::Version | F::UnsupportedVersion => broken_version(fault, &layout, version, chance),
        F::StatusCode => {
            let (code, at) = chance.of(&[
                (&b"0200"[..], 0),
                (b"099", 0),
                (b"20", 2),
                (b"2000", 3),
                (b" 200", 0),
                (b"2x0", 1),
                (b"-20", 0),
                (b"", 0),
            ]);
            layout.replace(fault, status, code, at)
        }
        F::Reason => {
            let byte = chance.byte(is_forbidden_control);
            layout.insert(fault, chance.within(&reason), &[byte])
        }
        _ => broken_lines(fault, layout, chance),
    }
}

fn broken_version(fault: HeadFault, layout: &Layout, version: Range<usize>, mut chance: Chance) -> BrokenHead {
    let (text, at) = match fault {
        HeadFault::UnsupportedVersion => chance.of(&[(&b"HTTP/2.0"[..], 5), (b"HTTP/0.9", 5), (b"HTTP/3.1", 5)]),
        _ => chance.of(&[
            (&b"http/1.1"[..], 0),
            (b"HTTP/1.32", 8),
            (b"HTTP/11.1", 6),
            (b"HTTP/1,1", 6),
            (b"HTTP/x.1", 5),
            (b"HTTP/1.x", 7),
            (b"HTTQ/1.1", 3),
            (b"HTTP 1.1", 4),
            (b"ICY", 0),
        ]),
    };
    layout.replace(fault, version, text, at)
}

/// Faults of the lines of a head that any message can have; where they need a field line there is one.
fn broken_lines(fault: HeadFault, layout: Layout, mut chance: Chance) -> BrokenHead {
    use HeadFault as F;
    let first = layout.parts[2].end + 2;
    if layout.lines.is_empty() {
        // Only a response can be so empty.
        let with_line = layout.replace(fault, first..first, b"Server: x\r\n", 0);
        let line = Line { name: first..first + 6, value: first + 8..first + 9, end: first + 9 };
        let layout = Layout { bytes: with_line.bytes, lines: vec![line], end: first + 11, ..layout };
        return broken_lines(fault, layout, chance);
    }
    let Line { name, value, end } = layout.lines[chance.below(layout.lines.len())].clone();
    match fault {
        F::BareLf => match chance.below(4) {
            0 => layout.insert(fault, chance.within(&value), b"\n"),
            1 => layout.replace(fault, layout.parts[2].end..first, b"\n", 0),
            2 => layout.replace(fault, layout.end..layout.end + 2, b"\n", 0),
            _ => layout.replace(fault, end..end + 2, b"\n", 0),
        },
        F::BareCr => match chance.below(3) {
            0 => layout.replace(fault, layout.end..layout.end + 2, b"\rX", 0),
            _ => layout.insert(fault, chance.within(&value), b"\r"),
        },
        F::SpaceBeforeFields => layout.insert(fault, first, chance.of(&[b" ", b"\t"])),
        F::ObsFold => {
            let fold = chance.of(&[b"\r\n ", b"\r\n\t"]);
            // At the end of the value, which so is as valid as it was.
            layout.replace(fault, value.end..value.end, fold, 2)
        }
        F::EmptyName => layout.replace(fault, name, b"", 0),
        F::MissingColon => {
            let at = name.len();
            let line = layout.bytes[name.clone()].to_vec();
            layout.replace(fault, name.start..end, &line, at)
        }
        F::SpaceBeforeColon => layout.insert(fault, name.end, chance.of(&[b" ", b"\t"])),
        F::Name => {
            let byte = chance.byte(|byte| !is_token(byte) && !is_white_space(byte) && byte != b':');
            layout.insert(fault, chance.within(&name), &[byte])
        }
        _ => {
            let byte = chance.byte(is_forbidden_control);
            layout.insert(fault, chance.within(&value), &[byte])
        }
    }
}

/// Faults of Content-Length and Transfer-Encoding.
fn broken_framing(fault: HeadFault, mut request: Request, mut chance: Chance) -> BrokenHead {
    use HeadFault as F;
    const LENGTH: &str = "Content-Length";
    const CODING: &str = "Transfer-Encoding";
    request.fields.retain(|field| !field.is(LENGTH) && !field.is(CODING));
    request.body = Body::None;
    request.minor_version = u8::from(fault != F::TransferEncodingOnHttp10);
    // The lines, and where the fault is in the value of the last one.
    let (lines, at): (&[(&str, &str)], usize) = match fault {
        F::ContentLength => chance.of(&[
            (&[(LENGTH, "+5")][..], 0),
            (&[(LENGTH, "-1")], 0),
            (&[(LENGTH, "1_0")], 1),
            (&[(LENGTH, "0x1")], 1),
            (&[(LENGTH, "")], 0),
            (&[(LENGTH, "3 3")], 1),
            (&[(LENGTH, "3, 3")], 1),
            (&[(LENGTH, "18446744073709551616")], 19),
        ]),
        F::DuplicateContentLength => {
            chance.of(&[(&[(LENGTH, "3"), (LENGTH, "3")][..], 0), (&[(LENGTH, "0"), (LENGTH, "3")], 0)])
        }
        F::TransferEncodingWithContentLength => {
            chance.of(&[(&[(LENGTH, "3"), (CODING, "chunked")][..], 0), (&[(CODING, "chunked"), (LENGTH, "3")], 0)])
        }
        F::TransferEncodingOnHttp10 => (&[(CODING, "chunked")], 0),
        F::ChunkedNotLast => chance.of(&[
            (&[(CODING, "gzip")][..], 4),
            (&[(CODING, "chunked, gzip")], 9),
            (&[(CODING, "chunked, chunked")], 9),
        ]),
        _ => chance.of(&[(&[(CODING, "gzip, chunked")][..], 0), (&[(CODING, "xchunked, chunked")], 0)]),
    };
    let mut place = 0;
    for (name, value) in lines {
        place += chance.below(request.fields.len() + 1 - place);
        request.fields.insert(place, FieldLine::new(name, *value));
        place += 1;
    }
    let layout = Layout::of_request(&request);
    BrokenHead { offset: layout.lines[place - 1].value.start + at, bytes: layout.bytes, fault }
}

impl Layout {
    /// The head with `text` in place of a part of it; the fault is `at` bytes into the text.
    fn replace(&self, fault: HeadFault, part: Range<usize>, text: &[u8], at: usize) -> BrokenHead {
        let bytes = [&self.bytes[..part.start], text, &self.bytes[part.end..]].concat();
        BrokenHead { bytes, fault, offset: part.start + at }
    }

    /// The head with faulty bytes put in.
    fn insert(&self, fault: HeadFault, at: usize, bytes: &[u8]) -> BrokenHead {
        self.replace(fault, at..at, bytes, 0)
    }
}

/// RFC 9110, section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// What has a meaning of its own between the parts of a line.
fn is_white_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// A control byte that has no meaning at all.
fn is_forbidden_control(byte: u8) -> bool {
    byte.is_ascii_control() && !matches!(byte, b'\t' | b'\r' | b'\n')
}
