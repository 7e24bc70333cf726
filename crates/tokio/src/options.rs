//! What can be set when a connection is opened.

use std::time::Duration;

use switchover::{Limits, Replies, handshake::EarlyData, header};

/// Limits and deadlines of a connection, for either role.
///
/// ```
/// use switchover_tokio::{Limits, Options};
///
/// let options = Options { limits: Limits { message: 1 << 16, ..Limits::default() }, ..Options::default() };
/// # let _ = options;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// What the session may hold, and how long its closing may take.
    pub limits: Limits,
    /// Which answers are given without being asked for. With [`Replies::close`] off, the event
    /// [`Closed`](switchover::Event::Closed) comes before the transport is done, to be answered.
    pub replies: Replies,
    /// How large the head of the peer's half of the opening handshake may be.
    pub head: header::Limits,
    /// On a server: what to do with bytes that come before the handshake is answered.
    pub early_data: EarlyData,
    /// How long the opening handshake may take, from an open transport to the 101 read or written. Default: 10 s.
    pub handshake: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            replies: Replies::default(),
            head: header::Limits::default(),
            early_data: EarlyData::default(),
            handshake: Duration::from_secs(10),
        }
    }
}
