//! Two sessions joined by a wire in each direction, driven by the input: what one sends the other receives, once and in
//! order, whatever else happens; and both come to an end.
#![no_main]

use bytes::{Buf, BytesMut};
use libfuzzer_sys::fuzz_target;
use std::{collections::VecDeque, io::IoSlice, time::Duration};
use switchover::{
    Client, Closed, Event, EventRef, Limits, MaskSource, Message, Output, Replies, SendError, Sender, Server, Session,
    Side, Transport,
    frame::{CloseCode, CloseFrame},
};
use switchover_fuzz::{
    Script,
    book::{Book, Wire, message_of},
};

fuzz_target!(|input: &[u8]| {
    let mut script = Script::new(input);
    let mut pair = Pair::new(&mut script);
    while !script.is_over() {
        pair.step(&mut script);
    }
    pair.finish();
});

/// Lengths of payloads, around every edge of the frame format, the output queue and the limits.
const LENGTHS: [usize; 16] = [0, 1, 2, 3, 7, 20, 124, 125, 126, 127, 300, 1000, 4095, 4096, 5000, 5001];

/// Close codes, of which the last ones may not be sent.
const CODES: [u16; 8] = [1000, 1001, 1011, 3000, 4999, 1005, 1006, 999];

/// The most bytes of Pongs and a Close that wait behind the messages: see `Limits::queued`.
const REPLIES: usize = 4506;

/// How many bytes a wire takes before its writer has to wait.
const WIRE: usize = 256 << 10;

struct Pair {
    server: End<Server>,
    client: End<Client<Counter>>,
    to_server: Wire,
    to_client: Wire,
    now: Duration,
}

impl Pair {
    fn new(script: &mut Script<'_>) -> Self {
        let choices = script.number();
        let is_set = |bit: u32| choices >> bit & 1 == 1;
        // An input has as many Pings as it likes.
        let busy = Limits { control: u32::MAX, empty_fragments: u32::MAX, ..Limits::default() };
        let limits = if is_set(0) {
            Limits { message: 5000, fragments: 4, queued: 2000, close: Duration::from_secs(1), ..busy }
        } else {
            Limits { message: 70_000, fragments: 64, queued: 1 << 16, close: Duration::from_secs(5), ..busy }
        };
        let end = |first: u32| {
            (is_set(first), is_set(first + 1), Replies { pong: !is_set(first + 2), close: !is_set(first + 3) })
        };
        let mut server = End::new(Server, limits, end(1));
        server.echoes = is_set(9);
        Self {
            server,
            client: End::new(Client(Counter(0)), limits, end(5)),
            to_server: Wire::default(),
            to_client: Wire::default(),
            now: Duration::ZERO,
        }
    }

    /// Does one thing to one end, and then it must be as it should.
    fn step(&mut self, script: &mut Script<'_>) {
        let op = script.byte();
        if op >> 1 == 0 {
            self.now += Duration::from_millis(u64::from(script.byte()) * 20);
            self.tick();
        } else if op & 1 == 0 {
            self.server.step(op >> 1, script, &mut self.to_server, &mut self.to_client);
        } else {
            self.client.step(op >> 1, script, &mut self.to_client, &mut self.to_server);
        }
        self.server.check();
        self.client.check();
    }

    fn tick(&mut self) {
        let is_late = [self.server.tick(self.now), self.client.tick(self.now)].contains(&true);
        self.to_server.is_disturbed |= is_late;
        self.to_client.is_disturbed |= is_late;
    }

    /// Closes from both ends and serves both transports as they ask for it: they come to an end, by themselves where
    /// nothing was broken.
    fn finish(&mut self) {
        self.server.close(None, &mut self.to_client);
        self.client.close(None, &mut self.to_server);
        let was_disturbed = self.to_server.is_disturbed || self.to_client.is_disturbed;
        let mut waited = false;
        for _ in 0..100 {
            let server = self.server.serve(&mut self.to_server, &mut self.to_client);
            let client = self.client.serve(&mut self.to_client, &mut self.to_server);
            if self.server.book.advice == Transport::Drop && self.client.book.advice == Transport::Drop {
                break;
            }
            if !server && !client {
                waited = true;
                self.now += Duration::from_secs(6);
                self.tick();
            }
        }
        assert_eq!((self.server.book.advice, self.client.book.advice), (Transport::Drop, Transport::Drop));
        let ends = [self.server.end(&mut self.to_server), self.client.end(&mut self.to_client)];
        if !was_disturbed {
            assert!(!waited, "nobody answers");
            for closed in ends {
                assert!(matches!(closed, Closed::Peer(_)), "{closed:?}");
            }
        }
    }
}

/// One session, and what serves it.
struct End<S> {
    session: Session<S>,
    feeds_in_place: bool,
    lends: bool,
    /// It sends every message back.
    echoes: bool,
    /// Where bytes are received, fed the owned way.
    buffer: BytesMut,
    /// What is lent for the output, fed in place.
    scratch: Vec<u8>,
    book: Book,
}

impl<S: Side> End<S> {
    fn new(side: S, limits: Limits, (feeds_in_place, lends, replies): (bool, bool, Replies)) -> Self {
        Self {
            session: Session::new(side, &limits, replies),
            feeds_in_place,
            lends,
            echoes: false,
            buffer: BytesMut::new(),
            scratch: Vec::new(),
            book: Book::new(limits, replies),
        }
    }

    fn step(&mut self, op: u8, script: &mut Script<'_>, input: &mut Wire, output: &mut Wire) {
        let choice = script.byte();
        let len = LENGTHS[usize::from(choice >> 4)];
        match op % 16 {
            1 | 2 => self.deliver(usize::from(choice) + 1, input, output),
            3 => self.deliver(4096, input, output),
            4 => self.write(usize::from(choice) + 1, choice & 1 == 0, output),
            5 => self.write(usize::MAX, choice & 1 == 0, output),
            6 => self.send_text(len, output),
            7 => self.send_binary(len, choice & 1 == 0, output),
            8 => self.send_control(choice & 1 == 0, len, output),
            9 | 10 => self.send_fragment(choice & 1 == 0, choice & 2 == 0, len, output),
            11 => {
                let reason = self.book.text(len);
                self.close(Some((CODES[usize::from(choice & 7)], &reason)), output);
            }
            12 if choice < 16 => {
                self.session.sender().abort();
                self.book.can_send = false;
                (input.is_disturbed, output.is_disturbed) = (true, true);
            }
            13 if choice < 64 => {
                // The transport breaks.
                input.bytes.clear();
                input.is_shut = true;
                (input.is_disturbed, output.is_disturbed) = (true, true);
                self.feed_eof(input, output);
            }
            14 => {
                let at = usize::from(script.number()) % input.bytes.len().max(1);
                if let Some(byte) = input.bytes.get_mut(at)
                    && choice > 0
                {
                    *byte ^= choice;
                    (input.is_damaged, input.is_disturbed, output.is_disturbed) = (true, true, true);
                }
            }
            _ => self.close(None, output),
        }
    }

    fn send_text(&mut self, len: usize, output: &mut Wire) {
        let text = self.book.text(len);
        let queued = self.session.output().remaining();
        let sent = self.book.count(|| self.session.sender().text(&text));
        self.book.note_sent(sent, queued, Event::Text(text.clone().into()), output);
    }

    fn send_binary(&mut self, len: usize, shared: bool, output: &mut Wire) {
        let payload = self.book.text(len).into_bytes();
        let queued = self.session.output().remaining();
        let expected = Event::Binary(payload.clone().into());
        if shared {
            let sent = self.book.count(|| self.session.sender().binary(&payload));
            self.book.note_sent(sent, queued, expected, output);
        } else {
            let sent = self.book.count(|| self.session.send(payload.clone()));
            if let Err(error) = &sent {
                assert_eq!(error.clone().into_message().payload(), payload, "the message comes back");
            }
            self.book.note_sent(sent, queued, expected, output);
        }
    }

    fn send_control(&mut self, is_ping: bool, len: usize, output: &mut Wire) {
        // The first byte tells pongs that nobody asked for from answers.
        let mut payload = self.book.text(len).into_bytes();
        payload.insert(0, if is_ping { b'i' } else { b'o' });
        let queued = self.session.output().remaining();
        let kind = if is_ping { Message::Ping } else { Message::Pong };
        match self.book.count(|| self.session.send(kind(payload.clone().into()))) {
            Ok(()) => {
                assert!(self.book.can_send && payload.len() <= 125);
                if is_ping {
                    output.expected.push_back(Event::Ping(payload.clone().into()));
                    self.book.pings.push_back(payload);
                } else {
                    output.expected.push_back(Event::Pong(payload.into()));
                }
            }
            Err(SendError::Unfinished(_)) => panic!("control frames go between fragments"),
            Err(error) => {
                if let SendError::Control(_) = error {
                    assert!(payload.len() > 125);
                }
                self.book.note_refused(error, queued);
            }
        }
    }

    fn send_fragment(&mut self, is_text: bool, is_last: bool, len: usize, output: &mut Wire) {
        let text = self.book.text(len);
        let payload = text.clone().into_bytes();
        let queued = self.session.output().remaining();
        let fragment = || if is_text { Message::text(text.clone()) } else { Message::binary(payload.clone()) };
        match self.book.count(|| self.session.sender().fragment(fragment(), is_last)) {
            Ok(()) => {
                assert!(self.book.can_send);
                let (kind, mut message, fragments) = self.book.unfinished.take().unwrap_or((is_text, Vec::new(), 0));
                assert_eq!(kind, is_text);
                message.extend(payload);
                let fragments = fragments + 1;
                if message.len() > self.book.limits.message || fragments > self.book.limits.fragments {
                    output.is_disturbed = true;
                }
                if !is_last {
                    self.book.unfinished = Some((kind, message, fragments));
                } else if is_text {
                    let text = String::from_utf8(message).expect("each fragment is UTF-8");
                    output.expected.push_back(Event::Text(text.into()));
                } else {
                    output.expected.push_back(Event::Binary(message.into()));
                }
            }
            Err(error) => {
                if let SendError::Unfinished(_) = error {
                    assert!(self.book.unfinished.as_ref().is_some_and(|(kind, ..)| *kind != is_text));
                }
                self.book.note_refused(error, queued);
            }
        }
    }

    fn close(&mut self, close: Option<(u16, &str)>, output: &mut Wire) {
        let frame = close.map(|(code, reason)| CloseFrame { code: CloseCode::new(code), reason });
        match self.book.count(|| self.session.close(frame)) {
            Ok(()) => {
                output.closes.push(frame.map(|frame| (frame.code, frame.reason.to_owned())));
                self.book.can_send = false;
            }
            Err(_) => assert!(frame.is_some_and(|frame| !frame.code.is_sendable() || frame.reason.len() > 123)),
        }
    }

    /// Moves up to `len` bytes of the output to the wire.
    fn write(&mut self, len: usize, vectored: bool, output: &mut Wire) {
        let mut left = len.min(WIRE.saturating_sub(output.bytes.len()));
        loop {
            let queue = self.book.count(|| self.session.output());
            let taken = move_bytes(queue, left, vectored, &mut output.bytes);
            if taken == 0 {
                break;
            }
            assert!(!output.is_shut || output.is_disturbed, "nothing is written behind the end");
            self.book.count(|| self.session.output().advance(taken));
            left -= taken;
        }
    }

    /// Feeds up to `len` bytes from the wire, and its end.
    fn deliver(&mut self, len: usize, input: &mut Wire, output: &mut Wire) {
        let len = len.min(input.bytes.len());
        let bytes: Vec<u8> = input.bytes.drain(..len).collect();
        if self.feeds_in_place {
            self.feed_in_place(bytes, input, output);
        } else {
            self.feed_owned(&bytes, input, output);
        }
        if input.bytes.is_empty() && input.is_shut {
            self.feed_eof(input, output);
        }
    }

    fn feed_owned(&mut self, bytes: &[u8], input: &mut Wire, output: &mut Wire) {
        let Self { session, buffer, book, echoes, .. } = self;
        book.count(|| buffer.extend_from_slice(bytes));
        while let Some(event) = book.count(|| session.poll_event(buffer)) {
            book.note_received(&event.as_ref(), input, output);
            if *echoes && let Some(message) = message_of(&event) {
                let queued = session.output().remaining();
                let sent = book.count(|| session.send(message));
                book.note_sent(sent, queued, event.as_ref().to_owned(), output);
            }
            book.count(|| drop(event));
        }
    }

    fn feed_in_place(&mut self, mut bytes: Vec<u8>, input: &mut Wire, output: &mut Wire) {
        let Self { session, scratch, book, lends, echoes, .. } = self;
        if *lends {
            let mut lent = session.lend(scratch);
            receive_all(&mut lent, &mut bytes, *echoes, book, input, output);
            book.count(|| drop(lent));
        } else {
            receive_all(session, &mut bytes, *echoes, book, input, output);
        }
    }

    fn feed_eof(&mut self, input: &mut Wire, output: &mut Wire) {
        let closed = self.book.count(|| self.session.input_eof());
        self.book.eof = true;
        self.book.can_send = false;
        if let Some(closed) = closed {
            assert_eq!(closed, Closed::Eof);
            self.book.note_received(&EventRef::Closed(closed), input, output);
        }
    }

    /// Tells the time; returns whether it is up.
    fn tick(&mut self, now: Duration) -> bool {
        let due = self.session.poll_timeout();
        let was_over = self.session.transport() == Transport::Drop;
        let closed = self.book.count(|| self.session.handle_timeout(now));
        if let Some(closed) = closed {
            assert_eq!(closed, Closed::TimedOut);
            assert!(due.is_some_and(|due| due <= now), "it is early");
            assert_eq!(self.session.transport(), Transport::Drop);
            self.book.note_closed(&closed);
        }
        let is_late = !was_over && self.session.transport() == Transport::Drop;
        self.book.can_send &= !is_late;
        is_late
    }

    /// What holds after every step.
    fn check(&mut self) {
        let advice = self.session.transport();
        assert!(advice >= self.book.advice, "{advice:?} after {:?}", self.book.advice);
        self.book.advice = advice;
        let limits = &self.book.limits;
        let longest = limits.message.max(LENGTHS[15]) + 14;
        let queued = self.session.output().remaining();
        assert!(queued <= limits.queued + longest + REPLIES, "{queued} bytes are queued");
        // Vectors double, and the output gives consumed bytes back when they are as many as those behind them.
        let budget = 4 * (limits.message + limits.queued + longest + REPLIES) + (64 << 10);
        assert!(self.book.held <= budget as i64, "{} bytes are held", self.book.held);
    }

    /// Does all that the transport advice asks for; returns whether anything has happened.
    fn serve(&mut self, input: &mut Wire, output: &mut Wire) -> bool {
        let (before, had_input, was_shut) = (self.book.advice, !input.bytes.is_empty(), output.is_shut);
        let was_fed = self.book.eof;
        let written = output.bytes.len();
        self.write(usize::MAX, true, output);
        let has_written = output.bytes.len() > written;
        self.deliver(usize::MAX, input, output);
        self.check();
        match self.book.advice {
            Transport::ShutdownWrite => output.is_shut = true,
            Transport::Drop => {
                output.is_shut = true;
                self.feed_eof(input, output);
            }
            Transport::Open | Transport::AwaitPeer | Transport::Flush => {}
        }
        before != self.book.advice || had_input || has_written || was_shut != output.is_shut || was_fed != self.book.eof
    }

    /// How the session ended.
    fn end(&mut self, input: &mut Wire) -> Closed {
        if !input.is_disturbed {
            assert_eq!(input.expected, [], "these were sent and not received");
        }
        self.book.closed.clone().expect("it has ended")
    }
}

/// Feeds a session in place.
fn receive_all<S: Side>(
    session: &mut Session<S>,
    mut bytes: &mut [u8],
    echoes: bool,
    book: &mut Book,
    input: &mut Wire,
    output: &mut Wire,
) {
    while let Some((event, sender)) = book.count(|| session.receive(&mut bytes)) {
        book.note_received(&event, input, output);
        if echoes {
            echo(&event, sender, book, output);
        }
    }
    assert!(bytes.is_empty(), "all of the input is taken");
}

/// Sends a data message back from the place where it was received.
fn echo<S: Side>(event: &EventRef<'_>, sender: &mut Sender<S>, book: &mut Book, output: &mut Wire) {
    let queued = sender.output().remaining();
    match event {
        EventRef::Text(text) => {
            let sent = book.count(|| sender.text(text));
            book.note_sent(sent, queued, event.to_owned(), output);
        }
        EventRef::Binary(payload) => {
            let sent = book.count(|| sender.binary(payload));
            book.note_sent(sent, queued, event.to_owned(), output);
        }
        EventRef::Ping(_) | EventRef::Pong(_) | EventRef::Closed(_) => {}
    }
}

/// Copies up to `len` bytes from the front of the queue, and checks its views of itself on the way.
fn move_bytes(queue: &Output, len: usize, vectored: bool, wire: &mut VecDeque<u8>) -> usize {
    assert_eq!(queue.chunk().is_empty(), queue.is_empty());
    let mut slices = [IoSlice::new(&[]); 3];
    let filled = if vectored {
        queue.chunks_vectored(&mut slices)
    } else {
        slices[0] = IoSlice::new(queue.chunk());
        1
    };
    let mut taken = 0;
    for slice in &slices[..filled] {
        let here = slice.len().min(len - taken);
        wire.extend(&slice[..here]);
        taken += here;
    }
    assert!(taken <= queue.remaining());
    taken
}

/// Masking keys for tests: predictable ones.
struct Counter(u32);

impl MaskSource for Counter {
    fn next_mask(&mut self) -> [u8; 4] {
        self.0 = self.0.wrapping_add(0x9E37_79B9);
        self.0.to_be_bytes()
    }
}
