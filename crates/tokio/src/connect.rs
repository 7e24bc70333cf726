//! A client's side of the opening handshake.

use std::io;

use bytes::BytesMut;
use switchover::{
    Client, Options,
    handshake::{
        Attempt, ClientHandshake, ClientLimits, FinalAnswer, HandshakeError, LocalError, Offer, Proxy, Response, Url,
    },
};
use switchover_adapter::Route;
use switchover_random::{OsMasks, nonce};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::{ConnectError, WebSocket};

/// Room for a read.
const READ: usize = 4 << 10;

/// Opens a WebSocket connection to a `ws://` URL over TCP, with [`TCP_NODELAY`](TcpStream::set_nodelay). The response is the
/// server's 101, which may have fields of interest, such as Set-Cookie.
///
/// # Errors
/// The URL is not valid, the server cannot be reached, or it refused: [`ConnectError::Refused`] has its response.
pub async fn connect(url: &str) -> Result<(WebSocket<TcpStream, Client<OsMasks>>, Response), ConnectError> {
    connect_with(&Offer::new(url.parse::<Url>()?), &Options::default()).await
}

/// The same with an offer: subprotocols, credentials, fields of the request. Follows as many redirections as
/// [`Options::redirects`] says.
///
/// # Errors
/// As for [`connect`]; and a redirection leads nowhere.
pub async fn connect_with(
    offer: &Offer,
    options: &Options,
) -> Result<(WebSocket<TcpStream, Client<OsMasks>>, Response), ConnectError> {
    open(None, offer, options).await
}

/// The same through a proxy: each connection takes a [`tunnel`] of its own, also where a redirection leads elsewhere.
///
/// # Errors
/// As for [`connect_with`]; and [`ConnectError::Proxy`] has the response of a proxy that refused.
pub async fn connect_through(
    proxy: &Proxy,
    offer: &Offer,
    options: &Options,
) -> Result<(WebSocket<TcpStream, Client<OsMasks>>, Response), ConnectError> {
    open(Some(proxy), offer, options).await
}

/// Opens a WebSocket connection over any transport that leads to the server. A redirection is a refusal here:
/// [`Redirects`](switchover::handshake::Redirects) says what to offer next, over another transport.
///
/// # Errors
/// As for [`connect`].
pub async fn client<T: AsyncRead + AsyncWrite + Unpin>(
    mut io: T,
    offer: &Offer,
    options: &Options,
) -> Result<(WebSocket<T, Client<OsMasks>>, Response), ConnectError> {
    let nonce = nonce().map_err(io::Error::from)?;
    let (answer, input) = exchange(&mut io, options, |request| ClientHandshake::new(offer, nonce, request)).await?;
    let (agreement, response) = answer.accepted().map_err(ConnectError::Refused)?;
    let side = Client(OsMasks::new().map_err(io::Error::from)?);
    Ok((WebSocket::new(io, side, agreement, input, options), response))
}

/// Asks the proxy at the other end of a transport for a tunnel to the host of a URL; then the transport leads there. For
/// `wss://`, TLS comes next, and then [`client`].
///
/// # Errors
/// [`ConnectError::Proxy`] has the response of a proxy that refused; else as for [`connect`].
pub async fn tunnel<T: AsyncRead + AsyncWrite + Unpin>(
    mut io: T,
    proxy: &Proxy,
    url: &Url,
    options: &Options,
) -> Result<T, ConnectError> {
    let offer = proxy.tunnel_to(url)?;
    let (answer, input) = exchange(&mut io, options, |request| ClientHandshake::connect(&offer, request)).await?;
    answer.accepted().map_err(ConnectError::Proxy)?;
    // Neither a server of HTTP nor one of TLS speaks first.
    if input.is_empty() { Ok(io) } else { Err(HandshakeError::EarlyData.into()) }
}

/// Connects, and connects again where a redirection leads.
async fn open(
    proxy: Option<&Proxy>,
    offer: &Offer,
    options: &Options,
) -> Result<(WebSocket<TcpStream, Client<OsMasks>>, Response), ConnectError> {
    let attempts = async {
        let mut route = Route::new(proxy, offer, options);
        loop {
            let io = reach(&route, options).await?;
            match client(io, route.offer(), options).await {
                Err(ConnectError::Refused(response)) => route.follow(response)?,
                opened => return opened,
            }
        }
    };
    timeout(options.handshake, attempts).await.unwrap_or(Err(ConnectError::Timeout))
}

/// A transport to the host of the offer.
async fn reach(route: &Route<'_>, options: &Options) -> Result<TcpStream, ConnectError> {
    let io = TcpStream::connect(route.destination()?).await?;
    io.set_nodelay(true)?;
    match route.proxy() {
        Some(proxy) => tunnel(io, proxy, route.offer().url(), options).await,
        None => Ok(io),
    }
}

/// Writes the request and reads the answer; what was read behind it comes along.
pub(crate) async fn exchange<T: AsyncRead + AsyncWrite + Unpin, A: Attempt>(
    io: &mut T,
    options: &Options,
    begin: impl FnOnce(&mut Vec<u8>) -> Result<ClientHandshake<A>, LocalError>,
) -> Result<(FinalAnswer<A::Agreement>, BytesMut), ConnectError> {
    let mut request = Vec::new();
    let mut handshake = begin(&mut request)?.limits(ClientLimits { head: options.head, ..ClientLimits::default() });
    let answer = async {
        io.write_all(&request).await?;
        io.flush().await?;
        let (mut input, mut ended) = (BytesMut::new(), false);
        loop {
            if let Some(answer) = handshake.answer(&mut input, ended)? {
                return Ok((answer, input));
            }
            input.reserve(READ);
            ended = io.read_buf(&mut input).await? == 0;
        }
    };
    timeout(options.handshake, answer).await.unwrap_or(Err(ConnectError::Timeout))
}
