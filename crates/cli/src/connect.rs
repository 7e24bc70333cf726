//! `switchover connect`: lines from standard input to messages, and messages to lines on standard output.

use std::{
    error::Error,
    io::{self, Write},
};

use clap::Args;
use switchover_tokio::{
    Client, CloseCode, Closed, ConnectError, Credentials, Event, Offer, Options, OsMasks, Proxy, ReceiveHalf, Response,
    SendError, SendHalf, Url, connect_through, connect_with,
    switchover::header::{FieldsView, names},
};
use tokio::{
    io::{AsyncBufReadExt, BufReader, stdin},
    net::tcp::{OwnedReadHalf, OwnedWriteHalf},
};

#[derive(Args)]
pub(crate) struct Arguments {
    /// Where to connect to: ws://HOST[:PORT][/PATH]
    url: Url,
    /// A subprotocol to offer, the preferred one first.
    #[arg(long = "subprotocol", value_name = "NAME")]
    subprotocols: Vec<String>,
    /// The origin of the page that this client acts for: SCHEME://HOST[:PORT]
    #[arg(long)]
    origin: Option<String>,
    /// A field to send with the opening handshake, as 'Name: value'; it stays behind where a redirection leads to another
    /// origin.
    #[arg(long = "header", value_name = "FIELD")]
    fields: Vec<String>,
    /// A name and a password for Basic authentication.
    #[arg(long, value_name = "NAME:PASSWORD")]
    user: Option<String>,
    /// A token for Bearer authentication.
    #[arg(long, value_name = "TOKEN", conflicts_with = "user")]
    bearer: Option<String>,
    /// Cookies to send, as 'NAME=VALUE; NAME=VALUE'.
    #[arg(long = "cookie", value_name = "COOKIES")]
    cookies: Vec<String>,
    /// How many redirections to follow. Credentials and cookies stay behind where one leads to another origin.
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    max_redirects: usize,
    /// A proxy to ask for a tunnel to the server: http://HOST[:PORT]
    #[arg(long, value_name = "URL")]
    proxy: Option<Proxy>,
    /// A name and a password for the proxy, for Basic authentication.
    #[arg(long, value_name = "NAME:PASSWORD", requires = "proxy")]
    proxy_user: Option<String>,
}

pub(crate) async fn connect(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let options = Options { redirects: arguments.max_redirects, ..Options::default() };
    let proxy = proxy(&arguments)?;
    let offer = offer(arguments)?;
    let connected = match proxy {
        Some(proxy) => connect_through(&proxy, &offer, &options).await,
        None => connect_with(&offer, &options).await,
    };
    let websocket = match connected {
        Ok((websocket, _)) => websocket,
        Err(ConnectError::Refused(response)) => return Err(describe("server", &response).into()),
        Err(ConnectError::Proxy(response)) => return Err(describe("proxy", &response).into()),
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

fn offer(arguments: Arguments) -> Result<Offer, Box<dyn Error>> {
    let mut offer = Offer::new(arguments.url);
    for name in arguments.subprotocols {
        offer = offer.subprotocol(name)?;
    }
    if let Some(origin) = arguments.origin {
        offer = offer.origin(&origin)?;
    }
    for field in &arguments.fields {
        let (name, value) = field.split_once(':').ok_or_else(|| format!("{field:?} is not 'Name: value'"))?;
        offer = match value.trim() {
            origin if name.eq_ignore_ascii_case("Origin") => offer.origin(origin)?,
            // Whether it is a secret is not known.
            value => offer.credential(name, value).map_err(|error| format!("{field:?}: {error}"))?,
        };
    }
    for cookies in &arguments.cookies {
        offer = offer.cookies(cookies)?;
    }
    if let Some(user) = &arguments.user {
        offer = offer.authorization(&basic(user)?);
    }
    if let Some(token) = &arguments.bearer {
        offer = offer.authorization(&Credentials::bearer(token)?);
    }
    Ok(offer)
}

fn proxy(arguments: &Arguments) -> Result<Option<Proxy>, Box<dyn Error>> {
    Ok(match (arguments.proxy.clone(), &arguments.proxy_user) {
        (Some(proxy), Some(user)) => Some(proxy.authorization(&basic(user)?)),
        (proxy, _) => proxy,
    })
}

fn basic(user: &str) -> Result<Credentials, Box<dyn Error>> {
    let (name, password) = user.split_once(':').ok_or("a name and a password have a colon between them")?;
    Ok(Credentials::basic(name, password)?)
}

/// Status and reason of a refusal, the fields that say what to do about it, and its body.
fn describe(who: &str, response: &Response) -> String {
    let mut text = format!("the {who} refused with {} {}\n", response.status.as_u16(), response.reason);
    for name in [names::LOCATION, names::WWW_AUTHENTICATE, names::PROXY_AUTHENTICATE] {
        for value in response.values(name) {
            text += &format!("{name}: {}\n", String::from_utf8_lossy(value));
        }
    }
    text += &String::from_utf8_lossy(&response.body);
    text.trim_end().to_owned()
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
