//! Inflating: DEFLATE (RFC 1951) in pieces, over slices.

use alloc::{vec, vec::Vec};
use core::fmt;
use zlib_rs::{Inflate, InflateError, InflateFlush, Status};

use super::{MAX_WINDOW_BITS, TAIL};

/// The largest window, in bytes.
const MAX_WINDOW: usize = 1 << MAX_WINDOW_BITS;

/// Inflates a stream that arrives in pieces.
///
/// The stream never ends: behind a last block (BFINAL) another one begins, with an empty window. Costs 48 KiB, whatever the
/// window.
pub struct Inflater {
    zlib: Inflate,
    /// How many bytes a match may reach back, `<= MAX_WINDOW`.
    history: usize,
    /// The input ended with a last block.
    ended: bool,
}

/// What is inflated is no DEFLATE stream (RFC 1951), or it refers to what is not in the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidDeflate {
    /// How many bytes were written before it showed.
    pub written: usize,
}

impl Inflater {
    /// An inflater with an empty window.
    #[must_use]
    pub fn new() -> Self {
        // Always the largest window: it takes the same memory.
        Self { zlib: Inflate::new(false, MAX_WINDOW_BITS), history: 0, ended: false }
    }

    /// An inflater with this window; of more than 32 KiB the end counts.
    #[must_use]
    pub fn with_window(window: &[u8]) -> Self {
        let mut inflater = Self::new();
        inflater.set_window(window);
        inflater
    }

    /// Inflates from the front of `input` to the front of `output` and returns how many bytes it wrote.
    ///
    /// It stops when `output` is full, or else when all of `input` is taken and all that comes of it is written.
    ///
    /// # Errors
    ///
    /// The stream is invalid. `output` has what came before; until a [`reset`](Self::reset) nothing else comes.
    pub fn inflate(&mut self, input: &mut &[u8], output: &mut [u8]) -> Result<usize, InvalidDeflate> {
        let mut written = 0;
        loop {
            self.ended &= input.is_empty();
            let step = self.step(input, output.get_mut(written..).unwrap_or_default(), InflateFlush::NoFlush);
            *input = input.get(step.taken..).unwrap_or_default();
            written += step.written;
            match step.status {
                // RFC 7692, section 7.2.3.4: a message may have a block with BFINAL set; what follows is another stream.
                Ok(Status::StreamEnd) => {
                    self.reset();
                    self.ended = true;
                }
                Ok(Status::Ok | Status::BufError) => return Ok(written),
                Err(_) => return Err(InvalidDeflate { written }),
            }
            if written == output.len() || input.is_empty() {
                return Ok(written);
            }
        }
    }

    /// Ends a message, all of which has been inflated and written: adds the [`TAIL`] that its sender has left out. Behind a last
    /// block (BFINAL) there may be nothing.
    ///
    /// # Errors
    ///
    /// The message ends within a block.
    pub fn finish(&mut self) -> Result<(), InvalidDeflate> {
        if core::mem::take(&mut self.ended) {
            return Ok(());
        }
        // RFC 7692, section 7.2.2: "Append 4 octets of 0x00 0x00 0xff 0xff to the tail end". They end a block, so that the byte
        // behind them is not taken; and not one bit is left over, so that there can be another empty block. Bits that are left
        // over are ones, and would make that block a last one.
        let [a, b, c, d] = TAIL;
        let tail = self.step(&[a, b, c, d, 0], &mut [0], InflateFlush::Block);
        let again = self.step(&[0, a, b, c, d, 0], &mut [0], InflateFlush::Block);
        match (tail, again) {
            (Step { status: Ok(_), taken: 4, written: 0 }, Step { status: Ok(Status::Ok), taken: 5, written: 0 }) => {
                if !matches!(self.step(&[], &mut [0], InflateFlush::NoFlush).status, Ok(Status::BufError)) {
                    return Err(InvalidDeflate { written: 0 });
                }
            }
            // The block was a last one.
            (Step { status: Ok(_), taken: 4, written: 0 }, Step { status: Ok(Status::StreamEnd), taken: 0, .. }) => {
                self.reset();
            }
            _ => return Err(InvalidDeflate { written: 0 }),
        }
        Ok(())
    }

    /// Starts another stream, with an empty window.
    pub fn reset(&mut self) {
        self.zlib.reset(false);
        self.history = 0;
        self.ended = false;
    }

    /// Starts another stream, with this window; of more than 32 KiB the end counts.
    pub fn set_window(&mut self, window: &[u8]) {
        self.reset();
        // A raw stream takes any dictionary, so this cannot fail; if it did, the window would be empty.
        self.history = self.zlib.set_dictionary(window).map_or(0, |_| MAX_WINDOW.min(window.len()));
    }

    /// What the window holds of the last `1 << window_bits` bytes that were inflated: to go on from there with
    /// [`set_window`](Self::set_window). Between messages only, or it is empty; the inflater is at its beginning afterwards.
    pub fn take_window(&mut self, window_bits: u8) -> Vec<u8> {
        // The inflater is asked for its window in its own language: a match that reaches back to the window's first byte,
        // again and again, is all of it.
        let mut window = vec![0; self.history.min(1 << window_bits.min(MAX_WINDOW_BITS))];
        if let Some(recall) = recall(window.len())
            && self.inflate(&mut &recall[..], &mut window) != Ok(window.len())
        {
            window.clear();
        }
        self.reset();
        window
    }

    fn step(&mut self, input: &[u8], output: &mut [u8], flush: InflateFlush) -> Step {
        let (total_in, total_out) = (self.zlib.total_in(), self.zlib.total_out());
        let status = self.zlib.decompress(input, output, flush);
        // The counters count bytes of one slice.
        let since = |before: u64, now: u64| usize::try_from(now.wrapping_sub(before)).unwrap_or(usize::MAX);
        let (taken, written) = (since(total_in, self.zlib.total_in()), since(total_out, self.zlib.total_out()));
        self.history = MAX_WINDOW.min(self.history.saturating_add(written));
        Step { status, taken, written }
    }
}

/// What one call of zlib did.
struct Step {
    status: Result<Status, InflateError>,
    taken: usize,
    written: usize,
}

impl Default for Inflater {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Inflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflater").field("history", &self.history).finish_non_exhaustive()
    }
}

impl fmt::Display for InvalidDeflate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid DEFLATE data (RFC 1951)")
    }
}

impl core::error::Error for InvalidDeflate {}

/// A block with fixed codes (RFC 1951, section 3.2.6) of matches of 258 bytes at this distance, enough to copy as many bytes;
/// its end is missing. `None` for no distance.
fn recall(distance: usize) -> Option<Vec<u8>> {
    // Section 3.2.5: distances up to 4 have codes of their own; from there on, two codes for each power of two.
    let from_zero = u32::try_from(distance.checked_sub(1)?).ok()?;
    let (code, extra_bits) = match from_zero.checked_ilog2() {
        None | Some(0) => (from_zero, 0),
        Some(log) => (2 * log + (from_zero >> (log - 1) & 1), log - 1),
    };
    let mut bits = Bits::default();
    bits.put(0b010, 3); // not the last block, fixed codes
    for _ in 0..distance.div_ceil(258) {
        bits.put(u32::from(0b1100_0101_u8.reverse_bits()), 8); // 285: 258 bytes
        bits.put(code.reverse_bits() >> 27, 5);
        bits.put(from_zero & ((1 << extra_bits) - 1), extra_bits);
    }
    bits.put(0, 7); // so that the last byte is out
    Some(bits.bytes)
}

/// Section 3.1.1: bits from the least significant one on.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    pending: u32,
    /// `< 8` between two calls of `put`.
    count: u32,
}

impl Bits {
    /// Appends the `count` low bits of `value`, at most 16; the others are zero.
    fn put(&mut self, value: u32, count: u32) {
        self.pending |= value << self.count;
        self.count += count;
        while self.count >= 8 {
            self.bytes.push(self.pending.to_le_bytes()[0]);
            self.pending >>= 8;
            self.count -= 8;
        }
    }
}
