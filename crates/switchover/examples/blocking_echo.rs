//! A blocking echo server on the core alone, one thread a connection: the shortest complete loop.
//!
//!     cargo run --release -p switchover --example blocking_echo -- 127.0.0.1:9001

use bytes::{Buf, BytesMut};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::{Duration, Instant};
use switchover::{
    Limits, SendError, Server, Session, Transport,
    handshake::{Choice, ServerHandshake},
};

/// How long a client may take for its request, and for reading what it is sent.
const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".to_owned());
    let listener = TcpListener::bind(address)?;
    println!("listening on ws://{}", listener.local_addr()?);
    loop {
        match listener.accept() {
            Ok((stream, peer)) => {
                std::thread::spawn(move || serve(stream).unwrap_or_else(|error| eprintln!("{peer}: {error}")));
            }
            // One connection that fails, or too many of them, is not the end of the others.
            Err(error) => eprintln!("accept: {error}"),
        }
    }
}

/// One connection, from its first byte to its last.
pub(crate) fn serve(mut stream: TcpStream) -> io::Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    let epoch = Instant::now();
    let mut input = BytesMut::new();
    let Some(mut session) = open(&mut stream, &mut input)? else { return Ok(()) };
    loop {
        while let Some(event) = session.poll_event(&mut input) {
            let Some(message) = event.into_message() else { continue };
            if let Err(SendError::Full(message)) = session.send(message) {
                flush(&mut stream, &mut session)?;
                let _ = session.send(message); // there is room now
            }
        }
        flush(&mut stream, &mut session)?;
        session.handle_timeout(epoch.elapsed());
        match session.transport() {
            Transport::Open | Transport::AwaitPeer => {}
            Transport::ShutdownWrite => drop(stream.shutdown(Shutdown::Write)),
            Transport::Flush | Transport::Drop => return Ok(()),
        }
        let deadline = session.poll_timeout().map(|at| at.saturating_sub(epoch.elapsed()));
        match read(&mut stream, &mut input, deadline) {
            Ok(0) => drop(session.input_eof()),
            Ok(_) => {}
            // The deadline; Windows has another name for it.
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => return Err(error),
        }
    }
}

/// The opening handshake. Whether it was accepted or refused, the session brings the connection to its end.
fn open(stream: &mut TcpStream, input: &mut BytesMut) -> io::Result<Option<Session<Server>>> {
    let mut handshake = ServerHandshake::default();
    let mut answer = Vec::new();
    loop {
        match handshake.answer(input, &Choice::default(), &mut answer) {
            Some(Ok(_)) => return Ok(Some(Session::accepted(&answer, &Limits::default()))),
            Some(Err(_)) => return Ok(Some(Session::refused(&answer))),
            None if read(stream, input, Some(PATIENCE))? == 0 => return Ok(None),
            None => {}
        }
    }
}

fn flush(stream: &mut TcpStream, session: &mut Session<Server>) -> io::Result<()> {
    let output = session.output();
    while output.has_remaining() {
        let mut slices = [io::IoSlice::new(&[]); 16];
        let filled = output.chunks_vectored(&mut slices);
        let written = stream.write_vectored(&slices[..filled])?;
        output.advance(written);
    }
    Ok(())
}

/// Reads once, for no longer than `timeout`.
fn read(stream: &mut TcpStream, input: &mut BytesMut, timeout: Option<Duration>) -> io::Result<usize> {
    stream.set_read_timeout(timeout.map(|timeout| timeout.max(Duration::from_millis(1))))?;
    let mut buffer = [0; 16 << 10];
    let n = stream.read(&mut buffer)?;
    input.extend_from_slice(&buffer[..n]);
    Ok(n)
}
