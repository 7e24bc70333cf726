//! The strategies for heads, checked by a reading of the bytes that is naive and independent of how they were made.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use switchover_testkit::heads::{self, Body, BrokenHead, FieldLine, HeadFault as F};

/// The lines of a valid head, without the empty one at the end.
fn lines(head: &[u8]) -> Vec<&[u8]> {
    let mut lines = Vec::new();
    let mut rest = head;
    while let Some(at) = rest.windows(2).position(|pair| pair == b"\r\n") {
        lines.push(&rest[..at]);
        rest = &rest[at + 2..];
    }
    assert!(rest.is_empty(), "the head ends with CRLF");
    assert_eq!(lines.pop(), Some(&b""[..]), "and with an empty line");
    lines
}

fn field(line: &[u8]) -> (String, Vec<u8>) {
    let colon = line.iter().position(|byte| *byte == b':').expect("a field line has a colon");
    let is_white_space = |byte: &u8| matches!(byte, b' ' | b'\t');
    let value = &line[colon + 1..];
    let start = value.iter().position(|byte| !is_white_space(byte)).unwrap_or(value.len());
    let end = value.iter().rposition(|byte| !is_white_space(byte)).map_or(start, |last| last + 1);
    (String::from_utf8(line[..colon].to_vec()).expect("a name is ASCII"), value[start..end].to_vec())
}

fn parts(fields: &[FieldLine]) -> Vec<(String, Vec<u8>)> {
    fields.iter().map(|field| (field.name.clone(), field.value.clone())).collect()
}

fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|byte| byte.is_ascii_graphic() && !b"\"(),/:;<=>?@[\\]{}".contains(byte))
}

proptest! {
    #[test]
    fn requests_are_what_they_say(request in heads::requests()) {
        let bytes = request.bytes();
        let mut lines = lines(&bytes).into_iter().skip(request.leading_crlf);
        let start = String::from_utf8(lines.next().unwrap().to_vec()).unwrap();
        let expected = format!("{} {} HTTP/1.{}", request.method, request.target, request.minor_version);
        prop_assert_eq!(start, expected);
        prop_assert_eq!(lines.map(field).collect::<Vec<_>>(), parts(&request.fields));

        prop_assert!(is_token(request.method.as_bytes()));
        prop_assert!(request.target.bytes().all(|byte| byte.is_ascii_graphic()));
        prop_assert_eq!(request.target == "*", request.target.starts_with('*'));
        prop_assert_eq!(request.fields.iter().filter(|field| field.is("host")).count(), 1);
        let framing: Vec<_> = request
            .fields
            .iter()
            .filter(|field| field.is("content-length") || field.is("transfer-encoding"))
            .map(|field| field.value.clone())
            .collect();
        let expected = match request.body {
            Body::None => vec![],
            Body::Length(length) => vec![length.to_string().into_bytes()],
            Body::Chunked => vec![b"chunked".to_vec()],
        };
        prop_assert_eq!(framing, expected);
    }

    #[test]
    fn responses_are_what_they_say(response in heads::responses()) {
        let bytes = response.bytes();
        let mut lines = lines(&bytes).into_iter();
        let version = format!("HTTP/1.{} {} ", response.minor_version, response.status);
        prop_assert_eq!(lines.next(), Some(&[version.as_bytes(), &response.reason].concat()[..]));
        prop_assert_eq!(lines.map(field).collect::<Vec<_>>(), parts(&response.fields));
    }

    #[test]
    fn fields_are_valid(request in heads::requests(), response in heads::responses()) {
        for field in request.fields.iter().chain(&response.fields) {
            prop_assert!(is_token(field.name.as_bytes()));
            prop_assert!(field.value.iter().all(|byte| matches!(byte, b'\t' | 0x20..=0x7E | 0x80..)));
            prop_assert!(field.value.first().is_none_or(|byte| !b" \t".contains(byte)));
            prop_assert!(field.value.last().is_none_or(|byte| !b" \t".contains(byte)));
        }
    }
}

/// Whether the bytes around the offset show this very fault.
fn shows_its_fault(head: &BrokenHead) -> bool {
    let BrokenHead { bytes, fault, offset } = head;
    let (before, behind) = bytes.split_at(*offset);
    let byte = behind.first().copied();
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let in_line = &before[line_start..];
    let begins_line = in_line.is_empty();
    let in_first_line = before.trim_ascii_start() == in_line.trim_ascii_start();
    let value_of = |name: &str| in_line.to_ascii_lowercase().starts_with(format!("{name}: ").as_bytes());
    let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
    let count = |name: &str| text.matches(&format!("\n{name}:")).count();
    let is_control = byte.is_some_and(|byte| byte < 0x20 || byte == 0x7F);
    match fault {
        F::BareLf => byte == Some(b'\n') && !before.ends_with(b"\r"),
        F::BareCr => byte == Some(b'\r') && !behind.starts_with(b"\r\n"),
        F::Method => in_first_line && !in_line.contains(&b' ') && byte.is_some_and(|byte| !is_token(&[byte])),
        F::Target => {
            let spaces = in_line.iter().filter(|byte| **byte == b' ').count();
            let is_bad = !byte.is_some_and(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}#".contains(&byte));
            in_first_line && spaces == 1 && is_bad && !behind.starts_with(b" HTTP/")
        }
        F::Version | F::UnsupportedVersion => in_first_line && !behind.starts_with(b"\r\n"),
        F::StatusCode => in_first_line && in_line.starts_with(b"HTTP/1."),
        F::Reason => in_first_line && is_control,
        F::SpaceBeforeFields => {
            begins_line && matches!(byte, Some(b' ' | b'\t')) && before.trim_ascii() == lines_of(before)[0]
        }
        F::ObsFold => begins_line && matches!(byte, Some(b' ' | b'\t')) && lines_of(before).len() > 1,
        F::EmptyName => begins_line && byte == Some(b':'),
        F::MissingColon => is_token(in_line) && behind.starts_with(b"\r\n"),
        F::SpaceBeforeColon => is_token(in_line) && matches!(byte, Some(b' ' | b'\t')) && behind[1] == b':',
        F::Name => !in_line.contains(&b':') && byte.is_some_and(|byte| !is_token(&[byte])),
        F::Value => in_line.contains(&b':') && is_control,
        F::MissingHost => behind.is_empty() && count("host") == 0 && text.contains(" http/1.1\r"),
        F::DuplicateHost => begins_line && behind.starts_with(b"hOST:") && count("host") == 2,
        F::Host => {
            in_line.to_ascii_lowercase().starts_with(b"host:") && !byte.is_some_and(|byte| byte.is_ascii_alphanumeric())
        }
        F::ContentLength => value_of("content-length") && count("content-length") == 1,
        F::DuplicateContentLength => value_of("content-length") && count("content-length") == 2,
        F::TransferEncodingWithContentLength => {
            (value_of("content-length") || value_of("transfer-encoding"))
                && [count("content-length"), count("transfer-encoding")] == [1, 1]
        }
        F::TransferEncodingOnHttp10 => value_of("transfer-encoding") && text.contains(" http/1.0\r"),
        F::ChunkedNotLast => value_of("transfer-encoding") && !behind.starts_with(b"chunked\r\nchunked"),
        F::UnsupportedTransferCoding => value_of("transfer-encoding") && !behind.starts_with(b"chunked"),
    }
}

/// The lines before an offset that is at the beginning of one, without empty ones.
fn lines_of(before: &[u8]) -> Vec<&[u8]> {
    before.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).filter(|line| !line.is_empty()).collect()
}

#[test]
fn broken_heads_show_their_fault() {
    let check = |head: BrokenHead| {
        prop_assert!(shows_its_fault(&head), "{:?}", String::from_utf8_lossy(&head.bytes));
        Ok(())
    };
    let mut runner = TestRunner::new(Config::with_cases(200));
    for fault in heads::REQUEST_FAULTS {
        runner.run(&heads::broken_request_by(*fault), check).unwrap_or_else(|error| panic!("request: {error}"));
    }
    for fault in heads::RESPONSE_FAULTS {
        runner.run(&heads::broken_response_by(*fault), check).unwrap_or_else(|error| panic!("response: {error}"));
    }
}
