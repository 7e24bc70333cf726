//! Two ends of a connection in one thread, under a virtual clock.
//!
//! A [`Pair`] joins two [`Endpoint`]s by a [`Link`] in each direction, which decides how many bytes fit in, how long they
//! travel and in what pieces they are written and read. It moves bytes as an adapter with a socket would: it reads, writes
//! what is in the output, keeps the time and follows the advice for the transport. It records what each end saw, and every
//! [`Reset`] that a real TCP connection would have suffered.
//!
//! Anything that takes bytes and gives bytes can be an end: implement [`Endpoint`] for it. [`Wire`] is one that needs no
//! protocol, for a peer that is broken on purpose; the feature `session` has one for the sessions of `switchover`.
//!
//! ```
//! use switchover_testkit::frames::{RawFrame, Role};
//! use switchover_testkit::sim::{Advice, Link, Pair, ResetCause, Wire};
//!
//! // A client that waits for the answer, and a server that drops its transport with the request unread.
//! let client = Wire::new(RawFrame::text("hello").mask([1, 2, 3, 4]).encode());
//! let mut server = Wire::new(RawFrame::close(1001, "").encode());
//! server.is_deaf = true;
//! server.advice = Advice::Drop;
//! let mut pair = Pair::new(client, server, Link::default(), Link::default());
//! pair.run();
//!
//! let reset = pair.resets[0];
//! assert_eq!((reset.by, reset.cause), (Role::Server, ResetCause::Unread(11)));
//! assert!(pair.client.was_reset());
//! assert_eq!(pair.client.lost(), 4, "the Close, which had arrived");
//! ```

mod link;
mod pair;
mod wire;

use std::time::Duration;

pub use link::{Link, links};
pub use pair::{End, Pair, Reset, ResetCause};
pub use wire::Wire;

/// A protocol that takes bytes and gives bytes, as one end of a [`Pair`].
pub trait Endpoint {
    /// What it hands to the application.
    type Event;

    /// Takes what one read of the transport has given: at least one byte.
    fn receive(&mut self, bytes: &[u8]);

    /// The peer has ended its direction, or the connection was reset: nothing more will be received.
    fn receive_eof(&mut self);

    /// The next event of what was received.
    fn poll_event(&mut self) -> Option<Self::Event>;

    /// The front of what is to be written; empty where there is nothing.
    fn output(&mut self) -> &[u8];

    /// The transport has taken this many bytes of [`output`](Self::output).
    fn advance_output(&mut self, written: usize);

    /// What to do with the transport now.
    fn advice(&self) -> Advice;

    /// Whether to read now; an end that cannot take more says `false` for a while.
    fn wants_input(&self) -> bool {
        true
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), on the clock of the pair, which starts at zero.
    fn poll_timeout(&self) -> Option<Duration> {
        None
    }

    /// The time is `now`, which is not before [`poll_timeout`](Self::poll_timeout).
    fn handle_timeout(&mut self, now: Duration) {
        let _ = now;
    }
}

/// What an [`Endpoint`] asks of its transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// Read and write.
    Open,
    /// As soon as the output is written shut down writing, and read on.
    ShutdownWrite,
    /// Drop the transport now.
    Drop,
}
