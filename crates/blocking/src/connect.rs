//! A client's side of the opening handshake.

use std::{
    io::{self, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    time::Duration,
};

use bytes::{Buf, BytesMut};
use switchover::{
    Client,
    handshake::{Agreement, Answer, ClientHandshake, ClientLimits, Offer, Url},
    header::Step,
};

use crate::{
    ConnectError, Duplex, Options, OsMasks, Response, WebSocket,
    duplex::{Deadline, Until, is_timeout},
    random,
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

/// The same with an offer: subprotocols, fields of the request.
///
/// # Errors
/// As for [`connect`].
pub fn connect_with(
    offer: &Offer,
    options: &Options,
) -> Result<(WebSocket<TcpStream, Client<OsMasks>>, Response), ConnectError> {
    let url = offer.url();
    if url.is_secure() {
        return Err(ConnectError::Secure);
    }
    let deadline = Deadline::after(options.handshake);
    let io = connect_tcp(url.host(), url.port(), deadline).map_err(in_time)?;
    io.set_nodelay(true)?;
    open(io, offer, options, deadline)
}

/// Opens a WebSocket connection over any transport that leads to the server.
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
    open(io, offer, options, Deadline::after(options.handshake))
}

fn open<T: Duplex>(
    mut io: T,
    offer: &Offer,
    options: &Options,
    deadline: Deadline,
) -> Result<(WebSocket<T, Client<OsMasks>>, Response), ConnectError> {
    let mut input = BytesMut::new();
    let (agreement, response) = match negotiate(Until(&mut io, deadline), &mut input, offer, options) {
        Err(ConnectError::Io(error)) => return Err(in_time(error)),
        negotiated => negotiated?,
    };
    io.set_timeout(None)?;
    Ok((WebSocket::new(io, Client(OsMasks::new()?), agreement, input, options), response))
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

/// Writes the request and reads the answer.
fn negotiate(
    mut io: impl Read + Write,
    input: &mut BytesMut,
    offer: &Offer,
    options: &Options,
) -> Result<(Agreement, Response), ConnectError> {
    let mut request = Vec::new();
    let limits = ClientLimits { head: options.head, ..ClientLimits::default() };
    let mut handshake = ClientHandshake::new(offer, random::nonce()?, &mut request)?.limits(limits);
    io.write_all(&request)?;
    io.flush()?;
    let mut ended = false;
    let mut room = [0; READ];
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
        match io.read(&mut room) {
            Ok(0) => ended = true,
            Ok(read) => input.extend_from_slice(&room[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn in_time(error: io::Error) -> ConnectError {
    if is_timeout(&error) { ConnectError::Timeout } else { ConnectError::Io(error) }
}
