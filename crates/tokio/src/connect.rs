//! A client's side of the opening handshake.

use bytes::{Buf, BytesMut};
use switchover::{
    Client,
    handshake::{Agreement, Answer, ClientHandshake, ClientLimits, Offer, Url},
    header::Step,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::{ConnectError, Options, OsMasks, Response, WebSocket, random};

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

/// The same with an offer: subprotocols, fields of the request.
///
/// # Errors
/// As for [`connect`].
pub async fn connect_with(
    offer: &Offer,
    options: &Options,
) -> Result<(WebSocket<TcpStream, Client<OsMasks>>, Response), ConnectError> {
    let url = offer.url();
    if url.is_secure() {
        return Err(ConnectError::Secure);
    }
    let open = async {
        let io = TcpStream::connect((url.host(), url.port())).await?;
        io.set_nodelay(true)?;
        client(io, offer, options).await
    };
    timeout(options.handshake, open).await.unwrap_or(Err(ConnectError::Timeout))
}

/// Opens a WebSocket connection over any transport that leads to the server.
///
/// # Errors
/// As for [`connect`].
pub async fn client<T: AsyncRead + AsyncWrite + Unpin>(
    mut io: T,
    offer: &Offer,
    options: &Options,
) -> Result<(WebSocket<T, Client<OsMasks>>, Response), ConnectError> {
    let mut input = BytesMut::new();
    let negotiation = negotiate(&mut io, &mut input, offer, options);
    let (agreement, response) = timeout(options.handshake, negotiation).await.unwrap_or(Err(ConnectError::Timeout))?;
    Ok((WebSocket::new(io, Client(OsMasks::new()?), agreement, input, options), response))
}

/// Writes the request and reads the answer.
async fn negotiate<T: AsyncRead + AsyncWrite + Unpin>(
    io: &mut T,
    input: &mut BytesMut,
    offer: &Offer,
    options: &Options,
) -> Result<(Agreement, Response), ConnectError> {
    let mut request = BytesMut::new();
    let limits = ClientLimits { head: options.head, ..ClientLimits::default() };
    let mut handshake = ClientHandshake::new(offer, random::nonce()?, &mut request)?.limits(limits);
    io.write_all_buf(&mut request).await?;
    io.flush().await?;
    let mut ended = false;
    loop {
        let step = if ended {
            handshake.receive_eof(input).map(|(value, consumed)| Step::Done { value, consumed })?
        } else {
            handshake.receive(input)?
        };
        match step {
            Step::Done { value: Answer::Accepted { agreement, head }, consumed } => {
                let response = Response::from(head);
                input.advance(consumed);
                return Ok((agreement, response));
            }
            Step::Done { value: Answer::Refused(answer), .. } => {
                return Err(ConnectError::Refused(Box::new(answer.into())));
            }
            Step::Done { value: Answer::Interim(_), consumed } => {
                input.advance(consumed);
                continue;
            }
            Step::NeedMore { .. } => {}
        }
        input.reserve(READ);
        ended = io.read_buf(input).await? == 0;
    }
}
