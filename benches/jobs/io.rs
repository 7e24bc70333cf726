//! Memory in the place of a socket, for every kind of driver.

use bytes::BufMut;
use std::{
    future::Future,
    io::{self, IoSlice, Read, Write},
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The most bytes that one read gives.
pub(crate) const READ: usize = 64 << 10;

/// A transport that gives the same bytes over and over, and takes any bytes.
pub(crate) struct Loopback {
    input: Vec<u8>,
    /// `at < input.len()`, unless there is no input
    at: usize,
    sink: Vec<u8>,
    /// Bytes written so far; at most as many as `sink` has stand there from the last write.
    written: u64,
}

impl Loopback {
    /// A transport with this input.
    pub(crate) fn reading(input: Vec<u8>) -> Self {
        Self { input, at: 0, sink: vec![0; 4096], written: 0 }
    }

    /// A transport that takes writes of up to 2 MiB.
    pub(crate) fn writing() -> Self {
        Self { input: Vec::new(), at: 0, sink: vec![0; 2 << 20], written: 0 }
    }

    /// Bytes written so far.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// The first bytes of the last write.
    pub(crate) fn last_write(&self) -> &[u8] {
        &self.sink
    }

    /// Reads up to `room` bytes, up to the end of one round of the input.
    pub(crate) fn next_read(&mut self, room: usize) -> &[u8] {
        let end = self.input.len().min(self.at + READ.min(room));
        let read = &self.input[self.at..end];
        self.at = if end == self.input.len() { 0 } else { end };
        read
    }

    /// Reads into the front of a buffer.
    pub(crate) fn read_slice(&mut self, buffer: &mut [u8]) -> usize {
        let read = self.next_read(buffer.len());
        buffer[..read.len()].copy_from_slice(read);
        read.len()
    }

    /// Reads up to [`READ`] bytes behind what is in a buffer that grows.
    pub(crate) fn read_buf(&mut self, buffer: &mut impl BufMut) {
        buffer.put_slice(self.next_read(READ));
    }

    pub(crate) fn write_slices(&mut self, slices: &[IoSlice<'_>]) -> usize {
        let mut at = 0;
        for slice in slices {
            let len = slice.len().min(self.sink.len() - at);
            self.sink[at..at + len].copy_from_slice(&slice[..len]);
            at += len;
        }
        self.written += at as u64;
        at
    }

    pub(crate) fn write_slice(&mut self, slice: &[u8]) -> usize {
        self.write_slices(&[IoSlice::new(slice)])
    }
}

impl Read for Loopback {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(self.read_slice(buffer))
    }
}

impl Write for Loopback {
    fn write(&mut self, slice: &[u8]) -> io::Result<usize> {
        Ok(self.write_slice(slice))
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        Ok(self.write_slices(slices))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncRead for Loopback {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = self.next_read(buffer.remaining());
        buffer.put_slice(read);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Loopback {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, slice: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(self.write_slice(slice)))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(self.write_slices(slices)))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl futures_io::AsyncRead for Loopback {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(self.read_slice(buffer)))
    }
}

impl futures_io::AsyncWrite for Loopback {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, slice: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(self.write_slice(slice)))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The output of a future over a [`Loopback`], which never has to wait.
pub(crate) fn ready<T>(future: impl Future<Output = T>) -> T {
    let Poll::Ready(output) = pin!(future).poll(&mut Context::from_waker(Waker::noop())) else {
        unreachable!("a loopback is always ready")
    };
    output
}

/// The same for a poll function.
pub(crate) fn poll<T>(poll: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> T {
    let Poll::Ready(output) = poll(&mut Context::from_waker(Waker::noop())) else {
        unreachable!("a loopback is always ready")
    };
    output
}
