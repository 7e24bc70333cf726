//! Messages to send, compressed. RFC 7692, section 7.2.1.

use alloc::{boxed::Box, vec::Vec};
use switchover_handshake::DeflateContext;

use super::{Compression, DeflatePool, Deflater, Settings};

/// What compresses messages, and its memory, which comes with the first one.
#[derive(Debug)]
pub(crate) struct Deflation {
    /// What was agreed on.
    context: DeflateContext,
    settings: Settings,
    threshold: usize,
    deflater: Option<Box<Deflater>>,
    /// The message that is being sent in fragments is compressed.
    in_fragments: bool,
    /// The memory is that of a pool.
    is_lent: bool,
}

impl Deflation {
    pub(crate) fn new(context: DeflateContext, compression: &Compression) -> Self {
        let window_bits = context.window_bits.min(compression.window_bits);
        Self {
            context,
            settings: Settings { window_bits, level: compression.level, memory: compression.memory },
            threshold: compression.threshold,
            deflater: None,
            in_fragments: false,
            is_lent: false,
        }
    }

    /// Whether a message of this length is worth it. RFC 7692, section 6: a message may always be sent as it is, which at level 0
    /// is all that could become of it.
    pub(crate) fn compresses(&self, len: usize) -> bool {
        self.settings.level > 0 && len >= self.threshold
    }

    /// Whether a message is sent as it is where compressing makes it longer. With takeover it is not: what was compressed is in
    /// the window already.
    pub(crate) fn may_take_back(&self) -> bool {
        !self.context.takeover
    }

    /// What was agreed on for this direction.
    pub(crate) fn context(&self) -> DeflateContext {
        self.context
    }

    /// Notes whether the message whose first fragment is sent now is compressed.
    pub(crate) fn set_in_fragments(&mut self, in_fragments: bool) {
        self.in_fragments = in_fragments;
    }

    pub(crate) fn is_in_fragments(&self) -> bool {
        self.in_fragments
    }

    /// Compresses a frame's payload and appends it to `output`.
    pub(crate) fn deflate(&mut self, payload: &[u8], first: bool, last: bool, output: &mut Vec<u8>) {
        let deflater = self.deflater.get_or_insert_with(|| Box::new(Deflater::new(self.settings)));
        // RFC 7692, section 7.2.1: without context takeover, each message begins with an empty window.
        if first && !self.context.takeover {
            deflater.reset();
        }
        deflater.deflate(payload, last, output);
    }

    /// Keeps up with the peer, whose window takes this message in, which was compressed elsewhere. Where nothing was compressed
    /// yet there is nothing to do: what follows refers to nothing before it.
    pub(crate) fn follow(&mut self, message: &[u8]) {
        if self.context.takeover
            && let Some(deflater) = &mut self.deflater
        {
            deflater.follow(message);
        }
    }

    /// Gives all memory back; what is sent from now on refers to nothing that was sent before. That of a pool goes back there when
    /// its time comes.
    pub(crate) fn release_memory(&mut self) {
        if !self.is_lent {
            self.deflater = None;
        }
    }

    /// Whether the memory is that of a pool.
    pub(crate) fn is_lent(&self) -> bool {
        self.is_lent
    }

    /// Takes from the pool what there is no need to have alone.
    pub(crate) fn borrow(&mut self, pool: &mut DeflatePool) {
        self.is_lent = !self.context.takeover;
        if self.is_lent && self.deflater.is_none() {
            let found = pool.deflaters.iter().position(|deflater| deflater.settings() == self.settings);
            self.deflater = found.map(|index| pool.deflaters.swap_remove(index));
        }
    }

    /// Puts it into the pool. A message in fragments may go on with another one, which refers to nothing before.
    pub(crate) fn give_back(&mut self, pool: &mut DeflatePool) {
        if core::mem::take(&mut self.is_lent)
            && let Some(mut deflater) = self.deflater.take()
            && pool.deflaters.iter().all(|other| other.settings() != self.settings)
        {
            deflater.reset();
            pool.deflaters.push(deflater);
        }
    }
}
