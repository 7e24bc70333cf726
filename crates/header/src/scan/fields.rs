use super::{Fault, bounded};
use crate::{
    FieldSpan, FieldStore, HeadErrorKind, Limits, Step,
    classify::{field_end, is_field_byte, is_ows, is_token_byte, token_end},
    store::{Span, small},
};

/// The field lines of a head, up to and with the empty line (RFC 9112, section 5).
#[derive(Clone, Copy, Debug)]
pub(super) struct FieldLines {
    state: State,
    /// The next byte to look at.
    at: u32,
    /// The name of the line, once its colon has been seen.
    name: Span,
    /// Where the element begins that `state` is in.
    mark: u32,
    /// Number of complete field lines.
    count: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// At the start of a line.
    Line,
    Name,
    /// Behind the colon; `mark` is the byte behind it.
    Value,
    /// At the LF of a field line; the CR is the byte before.
    ValueLf,
    /// At the LF of the empty line.
    EndLf,
    /// Behind the empty line.
    Done,
}

impl FieldLines {
    pub(super) fn new(start: usize) -> Self {
        Self { state: State::Line, at: small(start), name: Span::EMPTY, mark: 0, count: 0 }
    }

    /// Number of complete field lines, each of which was put into the store.
    pub(super) fn count(&self) -> usize {
        self.count as usize
    }

    /// Goes on where it stopped. `Done` tells the offset behind the empty line, every time.
    pub(super) fn scan<S: FieldStore>(
        &mut self,
        input: &[u8],
        limits: &Limits,
        store: &mut S,
    ) -> Result<Step<()>, Fault> {
        // Worked on as a copy, which the compiler keeps in registers.
        let mut lines = *self;
        let step = lines.scan_lines(input, limits, store);
        *self = lines;
        step
    }

    /// The states in the order in which a line goes through them, so that a line that is whole
    /// falls through from one to the next.
    #[inline(always)]
    fn scan_lines<S: FieldStore>(&mut self, input: &[u8], limits: &Limits, store: &mut S) -> Result<Step<()>, Fault> {
        loop {
            if self.state == State::Line {
                match input.get(self.at as usize) {
                    None => return Ok(Step::NeedMore { at_least: b"\r\n".len() }),
                    Some(b'\r') => {
                        self.at += 1;
                        self.state = State::EndLf;
                        return self.scan_end(input);
                    }
                    Some(byte) => self.check_first(*byte, limits)?,
                }
                self.mark = self.at;
                self.state = State::Name;
            }
            if self.state == State::Name {
                let most = (self.mark as usize).saturating_add(limits.name);
                let end = token_end(bounded(input, most).0, self.at as usize);
                self.at = small(end);
                match input.get(end) {
                    None => return Ok(Step::NeedMore { at_least: b":\r\n\r\n".len() }),
                    Some(b':') => self.name = Span { start: self.mark, end: self.at },
                    Some(byte) => return Err(self.fault(name_fault(*byte), end)),
                }
                self.at += 1;
                self.mark = self.at;
                self.state = State::Value;
            }
            if self.state == State::Value {
                let most = (self.mark as usize).saturating_add(limits.value);
                let end = field_end(bounded(input, most).0, self.at as usize);
                self.at = small(end);
                match input.get(end) {
                    None => return Ok(Step::NeedMore { at_least: b"\r\n\r\n".len() }),
                    Some(b'\r') => {}
                    Some(byte) => return Err(self.fault(value_fault(*byte), end)),
                }
                self.at += 1;
                self.state = State::ValueLf;
            }
            if self.state == State::ValueLf {
                let cr = self.at as usize - 1;
                match input.get(self.at as usize) {
                    None => return Ok(Step::NeedMore { at_least: b"\n\r\n".len() }),
                    Some(b'\n') => {}
                    Some(_) => return Err(self.fault(HeadErrorKind::BareCr, cr)),
                }
                let span = FieldSpan::new(self.name, trimmed(input, self.mark as usize, cr));
                store.push(span).map_err(|_| self.fault(HeadErrorKind::TooManyFields, span.name().start))?;
                self.count += 1;
                self.at += 1;
                self.state = State::Line;
                continue;
            }
            return self.scan_end(input);
        }
    }

    /// The LF of the empty line.
    fn scan_end(&mut self, input: &[u8]) -> Result<Step<()>, Fault> {
        let at = self.at as usize;
        if self.state == State::EndLf {
            match input.get(at) {
                None => return Ok(Step::NeedMore { at_least: b"\n".len() }),
                Some(b'\n') => {}
                Some(_) => return Err(Fault { kind: HeadErrorKind::BareCr, offset: at - 1, field: None }),
            }
            self.at += 1;
            self.state = State::Done;
        }
        Ok(Step::Done { value: (), consumed: self.at as usize })
    }

    /// What may not stand at the start of a line.
    #[inline]
    fn check_first(&self, byte: u8, limits: &Limits) -> Result<(), Fault> {
        let kind = match byte {
            b' ' | b'\t' if self.count == 0 => HeadErrorKind::SpaceBeforeFields,
            b' ' | b'\t' => HeadErrorKind::ObsFold,
            b'\n' => HeadErrorKind::BareLf,
            b':' => HeadErrorKind::EmptyName,
            _ if self.count as usize >= limits.fields => HeadErrorKind::TooManyFields,
            _ => return Ok(()),
        };
        Err(self.fault(kind, self.at as usize))
    }

    /// A fault in the current line.
    #[cold]
    fn fault(&self, kind: HeadErrorKind, offset: usize) -> Fault {
        Fault { kind, offset, field: Some(self.count as usize) }
    }
}

/// What `byte` means behind a name, or behind as much of it as may be.
#[cold]
fn name_fault(byte: u8) -> HeadErrorKind {
    match byte {
        // RFC 9112, section 5.1
        b' ' | b'\t' => HeadErrorKind::SpaceBeforeColon,
        b'\r' | b'\n' => HeadErrorKind::MissingColon,
        _ if is_token_byte(byte) => HeadErrorKind::NameTooLong,
        _ => HeadErrorKind::Name,
    }
}

/// What `byte` means behind a value, or behind as much of it as may be.
#[cold]
fn value_fault(byte: u8) -> HeadErrorKind {
    match byte {
        b'\n' => HeadErrorKind::BareLf,
        _ if is_field_byte(byte) => HeadErrorKind::ValueTooLong,
        _ => HeadErrorKind::Value,
    }
}

/// The value between the colon and the CR without the OWS around it (RFC 9112, section 5.1).
#[inline]
fn trimmed(input: &[u8], start: usize, end: usize) -> Span {
    let mut value = input.get(start..end).unwrap_or_default();
    while let [first, rest @ ..] = value
        && is_ows(*first)
    {
        value = rest;
    }
    let start = end - value.len();
    while let [rest @ .., last] = value
        && is_ows(*last)
    {
        value = rest;
    }
    Span { start: small(start), end: small(start + value.len()) }
}
