//! Deflating: messages to DEFLATE blocks (RFC 1951), over slices.

use alloc::vec::Vec;
use core::fmt;
use zlib_rs::{Deflate, DeflateConfig, DeflateFlush, Method, Status, Strategy};

use super::{MAX_WINDOW_BITS, TAIL};

/// The least room to write to in one step. zlib wants more than 6 bytes for the end of a flush.
const LEAST_ROOM: usize = 64;

/// The most room to write to in one step: what is made room for is zeroed first, for nothing where the data are compressible.
const MOST_ROOM: usize = 64 << 10;

/// The most bytes that a block without compression has.
const MOST_STORED: usize = u16::MAX as usize;

/// Deflates one message after the other into a stream that never ends.
///
/// Costs 131 KiB, 4 bytes for each byte of the window, and 448 bytes times 2^`memory`: 371 KiB for a window of 15 bits and a
/// memory level of 8, 161 KiB for 12 and 5.
pub struct Deflater {
    zlib: Deflate,
    settings: Settings,
    /// Nothing is in the window.
    fresh: bool,
}

/// What a [`Deflater`] is made for. Values beyond the ends of a range count as its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Settings {
    /// From 8 to 15: matches reach back at most 2^`window_bits` bytes.
    pub window_bits: u8,
    /// From 0, nothing is compressed, and 1, fast, to 9, small.
    pub level: u8,
    /// From 1 to 9: how many symbols are collected for one block.
    pub memory: u8,
}

impl Deflater {
    /// A deflater with an empty window.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let config = DeflateConfig {
            level: settings.level.min(9).into(),
            method: Method::Deflated,
            // The sign says: without a header. zlib has no window of 8 bits, but with one of 9 it reaches back at most
            // 512 - 262 bytes, as each of its strategies keeps room for a match of 258 bytes and more; so that one serves.
            window_bits: -i32::from(settings.window_bits.clamp(9, MAX_WINDOW_BITS)),
            mem_level: settings.memory.clamp(1, 9).into(),
            strategy: Strategy::Default,
        };
        Self { zlib: Deflate::new_with_config(config), settings, fresh: true }
    }

    /// What it was made for.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.settings
    }

    /// Empties the window: what follows refers to nothing that was deflated before. May stand between any two calls of
    /// [`deflate`](Self::deflate), also within a message.
    pub fn reset(&mut self) {
        if !self.fresh {
            self.zlib.reset();
            self.fresh = true;
        }
    }

    /// Takes a message into the window that was deflated elsewhere, with nothing to refer to: the receiver has it in its window too.
    /// Between messages only. That takes less time than to deflate it.
    pub fn follow(&mut self, message: &[u8]) {
        let window = 1 << self.settings.window_bits.clamp(9, MAX_WINDOW_BITS);
        let end = message.get(message.len().saturating_sub(window)..).unwrap_or_default();
        self.fresh = false;
        // A raw stream takes a dictionary wherever a block has ended, so this cannot fail; if it did, nothing may be referred to.
        self.zlib.set_dictionary(end).map_or_else(|_| self.reset(), drop);
    }

    /// Deflates a message, or a fragment of one, and appends it to `output`: at most [`input.len()`](slice::len), 5 bytes for each
    /// 65,535 of it, and 5. All of it can be inflated from what is appended; behind the `last` fragment the receiver adds the four
    /// bytes `00 00 FF FF` first.
    pub fn deflate(&mut self, input: &[u8], last: bool, output: &mut Vec<u8>) {
        if input.is_empty() {
            if last {
                // RFC 7692, section 7.2.3.6: nothing is an empty block without compression, less its last four bytes.
                output.push(0);
            }
            return;
        }
        self.fresh = false;
        let start = output.len();
        self.flush(input, output);
        // RFC 7692, section 7.2.1: "Remove 4 octets (that are 0x00 0x00 0xff 0xff) from the tail end."
        debug_assert!(output.ends_with(&TAIL), "a flush ends with an empty block without compression");
        output.truncate(output.len().saturating_sub(TAIL.len()));
        // zlib cuts off a block where the memory for its symbols is full, and what cannot be compressed then has 5 bytes more for
        // each 2 KiB. What it inflates to is the same however it is written, and so is the window.
        if output.len() > start + stored_len(input) {
            output.truncate(start);
            store(input, output);
        }
        if !last {
            output.extend_from_slice(&TAIL);
        }
    }

    /// Deflates all of the input and ends it with an empty block without compression, on a boundary of bytes.
    fn flush(&mut self, mut input: &[u8], output: &mut Vec<u8>) {
        loop {
            let (total_in, total_out) = (self.zlib.total_in(), self.zlib.total_out());
            let start = output.len();
            let room = (input.len() / 2).clamp(LEAST_ROOM, MOST_ROOM);
            output.resize(start + room, 0);
            let free = output.get_mut(start..).unwrap_or_default();
            let status = self.zlib.compress(input, free, DeflateFlush::SyncFlush);
            let taken = usize::try_from(self.zlib.total_in().wrapping_sub(total_in)).unwrap_or(usize::MAX);
            let written = usize::try_from(self.zlib.total_out().wrapping_sub(total_out)).unwrap_or(room);
            input = input.get(taken..).unwrap_or_default();
            output.truncate(start + written);
            debug_assert!(matches!(status, Ok(Status::Ok | Status::BufError)), "a stream without an end takes input");
            // Room that is left says that all of the input is taken and the flush complete.
            if written < room {
                return;
            }
        }
    }
}

/// How many bytes [`store`] appends.
fn stored_len(input: &[u8]) -> usize {
    input.len() + 5 * input.len().div_ceil(MOST_STORED) + 1
}

/// Appends blocks without compression (RFC 1951, section 3.2.4), and an empty one less its [`TAIL`]: on a boundary of bytes.
fn store(input: &[u8], output: &mut Vec<u8>) {
    for block in input.chunks(MOST_STORED) {
        let [low, high] = u16::try_from(block.len()).unwrap_or(u16::MAX).to_le_bytes();
        output.extend_from_slice(&[0, low, high, !low, !high]);
        output.extend_from_slice(block);
    }
    output.push(0);
}

impl fmt::Debug for Deflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deflater").field("settings", &self.settings).finish_non_exhaustive()
    }
}
