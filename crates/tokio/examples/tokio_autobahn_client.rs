//! tokio_autobahn_client URL   runs all cases of the Autobahn TestSuite's fuzzing server at URL, as the client under test

use std::{env, error::Error};

use switchover_tokio::{Deflate, Event, Offer, Options, connect, connect_with};

const AGENT: &str = "switchover-tokio";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = env::args().nth(1).ok_or("usage: tokio_autobahn_client URL")?;
    for case in 1..=case_count(&url).await? {
        // Many cases break the connection, and the suite judges how.
        if let Err(error) = echo(&format!("{url}/runCase?case={case}&agent={AGENT}")).await {
            eprintln!("case {case}: {error}");
        }
    }
    Ok(())
}

async fn case_count(url: &str) -> Result<usize, Box<dyn Error>> {
    let (mut websocket, _) = connect(&format!("{url}/getCaseCount")).await?;
    let mut count = Err("the server did not say how many cases there are".into());
    while let Some(event) = websocket.receive().await? {
        if let Event::Text(text) = event {
            count = Ok(text.parse()?);
        }
    }
    count
}

async fn echo(url: &str) -> Result<(), Box<dyn Error>> {
    let offer = Offer::new(url.parse()?).extension(Deflate::new())?;
    let (mut websocket, _) = connect_with(&offer, &Options::default()).await?;
    while let Some(event) = websocket.receive().await? {
        match event {
            Event::Text(text) => websocket.feed(text).await?,
            Event::Binary(payload) => websocket.feed(payload).await?,
            Event::Ping(_) | Event::Pong(_) | Event::Closed(_) => {}
        }
    }
    Ok(())
}
