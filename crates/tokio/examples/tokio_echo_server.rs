//! tokio_echo_server [ADDRESS]   sends every message back, on any path; the text `close CODE REASON` has it close the connection

use std::{env, error::Error};

use switchover_tokio::{Choice, Deflate, Event, accept_with};
use tokio::net::{TcpListener, TcpStream};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:9001".into());
    let listener = TcpListener::bind(address).await?;
    println!("listening on ws://{}", listener.local_addr()?);
    loop {
        let (stream, peer) = listener.accept().await?;
        tokio::spawn(async move {
            if let Err(error) = echo(stream).await {
                eprintln!("{peer}: {error}");
            }
        });
    }
}

async fn echo(stream: TcpStream) -> Result<(), Box<dyn Error + Send + Sync>> {
    stream.set_nodelay(true)?;
    let choice = Choice::new().extension(Deflate::new())?;
    let mut websocket = accept_with(stream, |_| Ok(choice)).await?;
    // Echoes are only queued: those of all messages that arrived together are written together, before the next wait.
    while let Some(event) = websocket.receive().await? {
        match event {
            Event::Text(text) => match close_command(&text) {
                Some((code, reason)) => drop(websocket.close(code, reason).await?),
                None => websocket.feed(text).await?,
            },
            Event::Binary(payload) => websocket.feed(payload).await?,
            // A Ping has been answered. Closed comes when everything is done, and then comes the end.
            Event::Ping(_) | Event::Pong(_) | Event::Closed(_) => {}
        }
    }
    Ok(())
}

fn close_command(text: &str) -> Option<(u16, &str)> {
    let (code, reason) = text.strip_prefix("close ")?.split_once(' ')?;
    Some((code.parse().ok()?, reason))
}
