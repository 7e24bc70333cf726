//! axum_server   an axum application with an echo on /echo, over HTTP/1.1 and HTTP/2, and a page beside it

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
    serve::ListenerExt,
};
use bytes::BytesMut;
use hyper::ext::Protocol;
use hyper_util::rt::TokioIo;
use switchover::handshake::{Choice, HandshakeError, Refusal, inspect, inspect_extended};
use switchover_parties::{Failure, echo, listen};
use switchover_tokio::{Options, Server, WebSocket};

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let application = Router::new()
        .route("/", get("WebSocket is spoken on /echo.\n"))
        .route("/echo", get(websocket).connect(websocket));
    // Small messages would be late without.
    let listener = listen().await?.tap_io(|stream| drop(stream.set_nodelay(true)));
    Ok(axum::serve(listener, application).await?)
}

async fn websocket(request: Request) -> Response {
    let version = request.version();
    switch(request).unwrap_or_else(|refusal| match refusal.for_version(version.into()).to_response() {
        Ok(response) => response.map(Body::from),
        // It has more fields than there is room for.
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    })
}

fn switch(mut request: Request) -> Result<Response, Refusal> {
    let upgrade = hyper::upgrade::on(&mut request);
    let protocol = request.extensions().get::<Protocol>().map(Protocol::as_str);
    let choice = Choice::new();
    let (response, agreement) = match inspect_extended(&request, protocol)? {
        // Over HTTP/2.
        Some(proposal) => proposal.accept_response(&choice)?,
        None => inspect(&request)?.ok_or(HandshakeError::UpgradeRequired)?.accept_response(&choice)?,
    };
    tokio::spawn(async move {
        let io = TokioIo::new(upgrade.await?);
        echo(WebSocket::new(io, Server, agreement, BytesMut::new(), &Options::default())).await
    });
    Ok(response.map(|()| Body::empty()))
}
