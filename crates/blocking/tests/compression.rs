//! permessage-deflate between two ends over loopback.
#![cfg(feature = "deflate")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "this is how a test fails")]

use std::{net::TcpListener, thread};

use switchover_blocking::{Choice, Deflate, Event, Message, Offer, Options, accept_with, connect_with};

/// Both sides offer it: messages arrive, whole, in fragments, in such of one size, as they are, and after memory was given back.
#[test]
fn both_ends_compress() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/notifications", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let choice = Choice::new().extension(Deflate::new()).unwrap();
        let mut websocket = accept_with(listener.accept().unwrap().0, |_| Ok(choice)).unwrap();
        assert!(websocket.agreement().deflate().is_some());
        while let Some(event) = websocket.receive().unwrap() {
            websocket.release_memory();
            if let Some(message) = event.into_message() {
                websocket.feed(message).unwrap();
            }
        }
    });
    let offer = Offer::new(url.parse().unwrap()).extension(Deflate::new()).unwrap();
    let (mut websocket, _) = connect_with(&offer, &Options { fragments: Some(5_000), ..Options::default() }).unwrap();
    assert!(websocket.agreement().deflate().is_some());
    let text = "all of this, and all of this once more. ".repeat(1_000);
    for message in [Message::from(text), Message::from(vec![7; 100_000]), Message::from("")] {
        websocket.send(message.clone()).unwrap();
        assert_eq!(websocket.receive().unwrap().unwrap().into_message(), Some(message.clone()));
        websocket.feed_uncompressed(message.clone()).unwrap();
        websocket.release_memory();
        assert_eq!(websocket.receive().unwrap().unwrap().into_message(), Some(message));
    }
    websocket.fragment("in ", false).unwrap();
    websocket.fragment("fragments", true).unwrap();
    assert_eq!(websocket.receive().unwrap(), Some(Event::Text("in fragments".into())));
    websocket.close(1000, "").unwrap();
    server.join().unwrap();
}
