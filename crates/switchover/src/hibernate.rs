//! A session between messages as a few bytes, and back.
//!
//! ```text
//! octet  0        the version of this format, 1
//! octet  1        0x01: a client; 0x02: permessage-deflate was agreed on; no other bit is set
//! octets 2 to 9   how many bytes of the stream of frames were received, below 2^63
//!                 where permessage-deflate was agreed on:
//! octet  10       what the server sends: the bits of its window, from 8 to 15; 0x80 where it is taken over
//! octet  11       what the client sends
//! octets 12, 13   the length of the peer's window, at most 2^bits, and nothing where it is not taken over
//! from octet 14   the window
//! ```
//!
//! Numbers have the most significant octet first. There is nothing behind.

use alloc::vec::Vec;
use core::fmt;
use switchover_frame::Role;
use switchover_handshake::{DeflateContext, DeflateParameters};

use crate::{Options, Session, Side};

/// The version of the format.
const VERSION: u8 = 1;

const CLIENT: u8 = 0x01;
const DEFLATE: u8 = 0x02;
const TAKEOVER: u8 = 0x80;

impl<S: Side> Session<S> {
    /// The session as a few bytes, with which it goes on elsewhere, in another process too: see [`resume`](Self::resume). 10
    /// bytes; 14 where permessage-deflate was agreed on, and the window, where the peer takes that over from message to message:
    /// as many bytes as it has sent, at most 32 KiB.
    ///
    /// What belongs to the connection and not to the session has to travel along: the transport, and the bytes that were received
    /// and not fed, or not taken. What does not travel is what [`resume`](Self::resume) is told again, all that is about time, and
    /// the window of the messages sent: those that follow refer to none before.
    ///
    /// The window has what the peer has said last. Keep these bytes as you would keep that.
    ///
    /// # Errors
    ///
    /// Gives the session back if it is not between messages, or has something to write: see [`HibernateError`].
    ///
    /// ```
    /// use switchover::{Options, Server, Session};
    ///
    /// let options = Options::default();
    /// let session = Session::server(&options.limits);
    /// let state = session.hibernate()?;
    /// assert!(state.len() <= 64);
    /// let session = Session::resume(Server, &state, &options)?;
    /// # let _ = session;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[expect(clippy::result_large_err, reason = "the session is given back as it came")]
    pub fn hibernate(self) -> Result<Vec<u8>, HibernateError<Self>> {
        let (mut receiver, mut sender) = self.split();
        let error = if receiver.is_ended() || !sender.is_open() {
            HibernateError::Closing
        } else if !receiver.is_between_messages() {
            HibernateError::Receiving
        } else if sender.is_unfinished() {
            HibernateError::Sending
        } else if !sender.output().is_empty() {
            HibernateError::Output
        } else {
            let to_send = sender.deflation().map(|deflation| deflation.context());
            let received = receiver.inflation().map(|inflation| (inflation.context(), inflation.take_window()));
            let deflate = to_send.zip(received).map(|(to_send, (to_receive, window))| match S::ROLE {
                Role::Server => (DeflateParameters { server: to_send, client: to_receive }, window),
                Role::Client => (DeflateParameters { server: to_receive, client: to_send }, window),
            });
            return Ok(encode(S::ROLE, receiver.received(), deflate));
        };
        Err(error(Self::join(receiver, sender)))
    }

    /// The session that was [hibernated](Self::hibernate). Fed what the peer has sent since, it goes on as if nothing had happened.
    ///
    /// Of the options it takes those of a session; they need not be those from before. Only what was agreed on with the peer is in
    /// the state, but for [transforms](Self::with_transform), which are to be given again.
    ///
    /// Whatever `state` is, this does not panic, and allocates no more than its length and what a new session does. It cannot
    /// know whether the state belongs to this connection.
    ///
    /// # Errors
    ///
    /// It is no state of a session of this kind: see [`ResumeError`].
    pub fn resume(side: S, state: &[u8], options: &Options) -> Result<Self, ResumeError> {
        let state = State::parse(state)?;
        if state.role != S::ROLE {
            return Err(ResumeError::Role);
        }
        #[cfg(not(feature = "deflate"))]
        if state.deflate.is_some() {
            return Err(ResumeError::Deflate);
        }
        let (receiver, sender) = Self::with_options(side, state.deflate, options).split();
        Ok(Self::join(receiver.resumed(state.offset, state.window), sender))
    }
}

/// Why a session cannot be hibernated now; it is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HibernateError<S> {
    /// A message, or a frame, was received in part: feed it the rest.
    Receiving(S),
    /// A message was sent in part: send its last fragment.
    Sending(S),
    /// Something waits to be written: write it.
    Output(S),
    /// The closing has begun, or the connection has ended: bring that to its end.
    Closing(S),
}

impl<S> HibernateError<S> {
    /// The session.
    pub fn into_session(self) -> S {
        self.into_parts().1
    }

    /// The reason and the session.
    pub fn into_parts(self) -> (HibernateError<()>, S) {
        match self {
            Self::Receiving(session) => (HibernateError::Receiving(()), session),
            Self::Sending(session) => (HibernateError::Sending(()), session),
            Self::Output(session) => (HibernateError::Output(()), session),
            Self::Closing(session) => (HibernateError::Closing(()), session),
        }
    }

    /// The same error about something else, a connection for instance that the session is a part of.
    pub fn map<T>(self, f: impl FnOnce(S) -> T) -> HibernateError<T> {
        let (reason, session) = self.into_parts();
        let session = f(session);
        match reason {
            HibernateError::Receiving(()) => HibernateError::Receiving(session),
            HibernateError::Sending(()) => HibernateError::Sending(session),
            HibernateError::Output(()) => HibernateError::Output(session),
            HibernateError::Closing(()) => HibernateError::Closing(session),
        }
    }
}

impl<S> fmt::Display for HibernateError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Receiving(_) => "a message was received in part",
            Self::Sending(_) => "a message was sent in part",
            Self::Output(_) => "something waits to be written",
            Self::Closing(_) => "the connection is closing",
        })
    }
}

impl<S: fmt::Debug> core::error::Error for HibernateError<S> {}

/// Why bytes are not resumed as a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResumeError {
    /// They begin with the version of another format.
    Version(u8),
    /// They are not what [`Session::hibernate`] gives.
    Malformed,
    /// They are of the other end of a connection.
    Role,
    /// The session compresses, and this program was built without the feature `deflate`.
    Deflate,
}

impl fmt::Display for ResumeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => write!(f, "the state of a session in a format of version {version}"),
            Self::Malformed => f.write_str("not the state of a session"),
            Self::Role => f.write_str("the state of the other end of a connection"),
            Self::Deflate => f.write_str("the state of a session that compresses, which this program cannot"),
        }
    }
}

impl core::error::Error for ResumeError {}

/// What the bytes say.
struct State<'a> {
    role: Role,
    offset: u64,
    deflate: Option<DeflateParameters>,
    /// Empty where the peer does not take it over.
    window: &'a [u8],
}

fn encode(role: Role, offset: u64, deflate: Option<(DeflateParameters, Vec<u8>)>) -> Vec<u8> {
    let window_len = deflate.as_ref().map_or(0, |(_, window)| window.len());
    let mut state = Vec::with_capacity(14 + window_len);
    let client = if role == Role::Client { CLIENT } else { 0 };
    let deflates = if deflate.is_some() { DEFLATE } else { 0 };
    state.extend_from_slice(&[VERSION, client | deflates]);
    state.extend_from_slice(&offset.to_be_bytes());
    if let Some((agreed, window)) = deflate {
        state.extend([agreed.server, agreed.client].map(encode_context));
        // At most 2^15 bytes.
        state.extend_from_slice(&u16::try_from(window.len()).unwrap_or_default().to_be_bytes());
        state.extend_from_slice(&window);
    }
    state
}

fn encode_context(context: DeflateContext) -> u8 {
    context.window_bits | if context.takeover { TAKEOVER } else { 0 }
}

fn parse_context(byte: u8) -> Option<DeflateContext> {
    let window_bits = byte & !TAKEOVER;
    (8..=15).contains(&window_bits).then_some(DeflateContext { window_bits, takeover: byte & TAKEOVER != 0 })
}

impl<'a> State<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, ResumeError> {
        match bytes.split_first() {
            Some((&VERSION, rest)) => Self::parse_first(rest).ok_or(ResumeError::Malformed),
            Some((&version, _)) => Err(ResumeError::Version(version)),
            None => Err(ResumeError::Malformed),
        }
    }

    /// What is behind the octet 1.
    fn parse_first(rest: &'a [u8]) -> Option<Self> {
        let (&flags, rest) = rest.split_first()?;
        let (offset, rest) = rest.split_first_chunk()?;
        let offset = u64::from_be_bytes(*offset);
        // So that counting on does not end.
        if flags & !(CLIENT | DEFLATE) != 0 || i64::try_from(offset).is_err() {
            return None;
        }
        let role = if flags & CLIENT != 0 { Role::Client } else { Role::Server };
        if flags & DEFLATE == 0 {
            return rest.is_empty().then_some(Self { role, offset, deflate: None, window: &[] });
        }
        let (&[server, client, high, low], window) = rest.split_first_chunk()?;
        let agreed = DeflateParameters { server: parse_context(server)?, client: parse_context(client)? };
        let peer = if role == Role::Server { agreed.client } else { agreed.server };
        let most = if peer.takeover { 1 << peer.window_bits } else { 0 };
        let is_whole = window.len() == usize::from(u16::from_be_bytes([high, low])) && window.len() <= most;
        is_whole.then_some(Self { role, offset, deflate: Some(agreed), window })
    }
}
