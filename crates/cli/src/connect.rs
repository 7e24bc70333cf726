//! `switchover connect`: lines from standard input to messages, and messages to lines on standard output.

use std::{
    error::Error,
    io::{self, Write},
};

use switchover_tokio::{
    Client, CloseCode, Closed, ConnectError, Event, Offer, Options, OsMasks, ReceiveHalf, Response, SendError,
    SendHalf, Url, connect_with,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader, stdin},
    net::tcp::{OwnedReadHalf, OwnedWriteHalf},
};

pub(crate) async fn connect(url: &str, subprotocols: Vec<String>, fields: &[String]) -> Result<(), Box<dyn Error>> {
    let offer = offer(url.parse()?, subprotocols, fields)?;
    let websocket = match connect_with(&offer, &Options::default()).await {
        Ok((websocket, _)) => websocket,
        Err(ConnectError::Refused(response)) => return Err(describe(&response).into()),
        Err(error) => return Err(error.into()),
    };
    let (receiver, sender) = websocket.split();
    let sending = tokio::spawn(send_lines(sender));
    let closed = print_messages(receiver).await?;
    if sending.is_finished() {
        sending.await??;
    }
    match closed {
        Closed::Peer(_) if [CloseCode::NORMAL, CloseCode::NO_STATUS].contains(&closed.code()) => Ok(()),
        closed => Err(closed.to_string().into()),
    }
}

fn offer(url: Url, subprotocols: Vec<String>, fields: &[String]) -> Result<Offer, Box<dyn Error>> {
    let mut offer = Offer::new(url);
    for name in subprotocols {
        offer = offer.subprotocol(name)?;
    }
    for field in fields {
        let (name, value) = field.split_once(':').ok_or_else(|| format!("{field:?} is not 'Name: value'"))?;
        offer = match value.trim() {
            origin if name.eq_ignore_ascii_case("Origin") => offer.origin(origin)?,
            value => offer.field(name, value).map_err(|error| format!("{field:?}: {error}"))?,
        };
    }
    Ok(offer)
}

/// Status, reason and body of a refusal.
fn describe(response: &Response) -> String {
    let status = response.status.as_u16();
    let body = String::from_utf8_lossy(&response.body);
    format!("the server refused with {status} {}\n{}", response.reason, body.trim_end())
}

/// Sends each line, and closes behind the last one. What the server has sent before its own Close is still received.
async fn send_lines(mut sender: SendHalf<OwnedWriteHalf, Client<OsMasks>>) -> Result<(), switchover_tokio::Error> {
    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        match sender.send(line).await {
            // The server has closed, which the receiving half tells.
            Err(switchover_tokio::Error::Send(SendError::Closed(_))) => return Ok(()),
            sent => sent?,
        }
    }
    sender.close(CloseCode::NORMAL, "").await
}

async fn print_messages(
    mut receiver: ReceiveHalf<OwnedReadHalf, OwnedWriteHalf, Client<OsMasks>>,
) -> Result<Closed, Box<dyn Error>> {
    while let Some(event) = receiver.receive().await? {
        match event {
            Event::Text(text) => print_line(text.as_bytes())?,
            Event::Binary(payload) => print_line(&payload)?,
            Event::Ping(_) | Event::Pong(_) => {}
            Event::Closed(closed) => return Ok(closed),
        }
    }
    Ok(Closed::Eof)
}

fn print_line(line: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(line)?;
    stdout.write_all(b"\n")?;
    stdout.flush()
}
