//! Leaving HTTP for something else than WebSocket: another protocol, or a tunnel.

use std::io::{self, Write};

use bytes::{Bytes, BytesMut};
use switchover::{
    handshake::{
        ClientHandshake, ConnectChoice, ConnectOffer, ConnectProposal, Protocols, Refusal, ServerHandshake, Switched,
        UpgradeChoice, UpgradeOffer, UpgradeProposal,
    },
    header::RequestHead,
};

use crate::{
    AcceptError, ConnectError, Duplex, Options, Response, Upgraded,
    accept::{open, read, receive, refuse},
    connect::exchange,
    duplex::Deadline,
};

/// Accepts a connection for one of these protocols (RFC 9110, section 7.8), if `decide` does, on its terms. Gives the stream,
/// what it speaks, and the content of the request, which is held up to the limit of the
/// [protocol](switchover::handshake::Protocol::reads_content).
///
/// A request that asks for none of them is refused with 426 (Upgrade Required); WebSocket is for [`answer`](crate::answer). A
/// refusal has been sent and the transport shut down in order when this returns. Timeouts of the transport are used for the
/// deadline, and taken away.
///
/// ```
/// use std::{io::{Read, Write}, net::{TcpListener, TcpStream}, thread};
/// use switchover_blocking::{Options, Protocol, Protocols, UpgradeChoice, UpgradeOffer, accept_upgrade, upgrade};
///
/// let telemetry = Protocol::new("telemetry")?.versions(&["2", "1"]);
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let address = listener.local_addr()?;
/// let serving = thread::spawn(move || {
///     let (protocols, options) = (Protocols::new([telemetry])?, Options::default());
///     let stream = listener.accept()?.0;
///     let (mut stream, switched, _) = accept_upgrade(stream, &protocols, &options, |_| Ok(UpgradeChoice::new()))?;
///     assert!(switched.protocols().eq(["telemetry/2"]));
///     stream.write_all(b"up 17 days")?;
///     Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// });
///
/// let offer = UpgradeOffer::new("GET", "/feed", &address.to_string())?.protocol(telemetry)?;
/// let (mut stream, switched, _) = upgrade(TcpStream::connect(address)?, &offer, &Options::default())?;
/// assert!(switched.protocols().eq(["telemetry/2"]));
/// stream.read_exact(&mut [0; 10])?;
/// serving.join().unwrap().unwrap();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As for [`accept`](crate::accept).
pub fn accept_upgrade<T: Duplex>(
    mut io: T,
    protocols: &Protocols,
    options: &Options,
    decide: impl FnOnce(&UpgradeProposal<'_, RequestHead<'_>>) -> Result<UpgradeChoice, Refusal>,
) -> Result<(Upgraded<T>, Switched, Bytes), AcceptError> {
    let mut input = BytesMut::new();
    let opened = open(&mut io, options, |io| {
        let handshake = ServerHandshake::new(options.head).early_data(options.early_data);
        let mut output = Vec::new();
        let mut switch = receive(io, &mut input, &mut handshake.protocols(protocols), |request| {
            let proposal = request.into_upgrade(protocols)?;
            let method = proposal.view().method();
            let choice = decide(&proposal).map_err(|refusal| refusal.for_method(method))?;
            Ok(proposal.accept(&choice, &mut output)?)
        })?;
        let mut content = Vec::new();
        loop {
            if let Some(switched) = switch.collect(&mut input, &mut content, &mut output)? {
                return Ok(((switched, content), output));
            }
            // A 100 (Continue), where the client waits for one.
            io.write_all(&output)?;
            io.flush()?;
            output.clear();
            read(io, &mut input)?;
        }
    });
    match opened {
        Ok((switched, content)) => Ok((Upgraded::new(io, input), switched, content.into())),
        Err(error) => Err(refuse(io, input, options, error)),
    }
}

/// Accepts a tunnel (RFC 9110, section 9.3.6), if `decide` does: whoever has tunnels decides where they may lead to. What it gives
/// beside the choice is given back, the connection to that place for instance.
///
/// Any other request is refused with 405 (Method Not Allowed). A refusal has been sent and the transport shut down in order when
/// this returns. Timeouts of the transport are used for the deadline, and taken away.
///
/// ```
/// use std::{io, net::TcpStream, thread};
/// use switchover_blocking::{ConnectChoice, Options, Refusal, accept_tunnel};
///
/// fn serve(client: TcpStream) -> Result<(), Box<dyn std::error::Error>> {
///     let (mut client, mut server) = accept_tunnel(client, &Options::default(), |proposal| {
///         let to = proposal.authority();
///         if (to.host, to.port) != ("example.com", Some(443)) {
///             return Err(Refusal::forbidden());
///         }
///         let server = TcpStream::connect("example.com:443").map_err(|_| Refusal::bad_gateway())?;
///         Ok((ConnectChoice::new(), server))
///     })?;
///     let (mut back, mut to_client) = (server.try_clone()?, client.get_ref().try_clone()?);
///     let answering = thread::spawn(move || io::copy(&mut back, &mut to_client));
///     io::copy(&mut client, &mut server)?;
///     server.shutdown(std::net::Shutdown::Write)?;
///     let _ = answering.join();
///     Ok(())
/// }
/// ```
///
/// # Errors
/// As for [`accept`](crate::accept).
pub fn accept_tunnel<T: Duplex, X>(
    mut io: T,
    options: &Options,
    decide: impl FnOnce(&ConnectProposal<RequestHead<'_>>) -> Result<(ConnectChoice, X), Refusal>,
) -> Result<(Upgraded<T>, X), AcceptError> {
    let mut input = BytesMut::new();
    let opened = open(&mut io, options, |io| {
        let handshake = ServerHandshake::new(options.head).early_data(options.early_data);
        let mut response = Vec::new();
        let given = receive(io, &mut input, &mut handshake.tunnels(), |request| {
            let proposal = request.into_connect()?;
            let (choice, given) = decide(&proposal).map_err(|refusal| refusal.for_method("CONNECT"))?;
            proposal.accept(&choice, &mut response).map_err(io::Error::other)?;
            Ok(given)
        })?;
        Ok((given, response))
    });
    match opened {
        Ok(given) => Ok((Upgraded::new(io, input), given)),
        Err(error) => Err(refuse(io, input, options, error)),
    }
}

/// Asks the server at the other end of a transport for one of the protocols of an offer. Gives the stream, what it speaks, and the
/// response with its fields: see [`accept_upgrade`].
///
/// Content goes along with the request. One that is [to follow](UpgradeOffer::content_to_follow) does not: that is for
/// [`ClientHandshake`]. Timeouts of the transport are used for the deadline, and taken away.
///
/// # Errors
/// [`ConnectError::Refused`] has the response of a server that refused; else as for [`client`](crate::client).
pub fn upgrade<T: Duplex>(
    mut io: T,
    offer: &UpgradeOffer,
    options: &Options,
) -> Result<(Upgraded<T>, Switched, Response), ConnectError> {
    let deadline = Deadline::after(options.handshake);
    let (answer, input) = exchange(&mut io, options, deadline, |request| ClientHandshake::upgrade(offer, request))?;
    let (switched, response) = answer.accepted().map_err(ConnectError::Refused)?;
    Ok((Upgraded::new(io, input), switched, response))
}

/// Asks the proxy at the other end of a transport for a tunnel to any place. [`tunnel`](crate::tunnel) is for one to a server of
/// WebSocket. Timeouts of the transport are used for the deadline, and taken away.
///
/// # Errors
/// [`ConnectError::Proxy`] has the response of a proxy that refused; else as for [`client`](crate::client).
pub fn open_tunnel<T: Duplex>(
    mut io: T,
    offer: &ConnectOffer,
    options: &Options,
) -> Result<(Upgraded<T>, Response), ConnectError> {
    let deadline = Deadline::after(options.handshake);
    let (answer, input) = exchange(&mut io, options, deadline, |request| ClientHandshake::connect(offer, request))?;
    let ((), response) = answer.accepted().map_err(ConnectError::Proxy)?;
    Ok((Upgraded::new(io, input), response))
}
