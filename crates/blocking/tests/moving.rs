//! Prepared messages, and connections that leave one value and go on in another.
#![allow(clippy::unwrap_used, clippy::panic, reason = "this is how a test fails")]

use std::{
    net::{Shutdown, TcpListener, TcpStream},
    thread,
};

use switchover_blocking::{
    Choice, Client, Error, Event, HibernateError, Offer, Options, OsMasks, Prepared, ResumeError, SendError, Server,
    WebSocket, accept_with, connect_with,
};

fn text(number: usize) -> String {
    format!("message {number} of a text that is long enough to be compressed, {number}")
}

/// Both ends move between two messages of several that may have been read together; what was read goes along, and windows too.
#[test]
fn both_ends_move() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/notifications", listener.local_addr().unwrap());
    let offer = Offer::new(url.parse().unwrap());
    let choice = Choice::new();
    #[cfg(feature = "deflate")]
    let (offer, choice) = {
        use switchover_blocking::Deflate;
        (offer.extension(Deflate::new()).unwrap(), choice.extension(Deflate::new()).unwrap())
    };
    let server = thread::spawn(move || {
        let mut server = accept_with(listener.accept().unwrap().0, |_| Ok(choice)).unwrap();
        let mut moves = 0;
        while let Some(event) = server.receive().unwrap() {
            let Some(message) = event.into_message() else { continue };
            server.feed(message).unwrap();
            let Err(HibernateError::Output(given_back)) = server.hibernate() else { panic!("an echo waits") };
            server = given_back;
            server.flush().unwrap();
            let (io, state, input) = server.hibernate().unwrap();
            server = WebSocket::resume(io, Server, &state, input, &Options::default()).unwrap();
            moves += 1;
        }
        assert!(matches!(server.hibernate(), Err(HibernateError::Closing(_))));
        moves
    });
    let (mut client, _) = connect_with(&offer, &Options::default()).unwrap();
    for number in 0..10 {
        client.feed(text(number)).unwrap();
    }
    let last = Prepared::new("to all");
    client.feed_prepared(&last).unwrap();
    for number in 0..11 {
        let expected = if number < 10 { text(number) } else { "to all".into() };
        assert_eq!(client.receive().unwrap(), Some(Event::Text(expected.into())));
        let (io, state, input) = client.hibernate().unwrap();
        client = WebSocket::resume(io, Client(OsMasks::new().unwrap()), &state, input, &Options::default()).unwrap();
        assert_eq!(client.agreement().subprotocol(), None);
    }
    client.start_close(1000, "").unwrap();
    let Err(Error::Send(SendError::Closed(message))) = client.feed_prepared(&last) else { panic!("it is closing") };
    assert_eq!(&message, last.message());
    while client.receive().unwrap().is_some() {}
    assert_eq!(server.join().unwrap(), 11);
}

#[test]
fn some_have_to_stay() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let far = listener.accept().unwrap().0;
    far.shutdown(Shutdown::Write).unwrap();
    let mut server = WebSocket::new(far, Server, Default::default(), [][..].into(), &Options::default());
    assert!(server.send("lost").is_err());
    assert!(matches!(server.hibernate(), Err(HibernateError::Closing(_))));
    let refused = WebSocket::resume(near, Server, b"?", [][..].into(), &Options::default());
    assert_eq!(refused.map(drop), Err(ResumeError::Version(b'?')));
}
