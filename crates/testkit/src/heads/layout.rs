//! A head as bytes, and where its parts are: what a fault is made from.

use std::ops::Range;

use super::{FieldLine, Request, Response};

#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) bytes: Vec<u8>,
    /// The three parts of the start-line.
    pub(super) parts: [Range<usize>; 3],
    pub(super) lines: Vec<Line>,
    /// The empty line at the end.
    pub(super) end: usize,
}

/// Where the parts of one field line are.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) name: Range<usize>,
    /// Without the white space around it.
    pub(super) value: Range<usize>,
    /// The CR that ends the line.
    pub(super) end: usize,
}

impl Layout {
    pub(super) fn of_request(request: &Request) -> Self {
        let version = format!("HTTP/1.{}", request.minor_version);
        let parts = [request.method.as_bytes(), request.target.as_bytes(), version.as_bytes()];
        Self::new(request.leading_crlf, parts, &request.fields)
    }

    pub(super) fn of_response(response: &Response) -> Self {
        let version = format!("HTTP/1.{}", response.minor_version);
        let status = response.status.to_string();
        Self::new(0, [version.as_bytes(), status.as_bytes(), &response.reason], &response.fields)
    }

    fn new(leading_crlf: usize, parts: [&[u8]; 3], fields: &[FieldLine]) -> Self {
        let mut bytes = b"\r\n".repeat(leading_crlf);
        let parts = parts.map(|part| append(&mut bytes, part, b" "));
        bytes.truncate(parts[2].end);
        bytes.extend(b"\r\n");
        let lines = fields
            .iter()
            .map(|field| {
                let name = append(&mut bytes, field.name.as_bytes(), b":");
                bytes.extend(field.before.as_bytes());
                let value = append(&mut bytes, &field.value, field.after.as_bytes());
                let end = bytes.len();
                bytes.extend(b"\r\n");
                Line { name, value, end }
            })
            .collect();
        let end = bytes.len();
        bytes.extend(b"\r\n");
        Self { bytes, parts, lines, end }
    }
}

/// Appends a part and what delimits it; gives the place of the part alone.
fn append(bytes: &mut Vec<u8>, part: &[u8], delimiter: &[u8]) -> Range<usize> {
    let start = bytes.len();
    bytes.extend(part);
    let end = bytes.len();
    bytes.extend(delimiter);
    start..end
}
