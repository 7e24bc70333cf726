//! What the sending half does by the caller's time: it keeps an open connection alive, and gives a closing one a deadline.

use alloc::boxed::Box;
use core::time::Duration;
use switchover_frame::OpCode;

use super::Sender;
use crate::{
    Closed, EventRef, Keepalive, Side,
    closing::{Input, State},
    keepalive::{Due, Keeper},
};

impl<S: Side> Sender<S> {
    /// When to call [`handle_timeout`](Self::handle_timeout), in the caller's own time; zero means at once.
    pub fn poll_timeout(&self) -> Option<Duration> {
        let more = self.more.as_deref();
        match self.state {
            State::Open => more?.keeper.as_deref().map(Keeper::poll_timeout),
            state => state.has_deadline().then(|| more.and_then(|more| more.deadline).unwrap_or_default()),
        }
    }

    /// Tells the time: `now` since an epoch of the caller's. Returns how the connection has ended, if it has for lack of an answer:
    /// [`Closed::TimedOut`], [`Closed::Idle`] or [`Closed::Unresponsive`]; the receiving half is told with
    /// [`Receiver::end`](crate::Receiver::end).
    pub fn handle_timeout(&mut self, now: Duration) -> Option<Closed> {
        self.poll_timeout()?;
        if self.state == State::Open { self.keep_alive(now) } else { self.keep_closing(now) }
    }

    /// Tells that something was received, the last of it at this time: for who has split the session, to be told before the next
    /// [`handle_timeout`](Self::handle_timeout), and not for each read. Without [`Keepalive`] it means nothing.
    pub fn heard(&mut self, at: Duration) {
        if let Some(keeper) = self.keeper() {
            keeper.heard(at);
        }
    }

    /// The same, keeping the connection alive.
    pub(crate) fn with_keepalive(mut self, keepalive: &Keepalive) -> Self {
        if let Some(keeper) = Keeper::new(keepalive) {
            self.more.get_or_insert_default().keeper = Some(Box::new(keeper));
        }
        self
    }

    /// Tells how many bytes have been received until now.
    pub(crate) fn received(&mut self, total: u64, now: Duration) {
        if let Some(keeper) = self.keeper() {
            keeper.received(total, now);
        }
    }

    #[cold]
    pub(super) fn observe_pong(&mut self, payload: &[u8]) {
        if let Some(keeper) = self.keeper() {
            keeper.answered(payload);
        }
    }

    fn keeper(&mut self) -> Option<&mut Keeper> {
        self.more.as_mut()?.keeper.as_deref_mut()
    }

    fn keep_alive(&mut self, now: Duration) -> Option<Closed> {
        let (moved, waits) = (self.output.moved(), self.output.has_ping());
        let closed = match self.keeper()?.handle_timeout(now, moved, waits)? {
            Due::Ping(payload) => {
                // 5.5.2: "a Ping frame may serve either as a keepalive or as a means to verify that the remote endpoint is still
                // responsive". It is queued beyond the high-water mark, one at a time.
                let ping = self.control_frame(OpCode::Ping, &payload);
                self.output.push_ping(&ping);
                return None;
            }
            Due::Idle => Closed::Idle,
            Due::Unresponsive => Closed::Unresponsive,
        };
        self.observe(&EventRef::Closed(closed.clone()));
        Some(closed)
    }

    fn keep_closing(&mut self, now: Duration) -> Option<Closed> {
        // As long as output gets written, nothing is cut off, however long it takes.
        let more = self.more.get_or_insert_default();
        if self.output.moved() {
            more.deadline = None;
        }
        let deadline =
            *more.deadline.get_or_insert_with(|| now.saturating_add(Duration::from_millis(self.close_timeout.into())));
        if now < deadline {
            return None;
        }
        self.advance(Input::Abort, &[]);
        Some(Closed::TimedOut)
    }
}
