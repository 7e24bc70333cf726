use core::ops::Range;

use super::{Fault, StartLine, bounded, index::Index};
use crate::{
    FieldSpan, FieldStore, HeadErrorKind, Leniency, Limits, Step,
    classify::{is_field_byte, is_ows, is_token_byte},
    head::ValueFault,
    simd::{BLOCK, Classify, Work},
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
    /// Where the last of them begins.
    last: u32,
    /// Whether a call was given a store that does not hold the lines before it.
    is_lost: bool,
}

/// The quick way through field lines.
struct WholeLines<'q, L, S> {
    lines: &'q mut FieldLines,
    input: &'q [u8],
    limits: &'q Limits,
    index: &'q mut Index,
    line: &'q mut L,
    store: &'q mut S,
}

impl<L: StartLine, S: FieldStore> Work for WholeLines<'_, L, S> {
    type Output = Result<Option<usize>, Fault>;

    #[inline(always)]
    fn run(self, classify: impl Classify) -> Self::Output {
        let Self { lines, input, limits, index, line, store } = self;
        lines.scan_whole(input, limits, index, line, store, classify)
    }
}

/// Takes note of one line.
struct Note<'q, L> {
    lines: &'q mut FieldLines,
    input: &'q [u8],
    line: &'q mut L,
    span: FieldSpan,
}

impl<L: StartLine> Work for Note<'_, L> {
    type Output = Result<(), Fault>;

    #[inline(always)]
    fn run(self, classify: impl Classify) -> Self::Output {
        self.lines.note(1, &[self.span], self.input, self.line, classify)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// At the start of a line.
    Line,
    Name,
    /// Behind the name, where white space may be accepted before the colon.
    Colon,
    /// Behind the colon; `mark` is the byte behind it.
    Value,
    /// At the LF of a field line; the CR is the byte before, unless a lone LF is accepted.
    ValueLf,
    /// At the LF of the empty line.
    EndLf,
    /// Behind the empty line.
    Done,
}

impl FieldLines {
    pub(super) fn new(start: usize) -> Self {
        Self { state: State::Line, at: small(start), name: Span::EMPTY, mark: 0, count: 0, last: 0, is_lost: false }
    }

    /// The next byte to look at.
    pub(super) fn at(&self) -> usize {
        self.at as usize
    }

    /// Whether the empty line has been seen.
    pub(super) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Number of complete field lines.
    pub(super) fn count(&self) -> usize {
        self.count as usize
    }

    /// Whether `spans` are those of the complete field lines and were so in every call, as far as their number and where
    /// the last one begins tell.
    pub(super) fn are_in(&mut self, spans: &[FieldSpan]) -> bool {
        self.is_lost |=
            spans.len() != self.count() || spans.last().is_some_and(|last| last.name().start != self.last as usize);
        !self.is_lost
    }

    /// Goes on where it stopped. `Done` tells the offset behind the empty line, every time.
    ///
    /// The states stand in the order in which a line goes through them, so that each falls through to the next.
    pub(super) fn scan<L: StartLine, S: FieldStore>(
        &mut self,
        input: &[u8],
        limits: &Limits,
        index: &mut Index,
        line: &mut L,
        store: &mut S,
    ) -> Result<Step<()>, Fault> {
        let Leniency { bare_lf, space_before_colon } = line.leniency();
        let line_end = line.leniency().shortest_line_end();
        loop {
            if self.state == State::Line {
                let quick = WholeLines { lines: self, input, limits, index, line, store };
                if let Some(end) = quick.index.backend.run(quick)? {
                    return Ok(Step::Done { value: (), consumed: end });
                }
            }
            if self.state == State::Line {
                match input.get(self.at as usize) {
                    None => return Ok(Step::NeedMore { at_least: line_end }),
                    // RFC 9112, section 2.2
                    Some(b'\n') if bare_lf => {
                        self.state = State::EndLf;
                        return self.scan_end(input);
                    }
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
                let end = index.token_end(input, self.at as usize).min(most);
                self.at = small(end);
                match input.get(end) {
                    None => return Ok(Step::NeedMore { at_least: b":".len() + 2 * line_end }),
                    Some(b':') => {}
                    // RFC 9112, section 5.1
                    Some(b' ' | b'\t') if space_before_colon => {}
                    Some(byte) => return Err(self.fault(name_fault(*byte), end)),
                }
                self.name = Span { start: self.mark, end: self.at };
                self.state = State::Colon;
            }
            if self.state == State::Colon {
                let most = (self.mark as usize).saturating_add(limits.name);
                let space = bounded(input, most).0.get(self.at as usize..).unwrap_or_default();
                self.at += small(space.iter().take_while(|byte| is_ows(**byte)).count());
                match input.get(self.at as usize) {
                    None => return Ok(Step::NeedMore { at_least: b":".len() + 2 * line_end }),
                    Some(b':') => {}
                    Some(byte) => return Err(self.fault(colon_fault(*byte), self.at as usize)),
                }
                self.at += 1;
                self.mark = self.at;
                self.state = State::Value;
            }
            if self.state == State::Value {
                let most = (self.mark as usize).saturating_add(limits.value);
                let end = index.field_end(input, self.at as usize).min(most);
                self.at = small(end);
                match input.get(end) {
                    None => return Ok(Step::NeedMore { at_least: 2 * line_end }),
                    Some(b'\r') => self.at += 1,
                    // RFC 9112, section 2.2
                    Some(b'\n') if bare_lf => {}
                    Some(byte) => return Err(self.fault(value_fault(*byte), end)),
                }
                self.state = State::ValueLf;
            }
            if self.state == State::ValueLf {
                let lf = self.at as usize;
                match input.get(lf) {
                    None => return Ok(Step::NeedMore { at_least: b"\n".len() + line_end }),
                    Some(b'\n') => {}
                    Some(_) => return Err(self.fault(HeadErrorKind::BareCr, lf - 1)),
                }
                let end = if input.get(lf - 1) == Some(&b'\r') { lf - 1 } else { lf };
                let value = line.fold().value(input, self.mark as usize, end);
                let span = FieldSpan::new(self.name.range(), value);
                store.push(span).map_err(|_| self.fault(HeadErrorKind::TooManyFields, span.name().start))?;
                index.backend.run(Note { lines: self, input, line, span })?;
                self.last = small(span.name().start);
                self.at += 1;
                self.state = State::Line;
                continue;
            }
            return self.scan_end(input);
        }
    }

    /// Goes back into the value of the last line, from its end on, and takes its span out of the store. Gives the value
    /// up to there, or `None` where the store lacks spans. Noted lines are not un-noted: responses note none.
    pub(super) fn reopen<S: FieldStore>(&mut self, input: &[u8], store: &mut S) -> Option<Span> {
        if !self.are_in(store.spans()) {
            return None;
        }
        let span = store.pop()?;
        let behind = input.get(span.name().end..).unwrap_or_default();
        let space = behind.iter().take_while(|byte| is_ows(**byte)).count();
        self.name = Span::new(span.name());
        self.mark = self.name.end + small(space) + 1;
        self.count -= 1;
        self.state = State::Value;
        Some(Span::new(span.value()))
    }

    /// The lines that are whole and as nearly all are. Gives the offset behind the empty line if it gets there; else it
    /// leaves the line it stopped in to the states, as far as it is known to be valid.
    #[inline(always)]
    pub(super) fn scan_whole<L: StartLine, S: FieldStore>(
        &mut self,
        input: &[u8],
        limits: &Limits,
        index: &mut Index,
        line: &mut L,
        store: &mut S,
        classify: impl Classify,
    ) -> Result<Option<usize>, Fault> {
        let Some(last) = input.last_chunk() else { return Ok(None) };
        // What begins no field line ends the head, or is a fault: nothing behind it is of interest.
        if !input.get(self.at as usize).is_some_and(|byte| is_token_byte(*byte)) {
            return Ok(None);
        }
        let room = limits.fields.saturating_sub(self.count as usize).min(64);
        let places = store.spare();
        let room = room.min(places.len());
        let places = places.get_mut(..room).unwrap_or_default();
        let (lines, notable, end) = self.fill(input, last, limits, index, places, classify, L::notable);
        // Noted are the spans that were found here, not what the store makes of them.
        let noted = self.note(notable, places.get(..lines).unwrap_or_default(), input, line, classify);
        store.commit(lines);
        noted.map(|()| end)
    }

    /// The lines of [`scan_whole`](Self::scan_whole): their number, a bit for each whether it is notable, and the offset
    /// behind the empty line.
    #[inline(always)]
    #[allow(clippy::too_many_arguments, reason = "it has one caller, and is apart from it to be read")]
    fn fill(
        &mut self,
        input: &[u8],
        last: &[u8; BLOCK],
        limits: &Limits,
        index: &mut Index,
        places: &mut [FieldSpan],
        classify: impl Classify,
        is_notable: impl Fn(usize, u8) -> u64,
    ) -> (usize, u64, Option<usize>) {
        let mut start = self.at as usize;
        let Index { mut masks, mut base, end, .. } = *index;
        let mut is_known = (base..end).contains(&start) && end == input.len().min(base + BLOCK);
        if !is_known {
            base = start;
        }
        // A line that is no longer than the shorter limit keeps both.
        let short = limits.name.min(limits.value);
        let mut number = 0;
        let mut latest = start;
        // From the highest bit down.
        let mut notable = 0u64;
        // The first byte of the line that may not stand in a token; not before the end of the block where it is not
        // known yet, and then looked for in the next one.
        let mut colon = usize::MAX;
        let (done, stopped) = 'blocks: loop {
            if !is_known {
                masks = classify.at_once(input, last, base);
            }
            is_known = false;
            let from = start.max(base);
            if colon >= base {
                colon = from + first_bit(masks.other >> (from - base));
            }
            // Where runs of control bytes begin, CRs if all is well. One that began before `start` is passed over.
            let mut ends = masks.control & !(masks.control << 1) & (u64::MAX << (from - base));
            while ends != 0 {
                let end = base + first_bit(ends);
                let Some(behind) = input.get(end..).and_then(<[u8]>::first_chunk) else {
                    break 'blocks (false, end);
                };
                let behind = u32::from_le_bytes(*behind);
                if behind & 0xFFFF != CRLF
                    || colon == start
                    || (end - start > short && (colon - start > limits.name || end - colon > limits.value))
                {
                    break 'blocks (false, end);
                }
                let value = match input.get(colon..end) {
                    // White space that is left at an end is SP or below it.
                    Some(value @ [_, _, first, ..])
                        if value.starts_with(b": ") && *first > b' ' && value.last() > Some(&b' ') =>
                    {
                        colon + 2..end
                    }
                    Some([b':', ..]) => trimmed(input, colon + 1, end),
                    _ => break 'blocks (false, end),
                };
                let Some(span) = places.get_mut(number) else { break 'blocks (false, end) };
                *span = FieldSpan::new(start..colon, value);
                number += 1;
                latest = start;
                let first = input.get(start).copied().unwrap_or_default();
                notable = (notable >> 1) | (is_notable(colon - start, first) << 63);
                start = end + 2;
                if behind == CRLF << 16 | CRLF {
                    break 'blocks (true, start + 2);
                }
                ends &= ends - 1;
                // Behind the block the shift is of no meaning, and neither is what it gives, which is behind it as well.
                colon = start + first_bit(masks.other >> ((start - base) % BLOCK));
            }
            base += BLOCK;
            if masks.control == 0 && colon < base {
                // A long value.
                while let Some(block) = input.get(base..).and_then(<[u8]>::first_chunk)
                    && classify.is_plain(block)
                {
                    base += BLOCK;
                }
            }
            if base >= input.len() {
                break (false, input.len());
            }
        };
        let notable = notable.checked_shr(64 - small(number)).unwrap_or_default();
        if number > 0 {
            self.last = small(latest);
        }
        if done {
            self.at = small(stopped);
            self.state = State::Done;
            return (number, notable, Some(stopped));
        }
        (index.masks, index.base, index.end) = (masks, base, input.len().min(base + BLOCK));
        self.suspend(input, limits, start..stopped, colon, self.count as usize + number);
        (number, notable, None)
    }

    /// Leaves the line that begins at `line.start` to the states. Up to `line.end` it has no control byte; `colon` is
    /// its first byte that may not stand in a token, if it is before `line.end`; `lines` are complete.
    #[inline(always)]
    fn suspend(&mut self, input: &[u8], limits: &Limits, line: Range<usize>, colon: usize, lines: usize) {
        self.at = small(line.start);
        // What cannot begin a line is found there, and that it is one too many.
        if line.is_empty() || colon == line.start || lines >= limits.fields {
            return;
        }
        self.mark = self.at;
        if colon < line.end && colon - line.start <= limits.name && input.get(colon) == Some(&b':') {
            self.name = Span::new(line.start..colon);
            (self.mark, self.at, self.state) = (small(colon + 1), small(line.end), State::Value);
        } else {
            (self.at, self.state) = (small(colon.min(line.end)), State::Name);
        }
    }

    /// Counts the lines of `spans`, and takes note of those whose bit is set.
    #[inline(always)]
    fn note<L: StartLine>(
        &mut self,
        mut notable: u64,
        spans: &[FieldSpan],
        input: &[u8],
        line: &mut L,
        classify: impl Classify,
    ) -> Result<(), Fault> {
        let count = self.count;
        self.count += small(spans.len());
        while notable != 0 {
            let number = first_bit(notable);
            notable &= notable - 1;
            let Some(span) = spans.get(number) else { break };
            line.note(input, span, classify).map_err(|ValueFault { kind, offset }| Fault {
                kind,
                offset,
                field: Some(count as usize + number),
                missing: offset >= span.value().end,
            })?;
        }
        Ok(())
    }

    /// The LF of the empty line.
    fn scan_end(&mut self, input: &[u8]) -> Result<Step<()>, Fault> {
        let at = self.at as usize;
        if self.state == State::EndLf {
            match input.get(at) {
                None => return Ok(Step::NeedMore { at_least: b"\n".len() }),
                Some(b'\n') => {}
                Some(_) => {
                    return Err(Fault { kind: HeadErrorKind::BareCr, offset: at - 1, field: None, missing: false });
                }
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
        Fault { kind, offset, field: Some(self.count as usize), missing: false }
    }
}

/// The end of a line, as it stands in the lower half of a word.
const CRLF: u32 = u16::from_le_bytes(*b"\r\n") as u32;

/// The place of the lowest bit that is set; 64 where there is none.
#[inline(always)]
fn first_bit(mask: u64) -> usize {
    mask.trailing_zeros() as usize
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

/// What `byte` means behind a name and white space.
#[cold]
fn colon_fault(byte: u8) -> HeadErrorKind {
    match byte {
        b' ' | b'\t' => HeadErrorKind::NameTooLong,
        b'\r' | b'\n' => HeadErrorKind::MissingColon,
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

/// The value between the colon and the end of the line without the OWS around it (RFC 9112, section 5.1).
#[inline(always)]
pub(super) fn trimmed(input: &[u8], start: usize, end: usize) -> Range<usize> {
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
    start..start + value.len()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use core::cell::Cell;

    use super::*;
    use crate::{
        Backend, FieldTable,
        error::Message,
        simd::{Class, Masks},
    };

    /// Counts the bytes that it classifies.
    #[derive(Clone, Copy)]
    struct Counting<'c>(&'c Cell<usize>);

    impl Classify for Counting<'_> {
        fn block(self, block: &[u8; BLOCK]) -> Masks {
            self.0.set(self.0.get() + BLOCK);
            Backend::best().run(Block(block))
        }

        fn is_plain(self, block: &[u8; BLOCK]) -> bool {
            self.block(block).control == 0
        }

        fn end(self, _: Class, input: &[u8], _: usize) -> usize {
            input.len()
        }
    }

    struct Block<'b>(&'b [u8; BLOCK]);

    impl Work for Block<'_> {
        type Output = Masks;

        fn run(self, classify: impl Classify) -> Masks {
            classify.block(self.0)
        }
    }

    /// No start-line.
    struct Nothing;

    impl StartLine for Nothing {
        const MESSAGE: Message = Message::Request;

        fn scan_whole(&mut self, _: &[u8], _: &[u8; BLOCK], _: Masks, _: &Limits, _: impl Classify) -> Option<usize> {
            Some(0)
        }

        fn scan(&mut self, _: &[u8], _: &Limits, _: &mut Index) -> Result<Step<()>, Fault> {
            Ok(Step::Done { value: (), consumed: 0 })
        }

        fn at(&self) -> usize {
            0
        }
    }

    /// What follows the empty line is not looked at, even if a state has taken the CRLF before it.
    #[test]
    fn the_body_is_not_classified() {
        let input = [&b"a:\t\r\n\r\n"[..], &[b'b'; 4_096]].concat();
        let (backend, count) = (Backend::best(), Cell::new(0));
        let mut index = Index::new(backend, 0);
        let mut lines = FieldLines { count: 1, ..FieldLines::new(5) };
        let mut store = FieldTable::<4>::new();
        let _ = lines
            .scan_whole(&input, &Limits::default(), &mut index, &mut Nothing, &mut store, Counting(&count))
            .is_ok_and(|end| end.is_some());
        assert!(count.get() <= BLOCK, "{} bytes", count.get());
    }

    /// Lines as nearly all are need none of the states, wherever they cross into the next block.
    #[test]
    fn whole_lines_are_read_without_the_states() {
        for length in 1..2 * BLOCK {
            let line = [&b"name: "[..], &b"v".repeat(length), b"\r\n"].concat();
            let input = [&line.repeat(3)[..], b"\r\n", &[b'b'; BLOCK]].concat();
            let (backend, count) = (Backend::best(), Cell::new(0));
            let (mut index, mut lines) = (Index::new(backend, 0), FieldLines::new(0));
            let mut store = FieldTable::<4>::new();
            let end = lines
                .scan_whole(&input, &Limits::default(), &mut index, &mut Nothing, &mut store, Counting(&count))
                .unwrap_or_else(|_| unreachable!("nothing is noted"));
            assert_eq!((end, store.spans().len()), (Some(input.len() - BLOCK), 3), "{length}");
        }
    }
}
