use super::{Fault, HeadScan, StartLine, VERSION_LEN, bounded, fault, version};
use crate::{
    FieldSpan, FieldStore, Framing, HeadError, HeadErrorKind, Limits, RequestHead, Step, Version,
    classify::{is_target_byte, target_end, token_end},
    error::Message,
    framing::Facts,
    head::Lines,
    names,
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

    /// Looks at `input`, which is all that was received since the head began: the bytes of the
    /// last call, and more behind them. Only the new bytes are classified, so the work is linear
    /// however they arrive. `fields` is the same store in every call: one that lacks the spans of
    /// earlier calls costs a second look at all field lines.
    ///
    /// A head that was `Done` is given again if asked for again.
    ///
    /// # Errors
    /// The first byte that cannot stand where it does, at the same offset however the input was
    /// split; every later call gives the same error. The form of the target is checked once its
    /// line is complete. What concerns the head as a whole is checked once it
    /// is complete, field line by field line: Host (exactly one on HTTP/1.1, valid, and not empty
    /// where the target has an authority), `Content-Length` and `Transfer-Encoding`; last, that
    /// Host is there at all.
    pub fn scan<'b, S: FieldStore>(
        &mut self,
        input: &'b [u8],
        fields: &'b mut S,
    ) -> Result<Step<RequestHead<'b>>, HeadError> {
        let consumed = match self.scan.advance(input, fields)? {
            Step::Done { consumed, .. } => consumed,
            Step::NeedMore { at_least } => return Ok(Step::NeedMore { at_least }),
        };
        let Some(bytes) = input.get(..consumed) else {
            return Ok(Step::NeedMore { at_least: consumed - input.len() });
        };
        let fields: &'b S = fields;
        let RequestLine { method, target, version, .. } = self.scan.line;
        let lines = Lines { bytes, spans: fields.spans(), version };
        match check(&lines, &target) {
            Ok(framing) => Ok(Step::Done { value: RequestHead { lines, method, target, framing }, consumed }),
            Err(error) => Err(self.scan.fail(error)),
        }
    }
}

/// `method SP request-target SP HTTP-version CRLF` (RFC 9112, section 3).
#[derive(Clone, Debug)]
struct RequestLine {
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
}

#[derive(Clone, Copy, Debug)]
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
        }
    }
}

impl StartLine for RequestLine {
    const MESSAGE: Message = Message::Request;

    fn scan(&mut self, input: &[u8], limits: &Limits) -> Result<Step<()>, Fault> {
        self.skip_crlf(input, limits)?;
        let (line, exceeded) = bounded(input, self.start.saturating_add(limits.start_line));
        match self.scan_line(line, limits)? {
            Step::NeedMore { .. } if exceeded => Err(fault(
                match self.state {
                    State::Target => HeadErrorKind::TargetTooLong,
                    _ => HeadErrorKind::StartLineTooLong,
                },
                line.len(),
            )),
            step => Ok(step),
        }
    }
}

impl RequestLine {
    /// RFC 9112, section 2.2: a server ignores at least one CRLF before the request line.
    fn skip_crlf(&mut self, input: &[u8], limits: &Limits) -> Result<(), Fault> {
        while let Some(&byte) = input.get(self.at) {
            match (self.state, byte) {
                (State::Before, b'\r') if self.skipped >= limits.leading_crlf => {
                    return Err(fault(HeadErrorKind::TooManyLeadingCrlf, self.at));
                }
                (State::Before, b'\r') => self.state = State::BeforeLf,
                (State::Before, b'\n') => return Err(fault(HeadErrorKind::BareLf, self.at)),
                (State::Before, _) => {
                    self.state = State::Method;
                    break;
                }
                (State::BeforeLf, b'\n') => {
                    self.skipped += 1;
                    self.state = State::Before;
                }
                (State::BeforeLf, _) => return Err(fault(HeadErrorKind::BareCr, self.at - 1)),
                _ => return Ok(()),
            }
            self.at += 1;
            self.mark = self.at;
            self.start = self.at;
        }
        Ok(())
    }

    /// The line itself. A demand for more counts what the shortest head still lacks:
    /// `A * HTTP/1.0`, CRLF, CRLF.
    fn scan_line(&mut self, line: &[u8], limits: &Limits) -> Result<Step<()>, Fault> {
        loop {
            let at = self.at;
            let at_least = match self.state {
                State::Before => 4 + VERSION_LEN + 4,
                State::BeforeLf => 1 + 4 + VERSION_LEN + 4,
                State::Method => {
                    self.at = token_end(line, at);
                    match line.get(self.at) {
                        Some(b' ') if self.at > self.mark => {
                            self.method = self.element();
                            self.go_behind_space(State::Target);
                            continue;
                        }
                        Some(_) => return Err(fault(HeadErrorKind::Method, self.at)),
                        None => 3 + VERSION_LEN + 4,
                    }
                }
                State::Target => {
                    let (within, _) = bounded(line, self.mark.saturating_add(limits.target));
                    self.at = target_end(within, at);
                    match line.get(self.at) {
                        Some(b' ') if self.at > self.mark => {
                            self.target.whole = self.element();
                            self.go_behind_space(State::Version);
                            continue;
                        }
                        Some(byte) if is_target_byte(*byte) => {
                            return Err(fault(HeadErrorKind::TargetTooLong, self.at));
                        }
                        Some(_) => return Err(fault(HeadErrorKind::Target, self.at)),
                        None if self.at > self.mark => 1 + VERSION_LEN + 4,
                        None => 2 + VERSION_LEN + 4,
                    }
                }
                State::Version => match version(line, self.mark, at)? {
                    Some(version) => {
                        self.version = version;
                        self.state = State::Cr;
                        self.at = self.mark + VERSION_LEN;
                        continue;
                    }
                    None => {
                        self.at = at.max(line.len());
                        VERSION_LEN - (self.at - self.mark) + 4
                    }
                },
                State::Cr => match line.get(at) {
                    Some(b'\r') => {
                        self.state = State::Lf;
                        self.at += 1;
                        continue;
                    }
                    Some(b'\n') => return Err(fault(HeadErrorKind::BareLf, at)),
                    Some(_) => return Err(fault(HeadErrorKind::Version, at)),
                    None => 4,
                },
                State::Lf => match line.get(at) {
                    Some(b'\n') => {
                        self.target = Target::parse(line, self.method, self.target.whole)
                            .map_err(|(kind, offset)| fault(kind, offset))?;
                        self.state = State::Done;
                        self.at += 1;
                        continue;
                    }
                    Some(_) => return Err(fault(HeadErrorKind::BareCr, at - 1)),
                    None => 3,
                },
                State::Done => return Ok(Step::Done { value: (), consumed: at }),
            };
            return Ok(Step::NeedMore { at_least });
        }
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

/// What can be told only of the whole head, in the order of the field lines.
fn check(lines: &Lines<'_>, target: &Target) -> Result<Framing, HeadError> {
    let mut facts = Facts::new(lines.version, Message::Request);
    let mut has_host = false;
    for (number, span) in lines.spans.iter().enumerate() {
        let outcome = if span.name().len() == names::HOST.len() && span.is_called(lines.bytes, names::HOST) {
            check_host(lines.bytes, *span, target, core::mem::replace(&mut has_host, true))
        } else {
            lines.frame(&mut facts, *span)
        };
        outcome.map_err(|(kind, offset)| lines.error(kind, offset, number, Message::Request))?;
    }
    if !has_host && lines.version != Version::Http10 {
        let end = lines.bytes.len();
        return Err(HeadError::at(HeadErrorKind::MissingHost, lines.bytes, end, None, Message::Request));
    }
    Ok(facts.of_request())
}

/// RFC 9112, section 3.2: one Host, valid, and empty only where the target has no authority.
fn check_host(bytes: &[u8], span: FieldSpan, target: &Target, repeated: bool) -> Result<(), (HeadErrorKind, usize)> {
    if repeated {
        return Err((HeadErrorKind::DuplicateHost, span.name().start));
    }
    let start = span.value().start;
    let host = value::host(span.value_of(bytes)).map_err(|error| (HeadErrorKind::Host, start + error.offset()))?;
    if host.host.is_empty() && target.authority.is_some() {
        return Err((HeadErrorKind::Host, start));
    }
    Ok(())
}
