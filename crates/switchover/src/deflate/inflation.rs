//! Compressed messages as they are received. RFC 7692, section 7.2.2.

use alloc::{boxed::Box, vec::Vec};
use bytes::Bytes;
use switchover_frame::{ProtocolError, ProtocolErrorKind, Utf8};
use switchover_handshake::DeflateContext;

use super::{DeflatePool, Inflater, assembly::Assembly};

/// So many bytes of a message are inflated whatever its ratio: they do no harm, and short messages have any ratio.
const ANY_RATIO: usize = 64 << 10;

/// The ratio is that of the output so far to the input up to a multiple of this many bytes: exact enough, and the same however the
/// input is cut.
const GRAIN: usize = 256;
const RATIO_GRAIN: u64 = GRAIN as u64;

/// How much is inflated in one step: enough for zlib's fast loop, little enough to be zeroed first, and to stop early.
const LEAST_OUTPUT: usize = 512;
const MOST_OUTPUT: usize = 32 << 10;

/// What turns compressed messages into what they were, and its memory, which comes with the first message.
#[derive(Debug)]
pub(crate) struct Inflation {
    context: DeflateContext,
    /// The largest message, in bytes.
    limit: usize,
    /// The most output for a byte of input.
    ratio: u32,
    inflater: Option<Box<Inflater>>,
    /// The window, as long as there is no inflater to hold it.
    window: Vec<u8>,
    message: Assembly,
    /// Bytes of input of the message so far.
    wire: u64,
    /// The message is delivered in parts.
    by_parts: bool,
    /// Bytes of it that have been delivered then, the last part left out.
    delivered: u64,
    /// The piece that is being inflated, where the message is delivered in parts.
    piece: Option<Piece>,
    /// The output was full: there may be more without more input.
    is_full: bool,
    /// Where the payload of the current frame begins in the stream: what is wrong with it is told of there, since inflated bytes
    /// have no offset of their own.
    frame: u64,
    /// Checks the message, if it is text.
    utf8: Option<Utf8>,
    /// A message has begun that is not whole.
    is_open: bool,
    /// The memory for the message is that of a pool.
    is_lent: bool,
}

/// A piece of a compressed payload, which is at the front of the input.
#[derive(Debug, Default)]
struct Piece {
    /// So many bytes of it have not been inflated.
    left: usize,
    /// The message ends with it.
    last: bool,
}

impl Inflation {
    pub(crate) fn new(context: DeflateContext, limit: usize, ratio: u32) -> Self {
        Self {
            context,
            limit,
            ratio,
            inflater: None,
            window: Vec::new(),
            message: Assembly::default(),
            wire: 0,
            by_parts: false,
            delivered: 0,
            piece: None,
            is_full: false,
            frame: 0,
            utf8: None,
            is_open: false,
            is_lent: false,
        }
    }

    /// Begins a message.
    pub(crate) fn begin(&mut self, is_text: bool) {
        self.is_open = true;
        (self.wire, self.by_parts, self.delivered, self.is_full) = (0, false, 0, false);
        self.utf8 = is_text.then(Utf8::new);
        self.message.begin();
        match &mut self.inflater {
            // RFC 7692, section 7.2.2: without context takeover, each message begins with an empty window.
            Some(inflater) if !self.context.takeover => inflater.reset(),
            Some(_) => {}
            none => {
                let window = core::mem::take(&mut self.window);
                *none = Some(Box::new(Inflater::with_window(&window)));
            }
        }
    }

    /// Notes where the payload of the next frame begins in the stream.
    pub(crate) fn set_frame(&mut self, at: u64) {
        self.frame = at;
    }

    /// Inflates the next piece of the message, `last` where it ends the message.
    pub(crate) fn push(&mut self, payload: &[u8], last: bool) -> Result<(), ProtocolError> {
        self.by_parts = false;
        self.inflate_piece(payload, last).map_err(|kind| ProtocolError::new(kind, self.frame))
    }

    /// Notes that a piece of this length is at the front of the input, to be delivered in parts; `last` where it ends the message.
    pub(crate) fn begin_parts(&mut self, len: usize, last: bool) {
        self.by_parts = true;
        self.piece = Some(Piece { left: len, last });
    }

    /// Whether such a piece has not been delivered whole.
    pub(crate) fn in_parts(&self) -> bool {
        self.piece.is_some()
    }

    /// Inflates the next part of that piece, which is [`message`](Self::message) then: how much of the input it took, and whether
    /// the message ends with it.
    pub(crate) fn part(&mut self, input: &[u8]) -> Result<(usize, bool), ProtocolError> {
        self.inflate_part(input).map_err(|kind| ProtocolError::new(kind, self.frame))
    }

    /// What there is of the message, which was to be whole and is delivered in parts from here on.
    pub(crate) fn take_begun(&mut self) -> Bytes {
        self.message.join();
        let begun = self.message.take();
        self.message.begin();
        (self.by_parts, self.delivered) = (true, begun.len() as u64);
        begun
    }

    /// The message, whole, to keep.
    pub(crate) fn take(&mut self) -> Bytes {
        self.message.take()
    }

    /// Forgets the message that was lent out.
    pub(crate) fn clear(&mut self) {
        self.message.clear();
    }

    /// Gives all memory back but for the window, where that is taken over. Does nothing in the middle of a message.
    pub(crate) fn release_memory(&mut self) {
        if self.is_open {
            return;
        }
        self.message = Assembly::default();
        if let Some(mut inflater) = self.inflater.take()
            && self.context.takeover
        {
            self.window = inflater.take_window(self.context.window_bits);
        }
    }

    /// The same for a peer that goes on referring to this window.
    pub(crate) fn set_window(&mut self, window: &[u8]) {
        self.window = window.to_vec();
    }

    /// Gives all memory back, and the window; empty where none is taken over. Between messages only.
    pub(crate) fn take_window(&mut self) -> Vec<u8> {
        self.release_memory();
        core::mem::take(&mut self.window)
    }

    /// What was agreed on for this direction.
    pub(crate) fn context(&self) -> DeflateContext {
        self.context
    }

    /// Takes from the pool what there is no need to have alone.
    pub(crate) fn borrow(&mut self, pool: &mut DeflatePool) {
        if self.is_open {
            return;
        }
        if !self.context.takeover {
            self.inflater = self.inflater.take().or_else(|| pool.inflater.take());
        }
        core::mem::swap(&mut self.message, &mut pool.message);
        self.is_lent = true;
    }

    /// Puts it into the pool, unless a message is not whole: then the session keeps it as its own.
    pub(crate) fn give_back(&mut self, pool: &mut DeflatePool) {
        let is_lent = core::mem::take(&mut self.is_lent);
        if self.is_open {
            return;
        }
        if !self.context.takeover {
            pool.inflater = pool.inflater.take().or_else(|| self.inflater.take());
            self.inflater = None;
        }
        if is_lent {
            // What was delivered is nobody else's business.
            self.message.clear();
            core::mem::swap(&mut self.message, &mut pool.message);
        } else {
            self.message = Assembly::default();
        }
    }

    /// The message, whole, or the part of it that is delivered.
    pub(crate) fn message(&self) -> &[u8] {
        self.message.message()
    }

    /// How many bytes there are of the message so far that have not been delivered.
    pub(crate) fn len(&self) -> usize {
        if self.by_parts { 0 } else { self.message.len() }
    }

    /// How many bytes of input the message has had so far.
    pub(crate) fn wire(&self) -> u64 {
        self.wire
    }

    fn inflate_piece(&mut self, mut payload: &[u8], last: bool) -> Result<(), ProtocolErrorKind> {
        while !payload.is_empty() || self.is_full {
            self.inflate(&mut payload, MOST_OUTPUT)?;
        }
        if last {
            self.finish()?;
            self.message.join();
        }
        Ok(())
    }

    /// Inflates what it can of the piece at the front of `input`, and says how much of that it took.
    fn inflate_part(&mut self, input: &[u8]) -> Result<(usize, bool), ProtocolErrorKind> {
        let Piece { left, last } = self.piece.take().unwrap_or_default();
        self.delivered += self.message.len() as u64;
        self.message.rewind();
        let mut payload = input.get(..left).unwrap_or(input);
        while !payload.is_empty() || self.is_full {
            let room = self.message.room();
            if room == 0 {
                break;
            }
            self.inflate(&mut payload, room)?;
        }
        let taken = left.min(input.len()) - payload.len();
        let is_done = taken == left && !self.is_full;
        self.piece = (!is_done).then_some(Piece { left: left - taken, last });
        if is_done && last {
            self.finish()?;
        }
        Ok((taken, is_done && last))
    }

    /// Ends the message, all of which has been inflated.
    fn finish(&mut self) -> Result<(), ProtocolErrorKind> {
        let inflater = self.inflater.get_or_insert_default();
        inflater.finish().map_err(|_| ProtocolErrorKind::InvalidDeflate)?;
        if let Some(utf8) = &self.utf8 {
            utf8.finish().map_err(|_| ProtocolErrorKind::InvalidUtf8)?;
        }
        self.is_open = false;
        Ok(())
    }

    /// Inflates some of `input`, and what is left of the input before it, to at most `wanted` bytes, at least one.
    fn inflate(&mut self, input: &mut &[u8], wanted: usize) -> Result<(), ProtocolErrorKind> {
        let inflater = self.inflater.get_or_insert_default();
        // Up to the next grain, and not beyond it before all has been written that comes of this one.
        let in_grain = usize::try_from(self.wire % RATIO_GRAIN).unwrap_or_default();
        let len = match (self.ratio, in_grain) {
            (u32::MAX, _) => input.len(),
            (_, 0) if self.is_full => 0,
            _ => input.len().min(GRAIN - in_grain),
        };
        let mut now = input.get(..len).unwrap_or_default();
        let grains = usize::try_from((self.wire + len as u64).div_ceil(RATIO_GRAIN)).unwrap_or(usize::MAX);
        let ratio = usize::try_from(self.ratio).unwrap_or(usize::MAX);
        let by_ratio = grains.saturating_mul(GRAIN).saturating_mul(ratio).max(ANY_RATIO);
        let allowed = self.limit.min(by_ratio);
        let so_far = usize::try_from(self.delivered).unwrap_or(usize::MAX).saturating_add(self.message.len());
        let most = allowed.saturating_sub(so_far);
        if most == 0 {
            // Not a byte more; but there may be none.
            match inflater.inflate(&mut now, &mut [0]) {
                Ok(0) => {}
                Err(error) if error.written == 0 => return Err(ProtocolErrorKind::InvalidDeflate),
                _ if allowed < self.limit => return Err(ProtocolErrorKind::InflatedTooMuch(self.ratio)),
                _ => return Err(ProtocolErrorKind::InflatedTooLong(self.limit as u64)),
            }
            self.is_full = false;
        } else {
            let wanted = now.len().saturating_mul(4).clamp(LEAST_OUTPUT, MOST_OUTPUT).min(wanted);
            let output = self.message.grow(wanted, most);
            let room = output.len();
            let (written, is_valid) = match inflater.inflate(&mut now, output) {
                Ok(written) => (written, true),
                Err(error) => (error.written, false),
            };
            // RFC 6455, section 8.1, as the text arrives: it need not be inflated to its end to be refused.
            if let (Some(utf8), Some(written)) = (&mut self.utf8, output.get(..written)) {
                utf8.push(written).map_err(|_| ProtocolErrorKind::InvalidUtf8)?;
            }
            self.message.shrink(room - written);
            if !is_valid {
                return Err(ProtocolErrorKind::InvalidDeflate);
            }
            self.is_full = written == room;
        }
        let taken = len - now.len();
        self.wire += taken as u64;
        *input = input.get(taken..).unwrap_or_default();
        Ok(())
    }
}
