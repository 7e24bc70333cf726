//! Other protocols and tunnels: over a script that is read byte by byte and over sockets, accepted and refused, and nothing lost
//! behind the head.
#![allow(clippy::unwrap_used, clippy::panic, reason = "this is how a test fails")]

use std::{
    collections::VecDeque,
    io::{self, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use switchover_blocking::{
    AcceptError, ConnectChoice, ConnectError, ConnectOffer, Duplex, Options, Protocol, Protocols, Refusal,
    UpgradeChoice, UpgradeOffer, accept_tunnel, accept_upgrade, open_tunnel, switchover::header::FieldsView, upgrade,
};

const LINES: &str = "GET / HTTP/1.1\r\nHost: example.com\r\nUpgrade: lines\r\nConnection: Upgrade\r\n\r\n";
const SWITCHED: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: lines\r\nConnection: Upgrade\r\n\r\n";

/// A transport that plays what is read, so many bytes in each read, and notes what is written.
#[derive(Debug, Default)]
struct Script {
    input: VecDeque<u8>,
    size: usize,
    written: Arc<Mutex<Vec<u8>>>,
    is_timed: bool,
    is_shut: bool,
}

impl Script {
    fn new(input: &str, size: usize) -> (Self, Arc<Mutex<Vec<u8>>>) {
        let script = Self { input: input.bytes().collect(), size, ..Self::default() };
        let written = Arc::clone(&script.written);
        (script, written)
    }
}

impl Read for Script {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let len = self.size.min(bytes.len());
        self.input.read(&mut bytes[..len])
    }
}

impl Write for Script {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let len = self.size.min(bytes.len());
        self.written.lock().unwrap().write(&bytes[..len])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Duplex for Script {
    fn shutdown_write(&mut self) -> io::Result<()> {
        self.is_shut = true;
        Ok(())
    }

    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.is_timed = timeout.is_some();
        Ok(())
    }
}

/// A protocol whose requests may have up to 100 bytes of content.
fn lines() -> Protocol {
    Protocol::new("lines").unwrap().methods(&["GET", "POST"]).reads_content(100)
}

fn protocols() -> Protocols {
    Protocols::new([lines()]).unwrap()
}

fn offer(method: &str, host: &str) -> UpgradeOffer {
    UpgradeOffer::new(method, "/", host).unwrap().protocol(lines()).unwrap()
}

fn text(written: &Mutex<Vec<u8>>) -> String {
    String::from_utf8(written.lock().unwrap().clone()).unwrap()
}

/// A listener, and what is connected to it.
fn connected() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (near, listener.accept().unwrap().0)
}

/// What was glued to the head of the request is read first, also where reads are of one byte; the stream passes on the rest.
#[test]
fn early_bytes_are_kept() {
    for size in [1, 50, 1_000] {
        let (script, written) = Script::new(&(LINES.to_owned() + "early\nlate\n"), size);
        let accepted = accept_upgrade(script, &protocols(), &Options::default(), |_| Ok(UpgradeChoice::new()));
        let (mut stream, switched, content) = accepted.unwrap();
        assert!(switched.protocols().eq(["lines"]) && content.is_empty());
        assert!(!stream.get_ref().is_timed);
        let mut first = [0; 3];
        stream.read_exact(&mut first).unwrap();
        assert_eq!(&first, b"ear");
        stream.write_all(b"welcome").unwrap();
        stream.flush().unwrap();
        stream.shutdown_write().unwrap();
        stream.set_timeout(Some(Duration::from_secs(1))).unwrap();
        assert_eq!(text(&written), SWITCHED.to_owned() + "welcome");
        let (mut script, read) = stream.into_parts();
        assert!(script.is_shut && script.is_timed);
        let mut received = read.to_vec();
        script.read_to_end(&mut received).unwrap();
        assert_eq!(received, b"ly\nlate\n");
    }
}

#[test]
fn content_is_read_first() {
    let head =
        "POST / HTTP/1.1\r\nHost: example.com\r\nUpgrade: lines\r\nConnection: Upgrade\r\nExpect: 100-continue\r\n";
    for size in [1, 1_000] {
        let (script, written) = Script::new(&format!("{head}Content-Length: 4\r\n\r\nbodybehind"), size);
        let accepted = accept_upgrade(script, &protocols(), &Options::default(), |_| Ok(UpgradeChoice::new()));
        let (mut stream, _, content) = accepted.unwrap();
        let mut behind = String::new();
        stream.read_to_string(&mut behind).unwrap();
        assert_eq!((&content[..], &*behind), (&b"body"[..], "behind"));
        assert_eq!(text(&written), format!("HTTP/1.1 100 Continue\r\n\r\n{SWITCHED}"));
    }
    let (script, written) = Script::new(&format!("{head}Content-Length: 101\r\n\r\n"), 1);
    let accepted = accept_upgrade(script, &protocols(), &Options::default(), |_| Ok(UpgradeChoice::new()));
    assert!(matches!(accepted, Err(AcceptError::Refused(refusal)) if refusal.status().as_u16() == 413));
    assert!(text(&written).starts_with("HTTP/1.1 413 "));
}

/// Each refusal is written whole: for what asks for nothing, for what the server does not want, and for what is no request.
#[test]
fn refusals_are_written() {
    let websocket = "GET / HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    for (request, status) in [
        ("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n", 426),
        (websocket, 426),
        (LINES, 403),
        ("GET / HTTP/1.1\r\n\r\n", 400),
    ] {
        let (script, written) = Script::new(request, 1);
        let accepted = accept_upgrade(script, &protocols(), &Options::default(), |_| Err(Refusal::forbidden()));
        assert!(matches!(accepted, Err(AcceptError::Refused(refusal)) if refusal.status().as_u16() == status));
        let response = text(&written);
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{response}");
        assert_eq!(response.contains("\r\nUpgrade: lines\r\n"), status == 426, "{response}");
    }
    for (request, status) in
        [("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 405), ("CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", 400)]
    {
        let (script, written) = Script::new(request, 1);
        let accepted = accept_tunnel(script, &Options::default(), |_| Ok((ConnectChoice::new(), ())));
        assert!(matches!(accepted, Err(AcceptError::Refused(refusal)) if refusal.status().as_u16() == status));
        assert!(text(&written).starts_with(&format!("HTTP/1.1 {status} ")));
    }
    let (script, _) = Script::new("GET / HT", 1);
    let accepted = accept_upgrade(script, &protocols(), &Options::default(), |_| Ok(UpgradeChoice::new()));
    assert!(matches!(accepted, Err(AcceptError::Closed)));
}

#[test]
fn tunnels_are_opened() {
    for size in [1, 1_000] {
        let request = "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\nearly and late";
        let (script, written) = Script::new(request, size);
        let accepted = accept_tunnel(script, &Options::default(), |proposal| {
            let to = proposal.authority();
            Ok((ConnectChoice::new().field("Via", "1.1 proxy").unwrap(), format!("{}|{:?}", to.host, to.port)))
        });
        let (mut stream, to) = accepted.unwrap();
        let mut received = String::new();
        stream.read_to_string(&mut received).unwrap();
        assert_eq!((&*to, &*received), ("example.com|Some(443)", "early and late"));
        assert_eq!(text(&written), "HTTP/1.1 200 OK\r\nVia: 1.1 proxy\r\n\r\n");
    }
}

/// Over sockets: accepted with content and a field, and refused by either kind of server, with the whole response.
#[test]
fn both_sides_over_sockets() {
    let options = Options::default();
    let (near, far) = connected();
    let serving = thread::spawn(move || {
        let choice = UpgradeChoice::new().field("Set-Cookie", "a=1").unwrap();
        let (mut stream, _, content) = accept_upgrade(far, &protocols(), &Options::default(), |_| Ok(choice)).unwrap();
        let mut received = content.to_vec();
        stream.read_to_end(&mut received).unwrap();
        stream.write_all(&received).unwrap();
    });
    let offer = offer("POST", "example.com").content("content, ");
    let (mut stream, switched, response) = upgrade(near, &offer, &options).unwrap();
    assert!(switched.protocols().eq(["lines"]));
    assert_eq!(response.values("set-cookie").collect::<Vec<_>>(), [b"a=1"]);
    stream.write_all(b"and more").unwrap();
    stream.shutdown_write().unwrap();
    let mut received = String::new();
    stream.read_to_string(&mut received).unwrap();
    assert_eq!(received, "content, and more");
    serving.join().unwrap();

    let (near, far) = connected();
    let refusing =
        thread::spawn(move || accept_upgrade(far, &protocols(), &Options::default(), |_| Err(Refusal::not_found())));
    let Err(ConnectError::Refused(response)) = upgrade(near, &offer, &options) else { panic!("not refused") };
    assert_eq!(response.status.as_u16(), 404);
    assert!(matches!(refusing.join().unwrap(), Err(AcceptError::Refused(_))));

    let (near, far) = connected();
    let refusing = thread::spawn(move || {
        accept_tunnel(far, &Options::default(), |_| Err::<(_, ()), _>(Refusal::bad_gateway())).map(drop)
    });
    let offer = ConnectOffer::new("example.com:443").unwrap();
    let Err(ConnectError::Proxy(response)) = open_tunnel(near, &offer, &options) else { panic!("not refused") };
    assert_eq!(response.status.as_u16(), 502);
    assert!(matches!(refusing.join().unwrap(), Err(AcceptError::Refused(_))));
}

/// The time of the opening is that of both sides.
#[test]
fn an_opening_has_its_time() {
    let options = Options { handshake: Duration::from_millis(50), ..Options::default() };
    let (near, far) = connected();
    let serving =
        thread::spawn(move || accept_upgrade(far, &protocols(), &options, |_| Ok(UpgradeChoice::new())).map(drop));
    let mut response = [0; 12];
    (&near).read_exact(&mut response).unwrap();
    assert_eq!(&response, b"HTTP/1.1 408");
    drop(near);
    assert!(matches!(serving.join().unwrap(), Err(AcceptError::Refused(_))));

    let (near, _far) = connected();
    assert!(matches!(upgrade(near, &offer("GET", "example.com"), &options), Err(ConnectError::Timeout)));
}

/// A protocol through a tunnel: what is read behind either head belongs to what follows.
#[test]
fn a_protocol_through_a_tunnel() {
    let origin = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = origin.local_addr().unwrap().to_string();
    let serving = thread::spawn(move || {
        let stream = origin.accept().unwrap().0;
        let accepted = accept_upgrade(stream, &protocols(), &Options::default(), |_| Ok(UpgradeChoice::new()));
        let mut stream = accepted.unwrap().0;
        let mut received = Vec::new();
        stream.read_to_end(&mut received).unwrap();
        stream.write_all(&received).unwrap();
    });
    let (near, far) = connected();
    let tunnelling = thread::spawn(move || {
        let accepted = accept_tunnel(far, &Options::default(), |proposal| {
            let to = proposal.authority();
            let server = TcpStream::connect((to.host, to.port.unwrap())).map_err(|_| Refusal::bad_gateway())?;
            Ok((ConnectChoice::new(), server))
        });
        let (mut client, mut server) = accepted.unwrap();
        let (mut back, mut to_client) = (server.try_clone().unwrap(), client.get_ref().try_clone().unwrap());
        let answering = thread::spawn(move || {
            io::copy(&mut back, &mut to_client).unwrap();
            to_client.shutdown(Shutdown::Write).unwrap();
        });
        io::copy(&mut client, &mut server).unwrap();
        server.shutdown(Shutdown::Write).unwrap();
        answering.join().unwrap();
    });
    let (stream, _) = open_tunnel(near, &ConnectOffer::new(&to).unwrap(), &Options::default()).unwrap();
    let (mut stream, _, _) = upgrade(stream, &offer("GET", &to), &Options::default()).unwrap();
    let sent = b"line\n".repeat(1_000);
    stream.write_all(&sent).unwrap();
    stream.shutdown_write().unwrap();
    let mut received = Vec::new();
    stream.read_to_end(&mut received).unwrap();
    assert!(received == sent);
    serving.join().unwrap();
    tunnelling.join().unwrap();
}
