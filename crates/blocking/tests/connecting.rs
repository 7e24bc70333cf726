//! How a client comes to its server: redirections, credentials and proxies, over loopback.
#![allow(clippy::unwrap_used, clippy::panic, reason = "this is how a test fails")]

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use switchover_blocking::{
    Choice, ConnectError, Credentials, Duplex, Event, Offer, Options, Proxy, accept_with, connect_through,
    connect_with,
    switchover::{
        handshake::{HandshakeError, RedirectError},
        header::FieldsView,
    },
    tunnel,
};

fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// A head, up to the empty line and not beyond.
fn read_head(stream: &mut impl Read) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    String::from_utf8(head).unwrap()
}

/// Gives each of these responses to one connection, and its requests in the end.
fn respond(listener: TcpListener, responses: Vec<String>) -> JoinHandle<Vec<String>> {
    thread::spawn(move || {
        let answer = |response: String| {
            let mut stream = listener.accept().unwrap().0;
            let request = read_head(&mut stream);
            stream.write_all(response.as_bytes()).unwrap();
            request
        };
        responses.into_iter().map(answer).collect()
    })
}

fn redirection(location: &str) -> String {
    format!("HTTP/1.1 308 Permanent Redirect\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")
}

/// Accepts one connection and says hello, and gives the fields of the request.
fn greet(listener: TcpListener) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut request = String::new();
        let mut server = accept_with(listener.accept().unwrap().0, |proposal| {
            for field in proposal.view().fields() {
                request += &format!("{}: {}\r\n", field.name, String::from_utf8_lossy(field.value));
            }
            Ok(Choice::new())
        })
        .unwrap();
        server.send("hello").unwrap();
        server.close(1000, "").unwrap();
        request
    })
}

/// A proxy for this many connections that wants credentials. Gives the requests.
fn proxy(listener: TcpListener, connections: usize) -> JoinHandle<Vec<String>> {
    thread::spawn(move || {
        let mut requests = Vec::new();
        for _ in 0..connections {
            let mut near = listener.accept().unwrap().0;
            let request = read_head(&mut near);
            requests.push(request.clone());
            if !request.contains("\r\nProxy-Authorization: Basic cHJveHk6c2VjcmV0\r\n") {
                let response = "HTTP/1.1 407 \r\nProxy-Authenticate: Basic realm=\"p\"\r\nContent-Length: 0\r\n\r\n";
                near.write_all(response.as_bytes()).unwrap();
                continue;
            }
            let authority = request.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next()).unwrap();
            let mut far = TcpStream::connect(authority).unwrap();
            near.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
            let (mut from, mut to) = (near.try_clone().unwrap(), far.try_clone().unwrap());
            let sending = thread::spawn(move || {
                let _ = io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Write);
            });
            let _ = io::copy(&mut far, &mut near);
            let _ = near.shutdown(Shutdown::Write);
            sending.join().unwrap();
        }
        requests
    })
}

fn offer(address: SocketAddr) -> Offer {
    Offer::new(format!("ws://{address}/").parse().unwrap())
        .cookies("a=1")
        .and_then(|offer| offer.field("X-Other", "other"))
        .unwrap()
        .authorization(&Credentials::bearer("token").unwrap())
}

fn following(redirects: usize) -> Options {
    Options { redirects, ..Options::default() }
}

/// Requirement 25. A redirection is followed where the caller says so; its credentials stay within their origin.
#[test]
fn a_redirection_is_followed() {
    let ((first, address), (second, other)) = (listen(), listen());
    let redirecting = respond(first, vec![redirection("/v2"), redirection(&format!("http://{other}/"))]);
    let greeting = greet(second);
    let (mut client, _) = connect_with(&offer(address), &following(2)).unwrap();
    assert_eq!(client.receive().unwrap(), Some(Event::Text("hello".into())));
    while client.receive().unwrap().is_some() {}
    let requests = redirecting.join().unwrap();
    for (request, target) in requests.iter().zip(["/", "/v2"]) {
        assert!(request.starts_with(&format!("GET {target} HTTP/1.1\r\n")), "{request}");
        assert!(request.contains("\r\nCookie: a=1\r\n") && request.contains("\r\nAuthorization: Bearer token\r\n"));
    }
    let request = greeting.join().unwrap();
    assert!(request.contains("\r\nX-Other: other\r\n"), "{request}");
    assert!(!request.contains("Cookie") && !request.contains("Authorization"), "{request}");
}

#[test]
fn redirections_are_bounded_and_off_by_default() {
    for redirects in [0, 1, 3] {
        let (listener, address) = listen();
        let serving = respond(listener, vec![redirection("/"); redirects + 1]);
        match connect_with(&offer(address), &following(redirects)).map(drop) {
            Err(ConnectError::Refused(response)) if redirects == 0 => assert_eq!(response.status.as_u16(), 308),
            Err(ConnectError::Redirect(error, response)) if redirects > 0 => {
                assert_eq!((error, response.status.as_u16()), (RedirectError::TooMany, 308));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(serving.join().unwrap().len(), redirects + 1);
    }
    assert_eq!(Options::default().redirects, 0);
}

/// The way into TLS is the caller's to go, with what is left of its offer.
#[test]
fn a_redirection_to_tls_gives_the_offer_for_it() {
    let (listener, address) = listen();
    let serving = respond(listener, vec![redirection("https://example.com/v2")]);
    let Err(ConnectError::Secure(next)) = connect_with(&offer(address), &following(1)) else { panic!("connected") };
    let expected = Offer::new("wss://example.com/v2".parse().unwrap()).field("X-Other", "other").unwrap();
    assert_eq!(*next, expected);
    serving.join().unwrap();
}

/// Requirement 25. A 401 comes with its challenge, and the next attempt answers it.
#[test]
fn a_challenge_is_answered() {
    let (listener, address) = listen();
    let challenge =
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 5\r\n\r\nlogin";
    let serving = thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        read_head(&mut stream);
        stream.write_all(challenge.as_bytes()).unwrap();
        greet(listener).join().unwrap()
    });
    let Err(ConnectError::Refused(response)) = connect_with(&offer(address), &following(5)) else { panic!("accepted") };
    assert_eq!(response.values("www-authenticate").collect::<Vec<_>>(), [b"Basic realm=\"x\""]);
    assert_eq!((response.status.as_u16(), &response.body[..]), (401, &b"login"[..]));
    let offer = offer(address).authorization(&Credentials::basic("Aladdin", "open sesame").unwrap());
    let (mut client, _) = connect_with(&offer, &Options::default()).unwrap();
    while client.receive().unwrap().is_some() {}
    let request = serving.join().unwrap();
    assert!(request.contains("\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"), "{request}");
}

/// Each connection takes a tunnel of its own, for which the proxy gets its own credentials and nothing of the offer.
#[test]
fn a_proxy_makes_tunnels() {
    let ((near, proxy_address), (first, address), (second, other)) = (listen(), listen(), listen());
    let proxying = proxy(near, 3);
    let redirecting = respond(first, vec![redirection(&format!("//{other}/"))]);
    let greeting = greet(second);
    let proxy: Proxy = format!("http://{proxy_address}").parse().unwrap();
    let refused = connect_through(&proxy, &offer(address), &following(1));
    let Err(ConnectError::Proxy(response)) = refused else { panic!("not refused") };
    assert_eq!(response.values("proxy-authenticate").collect::<Vec<_>>(), [b"Basic realm=\"p\""]);
    let proxy = proxy.authorization(&Credentials::basic("proxy", "secret").unwrap());
    let (mut client, _) = connect_through(&proxy, &offer(address), &following(1)).unwrap();
    assert_eq!(client.get_ref().read_timeout().unwrap(), None);
    assert_eq!(client.receive().unwrap(), Some(Event::Text("hello".into())));
    while client.receive().unwrap().is_some() {}
    drop(client);
    assert!(redirecting.join().unwrap()[0].contains("\r\nCookie: a=1\r\n"));
    let request = greeting.join().unwrap();
    assert!(!request.contains("uthorization") && !request.contains("Cookie"), "{request}");
    let requests = proxying.join().unwrap();
    let line = "Proxy-Authorization: Basic cHJveHk6c2VjcmV0\r\n";
    for (request, (authority, line)) in requests.iter().zip([(address, ""), (address, line), (other, line)]) {
        assert_eq!(request, &format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{line}\r\n"));
    }
}

/// What is between the head that makes a tunnel and the first request through it comes from nobody who was asked.
#[test]
fn a_tunnel_is_empty_at_first() {
    struct Pipe(&'static [u8], Vec<u8>);
    impl Read for Pipe {
        fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
            self.0.read(bytes)
        }
    }
    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1.write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    impl Duplex for Pipe {}

    let (proxy, url) = ("http://proxy".parse().unwrap(), "wss://example.com/".parse().unwrap());
    let through = |response| tunnel(Pipe(response, Vec::new()), &proxy, &url, &Options::default());
    let pipe = through(b"HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\n").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(pipe.1, b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n");
    let early = through(b"HTTP/1.1 200 \r\n\r\nHTTP/1.1 101 ").err();
    assert!(matches!(early, Some(ConnectError::Handshake(HandshakeError::EarlyData))));
    assert!(matches!(through(b"").err(), Some(ConnectError::Handshake(HandshakeError::Closed))));
}

/// One deadline is for everything together: a proxy that says nothing uses it up.
#[test]
fn a_proxy_that_says_nothing_is_timed_out() {
    let (_listener, address) = listen();
    let options = Options { handshake: Duration::from_millis(100), ..Options::default() };
    let start = Instant::now();
    let proxy: Proxy = format!("http://{address}").parse().unwrap();
    assert!(matches!(connect_through(&proxy, &offer(address), &options).map(drop), Err(ConnectError::Timeout)));
    assert!(start.elapsed() >= Duration::from_millis(100));
}
