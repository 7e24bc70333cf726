//! Opening a connection, or not.
#![allow(clippy::unwrap_used, clippy::panic, reason = "this is how a test fails")]

mod common;

use std::time::Duration;

use common::{REQUEST, frame, offer};
use switchover_tokio::{
    AcceptError, Choice, ConnectError, Event, Message, Options, OriginPolicy, Refusal, Request, SubprotocolPolicy,
    accept, accept_with, answer, client, connect, connect_with,
    switchover::{
        frame::OpCode,
        header::{FieldsView, Status},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, duplex},
    net::{TcpListener, TcpStream},
    time::{Instant, timeout},
};

#[tokio::test]
async fn both_ends_agree_over_a_pipe_of_any_size() {
    for capacity in [1, 2, 7, 16, 1000] {
        let (near, far) = duplex(capacity);
        let offer =
            offer().subprotocol("chat.v2").unwrap().subprotocol("chat").unwrap().origin("https://a.example").unwrap();
        let accepting = accept_with(far, |proposal| {
            assert_eq!((proposal.path(), proposal.host()), ("/notifications", "example.com"));
            Ok(Choice::new()
                .subprotocols(SubprotocolPolicy::server_order(["chat"]).unwrap())
                .origins(OriginPolicy::listed(["https://a.example"]).unwrap())
                .field("Set-Cookie", "a=1")
                .and_then(|choice| choice.field("Set-Cookie", "b=2"))
                .unwrap())
        });
        let options = Options::default();
        let (connected, accepted) = tokio::join!(client(near, &offer, &options), accepting);
        let ((client, response), server) = (connected.unwrap(), accepted.unwrap());
        assert_eq!(client.agreement().subprotocol(), Some("chat"));
        assert_eq!(server.agreement().subprotocol(), Some("chat"));
        assert_eq!((response.status.as_u16(), response.reason.as_str()), (101, "Switching Protocols"));
        assert_eq!(response.values("set-cookie").collect::<Vec<_>>(), [b"a=1", b"b=2"]);
    }
}

/// The first frame of a client comes in the same write as its request.
#[tokio::test]
async fn bytes_glued_to_the_request_arrive() {
    for capacity in [1, 16, 1000] {
        let (mut near, far) = duplex(capacity);
        let mut bytes = REQUEST.as_bytes().to_vec();
        bytes.extend(frame(OpCode::Text, b"early", true));
        bytes.extend(frame(OpCode::Binary, &[7; 300], true));
        let server = tokio::spawn(async move {
            let mut server = accept(far).await.unwrap();
            (server.receive().await.unwrap(), server.receive().await.unwrap(), server)
        });
        let mut response = [0; 129];
        let (mut read, mut write) = tokio::io::split(&mut near);
        let (_, written) = tokio::join!(read.read_exact(&mut response), write.write_all(&bytes));
        written.unwrap();
        assert!(response.starts_with(b"HTTP/1.1 101 Switching Protocols\r\n") && response.ends_with(b"\r\n\r\n"));
        let (first, second, _) = server.await.unwrap();
        assert_eq!(first, Some(Event::Text("early".into())));
        assert_eq!(second, Some(Event::Binary(vec![7; 300].into())));
    }
}

/// A server's first frames come in the same write as its 101, behind an interim response.
#[tokio::test]
async fn bytes_glued_to_the_response_arrive() {
    for capacity in [1, 16, 1000] {
        let (near, mut far) = duplex(capacity);
        tokio::spawn(async move {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(far.read_u8().await.unwrap());
            }
            let request = String::from_utf8(request).unwrap();
            let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
            let accept = switchover_tokio::switchover::handshake::Key::parse(key.as_bytes()).unwrap().accept();
            let mut bytes = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n".to_vec();
            bytes.extend(b"HTTP/1.1 101 \r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ");
            bytes.extend(accept);
            bytes.extend(b"\r\n\r\n");
            bytes.extend(frame(OpCode::Text, b"early", false));
            far.write_all(&bytes).await.unwrap();
            far.read_u8().await.unwrap_err();
        });
        let (mut client, _) = client(near, &offer(), &Options::default()).await.unwrap();
        assert_eq!(client.receive().await.unwrap(), Some(Event::Text("early".into())));
    }
}

#[tokio::test]
async fn a_refusal_arrives_whole() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let refusal = Refusal::new(Status::UNAUTHORIZED)
        .and_then(|refusal| refusal.field("WWW-Authenticate", "Basic realm=\"notifications\""))
        .and_then(|refusal| refusal.body("text/plain", vec![b'x'; 60_000]))
        .unwrap();
    let refused = refusal.clone();
    let server =
        tokio::spawn(
            async move { accept_with(listener.accept().await.unwrap().0, |_| Err(refused)).await.unwrap_err() },
        );
    let Err(ConnectError::Refused(response)) = connect(&url).await else { panic!("not refused") };
    assert_eq!((response.status, response.reason.as_str()), (Status::UNAUTHORIZED, "Unauthorized"));
    assert_eq!(response.values("www-authenticate").collect::<Vec<_>>(), [b"Basic realm=\"notifications\""]);
    assert_eq!((response.body.len(), response.truncated), (60_000, false));
    let AcceptError::Refused(sent) = server.await.unwrap() else { panic!("not refused") };
    assert_eq!(sent, refusal);
}

/// Bytes that the server does not want must not cost the client the response: no reset.
#[tokio::test]
async fn a_refusal_survives_unread_bytes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let server = tokio::spawn(async move { accept(listener.accept().await.unwrap().0).await.map(drop).unwrap_err() });
    let mut bytes = b"GET / HTTP/1.1\r\nHost: example.com\r\nX: ".to_vec();
    bytes.resize(3_000_000, b'a');
    near.write_all(&bytes).await.unwrap();
    near.shutdown().await.unwrap();
    let mut response = String::new();
    near.read_to_string(&mut response).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 431 "), "{response}");
    assert!(matches!(server.await.unwrap(), AcceptError::Refused(refusal) if refusal.status().as_u16() == 431));
}

#[tokio::test]
async fn a_plain_request_gets_what_the_server_likes() {
    let cases = [("/", 200, "a page"), ("/none", 426, "WebSocket only")];
    for (path, status, text) in cases {
        let (mut near, far) = duplex(64);
        let decide = |request: &Request<'_>| match request {
            Request::Http(request) if request.path() == "/" => {
                Err(Refusal::new(Status::OK).unwrap().body("text/plain", "a page").unwrap())
            }
            // For a request that does not ask for WebSocket this is no acceptance.
            _ => Ok(Choice::new()),
        };
        let options = Options::default();
        let request = format!("GET {path} HTTP/1.1\r\nHost: example.com\r\n\r\n");
        let talk = async {
            near.write_all(request.as_bytes()).await.unwrap();
            let mut response = String::new();
            near.read_to_string(&mut response).await.unwrap();
            drop(near);
            response
        };
        let (answered, response) = tokio::join!(answer(far, &options, decide), talk);
        assert!(matches!(answered, Err(AcceptError::Refused(refusal)) if refusal.status().as_u16() == status));
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")) && response.contains(text), "{response}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_is_timed_out() {
    let (mut near, far) = duplex(1000);
    let start = Instant::now();
    near.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    let server = tokio::spawn(accept(far));
    let mut response = String::new();
    near.read_to_string(&mut response).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 408 "), "{response}");
    assert_eq!(start.elapsed().as_secs(), 10);
    // The client goes on saying nothing, and the server does not wait for it for ever.
    assert!(matches!(server.await.unwrap(), Err(AcceptError::Refused(_))));
    assert_eq!(start.elapsed().as_secs(), 15);
}

/// Half a 101 is not followed by a 408.
#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_given_up() {
    let (mut near, far) = duplex(10);
    let server = tokio::spawn(accept(far));
    near.write_all(REQUEST.as_bytes()).await.unwrap();
    let start = Instant::now();
    let Err(AcceptError::Io(error)) = server.await.unwrap() else { panic!("accepted") };
    assert_eq!((error.kind(), start.elapsed().as_secs()), (std::io::ErrorKind::TimedOut, 10));
    let mut response = String::new();
    near.read_to_string(&mut response).await.unwrap();
    assert_eq!(response, "HTTP/1.1 1");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_is_timed_out() {
    let (near, _far) = duplex(1000);
    let options = Options { handshake: Duration::from_secs(3), ..Options::default() };
    let start = Instant::now();
    assert!(matches!(client(near, &offer(), &options).await, Err(ConnectError::Timeout)));
    assert_eq!(start.elapsed().as_secs(), 3);
}

#[tokio::test]
async fn no_deadline_is_too_long() {
    let (near, far) = duplex(1000);
    let options = Options { handshake: Duration::MAX, ..Options::default() };
    let offer = offer();
    let (connected, accepted) =
        tokio::join!(client(near, &offer, &options), answer(far, &options, |_| Ok(Choice::new())));
    assert!(connected.is_ok() && accepted.is_ok());
}

#[tokio::test]
async fn ends_without_an_answer() {
    let (near, far) = duplex(1000);
    drop(near);
    assert!(matches!(accept(far).await, Err(AcceptError::Closed)));

    let (near, mut far) = duplex(1000);
    far.shutdown().await.unwrap();
    assert!(matches!(client(near, &offer(), &Options::default()).await, Err(ConnectError::Handshake(_))));
}

#[tokio::test]
async fn urls_that_lead_nowhere() {
    assert!(matches!(connect("http://example.com/").await, Err(ConnectError::Url(_))));
    let Err(ConnectError::Secure(offer)) = connect("wss://example.com/").await else { panic!("connected") };
    assert_eq!(offer.url().to_string(), "wss://example.com/");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    drop(listener);
    assert!(matches!(connect(&url).await, Err(ConnectError::Io(_))));
}

#[tokio::test]
async fn connects_by_name() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://localhost:{}/", listener.local_addr().unwrap().port());
    let server = tokio::spawn(async move {
        let mut server = accept(listener.accept().await.unwrap().0).await.unwrap();
        server.send("hello").await.unwrap();
        server.close(1000, "").await.unwrap()
    });
    let options = Options::default();
    let (mut client, _) = connect_with(&switchover_tokio::Offer::new(url.parse().unwrap()), &options).await.unwrap();
    assert!(client.get_ref().nodelay().unwrap());
    assert_eq!(client.receive().await.unwrap(), Some(Event::Text("hello".into())));
    let refused = client.send(Message::Ping(vec![0; 126].into())).await;
    assert!(refused.is_err());
    let closed = client.receive().await.unwrap();
    assert!(matches!(closed, Some(Event::Closed(closed)) if closed.code().as_u16() == 1000));
    timeout(Duration::from_secs(5), server).await.unwrap().unwrap();
}
