//! tokio_exchange URL [--messages 1000] [--close self|peer]   a long conversation with an echo server, checked byte for byte
//!
//! With `--close peer` the text `close 4001 bye` asks the server to close. The connection has to end in order.

use std::{env, error::Error, process::ExitCode};

use switchover_testkit::exchange::{Data, Step, turns};
use switchover_tokio::{Client, Closed, Event, Message, OsMasks, WebSocket, connect};
use tokio::net::TcpStream;

#[tokio::main]
async fn main() -> ExitCode {
    match exchange(env::args().skip(1)).await {
        Ok(summary) => {
            println!("exchange: {summary}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("exchange: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn exchange(mut arguments: impl Iterator<Item = String>) -> Result<String, Box<dyn Error>> {
    let url = arguments.next().ok_or("usage: tokio_exchange URL [--messages 1000] [--close self|peer]")?;
    let (mut messages, mut close) = (1000, "self".to_owned());
    while let (Some(option), value) = (arguments.next(), arguments.next()) {
        match (option.as_str(), value) {
            ("--messages", Some(value)) => messages = value.parse()?,
            ("--close", Some(value)) => close = value,
            _ => return Err(format!("what is {option}?").into()),
        }
    }

    let (mut websocket, _) = connect(&url).await?;
    let bytes = converse(&mut websocket, messages).await?;
    let (code, reason, closed) = match close.as_str() {
        "self" => (1000, "done", websocket.close(1000, "done").await?),
        "peer" => {
            websocket.send("close 4001 bye").await?;
            while websocket.receive().await?.is_some() {}
            (4001, "bye", websocket.closed().cloned().unwrap_or(Closed::Eof))
        }
        other => return Err(format!("who is {other}?").into()),
    };
    // The answer to our Close need not repeat its reason.
    let reason_differs = closed.reason() != reason && !(close == "self" && closed.reason().is_empty());
    if closed.code().as_u16() != code || reason_differs {
        return Err(format!("{closed}, not with {code} {reason}").into());
    }
    match websocket.late_error() {
        Some(error) => Err(format!("after the closing handshake: {error}").into()),
        None => Ok(format!("{messages} messages, {bytes} bytes, close {code} {reason}, clean EOF")),
    }
}

/// Sends turn by turn and awaits the answers to each. Returns how many bytes of messages there were.
async fn converse(
    websocket: &mut WebSocket<TcpStream, Client<OsMasks>>,
    messages: usize,
) -> Result<usize, Box<dyn Error>> {
    let mut bytes = 0;
    for (steps, mut expected) in turns(messages) {
        bytes += expected.len();
        for step in steps {
            match step {
                Step::Whole(data) => websocket.feed(message(data)).await?,
                Step::Fragment(data, last) => websocket.fragment(message(data), last).await?,
                Step::Ping(payload) => websocket.feed(Message::Ping(payload.into())).await?,
            }
        }
        while !expected.is_met() {
            match websocket.receive().await? {
                Some(Event::Text(text)) => expected.message(&Data::Text(text.to_string()))?,
                Some(Event::Binary(payload)) => expected.message(&Data::Binary(payload.into()))?,
                Some(Event::Pong(payload)) => expected.pong(&payload)?,
                Some(Event::Ping(_)) => {}
                Some(Event::Closed(closed)) => return Err(closed.to_string().into()),
                None => return Err("the connection ended".into()),
            }
        }
    }
    Ok(bytes)
}

fn message(data: Data) -> Message {
    match data {
        Data::Text(text) => text.into(),
        Data::Binary(bytes) => bytes.into(),
    }
}
