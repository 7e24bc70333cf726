//! hyper_server   hyper reads the requests, and those that ask for WebSocket are switched over: an echo on every path

use bytes::{Bytes, BytesMut};
use http_body_util::Full;
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use switchover::handshake::{Choice, LocalError, Refusal, inspect};
use switchover_parties::{Failure, echo, listen};
use switchover_tokio::{Options, Server, WebSocket};

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let listener = listen().await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = service_fn(async |request| respond(request));
        // The timer has hyper give up on heads that never end.
        let mut http = http1::Builder::new();
        let connection = http.timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
        tokio::spawn(connection.with_upgrades());
    }
}

fn respond(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, LocalError> {
    switch(request).or_else(|refusal| Ok(refusal.to_response()?.map(Full::new)))
}

fn switch(mut request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Refusal> {
    // It is there for every request, and becomes ready when a 101 has been written.
    let upgrade = hyper::upgrade::on(&mut request);
    let Some(proposal) = inspect(&request)? else {
        return Ok(Response::new("This is HTTP; WebSocket is spoken here too.\n".into()));
    };
    let (response, agreement) = proposal.accept_response(&Choice::new())?;
    tokio::spawn(async move {
        // What the client sent behind its request is in there.
        let io = TokioIo::new(upgrade.await?);
        echo(WebSocket::new(io, Server, agreement, BytesMut::new(), &Options::default())).await
    });
    Ok(response.map(|()| Full::default()))
}
