//! What can be set when a connection is opened.

use core::time::Duration;

use switchover_handshake::EarlyData;
use switchover_header as header;

#[cfg(feature = "deflate")]
use crate::deflate::Compression;

use crate::{Keepalive, Limits, Replies};

/// Limits and deadlines of a connection, for either role: what adapters to a runtime take. A session takes its
/// [`Limits`], [`Replies`] and [`Keepalive`] alone.
///
/// ```
/// use switchover::{Limits, Options};
///
/// let options = Options { limits: Limits { message: 1 << 16, ..Limits::default() }, ..Options::default() };
/// # let _ = options;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// What the session may hold, and how long its closing may take.
    pub limits: Limits,
    /// Which answers are given without being asked for. With [`Replies::close`] off, the event
    /// [`Closed`](crate::Event::Closed) comes before the transport is done, to be answered.
    pub replies: Replies,
    /// What is done to keep an open connection alive, and to notice when it is not. Default: nothing.
    pub keepalive: Keepalive,
    /// How messages are compressed, where the opening handshake agreed on that: where both the [`Choice`] and the [`Offer`] had
    /// [`Deflate`].
    ///
    /// [`Choice`]: crate::handshake::Choice
    /// [`Offer`]: crate::handshake::Offer
    /// [`Deflate`]: crate::handshake::Deflate
    #[cfg(feature = "deflate")]
    pub compression: Compression,
    /// Messages of more bytes are sent in fragments of so many: see [`Session::with_fragments`](crate::Session::with_fragments).
    /// Default: `None`, messages are sent whole.
    pub fragments: Option<usize>,
    /// How large the head of the peer's half of the opening handshake may be.
    pub head: header::Limits,
    /// On a server: what to do with bytes that come before the handshake is answered.
    pub early_data: EarlyData,
    /// How long the opening handshake may take, to the 101 read or written: from an open transport, and where the adapter
    /// opens it, from the first attempt to, with all redirections. Default: 10 s.
    pub handshake: Duration,
    /// On a client whose adapter opens the transport: how many [redirections](switchover_handshake::Redirects) it follows.
    /// Default: 0, so that nobody is led to where the caller did not look.
    pub redirects: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            replies: Replies::default(),
            keepalive: Keepalive::default(),
            #[cfg(feature = "deflate")]
            compression: Compression::default(),
            fragments: None,
            head: header::Limits::default(),
            early_data: EarlyData::default(),
            handshake: Duration::from_secs(10),
            redirects: 0,
        }
    }
}
