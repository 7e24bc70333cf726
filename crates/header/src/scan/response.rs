use super::{Fault, HeadScan, StartLine, VERSION_LEN, bounded, fault, fold::Fold, index::Index, version};
use crate::{
    Backend, FieldStore, HeadError, HeadErrorKind, Leniency, Limits, ResponseHead, Status, Step, Version,
    error::Message,
    head::Lines,
    simd::{BLOCK, Classify, Masks},
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

    /// The same scan by `backend` rather than by the [best](Backend::best).
    #[must_use]
    pub fn with_backend(mut self, backend: Backend) -> Self {
        self.scan.backend = backend;
        self
    }

    /// The same scan, accepting what [`Leniency`] names. To be chosen before the first call.
    #[must_use]
    pub fn with_leniency(mut self, leniency: Leniency) -> Self {
        self.scan.line.leniency = leniency;
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
    /// split; every later call gives the same error. Framing is left to [`ResponseHead::framing`].
    pub fn scan<'b, S: FieldStore>(
        &mut self,
        input: &'b [u8],
        fields: &'b mut S,
    ) -> Result<Step<ResponseHead<'b>>, HeadError> {
        let step = self.scan.advance(input, fields)?;
        Ok(self.head(step, input, fields))
    }

    /// As [`scan`](Self::scan), and accepts line folding: every `obs-fold` within a field value, which is the white
    /// space before a line end, the line end, and the white space with which the next line begins, is overwritten with
    /// SP. This is what a user agent has to make of it, before the value is interpreted (RFC 9112, section 5.2), so
    /// framing is decided over the value with SP in it, and nobody is shown the line end.
    ///
    /// `input` is what it was after the last call, and more bytes behind it. What is not a fold, or is behind the head,
    /// is never written to. A fold counts for [`Limits::value`] with all of its bytes. White space before the first
    /// field line is no fold and stays an error (section 2.2).
    ///
    /// ```
    /// use switchover_header::{FieldTable, Framing, Limits, ResponseScan, Step};
    ///
    /// let mut input = b"HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n\tchunked\r\n\r\n".to_vec();
    /// let mut fields = FieldTable::<16>::new();
    /// let mut scan = ResponseScan::new(Limits::default());
    /// let Step::Done { value: head, .. } = scan.scan_unfolding(&mut input, &mut fields)? else { unreachable!() };
    /// assert_eq!(head.framing("GET")?, Framing::Chunked);
    /// assert_eq!(&head.bytes()[17..], b"Transfer-Encoding:   chunked\r\n\r\n");
    /// # Ok::<(), switchover_header::HeadError>(())
    /// ```
    ///
    /// # Errors
    /// As `scan`, but for folds.
    pub fn scan_unfolding<'b, S: FieldStore>(
        &mut self,
        input: &'b mut [u8],
        fields: &'b mut S,
    ) -> Result<Step<ResponseHead<'b>>, HeadError> {
        let step = self.scan.advance_unfolding(input, fields)?;
        Ok(self.head(step, input, fields))
    }

    #[inline]
    fn head<'b, S: FieldStore>(&self, step: Step<()>, input: &'b [u8], fields: &'b S) -> Step<ResponseHead<'b>> {
        let consumed = match step {
            Step::Done { consumed, .. } => consumed,
            Step::NeedMore { at_least } => return Step::NeedMore { at_least },
        };
        let Some(bytes) = input.get(..consumed) else {
            return Step::NeedMore { at_least: consumed - input.len() };
        };
        let StatusLine { version, status, reason, .. } = self.scan.line;
        let lines = Lines { bytes, spans: fields.spans(), version };
        Step::Done { value: ResponseHead { lines, status, reason }, consumed }
    }
}

/// `HTTP-version SP status-code SP [ reason-phrase ] CRLF` (RFC 9112, section 4). Without a reason
/// the second SP may be missing too: nothing else could stand there.
#[derive(Clone, Debug)]
pub(super) struct StatusLine {
    leniency: Leniency,
    /// In the field lines behind it.
    pub(super) fold: Fold,
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
            leniency: Leniency::default(),
            fold: Fold::NONE,
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

    /// `HTTP/1.1 101 Switching Protocols`, CRLF.
    #[inline(always)]
    fn scan_whole(
        &mut self,
        input: &[u8],
        _: &[u8; BLOCK],
        masks: Masks,
        limits: &Limits,
        _: impl Classify,
    ) -> Option<usize> {
        const FRONT: &[u8; CODE] = b"HTTP/1.1 ";
        let (front, rest) = input.split_first_chunk()?;
        let [hundreds @ b'1'..=b'9', tens @ b'0'..=b'9', units @ b'0'..=b'9', b' '] = rest.first_chunk()? else {
            return None;
        };
        let end = masks.control.trailing_zeros() as usize;
        let line = end + 2;
        if front != FRONT || input.get(end..)?.first_chunk()? != b"\r\n" || line > limits.start_line {
            return None;
        }
        let digit = |byte: u8| u16::from(byte - b'0');
        self.status = Status::new(digit(*hundreds) * 100 + digit(*tens) * 10 + digit(*units))?;
        self.reason = Span { start: small(CODE_END + 1), end: small(end) };
        self.at = line;
        self.state = State::Done;
        Some(line)
    }

    fn scan(&mut self, input: &[u8], limits: &Limits, index: &mut Index) -> Result<Step<()>, Fault> {
        let (line, exceeded) = bounded(input, limits.start_line);
        match self.scan_line(line, index)? {
            Step::NeedMore { .. } if exceeded => Err(fault(HeadErrorKind::StartLineTooLong, line.len())),
            step => Ok(step),
        }
    }

    fn at(&self) -> usize {
        self.at
    }

    fn leniency(&self) -> Leniency {
        self.leniency
    }

    fn fold(&self) -> Fold {
        self.fold
    }

    fn forget(&mut self) {
        self.fold.forget();
    }
}

impl StatusLine {
    /// A demand for more counts what the shortest head still lacks: `HTTP/1.1 200` and two line ends.
    fn scan_line(&mut self, line: &[u8], index: &mut Index) -> Result<Step<()>, Fault> {
        let Leniency { bare_lf, .. } = self.leniency;
        let line_end = self.leniency.shortest_line_end();
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
                        VERSION_LEN - self.at + b" 200".len() + 2 * line_end
                    }
                },
                (State::CodeSpace, Some(b' ')) => {
                    self.go(State::Code, CODE);
                    continue;
                }
                (State::CodeSpace, Some(_)) => return Err(fault(HeadErrorKind::Version, at)),
                (State::CodeSpace, None) => b" 200".len() + 2 * line_end,
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
                (State::Code, None) => CODE_END - at + 2 * line_end,
                (State::ReasonSpace, Some(b' ')) => {
                    self.go(State::Reason, at + 1);
                    continue;
                }
                (State::ReasonSpace, Some(b'\r')) => {
                    self.go(State::Lf, at + 1);
                    continue;
                }
                // RFC 9112, section 2.2
                (State::ReasonSpace, Some(b'\n')) if bare_lf => {
                    self.go(State::Lf, at);
                    continue;
                }
                (State::ReasonSpace, Some(b'\n')) => return Err(fault(HeadErrorKind::BareLf, at)),
                (State::ReasonSpace, Some(_)) => return Err(fault(HeadErrorKind::StatusCode, at)),
                (State::ReasonSpace, None) => 2 * line_end,
                (State::Reason, _) => {
                    self.at = index.field_end(line, at);
                    let lf = match line.get(self.at) {
                        Some(b'\r') => self.at + 1,
                        // RFC 9112, section 2.2
                        Some(b'\n') if bare_lf => self.at,
                        Some(b'\n') => return Err(fault(HeadErrorKind::BareLf, self.at)),
                        Some(_) => return Err(fault(HeadErrorKind::Reason, self.at)),
                        None => return Ok(Step::NeedMore { at_least: 2 * line_end }),
                    };
                    self.reason = Span { start: small(CODE_END + 1), end: small(self.at) };
                    self.go(State::Lf, lf);
                    continue;
                }
                (State::Lf, Some(b'\n')) => {
                    self.go(State::Done, at + 1);
                    continue;
                }
                (State::Lf, Some(_)) => return Err(fault(HeadErrorKind::BareCr, at - 1)),
                (State::Lf, None) => b"\n".len() + line_end,
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
