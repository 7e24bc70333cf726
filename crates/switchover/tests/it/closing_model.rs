//! The closing of both roles, against a model that has no table: what was sent, what was received, and what the transport did.

use std::collections::BTreeSet;

use bytes::BytesMut;
use core::time::Duration;
use proptest::prelude::*;
use switchover::{
    Client, Closed, Event, Keepalive, Limits, Replies, Server, Session, Side, Transport,
    frame::{CloseCode, CloseFrame, OpCode, Role},
};
use switchover_testkit::frames::RawFrame;

use crate::common::{Counter, frames, written};

/// What may happen to a connection at any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Input {
    /// The application closes.
    Close,
    /// A Close of the peer's arrives.
    PeerClose,
    /// The same without a code.
    PeerCloseWithoutCode,
    /// The first fragment of a message arrives, and a Close.
    PeerCloseInMessage,
    /// Something against the rules arrives.
    Violation,
    /// Nothing has arrived for too long.
    Silence,
    /// The peer's stream ends.
    Eof,
    /// The transport fails.
    Abort,
    /// The time for closing is up.
    Deadline,
    /// A message arrives, and a Ping.
    Data,
}

const INPUTS: [Input; 10] = [
    Input::Close,
    Input::PeerClose,
    Input::PeerCloseWithoutCode,
    Input::PeerCloseInMessage,
    Input::Violation,
    Input::Silence,
    Input::Eof,
    Input::Abort,
    Input::Deadline,
    Input::Data,
];

/// What is known of a connection. No table: each of these happens once, and what it means is read off all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Model {
    sent: bool,
    received: bool,
    failed: bool,
    ended: bool,
    dropped: bool,
}

/// What is to be seen of one step.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    /// The code of the Close that is written, 1005 for none in it.
    close: Option<u16>,
    /// The answers to Pings that are written.
    pongs: usize,
    /// The messages and Pings that are delivered.
    delivered: usize,
    /// The last event, as its code and what it says.
    last: Option<(u16, &'static str)>,
}

impl Model {
    /// Nothing more is looked at.
    fn is_deaf(self) -> bool {
        self.received || self.failed || self.ended || self.dropped
    }

    /// No Close can be written any more.
    fn is_mute(self) -> bool {
        self.sent || self.failed || self.ended || self.dropped
    }

    fn step(&mut self, input: Input, replies: Replies) -> Seen {
        let mut seen = Seen::default();
        match input {
            // 5.5.1: one Close, and nothing behind it.
            Input::Close if !self.is_mute() => {
                self.sent = true;
                seen.close = Some(4_000);
            }
            Input::PeerClose | Input::PeerCloseWithoutCode | Input::PeerCloseInMessage if !self.is_deaf() => {
                let code = if input == Input::PeerCloseWithoutCode { 1005 } else { 4_001 };
                self.received = true;
                seen.last = Some((code, "peer"));
                if replies.close && !self.is_mute() {
                    self.sent = true;
                    seen.close = Some(code);
                }
            }
            // 7.1.7: fail the connection, with a Close unless one was sent.
            Input::Violation if !self.is_deaf() => {
                seen.close = (!self.is_mute()).then_some(1002);
                seen.last = Some((1006, "violation"));
                self.failed = true;
            }
            // Somebody who closes, or is closed, has another deadline.
            Input::Silence if !self.is_deaf() && !self.is_mute() => {
                seen.close = Some(1001);
                seen.last = Some((1006, "idle"));
                self.failed = true;
            }
            Input::Eof if !self.dropped => {
                seen.last = (!self.is_deaf()).then_some((1006, "eof"));
                self.ended = true;
            }
            Input::Abort => {
                seen.last = (!self.is_deaf()).then_some((1006, "eof"));
                self.dropped = true;
            }
            Input::Deadline if self.has_deadline() => {
                seen.last = (!self.is_deaf()).then_some((1006, "timed out"));
                self.dropped = true;
            }
            Input::Data if !self.is_deaf() => {
                seen.delivered = 2;
                seen.pongs = usize::from(replies.pong);
            }
            _ => {}
        }
        seen
    }

    fn has_deadline(self) -> bool {
        !self.dropped && (self.sent || self.failed || self.ended)
    }

    fn transport(self, role: Role, is_written: bool) -> Transport {
        match (self.dropped, self.ended, is_written) {
            (true, _, _) | (_, true, true) => Transport::Drop,
            (_, true, false) => Transport::Flush,
            _ if !is_written => Transport::Open,
            _ if self.failed => Transport::ShutdownWrite,
            _ if self.sent && self.received && role == Role::Server => Transport::ShutdownWrite,
            _ if self.sent && self.received => Transport::AwaitPeer,
            _ => Transport::Open,
        }
    }
}

/// A session and what is known of it.
struct Run<S> {
    session: Session<S>,
    model: Model,
    replies: Replies,
    now: Duration,
    /// The output that was not written when a step ended.
    unwritten: Vec<u8>,
}

const IDLE: Duration = Duration::from_secs(1_000_000);

impl<S: Side> Run<S> {
    fn new(side: S, replies: Replies) -> Self {
        let keepalive = Keepalive { idle: Some(IDLE), ..Keepalive::default() };
        let session = Session::new(side, &Limits::default(), replies).with_keepalive(&keepalive);
        Self { session, model: Model::default(), replies, now: Duration::ZERO, unwritten: Vec::new() }
    }

    fn feed(&mut self, frames: &[RawFrame]) -> Vec<Event> {
        let frame = |frame: &RawFrame| match S::ROLE {
            Role::Server => frame.clone().mask([1, 2, 3, 4]).encode(),
            Role::Client => frame.clone().encode(),
        };
        let mut input = BytesMut::from(&frames.iter().flat_map(frame).collect::<Vec<_>>()[..]);
        core::iter::from_fn(|| self.session.poll_event(&mut input)).collect()
    }

    /// Does it, and says what was delivered.
    fn act(&mut self, input: Input, was_open: bool) -> Vec<Event> {
        let last = |closed: Option<Closed>| closed.map(Event::Closed).into_iter().collect();
        match input {
            Input::Close => {
                self.session.close(CloseFrame { code: CloseCode::new(4_000), reason: "" }).unwrap();
                Vec::new()
            }
            Input::PeerClose => self.feed(&[RawFrame::close(4_001, "")]),
            Input::PeerCloseWithoutCode => self.feed(&[RawFrame::new(8, [])]),
            Input::PeerCloseInMessage => self.feed(&[RawFrame::text("frag").fin(false), RawFrame::close(4_001, "")]),
            Input::Violation => self.feed(&[RawFrame::new(3, [])]),
            Input::Data => self.feed(&[RawFrame::ping("?"), RawFrame::text("data")]),
            Input::Eof => last(self.session.input_eof()),
            Input::Abort => last(self.session.abort()),
            Input::Silence if was_open => {
                self.now += IDLE;
                // Once for what was received before.
                let first = self.session.handle_timeout(self.now);
                self.now += IDLE;
                last(first.or_else(|| self.session.handle_timeout(self.now)))
            }
            Input::Silence => last(None),
            Input::Deadline => {
                let mut closed = None;
                // Output that was written moves the deadline once.
                for _ in 0..2 {
                    self.now += Duration::from_secs(6);
                    closed = closed.or(self.session.handle_timeout(self.now));
                }
                last(closed)
            }
        }
    }

    /// One step of both, compared; `writes` says whether the output is written behind it.
    fn step(&mut self, input: Input, writes: bool) {
        let was_open = self.model == Model::default();
        let expected = self.model.step(input, self.replies);
        let events = self.act(input, was_open);
        let mut seen = Seen::default();
        for event in events {
            match event {
                Event::Closed(closed) => seen.last = Some((closed.code().as_u16(), name(&closed))),
                _ => seen.delivered += 1,
            }
        }
        // The output has everything that was not written before, and what this step adds.
        let mut output = vec![&[][..]; 64];
        let filled = self.session.output().slices(&mut output);
        let output = output[..filled].concat();
        assert!(output.starts_with(&self.unwritten), "{input:?}");
        let reader = if S::ROLE == Role::Server { Role::Client } else { Role::Server };
        for (opcode, _, payload) in frames(reader, &output[self.unwritten.len()..]) {
            match opcode {
                OpCode::Pong => seen.pongs += 1,
                OpCode::Close => {
                    let code = payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code));
                    assert!(payload.is_empty() || !matches!(code, 1005 | 1006 | 1015), "never on the wire");
                    assert_eq!(seen.close.replace(code), None);
                }
                other => panic!("{other}"),
            }
        }
        assert_eq!(seen, expected, "{input:?} -> {:?}", self.model);
        let is_empty = output.is_empty();
        assert_eq!(self.session.transport(), self.model.transport(S::ROLE, is_empty), "{:?}", self.model);
        if writes {
            written(&mut self.session);
            assert_eq!(self.session.transport(), self.model.transport(S::ROLE, true), "{:?}", self.model);
            self.unwritten.clear();
        } else {
            self.unwritten = output;
        }
        let is_open = self.model == Model::default();
        assert_eq!(self.session.poll_timeout().is_some(), is_open || self.model.has_deadline(), "{:?}", self.model);
        if writes {
            // What is sent in between must not stand in the way of the comparison.
            assert_eq!(self.session.send("x").is_err(), self.model.is_mute(), "{:?}", self.model);
            written(&mut self.session);
        }
    }
}

fn name(closed: &Closed) -> &'static str {
    match closed {
        Closed::Peer(_) => "peer",
        Closed::Violation(_) => "violation",
        Closed::Eof => "eof",
        Closed::TimedOut => "timed out",
        Closed::Idle => "idle",
        Closed::Unresponsive => "unresponsive",
    }
}

/// What the table calls the state of the model.
fn state(model: Model) -> &'static str {
    match model {
        Model { dropped: true, .. } => "Dropped",
        Model { ended: true, .. } => "Ended",
        Model { failed: true, .. } => "Failed",
        Model { sent: true, received: true, .. } => "Closed",
        Model { sent: true, .. } => "CloseSent",
        Model { received: true, .. } => "CloseReceived",
        _ => "Open",
    }
}

/// Goes through every sequence of `steps` inputs, with the output written behind each of them or not, and notes the pairs.
fn every_sequence<S: Side>(side: impl Fn() -> S, replies: Replies, steps: u32) -> BTreeSet<(&'static str, Input)> {
    let mut pairs = BTreeSet::new();
    let choices = INPUTS.len() * 2;
    for sequence in 0..choices.pow(steps) {
        let mut run = Run::new(side(), replies);
        let mut rest = sequence;
        for _ in 0..steps {
            let (input, writes) = (INPUTS[rest / 2 % INPUTS.len()], rest % 2 == 0);
            rest /= choices;
            pairs.insert((state(run.model), input));
            run.step(input, writes);
        }
    }
    pairs
}

/// Both roles, whether the session answers a Close or the application does: every state meets every input, and all of it is as the
/// model says.
#[test]
fn every_state_meets_every_input() {
    for close in [true, false] {
        let replies = Replies { close, ..Replies::default() };
        let states = ["Open", "CloseSent", "CloseReceived", "Closed", "Failed", "Ended", "Dropped"];
        // A session that answers a Close is never in the state of one that has not.
        let reachable = states.into_iter().filter(|state| !(close && *state == "CloseReceived"));
        let expected: BTreeSet<_> = reachable.flat_map(|state| INPUTS.map(|input| (state, input))).collect();
        assert_eq!(every_sequence(|| Server, replies, 3), expected);
        assert_eq!(every_sequence(|| Client(Counter::default()), replies, 3), expected);
        println!("{} pairs of a state and an input, for each role", expected.len());
    }
}

proptest! {
    /// And any longer sequence.
    #[test]
    fn any_sequence(
        steps in prop::collection::vec((prop::sample::select(&INPUTS), any::<bool>()), 0..20),
        close in any::<bool>(),
        pong in any::<bool>(),
    ) {
        let mut server = Run::new(Server, Replies { close, pong });
        let mut client = Run::new(Client(Counter::default()), Replies { close, pong });
        for (input, writes) in steps {
            server.step(input, writes);
            client.step(input, writes);
        }
    }
}
