//! A stream of crate `h2` as the transport of one connection.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use h2::{RecvStream, SendStream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The two directions of a stream behind the heads of an extended CONNECT: END_STREAM is the end of the stream, RST_STREAM a
/// reset (RFC 8441, section 5). It is reset with CANCEL when it is dropped before its end.
pub struct H2Stream {
    send: SendStream<Bytes>,
    receive: RecvStream,
    /// Received and not yet read.
    data: Bytes,
}

impl H2Stream {
    /// With the halves that `h2` has given out.
    pub fn new(send: SendStream<Bytes>, receive: RecvStream) -> Self {
        Self { send, receive, data: Bytes::new() }
    }
}

impl AsyncRead for H2Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        // A DATA frame may be empty, and is no end.
        while self.data.is_empty() {
            match ready!(self.receive.poll_data(cx)) {
                Some(data) => self.data = data.map_err(error)?,
                None => return Poll::Ready(Ok(())),
            }
        }
        let len = self.data.len().min(buf.remaining());
        buf.put_slice(&self.data.split_to(len));
        // The peer may send as much more.
        Poll::Ready(self.receive.flow_control().release_capacity(len).map_err(error))
    }
}

impl AsyncWrite for H2Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.send.reserve_capacity(buf.len());
        while self.send.capacity() == 0 && !buf.is_empty() {
            match ready!(self.send.poll_capacity(cx)) {
                Some(capacity) => drop(capacity.map_err(error)?),
                None => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            }
        }
        let len = self.send.capacity().min(buf.len());
        self.send.send_data((&buf[..len]).copy_to_bytes(len), false).map_err(error)?;
        Poll::Ready(Ok(len))
    }

    /// `h2` writes by itself.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.send.send_data(Bytes::new(), true).map_err(error))
    }
}

fn error(error: h2::Error) -> io::Error {
    let kind = if error.is_reset() { io::ErrorKind::ConnectionReset } else { io::ErrorKind::Other };
    io::Error::new(kind, error)
}
