//! Other protocols and tunnels: over pipes of one byte and over sockets, accepted and refused, and nothing lost behind the head.
#![allow(clippy::unwrap_used, clippy::panic, reason = "this is how a test fails")]

use std::time::Duration;

use switchover_tokio::{
    AcceptError, ConnectChoice, ConnectError, ConnectOffer, Options, Protocol, Protocols, Refusal, UpgradeChoice,
    UpgradeOffer, accept_tunnel, accept_upgrade, open_tunnel,
    switchover::header::{FieldsView, Status},
    upgrade,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, copy_bidirectional, duplex, split},
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};

const LINES: &str = "GET / HTTP/1.1\r\nHost: example.com\r\nUpgrade: lines\r\nConnection: Upgrade\r\n\r\n";

/// A protocol whose requests may have up to 100 bytes of content.
fn lines() -> Protocol {
    Protocol::new("lines").unwrap().methods(&["GET", "POST"]).reads_content(100)
}

fn protocols() -> Protocols {
    Protocols::new([lines()]).unwrap()
}

fn offer(method: &str) -> UpgradeOffer {
    UpgradeOffer::new(method, "/", "example.com").unwrap().protocol(lines()).unwrap()
}

/// Sends all of a text and its end, and receives all that the other side sends, at the same time: a pipe of one byte is full soon.
async fn converse(io: impl AsyncRead + AsyncWrite, text: &str) -> String {
    let (mut from, mut to) = split(io);
    let sending = async {
        to.write_all(text.as_bytes()).await.unwrap();
        to.shutdown().await.unwrap();
    };
    let mut received = String::new();
    tokio::join!(sending, async { from.read_to_string(&mut received).await.unwrap() });
    received
}

/// All that a server writes to what a client has sent.
async fn written(mut near: DuplexStream, sent: &[u8]) -> String {
    near.write_all(sent).await.unwrap();
    let mut written = String::new();
    near.read_to_string(&mut written).await.unwrap();
    written
}

/// Byte by byte, or all at once: what either side sends behind its head is read first, and the rest behind it.
#[tokio::test]
async fn both_sides_switch() {
    for capacity in [1, 7, 10_000] {
        let (near, far) = duplex(capacity);
        let (protocols, options) = (protocols(), Options::default());
        let serving = async {
            let choice = UpgradeChoice::new().field("Set-Cookie", "a=1").unwrap();
            let accepted = accept_upgrade(far, &protocols, &options, |proposal| {
                assert_eq!(proposal.view().method(), "POST");
                assert_eq!(proposal.preferred().name(), "lines");
                Ok(choice)
            });
            let (stream, switched, content) = accepted.await.unwrap();
            assert!(switched.protocols().eq(["lines"]));
            assert_eq!(content, "content of the request");
            converse(stream, "welcome\n").await
        };
        let asking = async {
            let offer = offer("POST").content("content of the request");
            let (stream, switched, response) = upgrade(near, &offer, &options).await.unwrap();
            assert!(switched.protocols().eq(["lines"]));
            assert_eq!(response.values("set-cookie").collect::<Vec<_>>(), [b"a=1"]);
            converse(stream, "hello\n").await
        };
        assert_eq!(tokio::join!(serving, asking), ("hello\n".to_owned(), "welcome\n".to_owned()));
    }
}

/// What was glued to the head of the request is there, in one piece and in the smallest reads.
#[tokio::test]
async fn early_bytes_are_kept() {
    for capacity in [1, 50, 1_000] {
        let (near, far) = duplex(capacity);
        let request = LINES.to_owned() + "early\nlate\n";
        let sending = converse(near, &request);
        let receiving = async {
            let (protocols, options) = (protocols(), Options::default());
            let accepted = accept_upgrade(far, &protocols, &options, |_| Ok(UpgradeChoice::new())).await;
            let (mut stream, _, content) = accepted.unwrap();
            assert!(content.is_empty());
            let mut first = [0; 3];
            stream.read_exact(&mut first).await.unwrap();
            assert_eq!(&first, b"ear");
            let (mut io, read) = stream.into_parts();
            let mut received = read.to_vec();
            io.read_to_end(&mut received).await.unwrap();
            received
        };
        let (response, received) = tokio::join!(sending, receiving);
        assert_eq!(response, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: lines\r\nConnection: Upgrade\r\n\r\n");
        assert_eq!(received, b"ly\nlate\n");
    }
}

/// A client that waits before it sends its content is told to go on, and one that sends too much is refused.
#[tokio::test]
async fn content_is_read_first() {
    let head = |length: usize| {
        format!(
            "POST / HTTP/1.1\r\nHost: example.com\r\nUpgrade: lines\r\nConnection: Upgrade\r\nContent-Length: {length}\r\n\
             Expect: 100-continue\r\n\r\n"
        )
    };
    let (protocols, options) = (protocols(), Options::default());
    let (mut near, far) = duplex(1_000);
    let asking = async {
        near.write_all(head(4).as_bytes()).await.unwrap();
        let mut response = [0; 25];
        near.read_exact(&mut response).await.unwrap();
        assert_eq!(&response, b"HTTP/1.1 100 Continue\r\n\r\n");
        near.write_all(b"bodybehind").await.unwrap();
        near
    };
    let serving = accept_upgrade(far, &protocols, &options, |_| Ok(UpgradeChoice::new()));
    let (_near, accepted) = tokio::join!(asking, serving);
    let (mut stream, _, content) = accepted.unwrap();
    let mut behind = [0; 6];
    stream.read_exact(&mut behind).await.unwrap();
    assert_eq!((&content[..], &behind), (&b"body"[..], b"behind"));

    let (near, far) = duplex(1_000);
    let serving = accept_upgrade(far, &protocols, &options, |_| Ok(UpgradeChoice::new()));
    let head = head(101);
    let (response, accepted) = tokio::join!(written(near, head.as_bytes()), serving);
    assert!(response.starts_with("HTTP/1.1 413 "), "{response}");
    assert!(matches!(accepted, Err(AcceptError::Refused(refusal)) if refusal.status().as_u16() == 413));
}

/// Each refusal is written whole: for what asks for nothing, for what the server does not want, and for what is no request.
#[tokio::test]
async fn refusals_are_written() {
    let websocket = "GET / HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    for (request, status) in [
        ("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n", 426),
        (websocket, 426),
        (LINES, 403),
        ("GET / HTTP/1.1\r\n\r\n", 400),
    ] {
        let (near, far) = duplex(10);
        let (protocols, options) = (protocols(), Options::default());
        let serving = accept_upgrade(far, &protocols, &options, |_| Err(Refusal::forbidden()));
        let (response, accepted) = tokio::join!(written(near, request.as_bytes()), serving);
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{response}");
        assert_eq!(response.contains("\r\nUpgrade: lines\r\n"), status == 426, "{response}");
        assert!(matches!(accepted, Err(AcceptError::Refused(refusal)) if refusal.status().as_u16() == status));
    }
}

/// The client has the whole response of a server that refused, and of a proxy.
#[tokio::test]
async fn clients_are_refused() {
    let refusal = |status| Refusal::new(status).unwrap().body("text/plain", "not today").unwrap();
    let options = Options::default();
    let (near, far) = duplex(1);
    let protocols = protocols();
    let serving = accept_upgrade(far, &protocols, &options, |_| Err(refusal(Status::UNAUTHORIZED)));
    let offer = offer("GET");
    let (asked, accepted) = tokio::join!(upgrade(near, &offer, &options), serving);
    let Err(ConnectError::Refused(response)) = asked else { panic!("{asked:?}") };
    assert_eq!((response.status.as_u16(), &response.body[..]), (401, &b"not today"[..]));
    assert!(matches!(accepted, Err(AcceptError::Refused(_))));

    let (near, far) = duplex(1);
    let serving = accept_tunnel(far, &options, async |_| Err::<(_, ()), _>(Refusal::bad_gateway()));
    let offer = ConnectOffer::new("example.com:443").unwrap();
    let (asked, accepted) = tokio::join!(open_tunnel(near, &offer, &options), serving);
    let Err(ConnectError::Proxy(response)) = asked else { panic!("{asked:?}") };
    assert_eq!(response.status.as_u16(), 502);
    assert!(matches!(accepted, Err(AcceptError::Refused(_))));
}

/// A tunnel, byte by byte: what was sent through it before it was open, and behind it.
#[tokio::test]
async fn tunnels_are_opened() {
    for capacity in [1, 1_000] {
        let (near, far) = duplex(capacity);
        let options = Options::default();
        let proxy = async {
            let accepted = accept_tunnel(far, &options, async |proposal| {
                sleep(Duration::from_millis(1)).await;
                let to = proposal.authority();
                Ok((ConnectChoice::new().field("Via", "1.1 proxy").unwrap(), format!("{}|{:?}", to.host, to.port)))
            });
            let (mut stream, to) = accepted.await.unwrap();
            let mut received = Vec::new();
            stream.read_to_end(&mut received).await.unwrap();
            stream.write_all(b"bye").await.unwrap();
            (to, received)
        };
        let request = "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\nearly and late";
        let asking = converse(near, request);
        let ((to, received), response) = tokio::join!(proxy, asking);
        assert_eq!((&*to, &received[..]), ("example.com|Some(443)", &b"early and late"[..]));
        assert_eq!(response, "HTTP/1.1 200 OK\r\nVia: 1.1 proxy\r\n\r\nbye");
    }
    for (request, status) in
        [("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 405), ("CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", 400)]
    {
        let (near, far) = duplex(10);
        let options = Options::default();
        let serving = accept_tunnel(far, &options, async |_| Ok((ConnectChoice::new(), ())));
        let (response, accepted) = tokio::join!(written(near, request.as_bytes()), serving);
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{response}");
        assert!(matches!(accepted, Err(AcceptError::Refused(_))));
    }
}

/// The time of the opening is that of both sides, and of who decides.
#[tokio::test(start_paused = true)]
async fn an_opening_has_its_time() {
    let (protocols, options) = (protocols(), Options { handshake: Duration::from_secs(3), ..Options::default() });
    let (near, far) = duplex(1_000);
    let serving = accept_upgrade(far, &protocols, &options, |_| Ok(UpgradeChoice::new()));
    let (response, accepted) = tokio::join!(written(near, b"GET / HTTP/1.1\r\n"), serving);
    assert!(response.starts_with("HTTP/1.1 408 "), "{response}");
    assert!(matches!(accepted, Err(AcceptError::Refused(_))));

    let (near, far) = duplex(1_000);
    let serving = accept_tunnel(far, &options, async |_| {
        sleep(Duration::from_secs(4)).await;
        Ok((ConnectChoice::new(), ()))
    });
    let request = b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n";
    let (response, accepted) = tokio::join!(written(near, request), serving);
    assert!(response.starts_with("HTTP/1.1 408 "), "{response}");
    assert!(matches!(accepted, Err(AcceptError::Refused(_))));

    // Nobody answers.
    let (near, _far) = duplex(1_000);
    let offer = offer("GET");
    assert!(matches!(upgrade(near, &offer, &options).await, Err(ConnectError::Timeout)));
    // Half of a response is written, which is no place for another one.
    let (mut near, far) = duplex(10);
    near.write_all(&LINES.as_bytes()[..10]).await.unwrap();
    let asking = async {
        near.write_all(&LINES.as_bytes()[10..]).await.unwrap();
        sleep(Duration::from_secs(4)).await;
        let mut response = String::new();
        near.read_to_string(&mut response).await.unwrap();
        response
    };
    let serving = accept_upgrade(far, &protocols, &options, |_| Ok(UpgradeChoice::new()));
    let (response, accepted) = tokio::join!(asking, serving);
    assert!(matches!(accepted, Err(AcceptError::Io(_))));
    assert_eq!(response, "HTTP/1.1 1");
}

/// Over sockets, in tasks of their own: a proxy, a server behind it, and a protocol through the tunnel.
#[tokio::test(flavor = "multi_thread")]
async fn a_protocol_through_a_tunnel() {
    let (origin, proxy) =
        (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let (to, through) = (origin.local_addr().unwrap().to_string(), proxy.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        let stream = origin.accept().await.unwrap().0;
        let (protocols, options) = (protocols(), Options::default());
        let accepted = accept_upgrade(stream, &protocols, &options, |_| Ok(UpgradeChoice::new())).await;
        let mut stream = accepted.unwrap().0;
        let mut received = Vec::new();
        stream.read_to_end(&mut received).await.unwrap();
        stream.write_all(&received).await.unwrap();
        stream.shutdown().await.unwrap();
    });
    let tunnelling = tokio::spawn(async move {
        let stream = proxy.accept().await.unwrap().0;
        let options = Options::default();
        let accepted = accept_tunnel(stream, &options, async |proposal| {
            let to = proposal.authority();
            let upstream = TcpStream::connect((to.host, to.port.unwrap())).await;
            Ok((ConnectChoice::new(), upstream.map_err(|_| Refusal::bad_gateway())?))
        });
        let (mut client, mut server) = accepted.await.unwrap();
        copy_bidirectional(&mut client, &mut server).await.unwrap();
    });
    let options = Options::default();
    let stream = TcpStream::connect(through).await.unwrap();
    let (stream, _) = open_tunnel(stream, &ConnectOffer::new(&to).unwrap(), &options).await.unwrap();
    let (mut stream, _, _) = upgrade(stream, &offer("GET"), &options).await.unwrap();
    let sent = b"line\n".repeat(10_000);
    stream.write_all(&sent).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut received = Vec::new();
    timeout(Duration::from_secs(20), stream.read_to_end(&mut received)).await.unwrap().unwrap();
    assert!(received == sent);
    serving.await.unwrap();
    tunnelling.await.unwrap();
}
