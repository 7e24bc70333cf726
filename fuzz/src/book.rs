//! What is known of a session from outside, and what follows from it for what the session may do next.

use std::collections::VecDeque;
use switchover::{Closed, Event, EventRef, Limits, Message, Replies, SendError, Transport, frame::CloseCode};
use switchover_testkit::alloc::measure;

/// The bytes on their way to one end.
#[derive(Debug, Default)]
pub struct Wire {
    /// In order.
    pub bytes: VecDeque<u8>,
    /// Nothing follows `bytes`.
    pub is_shut: bool,
    /// Some byte was changed: the reader may see anything.
    pub is_damaged: bool,
    /// It was damaged or cut, one of its ends was dropped, or a message was beyond the reader's limits.
    pub is_disturbed: bool,
    /// What the reader has to see, in order. Pongs that answer are not in it.
    pub expected: VecDeque<Event>,
    /// What Closes the reader may see: code and reason.
    pub closes: Vec<Option<(CloseCode, String)>>,
}

/// What is known of a session from outside.
#[derive(Debug)]
pub struct Book {
    /// Its limits, which are those of its peer.
    pub limits: Limits,
    /// What it answers by itself.
    pub replies: Replies,
    /// Whether it may send messages.
    pub can_send: bool,
    /// The message being sent in fragments: is it text, its payload and its fragments so far.
    pub unfinished: Option<(bool, Vec<u8>, u32)>,
    /// The payloads of pings sent, not yet answered.
    pub pings: VecDeque<Vec<u8>>,
    /// The last event, once it has come.
    pub closed: Option<Closed>,
    /// Whether the end of the stream was fed.
    pub eof: bool,
    /// The last advice.
    pub advice: Transport,
    /// Bytes of heap that the session and its buffers hold.
    pub held: i64,
    /// The next message's number.
    serial: u32,
}

impl Book {
    /// A session at its beginning.
    pub fn new(limits: Limits, replies: Replies) -> Self {
        Self {
            limits,
            replies,
            can_send: true,
            unfinished: None,
            pings: VecDeque::new(),
            closed: None,
            eof: false,
            advice: Transport::Open,
            held: 0,
            serial: 0,
        }
    }

    /// Does something and counts what it leaves on the heap.
    pub fn count<T>(&mut self, action: impl FnOnce() -> T) -> T {
        let (result, allocations) = measure(action);
        self.held += allocations.live;
        result
    }

    /// A text of this length, like no other, with characters of every length.
    pub fn text(&mut self, len: usize) -> String {
        self.serial += 1;
        let mut text = format!("{}", self.serial);
        for character in ['ß', '€', '🦀', 'a'].into_iter().cycle() {
            if text.len() >= len {
                break;
            }
            text.push(character);
        }
        text.truncate(text.floor_char_boundary(len));
        text
    }

    /// A message was sent, or not, while `queued` bytes were waiting.
    pub fn note_sent<M>(&mut self, sent: Result<(), SendError<M>>, queued: usize, message: Event, output: &mut Wire) {
        match sent {
            Ok(()) => {
                assert!(self.can_send && self.unfinished.is_none());
                output.is_disturbed |= payload_len(&message) > self.limits.message;
                output.expected.push_back(message);
            }
            Err(error) => self.note_refused(error, queued),
        }
    }

    /// A message came back, which frees it.
    pub fn note_refused<M>(&mut self, error: SendError<M>, queued: usize) {
        match error {
            SendError::Closed(_) => assert!(!self.can_send),
            SendError::Full(_) => assert!(self.can_send && queued >= self.limits.queued),
            SendError::Unfinished(_) => assert!(self.unfinished.is_some()),
            SendError::Control(_) => {} // judged where control frames are sent
        }
        self.count(|| drop(error));
    }

    /// An event came out of the session.
    pub fn note_received(&mut self, event: &EventRef<'_>, input: &mut Wire, output: &mut Wire) {
        assert_eq!(self.closed, None, "nothing comes after the last event: {event:?}");
        match event {
            EventRef::Closed(closed) => {
                self.note_end(closed, input, output);
                self.note_closed(closed);
            }
            _ if input.is_damaged => {}
            EventRef::Pong(payload) if payload.first() != Some(&b'o') => {
                // An answer, if not to the oldest ping then to a later one. A damaged ping may get any answer.
                while let Some(ping) = self.pings.pop_front() {
                    if ping == *payload {
                        return;
                    }
                }
                assert!(output.is_damaged, "a pong without a ping");
            }
            _ => assert_eq!(input.expected.pop_front().as_ref().map(Event::as_ref), Some(event.clone())),
        }
    }

    fn note_end(&mut self, closed: &Closed, input: &Wire, output: &mut Wire) {
        match closed {
            Closed::Peer(reason) => {
                let reason = reason.as_ref().map(|reason| (reason.code, reason.text.to_string()));
                if !input.is_damaged {
                    assert!(input.closes.contains(&reason), "nobody sent {reason:?}");
                    assert_eq!(input.expected, [], "a Close overtook these");
                }
                if self.replies.close {
                    output.closes.push(reason);
                }
            }
            Closed::Violation(error) => {
                assert!(input.is_disturbed, "{error}");
                output.closes.push(Some((error.close_code(), String::new())));
                output.is_disturbed = true;
            }
            Closed::Eof | Closed::TimedOut | Closed::Idle | Closed::Unresponsive => {}
        }
    }

    /// The last event came.
    pub fn note_closed(&mut self, closed: &Closed) {
        if !matches!(closed, Closed::Peer(_)) || self.replies.close {
            self.can_send = false;
        }
        self.closed = Some(closed.clone());
    }
}

/// The message that says the same as an event, if it is one.
pub fn message_of(event: &Event) -> Option<Message> {
    match event {
        Event::Text(text) => Some(Message::Text(text.clone())),
        Event::Binary(payload) => Some(Message::Binary(payload.clone())),
        Event::Ping(_) | Event::Pong(_) | Event::Closed(_) => None,
    }
}

fn payload_len(event: &Event) -> usize {
    message_of(event).map_or(0, |message| message.payload().len())
}
