//! `switchover serve`: an echo on every path, a chat, and a page to try them with.

use std::{
    error::Error,
    net::SocketAddr,
    pin::pin,
    time::{Duration, SystemTime},
};

use switchover_tokio::{
    AcceptError, Choice, CloseCode, Deflate, Event, Message, Options, Refusal, Request, Server, WebSocket, answer,
    switchover::{
        handshake::{LocalError, PlainRequest},
        header::{Status, names},
    },
};
use tokio::{
    net::{TcpListener, TcpStream},
    signal,
    sync::{broadcast, watch},
    task::JoinSet,
    time::sleep,
};

use crate::chat;

const PAGE: &str = include_str!("page.html");

/// How many messages of the chat wait for their slowest reader.
const CHAT_BACKLOG: usize = 256;

/// How long to wait before the next attempt to accept, after one that failed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A connection that is served: its transport is TCP.
pub(crate) type Connection = WebSocket<TcpStream, Server>;

type Failure = Box<dyn Error + Send + Sync>;

/// What all connections share.
#[derive(Clone)]
struct Shared {
    chat: broadcast::Sender<Message>,
    /// Changes when the server stops.
    stop: watch::Receiver<()>,
}

/// Serves until it is interrupted; then it closes all connections with 1001.
pub(crate) async fn serve(address: SocketAddr) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    println!("listening on http://{address} (ws://{address})");

    let (stop, stopped) = watch::channel(());
    let shared = Shared { chat: broadcast::Sender::new(CHAT_BACKLOG), stop: stopped };
    let mut connections = JoinSet::new();
    let mut interrupted = pin!(signal::ctrl_c());
    loop {
        tokio::select! {
            incoming = listener.accept() => match incoming {
                Ok((stream, peer)) => drop(connections.spawn(report(stream, peer, shared.clone()))),
                // There are too many connections, perhaps; those that are open go on.
                Err(error) => {
                    eprintln!("accept: {error}");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
            interrupted = &mut interrupted => {
                interrupted?;
                break;
            }
        }
    }
    drop(listener);
    stop.send_replace(());
    connections.join_all().await;
    Ok(())
}

async fn report(stream: TcpStream, peer: SocketAddr, shared: Shared) {
    if let Err(error) = connection(stream, shared).await {
        eprintln!("{peer}: {error}");
    }
}

async fn connection(stream: TcpStream, mut shared: Shared) -> Result<(), Failure> {
    stream.set_nodelay(true)?;
    let mut chatting = false;
    let options = Options::default();
    // The compressor's smallest window is truly one of 8 bits.
    let choice = Choice::new().extension(Deflate::new().own_windows(8..=15)?)?;
    let accepting = answer(stream, &options, |request| match request {
        Request::WebSocket(proposal) => {
            chatting = proposal.path().split('?').next() == Some("/chat");
            Ok(choice)
        }
        request => Err(plain(&request.plain()).unwrap_or_else(|_| Refusal::not_found())),
    });
    let mut websocket = tokio::select! {
        accepted = accepting => match accepted {
            Ok(websocket) => websocket,
            Err(AcceptError::Refused(refusal)) if refusal.status() == Status::OK => return Ok(()),
            Err(AcceptError::Closed) => return Ok(()),
            Err(error) => return Err(error.into()),
        },
        _ = shared.stop.changed() => return Ok(()),
    };
    tokio::select! {
        ended = async {
            if chatting { chat::chat(&mut websocket, &shared.chat).await } else { echo(&mut websocket).await }
        } => return ended.map_err(Into::into),
        _ = shared.stop.changed() => {}
    }
    websocket.close(CloseCode::GOING_AWAY, "the server stops").await?;
    Ok(())
}

/// The page on `/`, and nothing else.
fn plain(request: &PlainRequest<'_>) -> Result<Refusal, LocalError> {
    let response = match (request.method(), request.path().split('?').next()) {
        ("GET", Some("/")) => Refusal::new(Status::OK)?.body("text/html; charset=utf-8", PAGE)?,
        // It meant to: a proxy in between takes Upgrade away where it is not told to pass it on.
        ("GET", _) if request.values(names::SEC_WEBSOCKET_KEY).next().is_some() => request.refuse(),
        ("GET", _) => Refusal::not_found(),
        _ => request.refuse(),
    };
    // RFC 9110, section 6.6.1: whoever has a clock dates 2xx, 3xx and 4xx. What the handshake refuses has no date, since
    // it knows no clock.
    response.field(names::DATE, httpdate::fmt_http_date(SystemTime::now()))
}

async fn echo(websocket: &mut Connection) -> Result<(), switchover_tokio::Error> {
    while let Some(event) = websocket.receive().await? {
        match event {
            Event::Text(text) => websocket.feed(text).await?,
            Event::Binary(payload) => websocket.feed(payload).await?,
            Event::Ping(_) | Event::Pong(_) | Event::Closed(_) => {}
        }
    }
    Ok(())
}
