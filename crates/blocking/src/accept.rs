//! A server's side of the opening handshake.

use std::io::{self, Read, Write};

use bytes::{Buf, BytesMut};
use switchover::{
    Server, Session,
    handshake::{self, Agreement, Choice, Proposal, Refusal, Request, ServerHandshake},
    header::{RequestHead, Step},
};

use crate::{
    AcceptError, Duplex, Options, WebSocket,
    duplex::{Deadline, Until, is_timeout},
};

/// Room for a read.
const READ: usize = 4 << 10;

/// Accepts a WebSocket connection on any path: no subprotocol, and from pages of the same origin only.
///
/// Timeouts of the transport are used for deadlines, and taken away when this returns.
///
/// # Errors
/// The request was refused, which the client has been told, or the transport failed.
pub fn accept<T: Duplex>(io: T) -> Result<WebSocket<T, Server>, AcceptError> {
    accept_with(io, |_| Ok(Choice::new()))
}

/// Accepts a WebSocket connection if `decide` does, on its terms. A request that does not ask for WebSocket is refused.
///
/// # Errors
/// As for [`accept`].
pub fn accept_with<T: Duplex>(
    io: T,
    decide: impl FnOnce(&Proposal<RequestHead<'_>>) -> Result<Choice, Refusal>,
) -> Result<WebSocket<T, Server>, AcceptError> {
    let decide = |request: &Request<'_>| match request {
        Request::WebSocket(proposal) => decide(proposal),
        request => Err(request.plain().refuse()),
    };
    answer(io, &Options::default(), decide)
}

/// Answers any request: accepts a WebSocket connection on the terms of `decide`, or sends the response that it gives, which may
/// have any final status. `Ok` for a request that does not ask for WebSocket refuses it as
/// [`PlainRequest::refuse`](handshake::PlainRequest::refuse) does.
///
/// A refusal has been sent and the transport shut down in order when this returns.
///
/// # Errors
/// As for [`accept`].
pub fn answer<T: Duplex>(
    mut io: T,
    options: &Options,
    decide: impl FnOnce(&Request<'_>) -> Result<Choice, Refusal>,
) -> Result<WebSocket<T, Server>, AcceptError> {
    let mut input = BytesMut::new();
    let mut until = Until(&mut io, Deadline::after(options.handshake));
    let refusal = match negotiate(&mut until, &mut input, options, decide) {
        Ok((agreement, response)) => {
            until.write_all(&response)?;
            until.flush()?;
            io.set_timeout(None)?;
            return Ok(WebSocket::new(io, Server, agreement, input, options));
        }
        Err(AcceptError::Refused(refusal)) => refusal,
        Err(AcceptError::Io(error)) if is_timeout(&error) => Refusal::timeout(),
        Err(error) => return Err(error),
    };
    // A session that only says no: it writes the response and ends the transport in order, or when its time is up.
    let session = Session::refused(&refusal.to_bytes());
    let _ = WebSocket::over(io, session, Agreement::default(), input, options).receive();
    Err(refusal.into())
}

/// Reads the request and makes the 101.
fn negotiate(
    io: &mut impl Read,
    input: &mut BytesMut,
    options: &Options,
    decide: impl FnOnce(&Request<'_>) -> Result<Choice, Refusal>,
) -> Result<(Agreement, Vec<u8>), AcceptError> {
    let mut handshake = ServerHandshake::new(options.head).early_data(options.early_data);
    let mut room = [0; READ];
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
        match io.read(&mut room) {
            Ok(0) => return Err(AcceptError::Closed),
            Ok(read) => input.extend_from_slice(&room[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
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
