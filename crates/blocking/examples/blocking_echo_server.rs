//! blocking_echo_server [ADDRESS]   sends every message back, on any path; the text `close CODE REASON` has it close the connection

use std::{
    env,
    error::Error,
    net::{TcpListener, TcpStream},
    thread,
};

use switchover_blocking::{Choice, Deflate, Event, accept_with};

fn main() -> Result<(), Box<dyn Error>> {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:9001".into());
    let listener = TcpListener::bind(address)?;
    println!("listening on ws://{}", listener.local_addr()?);
    loop {
        let (stream, peer) = listener.accept()?;
        thread::spawn(move || {
            if let Err(error) = echo(stream) {
                eprintln!("{peer}: {error}");
            }
        });
    }
}

fn echo(stream: TcpStream) -> Result<(), Box<dyn Error + Send + Sync>> {
    stream.set_nodelay(true)?;
    let choice = Choice::new().extension(Deflate::new())?;
    let mut websocket = accept_with(stream, |_| Ok(choice))?;
    // Echoes are only queued: those of all messages that arrived together are written together, before the next wait.
    while let Some(event) = websocket.receive()? {
        match event {
            Event::Text(text) => match close_command(&text) {
                Some((code, reason)) => drop(websocket.close(code, reason)?),
                None => websocket.feed(text)?,
            },
            Event::Binary(payload) => websocket.feed(payload)?,
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
