//! A client's side of the opening handshake.

use std::{borrow::Cow, io};

use bytes::BytesMut;
use switchover::{
    Client, Options,
    handshake::{
        Attempt, ClientHandshake, ClientLimits, FinalAnswer, HandshakeError, Offer, Proxy, Redirects, Response, Url,
    },
};
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
/// [`Redirects`] says what to offer next, over another transport.
///
/// # Errors
/// As for [`connect`].
pub async fn client<T: AsyncRead + AsyncWrite + Unpin>(
    mut io: T,
    offer: &Offer,
    options: &Options,
) -> Result<(WebSocket<T, Client<OsMasks>>, Response), ConnectError> {
    let mut input = BytesMut::new();
    let mut request = Vec::new();
    let handshake = ClientHandshake::new(offer, nonce().map_err(io::Error::from)?, &mut request)?;
    match exchange(&mut io, &mut input, &request, handshake, options).await? {
        FinalAnswer::Accepted { agreement, response } => {
            let side = Client(OsMasks::new().map_err(io::Error::from)?);
            Ok((WebSocket::new(io, side, agreement, input, options), response))
        }
        FinalAnswer::Refused(response) => Err(ConnectError::Refused(Box::new(response))),
    }
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
    let mut input = BytesMut::new();
    let mut request = Vec::new();
    let handshake = ClientHandshake::connect(&proxy.tunnel_to(url)?, &mut request)?;
    match exchange(&mut io, &mut input, &request, handshake, options).await? {
        FinalAnswer::Accepted { .. } if input.is_empty() => Ok(io),
        // Neither a server of HTTP nor one of TLS speaks first.
        FinalAnswer::Accepted { .. } => Err(HandshakeError::EarlyData.into()),
        FinalAnswer::Refused(response) => Err(ConnectError::Proxy(Box::new(response))),
    }
}

/// Connects, and connects again where a redirection leads.
async fn open(
    proxy: Option<&Proxy>,
    offer: &Offer,
    options: &Options,
) -> Result<(WebSocket<TcpStream, Client<OsMasks>>, Response), ConnectError> {
    let attempts = async {
        let mut redirects = Redirects::up_to(options.redirects);
        let mut offer = Cow::Borrowed(offer);
        loop {
            let io = reach(proxy, &offer, options).await?;
            let refused = match client(io, &offer, options).await {
                Err(ConnectError::Refused(response)) => response,
                opened => return opened,
            };
            match redirects.follow(&offer, &*refused) {
                Ok(Some(next)) => offer = Cow::Owned(next),
                Ok(None) => return Err(ConnectError::Refused(refused)),
                Err(error) => return Err(ConnectError::Redirect(error, refused)),
            }
        }
    };
    timeout(options.handshake, attempts).await.unwrap_or(Err(ConnectError::Timeout))
}

/// A transport to the host of the offer.
async fn reach(proxy: Option<&Proxy>, offer: &Offer, options: &Options) -> Result<TcpStream, ConnectError> {
    let url = offer.url();
    if url.is_secure() {
        return Err(ConnectError::Secure(Box::new(offer.clone())));
    }
    let (host, port) = proxy.map_or((url.host(), url.port()), |proxy| (proxy.host(), proxy.port()));
    let io = TcpStream::connect((host, port)).await?;
    io.set_nodelay(true)?;
    match proxy {
        Some(proxy) => tunnel(io, proxy, url, options).await,
        None => Ok(io),
    }
}

/// Writes the request and reads the answer.
pub(crate) async fn exchange<T: AsyncRead + AsyncWrite + Unpin, A: Attempt>(
    io: &mut T,
    input: &mut BytesMut,
    request: &[u8],
    handshake: ClientHandshake<A>,
    options: &Options,
) -> Result<FinalAnswer<A::Agreement>, ConnectError> {
    let answer = async {
        let mut handshake = handshake.limits(ClientLimits { head: options.head, ..ClientLimits::default() });
        io.write_all(request).await?;
        io.flush().await?;
        let mut ended = false;
        loop {
            if let Some(answer) = handshake.answer(input, ended)? {
                return Ok(answer);
            }
            input.reserve(READ);
            ended = io.read_buf(input).await? == 0;
        }
    };
    timeout(options.handshake, answer).await.unwrap_or(Err(ConnectError::Timeout))
}
