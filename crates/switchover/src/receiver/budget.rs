//! The limits of a receiver that few set otherwise, and the second in which control frames are counted.
//!
//! All sessions with the default share one constant. A session of its own limits, or one that is counting, has a box.

use alloc::boxed::Box;
use core::time::Duration;
use switchover_frame::{OpCode, Piece, ProtocolError, ProtocolErrorKind};

use super::Receiver;
use crate::Limits;

/// How long control frames are counted for [`Limits::control`].
const SECOND: Duration = Duration::from_secs(1);

/// What a receiver is held to, beside the longest payload of a frame, which its decoder knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Budget {
    /// The largest message, where a frame may not be as large.
    pub(super) message: Option<usize>,
    /// [`Limits::fragments`]
    pub(super) fragments: u32,
    /// [`Limits::empty_fragments`]
    pub(super) empty_fragments: u32,
    /// [`Limits::control`], at least 1.
    control: u32,
    /// When the second ends in which control frames are counted, while they are.
    second: Option<Duration>,
}

impl Budget {
    const DEFAULT: Self = Self {
        message: None,
        fragments: Limits::DEFAULT.fragments,
        empty_fragments: Limits::DEFAULT.empty_fragments,
        control: Limits::DEFAULT.control,
        second: None,
    };

    /// What these limits say, where it is not the default.
    pub(super) fn of(limits: &Limits) -> Option<Box<Self>> {
        let budget = Self {
            message: (limits.frame < limits.message).then_some(limits.message),
            fragments: limits.fragments,
            empty_fragments: limits.empty_fragments,
            control: limits.control.max(1),
            second: None,
        };
        (budget != Self::DEFAULT).then(|| Box::new(budget))
    }
}

impl Receiver {
    /// How many bytes of the peer's stream were taken so far. Every one of them is a sign of life: see
    /// [`Sender::heard`](crate::Sender::heard).
    #[must_use]
    pub fn received(&self) -> u64 {
        self.decoder.offset()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), in the caller's own time; zero means at once. `None` unless there
    /// were half as many Pings and Pongs as [`Limits::control`] allows in a second.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Duration> {
        let budget = self.budget();
        let suspects = !self.ended && self.controls > budget.control / 2;
        budget.second.or_else(|| suspects.then_some(Duration::ZERO))
    }

    /// Tells the time: `now` since an epoch of the caller's. Begins to count control frames, or ends the second in which they were
    /// counted.
    pub fn handle_timeout(&mut self, now: Duration) {
        match self.poll_timeout() {
            Some(due) if now >= due => {}
            _ => return,
        }
        // Those before came in a time that nobody knows.
        self.controls = 0;
        let idle = self.open.is_none() && !self.delivered && self.decoder.in_payload().is_none();
        let pending = self.pending.get_or_insert_default();
        let budget = pending.budget.get_or_insert_with(|| Box::new(Budget::DEFAULT));
        budget.second = match budget.second {
            None => Some(now.saturating_add(SECOND)),
            Some(_) => None,
        };
        if **budget == Budget::DEFAULT {
            pending.budget = None;
            if idle && pending.inflation.is_none() {
                self.pending = None;
            }
        }
    }

    #[inline]
    pub(super) fn budget(&self) -> &Budget {
        self.pending.as_ref().and_then(|pending| pending.budget.as_deref()).unwrap_or(&Budget::DEFAULT)
    }

    /// Counts a control frame, of which this is the first piece: is it one too many in this second?
    #[cold]
    pub(super) fn count_control(&mut self, piece: &Piece) -> Result<(), ProtocolError> {
        if piece.header.opcode == OpCode::Close {
            return Ok(());
        }
        self.controls = self.controls.saturating_add(1);
        let Budget { control, second, .. } = *self.budget();
        if second.is_some() && self.controls > control {
            return Err(self.at_header(piece, ProtocolErrorKind::TooManyControlFrames(control)));
        }
        Ok(())
    }
}
