use std::convert::Infallible;

use super::{Advice, Endpoint};

/// An end without a protocol: it writes what it was given and keeps what it reads. When everything is written and the peer
/// has ended its direction, it drops its transport.
#[derive(Clone, Debug)]
pub struct Wire {
    /// What it has read.
    pub received: Vec<u8>,
    /// The peer has ended its direction, or the connection was reset.
    pub saw_end: bool,
    /// It does not read.
    pub is_deaf: bool,
    /// What it wants of its transport when everything is written. At first [`Advice::Open`].
    pub advice: Advice,
    to_write: Vec<u8>,
}

impl Wire {
    /// An end that writes these bytes.
    pub fn new(to_write: impl Into<Vec<u8>>) -> Self {
        Self { received: Vec::new(), saw_end: false, is_deaf: false, advice: Advice::Open, to_write: to_write.into() }
    }

    /// Writes these bytes too, behind the others.
    pub fn write(&mut self, bytes: &[u8]) {
        self.to_write.extend(bytes);
    }
}

impl Endpoint for Wire {
    type Event = Infallible;

    fn receive(&mut self, bytes: &[u8]) {
        self.received.extend(bytes);
    }

    fn receive_eof(&mut self) {
        self.saw_end = true;
    }

    fn poll_event(&mut self) -> Option<Infallible> {
        None
    }

    fn output(&mut self) -> &[u8] {
        &self.to_write
    }

    fn advance_output(&mut self, written: usize) {
        self.to_write.drain(..written);
    }

    fn advice(&self) -> Advice {
        if !self.to_write.is_empty() {
            Advice::Open
        } else if self.saw_end {
            Advice::Drop
        } else {
            self.advice
        }
    }

    fn wants_input(&self) -> bool {
        !self.is_deaf
    }
}
