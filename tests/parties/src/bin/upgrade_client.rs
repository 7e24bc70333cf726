//! `upgrade_client HOST:PORT [CONTENT]`   switches to the protocol `lines/1`, with POST where there is content, and checks its echo

use std::env;

use bytes::{Buf, BytesMut};
use switchover::{
    handshake::{Answer, ClientHandshake, UpgradeOffer},
    header::Step,
};
use switchover_parties::{Failure, lines};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = env::args().skip(1);
    let host = arguments.next().ok_or("usage: upgrade_client HOST:PORT [CONTENT]")?;
    let content = arguments.next();
    let mut stream = TcpStream::connect(&host).await?;
    stream.set_nodelay(true)?;

    let offer = match &content {
        Some(content) => UpgradeOffer::new("POST", "/", &host)?.content(content.clone()),
        None => UpgradeOffer::new("GET", "/", &host)?,
    };
    let mut input = BytesMut::new();
    let protocol = switch(&mut stream, &mut input, &offer.protocol(lines()?)?).await?;

    let message = "line by line\n".repeat(10_000);
    let expected = content.unwrap_or_default() + &message;
    let (mut from, mut to) = stream.split();
    let sending = async {
        to.write_all(message.as_bytes()).await?;
        to.shutdown().await
    };
    // What came behind the 101 is in `input`.
    let receiving = async {
        while from.read_buf(&mut input).await? > 0 {}
        Ok(())
    };
    tokio::try_join!(sending, receiving)?;
    if input != expected.as_bytes() {
        return Err(format!("{} bytes came back of {}, or others", input.len(), expected.len()).into());
    }
    println!("upgrade_client: {protocol}, {} bytes", input.len());
    Ok(())
}

/// Sends the request and gives the protocol that the connection speaks now.
async fn switch(stream: &mut TcpStream, input: &mut BytesMut, offer: &UpgradeOffer) -> Result<String, Failure> {
    let mut output = Vec::new();
    let mut handshake = ClientHandshake::upgrade(offer, &mut output)?;
    stream.write_all(&output).await?;
    let mut ended = false;
    loop {
        let step = if ended {
            handshake.receive_eof(input).map(|(value, consumed)| Step::Done { value, consumed })?
        } else {
            handshake.receive(input)?
        };
        match step {
            Step::Done { value: Answer::Accepted { agreement, .. }, consumed } => {
                input.advance(consumed);
                return Ok(agreement.protocols().collect::<Vec<_>>().join(" over "));
            }
            Step::Done { value: Answer::Refused(answer), .. } => {
                let status = answer.status();
                return Err(format!("{}: {}", status.as_u16(), String::from_utf8_lossy(answer.body)).into());
            }
            Step::Done { value: Answer::Interim(_), consumed } => input.advance(consumed),
            Step::NeedMore { .. } => ended = stream.read_buf(input).await? == 0,
        }
    }
}
