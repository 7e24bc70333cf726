//! A server's side of the opening handshake.

use std::io::{self, Read, Write};

use bytes::{Buf, BytesMut};
use switchover::{
    Server, Session,
    handshake::{Agreement, Choice, Proposal, Refusal, Request, ServerHandshake},
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
/// [`answer`] does the same with other [`Options`].
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
/// [`PlainRequest::refuse`](switchover::handshake::PlainRequest::refuse) does.
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
    let opened = open(&mut io, options, |io| {
        let mut handshake = ServerHandshake::new(options.head).early_data(options.early_data);
        let mut response = Vec::new();
        let agreement = receive(io, &mut input, &mut handshake, |request| {
            let choice = decide(&request).map_err(|refusal| request.plain().refuse_with(refusal))?;
            Ok(request.into_websocket()?.accept(&choice, &mut response)?)
        })?;
        Ok((agreement, response))
    });
    match opened {
        Ok(agreement) => Ok(WebSocket::new(io, Server, agreement, input, options)),
        Err(error) => Err(refuse(io, input, options, error)),
    }
}

/// Runs an opening, which reads and makes the response, and writes that, all of it in time.
pub(crate) fn open<T: Duplex, X>(
    io: &mut T,
    options: &Options,
    opening: impl FnOnce(&mut Until<'_, T>) -> Result<(X, Vec<u8>), AcceptError>,
) -> Result<X, AcceptError> {
    let mut until = Until(io, Deadline::after(options.handshake));
    let (opened, response) = opening(&mut until).map_err(|error| match error {
        AcceptError::Io(error) if is_timeout(&error) => Refusal::timeout().into(),
        error => error,
    })?;
    until.write_all(&response)?;
    until.flush()?;
    io.set_timeout(None)?;
    Ok(opened)
}

/// Reads on until the request is whole, and takes it off the input if it is accepted.
pub(crate) fn receive<X>(
    io: &mut impl Read,
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
        read(io, input)?;
    }
}

/// Reads once.
pub(crate) fn read(io: &mut impl Read, input: &mut BytesMut) -> Result<(), AcceptError> {
    let mut room = [0; READ];
    match io.read(&mut room) {
        Ok(0) => Err(AcceptError::Closed),
        Ok(read) => {
            input.extend_from_slice(&room[..read]);
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Sends the refusal, if the error is one.
pub(crate) fn refuse<T: Duplex>(io: T, input: BytesMut, options: &Options, error: AcceptError) -> AcceptError {
    if let AcceptError::Refused(refusal) = &error {
        // A session that only says no: it writes the response and ends the transport in order, or when its time is up.
        let session = Session::refused(&refusal.to_bytes());
        let _ = WebSocket::over(io, session, Agreement::default(), input, options).receive();
    }
    error
}
