//! The command as it is run: `serve` and `connect` over loopback.
#![allow(clippy::unwrap_used, clippy::panic, reason = "this is how a test fails")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    process::{Child, ChildStdin, Command, Output, Stdio},
    thread::{self, JoinHandle},
    time::{Duration, SystemTime},
};

fn switchover(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_switchover"));
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// `switchover serve` on a free port, ended with the test.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start() -> Self {
        let mut process = switchover(&["serve", "--listen", "127.0.0.1:0"]).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line
            .strip_prefix("listening on http://")
            .and_then(|rest| rest.split_once(' '))
            .map(|(address, rest)| {
                assert_eq!(rest, format!("(ws://{address})\n"));
                address.to_owned()
            })
            .unwrap();
        Self { process, address }
    }

    fn url(&self, path: &str) -> String {
        format!("ws://{}{path}", self.address)
    }

    /// Sends bytes and reads the response to its end.
    fn request(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs `connect` on these lines.
fn connect(arguments: &[&str], input: &str) -> Output {
    let mut process = switchover(arguments).spawn().unwrap();
    let mut stdin = process.stdin.take().unwrap();
    let input = input.to_owned();
    let writing = thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = process.wait_with_output().unwrap();
    let _ = writing.join().unwrap();
    output
}

#[test]
fn lines_come_back_from_the_echo() {
    let server = Server::start();
    let lines = "one\ntwo é 😀\n\nfour\n";
    let output = connect(&["connect", &server.url("/any/path")], lines);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), lines);
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));

    // More than the network holds, all of it before the Close.
    let lines: String = (0..50_000).map(|number| format!("line {number} of many\n")).collect();
    let output = connect(&["connect", &server.url("/")], &lines);
    assert!(output.stdout == lines.as_bytes());
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn everyone_in_the_chat_hears_everything() {
    let server = Server::start();
    let join = || {
        let mut process = switchover(&["connect", &server.url("/chat")]).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        (process.stdin.take().unwrap(), lines.map(Result::unwrap), process)
    };
    let say = |stdin: &mut ChildStdin, line: &str| writeln!(stdin, "{line}").unwrap();
    let (mut first, mut heard, mut first_process) = join();
    say(&mut first, "anyone?");
    assert_eq!(heard.next().unwrap(), "anyone?");
    let (mut second, mut heard_too, mut second_process) = join();
    say(&mut second, "me");
    for heard in [&mut heard, &mut heard_too] {
        assert_eq!(heard.next().unwrap(), "me");
    }
    drop(first);
    assert!(first_process.wait().unwrap().success());
    // Who leaves is not missed.
    say(&mut second, "gone");
    assert_eq!(heard_too.next().unwrap(), "gone");
    say(&mut second, &"long".repeat(5000));
    let mut reason = String::new();
    second_process.stderr.take().unwrap().read_to_string(&mut reason).unwrap();
    assert!(reason.contains("1009"), "{reason}");
    assert!(!second_process.wait().unwrap().success());
}

/// Who does not read for a while is told why it is closed, and a fast speaker is no trouble.
#[test]
fn a_slow_reader_leaves_the_chat() {
    let server = Server::start();
    let mut slow = TcpStream::connect(&server.address).unwrap();
    let request = "GET /chat HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    slow.write_all(request.as_bytes()).unwrap();
    slow.read_exact(&mut [0; 129]).unwrap();

    let lines = format!("{}\n", "x".repeat(16_000)).repeat(3000);
    let output = connect(&["connect", &server.url("/chat")], &lines);
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert!(output.stdout == lines.as_bytes());

    slow.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut bytes = Vec::new();
    slow.read_to_end(&mut bytes).unwrap();
    assert!(bytes.len() < lines.len());
    assert!(bytes.ends_with(b"\x03\xf5too slow for the chat"));
}

#[test]
fn plain_requests_are_answered() {
    let server = Server::start();
    let page = server.request("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n");
    assert!(page.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"), "{page}");
    assert!(page.contains("new WebSocket(") && page.ends_with("</html>\n"), "{page}");

    let cases = [
        ("GET /?query HTTP/1.1\r\nHost: example.com\r\n\r\n", "200 OK", "<!doctype html>"),
        ("GET /page HTTP/1.1\r\nHost: example.com\r\n\r\n", "404 Not Found", ""),
        (
            "POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 1\r\n\r\nx",
            "405 Method Not Allowed",
            "\r\nAllow: GET\r\n",
        ),
        ("GET / HTTP/1.1\r\n\r\n", "400 Bad Request", "Host"),
        (
            "GET / HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 12\r\n\r\n",
            "426 Upgrade Required",
            "\r\nSec-WebSocket-Version: 13\r\n",
        ),
        (
            "GET / HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nOrigin: https://b.example\r\n\r\n",
            "403 Forbidden",
            "Origin",
        ),
    ];
    for (request, status, text) in cases {
        let response = server.request(request);
        assert!(response.starts_with(&format!("HTTP/1.1 {status}\r\n")) && response.contains(text), "{response}");
    }
}

/// RFC 9110, section 6.6.1: the time at which the response was made, as an IMF-fixdate.
#[test]
fn responses_are_dated() {
    let server = Server::start();
    for (request, status) in [("GET /", "200"), ("GET /page", "404"), ("HEAD /", "405"), ("POST /", "405")] {
        let whole_second = SystemTime::now() - Duration::from_secs(1);
        let response = server.request(&format!("{request} HTTP/1.1\r\nHost: example.com\r\n\r\n"));
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{response}");
        let mut dates = response.lines().filter_map(|line| line.strip_prefix("Date: "));
        let date = dates.next().unwrap();
        let time = httpdate::parse_http_date(date).unwrap();
        assert!(whole_second < time && time <= SystemTime::now(), "{date}");
        assert_eq!(httpdate::fmt_http_date(time), date);
        assert_eq!(dates.next(), None);
    }
}

#[test]
fn a_refusal_is_shown() {
    let server = Server::start();
    let output = connect(&["connect", &server.url("/"), "--header", "Origin: https://b.example"], "");
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.starts_with("switchover: the server refused with 403 Forbidden\nOrigin is not"), "{error}");
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b""[..]));
}

/// Gives one connection this response and reads its request.
fn respond(listener: TcpListener, response: String) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        let request = read_head(&mut stream);
        stream.write_all(response.as_bytes()).unwrap();
        request
    })
}

fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    String::from_utf8(head).unwrap()
}

fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

#[test]
fn options_reach_the_handshake() {
    for (options, authorization) in [
        (&["--header", "Authorization: Bearer a:b"], "Bearer a:b"),
        (&["--bearer", "token"], "Bearer token"),
        (&["--user", "Aladdin:open sesame"], "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
    ] {
        let (listener, address) = listen();
        let response = "HTTP/1.1 401 Who are you\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 13\r\n\r\n\
                        members only\n";
        let serving = respond(listener, response.to_owned());
        let url = format!("ws://{address}/path?query");
        let others = ["--subprotocol", "chat.v2", "--subprotocol", "chat", "--cookie", "a=1; b=2", "--cookie", "c=3"];
        let origin = ["--origin", "https://page.example"];
        let output = connect(&[&["connect", &url], &others[..], &origin, options].concat(), "");
        let request = serving.join().unwrap();
        assert!(request.starts_with("GET /path?query HTTP/1.1\r\n"), "{request}");
        for line in [
            "Sec-WebSocket-Protocol: chat.v2, chat",
            "Origin: https://page.example",
            "Cookie: a=1; b=2; c=3",
            &format!("Authorization: {authorization}"),
        ] {
            assert!(request.contains(&format!("\r\n{line}\r\n")), "{request}");
        }
        let error = String::from_utf8(output.stderr).unwrap();
        let expected = "switchover: the server refused with 401 Who are you\nWWW-Authenticate: Basic realm=\"x\"\n\
                        members only\n";
        assert_eq!((error.as_str(), output.status.code()), (expected, Some(1)));
    }
}

#[test]
fn redirections_are_followed_on_demand() {
    let server = Server::start();
    let redirect = || {
        let (listener, address) = listen();
        let location = server.url("/");
        (respond(listener, format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")), address)
    };
    let (serving, address) = redirect();
    let output = connect(&["connect", &format!("ws://{address}/"), "--max-redirects", "1"], "there\n");
    serving.join().unwrap();
    assert_eq!((String::from_utf8(output.stdout).unwrap().as_str(), output.status.code()), ("there\n", Some(0)));

    let (serving, address) = redirect();
    let output = connect(&["connect", &format!("ws://{address}/")], "");
    serving.join().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    let expected = format!("switchover: the server refused with 302 Found\nLocation: {}\n", server.url("/"));
    assert_eq!((error, output.status.code()), (expected, Some(1)));
}

#[test]
fn a_proxy_is_asked_for_a_tunnel() {
    let server = Server::start();
    let (listener, address) = listen();
    let authority = server.address.clone();
    let proxying = thread::spawn(move || {
        let mut near = listener.accept().unwrap().0;
        let request = read_head(&mut near);
        let mut far = TcpStream::connect(authority).unwrap();
        near.write_all(b"HTTP/1.1 200 \r\n\r\n").unwrap();
        let (mut from, mut to) = (near.try_clone().unwrap(), far.try_clone().unwrap());
        let sending = thread::spawn(move || std::io::copy(&mut from, &mut to));
        std::io::copy(&mut far, &mut near).unwrap();
        near.shutdown(Shutdown::Write).unwrap();
        sending.join().unwrap().unwrap();
        request
    });
    let proxy = ["--proxy", &format!("http://{address}"), "--proxy-user", "Aladdin:open sesame"];
    let output = connect(&[&["connect", &server.url("/")], &proxy[..]].concat(), "through\n");
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert_eq!((String::from_utf8(output.stdout).unwrap().as_str(), output.status.code()), ("through\n", Some(0)));
    let line = "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";
    let server = &server.address;
    assert_eq!(proxying.join().unwrap(), format!("CONNECT {server} HTTP/1.1\r\nHost: {server}\r\n{line}\r\n\r\n"));

    let (listener, address) = listen();
    let response = "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"p\"\r\nContent-Length: 0\r\n\r\n";
    let serving = respond(listener, response.to_owned());
    let output = connect(&["connect", "ws://example.com/", "--proxy", &format!("http://{address}/")], "");
    serving.join().unwrap();
    let expected = "switchover: the proxy refused with 407 No\nProxy-Authenticate: Basic realm=\"p\"\n";
    assert_eq!((String::from_utf8(output.stderr).unwrap().as_str(), output.status.code()), (expected, Some(1)));
}

#[test]
fn mistakes_are_told() {
    for (arguments, text) in [
        (&["connect", "http://example.com/"][..], "ws://"),
        (&["connect", "wss://example.com/"], "TLS"),
        (&["connect", "ws://example.com/", "--header", "no colon"], "'Name: value'"),
        (&["connect", "ws://example.com/", "--header", "Host: other"], "Host: other"),
        (&["connect", "ws://example.com/", "--user", "name"], "colon"),
        (&["connect", "ws://example.com/", "--user", "a:b", "--bearer", "c"], "cannot be used with"),
        (&["connect", "ws://example.com/", "--bearer", "a b"], "RFC 6750"),
        (&["connect", "ws://example.com/", "--cookie", "a"], "RFC 6265"),
        (&["connect", "ws://example.com/", "--origin", "page.example"], "RFC 6454"),
        (&["connect", "ws://example.com/", "--proxy", "https://proxy"], "http://host"),
        (&["connect", "ws://example.com/", "--proxy", "http://a:b@proxy"], "http://host"),
        (&["connect", "ws://example.com/", "--proxy-user", "a:b"], "--proxy <URL>"),
        (&["connect", "ws://example.com/", "--proxy", "http://proxy", "--proxy-user", "name"], "colon"),
        (&["serve", "--listen", "here"], "invalid"),
    ] {
        let output = connect(arguments, "");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && error.contains(text), "{error}");
    }
}

/// Interrupted, the server closes its connections with 1001 and ends with success.
#[cfg(unix)]
#[test]
fn an_interrupt_closes_everything() {
    let mut server = Server::start();
    let mut waiting = switchover(&["connect", &server.url("/")]).spawn().unwrap();
    let mut stdin = waiting.stdin.take().unwrap();
    writeln!(stdin, "hello").unwrap();
    let mut line = String::new();
    BufReader::new(waiting.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "hello\n");
    let id = server.process.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    assert!(server.process.wait().unwrap().success());
    let mut error = String::new();
    waiting.stderr.take().unwrap().read_to_string(&mut error).unwrap();
    assert!(error.contains("1001") && error.contains("the server stops"), "{error}");
    // Standard input is still open, and does not keep the process.
    assert!(!waiting.wait().unwrap().success());
    drop(stdin);
}
