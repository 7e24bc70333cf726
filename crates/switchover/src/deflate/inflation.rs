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
const RATIO_GRAIN: usize = 256;

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
            frame: 0,
            utf8: None,
            is_open: false,
            is_lent: false,
        }
    }

    /// Begins a message.
    pub(crate) fn begin(&mut self, is_text: bool) {
        self.is_open = true;
        self.wire = 0;
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
        self.inflate_piece(payload, last).map_err(|kind| ProtocolError::new(kind, self.frame))
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

    /// The message, whole.
    pub(crate) fn message(&self) -> &[u8] {
        self.message.message()
    }

    /// How many bytes there are of the message so far.
    pub(crate) fn len(&self) -> usize {
        self.message.len()
    }

    /// How many bytes of input the message has had so far.
    pub(crate) fn wire(&self) -> u64 {
        self.wire
    }

    fn inflate_piece(&mut self, mut payload: &[u8], last: bool) -> Result<(), ProtocolErrorKind> {
        while !payload.is_empty() {
            let to_grain = usize::try_from(self.wire % RATIO_GRAIN as u64).map_or(RATIO_GRAIN, |at| RATIO_GRAIN - at);
            let step = if self.ratio == u32::MAX { payload.len() } else { payload.len().min(to_grain) };
            let (now, rest) = payload.split_at(step);
            self.wire += step as u64;
            self.inflate(now)?;
            payload = rest;
        }
        if last {
            if let Some(inflater) = &mut self.inflater {
                inflater.finish().map_err(|_| ProtocolErrorKind::InvalidDeflate)?;
            }
            if let Some(utf8) = &self.utf8 {
                utf8.finish().map_err(|_| ProtocolErrorKind::InvalidUtf8)?;
            }
            self.message.join();
            self.is_open = false;
        }
        Ok(())
    }

    /// Inflates all of the input, which has been counted.
    fn inflate(&mut self, mut input: &[u8]) -> Result<(), ProtocolErrorKind> {
        let Some(inflater) = &mut self.inflater else { return Ok(()) };
        let grains = usize::try_from(self.wire.div_ceil(RATIO_GRAIN as u64)).unwrap_or(usize::MAX);
        let ratio = usize::try_from(self.ratio).unwrap_or(usize::MAX);
        let by_ratio = grains.saturating_mul(RATIO_GRAIN).saturating_mul(ratio).max(ANY_RATIO);
        let allowed = self.limit.min(by_ratio);
        loop {
            let most = allowed.saturating_sub(self.message.len());
            if most == 0 {
                // Not a byte more; but there may be none.
                return match inflater.inflate(&mut input, &mut [0]) {
                    Ok(0) => Ok(()),
                    Err(error) if error.written == 0 => Err(ProtocolErrorKind::InvalidDeflate),
                    _ if allowed < self.limit => Err(ProtocolErrorKind::InflatedTooMuch(self.ratio)),
                    _ => Err(ProtocolErrorKind::InflatedTooLong(self.limit as u64)),
                };
            }
            let output = self.message.grow(input.len().saturating_mul(4).clamp(LEAST_OUTPUT, MOST_OUTPUT), most);
            let room = output.len();
            let (written, is_valid) = match inflater.inflate(&mut input, output) {
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
            if written < room {
                return Ok(());
            }
        }
    }
}
