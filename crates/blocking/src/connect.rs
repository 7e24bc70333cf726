//! A client's side of the opening handshake.

use std::{
    borrow::Cow,
    io::{self, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    time::Duration,
};

use bytes::BytesMut;
use switchover::{
    Client, Options,
    handshake::{
        Attempt, ClientHandshake, ClientLimits, FinalAnswer, HandshakeError, Offer, Proxy, Redirects, Response, Url,
    },
};
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
/// [`Redirects`] says what to offer next, over another transport.
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
    let mut redirects = Redirects::up_to(options.redirects);
    let mut offer = Cow::Borrowed(offer);
    loop {
        let io = reach(proxy, &offer, options, deadline)?;
        let refused = match shake_hands(io, &offer, options, deadline) {
            Err(ConnectError::Refused(response)) => response,
            opened => return opened,
        };
        match redirects.follow(&offer, &*refused) {
            Ok(Some(next)) => offer = Cow::Owned(next),
            Ok(None) => return Err(ConnectError::Refused(refused)),
            Err(error) => return Err(ConnectError::Redirect(error, refused)),
        }
    }
}

/// A transport to the host of the offer.
fn reach(
    proxy: Option<&Proxy>,
    offer: &Offer,
    options: &Options,
    deadline: Deadline,
) -> Result<TcpStream, ConnectError> {
    let url = offer.url();
    if url.is_secure() {
        return Err(ConnectError::Secure(Box::new(offer.clone())));
    }
    let (host, port) = proxy.map_or((url.host(), url.port()), |proxy| (proxy.host(), proxy.port()));
    let io = connect_tcp(host, port, deadline).map_err(in_time)?;
    io.set_nodelay(true)?;
    match proxy {
        Some(proxy) => dig(io, proxy, url, options, deadline),
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
    let mut input = BytesMut::new();
    let mut request = Vec::new();
    let handshake = ClientHandshake::connect(&proxy.tunnel_to(url)?, &mut request)?;
    match exchange(&mut io, &mut input, &request, handshake, options, deadline)? {
        FinalAnswer::Accepted { .. } if input.is_empty() => Ok(io),
        // Neither a server of HTTP nor one of TLS speaks first.
        FinalAnswer::Accepted { .. } => Err(HandshakeError::EarlyData.into()),
        FinalAnswer::Refused(response) => Err(ConnectError::Proxy(Box::new(response))),
    }
}

/// [`client`] until a deadline.
fn shake_hands<T: Duplex>(
    mut io: T,
    offer: &Offer,
    options: &Options,
    deadline: Deadline,
) -> Result<(WebSocket<T, Client<OsMasks>>, Response), ConnectError> {
    let mut input = BytesMut::new();
    let mut request = Vec::new();
    let handshake = ClientHandshake::new(offer, nonce().map_err(io::Error::from)?, &mut request)?;
    match exchange(&mut io, &mut input, &request, handshake, options, deadline)? {
        FinalAnswer::Accepted { agreement, response } => {
            let side = Client(OsMasks::new().map_err(io::Error::from)?);
            Ok((WebSocket::new(io, side, agreement, input, options), response))
        }
        FinalAnswer::Refused(response) => Err(ConnectError::Refused(Box::new(response))),
    }
}

/// Writes the request and reads the answer.
pub(crate) fn exchange<A: Attempt>(
    io: &mut impl Duplex,
    input: &mut BytesMut,
    request: &[u8],
    handshake: ClientHandshake<A>,
    options: &Options,
    deadline: Deadline,
) -> Result<FinalAnswer<A::Agreement>, ConnectError> {
    let mut handshake = handshake.limits(ClientLimits { head: options.head, ..ClientLimits::default() });
    let mut until = Until(io, deadline);
    until.write_all(request).map_err(in_time)?;
    until.flush().map_err(in_time)?;
    let mut ended = false;
    let mut room = [0; READ];
    let answer = loop {
        if let Some(answer) = handshake.answer(input, ended)? {
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
    Ok(answer)
}

fn in_time(error: io::Error) -> ConnectError {
    if is_timeout(&error) { ConnectError::Timeout } else { ConnectError::Io(error) }
}
