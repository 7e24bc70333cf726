//! hyper_client URL   hyper sends our request and reads the response; then messages go to an echo, and back

use std::env;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use switchover::handshake::{HandshakeError, Offer, verify};
use switchover_parties::{Failure, converse};
use switchover_random::nonce;
use switchover_tokio::{Client, Options, OsMasks, Url, WebSocket};
use tokio::net::TcpStream;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let url: Url = env::args().nth(1).ok_or("usage: hyper_client URL")?.parse()?;
    let stream = TcpStream::connect((url.host(), url.port())).await?;
    stream.set_nodelay(true)?;
    let (mut http, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection.with_upgrades());

    let (request, expectations) = Offer::new(url).to_request(nonce()?)?;
    let response = http.send_request(request.map(|()| Empty::<Bytes>::new())).await?;
    let agreement = match verify(&response, &expectations) {
        Ok(agreement) => agreement,
        Err(HandshakeError::NotSwitched) => {
            let status = response.status();
            let body = response.into_body().collect().await?.to_bytes();
            return Err(format!("{status}: {}", String::from_utf8_lossy(&body)).into());
        }
        Err(error) => return Err(error.into()),
    };
    // What the server sent behind its 101 is in there.
    let io = TokioIo::new(hyper::upgrade::on(response).await?);
    let websocket = WebSocket::new(io, Client(OsMasks::new()?), agreement, BytesMut::new(), &Options::default());
    println!("hyper_client: {}", converse(websocket).await?);
    Ok(())
}
