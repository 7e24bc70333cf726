//! A server's side of the opening handshake.

use std::io;

use bytes::{Buf, BytesMut};
use switchover::{
    Server, Session,
    handshake::{self, Agreement, Choice, Proposal, Refusal, Request, ServerHandshake},
    header::{RequestHead, Step},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::timeout,
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
/// [`PlainRequest::refuse`](handshake::PlainRequest::refuse) does.
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
    let mut answered = false;
    let opening = async {
        let (agreement, response) = negotiate(&mut io, &mut input, options, decide).await?;
        answered = true;
        io.write_all(&response).await?;
        io.flush().await?;
        Ok(agreement)
    };
    let refusal = match timeout(options.handshake, opening).await {
        Ok(Ok(agreement)) => return Ok(WebSocket::new(io, Server, agreement, input, options)),
        Ok(Err(AcceptError::Refused(refusal))) => refusal,
        Ok(Err(error)) => return Err(error),
        Err(_) if answered => return Err(AcceptError::Io(io::ErrorKind::TimedOut.into())),
        Err(_) => Refusal::timeout(),
    };
    // A session that only says no: it writes the response and ends the transport in order, or when its time is up.
    let session = Session::refused(&refusal.to_bytes());
    let mut refused = WebSocket::over(io, session, Agreement::default(), input, options);
    let _ = refused.receive().await;
    Err(refusal.into())
}

/// Reads the request and makes the 101.
async fn negotiate(
    io: &mut (impl AsyncRead + Unpin),
    input: &mut BytesMut,
    options: &Options,
    decide: impl FnOnce(&Request<'_>) -> Result<Choice, Refusal>,
) -> Result<(Agreement, Vec<u8>), AcceptError> {
    let mut handshake = ServerHandshake::new(options.head).early_data(options.early_data);
    loop {
        if let Step::Done { value: request, consumed } = handshake.receive(input)? {
            let choice = decide(&request).map_err(|refusal| request.plain().refuse_with(refusal))?;
            let mut response = Vec::new();
            let agreement = match request {
                Request::WebSocket(proposal) => proposal.accept(&choice, &mut response)?,
                request => return Err(request.plain().refuse().into()),
            };
            input.advance(consumed);
            return Ok((agreement, response));
        }
        input.reserve(READ);
        if io.read_buf(input).await? == 0 {
            return Err(AcceptError::Closed);
        }
    }
}

impl From<handshake::AcceptError> for AcceptError {
    fn from(error: handshake::AcceptError) -> Self {
        match error {
            handshake::AcceptError::Refused(refusal) => Self::Refused(refusal),
            handshake::AcceptError::Local(error) => Self::Io(io::Error::other(error)),
        }
    }
}
