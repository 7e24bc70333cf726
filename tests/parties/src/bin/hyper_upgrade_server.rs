//! hyper_upgrade_server   hyper reads the requests, and `lines/1`, a protocol of its own, is spoken behind the switch

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use switchover::handshake::{HandshakeError, LocalError, Protocols, Refusal, UpgradeChoice, inspect_upgrade};
use switchover_parties::{Failure, lines, listen};
use tokio::io::{AsyncWriteExt, copy, split};

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let protocols = Protocols::new([lines()?])?;
    let listener = listen().await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let protocols = protocols.clone();
        let service = service_fn(move |request| respond(request, protocols.clone()));
        let mut http = http1::Builder::new();
        let connection = http.timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
        tokio::spawn(connection.with_upgrades());
    }
}

async fn respond(request: Request<Incoming>, protocols: Protocols) -> Result<Response<Full<Bytes>>, LocalError> {
    switch(request, &protocols).await.or_else(|refusal| Ok(refusal.to_response()?.map(Full::new)))
}

async fn switch(mut request: Request<Incoming>, protocols: &Protocols) -> Result<Response<Full<Bytes>>, Refusal> {
    let upgrade = hyper::upgrade::on(&mut request);
    let (head, body) = request.into_parts();
    let proposal = inspect_upgrade(&head, protocols)?.ok_or_else(|| Refusal::upgrade_required(protocols))?;
    // The content comes to its end before the switch. hyper sends a 100 (Continue) where the client waits for one.
    let content = Limited::new(body, 1024).collect().await.map_err(|_| HandshakeError::ContentTooLarge)?.to_bytes();
    let Ok((response, _)) = proposal.accept_response(&UpgradeChoice::new()) else {
        return Err(Refusal::internal_error());
    };
    tokio::spawn(async move {
        let (mut from, mut to) = split(TokioIo::new(upgrade.await?));
        to.write_all(&content).await?;
        copy(&mut from, &mut to).await?;
        to.shutdown().await?;
        Ok::<(), Failure>(())
    });
    Ok(response.map(|()| Full::default()))
}
