//! Connections over loopback, and over a transport that plays a script.
#![allow(clippy::unwrap_used, clippy::panic, reason = "this is how a test fails")]

use std::{
    collections::VecDeque,
    io::{self, IoSlice, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use switchover_blocking::{
    AcceptError, Choice, Client, CloseCode, Closed, ConnectError, Duplex, Error, Event, Limits, Message, Offer,
    Options, OsMasks, Refusal, Replies, Request, SendError, Server, SubprotocolPolicy, WebSocket, accept, accept_with,
    answer, client, connect, connect_with,
    switchover::{
        frame::{FrameHeader, Mask, OpCode, Rsv},
        handshake::Key,
        header::{FieldsView, Status},
    },
};

const REQUEST: &str = "GET /notifications HTTP/1.1\r\n\
    Host: example.com\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";

/// A transport that plays what is read, and notes what is written in each write.
#[derive(Debug, Default)]
struct Script {
    reads: VecDeque<Vec<u8>>,
    writes: Arc<Mutex<Vec<Vec<u8>>>>,
    /// Writes from this one on fail.
    breaks_at: Option<usize>,
    /// Makes the response to the request that was written.
    respond: bool,
}

impl Script {
    fn server(reads: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self { reads: reads.into_iter().collect(), ..Self::default() }
    }
}

impl Read for Script {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let Some(mut next) = self.reads.pop_front() else { return Ok(0) };
        if std::mem::take(&mut self.respond) {
            let request = self.writes.lock().unwrap().concat();
            next.splice(0..0, response(&String::from_utf8(request).unwrap()));
        }
        let read = next.len().min(bytes.len());
        bytes[..read].copy_from_slice(&next[..read]);
        if read < next.len() {
            self.reads.push_front(next.split_off(read));
        }
        Ok(read)
    }
}

impl Write for Script {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut writes = self.writes.lock().unwrap();
        if self.breaks_at.is_some_and(|at| writes.len() >= at) {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
        writes.push(bytes);
        Ok(slices.iter().map(|slice| slice.len()).sum())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Duplex for Script {}

fn response(request: &str) -> Vec<u8> {
    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
    let mut bytes =
        b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 101 \r\nUpgrade: websocket\r\nConnection: Upgrade\r\n".to_vec();
    bytes.extend(b"Sec-WebSocket-Accept: ");
    bytes.extend(Key::parse(key.as_bytes()).unwrap().accept());
    bytes.extend(b"\r\n\r\n");
    bytes
}

fn frame(opcode: OpCode, payload: &[u8], masked: bool) -> Vec<u8> {
    let mask = masked.then(|| Mask::new([1, 2, 3, 4]));
    let header = FrameHeader { fin: true, rsv: Rsv::NONE, opcode, mask, payload_len: payload.len() as u64 };
    let mut frame = header.encode().to_vec();
    let start = frame.len();
    frame.extend_from_slice(payload);
    if let Some(mask) = mask {
        mask.apply(0, &mut frame[start..]);
    }
    frame
}

fn offer() -> Offer {
    Offer::new("ws://example.com/notifications".parse().unwrap())
}

/// A listener and its URL.
fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/notifications", listener.local_addr().unwrap());
    (listener, url)
}

fn pair() -> (WebSocket<TcpStream, Client<OsMasks>>, WebSocket<TcpStream, Server>) {
    let (listener, url) = listen();
    let accepting = thread::spawn(move || accept(listener.accept().unwrap().0).unwrap());
    (connect(&url).unwrap().0, accepting.join().unwrap())
}

fn code(event: Option<Event>) -> u16 {
    match event {
        Some(Event::Closed(closed)) => closed.code().as_u16(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn both_ends_agree() {
    let (listener, url) = listen();
    let accepting = thread::spawn(move || {
        accept_with(listener.accept().unwrap().0, |proposal| {
            assert_eq!(proposal.path(), "/notifications");
            let choice = Choice::new().subprotocols(SubprotocolPolicy::server_order(["chat"]).unwrap());
            Ok(choice.field("Set-Cookie", "a=1").unwrap())
        })
        .unwrap()
    });
    let offer = Offer::new(url.parse().unwrap()).subprotocol("chat.v2").unwrap().subprotocol("chat").unwrap();
    let (client, response) = connect_with(&offer, &Options::default()).unwrap();
    assert_eq!(client.agreement().subprotocol(), Some("chat"));
    assert_eq!(accepting.join().unwrap().agreement().subprotocol(), Some("chat"));
    assert_eq!(response.values("set-cookie").collect::<Vec<_>>(), [b"a=1"]);
    assert!(client.get_ref().nodelay().unwrap());
    assert_eq!(client.get_ref().read_timeout().unwrap(), None);
}

#[test]
fn glued_bytes_arrive() {
    let early = |masked| [frame(OpCode::Text, b"early", masked), frame(OpCode::Binary, &[7; 300], masked)].concat();
    let expected = [Event::Text("early".into()), Event::Binary(vec![7; 300].into()), Event::Closed(Closed::Eof)];
    let whole = [REQUEST.as_bytes(), &early(true)].concat();
    for size in [1, 100, whole.len()] {
        let script = Script::server(whole.chunks(size).map(<[u8]>::to_vec));
        let mut server = accept(script).unwrap();
        for event in &expected {
            assert_eq!(server.receive().unwrap().as_ref(), Some(event));
        }
        assert_eq!(server.receive().unwrap(), None);
    }
    let script = Script { respond: true, ..Script::server([early(false)]) };
    let (mut client, response) = client(script, &offer(), &Options::default()).unwrap();
    assert_eq!(response.status, Status::SWITCHING_PROTOCOLS);
    for event in &expected {
        assert_eq!(client.receive().unwrap().as_ref(), Some(event));
    }
}

#[test]
fn a_refusal_arrives_whole() {
    let (listener, url) = listen();
    let refusal = Refusal::new(Status::UNAUTHORIZED).unwrap().body("text/plain", vec![b'x'; 60_000]).unwrap();
    let accepting = thread::spawn(move || accept_with(listener.accept().unwrap().0, |_| Err(refusal)).map(drop));
    let Err(ConnectError::Refused(response)) = connect(&url) else { panic!("not refused") };
    assert_eq!((response.status.as_u16(), response.body.len(), response.truncated), (401, 60_000, false));
    assert!(matches!(accepting.join().unwrap(), Err(AcceptError::Refused(_))));
}

/// Bytes that the server does not want must not cost the client the response: no reset.
#[test]
fn a_refusal_survives_unread_bytes() {
    let (listener, _) = listen();
    let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let accepting = thread::spawn(move || accept(listener.accept().unwrap().0).map(drop));
    let mut bytes = b"GET / HTTP/1.1\r\nHost: example.com\r\nX: ".to_vec();
    bytes.resize(3_000_000, b'a');
    near.write_all(&bytes).unwrap();
    let mut response = String::new();
    near.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 431 "), "{response}");
    drop(near);
    assert!(matches!(accepting.join().unwrap(), Err(AcceptError::Refused(_))));
}

#[test]
fn a_plain_request_gets_what_the_server_likes() {
    for (path, status) in [("/", "200 OK"), ("/none", "426 Upgrade Required")] {
        let script = Script::server([format!("GET {path} HTTP/1.1\r\nHost: example.com\r\n\r\n").into_bytes()]);
        let writes = Arc::clone(&script.writes);
        let answered = answer(script, &Options::default(), |request| match request {
            Request::Http(request) if request.path() == "/" => Err(Refusal::new(Status::OK).unwrap()),
            _ => Ok(Choice::new()),
        });
        assert!(matches!(answered, Err(AcceptError::Refused(_))));
        let written = String::from_utf8(writes.lock().unwrap().concat()).unwrap();
        assert!(written.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{written}");
    }
}

/// What comes in drops, each of them in time, does not put off the deadline.
#[test]
fn slow_peers_are_timed_out() {
    let options = Options { handshake: Duration::from_millis(100), ..Options::default() };
    let (listener, url) = listen();
    let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let answering = thread::spawn(move || {
        let answered = answer(listener.accept().unwrap().0, &options, |_| Ok(Choice::new()));
        (answered.map(drop), listener)
    });
    let start = Instant::now();
    near.write_all(b"GET / HTTP/1.1\r\nHost: ").unwrap();
    near.set_read_timeout(Some(Duration::from_millis(10))).unwrap();
    let mut response = [0; 12];
    while near.read_exact(&mut response).is_err() {
        near.write_all(b"a").unwrap();
        assert!(start.elapsed() < Duration::from_secs(5));
    }
    assert_eq!(&response, b"HTTP/1.1 408");
    drop(near);
    let (answered, _listener) = answering.join().unwrap();
    assert!(matches!(answered, Err(AcceptError::Refused(_))));

    // This server never answers.
    let start = Instant::now();
    let timed_out = connect_with(&Offer::new(url.parse().unwrap()), &options);
    assert!(matches!(timed_out, Err(ConnectError::Timeout)));
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn ends_without_an_answer() {
    assert!(matches!(accept(Script::server([b"GET / HT".to_vec()])), Err(AcceptError::Closed)));
    let ended = client(Script::default(), &offer(), &Options::default());
    assert!(matches!(ended, Err(ConnectError::Handshake(_))));
    assert!(matches!(connect("http://example.com/"), Err(ConnectError::Url(_))));
    let Err(ConnectError::Secure(offer)) = connect("wss://example.com/") else { panic!("connected") };
    assert_eq!(offer.url().to_string(), "wss://example.com/");
    let (listener, url) = listen();
    drop(listener);
    assert!(matches!(connect(&url), Err(ConnectError::Io(_))));
}

/// 64 messages and a Ping in one read: their echoes and the Pong in one write.
#[test]
fn the_answers_to_one_read_are_one_write() {
    let batch: Vec<u8> = (0..64).flat_map(|number| frame(OpCode::Binary, &[number; 64], true)).collect();
    let script = Script::server([REQUEST.into(), [batch, frame(OpCode::Ping, b"ping", true)].concat()]);
    let writes = Arc::clone(&script.writes);
    let mut server = accept(script).unwrap();
    while let Some(event) = server.receive().unwrap() {
        if let Event::Binary(payload) = event {
            server.feed(payload).unwrap();
        }
    }
    let mut expected: Vec<u8> = (0..64).flat_map(|number| frame(OpCode::Binary, &[number; 64], false)).collect();
    expected.extend(frame(OpCode::Pong, b"ping", false));
    assert_eq!(writes.lock().unwrap()[1..], [expected]);
}

#[test]
fn messages_and_pings_cross() {
    let (mut client, mut server) = pair();
    let serving = thread::spawn(move || {
        while let Some(event) = server.receive().unwrap() {
            if let Event::Binary(payload) = event {
                server.feed(payload).unwrap();
            }
        }
        server
    });
    for len in [0, 1, 125, 126, 65_535, 65_536, 3_000_000] {
        client.feed(Message::Ping(vec![1; len.min(125)].into())).unwrap();
        client.fragment(vec![7; len / 2], false).unwrap();
        assert!(matches!(client.send("not now"), Err(Error::Send(SendError::Unfinished(_)))));
        client.fragment(vec![7; len - len / 2], true).unwrap();
        client.flush().unwrap();
        assert_eq!(client.receive().unwrap(), Some(Event::Pong(vec![1; len.min(125)].into())));
        assert_eq!(client.receive().unwrap(), Some(Event::Binary(vec![7; len].into())));
    }
    assert_eq!(client.close(4001, "bye").unwrap().code().as_u16(), 4001);
    let server = serving.join().unwrap();
    assert_eq!((server.closed().unwrap().reason(), client.closed().unwrap().reason()), ("bye", "bye"));
    assert!(client.late_error().is_none() && server.late_error().is_none());
    assert!(matches!(client.send("later"), Err(Error::Send(SendError::Closed(_)))));
}

/// The server closes while megabytes are under way to it: the peer sees its Close and the end of the stream, and no reset.
#[test]
fn a_server_closes_in_order() {
    let (mut client, mut server) = pair();
    let closing = thread::spawn(move || server.close(4001, "bye").unwrap());
    for _ in 0..30 {
        client.send(vec![0; 100_000]).unwrap();
    }
    assert_eq!(code(client.receive().unwrap()), 4001);
    assert!(client.late_error().is_none());
    assert_eq!(client.receive().unwrap(), None);
    assert_eq!(closing.join().unwrap().code().as_u16(), 4001);
}

#[test]
fn a_violation_is_answered_and_told() {
    let script = Script::server([REQUEST.into(), frame(OpCode::Text, b"right", true), frame(OpCode::Text, b"", false)]);
    let writes = Arc::clone(&script.writes);
    let mut server = accept(script).unwrap();
    assert_eq!(server.receive().unwrap(), Some(Event::Text("right".into())));
    assert!(matches!(server.receive().unwrap(), Some(Event::Closed(Closed::Violation(_)))));
    assert_eq!(server.receive().unwrap(), None);
    assert_eq!(writes.lock().unwrap()[1..], [frame(OpCode::Close, &1002u16.to_be_bytes(), false)]);
}

#[test]
fn a_peer_that_does_not_answer_is_timed_out() {
    let limits = Limits { close: Duration::from_millis(100), ..Limits::default() };
    let options = Options { limits, ..Options::default() };
    for unread in [0, 30_000_000] {
        let (listener, url) = listen();
        let accepting = thread::spawn(move || accept(listener.accept().unwrap().0).unwrap());
        let (mut client, _) = connect_with(&Offer::new(url.parse().unwrap()), &options).unwrap();
        let _server = accepting.join().unwrap();
        // A peer that does not even read keeps the Close from being written.
        client.feed(vec![0; unread]).unwrap();
        let start = Instant::now();
        assert_eq!(client.close(1000, "").unwrap(), Closed::TimedOut);
        assert!((Duration::from_millis(100)..Duration::from_secs(5)).contains(&start.elapsed()));
        assert_eq!(client.receive().unwrap(), None);
        assert_eq!(client.flush().is_err(), unread > 0);
    }
}

/// The closing handshake is complete, and the peer does not end the transport: how it closed is known all the same.
#[test]
fn a_peer_that_lingers_is_timed_out() {
    let limits = Limits { close: Duration::from_millis(100), ..Limits::default() };
    let options = Options { limits, ..Options::default() };
    let (listener, _) = listen();
    let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    near.write_all(REQUEST.as_bytes()).unwrap();
    near.write_all(&frame(OpCode::Close, &1001u16.to_be_bytes(), true)).unwrap();
    let mut server = answer(listener.accept().unwrap().0, &options, |_| Ok(Choice::new())).unwrap();
    assert_eq!(code(server.receive().unwrap()), 1001);
    assert_eq!(server.late_error().map(io::Error::kind), Some(io::ErrorKind::TimedOut));
}

/// A timeout of the application's own interrupts, and nothing more.
#[test]
fn a_timeout_can_be_tried_again() {
    let (mut client, mut server) = pair();
    client.get_mut().set_read_timeout(Some(Duration::from_millis(10))).unwrap();
    for _ in 0..3 {
        let Err(Error::Io(error)) = client.receive() else { panic!("no timeout") };
        assert!(matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut));
        server.send("hello").unwrap();
        assert_eq!(client.receive().unwrap(), Some(Event::Text("hello".into())));
    }
}

#[test]
fn last_words_are_read_after_a_failed_write() {
    let close = frame(OpCode::Close, &1001u16.to_be_bytes(), true);
    let words = [frame(OpCode::Text, b"last words", true), close].concat();
    let script = Script { breaks_at: Some(1), ..Script::server([REQUEST.into(), words]) };
    let mut server = accept(script).unwrap();
    assert!(matches!(server.send("never read"), Err(Error::Io(_))));
    assert_eq!(server.receive().unwrap(), Some(Event::Text("last words".into())));
    assert_eq!(code(server.receive().unwrap()), 1001);
    assert!(server.late_error().is_some());

    let script = Script { breaks_at: Some(1), ..Script::server([REQUEST.into()]) };
    let mut server = accept(script).unwrap();
    server.feed("never read").unwrap();
    assert!(matches!(server.receive(), Err(Error::Io(_))));
    assert_eq!(server.receive().unwrap(), None);
    assert_eq!(server.close(1000, "").unwrap(), Closed::Eof);
}

/// With `Replies::close` off the peer's Close is told at once, and the application answers.
#[test]
fn the_application_answers_a_close() {
    let options = Options { replies: Replies { close: false, ..Replies::default() }, ..Options::default() };
    let (listener, url) = listen();
    let serving = thread::spawn(move || {
        let mut server = answer(listener.accept().unwrap().0, &options, |_| Ok(Choice::new())).unwrap();
        assert_eq!(code(server.receive().unwrap()), 1000);
        server.send("wait").unwrap();
        server.close(4002, "now").unwrap();
        assert_eq!(server.receive().unwrap(), None);
    });
    let (mut client, _) = connect(&url).unwrap();
    client.start_close(1000, "done").unwrap();
    assert_eq!(client.receive().unwrap(), Some(Event::Text("wait".into())));
    assert_eq!(code(client.receive().unwrap()), 4002);
    serving.join().unwrap();
}

#[test]
fn codes_that_may_not_be_sent() {
    let mut server = accept(Script::server([REQUEST.into()])).unwrap();
    assert!(matches!(server.start_close(CloseCode::NO_STATUS, ""), Err(Error::Close(_))));
    assert!(matches!(server.start_close(1000, &"x".repeat(124)), Err(Error::Close(_))));
}
