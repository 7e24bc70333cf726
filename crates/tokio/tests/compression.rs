//! permessage-deflate between two ends, and on the wire.
#![cfg(feature = "deflate")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "this is how a test fails")]

mod common;

use common::{REQUEST, offer};
use switchover_tokio::{Choice, Compression, Deflate, Event, Message, Options, accept_with, client};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

/// Both sides offer it: messages arrive, whole, in fragments, in such of one size, as they are, and after memory was given back.
#[tokio::test]
async fn both_ends_compress() {
    let (near, far) = duplex(1 << 12);
    let offer = offer().extension(Deflate::new()).unwrap();
    let choice = Choice::new().extension(Deflate::new().no_peer_context_takeover()).unwrap();
    let compression = Compression { level: 9, threshold: 0, ..Compression::default() };
    let options = Options { compression, fragments: Some(5_000), ..Options::default() };
    let (client, server) = tokio::join!(client(near, &offer, &options), accept_with(far, |_| Ok(choice)));
    let (mut client, mut server) = (client.unwrap().0, server.unwrap());
    for websocket in [client.agreement(), server.agreement()] {
        let agreed = websocket.deflate().unwrap();
        assert!(agreed.server.takeover && !agreed.client.takeover);
    }
    let echo = async {
        while let Some(event) = server.receive().await.unwrap() {
            server.release_memory();
            if let Some(message) = event.into_message() {
                server.feed(message).await.unwrap();
            }
        }
    };
    let talk = async {
        let text = "all of this, and all of this once more. ".repeat(1_000);
        for message in [Message::from(text.clone()), Message::from(vec![7; 100_000]), Message::from("")] {
            client.send(message.clone()).await.unwrap();
            assert_eq!(client.receive().await.unwrap().unwrap().into_message(), Some(message.clone()));
            client.feed_uncompressed(message.clone()).await.unwrap();
            client.release_memory();
            assert_eq!(client.receive().await.unwrap().unwrap().into_message(), Some(message));
        }
        client.fragment("in ", false).await.unwrap();
        client.fragment("fragments", true).await.unwrap();
        assert_eq!(client.receive().await.unwrap(), Some(Event::Text("in fragments".into())));
        // The halves go on where the whole was.
        let (mut receiver, mut sender) = client.split_with(tokio::io::split);
        for _ in 0..2 {
            sender.send(text.clone()).await.unwrap();
            sender.feed_uncompressed(text.clone()).await.unwrap();
            sender.flush().await.unwrap();
            for _ in 0..2 {
                assert_eq!(receiver.receive().await.unwrap(), Some(Event::Text(text.clone().into())));
            }
        }
        sender.close(1000, "").await.unwrap();
        while receiver.receive().await.unwrap().is_some() {}
    };
    tokio::join!(echo, talk);
}

/// A message of 1,000 bytes goes out in a few, with RSV1; as it is where that is asked for, or nothing was agreed on.
#[tokio::test]
async fn on_the_wire() {
    let line = "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
    for offered in [true, false] {
        let (mut near, far) = duplex(1 << 16);
        let request = if offered { REQUEST.replacen("\r\n\r\n", &format!("\r\n{line}"), 1) } else { REQUEST.into() };
        near.write_all(request.as_bytes()).await.unwrap();
        let choice = Choice::new().extension(Deflate::new()).unwrap();
        let mut server = accept_with(far, |_| Ok(choice)).await.unwrap();
        let mut response = vec![0; 1_000];
        let read = near.read(&mut response).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&response[..read]).contains("permessage-deflate"), offered);

        server.send("x".repeat(1_000)).await.unwrap();
        let mut header = [0; 2];
        near.read_exact(&mut header).await.unwrap();
        assert_eq!(header[0], if offered { 0xC1 } else { 0x81 });
        assert_eq!(header[1] < 30, offered);
        if offered {
            near.read_exact(&mut vec![0; header[1].into()]).await.unwrap();
            server.feed_uncompressed("x".repeat(100)).await.unwrap();
            server.flush().await.unwrap();
            near.read_exact(&mut header).await.unwrap();
            assert_eq!(header, [0x81, 100]);
        }
    }
}
