//! What a session may hold, and how long its closing waits.

use core::time::Duration;

/// The one budget of a session, for both directions.
///
/// Memory follows the bytes received: a declared length is compared with these limits and never reserved. Buffers grow by
/// doubling, so that the worst case of one session is twice the sum of `message`, `queued` and the application's own
/// largest message; for the moment of growing, half as much again.
///
/// `frame`, `fragments`, `empty_fragments` and `control` are what they are by default in all sessions; whoever sets one of them
/// otherwise has a box of less than 200 bytes in each session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest payload of one received message, in bytes, over all its fragments. Beyond it the connection is failed
    /// with 1009. Default: 16 MiB. Worst case: a buffer of twice as many bytes while a message is assembled. This is also the most
    /// that is [held](crate::Session::held).
    ///
    /// A compressed message is held to it twice, as it travels and inflated: inflating stops at the limit, with as many bytes
    /// allocated and 52 KiB; a message that is whole is moved together, twice as many.
    pub message: usize,
    /// The largest payload of one received frame, in bytes, as it travels; where it is more than `message`, that is the limit.
    /// Beyond it the connection is failed with 1009. Default: `usize::MAX`, so that a message may be one frame. Worst case: as for
    /// `message`; a frame costs nothing beyond its message.
    pub frame: usize,
    /// The most frames that one received message may consist of, at least 1. Beyond it the connection is failed with 1009.
    /// Default: 131,072. Fragments cost no memory beyond their payloads: the limit stops a peer that spends our time on
    /// tiny ones.
    pub fragments: u32,
    /// The most of these, behind the first, that may be empty. Beyond it the connection is failed with 1008. Default: 1,024. They
    /// cost no memory.
    pub empty_fragments: u32,
    /// The most Pings and Pongs that may be received in one second, at least 1. Beyond it the connection is failed with 1008.
    /// Default: 10,000. Worst case: the Pongs of `queued`; a control frame is not kept.
    ///
    /// The second is one of the caller's time. After half as many,
    /// [`Session::poll_timeout`](crate::Session::poll_timeout) asks for it at once; from the time that is told a second is
    /// counted. So a connection with fewer is never asked for the time, and one whose caller never tells it is not held to this
    /// limit, but to those of memory. Frames that are fed before the time is told belong to the second before.
    pub control: u32,
    /// The high-water mark of queued output, in bytes: while as many or more wait to be written, messages are given back
    /// with [`SendError::Full`](crate::SendError::Full); an empty queue takes any message. At most 4 GiB. Default: 1 MiB. Worst case: a
    /// buffer of twice as many bytes, plus the message that crossed the mark, plus less than 4.4 KiB of Pongs, one Ping and a
    /// Close. Messages queued by reference keep the memory alive that they share.
    pub queued: usize,
    /// How long a closing connection may stand still: from the Close that started the closing handshake, or from the last
    /// output that was written afterwards, to the end of the transport. Then [`Transport::Drop`](crate::Transport::Drop)
    /// is advised. In milliseconds, from 1 to `u32::MAX`. Default: 5 s.
    pub close: Duration,
}

impl Limits {
    /// What [`Limits::default`] gives.
    pub(crate) const DEFAULT: Self = Self {
        message: 16 << 20,
        frame: usize::MAX,
        fragments: 131_072,
        empty_fragments: 1_024,
        control: 10_000,
        queued: 1 << 20,
        close: Duration::from_secs(5),
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Which answers a session gives of its own accord (RFC 6455, sections 5.5.1 and 5.5.2).
///
/// Whoever turns one off takes over an obligation of the RFC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replies {
    /// Answer a Ping with a Pong. Default: `true`.
    pub pong: bool,
    /// Answer a Close with a Close. Default: `true`. When off, the session can still send until
    /// [`Session::close`](crate::Session::close) is called or the peer's stream ends.
    pub close: bool,
}

impl Default for Replies {
    fn default() -> Self {
        Self { pong: true, close: true }
    }
}
