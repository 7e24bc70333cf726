//! Messages received in parts: over a transport that plays a script and has nothing in between, and over loopback.
#![allow(clippy::unwrap_used, clippy::panic, reason = "this is how a test fails")]

use std::{
    collections::VecDeque,
    io::{self, Read, Write},
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use bytes::{Buf, BytesMut};
use proptest::{collection::vec, prelude::*};
use switchover_blocking::{
    Choice, Closed, Duplex, Error, Event, HibernateError, Keepalive, Limits, Message, Offer, Options, Part, Server,
    WebSocket, accept_with, answer, connect_with,
    switchover::{
        Session, Side,
        frame::{CloseFrame, FrameHeader, Mask, OpCode, Rsv},
        handshake::Agreement,
    },
};
use switchover_testkit::{
    alloc::measure,
    split::{Cuts, random_cuts},
};

const REQUEST: &str = "GET /notifications HTTP/1.1\r\n\
    Host: example.com\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";

/// A transport that gives these pieces, one in each read, and times out in front of each; what is written is noted.
#[derive(Debug, Default)]
struct Pieces {
    reads: VecDeque<Vec<u8>>,
    is_ready: bool,
    written: Arc<Mutex<Vec<u8>>>,
}

impl Pieces {
    fn new(pieces: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self { reads: pieces.into_iter().collect(), ..Self::default() }
    }
}

impl Read for Pieces {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.is_ready = !self.is_ready;
        if self.is_ready {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let Some(mut piece) = self.reads.pop_front() else { return Ok(0) };
        let rest = piece.split_off(piece.len().min(bytes.len()));
        bytes[..piece.len()].copy_from_slice(&piece);
        if !rest.is_empty() {
            self.reads.push_front(rest);
        }
        Ok(piece.len())
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Duplex for Pieces {}

/// Whether nothing is there yet.
fn is_early<X>(received: &Result<X, Error>) -> bool {
    matches!(received, Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock)
}

/// The next part, however often that times out.
fn part<T: Duplex>(websocket: &mut WebSocket<T, Server>) -> Option<Part> {
    loop {
        let part = websocket.receive_part();
        if !is_early(&part) {
            return part.unwrap();
        }
    }
}

fn binary(payload: &[u8], last: bool) -> Option<Part> {
    Some(Part::Binary { payload: payload.to_vec().into(), last })
}

fn text(payload: &[u8], last: bool) -> Option<Part> {
    Some(Part::Text { payload: payload.to_vec().into(), last })
}

/// A client's frame whose mask does nothing, or the beginning of one.
fn frame(opcode: OpCode, fin: bool, payload_len: usize, payload: &[u8]) -> Vec<u8> {
    let mask = Some(Mask::new([0; 4]));
    let header = FrameHeader { fin, rsv: Rsv::NONE, opcode, mask, payload_len: payload_len as u64 };
    [&header.encode()[..], payload].concat()
}

/// A server at the end of these pieces, and what it has written.
fn server(
    pieces: impl IntoIterator<Item = Vec<u8>>,
    options: &Options,
) -> (WebSocket<Pieces, Server>, Arc<Mutex<Vec<u8>>>) {
    let pieces = Pieces::new(pieces);
    let written = Arc::clone(&pieces.written);
    (WebSocket::new(pieces, Server, Agreement::default(), BytesMut::new(), options), written)
}

/// Inside of frames, of characters, and between fragments: what has arrived is given out, and nothing else. The answers leave
/// because somebody waits for a part, and the connection ends in order.
#[test]
fn parts_come_as_they_arrive() {
    let script = [
        frame(OpCode::Text, false, 5, b""),
        b"\xC3".to_vec(),
        b"\xA9\xE2".to_vec(),
        b"\x88\x9A".to_vec(),
        frame(OpCode::Continuation, false, 0, b""),
        frame(OpCode::Ping, true, 4, b"pi"),
        b"ng".to_vec(),
        frame(OpCode::Continuation, true, 0, b""),
        frame(OpCode::Pong, true, 1, b"!"),
        frame(OpCode::Close, true, 2, &[3, 232]),
    ];
    let (mut server, written) = server(script, &Options::default());
    for payload in [&b"\xC3"[..], b"\xA9\xE2", b"\x88\x9A"] {
        assert_eq!(part(&mut server), text(payload, false));
    }
    assert_eq!(part(&mut server), Some(Part::Ping("ping".into())));
    assert_eq!(part(&mut server), text(b"", true));
    assert_eq!(*written.lock().unwrap(), b"\x8A\x04ping");
    assert_eq!(part(&mut server), Some(Part::Pong("!".into())));
    let Some(Part::Closed(closed)) = part(&mut server) else { panic!("not closed") };
    assert_eq!(closed.code().as_u16(), 1000);
    assert_eq!(part(&mut server), None);
    assert_eq!(*written.lock().unwrap(), b"\x8A\x04ping\x88\x02\x03\xE8");
}

/// A connection in the middle of a message stays where it is, and then goes on.
#[test]
fn a_message_in_parts_is_finished_before_moving() {
    let (mut whole, _) = server([frame(OpCode::Binary, true, 2, b"a"), b"b".to_vec()], &Options::default());
    assert_eq!(part(&mut whole), binary(b"a", false));
    let Err(HibernateError::Receiving(mut whole)) = whole.hibernate() else { panic!("not in a message") };
    assert_eq!(part(&mut whole), binary(b"b", true));
    assert!(whole.hibernate().is_ok());
}

/// The limit of a message holds for the sum of its parts, in one frame and in many; what came before has been given out.
#[test]
fn a_limit_in_the_middle_of_a_message() {
    let limits = Limits { message: 100, ..Limits::default() };
    let too_much = frame(OpCode::Continuation, true, 41, &[7; 41]);
    let not_text = frame(OpCode::Continuation, true, 3, b"ab\xFF");
    for (opcode, rest, code) in [(OpCode::Binary, too_much, 1009_u16), (OpCode::Text, not_text, 1007)] {
        let script = [frame(opcode, false, 60, &[b'7'; 60]), rest];
        let (mut server, written) = server(script, &Options { limits, ..Options::default() });
        let given = if opcode == OpCode::Text { text(&[b'7'; 60], false) } else { binary(&[b'7'; 60], false) };
        assert_eq!(part(&mut server), given);
        let Some(Part::Closed(Closed::Violation(error))) = part(&mut server) else { panic!("not closed") };
        assert_eq!(error.close_code().as_u16(), code);
        assert_eq!(*written.lock().unwrap(), [&[0x88, 2], &code.to_be_bytes()[..]].concat());
        assert_eq!(part(&mut server), None);
    }
}

/// A message of 64 MiB passes through the memory of a few reads.
#[test]
fn a_long_message_takes_the_memory_of_a_part() {
    const LEN: usize = 64 << 20;
    /// Payload without end.
    struct Endless(VecDeque<u8>);
    impl Read for Endless {
        fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() { io::repeat(7).read(bytes) } else { self.0.read(bytes) }
        }
    }
    impl Write for Endless {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    impl Duplex for Endless {}

    let options = Options { limits: Limits { message: LEN, ..Limits::default() }, ..Options::default() };
    let io = Endless(frame(OpCode::Binary, true, LEN, b"").into());
    let (len, allocations) = measure(|| {
        let mut websocket = WebSocket::new(io, Server, Agreement::default(), BytesMut::new(), &options);
        let mut len = 0;
        while let Some(Part::Binary { payload, last }) = websocket.receive_part().unwrap() {
            len += payload.len();
            if last {
                return len;
            }
        }
        panic!("it did not end");
    });
    assert_eq!(len, LEN);
    assert!(allocations.peak < 64 << 10, "{allocations:?}");
}

/// A peer that stops in the middle of a message is noticed.
#[cfg(unix)]
#[test]
fn a_peer_that_dies_in_the_middle_of_a_message() {
    let (mut near, far) = std::os::unix::net::UnixStream::pair().unwrap();
    let millis = Duration::from_millis(50);
    let keepalive = Keepalive { ping: Some(millis), pong: millis, ..Keepalive::default() };
    let options = Options { keepalive, ..Options::default() };
    let mut server = WebSocket::new(far, Server, Agreement::default(), BytesMut::new(), &options);
    near.write_all(&frame(OpCode::Binary, true, 100, b"begun")).unwrap();
    assert_eq!(part(&mut server), binary(b"begun", false));
    assert_eq!(part(&mut server), Some(Part::Closed(Closed::Unresponsive)));
    let mut rest = Vec::new();
    near.read_to_end(&mut rest).unwrap();
    assert!(rest.len() == 19 && Keepalive::owns(&rest[2..]), "one Ping, and the end: {rest:?}");
}

/// Uploads over TCP: whole, in fragments of one size and of an unknown number, compressed and not; what arrives is passed on as
/// it arrives.
#[test]
fn uploads_over_sockets() {
    let upload: Vec<u8> = (0..251).flat_map(|byte| [byte; 7]).cycle().take(1_000_000).collect();
    for fragments in [None, Some(30_000)] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("ws://{}/", listener.local_addr().unwrap());
        let (choice, offer) = (Choice::new(), Offer::new(url.parse().unwrap()));
        #[cfg(feature = "deflate")]
        let (choice, offer) = {
            use switchover_blocking::Deflate;
            (choice.extension(Deflate::new()).unwrap(), offer.extension(Deflate::new()).unwrap())
        };
        let serving = thread::spawn(move || {
            let mut server = accept_with(listener.accept().unwrap().0, |_| Ok(choice)).unwrap();
            let mut uploads = vec![Vec::new()];
            while let Some(part) = server.receive_part().unwrap() {
                if let Part::Binary { payload, last } = part {
                    uploads.last_mut().unwrap().extend_from_slice(&payload);
                    if last {
                        uploads.push(Vec::new());
                    }
                }
            }
            uploads
        });
        let (mut client, _) = connect_with(&offer, &Options { fragments, ..Options::default() }).unwrap();
        client.send(upload.clone()).unwrap();
        client.feed_uncompressed(upload.clone()).unwrap();
        for piece in upload.chunks(100_000) {
            client.fragment(piece.to_vec(), false).unwrap();
        }
        client.fragment(vec![], true).unwrap();
        client.close(1000, "").unwrap();
        assert!(serving.join().unwrap() == [upload.clone(), upload.clone(), upload.clone(), vec![]]);
    }
}

/// A client's end, which compresses whatever it is not told not to.
fn client() -> Session<impl Side> {
    let limits = Limits { queued: usize::MAX, ..Limits::default() };
    let session = Session::client(&limits, || [0x55, 0xAA, 0x0F, 0xF0]);
    #[cfg(feature = "deflate")]
    let session = {
        use switchover_blocking::{Compression, switchover::handshake};
        let context = handshake::DeflateContext { window_bits: 15, takeover: true };
        let agreed = handshake::DeflateParameters { server: context, client: context };
        session.with_deflate(Some(agreed), &Compression { threshold: 0, ..Compression::default() })
    };
    session
}

fn written(session: &mut Session<impl Side>) -> Vec<u8> {
    let mut written = Vec::new();
    while session.output().has_remaining() {
        let len = session.output().chunk().len();
        written.extend_from_slice(&session.output().copy_to_bytes(len));
    }
    written
}

/// A server that agrees on compression, and gets these pieces behind the request.
fn compressing(pieces: impl IntoIterator<Item = Vec<u8>>, limits: Limits) -> WebSocket<Pieces, Server> {
    #[cfg(feature = "deflate")]
    let (request, choice) = {
        let line = "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
        let choice = Choice::new().extension(switchover_blocking::Deflate::new()).unwrap();
        (REQUEST.replacen("\r\n\r\n", line, 1), choice)
    };
    #[cfg(not(feature = "deflate"))]
    let (request, choice) = (REQUEST, Choice::new());
    // The opening handshake takes a timeout for the end of its own time.
    let mut io = Pieces::new([request.into()].into_iter().chain(pieces));
    io.is_ready = true;
    answer(io, &Options { limits, ..Options::default() }, |_| Ok(choice)).unwrap()
}

/// The frames of messages of so many bytes, a Ping in front of each fragment and a Close at the end, and what is to be received.
fn stream(messages: &[(Vec<usize>, bool)]) -> (Vec<u8>, VecDeque<Event>) {
    let mut session = client();
    let mut events = VecDeque::new();
    for (number, (fragments, is_text)) in messages.iter().enumerate() {
        let mut whole = String::new();
        for (at, len) in fragments.iter().enumerate() {
            let fragment = "é√😀 ".repeat(*len);
            whole.push_str(&fragment);
            let fragment = if *is_text { Message::from(fragment) } else { fragment.into_bytes().into() };
            session.send(Message::Ping("between".into())).unwrap();
            events.push_back(Event::Ping("between".into()));
            let last = at + 1 == fragments.len();
            if number % 2 == 0 {
                session.sender().fragment(fragment, last).unwrap();
            } else {
                session.sender().fragment_uncompressed(fragment, last).unwrap();
            }
        }
        events.push_back(if *is_text { Event::Text(whole.into()) } else { Event::Binary(whole.into_bytes().into()) });
    }
    session.close(CloseFrame { code: 1000.into(), reason: "" }).unwrap();
    (written(&mut session), events)
}

/// Asks for whole messages and for parts, as `for_parts` says, and holds them against what was sent.
fn all_is_received(messages: &[(Vec<usize>, bool)], cuts: &Cuts, for_parts: &[bool]) {
    let (bytes, mut expected) = stream(messages);
    let pieces = cuts.pieces(&bytes).into_iter().filter(|piece| !piece.is_empty()).map(<[u8]>::to_vec);
    let mut server = compressing(pieces, Limits::default());
    let mut begun = Vec::new();
    for for_a_part in for_parts.iter().cycle() {
        if !for_a_part && !begun.is_empty() {
            let message = expected.iter().position(|event| !matches!(event, Event::Ping(_))).unwrap();
            let message = expected.remove(message).unwrap().into_message().unwrap();
            assert!(message.payload().starts_with(&begun));
            begun.clear();
        }
        let received =
            if *for_a_part { server.receive_part() } else { server.receive().map(|event| event.map(Part::from)) };
        if is_early(&received) {
            continue;
        }
        let event = match received.unwrap().unwrap() {
            Part::Text { payload, last } | Part::Binary { payload, last } if !last => {
                assert!(!payload.is_empty());
                begun.extend_from_slice(&payload);
                continue;
            }
            Part::Text { payload, .. } => {
                begun.extend_from_slice(&payload);
                Event::Text(String::from_utf8(std::mem::take(&mut begun)).unwrap().into())
            }
            Part::Binary { payload, .. } => {
                begun.extend_from_slice(&payload);
                Event::Binary(std::mem::take(&mut begun).into())
            }
            Part::Ping(payload) => Event::Ping(payload),
            Part::Closed(closed) => {
                assert_eq!(closed.code().as_u16(), 1000);
                break;
            }
            Part::Pong(_) => panic!("a Pong that nobody sent"),
        };
        assert_eq!(expected.pop_front(), Some(event));
    }
    assert!(expected.is_empty() && begun.is_empty());
}

proptest! {
    /// Whatever is asked for, however the stream is cut, and with a timeout in front of each read.
    #[test]
    fn nothing_is_lost(
        messages in vec((vec(prop_oneof![0..10_usize, 0..3_000_usize], 1..4), any::<bool>()), 0..6),
        cuts in random_cuts(),
        for_parts in prop_oneof![Just(vec![true]), vec(any::<bool>(), 1..20)],
    ) {
        all_is_received(&messages, &cuts, &for_parts);
    }
}

/// What a message inflates to is given out up to its limit, and not a byte beyond, however it arrives.
#[cfg(feature = "deflate")]
#[test]
fn a_limit_is_hit_while_inflating() {
    let limits = Limits { message: 10_000, ..Limits::default() };
    let mut session = client();
    session.send("x".repeat(1_000_000)).unwrap();
    let bytes = written(&mut session);
    for size in [1, 7, bytes.len()] {
        let mut server = compressing(bytes.chunks(size).map(<[u8]>::to_vec), limits);
        let mut len = 0;
        let closed = loop {
            match part(&mut server).unwrap() {
                Part::Text { payload, last: false } => len += payload.len(),
                Part::Closed(closed) => break closed,
                other => panic!("{other:?}"),
            }
        };
        let Closed::Violation(error) = closed else { panic!("{closed}") };
        assert_eq!(error.close_code().as_u16(), 1009);
        assert!((1_000..=10_000).contains(&len), "{len}");
        assert_eq!(part(&mut server), None);
    }
}
