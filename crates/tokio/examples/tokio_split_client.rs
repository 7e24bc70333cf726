//! tokio_split_client URL   one task sends the lines of standard input, the other one prints what arrives

use std::{env, error::Error};

use switchover_tokio::{Event, connect};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = env::args().nth(1).ok_or("usage: tokio_split_client URL")?;
    let (websocket, _) = connect(&url).await?;
    let (mut receiver, mut sender) = websocket.split();

    tokio::spawn(async move {
        let mut lines = BufReader::new(stdin()).lines();
        while let Some(line) = lines.next_line().await? {
            sender.send(line).await?;
        }
        // Asks for the end; the receiver gets what is still under way, and then the end.
        sender.close(1000, "").await
    });

    // It answers Pings, and a Close of the server, while the other task waits for a line.
    while let Some(event) = receiver.receive().await? {
        match event {
            Event::Text(text) => println!("{text}"),
            Event::Binary(payload) => println!("{} bytes", payload.len()),
            Event::Closed(closed) => eprintln!("{closed}"),
            Event::Ping(_) | Event::Pong(_) => {}
        }
    }
    // Standard input is read by a thread that cannot be interrupted.
    std::process::exit(0)
}
