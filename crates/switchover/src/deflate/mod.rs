//! permessage-deflate (RFC 7692): what a session needs besides what the opening handshake agreed on, and the codec.
//!
//! [`Session::with_deflate`](crate::Session::with_deflate) makes a session compress; [`Compression`] says how, and a
//! [`DeflatePool`] serves many sessions. [`Inflater`] and [`Deflater`] turn payloads into what travels and back; alone they serve
//! whoever has frames from elsewhere.

mod assembly;
mod deflater;
mod deflation;
mod inflater;
mod inflation;
mod pool;

pub use deflater::{Deflater, Settings};
pub use inflater::{Inflater, InvalidDeflate};
pub use pool::{DeflatePool, LentPool};

pub(crate) use deflation::Deflation;
pub(crate) use inflation::Inflation;

/// The largest window: 2^15 bytes.
const MAX_WINDOW_BITS: u8 = 15;

/// What is left out at the end of a message: the end of an empty block without compression (RFC 7692, section 7.2.1).
pub const TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];

/// How a session compresses what it sends, and how far it inflates what it receives. Numbers beyond the ends of a range count as its ends.
///
/// The memory is that of a [`Deflater`], and comes with the first message that is compressed: 161 KiB by default, at most 483 KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compression {
    /// From 0, messages are sent as they are, and 1, fast, to 9, small. Default: 6.
    pub level: u8,
    /// How many symbols are collected for one block, from 1 to 9. Default: 5, where 8 makes messages of 64 KiB and more some
    /// percent smaller and costs 98 KiB more.
    pub memory: u8,
    /// The largest window, from 8 to 15 bits; the window is smaller where the handshake agreed on less. Default: 12, where 15
    /// finds what was said up to 32 KiB ago and costs 112 KiB more.
    pub window_bits: u8,
    /// Messages of fewer bytes are sent as they are, as are those whose sender says so. Default: 64.
    pub threshold: usize,
    /// The most bytes that a byte of a received message may inflate to, on the average since its beginning: inflating stops there,
    /// and the connection is failed with 1009. The first 64 KiB of a message are exempt. DEFLATE itself does at most 1032 to 1,
    /// text seldom more than 20. Default: `u32::MAX`, no limit but [`Limits::message`](crate::Limits::message), which always
    /// holds.
    pub ratio: u32,
}

impl Default for Compression {
    fn default() -> Self {
        Self { level: 6, memory: 5, window_bits: 12, threshold: 64, ratio: u32::MAX }
    }
}
