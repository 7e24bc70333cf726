//! What a handshake allocates: nothing but what outlives it.

use std::mem::size_of;

use switchover_handshake::header::Step;
use switchover_handshake::{
    Answer, Choice, ClientHandshake, HandshakeError, Refusal, Request, ServerHandshake, SubprotocolPolicy,
};
use switchover_testkit::alloc::measure;

use crate::common::{Head, NONCE, offer};

/// A server reads this request and accepts it, into an output with room: how often it allocates.
fn allocations_of_accepting(request: &[u8], choice: &Choice) -> u64 {
    let mut output = Vec::with_capacity(1024);
    let (agreement, allocations) = measure(|| {
        let mut handshake = ServerHandshake::default();
        match handshake.receive(request) {
            Ok(Step::Done { value: Request::WebSocket(proposal), .. }) => proposal.accept(choice, &mut output).unwrap(),
            other => panic!("{other:?}"),
        }
    });
    assert!(output.starts_with(b"HTTP/1.1 101 "));
    drop(agreement);
    allocations.count
}

#[test]
fn accepting_allocates_nothing_but_the_subprotocol() {
    let plain = Head::request().line("Origin", "https://example.com").to_bytes();
    assert_eq!(allocations_of_accepting(&plain, &Choice::new()), 0);

    let offered = Head::request().line("Sec-WebSocket-Protocol", "a, b, c, chat").to_bytes();
    let choice = Choice::new().subprotocols(SubprotocolPolicy::exactly("chat").unwrap()).field("X", "y").unwrap();
    assert_eq!(allocations_of_accepting(&offered, &choice), 1);
    assert_eq!(allocations_of_accepting(&offered, &Choice::new()), 0);
}

/// Whoever sends what is refused may send any number of it.
#[test]
fn refusing_allocates_nothing_but_the_output() {
    let request = Head::request();
    for (request, status) in [
        (request.clone().without("Sec-WebSocket-Key"), 400),
        (request.clone().without("Sec-WebSocket-Version"), 400),
        (request.clone().line("Origin", "not an origin"), 400),
        (request.clone().line("Sec-WebSocket-Extensions", "a; b=\""), 400),
        (request.clone().line("Host", "example.org"), 400),
        (request.clone().line("Bad Name", "x"), 400),
        (request.clone().line("Origin", "https://example.org"), 403),
        (request.clone().start_line("POST / HTTP/1.1"), 405),
        (request.clone().line("Expect", "7"), 417),
        (request.clone().without("Sec-WebSocket-Version").line("Sec-WebSocket-Version", "12"), 426),
        (request.without("Upgrade"), 426),
    ] {
        let request = request.to_bytes();
        let mut output = Vec::with_capacity(1024);
        let (refusal, allocations) = measure(|| {
            let mut handshake = ServerHandshake::default();
            let refusal = match handshake.receive(&request) {
                Ok(Step::Done { value: Request::WebSocket(proposal), .. }) => {
                    proposal.accept(&Choice::new(), &mut output).unwrap_err().into_refusal()
                }
                Ok(Step::Done { value: request, .. }) => request.plain().refuse(),
                Ok(Step::NeedMore { .. }) => panic!("it is complete"),
                Err(refusal) => refusal,
            };
            refusal.encode(&mut output).unwrap();
            refusal
        });
        assert_eq!((refusal.status().as_u16(), allocations.count), (status, 0), "{refusal}");
        let (bytes, allocations) = measure(|| refusal.to_bytes());
        assert_eq!((&bytes[..], allocations.count), (&output[..], 1));
    }
}

#[test]
fn a_request_that_drips_allocates_nothing() {
    let bytes = Head::request().to_bytes();
    let mut handshake = ServerHandshake::default();
    let ((), allocations) = measure(|| {
        for end in 0..bytes.len() {
            assert!(matches!(handshake.receive(&bytes[..end]), Ok(Step::NeedMore { .. })));
        }
    });
    assert_eq!(allocations.count, 0);
}

#[test]
fn an_answer_allocates_nothing_but_the_subprotocol() {
    let offer = offer().subprotocol("chat").unwrap();
    for (response, expected) in [(Head::response(), 0), (Head::response().line("Sec-WebSocket-Protocol", "chat"), 1)] {
        let bytes = response.to_bytes();
        let mut handshake = ClientHandshake::new(&offer, NONCE, &mut Vec::new()).unwrap();
        let (agreement, allocations) = measure(|| match handshake.receive(&bytes) {
            Ok(Step::Done { value: Answer::Accepted { agreement, .. }, .. }) => agreement,
            other => panic!("{other:?}"),
        });
        assert_eq!(agreement.subprotocol().is_some(), expected == 1);
        assert_eq!(allocations.count, expected);
    }
}

/// Memory for what a length declares is not reserved.
#[test]
fn a_refusal_with_a_long_declared_length_allocates_nothing() {
    let response = Head::new("HTTP/1.1 400 ").line("Content-Length", u64::MAX.to_string()).to_bytes();
    let mut handshake = ClientHandshake::new(&offer(), NONCE, &mut Vec::new()).unwrap();
    let (step, allocations) = measure(|| matches!(handshake.receive(&response), Ok(Step::NeedMore { at_least: 1 })));
    assert!(step);
    assert_eq!(allocations.count, 0);
}

/// Errors travel in every result, so they are small.
#[test]
fn sizes_are_bounded() {
    assert!(size_of::<HandshakeError>() <= 40, "{}", size_of::<HandshakeError>());
    assert!(size_of::<Refusal>() <= 112, "{}", size_of::<Refusal>());
    assert!(size_of::<ServerHandshake>() <= 1024, "{}", size_of::<ServerHandshake>());
    assert!(size_of::<ClientHandshake>() <= 1024, "{}", size_of::<ClientHandshake>());
}
