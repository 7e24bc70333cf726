//! One thread, one readiness loop, many connections, and one buffer to read into for all of them: an idle connection holds its
//! `Session` and its socket.
//!
//!     cargo run --release -p switchover --example readiness -- 127.0.0.1:9001

use bytes::{Buf, BytesMut};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant};
use switchover::{
    EventRef, Limits, Server, Session, Transport,
    handshake::{Choice, ServerHandshake},
};

const LISTENER: Token = Token(0);

/// How long a client may take for its request.
const OPENING: Duration = Duration::from_secs(10);

/// How often one connection may read before it is the turn of the others.
const TURN: usize = 16;

/// What all connections share: they use it one after the other.
struct Shared {
    read: Box<[u8]>,
    write: Vec<u8>,
    epoch: Instant,
}

struct Connection {
    stream: TcpStream,
    phase: Phase,
}

enum Phase {
    /// The request is not whole; its beginning is kept here.
    Opening {
        handshake: Box<ServerHandshake>,
        received: BytesMut,
        until: Duration,
    },
    Open(Session<Server>),
}

/// What becomes of a connection after its turn.
#[derive(PartialEq)]
enum Next {
    /// It waits until its transport is ready.
    Wait,
    /// It has more to read.
    Again,
    /// It is over.
    Drop,
}

fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".to_owned());
    let listener = TcpListener::bind(address.parse().map_err(io::Error::other)?)?;
    println!("listening on ws://{}", listener.local_addr()?);
    run(listener)
}

pub(crate) fn run(mut listener: TcpListener) -> io::Result<()> {
    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut shared = Shared { read: vec![0; 64 << 10].into(), write: Vec::new(), epoch: Instant::now() };
    let mut connections = HashMap::new();
    let mut next_token = LISTENER.0;
    let mut events = Events::with_capacity(1024);
    let mut ready = Vec::new();
    loop {
        // Once a second is often enough for the deadlines.
        let timeout = if ready.is_empty() { Duration::from_secs(1) } else { Duration::ZERO };
        match poll.poll(&mut events, Some(timeout)) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        for event in &events {
            if event.token() == LISTENER {
                accept(&listener, &poll, &mut connections, &mut next_token, shared.epoch.elapsed());
            } else {
                ready.push(event.token());
            }
        }
        for token in std::mem::take(&mut ready) {
            let Some(connection) = connections.get_mut(&token) else { continue };
            match serve(connection, &mut shared).unwrap_or(Next::Drop) {
                Next::Wait => {}
                Next::Again => ready.push(token),
                Next::Drop => drop(connections.remove(&token)),
            }
        }
        connections.retain(|_, connection| connection.is_in_time(shared.epoch.elapsed()));
    }
}

fn accept(
    listener: &TcpListener,
    poll: &Poll,
    connections: &mut HashMap<Token, Connection>,
    last: &mut usize,
    now: Duration,
) {
    loop {
        let mut stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            // One connection that fails, or too many of them, is not the end of the others.
            Err(error) => return eprintln!("accept: {error}"),
        };
        *last += 1;
        let token = Token(*last);
        if poll.registry().register(&mut stream, token, Interest::READABLE | Interest::WRITABLE).is_ok() {
            let phase = Phase::Opening { handshake: Box::default(), received: BytesMut::new(), until: now + OPENING };
            connections.insert(token, Connection { stream, phase });
        }
    }
}

/// Reads, answers and writes until the transport would block or the turn is over.
fn serve(connection: &mut Connection, shared: &mut Shared) -> io::Result<Next> {
    for _ in 0..TURN {
        if let Phase::Open(session) = &mut connection.phase {
            let mut session = session.lend(&mut shared.write);
            flush(&mut connection.stream, &mut session)?;
            match session.transport() {
                // An echo need not read more from who does not read; the loop goes on when the output has gone.
                Transport::Open if session.output().has_remaining() => return Ok(Next::Wait),
                Transport::Open | Transport::AwaitPeer => {}
                Transport::ShutdownWrite => drop(connection.stream.shutdown(Shutdown::Write)),
                Transport::Flush => return Ok(Next::Wait),
                Transport::Drop => return Ok(Next::Drop),
            }
        }
        match connection.stream.read(&mut shared.read) {
            Ok(0) => match &mut connection.phase {
                Phase::Opening { .. } => return Ok(Next::Drop),
                Phase::Open(session) => drop(session.input_eof()),
            },
            Ok(n) => connection.receive(&mut shared.read[..n], &mut shared.write),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Next::Wait),
            Err(error) => return Err(error),
        }
    }
    Ok(Next::Again)
}

impl Connection {
    fn receive(&mut self, input: &mut [u8], write: &mut Vec<u8>) {
        match &mut self.phase {
            Phase::Opening { handshake, received, .. } => {
                received.extend_from_slice(input);
                let mut answer = Vec::new();
                let mut session = match handshake.answer(received, &Choice::default(), &mut answer) {
                    None => return,
                    // Nothing is read while output waits: the output is one read, and the message that it ends, at most.
                    Some(Ok(_)) => Session::accepted(&answer, &Limits { queued: usize::MAX, ..Limits::default() }),
                    Some(Err(_)) => Session::refused(&answer),
                };
                echo(&mut session, received);
                self.phase = Phase::Open(session);
            }
            Phase::Open(session) => echo(&mut session.lend(write), input),
        }
    }

    fn is_in_time(&mut self, now: Duration) -> bool {
        match &mut self.phase {
            Phase::Opening { until, .. } => now < *until,
            Phase::Open(session) => {
                session.handle_timeout(now);
                session.transport() != Transport::Drop
            }
        }
    }
}

fn echo(session: &mut Session<Server>, mut input: &mut [u8]) {
    while let Some((event, sender)) = session.receive(&mut input) {
        let sent = match event {
            EventRef::Text(text) => sender.text(text).is_ok(),
            EventRef::Binary(payload) => sender.binary(payload).is_ok(),
            EventRef::Ping(_) | EventRef::Pong(_) | EventRef::Closed(_) => true,
        };
        debug_assert!(sent, "the output takes all, and nobody but the peer closes");
    }
}

fn flush(stream: &mut TcpStream, session: &mut Session<Server>) -> io::Result<()> {
    let output = session.output();
    while output.has_remaining() {
        match stream.write(output.chunk()) {
            Ok(n) => output.advance(n),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
