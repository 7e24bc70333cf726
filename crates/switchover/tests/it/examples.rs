//! The examples serve real sockets: a whole conversation, and a refusal that arrives.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use switchover_testkit::frames::{self, RawFrame};

#[path = "../../examples/blocking_echo.rs"]
#[expect(dead_code, reason = "main is for who runs the example")]
mod blocking_echo;
#[path = "../../examples/readiness.rs"]
#[expect(dead_code, reason = "main is for who runs the example")]
mod readiness;

const REQUEST: &[u8] = b"GET /notifications HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// Sends `bytes` in two pieces while it reads to the server's end of stream; a reset is an error.
fn exchange(mut stream: TcpStream, bytes: &[u8]) -> Vec<u8> {
    let (first, second) = bytes.split_at(40);
    stream.write_all(first).unwrap();
    let (mut sender, second) = (stream.try_clone().unwrap(), second.to_vec());
    thread::spawn(move || {
        thread::sleep(std::time::Duration::from_millis(20));
        sender.write_all(&second).unwrap();
    });
    let mut received = Vec::new();
    stream.read_to_end(&mut received).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    received
}

fn check(connect: impl Fn() -> TcpStream) {
    let mask = [1, 2, 3, 4];
    let large = vec![7; 300_000];
    let conversation = frames::encode(&[
        RawFrame::text("glued to the request").mask(mask),
        RawFrame::binary(large.clone()).mask(mask),
        RawFrame::ping("?").mask(mask),
        RawFrame::close(1000, "bye").mask(mask),
    ]);
    let expected = frames::encode(&[
        RawFrame::text("glued to the request"),
        RawFrame::binary(large),
        RawFrame::pong("?"),
        RawFrame::close(1000, "bye"),
    ]);
    let received = exchange(connect(), &[REQUEST, &conversation].concat());
    let head = received.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
    assert!(received.starts_with(b"HTTP/1.1 101 Switching Protocols\r\n"));
    assert!(received[head..] == expected, "{} bytes", received.len() - head);

    let received = exchange(connect(), b"POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 0\r\n\r\n");
    assert!(received.starts_with(b"HTTP/1.1 405 Method Not Allowed\r\n"));
    assert!(received.ends_with(b"\n"));
}

#[test]
fn a_blocking_echo_server() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        for _ in 0..2 {
            blocking_echo::serve(listener.accept().unwrap().0).unwrap();
        }
    });
    check(|| TcpStream::connect(address).unwrap());
    server.join().unwrap();
}

#[test]
fn a_readiness_loop() {
    let listener = mio::net::TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(|| readiness::run(listener).unwrap());
    let others: Vec<TcpStream> = (0..20).map(|_| TcpStream::connect(address).unwrap()).collect();
    check(|| TcpStream::connect(address).unwrap());
    drop(others);
}
