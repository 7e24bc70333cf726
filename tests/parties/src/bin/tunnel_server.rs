//! tunnel_server   a proxy that makes tunnels to 127.0.0.1, and to nowhere else

use bytes::{Buf, BytesMut};
use switchover::{
    handshake::{ConnectChoice, Refusal, Request, ServerHandshake},
    header::Step,
};
use switchover_parties::{Failure, listen, read, refuse};
use tokio::{
    io::{AsyncWriteExt, copy_bidirectional},
    net::TcpStream,
};

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let listener = listen().await?;
    loop {
        tokio::spawn(serve(listener.accept().await?.0));
    }
}

async fn serve(mut stream: TcpStream) -> Result<(), Failure> {
    stream.set_nodelay(true)?;
    let mut input = BytesMut::new();
    let mut upstream = match open(&mut stream, &mut input).await? {
        Ok(upstream) => upstream,
        Err(refusal) => return refuse(stream, &refusal).await,
    };
    upstream.set_nodelay(true)?;
    // What the client sent behind its request is for the other end already.
    upstream.write_all(&input).await?;
    copy_bidirectional(&mut stream, &mut upstream).await?;
    Ok(())
}

/// Reads the request for a tunnel and answers it with 200, or gives the refusal to send.
async fn open(stream: &mut TcpStream, input: &mut BytesMut) -> Result<Result<TcpStream, Refusal>, Failure> {
    let mut handshake = ServerHandshake::default().tunnels();
    loop {
        match handshake.receive(input) {
            Ok(Step::Done { value: Request::Connect(proposal), consumed }) => {
                let authority = proposal.authority();
                if authority.host != "127.0.0.1" {
                    return Ok(Err(Refusal::forbidden()));
                }
                // The port is always there.
                let Ok(upstream) = TcpStream::connect((authority.host, authority.port.unwrap_or(0))).await else {
                    return Ok(Err(Refusal::bad_gateway()));
                };
                let mut response = Vec::new();
                proposal.accept(&ConnectChoice::new(), &mut response)?;
                input.advance(consumed);
                stream.write_all(&response).await?;
                return Ok(Ok(upstream));
            }
            Ok(Step::Done { value: request, .. }) => {
                return Ok(Err(request.plain().refuse_with(Refusal::not_found())));
            }
            Ok(Step::NeedMore { .. }) => {}
            Err(refusal) => return Ok(Err(refusal)),
        }
        read(stream, input).await?;
    }
}
