//! Folded field lines of responses (RFC 9112, section 5.2): a scan stops in front of a fold as at any other fault; here
//! the fold is replaced, and the scan goes back into the value.

use core::ops::Range;

use super::{HeadScan, fields::trimmed, response::StatusLine};
use crate::{
    FieldStore, HeadError, HeadErrorKind, Step,
    classify::is_ows,
    store::{Span, small},
};

/// The last fold that was replaced.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fold {
    /// The value before the fold. It is before the line that is read where that line has no fold, or is read again
    /// with the SP in it.
    value: Span,
    /// Behind the SP in place of the fold; 0 before the first one.
    end: u32,
}

impl Fold {
    pub(super) const NONE: Self = Self { value: Span::EMPTY, end: 0 };

    /// The lines are read again, now with SP in place of the fold.
    pub(super) fn forget(&mut self) {
        self.value = Span::EMPTY;
    }

    /// The value between the colon, behind which is `start`, and the end of the line. What is before the fold is not
    /// trimmed again, so the work is linear however often a line is folded.
    pub(super) fn value(self, input: &[u8], start: usize, end: usize) -> Range<usize> {
        let before = self.value.range();
        if before.start < start {
            return trimmed(input, start, end);
        }
        let behind = trimmed(input, self.end as usize, end);
        match (before.is_empty(), behind.is_empty()) {
            (true, _) => behind,
            (false, true) => before,
            (false, false) => before.start..behind.end,
        }
    }
}

impl HeadScan<StatusLine> {
    /// As [`advance`](Self::advance), through folds.
    pub(super) fn advance_unfolding<S: FieldStore>(
        &mut self,
        input: &mut [u8],
        store: &mut S,
    ) -> Result<Step<()>, HeadError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        // The white space at the start of a folded line may have been cut off: nothing was seen behind the fold.
        let end = self.line.fold.end as usize;
        if self.fields.is_some_and(|fields| fields.at() == end) {
            self.replace_fold(input, end);
        }
        loop {
            match self.advance(input, store) {
                Err(error) if error.kind() == HeadErrorKind::ObsFold => {
                    self.failed = None;
                    self.replace_fold(input, error.offset());
                    match self.fields.as_mut().and_then(|fields| fields.reopen(input, store)) {
                        Some(value) => self.line.fold.value = value,
                        // This store lacks spans of earlier calls: all lines are read again.
                        None => {
                            self.line.fold.forget();
                            self.fields = None;
                        }
                    }
                }
                result => return result,
            }
        }
    }

    /// RFC 9112, section 5.2: the white space and the line end before `at`, and the white space from there on, become
    /// SP. What became so before is not looked at again, nor is what exceeds the limit of the head.
    fn replace_fold(&mut self, input: &mut [u8], at: usize) {
        let fold = &mut self.line.fold;
        let len = input.len().min(self.limits.head);
        // A fold is behind a field line, so `at` is not 0. Its LF goes whatever else does, so none is met twice.
        let lf = at - 1;
        let before = input.get(fold.end as usize..lf).unwrap_or_default();
        let start = lf - before.iter().rev().take_while(|byte| is_ows(**byte) || **byte == b'\r').count();
        let behind = input.get(at..len).unwrap_or_default();
        let end = at + behind.iter().take_while(|byte| is_ows(**byte)).count();
        input.get_mut(start..end).unwrap_or_default().fill(b' ');
        fold.end = small(end);
    }
}
