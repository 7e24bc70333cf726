//! Pings, and deadlines for silence, by the timeouts of the transport.
#![allow(clippy::unwrap_used, clippy::panic, reason = "this is how a test fails")]
#![cfg(unix)]

use std::{
    io::{self, Read, Write},
    os::unix::net::UnixStream,
    thread,
    time::{Duration, Instant},
};

use bytes::BytesMut;
use switchover_blocking::{
    Closed, Error, Event, Keepalive, Options, Server, WebSocket, switchover::handshake::Agreement,
};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const PING: Keepalive = Keepalive { ping: Some(ms(100)), always: false, pong: ms(100), strict: false, idle: None };

fn server(keepalive: Keepalive) -> (UnixStream, WebSocket<UnixStream, Server>) {
    let (near, far) = UnixStream::pair().unwrap();
    let options = Options { keepalive, ..Options::default() };
    (near, WebSocket::new(far, Server, Agreement::default(), BytesMut::new(), &options))
}

/// "data", masked with nothing.
const DATA: &[u8] = b"\x81\x84\0\0\0\0data";

#[test]
fn a_dead_peer_is_noticed() {
    let (mut near, mut server) = server(PING);
    let start = Instant::now();
    assert_eq!(server.receive().unwrap(), Some(Event::Closed(Closed::Unresponsive)));
    assert!((ms(199)..ms(2_000)).contains(&start.elapsed()), "{:?}", start.elapsed());
    assert_eq!(server.receive().unwrap(), None);
    let mut rest = Vec::new();
    near.read_to_end(&mut rest).unwrap();
    assert!(rest.len() == 19 && Keepalive::owns(&rest[2..]), "one Ping, and the end: {rest:?}");
}

/// A peer that sends now and then is alive, and one that answers Pings.
#[test]
fn a_peer_that_lives() {
    let (mut near, mut server) = server(Keepalive { pong: ms(5_000), strict: true, idle: Some(ms(10_000)), ..PING });
    let peer = thread::spawn(move || {
        near.set_read_timeout(Some(ms(20))).unwrap();
        let mut pings = 0;
        let start = Instant::now();
        while start.elapsed() < ms(600) {
            let mut ping = [0; 19];
            if near.read_exact(&mut ping).is_ok() {
                pings += 1;
                near.write_all(&[&[0x8A, 0x80 | 17, 0, 0, 0, 0], &ping[2..]].concat()).unwrap();
            }
        }
        near.write_all(DATA).unwrap();
        pings
    });
    let event = loop {
        match server.receive().unwrap() {
            Some(Event::Pong(payload)) => assert!(Keepalive::owns(&payload)),
            event => break event,
        }
    };
    assert_eq!(event, Some(Event::Text("data".into())));
    assert!(peer.join().unwrap() >= 2);
}

/// An idle peer is told, with a Close of 1001.
#[test]
fn an_idle_peer_is_told() {
    let (mut near, mut server) = server(Keepalive { idle: Some(ms(50)), ..Keepalive::default() });
    let peer = thread::spawn(move || {
        let mut rest = Vec::new();
        near.read_to_end(&mut rest).unwrap();
        rest
    });
    assert_eq!(server.receive().unwrap(), Some(Event::Closed(Closed::Idle)));
    assert_eq!(peer.join().unwrap(), [0x88, 2, 0x03, 0xE9]);
}

/// What arrived while nobody looked counts.
#[test]
fn who_was_away_looks_first() {
    let (mut near, mut server) = server(Keepalive { idle: Some(ms(100)), ..PING });
    server.set_timeout(Some(ms(1))).unwrap();
    let Err(Error::Io(error)) = server.receive() else { panic!("nothing to receive") };
    assert!(matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut));
    near.write_all(DATA).unwrap();
    thread::sleep(ms(300));
    // Sending does not read, and looks all the same.
    server.send("still here").unwrap();
    assert_eq!(server.receive().unwrap(), Some(Event::Text("data".into())));
    assert!(server.closed().is_none());
}

/// The peer says its last words and ends the stream, before it is found out whether it is silent.
#[test]
fn last_words_are_not_lost() {
    let (mut near, mut server) = server(PING);
    near.write_all(DATA).unwrap();
    drop(near);
    assert_eq!(server.receive().unwrap(), Some(Event::Text("data".into())));
    assert_eq!(server.receive().unwrap(), Some(Event::Closed(Closed::Eof)));
}

/// Who takes its time for each message finds nobody silent whose next one is there.
#[test]
fn a_slow_consumer_is_not_a_silent_peer() {
    let (mut near, mut server) = server(Keepalive { idle: Some(ms(100)), ..Keepalive::default() });
    for _ in 0..4 {
        near.write_all(DATA).unwrap();
        thread::sleep(ms(120));
        assert_eq!(server.receive().unwrap(), Some(Event::Text("data".into())));
    }
}

/// The Pong was there in time, and nobody looked.
#[test]
fn a_pong_that_waits_is_an_answer() {
    let (mut near, mut server) = server(Keepalive { strict: true, ..PING });
    near.set_nonblocking(true).unwrap();
    server.set_timeout(Some(ms(1))).unwrap();
    let mut ping = [0; 19];
    while near.read(&mut ping).is_err() {
        assert!(matches!(server.receive(), Err(Error::Io(_))));
    }
    near.write_all(&[&[0x8A, 0x80 | 17, 0, 0, 0, 0], &ping[2..]].concat()).unwrap();
    thread::sleep(ms(250));
    assert_eq!(server.receive().unwrap(), Some(Event::Pong(ping[2..].to_vec().into())));
    assert!(server.closed().is_none());
}

/// A peer that does not read holds up a sender for as long as it may take to answer, and no longer.
#[test]
fn a_sender_is_not_held_up_for_ever() {
    let (near, mut server) = server(PING);
    let start = Instant::now();
    let error = (0..).find_map(|_| server.send(vec![7; 1 << 20]).err());
    assert!(matches!(error, Some(Error::Io(_) | Error::Send(_))), "{error:?}");
    assert!(start.elapsed() < ms(10_000), "{:?}", start.elapsed());
    assert_eq!(server.closed(), Some(&Closed::Unresponsive));
    drop(near);
}

/// The timeout is the application's, with deadlines and without, and can be taken away.
#[test]
fn a_timeout_of_the_applications_own() {
    for keepalive in [Keepalive::default(), Keepalive { ping: Some(ms(20_000)), ..PING }] {
        let (mut near, mut server) = server(keepalive);
        server.set_timeout(Some(ms(10))).unwrap();
        let start = Instant::now();
        for _ in 0..3 {
            assert!(matches!(server.receive(), Err(Error::Io(_))));
        }
        assert!(start.elapsed() < ms(5_000), "{:?}", start.elapsed());
        near.write_all(DATA).unwrap();
        assert_eq!(server.receive().unwrap(), Some(Event::Text("data".into())));
        server.set_timeout(None).unwrap();
        let peer = thread::spawn(move || {
            thread::sleep(ms(50));
            near.write_all(DATA).unwrap();
            near
        });
        assert_eq!(server.receive().unwrap(), Some(Event::Text("data".into())));
        drop(peer.join().unwrap());
    }
}

#[test]
fn a_fragment_as_it_is() {
    let (mut near, mut server) = server(Keepalive::default());
    server.fragment_uncompressed("one", false).unwrap();
    server.fragment_uncompressed("two", true).unwrap();
    server.flush().unwrap();
    let mut bytes = [0; 10];
    near.read_exact(&mut bytes).unwrap();
    assert_eq!(bytes, *b"\x01\x03one\x80\x03two");
}
