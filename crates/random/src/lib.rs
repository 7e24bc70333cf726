//! Randomness from the operating system: what the crates of the protocol take as an argument, for adapters to runtimes that have
//! an operating system.
//!
//! ```
//! use switchover::{Limits, Session, handshake::{ClientHandshake, Offer}};
//! use switchover_random::{OsMasks, nonce};
//!
//! let mut request = Vec::new();
//! let handshake = ClientHandshake::new(&Offer::new("ws://example.com/".parse()?), nonce()?, &mut request)?;
//! let session = Session::client(&Limits::default(), OsMasks::new()?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![no_std]

use core::fmt;

pub use getrandom::Error;
use switchover::MaskSource;

/// The kernel hands out up to this many bytes in one piece, never interrupted.
const BLOCK: usize = 256;

/// Masking keys from the operating system: unpredictable, a fresh one for each frame (RFC 6455, section 10.3).
///
/// It asks for 64 keys at a time, so that few frames cost a system call, and owns no heap.
pub struct OsMasks {
    block: [u8; BLOCK],
    /// `used <= BLOCK`: these have been handed out.
    used: usize,
}

impl OsMasks {
    /// A source with its first block of keys.
    ///
    /// # Errors
    /// The operating system gives no randomness.
    pub fn new() -> Result<Self, Error> {
        let mut block = [0; BLOCK];
        getrandom::fill(&mut block)?;
        Ok(Self { block, used: 0 })
    }
}

impl MaskSource for OsMasks {
    fn next_mask(&mut self) -> [u8; 4] {
        if self.used == BLOCK {
            // A system whose generator worked when the connection was opened does not lose it.
            getrandom::fill(&mut self.block).expect("the system's generator worked before");
            self.used = 0;
        }
        let mut key = [0; 4];
        key.copy_from_slice(&self.block[self.used..self.used + 4]);
        self.used += 4;
        key
    }
}

/// Without the keys: they are secret until they are used.
impl fmt::Debug for OsMasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OsMasks").finish_non_exhaustive()
    }
}

/// 16 bytes from the operating system, to make a Sec-WebSocket-Key of (RFC 6455, section 4.1).
///
/// # Errors
/// The operating system gives no randomness.
pub fn nonce() -> Result<[u8; 16], Error> {
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce)?;
    Ok(nonce)
}
