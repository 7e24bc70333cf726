//! Two ends over a pipe, and frames by hand.
#![allow(dead_code, reason = "each test uses some of it")]

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use switchover_tokio::{
    Client, Offer, Options, OsMasks, Server, WebSocket, accept, client,
    switchover::frame::{FrameHeader, Mask, OpCode, Rsv},
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex};

pub(crate) const REQUEST: &str = "GET /notifications HTTP/1.1\r\n\
    Host: example.com\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";

pub(crate) type ClientSocket<T = DuplexStream> = WebSocket<T, Client<OsMasks>>;
pub(crate) type ServerSocket<T = DuplexStream> = WebSocket<T, Server>;

pub(crate) fn offer() -> Offer {
    Offer::new("ws://example.com/notifications".parse().unwrap())
}

/// Both ends, over a pipe that holds `capacity` bytes in each direction.
pub(crate) async fn pair(capacity: usize) -> (ClientSocket, ServerSocket) {
    let (near, far) = duplex(capacity);
    let (offer, options) = (offer(), Options::default());
    let (client, server) = tokio::join!(client(near, &offer, &options), accept(far));
    (client.unwrap().0, server.unwrap())
}

/// A frame by hand, masked as a client has it or not.
pub(crate) fn frame(opcode: OpCode, payload: &[u8], masked: bool) -> Vec<u8> {
    let mask = masked.then(|| Mask::new([1, 2, 3, 4]));
    let header = FrameHeader { fin: true, rsv: Rsv::NONE, opcode, mask, payload_len: payload.len() as u64 };
    let mut frame = header.encode().to_vec();
    let start = frame.len();
    frame.extend_from_slice(payload);
    if let Some(mask) = mask {
        mask.apply(0, &mut frame[start..]);
    }
    frame
}

/// A transport that counts its reads and writes, and whose writes fail on demand.
#[derive(Debug)]
pub(crate) struct Watched<T>(pub(crate) T, pub(crate) Arc<Log>);

#[derive(Debug, Default)]
pub(crate) struct Log {
    /// Reads that gave something.
    pub(crate) reads: AtomicUsize,
    pub(crate) writes: AtomicUsize,
    pub(crate) broken: AtomicBool,
    /// The end of the stream is a reset.
    pub(crate) reset: AtomicBool,
}

impl Log {
    fn write(&self) -> io::Result<()> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        if self.broken.load(Ordering::Relaxed) { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.0).poll_read(cx, buf);
        if read.is_ready() && buf.filled().len() == before && self.1.reset.load(Ordering::Relaxed) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        self.1.reads.fetch_add(usize::from(read.is_ready()), Ordering::Relaxed);
        read
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.1.write()?;
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.1.write()?;
        Pin::new(&mut self.0).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// A server behind a pipe of 64 KiB whose other end is the test's, and what its transport did.
pub(crate) async fn watched_server() -> (DuplexStream, ServerSocket<Watched<DuplexStream>>, Arc<Log>) {
    let (mut near, far) = duplex(1 << 16);
    let log = Arc::<Log>::default();
    near.write_all(REQUEST.as_bytes()).await.unwrap();
    let server = accept(Watched(far, Arc::clone(&log))).await.unwrap();
    near.read_exact(&mut [0; 129]).await.unwrap();
    log.reads.store(0, Ordering::Relaxed);
    log.writes.store(0, Ordering::Relaxed);
    (near, server, log)
}
