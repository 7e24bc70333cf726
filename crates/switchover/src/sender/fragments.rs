//! Fragments of messages (RFC 6455, section 5.4): what a long message is taken apart into, as the output is drained.

use alloc::boxed::Box;
use bytes::{Buf, Bytes};
use switchover_frame::OpCode;

use super::Sender;
use crate::Side;

/// A message, or a fragment of one.
#[derive(Debug)]
pub(super) struct Fragment {
    /// The opcode of the message.
    pub(super) kind: OpCode,
    /// The message begins with it.
    pub(super) first: bool,
    /// The message ends with it.
    pub(super) last: bool,
    /// The message is to be compressed; counts with the first fragment.
    pub(super) compress: bool,
    pub(super) payload: Bytes,
}

/// Takes long messages apart into fragments of one size, each of which is queued when those before are as good as written.
#[derive(Debug)]
pub(super) struct Fragments {
    /// At least 1.
    size: usize,
    /// What has not been queued of such a message; it is not empty.
    rest: Option<Fragment>,
}

impl Fragments {
    /// Whether a message of this length is taken apart.
    pub(super) fn takes(&self, len: usize) -> bool {
        len > self.size
    }

    /// Begins with a message, when there is none left of the last one.
    pub(super) fn begin(&mut self, message: Fragment) {
        self.rest = Some(message);
    }

    /// The next fragment of the message, if there is any left of it.
    fn next(&mut self) -> Option<Fragment> {
        let rest = self.rest.as_mut().filter(|rest| rest.payload.len() > self.size);
        let Some(rest) = rest else { return self.rest.take() };
        let payload = rest.payload.split_to(self.size);
        let fragment = Fragment { last: false, payload, ..*rest };
        rest.first = false;
        Some(fragment)
    }
}

impl<S: Side> Sender<S> {
    /// The same, with messages of more bytes in fragments of so many.
    pub(crate) fn with_fragments(mut self, size: usize) -> Self {
        let fragments = Fragments { size: size.max(1), rest: None };
        self.more.get_or_insert_default().fragments = Some(Box::new(fragments));
        self
    }

    /// Whether a message that is taken apart has not been queued to its end.
    pub(super) fn has_rest(&self) -> bool {
        self.fragments().is_some_and(|fragments| fragments.rest.is_some())
    }

    /// Queues as much of such a message that one fragment waits to be written, or a bit more.
    pub(super) fn refill(&mut self) {
        let size = self.fragments().map_or(0, |fragments| fragments.size);
        while self.output.remaining() < size && self.queue_next() {}
    }

    /// Queues the next fragment of such a message, if there is one.
    pub(super) fn queue_next(&mut self) -> bool {
        let next = self.fragments_mut().and_then(Fragments::next);
        next.map(|fragment| self.queue_fragment(fragment)).is_some()
    }

    pub(super) fn fragments(&self) -> Option<&Fragments> {
        self.more.as_ref()?.fragments.as_deref()
    }

    pub(super) fn fragments_mut(&mut self) -> Option<&mut Fragments> {
        self.more.as_mut()?.fragments.as_deref_mut()
    }
}
