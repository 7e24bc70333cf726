//! A server's side of the opening handshake.

use std::io;

use bytes::{Buf, BytesMut};
use switchover::{
    Server, Session,
    handshake::{Agreement, Choice, Proposal, Refusal, Request, ServerHandshake},
    header::{RequestHead, Step},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::{error::Elapsed, timeout},
};

use crate::{AcceptError, Options, WebSocket};

/// Room for a read.
const READ: usize = 4 << 10;

/// Accepts a WebSocket connection on any path: no subprotocol, and from pages of the same origin only.
///
/// # Errors
/// The request was refused, which the client has been told, or the transport failed.
pub async fn accept<T: AsyncRead + AsyncWrite + Unpin>(io: T) -> Result<WebSocket<T, Server>, AcceptError> {
    accept_with(io, |_| Ok(Choice::new())).await
}

/// Accepts a WebSocket connection if `decide` does, on its terms. A request that does not ask for WebSocket is refused.
/// [`answer`] does the same with other [`Options`].
///
/// # Errors
/// As for [`accept`].
pub async fn accept_with<T: AsyncRead + AsyncWrite + Unpin>(
    io: T,
    decide: impl FnOnce(&Proposal<RequestHead<'_>>) -> Result<Choice, Refusal>,
) -> Result<WebSocket<T, Server>, AcceptError> {
    let decide = |request: &Request<'_>| match request {
        Request::WebSocket(proposal) => decide(proposal),
        request => Err(request.plain().refuse()),
    };
    answer(io, &Options::default(), decide).await
}

/// Answers any request: accepts a WebSocket connection on the terms of `decide`, or sends the response that it gives, which may
/// have any final status. `Ok` for a request that does not ask for WebSocket refuses it as
/// [`PlainRequest::refuse`](switchover::handshake::PlainRequest::refuse) does.
///
/// A refusal has been sent and the transport shut down in order when this returns.
///
/// # Errors
/// As for [`accept`].
pub async fn answer<T: AsyncRead + AsyncWrite + Unpin>(
    mut io: T,
    options: &Options,
    decide: impl FnOnce(&Request<'_>) -> Result<Choice, Refusal>,
) -> Result<WebSocket<T, Server>, AcceptError> {
    let mut input = BytesMut::new();
    let mut writing = false;
    let opening = async {
        let mut handshake = ServerHandshake::new(options.head).early_data(options.early_data);
        let mut response = Vec::new();
        let agreement = receive(&mut io, &mut input, &mut handshake, |request| {
            let choice = decide(&request).map_err(|refusal| request.plain().refuse_with(refusal))?;
            Ok(request.into_websocket()?.accept(&choice, &mut response)?)
        })
        .await?;
        writing = true;
        write(&mut io, &response).await?;
        Ok(agreement)
    };
    match in_time(timeout(options.handshake, opening).await, writing) {
        Ok(agreement) => Ok(WebSocket::new(io, Server, agreement, input, options)),
        Err(error) => Err(refuse(io, input, options, error).await),
    }
}

/// Reads on until the request is whole, and takes it off the input if it is accepted.
pub(crate) async fn receive<X>(
    io: &mut (impl AsyncRead + Unpin),
    input: &mut BytesMut,
    handshake: &mut ServerHandshake,
    accept: impl FnOnce(Request<'_>) -> Result<X, AcceptError>,
) -> Result<X, AcceptError> {
    loop {
        if let Step::Done { value: request, consumed } = handshake.receive(input)? {
            let accepted = accept(request)?;
            input.advance(consumed);
            return Ok(accepted);
        }
        read(io, input).await?;
    }
}

/// Reads once.
pub(crate) async fn read(io: &mut (impl AsyncRead + Unpin), input: &mut BytesMut) -> Result<(), AcceptError> {
    input.reserve(READ);
    if io.read_buf(input).await? == 0 { Err(AcceptError::Closed) } else { Ok(()) }
}

/// Writes all of a response.
pub(crate) async fn write(io: &mut (impl AsyncWrite + Unpin), response: &[u8]) -> io::Result<()> {
    io.write_all(response).await?;
    io.flush().await
}

/// What an opening came to; where its time was up, the refusal that says so, unless a part of another response was written.
pub(crate) fn in_time<X>(opened: Result<Result<X, AcceptError>, Elapsed>, writing: bool) -> Result<X, AcceptError> {
    opened.unwrap_or_else(|_| {
        Err(if writing { io::Error::from(io::ErrorKind::TimedOut).into() } else { Refusal::timeout().into() })
    })
}

/// Sends the refusal, if the error is one.
pub(crate) async fn refuse<T: AsyncRead + AsyncWrite + Unpin>(
    io: T,
    input: BytesMut,
    options: &Options,
    error: AcceptError,
) -> AcceptError {
    if let AcceptError::Refused(refusal) = &error {
        // A session that only says no: it writes the response and ends the transport in order, or when its time is up.
        let session = Session::refused(&refusal.to_bytes());
        let _ = WebSocket::over(io, session, Agreement::default(), input, options).receive().await;
    }
    error
}
