use super::{Fault, HeadScan, StartLine, VERSION_LEN, bounded, fault, version};
use crate::{
    FieldStore, HeadError, HeadErrorKind, Limits, ResponseHead, Status, Step, Version,
    classify::field_end,
    error::Message,
    head::Lines,
    store::{Span, small},
};

/// Tokenizes one response head while its bytes arrive (RFC 9112, sections 2 to 5). Holds offsets
/// only; the bytes stay the caller's.
#[derive(Clone, Debug)]
pub struct ResponseScan {
    scan: HeadScan<StatusLine>,
}

impl ResponseScan {
    /// A scan for one head.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { scan: HeadScan::new(limits, StatusLine::default()) }
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
    /// split; every later call gives the same error. Framing is left to [`ResponseHead::framing`].
    pub fn scan<'b, S: FieldStore>(
        &mut self,
        input: &'b [u8],
        fields: &'b mut S,
    ) -> Result<Step<ResponseHead<'b>>, HeadError> {
        let consumed = match self.scan.advance(input, fields)? {
            Step::Done { consumed, .. } => consumed,
            Step::NeedMore { at_least } => return Ok(Step::NeedMore { at_least }),
        };
        let Some(bytes) = input.get(..consumed) else {
            return Ok(Step::NeedMore { at_least: consumed - input.len() });
        };
        let fields: &'b S = fields;
        let StatusLine { version, status, reason, .. } = self.scan.line;
        let lines = Lines { bytes, spans: fields.spans(), version };
        Ok(Step::Done { value: ResponseHead { lines, status, reason }, consumed })
    }
}

/// `HTTP-version SP status-code SP [ reason-phrase ] CRLF` (RFC 9112, section 4). Without a reason
/// the second SP may be missing too: nothing else could stand there.
#[derive(Clone, Debug)]
struct StatusLine {
    state: State,
    /// The next byte to look at.
    at: usize,
    version: Version,
    /// The digits so far.
    code: u16,
    status: Status,
    reason: Span,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Version,
    /// At the SP before the status code.
    CodeSpace,
    Code,
    /// At the SP before the reason, or at the CR.
    ReasonSpace,
    Reason,
    Lf,
    Done,
}

/// Offset of the status code.
const CODE: usize = VERSION_LEN + 1;
const CODE_END: usize = CODE + 3;

impl Default for StatusLine {
    fn default() -> Self {
        Self {
            state: State::Version,
            at: 0,
            version: Version::Http11,
            code: 0,
            status: Status::OK,
            reason: Span::EMPTY,
        }
    }
}

impl StartLine for StatusLine {
    const MESSAGE: Message = Message::Response;

    fn scan(&mut self, input: &[u8], limits: &Limits) -> Result<Step<()>, Fault> {
        let (line, exceeded) = bounded(input, limits.start_line);
        match self.scan_line(line)? {
            Step::NeedMore { .. } if exceeded => Err(fault(HeadErrorKind::StartLineTooLong, line.len())),
            step => Ok(step),
        }
    }
}

impl StatusLine {
    /// A demand for more counts what the shortest head still lacks: `HTTP/1.1 200`, CRLF, CRLF.
    fn scan_line(&mut self, line: &[u8]) -> Result<Step<()>, Fault> {
        loop {
            let at = self.at;
            let at_least = match (self.state, line.get(at)) {
                (State::Version, _) => match version(line, 0, at)? {
                    Some(version) => {
                        self.version = version;
                        self.go(State::CodeSpace, VERSION_LEN);
                        continue;
                    }
                    None => {
                        self.at = at.max(line.len());
                        VERSION_LEN - self.at + 8
                    }
                },
                (State::CodeSpace, Some(b' ')) => {
                    self.go(State::Code, CODE);
                    continue;
                }
                (State::CodeSpace, Some(_)) => return Err(fault(HeadErrorKind::Version, at)),
                (State::CodeSpace, None) => 8,
                // No status begins with 0.
                (State::Code, Some(digit @ b'0'..=b'9')) if at > CODE || *digit != b'0' => {
                    self.code = self.code * 10 + u16::from(digit - b'0');
                    self.at += 1;
                    if self.at == CODE_END {
                        self.status = Status::new(self.code).ok_or(fault(HeadErrorKind::StatusCode, CODE))?;
                        self.state = State::ReasonSpace;
                    }
                    continue;
                }
                (State::Code, Some(_)) => return Err(fault(HeadErrorKind::StatusCode, at)),
                (State::Code, None) => CODE_END - at + 4,
                (State::ReasonSpace, Some(b' ')) => {
                    self.go(State::Reason, at + 1);
                    continue;
                }
                (State::ReasonSpace, Some(b'\r')) => {
                    self.go(State::Lf, at + 1);
                    continue;
                }
                (State::ReasonSpace, Some(b'\n')) => return Err(fault(HeadErrorKind::BareLf, at)),
                (State::ReasonSpace, Some(_)) => return Err(fault(HeadErrorKind::StatusCode, at)),
                (State::ReasonSpace, None) => 4,
                (State::Reason, _) => {
                    self.at = field_end(line, at);
                    match line.get(self.at) {
                        Some(b'\r') => {
                            self.reason = Span { start: small(CODE_END + 1), end: small(self.at) };
                            self.go(State::Lf, self.at + 1);
                            continue;
                        }
                        Some(b'\n') => return Err(fault(HeadErrorKind::BareLf, self.at)),
                        Some(_) => return Err(fault(HeadErrorKind::Reason, self.at)),
                        None => 4,
                    }
                }
                (State::Lf, Some(b'\n')) => {
                    self.go(State::Done, at + 1);
                    continue;
                }
                (State::Lf, Some(_)) => return Err(fault(HeadErrorKind::BareCr, at - 1)),
                (State::Lf, None) => 3,
                (State::Done, _) => return Ok(Step::Done { value: (), consumed: at }),
            };
            return Ok(Step::NeedMore { at_least });
        }
    }

    fn go(&mut self, state: State, at: usize) {
        self.state = state;
        self.at = at;
    }
}
