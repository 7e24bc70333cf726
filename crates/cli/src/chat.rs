//! `/chat`: what one says, all hear, the speaker among them.

use std::time::Duration;

use switchover_tokio::{CloseCode, Error, Event, Message};
use tokio::{
    sync::broadcast::{self, error::RecvError},
    task::yield_now,
    time::timeout,
};

use crate::serve::Connection;

/// The longest message, in bytes: the backlog keeps them for the slowest reader.
const LONGEST: usize = 16 << 10;

/// How long a reader may take nothing at all.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) async fn chat(websocket: &mut Connection, room: &broadcast::Sender<Message>) -> Result<(), Error> {
    let mut heard = room.subscribe();
    loop {
        let said: Message = tokio::select! {
            biased; // who has not heard everything does not speak
            message = heard.recv() => {
                let kept_up = match message {
                    Ok(message) => timeout(PATIENCE, websocket.feed(message)).await,
                    // The backlog has run over.
                    Err(RecvError::Lagged(_) | RecvError::Closed) => break,
                };
                match kept_up {
                    Ok(fed) => fed?,
                    Err(_) => break,
                }
                continue;
            }
            event = websocket.receive() => match event? {
                Some(Event::Text(text)) => text.into(),
                Some(Event::Binary(payload)) => payload.into(),
                Some(Event::Ping(_) | Event::Pong(_) | Event::Closed(_)) => continue,
                None => return Ok(()),
            },
        };
        if said.payload().len() > LONGEST {
            websocket.close(CloseCode::MESSAGE_TOO_BIG, "no more than 16 KiB in the chat").await?;
            return Ok(());
        }
        // There is at least one who hears: this connection.
        let _ = room.send(said);
        // The others hear it before more is said.
        yield_now().await;
    }
    websocket.close(CloseCode::TRY_AGAIN_LATER, "too slow for the chat").await?;
    Ok(())
}
