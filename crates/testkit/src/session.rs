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
use switchover::{Closed, EventRef, Sender, Session, Side, Transport};

use crate::frames::{Close, Event, Outcome, Verdict, Violation, ViolationKind};
use crate::model;
use crate::sim::{Advice, Endpoint};

/// The two ways to feed a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feeding {
    /// From one `BytesMut`, by [`Session::poll_event`].
    Owned,
    /// From a buffer that is another one for each read, by [`Session::receive`].
    InPlace,
}

/// A session as an end of a [`Pair`](crate::sim::Pair).
pub struct SessionEnd<S> {
    /// The session, for the application's commands.
    pub session: Session<S>,
    feeding: Feeding,
    input: BytesMut,
    events: VecDeque<switchover::Event>,
    on_event: OnEvent<S>,
}

type OnEvent<S> = Box<dyn FnMut(&EventRef<'_>, &mut Sender<S>)>;

impl<S: Side> SessionEnd<S> {
    /// A session that is fed in this way.
    pub fn new(session: Session<S>, feeding: Feeding) -> Self {
        Self { session, feeding, input: BytesMut::new(), events: VecDeque::new(), on_event: Box::new(|_, _| {}) }
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
        Self { payload: message, message, fragments: limits.fragments.into() }
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
        Closed::Eof | Closed::TimedOut => Verdict::NeedMore,
    }
}

impl<S: Side> Endpoint for SessionEnd<S> {
    type Event = switchover::Event;

    fn receive(&mut self, bytes: &[u8]) {
        match self.feeding {
            Feeding::Owned => {
                self.input.extend_from_slice(bytes);
                while let Some(event) = self.session.poll_event(&mut self.input) {
                    (self.on_event)(&event.as_ref(), self.session.sender());
                    self.events.push_back(event);
                }
            }
            Feeding::InPlace => {
                let mut buffer = bytes.to_vec();
                let mut input = &mut buffer[..];
                while let Some((event, sender)) = self.session.receive(&mut input) {
                    (self.on_event)(&event, sender);
                    self.events.push_back(event.to_owned());
                }
                assert!(input.is_empty(), "a session takes all of its input");
            }
        }
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
