//! browser_server   a page whose script echoes 10,000 compressed messages for each kind of window; ends with what the page reports

use axum::{
    Router,
    body::Body,
    extract::{Path, Request},
    http::StatusCode,
    response::{Html, IntoResponse, Response},
    routing::{get, post},
    serve::ListenerExt,
};
use bytes::BytesMut;
use hyper_util::rt::TokioIo;
use switchover::handshake::{Choice, Deflate, HandshakeError, Refusal, inspect};
use switchover_parties::{Failure, echo, listen};
use switchover_tokio::{Compression, Options, Server, WebSocket};
use tokio::sync::mpsc;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let (report, mut reported) = mpsc::channel(1);
    let application = Router::new()
        .route("/", get(Html(include_str!("browser.html"))))
        .route("/echo/{takeover}/{bits}", get(websocket))
        .route("/report", post(async move |text: String| drop(report.send(text).await)));
    let listener = listen().await?.tap_io(|stream| drop(stream.set_nodelay(true)));
    tokio::spawn(async { axum::serve(listener, application).await });
    let report = reported.recv().await.ok_or("no report")?;
    println!("{report}");
    if report.starts_with("passed") { Ok(()) } else { Err("the page failed".into()) }
}

async fn websocket(Path((takeover, bits)): Path<(bool, u8)>, request: Request) -> Response {
    switch(request, takeover, bits).unwrap_or_else(|refusal| match refusal.to_response() {
        Ok(response) => response.map(Body::from),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    })
}

fn switch(mut request: Request, takeover: bool, bits: u8) -> Result<Response, Refusal> {
    let upgrade = hyper::upgrade::on(&mut request);
    let deflate = Deflate::new().own_windows(9..=bits).and_then(|deflate| deflate.peer_window(bits));
    let mut deflate = deflate.map_err(|_| HandshakeError::UpgradeRequired)?;
    if !takeover {
        deflate = deflate.no_own_context_takeover().no_peer_context_takeover();
    }
    let choice = Choice::new().extension(deflate).map_err(|_| HandshakeError::UpgradeRequired)?;
    let (response, agreement) = inspect(&request)?.ok_or(HandshakeError::UpgradeRequired)?.accept_response(&choice)?;
    let compression = Compression { window_bits: bits, threshold: 0, ..Compression::default() };
    tokio::spawn(async move {
        let io = TokioIo::new(upgrade.await?);
        let options = Options { compression, ..Options::default() };
        echo(WebSocket::new(io, Server, agreement, BytesMut::new(), &options)).await
    });
    Ok(response.map(|()| Body::empty()))
}
