//! blocking_autobahn_client URL   runs all cases of the Autobahn TestSuite's fuzzing server at URL, as the client under test

use std::{env, error::Error};

use switchover_blocking::{Deflate, Event, Offer, Options, connect, connect_with};

const AGENT: &str = "switchover-blocking";

fn main() -> Result<(), Box<dyn Error>> {
    let url = env::args().nth(1).ok_or("usage: blocking_autobahn_client URL")?;
    for case in 1..=case_count(&url)? {
        // Many cases break the connection, and the suite judges how.
        if let Err(error) = echo(&format!("{url}/runCase?case={case}&agent={AGENT}")) {
            eprintln!("case {case}: {error}");
        }
    }
    Ok(())
}

fn case_count(url: &str) -> Result<usize, Box<dyn Error>> {
    let (mut websocket, _) = connect(&format!("{url}/getCaseCount"))?;
    let mut count = Err("the server did not say how many cases there are".into());
    while let Some(event) = websocket.receive()? {
        if let Event::Text(text) = event {
            count = Ok(text.parse()?);
        }
    }
    count
}

fn echo(url: &str) -> Result<(), Box<dyn Error>> {
    let offer = Offer::new(url.parse()?).extension(Deflate::new())?;
    let (mut websocket, _) = connect_with(&offer, &Options::default())?;
    while let Some(event) = websocket.receive()? {
        match event {
            Event::Text(text) => websocket.feed(text)?,
            Event::Binary(payload) => websocket.feed(payload)?,
            Event::Ping(_) | Event::Pong(_) | Event::Closed(_) => {}
        }
    }
    Ok(())
}
