//! upgrade_server   a protocol of its own on connections that were HTTP/1.1: `lines/1` sends the content of the request back, and
//! then every byte

use std::time::Duration;

use bytes::{Buf, BytesMut};
use switchover::{
    handshake::{Protocols, Refusal, ServerHandshake, Switch, UpgradeChoice},
    header::Step,
};
use switchover_parties::{Failure, lines, listen, read, refuse};
use tokio::{
    io::{AsyncWriteExt, copy},
    net::TcpStream,
    time::timeout,
};

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let protocols = Protocols::new([lines()?])?;
    let listener = listen().await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(serve(stream, protocols.clone()));
    }
}

async fn serve(mut stream: TcpStream, protocols: Protocols) -> Result<(), Failure> {
    let mut input = BytesMut::new();
    let opening = timeout(Duration::from_secs(10), negotiate(&mut stream, &mut input, &protocols));
    let content = match opening.await.unwrap_or_else(|_| Ok(Err(Refusal::timeout())))? {
        Ok(content) => content,
        Err(refusal) => return refuse(stream, &refusal).await,
    };
    let (mut from, mut to) = stream.split();
    to.write_all(&content).await?;
    // What the client sent behind its request is there already.
    to.write_all(&input).await?;
    copy(&mut from, &mut to).await?;
    Ok(to.shutdown().await?)
}

/// The content of a request that has switched, or the refusal to send.
async fn negotiate(
    stream: &mut TcpStream,
    input: &mut BytesMut,
    protocols: &Protocols,
) -> Result<Result<Vec<u8>, Refusal>, Failure> {
    let mut output = Vec::new();
    let mut switch = match receive(stream, input, protocols, &mut output).await? {
        Ok(switch) => switch,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let mut content = Vec::new();
    loop {
        let switched = match switch.collect(input, &mut content, &mut output) {
            Ok(switched) => switched,
            Err(error) => return Ok(Err(error.into_refusal())),
        };
        // The 101, or a 100 (Continue) if the client waits for one.
        stream.write_all(&output).await?;
        if switched.is_some() {
            return Ok(Ok(content));
        }
        output.clear();
        read(stream, input).await?;
    }
}

/// The switch that a request proposes, or the refusal to send.
async fn receive(
    stream: &mut TcpStream,
    input: &mut BytesMut,
    protocols: &Protocols,
    output: &mut Vec<u8>,
) -> Result<Result<Switch, Refusal>, Failure> {
    let mut handshake = ServerHandshake::default().protocols(protocols);
    loop {
        match handshake.receive(input) {
            Ok(Step::Done { value: request, consumed }) => {
                let proposal = request.into_upgrade(protocols);
                let accepted = proposal.and_then(|proposal| Ok(proposal.accept(&UpgradeChoice::new(), output)?));
                input.advance(consumed);
                return Ok(accepted);
            }
            Ok(Step::NeedMore { .. }) => {}
            Err(refusal) => return Ok(Err(refusal)),
        }
        read(stream, input).await?;
    }
}
