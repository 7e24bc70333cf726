//! h2_client URL   WebSocket by extended CONNECT on a stream of crate `h2`, without TLS: messages go to an echo, and back

use std::env;

use bytes::BytesMut;
use h2::{Ping, client, ext::Protocol};
use switchover::handshake::{ConnectProtocolSetting, ExtendedConnect, HandshakeError, Offer, verify_extended};
use switchover_parties::{Failure, H2Stream, converse};
use switchover_tokio::{Client, Options, OsMasks, Url, WebSocket};
use tokio::net::TcpStream;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let url: Url = env::args().nth(1).ok_or("usage: h2_client URL")?.parse()?;
    let stream = TcpStream::connect((url.host(), url.port())).await?;
    stream.set_nodelay(true)?;
    let (http, mut connection) = client::handshake(stream).await?;
    let mut ping = connection.ping_pong().ok_or("somebody else has it")?;
    let connection = tokio::spawn(connection);
    // The settings are the first that a server sends: they are there before any answer.
    ping.ping(Ping::opaque()).await?;
    let mut http = http.ready().await?;

    let setting = ConnectProtocolSetting::new(http.is_extended_connect_protocol_enabled());
    let (mut request, expectations) = Offer::new(url).to_extended_request(setting)?;
    request.extensions_mut().insert(Protocol::from_static(ExtendedConnect::PROTOCOL));
    let (response, send) = http.send_request(request, false)?;
    let response = response.await?;
    let agreement = match verify_extended(&response, &expectations) {
        Ok(agreement) => agreement,
        Err(HandshakeError::NotConnected) => {
            let status = response.status();
            let body = collect(response.into_body()).await?;
            return Err(format!("{status}: {}", String::from_utf8_lossy(&body)).into());
        }
        Err(error) => return Err(error.into()),
    };
    let io = H2Stream::new(send, response.into_body());
    let websocket = WebSocket::new(io, Client(OsMasks::new()?), agreement, BytesMut::new(), &Options::default());
    println!("h2_client: {}", converse(websocket).await?);

    // With the last of its handles the connection comes to its end.
    drop((http, ping));
    Ok(connection.await??)
}

async fn collect(mut body: h2::RecvStream) -> Result<Vec<u8>, h2::Error> {
    let mut collected = Vec::new();
    while let Some(data) = body.data().await {
        collected.extend_from_slice(&data?);
    }
    Ok(collected)
}
