//! Leaving HTTP for something else than WebSocket: another protocol, or a tunnel.

use bytes::{Buf, Bytes, BytesMut};
use switchover::{
    handshake::{
        ClientHandshake, ConnectChoice, ConnectOffer, ConnectProposal, Protocols, Refusal, ServerHandshake, Switched,
        UpgradeChoice, UpgradeOffer, UpgradeProposal,
    },
    header::{RequestHead, Step},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};

use crate::{
    AcceptError, ConnectError, Options, Response, Upgraded,
    accept::{in_time, read, receive, refuse, write},
    connect::exchange,
};

/// Accepts a connection for one of these protocols (RFC 9110, section 7.8), if `decide` does, on its terms. Gives the stream,
/// what it speaks, and the content of the request, which is held up to the limit of the
/// [protocol](switchover::handshake::Protocol::reads_content).
///
/// A request that asks for none of them is refused with 426 (Upgrade Required); WebSocket is for [`answer`](crate::answer). A
/// refusal has been sent and the transport shut down in order when this returns.
///
/// ```
/// use switchover_tokio::{Options, Protocol, Protocols, UpgradeChoice, UpgradeOffer, accept_upgrade, upgrade};
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (near, far) = tokio::io::duplex(64);
/// let telemetry = Protocol::new("telemetry")?.versions(&["2", "1"]);
/// let (protocols, options) = (Protocols::new([telemetry])?, Options::default());
/// let server = async {
///     let (mut stream, switched, _) =
///         accept_upgrade(far, &protocols, &options, |_| Ok(UpgradeChoice::new())).await?;
///     assert!(switched.protocols().eq(["telemetry/2"]));
///     stream.write_all(b"up 17 days").await?;
///     Ok::<(), Box<dyn std::error::Error>>(())
/// };
/// let client = async {
///     let offer = UpgradeOffer::new("GET", "/feed", "example.com")?.protocol(telemetry)?;
///     let (mut stream, switched, _) = upgrade(near, &offer, &options).await?;
///     assert!(switched.protocols().eq(["telemetry/2"]));
///     stream.read_exact(&mut [0; 10]).await?;
///     Ok(())
/// };
/// tokio::try_join!(server, client)?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As for [`accept`](crate::accept).
pub async fn accept_upgrade<T: AsyncRead + AsyncWrite + Unpin>(
    mut io: T,
    protocols: &Protocols,
    options: &Options,
    decide: impl FnOnce(&UpgradeProposal<'_, RequestHead<'_>>) -> Result<UpgradeChoice, Refusal>,
) -> Result<(Upgraded<T>, Switched, Bytes), AcceptError> {
    let mut input = BytesMut::new();
    let mut writing = false;
    let opening = async {
        let handshake = ServerHandshake::new(options.head).early_data(options.early_data);
        let mut output = Vec::new();
        let mut switch = receive(&mut io, &mut input, &mut handshake.protocols(protocols), |request| {
            let proposal = request.into_upgrade(protocols)?;
            let method = proposal.view().method();
            let choice = decide(&proposal).map_err(|refusal| refusal.for_method(method))?;
            Ok(proposal.accept(&choice, &mut output)?)
        })
        .await?;
        let mut content = Vec::new();
        loop {
            let switched = switch.collect(&mut input, &mut content, &mut output)?;
            // The 101, or a 100 (Continue) where the client waits for one.
            writing = !output.is_empty();
            write(&mut io, &output).await?;
            if let Some(switched) = switched {
                return Ok((switched, content.into()));
            }
            writing = false;
            output.clear();
            read(&mut io, &mut input).await?;
        }
    };
    match in_time(timeout(options.handshake, opening).await, writing) {
        Ok((switched, content)) => Ok((Upgraded::new(io, input), switched, content)),
        Err(error) => Err(refuse(io, input, options, error).await),
    }
}

/// Accepts a tunnel (RFC 9110, section 9.3.6), if `decide` does: whoever has tunnels decides where they may lead to. What it gives
/// beside the choice is given back, the connection to that place for instance; [`Options::handshake`] is its time too.
///
/// Any other request is refused with 405 (Method Not Allowed). A refusal has been sent and the transport shut down in order when
/// this returns.
///
/// ```
/// use switchover_tokio::{ConnectChoice, Options, Refusal, accept_tunnel};
/// use tokio::{io::copy_bidirectional, net::TcpStream};
///
/// async fn serve(client: TcpStream) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
///     let (mut client, mut server) = accept_tunnel(client, &Options::default(), async |proposal| {
///         let to = proposal.authority();
///         if (to.host, to.port) != ("example.com", Some(443)) {
///             return Err(Refusal::forbidden());
///         }
///         let server = TcpStream::connect("example.com:443").await.map_err(|_| Refusal::bad_gateway())?;
///         Ok((ConnectChoice::new(), server))
///     })
///     .await?;
///     copy_bidirectional(&mut client, &mut server).await?;
///     Ok(())
/// }
/// ```
///
/// # Errors
/// As for [`accept`](crate::accept).
pub async fn accept_tunnel<T: AsyncRead + AsyncWrite + Unpin, X>(
    mut io: T,
    options: &Options,
    decide: impl AsyncFnOnce(&ConnectProposal<RequestHead<'_>>) -> Result<(ConnectChoice, X), Refusal>,
) -> Result<(Upgraded<T>, X), AcceptError> {
    let mut input = BytesMut::new();
    let mut writing = false;
    let opening = async {
        let mut handshake = ServerHandshake::new(options.head).early_data(options.early_data).tunnels();
        let (proposal, consumed) = loop {
            match handshake.receive(&input)? {
                Step::Done { value: request, consumed } => break (request.into_connect()?, consumed),
                Step::NeedMore { .. } => {}
            }
            read(&mut io, &mut input).await?;
        };
        let (choice, given) = decide(&proposal).await.map_err(|refusal| refusal.for_method("CONNECT"))?;
        let mut response = Vec::new();
        proposal.accept(&choice, &mut response).map_err(std::io::Error::other)?;
        input.advance(consumed);
        writing = true;
        write(&mut io, &response).await?;
        Ok(given)
    };
    match in_time(timeout(options.handshake, opening).await, writing) {
        Ok(given) => Ok((Upgraded::new(io, input), given)),
        Err(error) => Err(refuse(io, input, options, error).await),
    }
}

/// Asks the server at the other end of a transport for one of the protocols of an offer. Gives the stream, what it speaks, and the
/// response with its fields: see [`accept_upgrade`].
///
/// Content goes along with the request. One that is [to follow](UpgradeOffer::content_to_follow) does not: that is for
/// [`ClientHandshake`].
///
/// # Errors
/// [`ConnectError::Refused`] has the response of a server that refused; else as for [`client`](crate::client).
pub async fn upgrade<T: AsyncRead + AsyncWrite + Unpin>(
    mut io: T,
    offer: &UpgradeOffer,
    options: &Options,
) -> Result<(Upgraded<T>, Switched, Response), ConnectError> {
    let (answer, input) = exchange(&mut io, options, |request| ClientHandshake::upgrade(offer, request)).await?;
    let (switched, response) = answer.accepted().map_err(ConnectError::Refused)?;
    Ok((Upgraded::new(io, input), switched, response))
}

/// Asks the proxy at the other end of a transport for a tunnel to any place. [`tunnel`](crate::tunnel) is for one to a server of
/// WebSocket.
///
/// # Errors
/// [`ConnectError::Proxy`] has the response of a proxy that refused; else as for [`client`](crate::client).
pub async fn open_tunnel<T: AsyncRead + AsyncWrite + Unpin>(
    mut io: T,
    offer: &ConnectOffer,
    options: &Options,
) -> Result<(Upgraded<T>, Response), ConnectError> {
    let (answer, input) = exchange(&mut io, options, |request| ClientHandshake::connect(offer, request)).await?;
    let ((), response) = answer.accepted().map_err(ConnectError::Proxy)?;
    Ok((Upgraded::new(io, input), response))
}
