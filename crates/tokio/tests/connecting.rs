//! How a client comes to its server: redirections, credentials and proxies, over loopback.
#![allow(clippy::unwrap_used, clippy::panic, reason = "this is how a test fails")]

use std::net::SocketAddr;

use switchover_tokio::{
    Choice, ConnectError, Credentials, Event, Offer, Options, OriginPolicy, Proxy, SubprotocolPolicy, accept_with,
    connect_through, connect_with,
    switchover::{
        handshake::{HandshakeError, RedirectError, UrlError},
        header::FieldsView,
    },
    tunnel,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional, duplex},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// A head, up to the empty line and not beyond.
async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// Gives each of these responses to one connection, and its requests in the end.
fn respond(listener: TcpListener, responses: Vec<String>) -> JoinHandle<Vec<String>> {
    tokio::spawn(async move {
        let mut requests = Vec::new();
        for response in responses {
            let mut stream = listener.accept().await.unwrap().0;
            requests.push(read_head(&mut stream).await);
            stream.write_all(response.as_bytes()).await.unwrap();
        }
        requests
    })
}

fn redirection(location: &str) -> String {
    format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")
}

/// Accepts one connection and says hello, and gives the request.
fn greet(listener: TcpListener) -> JoinHandle<String> {
    tokio::spawn(async move {
        let mut request = String::new();
        let stream = listener.accept().await.unwrap().0;
        let mut server = accept_with(stream, |proposal| {
            request = format!("GET {}\r\n", proposal.path());
            for field in proposal.view().fields() {
                request += &format!("{}: {}\r\n", field.name, String::from_utf8_lossy(field.value));
            }
            let choice = Choice::new().subprotocols(SubprotocolPolicy::server_order(["chat"]).unwrap());
            Ok(choice.origins(OriginPolicy::any()))
        })
        .await
        .unwrap();
        server.send("hello").await.unwrap();
        server.close(1000, "").await.unwrap();
        request
    })
}

/// Everything an offer can have.
fn offer(url: &str) -> Offer {
    Offer::new(url.parse().unwrap())
        .subprotocol("chat")
        .and_then(|offer| offer.origin("https://page.example"))
        .and_then(|offer| offer.cookies("a=1"))
        .and_then(|offer| offer.credential("X-Api-Key", "key"))
        .and_then(|offer| offer.field("X-Other", "other"))
        .unwrap()
        .authorization(&Credentials::bearer("token").unwrap())
}

const CREDENTIALS: [&str; 3] = ["\r\nAuthorization: Bearer token\r\n", "\r\nCookie: a=1\r\n", "\r\nX-Api-Key: key\r\n"];
const OTHERS: [&str; 3] =
    ["\r\nOrigin: https://page.example\r\n", "\r\nSec-WebSocket-Protocol: chat\r\n", "\r\nX-Other: other\r\n"];

fn following(redirects: usize) -> Options {
    Options { redirects, ..Options::default() }
}

/// Requirement 25. A redirection within the origin is followed with everything that was offered.
#[tokio::test]
async fn a_redirection_is_followed() {
    let (listener, address) = listen().await;
    let serving = tokio::spawn(async move {
        let mut requests = Vec::new();
        for location in ["/v2?a", &format!("http://{address}/v3/x")] {
            let mut stream = listener.accept().await.unwrap().0;
            requests.push(read_head(&mut stream).await);
            stream.write_all(redirection(location).as_bytes()).await.unwrap();
        }
        requests.push(greet(listener).await.unwrap());
        requests
    });
    let (mut client, _) = connect_with(&offer(&format!("ws://{address}/v1")), &following(2)).await.unwrap();
    assert_eq!(client.receive().await.unwrap(), Some(Event::Text("hello".into())));
    assert_eq!(client.agreement().subprotocol(), Some("chat"));
    while client.receive().await.unwrap().is_some() {}
    let requests = serving.await.unwrap();
    for (request, target) in requests.iter().zip(["/v1", "/v2?a", "/v3/x"]) {
        assert!(request.starts_with(&format!("GET {target}")), "{request}");
        assert!(CREDENTIALS.iter().chain(&OTHERS).all(|line| request.contains(line)), "{request}");
    }
}

/// Another port is another origin: credentials stay behind, the rest goes along.
#[tokio::test]
async fn credentials_stay_within_their_origin() {
    let ((first, address), (second, other)) = (listen().await, listen().await);
    let redirecting = respond(first, vec![redirection(&format!("http://{other}/"))]);
    let greeting = greet(second);
    let (mut client, _) = connect_with(&offer(&format!("ws://{address}/")), &following(1)).await.unwrap();
    while client.receive().await.unwrap().is_some() {}
    let before = redirecting.await.unwrap().remove(0);
    assert!(CREDENTIALS.iter().chain(&OTHERS).all(|line| before.contains(line)), "{before}");
    let after = greeting.await.unwrap();
    assert!(OTHERS.iter().all(|line| after.contains(line)), "{after}");
    assert!(!CREDENTIALS.iter().any(|line| after.contains(line)), "{after}");
}

/// Nobody is led anywhere who did not ask for it.
#[tokio::test]
async fn redirections_are_not_followed_by_default() {
    let (listener, address) = listen().await;
    let serving = respond(listener, vec![redirection("/v2")]);
    let refused = connect_with(&offer(&format!("ws://{address}/")), &Options::default()).await;
    let Err(ConnectError::Refused(response)) = refused else { panic!("not refused") };
    assert_eq!((response.status.as_u16(), response.values("location").next()), (307, Some(&b"/v2"[..])));
    serving.await.unwrap();
}

#[tokio::test]
async fn redirections_that_lead_nowhere_are_errors() {
    for (location, redirects, expected) in [
        ("/", 3, RedirectError::TooMany),
        ("ftp://127.0.0.1/", 1, RedirectError::Location(UrlError::Scheme)),
        ("//user@127.0.0.1/", 1, RedirectError::Location(UrlError::UserInfo)),
    ] {
        let (listener, address) = listen().await;
        let attempts = if expected == RedirectError::TooMany { redirects + 1 } else { 1 };
        let serving = respond(listener, vec![redirection(location); attempts]);
        let failed = connect_with(&offer(&format!("ws://{address}/")), &following(redirects)).await;
        let Err(ConnectError::Redirect(error, response)) = failed else { panic!("{location}") };
        assert_eq!((error, response.status.as_u16()), (expected, 307));
        assert_eq!(serving.await.unwrap().len(), attempts);
    }
}

/// The way into TLS is the caller's to go, with what is left of its offer.
#[tokio::test]
async fn a_redirection_to_tls_gives_the_offer_for_it() {
    let (listener, address) = listen().await;
    let serving = respond(listener, vec![redirection("https://example.com/v2")]);
    let failed = connect_with(&offer(&format!("ws://{address}/")), &following(1)).await;
    let Err(ConnectError::Secure(next)) = failed else { panic!("not refused") };
    let expected = Offer::new("wss://example.com/v2".parse().unwrap())
        .subprotocol("chat")
        .and_then(|offer| offer.origin("https://page.example"))
        .and_then(|offer| offer.field("X-Other", "other"))
        .unwrap();
    assert_eq!(*next, expected);
    serving.await.unwrap();
}

/// Requirement 25. A 401 comes with its challenge, and the next attempt answers it.
#[tokio::test]
async fn a_challenge_is_answered() {
    let (listener, address) = listen().await;
    let challenge =
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 5\r\n\r\nlogin";
    let serving = tokio::spawn(async move {
        let mut stream = listener.accept().await.unwrap().0;
        let first = read_head(&mut stream).await;
        stream.write_all(challenge.as_bytes()).await.unwrap();
        (first, greet(listener).await.unwrap())
    });
    let offer = Offer::new(format!("ws://{address}/").parse().unwrap());
    let refused = connect_with(&offer, &following(5)).await;
    let Err(ConnectError::Refused(response)) = refused else { panic!("not refused") };
    assert_eq!(response.values("www-authenticate").collect::<Vec<_>>(), [b"Basic realm=\"x\""]);
    assert_eq!((response.status.as_u16(), &response.body[..]), (401, &b"login"[..]));

    let offer = offer.authorization(&Credentials::basic("Aladdin", "open sesame").unwrap());
    let (mut client, _) = connect_with(&offer, &following(5)).await.unwrap();
    while client.receive().await.unwrap().is_some() {}
    let (first, second) = serving.await.unwrap();
    assert!(!first.contains("Authorization"), "{first}");
    assert!(second.contains("\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"), "{second}");
}

/// A proxy for this many connections, which wants these credentials, if any. Gives the requests.
fn proxy(listener: TcpListener, connections: usize, credentials: Option<&'static str>) -> JoinHandle<Vec<String>> {
    tokio::spawn(async move {
        let (mut requests, mut tunnels) = (Vec::new(), JoinSet::new());
        for _ in 0..connections {
            let mut near = listener.accept().await.unwrap().0;
            let request = read_head(&mut near).await;
            requests.push(request.clone());
            let line = credentials.map(|credentials| format!("\r\nProxy-Authorization: {credentials}\r\n"));
            if line.is_some_and(|line| !request.contains(&line)) {
                let response = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"p\"\r\n\
                                Content-Length: 5\r\n\r\nlogin";
                near.write_all(response.as_bytes()).await.unwrap();
                continue;
            }
            let authority = request.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next()).unwrap();
            let mut far = TcpStream::connect(authority).await.unwrap();
            tunnels.spawn(async move {
                // RFC 9110, section 9.3.6: a length means nothing here.
                let response = b"HTTP/1.1 200 Connection established\r\nContent-Length: 7\r\n\r\n";
                near.write_all(response).await.unwrap();
                let _ = copy_bidirectional(&mut near, &mut far).await;
            });
        }
        tunnels.join_all().await;
        requests
    })
}

fn proxy_at(address: SocketAddr) -> Proxy {
    format!("http://{address}").parse().unwrap()
}

/// The proxy gets no more than where to, and the server what was offered.
#[tokio::test]
async fn a_proxy_makes_a_tunnel() {
    let ((near, proxy_address), (far, address)) = (listen().await, listen().await);
    let (proxying, greeting) = (proxy(near, 1, None), greet(far));
    let offer = offer(&format!("ws://{address}/"));
    let (mut client, _) = connect_through(&proxy_at(proxy_address), &offer, &Options::default()).await.unwrap();
    assert!(client.get_ref().nodelay().unwrap());
    assert_eq!(client.receive().await.unwrap(), Some(Event::Text("hello".into())));
    while client.receive().await.unwrap().is_some() {}
    let request = greeting.await.unwrap();
    assert!(CREDENTIALS.iter().chain(&OTHERS).all(|line| request.contains(line)), "{request}");
    drop(client);
    assert_eq!(proxying.await.unwrap(), [format!("CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n\r\n")]);
}

/// A proxy that wants credentials says so, and the server never sees them.
#[tokio::test]
async fn a_proxy_gets_credentials_of_its_own() {
    let ((near, proxy_address), (far, address)) = (listen().await, listen().await);
    let proxying = proxy(near, 3, Some("Basic cHJveHk6c2VjcmV0"));
    let greeting = greet(far);
    let (proxy, offer) = (proxy_at(proxy_address), offer(&format!("ws://{address}/")));
    let wrong = proxy.clone().authorization(&Credentials::basic("proxy", "guess").unwrap());
    for refused in [&proxy, &wrong] {
        let refused = connect_through(refused, &offer, &following(1)).await;
        let Err(ConnectError::Proxy(response)) = refused else { panic!("not refused") };
        assert_eq!(response.values("proxy-authenticate").collect::<Vec<_>>(), [b"Basic realm=\"p\""]);
        assert_eq!((response.status.as_u16(), &response.body[..]), (407, &b"login"[..]));
    }
    let right = wrong.authorization(&Credentials::basic("proxy", "secret").unwrap());
    let (mut client, _) = connect_through(&right, &offer, &Options::default()).await.unwrap();
    while client.receive().await.unwrap().is_some() {}
    drop(client);
    let request = greeting.await.unwrap();
    assert!(!request.contains("Proxy-Authorization") && OTHERS.iter().all(|line| request.contains(line)), "{request}");
    for request in proxying.await.unwrap() {
        assert!(!CREDENTIALS.iter().chain(&OTHERS).any(|line| request.contains(line)), "{request}");
    }
}

/// Where a redirection leads elsewhere, the proxy is asked again, with its own credentials: it is still the same one.
#[tokio::test]
async fn a_redirection_takes_another_tunnel() {
    let (near, proxy_address) = listen().await;
    let ((first, address), (second, other)) = (listen().await, listen().await);
    let proxying = proxy(near, 2, Some("Basic cHJveHk6c2VjcmV0"));
    let redirecting = respond(first, vec![redirection(&format!("//{other}/"))]);
    let greeting = greet(second);
    let proxy = proxy_at(proxy_address).authorization(&Credentials::basic("proxy", "secret").unwrap());
    let offer = offer(&format!("ws://{address}/"));
    let (mut client, _) = connect_through(&proxy, &offer, &following(1)).await.unwrap();
    while client.receive().await.unwrap().is_some() {}
    drop(client);
    redirecting.await.unwrap();
    let request = greeting.await.unwrap();
    assert!(!CREDENTIALS.iter().any(|line| request.contains(line)), "{request}");
    let requests = proxying.await.unwrap();
    assert!(requests[0].starts_with(&format!("CONNECT {address} ")), "{}", requests[0]);
    assert!(requests[1].starts_with(&format!("CONNECT {other} ")), "{}", requests[1]);
}

/// What is between the head that makes a tunnel and the first request through it comes from nobody who was asked.
#[tokio::test]
async fn a_tunnel_is_empty_at_first() {
    let url = "wss://example.com/".parse().unwrap();
    let request = b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n";
    let proxy: Proxy = "http://proxy.example/".parse().unwrap();
    for (response, early) in [("HTTP/1.1 200 \r\n\r\n", false), ("HTTP/1.0 299 x\r\n\r\nHTTP/1.1 101 ", true)] {
        let (near, mut far) = duplex(1000);
        let options = Options::default();
        let talk = async {
            let mut received = [0; 59];
            far.read_exact(&mut received).await.unwrap();
            far.write_all(response.as_bytes()).await.unwrap();
            received
        };
        let (tunnelled, received) = tokio::join!(tunnel(near, &proxy, &url, &options), talk);
        assert_eq!(received, *request);
        match tunnelled {
            Ok(mut io) => {
                assert!(!early);
                io.write_all(b"TLS").await.unwrap();
                let mut through = [0; 3];
                far.read_exact(&mut through).await.unwrap();
                assert_eq!(&through, b"TLS");
            }
            Err(ConnectError::Handshake(HandshakeError::EarlyData)) => assert!(early),
            Err(error) => panic!("{error}"),
        }
    }
}

/// A proxy that goes away, or answers no tunnel at all, is no server.
#[tokio::test]
async fn a_proxy_without_a_tunnel_is_an_error() {
    let offer = offer("ws://example.com/");
    let not_offered = "HTTP/1.1 101 \r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n";
    let redirection = redirection("//evil.example/");
    type Expected = fn(&ConnectError) -> bool;
    let cases: [(&str, Expected); 5] = [
        ("", |error| matches!(error, ConnectError::Handshake(HandshakeError::Closed))),
        ("SSH-2.0-x\r\n", |error| matches!(error, ConnectError::Handshake(HandshakeError::Head(_)))),
        (not_offered, |error| matches!(error, ConnectError::Handshake(HandshakeError::ProtocolNotOffered))),
        (&redirection, |error| matches!(error, ConnectError::Proxy(response) if response.status.as_u16() == 307)),
        ("HTTP/1.1 502 \r\nContent-Length: 0\r\n\r\n", |error| matches!(error, ConnectError::Proxy(_))),
    ];
    for (response, expected) in cases {
        let (listener, address) = listen().await;
        let serving = respond(listener, vec![response.to_owned()]);
        let error = connect_through(&proxy_at(address), &offer, &following(1)).await.map(drop).unwrap_err();
        assert!(expected(&error), "{error}");
        serving.await.unwrap();
    }
}
