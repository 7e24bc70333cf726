//! A client's side of the opening handshake.

use std::{
    io::{self, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    time::Duration,
};

use bytes::BytesMut;
use switchover::{
    Client, Options,
    handshake::{
        Attempt, ClientHandshake, ClientLimits, FinalAnswer, HandshakeError, LocalError, Offer, Proxy, Response, Url,
    },
};
use switchover_adapter::Route;
use switchover_random::{OsMasks, nonce};

use crate::{
    ConnectError, Duplex, WebSocket,
    duplex::{Deadline, Until, is_timeout},
};

/// Room for a read.
const READ: usize = 4 << 10;

/// Opens a WebSocket connection to a `ws://` URL over TCP, with [`TCP_NODELAY`](TcpStream::set_nodelay). The response is the
/// server's 101, which may have fields of interest, such as Set-Cookie.
///
/// # Errors
/// The URL is not valid, the server cannot be reached, or it refused: [`ConnectError::Refused`] has its response.
pub fn connect(url: &str) -> Result<(WebSocket<TcpStream, Client<OsMasks>>, Response), ConnectError> {
    connect_with(&Offer::new(url.parse::<Url>()?), &Options::default())
}

/// The same with an offer: subprotocols, credentials, fields of the request. Follows as many redirections as
/// [`Options::redirects`] says.
///
/// # Errors
/// As for [`connect`]; and a redirection leads nowhere.
pub fn connect_with(
    offer: &Offer,
    options: &Options,
) -> Result<(WebSocket<TcpStream, Client<OsMasks>>, Response), ConnectError> {
    open(None, offer, options)
}

/// The same through a proxy: each connection takes a [`tunnel`] of its own, also where a redirection leads elsewhere.
///
/// # Errors
/// As for [`connect_with`]; and [`ConnectError::Proxy`] has the response of a proxy that refused.
pub fn connect_through(
    proxy: &Proxy,
    offer: &Offer,
    options: &Options,
) -> Result<(WebSocket<TcpStream, Client<OsMasks>>, Response), ConnectError> {
    open(Some(proxy), offer, options)
}

/// Opens a WebSocket connection over any transport that leads to the server. A redirection is a refusal here:
/// [`Redirects`](switchover::handshake::Redirects) says what to offer next, over another transport.
///
/// Timeouts of the transport are used for the deadline, and taken away when this returns.
///
/// # Errors
/// As for [`connect`].
pub fn client<T: Duplex>(
    io: T,
    offer: &Offer,
    options: &Options,
) -> Result<(WebSocket<T, Client<OsMasks>>, Response), ConnectError> {
    shake_hands(io, offer, options, Deadline::after(options.handshake))
}

/// Asks the proxy at the other end of a transport for a tunnel to the host of a URL; then the transport leads there. For
/// `wss://`, TLS comes next, and then [`client`].
///
/// Timeouts of the transport are used for the deadline, and taken away when this returns.
///
/// # Errors
/// [`ConnectError::Proxy`] has the response of a proxy that refused; else as for [`connect`].
pub fn tunnel<T: Duplex>(io: T, proxy: &Proxy, url: &Url, options: &Options) -> Result<T, ConnectError> {
    dig(io, proxy, url, options, Deadline::after(options.handshake))
}

/// Connects, and connects again where a redirection leads.
fn open(
    proxy: Option<&Proxy>,
    offer: &Offer,
    options: &Options,
) -> Result<(WebSocket<TcpStream, Client<OsMasks>>, Response), ConnectError> {
    let deadline = Deadline::after(options.handshake);
    let mut route = Route::new(proxy, offer, options);
    loop {
        let io = reach(&route, options, deadline)?;
        match shake_hands(io, route.offer(), options, deadline) {
            Err(ConnectError::Refused(response)) => route.follow(response)?,
            opened => return opened,
        }
    }
}

/// A transport to the host of the offer.
fn reach(route: &Route<'_>, options: &Options, deadline: Deadline) -> Result<TcpStream, ConnectError> {
    let (host, port) = route.destination()?;
    let io = connect_tcp(host, port, deadline).map_err(in_time)?;
    io.set_nodelay(true)?;
    match route.proxy() {
        Some(proxy) => dig(io, proxy, route.offer().url(), options, deadline),
        None => Ok(io),
    }
}

/// Tries one address of the host after the other.
fn connect_tcp(host: &str, port: u16, deadline: Deadline) -> io::Result<TcpStream> {
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, deadline.left()?.unwrap_or(Duration::MAX)) {
            Ok(io) => return Ok(io),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// [`tunnel`] until a deadline.
fn dig<T: Duplex>(
    mut io: T,
    proxy: &Proxy,
    url: &Url,
    options: &Options,
    deadline: Deadline,
) -> Result<T, ConnectError> {
    let offer = proxy.tunnel_to(url)?;
    let (answer, input) = exchange(&mut io, options, deadline, |request| ClientHandshake::connect(&offer, request))?;
    answer.accepted().map_err(ConnectError::Proxy)?;
    // Neither a server of HTTP nor one of TLS speaks first.
    if input.is_empty() { Ok(io) } else { Err(HandshakeError::EarlyData.into()) }
}

/// [`client`] until a deadline.
fn shake_hands<T: Duplex>(
    mut io: T,
    offer: &Offer,
    options: &Options,
    deadline: Deadline,
) -> Result<(WebSocket<T, Client<OsMasks>>, Response), ConnectError> {
    let nonce = nonce().map_err(io::Error::from)?;
    let (answer, input) = exchange(&mut io, options, deadline, |request| ClientHandshake::new(offer, nonce, request))?;
    let (agreement, response) = answer.accepted().map_err(ConnectError::Refused)?;
    let side = Client(OsMasks::new().map_err(io::Error::from)?);
    Ok((WebSocket::new(io, side, agreement, input, options), response))
}

/// Writes the request and reads the answer; what was read behind it comes along.
pub(crate) fn exchange<A: Attempt>(
    io: &mut impl Duplex,
    options: &Options,
    deadline: Deadline,
    begin: impl FnOnce(&mut Vec<u8>) -> Result<ClientHandshake<A>, LocalError>,
) -> Result<(FinalAnswer<A::Agreement>, BytesMut), ConnectError> {
    let mut request = Vec::new();
    let mut handshake = begin(&mut request)?.limits(ClientLimits { head: options.head, ..ClientLimits::default() });
    let mut until = Until(io, deadline);
    until.write_all(&request).map_err(in_time)?;
    until.flush().map_err(in_time)?;
    let (mut input, mut ended) = (BytesMut::new(), false);
    let mut room = [0; READ];
    let answer = loop {
        if let Some(answer) = handshake.answer(&mut input, ended)? {
            break answer;
        }
        match until.read(&mut room) {
            Ok(0) => ended = true,
            Ok(read) => input.extend_from_slice(&room[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(in_time(error)),
        }
    };
    io.set_timeout(None)?;
    Ok((answer, input))
}

fn in_time(error: io::Error) -> ConnectError {
    if is_timeout(&error) { ConnectError::Timeout } else { ConnectError::Io(error) }
}
