//! Where httparse's verdict on a head is not ours, on purpose: `differences.md` as code, without any of the scans' own.
//!
//! What httparse says, and the first violation that this finds, together are what ours has to say.

use std::{net::Ipv6Addr, ops::RangeInclusive};
use switchover::header::{FramingErrorKind, HeadErrorKind};

/// A rule of `differences.md` that httparse does not hold a head to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// RFC 9112, section 2.2: lines end with CRLF.
    BareLf,
    /// RFC 9112, section 2.2: at most four empty lines before a request, by the default limits.
    LeadingEmptyLines,
    /// RFC 9112, section 2.2: none before a response.
    EmptyLineBeforeResponse,
    /// RFC 9112, section 3.2: a target holds the characters of RFC 3986, without `#`.
    TargetByte,
    /// RFC 9112, section 3.2: a target has the form that its method demands.
    TargetForm,
    /// RFC 9110, section 15: no status code begins with 0.
    StatusCode,
    /// RFC 9110, section 5.4: a name of at most 255 bytes, by the default limits.
    NameTooLong,
    /// RFC 9112, section 3.2: a request of HTTP/1.1 has Host.
    MissingHost,
    /// RFC 9112, section 3.2: it has one.
    DuplicateHost,
    /// RFC 9112, section 3.2: it is `host [":" port]`, empty only where the target has no authority.
    Host,
    /// RFC 9112, section 6: it is certain where the body of a request ends.
    Framing(FramingErrorKind),
}

/// A rule that is violated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The rule.
    pub rule: Rule,
    /// Where.
    pub place: RangeInclusive<usize>,
    /// The byte that shows it: whatever is before it is as it has to be.
    pub shown: usize,
    /// The number of the field line, where it takes a whole one to tell.
    pub field: Option<usize>,
}

impl Rule {
    /// What ours calls it.
    pub fn kind(self) -> HeadErrorKind {
        match self {
            Self::BareLf => HeadErrorKind::BareLf,
            Self::LeadingEmptyLines => HeadErrorKind::TooManyLeadingCrlf,
            Self::EmptyLineBeforeResponse => HeadErrorKind::Version,
            Self::TargetByte => HeadErrorKind::Target,
            Self::TargetForm => HeadErrorKind::TargetForm,
            Self::StatusCode => HeadErrorKind::StatusCode,
            Self::NameTooLong => HeadErrorKind::NameTooLong,
            Self::MissingHost => HeadErrorKind::MissingHost,
            Self::DuplicateHost => HeadErrorKind::DuplicateHost,
            Self::Host => HeadErrorKind::Host,
            Self::Framing(kind) => HeadErrorKind::Framing(kind),
        }
    }

    fn at(self, offset: usize) -> Violation {
        Violation { rule: self, place: offset..=offset, shown: offset, field: None }
    }
}

/// The first violation in a request, which need not be complete. If there is a fault that httparse finds as well, what
/// comes behind it means nothing.
pub fn in_request(bytes: &[u8]) -> Option<Violation> {
    let start = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    for (at, byte) in bytes[..start].iter().enumerate() {
        match byte {
            b'\n' if at == 0 || bytes[at - 1] != b'\r' => return Some(Rule::BareLf.at(at)),
            b'\r' if at == 8 && bytes.starts_with(b"\r\n\r\n\r\n\r\n") => return Some(Rule::LeadingEmptyLines.at(at)),
            _ => {}
        }
    }
    let line = RequestLine::of(bytes, start);
    if let Some(at) = line.target.iter().position(|byte| !TARGET_BYTES[usize::from(*byte)]) {
        return Some(Rule::TargetByte.at(line.target_at + at));
    }
    let end = line.end?;
    match line.version {
        [.., b'\r'] => {}
        [_, _, _, _, _, _, _, _] => return Some(Rule::BareLf.at(end)),
        _ => return None, // it is broken before its end
    }
    // The form is looked at behind the line.
    if !line.has_form() {
        let place = line.target_at..=line.target_at + line.target.len();
        return Some(Violation { rule: Rule::TargetForm, place, shown: end, field: None });
    }
    let mut message = Request {
        is_http10: line.version == b"HTTP/1.0\r",
        names_authority: line.names_authority(),
        ..Request::default()
    };
    in_fields(bytes, end + 1, Some(&mut message))
}

/// The first violation in a response, as in a request.
pub fn in_response(bytes: &[u8]) -> Option<Violation> {
    if let Some(b'\r' | b'\n') = bytes.first() {
        return Some(Rule::EmptyLineBeforeResponse.at(0));
    }
    if bytes.get(9) == Some(&b'0') {
        return Some(Rule::StatusCode.at(9));
    }
    let end = line_end(bytes, 0)?;
    match &bytes[..end] {
        [.., b'\r'] => in_fields(bytes, end + 1, None),
        line if line.len() >= "HTTP/1.1 200".len() => Some(Rule::BareLf.at(end)),
        _ => None, // it is broken before its end
    }
}

/// RFC 9112, section 2.3: where the minor version stands, from 2 on, of a message of HTTP/1. It is read as HTTP/1.1 by ours
/// and refused by httparse.
pub fn later_minor_version(bytes: &[u8], is_request: bool) -> Option<usize> {
    let at = if is_request {
        let start = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let line = RequestLine::of(bytes, start);
        line.target_at + line.target.len() + 1
    } else {
        0
    };
    match bytes.get(at..)?.strip_prefix(b"HTTP/1.") {
        Some([b'2'..=b'9', ..]) => Some(at + 7),
        _ => None,
    }
}

/// A request line that httparse accepts, or its beginning.
struct RequestLine<'b> {
    method: &'b [u8],
    target_at: usize,
    target: &'b [u8],
    /// With its CR.
    version: &'b [u8],
    /// Where its LF is.
    end: Option<usize>,
}

impl<'b> RequestLine<'b> {
    /// The line that begins at `start`.
    fn of(bytes: &'b [u8], start: usize) -> Self {
        let end = line_end(bytes, start);
        let line = &bytes[start..end.unwrap_or(bytes.len())];
        let (method, behind) = before(b' ', line);
        let (target, version) = before(b' ', behind);
        Self { method, target_at: start + line.len() - behind.len(), target, version, end }
    }

    /// RFC 9112, section 3.2: whether the target has the form for the method.
    fn has_form(&self) -> bool {
        match (self.method, self.target) {
            // RFC 9110, section 9.3.6: with a port.
            (b"CONNECT", target) => matches!(port_of(target), Some(Some(1..))),
            (_, [b'/', ..]) | (b"OPTIONS", b"*") => true,
            (_, target) => absolute_authority(target).is_some_and(|host| !host.is_empty() && port_of(host).is_some()),
        }
    }

    fn names_authority(&self) -> bool {
        self.method == b"CONNECT" || !matches!(self.target, [b'/', ..] | b"*")
    }
}

/// RFC 9110, section 4.2: what stands between `scheme://` and the path or the query.
fn absolute_authority(target: &[u8]) -> Option<&[u8]> {
    let colon = target.iter().position(|byte| *byte == b':')?;
    let (scheme, rest) = target.split_at(colon);
    let is_scheme = scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte));
    let rest = rest.strip_prefix(b"://").filter(|_| is_scheme)?;
    rest.split(|byte| b"/?".contains(byte)).next()
}

/// RFC 9110, section 4.2: nothing if this is not `host [":" port]`, else its port, if it has one. The host is empty
/// only where all is.
fn port_of(authority: &[u8]) -> Option<Option<u16>> {
    let host = match authority {
        [b'[', rest @ ..] => 2 + rest.iter().position(|byte| *byte == b']')?,
        _ => authority.iter().position(|byte| *byte == b':').unwrap_or(authority.len()),
    };
    let (host, port) = authority.split_at(host);
    let is_host = match host {
        [b'[', address @ .., b']'] => str::from_utf8(address).is_ok_and(|address| address.parse::<Ipv6Addr>().is_ok()),
        name => is_registered_name(name),
    };
    match port {
        _ if !is_host => None,
        [] => Some(None),
        [b':'] if !host.is_empty() => Some(None),
        [b':', digits @ ..] if !host.is_empty() && digits.iter().all(u8::is_ascii_digit) => {
            str::from_utf8(digits).ok()?.parse().ok().map(Some)
        }
        _ => None,
    }
}

/// RFC 3986, section 3.2.2
fn is_registered_name(name: &[u8]) -> bool {
    let mut rest = name;
    loop {
        rest = match rest {
            [] => return true,
            [b'%', high, low, behind @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => behind,
            [byte, behind @ ..] if NAME_BYTES[usize::from(*byte)] => behind,
            _ => return false,
        }
    }
}

/// A table that says which bytes are letters, digits, or one of `others`.
const fn bytes_of(others: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0u8;
    while byte < 0x80 {
        table[byte as usize] = byte.is_ascii_alphanumeric();
        byte += 1;
    }
    let mut at = 0;
    while at < others.len() {
        table[others[at] as usize] = true;
        at += 1;
    }
    table
}

/// RFC 3986, section 2: `unreserved`, `reserved` without `#`, and `%`.
static TARGET_BYTES: [bool; 256] = bytes_of(b"-._~:/?[]@!$&'()*+,;=%");

/// RFC 3986, section 2: `unreserved` and `sub-delims`.
static NAME_BYTES: [bool; 256] = bytes_of(b"-._~!$&'()*+,;=");

/// RFC 9110, section 5.6.2
static TOKEN_BYTES: [bool; 256] = bytes_of(b"!#$%&'*+-.^_`|~");

// These two are not inlined: the less there is to count, the faster is libFuzzer.

/// Where the LF of the line is that begins at `start`.
#[inline(never)]
fn line_end(bytes: &[u8], start: usize) -> Option<usize> {
    bytes[start..].iter().position(|byte| *byte == b'\n').map(|at| start + at)
}

/// What stands before the first `byte`, and what behind it.
#[inline(never)]
fn before(byte: u8, bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|other| *other == byte) {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (bytes, &[]),
    }
}

/// By the default limits.
const LONGEST_NAME: usize = 255;

/// A request, as far as its field lines have been looked at.
#[derive(Debug, Default)]
struct Request {
    is_http10: bool,
    names_authority: bool,
    hosts: usize,
    lengths: usize,
    codings: usize,
}

/// Line by line: its name, its end, and then in a request what it says. Last, that Host is missing.
fn in_fields(bytes: &[u8], start: usize, mut request: Option<&mut Request>) -> Option<Violation> {
    let mut at = start;
    for number in 0.. {
        let end = line_end(bytes, at);
        let line = &bytes[at..end.unwrap_or(bytes.len())];
        let (name, behind) = before(b':', line);
        if name.len() > LONGEST_NAME && is_tchar(&name[LONGEST_NAME]) {
            return Some(Rule::NameTooLong.at(at + LONGEST_NAME));
        }
        let end = end?;
        let Some((b'\r', value)) = behind.split_last() else {
            return match line {
                [b'\r'] => request.filter(|request| request.lacks_host()).map(|_| Rule::MissingHost.at(end + 1)),
                line if line.is_empty() || name.len() < line.len() => Some(Rule::BareLf.at(end)),
                _ => None, // it is broken before its end
            };
        };
        if let Some(request) = &mut request {
            let value = trimmed_front(value);
            let place = at..=end - 1 - (value.len() - trimmed(value).len());
            if let Some(rule) = request.take(name, trimmed(value)) {
                return Some(Violation { rule, place, shown: end, field: Some(number) });
            }
        }
        at = end + 1;
    }
    None
}

impl Request {
    /// What is wrong with the next field line.
    fn take(&mut self, name: &[u8], value: &[u8]) -> Option<Rule> {
        // Their lengths tell them apart.
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => {
                self.hosts += 1;
                host(value, self.hosts, self.names_authority)
            }
            14 if name.eq_ignore_ascii_case(b"content-length") => {
                self.lengths += 1;
                content_length(value, self.lengths, self.codings)
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                self.codings += 1;
                transfer_encoding(value, self.lengths, self.codings, self.is_http10)
            }
            _ => None,
        }
    }

    fn lacks_host(&self) -> bool {
        self.hosts == 0 && !self.is_http10
    }
}

fn host(value: &[u8], hosts: usize, names_authority: bool) -> Option<Rule> {
    if hosts > 1 {
        return Some(Rule::DuplicateHost);
    }
    (port_of(value).is_none() || (value.is_empty() && names_authority)).then_some(Rule::Host)
}

fn content_length(value: &[u8], lengths: usize, codings: usize) -> Option<Rule> {
    let is_number = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    let fits = is_number && str::from_utf8(value).is_ok_and(|value| value.parse::<u64>().is_ok());
    let kind = match () {
        () if lengths > 1 => FramingErrorKind::DuplicateContentLength,
        () if !fits => FramingErrorKind::ContentLength,
        () if codings > 0 => FramingErrorKind::TransferEncodingWithContentLength,
        () => return None,
    };
    Some(Rule::Framing(kind))
}

fn transfer_encoding(value: &[u8], lengths: usize, codings: usize, is_http10: bool) -> Option<Rule> {
    let kind = match () {
        () if is_http10 => FramingErrorKind::TransferEncodingOnHttp10,
        () if codings > 1 => FramingErrorKind::DuplicateTransferEncoding,
        () if !value.eq_ignore_ascii_case(b"chunked") => not_chunked(value),
        () if lengths > 0 => FramingErrorKind::TransferEncodingWithContentLength,
        () => return None,
    };
    Some(Rule::Framing(kind))
}

/// What is wrong with transfer codings that are anything but `chunked`.
fn not_chunked(value: &[u8]) -> FramingErrorKind {
    let mut has_chunked = false;
    let mut rest = Some(value);
    while let Some(list) = rest {
        let (element, behind) = first_element(list);
        rest = behind;
        let is_chunked = match coding(element) {
            None => return FramingErrorKind::TransferEncoding,
            Some(_) if has_chunked => return FramingErrorKind::ChunkedNotLast,
            Some(name) => name.eq_ignore_ascii_case(b"chunked"),
        };
        // RFC 9112, section 7.1: chunked has no parameters.
        if is_chunked && element.len() != b"chunked".len() {
            return FramingErrorKind::TransferEncoding;
        }
        has_chunked = is_chunked;
    }
    if has_chunked { FramingErrorKind::UnsupportedTransferCoding } else { FramingErrorKind::ChunkedNotLast }
}

/// RFC 9110, section 5.6.1: what stands before the first comma outside quotes, and what behind. In an unterminated quotation
/// there is none.
fn first_element(list: &[u8]) -> (&[u8], Option<&[u8]>) {
    let mut at = 0;
    let mut is_quoted = false;
    while let Some(byte) = list.get(at) {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\\' if is_quoted => at += 1,
            b',' if !is_quoted => return (trimmed(&list[..at]), Some(&list[at + 1..])),
            _ => {}
        }
        at += 1;
    }
    (trimmed(list), None)
}

/// The name of a coding, if this is one: `token *( OWS ";" OWS [ token [ "=" ( token / quoted-string ) ] ] )`.
fn coding(element: &[u8]) -> Option<&[u8]> {
    let (name, mut rest) = token(element)?;
    while !rest.is_empty() {
        rest = trimmed_front(trimmed_front(rest).strip_prefix(b";")?);
        let Some((_, behind)) = token(rest) else { continue };
        rest = match behind {
            [b'=', b'"', quoted @ ..] => behind_quotation(quoted)?,
            [b'=', value @ ..] => token(value)?.1,
            _ => behind,
        };
    }
    Some(name)
}

fn token(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let len = bytes.iter().take_while(|byte| is_tchar(byte)).count();
    (len > 0).then(|| bytes.split_at(len))
}

/// Whether a byte may stand in a token.
pub fn is_tchar(byte: &u8) -> bool {
    TOKEN_BYTES[usize::from(*byte)]
}

/// What stands behind the closing quote.
fn behind_quotation(quoted: &[u8]) -> Option<&[u8]> {
    match quoted {
        [b'"', rest @ ..] => Some(rest),
        [b'\\', _, rest @ ..] => behind_quotation(rest),
        [_, rest @ ..] => behind_quotation(rest),
        [] => None,
    }
}

fn trimmed(bytes: &[u8]) -> &[u8] {
    let mut bytes = trimmed_front(bytes);
    while let [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

fn trimmed_front(bytes: &[u8]) -> &[u8] {
    let mut bytes = bytes;
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    bytes
}
