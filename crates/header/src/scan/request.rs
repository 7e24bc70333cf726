use core::ops::Range;

use super::{Fault, HeadScan, StartLine, VERSION_LEN, bounded, fault, index::Index, version};
use crate::{
    Backend, FieldSpan, FieldStore, HeadError, HeadErrorKind, Limits, RequestHead, Step, Version,
    classify::{is_target_byte, target_end},
    error::Message,
    framing::Facts,
    head::{Lines, ValueFault},
    names,
    simd::{BLOCK, Class, Classify, Masks},
    store::{Span, small},
    target::Target,
    value,
};

/// Tokenizes one request head while its bytes arrive (RFC 9112, sections 2 to 6). Holds offsets
/// only; the bytes stay the caller's.
#[derive(Clone, Debug)]
pub struct RequestScan {
    scan: HeadScan<RequestLine>,
}

impl RequestScan {
    /// A scan for one head.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { scan: HeadScan::new(limits, RequestLine::default()) }
    }

    /// The same scan by `backend` rather than by the [best](Backend::best).
    #[must_use]
    pub fn with_backend(mut self, backend: Backend) -> Self {
        self.scan.backend = backend;
        self
    }

    /// Looks at `input`, which is all that was received since the head began: the bytes of the
    /// last call, and more behind them. Only the new bytes are classified, so the work is linear
    /// however they arrive. `fields` is the same store in every call: one that lacks the spans of
    /// earlier calls costs a second look at all field lines.
    ///
    /// A head that was `Done` is given again if asked for again.
    ///
    /// # Errors
    /// The first byte that cannot stand where it does, at the same offset however the input was
    /// split; every later call gives the same error. Elements that concern the message as a whole
    /// are checked as soon as their line is complete: the form of the target, Host (exactly one on
    /// HTTP/1.1, valid, and not empty where the target has an authority), `Content-Length` and
    /// `Transfer-Encoding`. That Host is there at all is checked last.
    pub fn scan<'b, S: FieldStore>(
        &mut self,
        input: &'b [u8],
        fields: &'b mut S,
    ) -> Result<Step<RequestHead<'b>>, HeadError> {
        let mut rest = self.scan.rest();
        let consumed = match self.scan.quick(input, fields, &mut rest) {
            Some(end) => end,
            None => match self.scan.resume(input, fields, rest)? {
                Step::Done { consumed, .. } => consumed,
                Step::NeedMore { at_least } => return Ok(Step::NeedMore { at_least }),
            },
        };
        let Some(bytes) = input.get(..consumed) else {
            return Ok(Step::NeedMore { at_least: consumed - input.len() });
        };
        let RequestLine { method, target, version, has_host, facts, .. } = self.scan.line;
        // RFC 9112, section 3.2
        if !has_host && version != Version::Http10 {
            let missing = Fault { missing: true, ..fault(HeadErrorKind::MissingHost, consumed) };
            return Err(self.scan.fail(missing, input));
        }
        let fields: &'b S = fields;
        let lines = Lines { bytes, spans: fields.spans(), version };
        Ok(Step::Done { value: RequestHead { lines, method, target, framing: facts.of_request() }, consumed })
    }
}

/// `method SP request-target SP HTTP-version CRLF` (RFC 9112, section 3).
#[derive(Clone, Copy, Debug)]
pub(super) struct RequestLine {
    state: State,
    /// The next byte to look at.
    at: usize,
    /// Where the element begins that `state` is in.
    mark: usize,
    /// Where the line begins, behind the CRLFs that were skipped.
    start: usize,
    skipped: usize,
    method: Span,
    target: Target,
    version: Version,
    has_host: bool,
    /// Of the field lines so far.
    facts: Facts,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before the line, where CRLFs are skipped.
    Before,
    /// At the LF of a CRLF to skip.
    BeforeLf,
    Method,
    Target,
    Version,
    /// At the CR behind the version.
    Cr,
    Lf,
    Done,
}

impl Default for RequestLine {
    fn default() -> Self {
        Self {
            state: State::Before,
            at: 0,
            mark: 0,
            start: 0,
            skipped: 0,
            method: Span::EMPTY,
            target: Target::default(),
            version: Version::Http11,
            has_host: false,
            facts: Facts::new(Message::Request),
        }
    }
}

impl StartLine for RequestLine {
    const MESSAGE: Message = Message::Request;

    fn at(&self) -> usize {
        self.at
    }

    /// A line of HTTP/1.1 that has its target in the origin-form.
    #[inline(always)]
    fn scan_whole(
        &mut self,
        input: &[u8],
        block: &[u8; BLOCK],
        masks: Masks,
        limits: &Limits,
        classify: impl Classify,
    ) -> Option<usize> {
        const REST: &[u8; 11] = b" HTTP/1.1\r\n";
        let method = masks.other.trailing_zeros() as usize;
        let target = method + 1;
        let end = classify
            .end_in(Class::Target, block, target)
            .unwrap_or_else(|from| classify.end(Class::Target, input, from));
        // Where the line ends its first control byte tells as well, and what is behind need not wait for the target.
        let line = match masks.control {
            0 => end + REST.len(),
            control => control.trailing_zeros() as usize + 2,
        };
        if input.get(end..)?.first_chunk()? != REST
            || line != end + REST.len()
            || *input.get(method..)?.first_chunk()? != *b" /"
            || method == 0
            || end - target > limits.target
            || line > limits.start_line
            || block.starts_with(b"CONNECT ")
        {
            return None;
        }
        self.method = Span { start: 0, end: small(method) };
        self.target = Target::origin_form(Span { start: small(target), end: small(end) });
        self.at = line;
        self.state = State::Done;
        Some(line)
    }

    fn scan(&mut self, input: &[u8], limits: &Limits, index: &mut Index) -> Result<Step<()>, Fault> {
        if self.state == State::Done {
            return Ok(Step::Done { value: (), consumed: self.at });
        }
        self.scan_line(input, limits, index)
    }

    #[inline(always)]
    fn notable(name: usize, first: u8) -> u64 {
        const LENGTHS: u64 =
            1 << names::HOST.len() | 1 << names::CONTENT_LENGTH.len() | 1 << names::TRANSFER_ENCODING.len();
        // A name of 64 bytes more passes for one of these, and is looked at in vain.
        const FIRST: u32 = 1 << (b'h' % 32) | 1 << (b'c' % 32) | 1 << (b't' % 32);
        LENGTHS >> (name % 64) & u64::from(FIRST >> (first % 32))
    }

    #[inline(always)]
    fn note(&mut self, input: &[u8], span: &FieldSpan, classify: impl Classify) -> Result<(), ValueFault> {
        let (name, value) = (span.name(), span.value());
        let Some(front) = input.get(name.start..).and_then(<[u8]>::first_chunk) else { return Ok(()) };
        // A letter differs from its capital in one bit, and no other byte of a token does so from it.
        let front = u32::from_le_bytes(*front) | 0x2020_2020;
        // The usual Host: a name, and perhaps a port.
        if front == u32::from_le_bytes(*b"host")
            && name.len() == names::HOST.len()
            && !self.has_host
            && is_usual_host(input, &value, classify.end(Class::RegName, input, value.start))
        {
            self.has_host = true;
            return Ok(());
        }
        let [first, ..] = front.to_le_bytes();
        if matches!(first, b'h' | b'c' | b't') { self.note_named(input, span) } else { Ok(()) }
    }

    fn forget(&mut self) {
        self.has_host = false;
        self.facts = Facts::new(Message::Request);
    }
}

/// Whether a value is a name and perhaps a port of up to four digits. The name ends at `end`, or there is none.
#[inline]
fn is_usual_host(input: &[u8], value: &Range<usize>, end: usize) -> bool {
    end > value.start
        && match input.get(end..value.end) {
            Some([]) => true,
            Some([b':', digits @ ..]) => value::short_port(digits).is_some(),
            _ => false,
        }
}

impl RequestLine {
    /// A field line whose name may be one of the three.
    #[cold]
    fn note_named(&mut self, input: &[u8], span: &FieldSpan) -> Result<(), ValueFault> {
        if !span.is_called(input, names::HOST) {
            return self.facts.note(input, *span, self.version);
        }
        // RFC 9112, section 3.2: one Host, valid, and empty only where the target has no authority.
        if self.has_host {
            return Err(ValueFault { kind: HeadErrorKind::DuplicateHost, offset: span.name().start });
        }
        self.has_host = true;
        let (value, offset) = (span.value_of(input), span.value().start);
        match value::host_len(value) {
            Err(error) => Err(ValueFault { kind: HeadErrorKind::Host, offset: offset + error.offset() }),
            Ok(0) if self.target.authority.is_some() => Err(ValueFault { kind: HeadErrorKind::Host, offset }),
            Ok(_) => Ok(()),
        }
    }

    /// The states in the order in which a line goes through them, so that a line that is whole falls through from one
    /// to the next. A demand for more counts what the shortest head still lacks: `A * HTTP/1.0`, CRLF, CRLF.
    fn scan_line(&mut self, input: &[u8], limits: &Limits, index: &mut Index) -> Result<Step<()>, Fault> {
        if matches!(self.state, State::Before | State::BeforeLf)
            && let Some(at_least) = self.skip_crlf(input, limits)?
        {
            return Ok(Step::NeedMore { at_least });
        }
        let (line, exceeded) = bounded(input, self.start.saturating_add(limits.start_line));
        let more = |kind, at_least| match exceeded {
            true => Err(fault(kind, line.len())),
            false => Ok(Step::NeedMore { at_least }),
        };
        if self.state == State::Method {
            self.at = index.token_end(line, self.at);
            match line.get(self.at) {
                None => return more(HeadErrorKind::StartLineTooLong, 3 + VERSION_LEN + 4),
                Some(b' ') if self.at > self.mark => self.method = self.element(),
                Some(_) => return Err(fault(HeadErrorKind::Method, self.at)),
            }
            self.go_behind_space(State::Target);
        }
        if self.state == State::Target {
            let most = self.mark.saturating_add(limits.target);
            self.at = target_end(bounded(line, most).0, self.at);
            match line.get(self.at) {
                None => {
                    let missing = if self.at > self.mark { 1 } else { 2 };
                    return more(HeadErrorKind::TargetTooLong, missing + VERSION_LEN + 4);
                }
                Some(b' ') if self.at > self.mark => self.target.whole = self.element(),
                Some(byte) if is_target_byte(*byte) => return Err(fault(HeadErrorKind::TargetTooLong, self.at)),
                Some(_) => return Err(fault(HeadErrorKind::Target, self.at)),
            }
            self.go_behind_space(State::Version);
        }
        if self.state == State::Version {
            match version(line, self.mark, self.at)? {
                Some(version) => self.version = version,
                None => {
                    self.at = self.at.max(line.len());
                    return more(HeadErrorKind::StartLineTooLong, VERSION_LEN - (self.at - self.mark) + 4);
                }
            }
            self.at = self.mark + VERSION_LEN;
            self.state = State::Cr;
        }
        if self.state == State::Cr {
            match line.get(self.at) {
                None => return more(HeadErrorKind::StartLineTooLong, 4),
                Some(b'\r') => self.at += 1,
                Some(b'\n') => return Err(fault(HeadErrorKind::BareLf, self.at)),
                Some(_) => return Err(fault(HeadErrorKind::Version, self.at)),
            }
            self.state = State::Lf;
        }
        if self.state == State::Lf {
            match line.get(self.at) {
                None => return more(HeadErrorKind::StartLineTooLong, 3),
                Some(b'\n') => self.at += 1,
                Some(_) => return Err(fault(HeadErrorKind::BareCr, self.at - 1)),
            }
            self.target = Target::parse(line, self.method, self.target.whole).map_err(|(kind, offset)| Fault {
                missing: offset == self.target.whole.end as usize,
                ..fault(kind, offset)
            })?;
            self.state = State::Done;
        }
        Ok(Step::Done { value: (), consumed: self.at })
    }

    /// RFC 9112, section 2.2: a server ignores at least one CRLF before the request line. Gives what is missing where
    /// the input ends before the line begins.
    fn skip_crlf(&mut self, input: &[u8], limits: &Limits) -> Result<Option<usize>, Fault> {
        while let Some(&byte) = input.get(self.at) {
            match (self.state, byte) {
                (State::BeforeLf, b'\n') => {
                    self.skipped += 1;
                    self.state = State::Before;
                }
                (State::BeforeLf, _) => return Err(fault(HeadErrorKind::BareCr, self.at - 1)),
                (_, b'\r') if self.skipped >= limits.leading_crlf => {
                    return Err(fault(HeadErrorKind::TooManyLeadingCrlf, self.at));
                }
                (_, b'\r') => self.state = State::BeforeLf,
                (_, b'\n') => return Err(fault(HeadErrorKind::BareLf, self.at)),
                _ => {
                    self.state = State::Method;
                    return Ok(None);
                }
            }
            self.at += 1;
            self.mark = self.at;
            self.start = self.at;
        }
        let missing = if matches!(self.state, State::BeforeLf) { 1 } else { 0 };
        Ok(Some(missing + 4 + VERSION_LEN + 4))
    }

    fn element(&self) -> Span {
        Span { start: small(self.mark), end: small(self.at) }
    }

    fn go_behind_space(&mut self, state: State) {
        self.at += 1;
        self.mark = self.at;
        self.state = state;
    }
}
