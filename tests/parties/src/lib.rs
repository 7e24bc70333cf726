//! What the binaries here have in common: a server's echo, and a client that checks it. The binaries show how the engine is
//! embedded; `docs/embedding.md` goes through them.

mod h2_stream;
mod opening;

use std::error::Error;

use bytes::Bytes;
use switchover::handshake::{LocalError, Protocol};
use switchover_tokio::{Client, Event, Message, OsMasks, Server, WebSocket};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;

pub use h2_stream::H2Stream;
pub use opening::{read, refuse};

/// Whatever goes wrong.
pub type Failure = Box<dyn Error + Send + Sync>;

/// Lengths where the frame header changes its form, with their neighbours, and one that takes many reads.
const LENGTHS: [usize; 9] = [0, 1, 125, 126, 127, 65_535, 65_536, 65_537, 1 << 20];

/// A listener on a port of the system's, which is printed.
///
/// # Errors
/// There is no port to be had.
pub async fn listen() -> Result<TcpListener, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on ws://{}", listener.local_addr()?);
    Ok(listener)
}

/// The rules of a protocol that is nobody's: `lines/1` begins with the content of the request, of which there are up to 1,024
/// bytes, and sends back whatever comes.
///
/// # Errors
/// None: its name is a token.
pub fn lines() -> Result<Protocol, LocalError> {
    Ok(Protocol::new("lines")?.versions(&["1"]).methods(&["GET", "POST"]).reads_content(1024))
}

/// Sends every message back; the text `close CODE REASON` has it close the connection.
///
/// # Errors
/// The transport failed, or the close code is none to send.
pub async fn echo<T: AsyncRead + AsyncWrite + Unpin>(mut websocket: WebSocket<T, Server>) -> Result<(), Failure> {
    while let Some(event) = websocket.receive().await? {
        match event {
            Event::Text(text) => match close_command(&text) {
                Some((code, reason)) => drop(websocket.close(code, reason).await?),
                None => websocket.feed(text).await?,
            },
            Event::Binary(payload) => websocket.feed(payload).await?,
            Event::Ping(_) | Event::Pong(_) | Event::Closed(_) => {}
        }
    }
    Ok(())
}

/// Sends messages of many lengths to an echo, checks what comes back, and closes. The summary is for who reads the log.
///
/// # Errors
/// The transport failed, an echo differs, or the connection did not end in order.
pub async fn converse<T: AsyncRead + AsyncWrite + Unpin>(
    mut websocket: WebSocket<T, Client<OsMasks>>,
) -> Result<String, Failure> {
    for len in LENGTHS {
        let text = "é😀".repeat(len / 6) + &".".repeat(len % 6);
        for message in [Message::from(text), Message::from(Bytes::from(vec![0xA5; len]))] {
            websocket.send(message.clone()).await?;
            let echo = loop {
                match websocket.receive().await?.ok_or("the connection ended")? {
                    Event::Ping(_) | Event::Pong(_) => {}
                    event => break event.into_message(),
                }
            };
            if echo != Some(message) {
                return Err(format!("the echo of {len} bytes differs").into());
            }
        }
    }
    let closed = websocket.close(1000, "done").await?;
    match (closed.code().as_u16(), websocket.late_error()) {
        (1000, None) => Ok(format!("{} messages, {closed}", 2 * LENGTHS.len())),
        (_, error) => Err(format!("{closed}, {error:?}").into()),
    }
}

fn close_command(text: &str) -> Option<(u16, &str)> {
    let (code, reason) = text.strip_prefix("close ")?.split_once(' ')?;
    Some((code.parse().ok()?, reason))
}
