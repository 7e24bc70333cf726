//! h2_server   WebSocket by extended CONNECT on streams of crate `h2`, without TLS: an echo on every path

use bytes::{Bytes, BytesMut};
use h2::{
    RecvStream,
    ext::Protocol,
    server::{self, SendResponse},
};
use http::{Request, Response};
use switchover::handshake::{Agreement, Choice, Refusal, inspect_extended};
use switchover_parties::{Failure, H2Stream, echo, listen};
use switchover_tokio::{Options, Server, WebSocket};
use tokio::net::TcpStream;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let listener = listen().await?;
    loop {
        tokio::spawn(serve(listener.accept().await?.0));
    }
}

async fn serve(stream: TcpStream) -> Result<(), Failure> {
    stream.set_nodelay(true)?;
    // SETTINGS_ENABLE_CONNECT_PROTOCOL, without which no client sends such a request.
    let mut http = server::Builder::new().enable_connect_protocol().handshake(stream).await?;
    while let Some(request) = http.accept().await {
        let (request, respond) = request?;
        tokio::spawn(answer(request, respond));
    }
    Ok(())
}

async fn answer(request: Request<RecvStream>, mut respond: SendResponse<Bytes>) -> Result<(), Failure> {
    let (response, agreement) = match accept(&request) {
        Ok(accepted) => accepted,
        Err(refusal) => {
            let (head, body) = refusal.to_response()?.into_parts();
            return Ok(respond.send_response(Response::from_parts(head, ()), false)?.send_data(body, true)?);
        }
    };
    let io = H2Stream::new(respond.send_response(response, false)?, request.into_body());
    echo(WebSocket::new(io, Server, agreement, BytesMut::new(), &Options::default())).await
}

fn accept(request: &Request<RecvStream>) -> Result<(Response<()>, Agreement), Refusal> {
    let protocol = request.extensions().get::<Protocol>().map(Protocol::as_str);
    match inspect_extended(request, protocol)? {
        Some(proposal) => Ok(proposal.accept_response(&Choice::new())?),
        None => Err(Refusal::not_found().for_version(request.version().into())),
    }
}
