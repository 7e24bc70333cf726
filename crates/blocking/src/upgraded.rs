//! A transport that has left HTTP, with what was read of the new protocol already.

use std::{
    io::{self, IoSlice, Read, Write},
    time::Duration,
};

use bytes::{Buf, BytesMut};

use crate::Duplex;

/// A transport behind the answer to its last request of HTTP: a stream of the protocol that was agreed on. What was read with
/// that answer, or with the request, is what is read first.
#[derive(Debug)]
pub struct Upgraded<T> {
    io: T,
    /// What was read, and not read from here.
    input: BytesMut,
}

impl<T> Upgraded<T> {
    pub(crate) fn new(io: T, input: BytesMut) -> Self {
        Self { io, input }
    }

    /// The transport.
    pub fn get_ref(&self) -> &T {
        &self.io
    }

    /// The transport, and what was read of it: the first bytes of the new protocol.
    pub fn into_parts(self) -> (T, BytesMut) {
        (self.io, self.input)
    }
}

impl<T: Read> Read for Upgraded<T> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if self.input.is_empty() {
            return self.io.read(bytes);
        }
        let len = self.input.len().min(bytes.len());
        self.input.copy_to_slice(&mut bytes[..len]);
        if self.input.is_empty() {
            self.input = BytesMut::new();
        }
        Ok(len)
    }
}

impl<T: Write> Write for Upgraded<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.io.write(bytes)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.io.write_vectored(slices)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.io.flush()
    }
}

impl<T: Duplex> Duplex for Upgraded<T> {
    fn shutdown_write(&mut self) -> io::Result<()> {
        self.io.shutdown_write()
    }

    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.io.set_timeout(timeout)
    }
}
