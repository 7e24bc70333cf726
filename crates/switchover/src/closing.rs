//! The closing of a connection, as one table. RFC 6455, section 7.
//!
//! Everything that moves a session towards its end is here; the rest of the crate only feeds [`Input`]s and asks
//! [`State::transport`]. `docs/closing.md` is the same table to be read, rendered by the tests below.

use switchover_frame::Role;

/// What the session asks of its transport.
///
/// Ask again after everything that was fed, sent, written or timed out: the advice only ever moves downwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Transport {
    /// Read, and write what is in the output.
    Open,
    /// Everything is written: shut down writing (again does no harm; an error means that the peer is gone, which reading will
    /// tell), then read on and feed what comes until the peer's end of stream. A transport that is dropped with bytes unread resets the connection, and the reset
    /// overtakes what was written last.
    ShutdownWrite,
    /// Everything is written: read until the peer, the server, ends the transport. RFC 6455, section 7.1.1, wants the
    /// server to be first.
    AwaitPeer,
    /// Write what is in the output; there is nothing left to read.
    Flush,
    /// Drop the transport: both directions are done, or the time is up.
    Drop,
}

/// Where a connection stands, as seen from the side that sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Messages travel both ways.
    Open,
    /// Our Close is out (queued or written), the peer's is awaited.
    CloseSent,
    /// The peer's Close is in; ours is the application's to send (`Replies::close` is off).
    CloseReceived,
    /// Both are: the closing handshake is complete.
    Closed,
    /// The connection was failed. What the peer sends from now on is not looked at (section 7.1.7).
    Failed,
    /// The peer's stream has ended.
    Ended,
    /// The time is up, or the transport is lost.
    Dropped,
}

/// What can happen to a closing connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// The application closes.
    Close,
    /// The peer's Close arrived, and the session answers it.
    PeerClose,
    /// The peer's Close arrived, and the application will answer it.
    PeerCloseUnanswered,
    /// The connection is failed: the peer broke a rule, or was silent for too long.
    Fail,
    /// The peer's stream ended.
    Eof,
    /// A deadline has passed, a Ping was not answered, or the transport is lost.
    Abort,
}

impl State {
    /// The table. The flag says that a Close is to be queued now.
    pub(crate) fn next(self, input: Input) -> (Self, bool) {
        use {Input as I, State as S};
        match (self, input) {
            // 7.1.2: start the closing handshake.
            (S::Open, I::Close) => (S::CloseSent, true),
            // 5.5.1: an endpoint that receives a Close and has not sent one answers with one.
            (S::Open, I::PeerClose) => (S::Closed, true),
            (S::Open, I::PeerCloseUnanswered) => (S::CloseReceived, false),
            (S::CloseReceived, I::Close) => (S::Closed, true),
            (S::CloseSent, I::PeerClose | I::PeerCloseUnanswered) => (S::Closed, false),
            // 7.1.7: fail the connection, with a Close unless one has been sent.
            (S::Open, I::Fail) => (S::Failed, true),
            (S::CloseSent, I::Fail) => (S::Failed, false),
            // 7.1.5: without the peer's Close this is 1006, which the receiving side reports; no more is read.
            (S::Open | S::CloseSent | S::CloseReceived | S::Closed | S::Failed, I::Eof) => (S::Ended, false),
            (_, I::Abort) => (S::Dropped, false),
            // After the end of receiving nothing arrives, and a second close is no close.
            (S::CloseSent | S::Closed | S::Failed | S::Ended | S::Dropped, I::Close)
            | (S::CloseReceived | S::Closed | S::Failed | S::Ended | S::Dropped, _) => (self, false),
        }
    }

    /// Whether messages may still be sent: RFC 6455, section 5.5.1, forbids them after our Close.
    pub(crate) fn can_send(self) -> bool {
        matches!(self, Self::Open | Self::CloseReceived)
    }

    /// Whether Pings are answered: RFC 6455, section 5.5.2, asks for it until the peer's Close is received.
    pub(crate) fn can_pong(self) -> bool {
        matches!(self, Self::Open | Self::CloseSent)
    }

    /// Whether the connection must end in time: [`Limits::close`](crate::Limits::close).
    pub(crate) fn has_deadline(self) -> bool {
        matches!(self, Self::CloseSent | Self::Closed | Self::Failed | Self::Ended)
    }

    /// The advice for the transport; `written` says that the output is empty.
    pub(crate) fn transport(self, role: Role, written: bool) -> Transport {
        match (self, role) {
            (Self::Dropped, _) => Transport::Drop,
            (Self::Ended, _) if written => Transport::Drop,
            (Self::Ended, _) => Transport::Flush,
            (Self::Open | Self::CloseSent | Self::CloseReceived, _) => Transport::Open,
            (Self::Closed | Self::Failed, _) if !written => Transport::Open,
            // 7.1.1: the server ends the transport first; a client waits for it, unless it had to fail the connection.
            (Self::Closed, Role::Server) | (Self::Failed, _) => Transport::ShutdownWrite,
            (Self::Closed, Role::Client) => Transport::AwaitPeer,
        }
    }
}

#[cfg(test)]
mod tests;
