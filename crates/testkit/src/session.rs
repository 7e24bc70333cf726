//! The sessions of `switchover` as ends of a [`Pair`](crate::sim::Pair), and their events in the words of the
//! [`model`].
//!
//! ```
//! use switchover::{Event, EventRef, Limits, Session};
//! use switchover_testkit::session::{Feeding, SessionEnd};
//! use switchover_testkit::sim::{Link, Pair};
//!
//! let limits = Limits::default();
//! let client = SessionEnd::new(Session::client(&limits, || [1, 2, 3, 4]), Feeding::Owned);
//! let server = SessionEnd::new(Session::server(&limits), Feeding::InPlace).on_event(|event, sender| {
//!     if let EventRef::Text(text) = event {
//!         sender.text(text).expect("there is room for an echo");
//!     }
//! });
//! let mut pair = Pair::new(client, server, Link::default(), Link::bytewise());
//!
//! pair.client.endpoint.session.send("echo").expect("there is room");
//! pair.run();
//! assert_eq!(pair.client.events[0].1, Event::Text("echo".into()));
//!
//! pair.client.endpoint.session.close(None).expect("an empty Close can be sent");
//! pair.run();
//! assert!(pair.has_ended_well());
//! ```

use std::collections::VecDeque;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use switchover::frame::{ProtocolError, ProtocolErrorKind};
use switchover::{Closed, EventRef, PartRef, Sender, Session, Side, Transport};

use crate::frames::{Close, Event, Outcome, Verdict, Violation, ViolationKind};
use crate::model;
use crate::sim::{Advice, Endpoint};

/// The ways to feed a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feeding {
    /// From one `BytesMut`, by [`Session::poll_event`].
    Owned,
    /// From a buffer that is another one for each read, by [`Session::receive`].
    InPlace,
    /// From such a buffer, by [`Session::receive_part`]: the parts are put together again, by [`Held::join`].
    Parts,
    /// From one `BytesMut`, by [`Session::poll_part`]: as [`Parts`](Self::Parts).
    OwnedParts,
}

impl Feeding {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Owned, Self::InPlace, Self::Parts, Self::OwnedParts];

    /// Whether messages are delivered in parts, so that none is held.
    pub fn is_in_parts(self) -> bool {
        matches!(self, Self::Parts | Self::OwnedParts)
    }

    /// The events that a piece of a stream brings, for a session that is always fed in this way. What `held` has is for the next
    /// piece.
    ///
    /// # Panics
    ///
    /// The session has left some of its input, or its parts are not what they should be.
    pub fn feed<S: Side>(
        self,
        session: &mut Session<S>,
        held: &mut Held,
        piece: &[u8],
        mut on_event: impl FnMut(&EventRef<'_>, &mut Sender<S>),
    ) -> Vec<switchover::Event> {
        let mut events = Vec::new();
        let mut copy = piece.to_vec();
        let mut input = &mut copy[..];
        match self {
            Self::Owned => {
                held.buffer.extend_from_slice(piece);
                while let Some(event) = session.poll_event(&mut held.buffer) {
                    on_event(&event.as_ref(), session.sender());
                    events.push(event);
                }
                return events;
            }
            Self::OwnedParts => {
                held.buffer.extend_from_slice(piece);
                while let Some(part) = session.poll_part(&mut held.buffer) {
                    if let Some(event) = held.join(&part.as_ref()) {
                        on_event(&event.as_ref(), session.sender());
                        events.push(event);
                    }
                }
                return events;
            }
            Self::InPlace => {
                while let Some((event, sender)) = session.receive(&mut input) {
                    on_event(&event, sender);
                    events.push(event.to_owned());
                }
            }
            Self::Parts => {
                while let Some((part, sender)) = session.receive_part(&mut input) {
                    if let Some(event) = held.join(&part) {
                        on_event(&event.as_ref(), sender);
                        events.push(event);
                    }
                }
            }
        }
        assert!(input.is_empty(), "a session takes all of its input");
        events
    }
}

/// What is held between the pieces of a stream: input of a session, or parts of a message.
#[derive(Debug, Default)]
pub struct Held {
    buffer: BytesMut,
    message: Vec<u8>,
}

impl Held {
    /// The event that a part completes.
    ///
    /// # Panics
    ///
    /// The part is empty and not the last, or all parts of a text are no UTF-8.
    pub fn join(&mut self, part: &PartRef<'_>) -> Option<switchover::Event> {
        match part {
            PartRef::Text { payload, last } | PartRef::Binary { payload, last } => {
                assert!(*last || !payload.is_empty(), "a part is empty");
                self.message.extend_from_slice(payload);
                let message = last.then(|| core::mem::take(&mut self.message))?;
                Some(if matches!(part, PartRef::Text { .. }) {
                    let text = String::from_utf8(message).expect("a text is UTF-8");
                    switchover::Event::Text(text.into())
                } else {
                    switchover::Event::Binary(message.into())
                })
            }
            PartRef::Ping(payload) => Some(switchover::Event::Ping(payload.to_vec().into())),
            PartRef::Pong(payload) => Some(switchover::Event::Pong(payload.to_vec().into())),
            PartRef::Closed(closed) => Some(switchover::Event::Closed(closed.clone())),
        }
    }
}

/// A session as an end of a [`Pair`](crate::sim::Pair).
pub struct SessionEnd<S> {
    /// The session, for the application's commands.
    pub session: Session<S>,
    feeding: Feeding,
    held: Held,
    events: VecDeque<switchover::Event>,
    on_event: OnEvent<S>,
}

type OnEvent<S> = Box<dyn FnMut(&EventRef<'_>, &mut Sender<S>)>;

impl<S: Side> SessionEnd<S> {
    /// A session that is fed in this way.
    pub fn new(session: Session<S>, feeding: Feeding) -> Self {
        Self { session, feeding, held: Held::default(), events: VecDeque::new(), on_event: Box::new(|_, _| {}) }
    }

    /// The same, with an application that looks at each event as it is received, and may send.
    pub fn on_event(self, on_event: impl FnMut(&EventRef<'_>, &mut Sender<S>) + 'static) -> Self {
        Self { on_event: Box::new(on_event), ..self }
    }
}

/// What a session has read, as the model says it.
///
/// A stream without a Close is one that may go on, also where the transport has ended or the time was up.
pub fn outcome(events: impl IntoIterator<Item = switchover::Event>) -> Outcome {
    let mut outcome = Outcome { events: Vec::new(), verdict: Verdict::NeedMore };
    for event in events {
        outcome.events.push(match event {
            switchover::Event::Text(text) => Event::Text(text.to_string()),
            switchover::Event::Binary(payload) => Event::Binary(payload.into()),
            switchover::Event::Ping(payload) => Event::Ping(payload.into()),
            switchover::Event::Pong(payload) => Event::Pong(payload.into()),
            switchover::Event::Closed(closed) => {
                outcome.verdict = verdict(&closed);
                continue;
            }
        });
    }
    outcome
}

impl From<&switchover::Limits> for model::Limits {
    fn from(limits: &switchover::Limits) -> Self {
        let message = limits.message as u64;
        Self { payload: message.min(limits.frame as u64), message, fragments: limits.fragments.into() }
    }
}

impl From<ProtocolError> for Violation {
    fn from(error: ProtocolError) -> Self {
        use {ProtocolErrorKind as P, ViolationKind as V};
        let kind = match error.kind() {
            P::ReservedBits(_) => V::ReservedBits,
            P::ReservedOpCode(_) => V::ReservedOpCode,
            P::FragmentedControl(_) => V::FragmentedControl,
            P::UnexpectedContinuation => V::UnexpectedContinuation,
            P::InterruptedMessage(_) => V::InterruptedMessage,
            P::Unmasked => V::Unmasked,
            P::Masked => V::Masked,
            P::ControlTooLong(_) => V::ControlTooLong,
            P::LengthTopBit => V::LengthTopBit,
            P::LengthNotMinimal => V::LengthNotMinimal,
            P::PayloadTooLong(_) => V::PayloadTooLong,
            P::MessageTooLong(_) => V::MessageTooLong,
            P::TooManyFragments(_) => V::TooManyFragments,
            P::InvalidUtf8 => V::InvalidUtf8,
            P::TruncatedCloseCode => V::TruncatedCloseCode,
            P::InvalidCloseCode(_) => V::InvalidCloseCode,
            kind => unreachable!("a rule that the model does not know: {kind}"),
        };
        Self { kind, offset: error.offset() }
    }
}

fn verdict(closed: &Closed) -> Verdict {
    match closed {
        Closed::Peer(None) => Verdict::Ended(Close { code: None, reason: String::new() }),
        Closed::Peer(Some(reason)) => {
            Verdict::Ended(Close { code: Some(reason.code.as_u16()), reason: reason.text.to_string() })
        }
        Closed::Violation(error) => Verdict::Violation((*error).into()),
        Closed::Eof | Closed::TimedOut | Closed::Idle | Closed::Unresponsive => Verdict::NeedMore,
    }
}

impl<S: Side> Endpoint for SessionEnd<S> {
    type Event = switchover::Event;

    fn receive(&mut self, bytes: &[u8]) {
        self.events.extend(self.feeding.feed(&mut self.session, &mut self.held, bytes, &mut self.on_event));
    }

    fn receive_eof(&mut self) {
        self.events.extend(self.session.input_eof().map(switchover::Event::Closed));
    }

    fn poll_event(&mut self) -> Option<switchover::Event> {
        self.events.pop_front()
    }

    fn output(&mut self) -> &[u8] {
        // Through a shared reference, or `chunk` would borrow the temporary `&mut Output`.
        let output: &switchover::Output = self.session.output();
        output.chunk()
    }

    fn advance_output(&mut self, written: usize) {
        self.session.output().advance(written);
    }

    fn advice(&self) -> Advice {
        match self.session.transport() {
            Transport::Open | Transport::AwaitPeer | Transport::Flush => Advice::Open,
            Transport::ShutdownWrite => Advice::ShutdownWrite,
            Transport::Drop => Advice::Drop,
        }
    }

    fn poll_timeout(&self) -> Option<Duration> {
        self.session.poll_timeout()
    }

    fn handle_timeout(&mut self, now: Duration) {
        self.events.extend(self.session.handle_timeout(now).map(switchover::Event::Closed));
    }
}
