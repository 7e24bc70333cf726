//! What a transport has to offer.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    time::{Duration, Instant},
};

use crate::Upgraded;

/// A transport: bytes in both directions.
///
/// The methods have defaults that do nothing, which is enough for transports without them:
///
/// ```
/// use std::io::{self, Read, Write};
/// use switchover_blocking::Duplex;
///
/// struct Pipe<R, W>(R, W);
/// # impl<R: Read, W> Read for Pipe<R, W> {
/// #     fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> { self.0.read(bytes) }
/// # }
/// # impl<R, W: Write> Write for Pipe<R, W> {
/// #     fn write(&mut self, bytes: &[u8]) -> io::Result<usize> { self.1.write(bytes) }
/// #     fn flush(&mut self) -> io::Result<()> { self.1.flush() }
/// # }
///
/// impl<R: Read, W: Write> Duplex for Pipe<R, W> {}
/// ```
pub trait Duplex: Read + Write {
    /// Ends the writing direction: the peer reads what was written, and then the end of the stream.
    ///
    /// # Errors
    /// As of the transport.
    fn shutdown_write(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Limits how long a read or a write may block, or takes the limit away. `timeout` is not zero. A read or write that takes
    /// longer fails with [`io::ErrorKind::WouldBlock`] or [`io::ErrorKind::TimedOut`]. Without this there are no deadlines.
    ///
    /// # Errors
    /// As of the transport.
    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        let _ = timeout;
        Ok(())
    }
}

impl Duplex for TcpStream {
    fn shutdown_write(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }

    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.set_read_timeout(timeout)?;
        self.set_write_timeout(timeout)
    }
}

#[cfg(unix)]
impl Duplex for std::os::unix::net::UnixStream {
    fn shutdown_write(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }

    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.set_read_timeout(timeout)?;
        self.set_write_timeout(timeout)
    }
}

impl<T: Duplex> Duplex for Upgraded<T> {
    fn shutdown_write(&mut self) -> io::Result<()> {
        self.get_mut().shutdown_write()
    }

    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.get_mut().set_timeout(timeout)
    }
}

/// A point in time, or none if it is beyond what the clock can count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    pub(crate) fn after(timeout: Duration) -> Self {
        Self(Instant::now().checked_add(timeout))
    }

    /// The time that is left; an error when there is none.
    pub(crate) fn left(self) -> io::Result<Option<Duration>> {
        let left = self.0.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

/// A transport whose reads and writes together end at a deadline, for the opening handshake.
#[derive(Debug)]
pub(crate) struct Until<'a, T>(pub(crate) &'a mut T, pub(crate) Deadline);

impl<T: Duplex> Read for Until<'_, T> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.set_timeout(self.1.left()?)?;
        self.0.read(bytes)
    }
}

impl<T: Duplex> Write for Until<'_, T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.set_timeout(self.1.left()?)?;
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Whether a read or write failed only because it would have taken too long.
pub(crate) fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
