//! What servers do with a TCP stream before it speaks another protocol.

use std::time::Duration;

use bytes::BytesMut;
use switchover::handshake::Refusal;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::Failure;

/// How long a client may take to read a refusal.
const PATIENCE: Duration = Duration::from_secs(5);

/// Reads more of a request.
///
/// # Errors
/// The transport failed, or ended.
pub async fn read(stream: &mut TcpStream, input: &mut BytesMut) -> Result<(), Failure> {
    match stream.read_buf(input).await? {
        0 => Err("the connection ended before the request did".into()),
        _ => Ok(()),
    }
}

/// Writes a refusal and reads on to the end: dropping a stream with unread bytes resets the connection, and the client might
/// never see the response.
///
/// # Errors
/// The transport failed.
pub async fn refuse(mut stream: TcpStream, refusal: &Refusal) -> Result<(), Failure> {
    stream.write_all(&refusal.to_bytes()).await?;
    stream.shutdown().await?;
    let mut rest = [0; 4096];
    let to_the_end = async { while stream.read(&mut rest).await.is_ok_and(|len| len > 0) {} };
    let _ = timeout(PATIENCE, to_the_end).await;
    Ok(())
}
