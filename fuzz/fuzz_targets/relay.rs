//! A proxy between a client and a server: any request and any response, the content under every cut. What goes on is one
//! message with the same content, without a field of one connection, and there is no tunnel but for an answer that a client
//! would accept.
#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use switchover::handshake::{
    Answered, Exchange, ForwardedResponse, Protocol, Protocols, Refusal, Relay, inspect_connect, inspect_upgrade,
};
use switchover::header::{
    BodyDecoder, BodyItem, BodyLimits, FieldTable, FieldsView, Framing, Limits, RequestHead, RequestScan, ResponseHead,
    ResponseScan, Status, Step, TypedFields, Version, names,
};
use switchover_fuzz::{Script, splits};

/// Those of a reader behind the relay, which adds Via, the framing and the connection to what it has read.
fn behind_the_relay() -> Limits {
    let limits = Limits::default();
    Limits { fields: limits.fields + 4, head: limits.head + 256, ..limits }
}

fuzz_target!(|input: &[u8]| {
    let mut script = Script::new(input);
    let mode = script.byte();
    let cuts = [script.number(), script.number()];
    let request_len = usize::from(script.number());
    let request = script.bytes(request_len);
    let protocols = match mode & 3 {
        0 => Protocols::default(),
        1 => Protocols::new([Protocol::docker(), Protocol::spdy(), Protocol::websocket()]).expect("few"),
        _ => Protocols::new([Protocol::tls(), Protocol::h2c(), Protocol::connect_udp()]).expect("few"),
    };
    let relay = Relay::new("fuzz").expect("a token").protocols(&protocols).early_data(64);
    let relay = if mode & 4 == 0 { relay } else { relay.tunnels() };
    let mut fields = FieldTable::<32>::new();
    let Ok(Step::Done { value: head, consumed }) = RequestScan::new(Limits::default()).scan(request, &mut fields)
    else {
        return;
    };
    let behind = &request[consumed..];
    let [whole, bytewise, cut] = splits(behind, cuts).map(|pieces| pass(&relay, &head, &pieces));
    // Chunks are cut where the reads are.
    let data = |passed: &Option<Passed>| passed.as_ref().map(|passed| (passed.data.clone(), passed.ended));
    assert_eq!(data(&whole), data(&bytewise), "bytewise");
    assert_eq!(data(&whole), data(&cut), "cut at {cuts:?}");
    let Some(passed) = whole else { return };
    assert_eq!((passed.data, passed.ended), content(head.framing(), behind).expect("what was passed on is valid"));
    let mut fields = FieldTable::<32>::new();
    if let Ok(Step::Done { value, .. }) = ResponseScan::new(Limits::default()).scan(script.rest(), &mut fields) {
        answer(&head, &protocols, passed.exchange, &value);
    }
});

/// What went on of a request, and of what stands behind its head.
struct Passed {
    exchange: Exchange,
    data: Vec<u8>,
    /// Whether the content has come to its end.
    ended: bool,
}

fn pass(relay: &Relay, head: &RequestHead<'_>, pieces: &[&[u8]]) -> Option<Passed> {
    let (forwarded, mut exchange) = match relay.forward(head) {
        Ok(forwarded) => forwarded,
        Err(refusal) => {
            check_refusal(&refusal);
            return None;
        }
    };
    let mut out = Vec::new();
    forwarded.encode(&mut out).expect("a Vec grows, and a name that was scanned is one");
    let (mut input, mut received) = (BytesMut::new(), 0);
    for piece in pieces {
        input.extend_from_slice(piece);
        received += piece.len();
        if let Err(refusal) = exchange.receive(&mut input, &mut out) {
            check_refusal(&refusal);
            return None;
        }
        assert!(input.len() <= received);
    }

    let mut fields = FieldTable::<40>::new();
    let Ok(Step::Done { value, consumed }) = RequestScan::new(behind_the_relay()).scan(&out, &mut fields) else {
        panic!("no request went on: {}", out.escape_ascii());
    };
    assert_eq!((value.method(), value.framing(), value.version()), (head.method(), head.framing(), Version::Http11));
    check_passed(head, &value);
    let (data, ended) = content(value.framing(), &out[consumed..]).expect("what goes on is valid");
    Some(Passed { exchange, data, ended })
}

/// The data at the front of these bytes, and whether that is all of them.
fn content(framing: Framing, bytes: &[u8]) -> Option<(Vec<u8>, bool)> {
    let mut decoder = BodyDecoder::request(framing, BodyLimits::default());
    let (mut data, mut at, mut trailers) = (Vec::new(), 0, FieldTable::<4>::new());
    loop {
        match decoder.decode(&bytes[at..], &mut trailers) {
            Ok(Step::Done { value, consumed }) => {
                match value {
                    BodyItem::Data(range) => data.extend_from_slice(&bytes[at..][range]),
                    BodyItem::Framing | BodyItem::DataEnd => {}
                    BodyItem::End(_) => return Some((data, true)),
                }
                at += consumed;
            }
            Ok(Step::NeedMore { .. }) => return Some((data, false)),
            Err(_) => return None,
        }
    }
}

/// No field of one connection is there but those made anew, and none that was nominated.
fn check_passed(received: &impl FieldsView, passed: &impl FieldsView) {
    for (name, _) in passed.lines() {
        let made_anew = [names::UPGRADE, names::CONNECTION, names::TRANSFER_ENCODING, names::HTTP2_SETTINGS];
        if !made_anew.iter().any(|other| other.eq_ignore_ascii_case(name)) {
            assert!(!received.has_connection_option(name), "{name} is nominated");
            for other in ["Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Proxy-Authorization"] {
                assert!(!other.eq_ignore_ascii_case(name), "{name}");
            }
        }
    }
    let options = passed.connection().map(|option| option.expect("it was made here"));
    for option in options {
        assert!(["Upgrade", "close", "HTTP2-Settings"].contains(&option), "{option}");
    }
}

fn answer(request: &RequestHead<'_>, protocols: &Protocols, exchange: Exchange, head: &ResponseHead<'_>) {
    match exchange.answer(head) {
        Ok(Answered::Interim { response, .. }) => {
            assert!(head.status().is_informational() && head.status() != Status::SWITCHING_PROTOCOLS);
            assert_eq!(response.is_some(), request.version() == Version::Http11);
        }
        Ok(Answered::Switched { response, .. }) => {
            check_response(request, head, &response);
            if head.status() != Status::SWITCHING_PROTOCOLS {
                assert!(
                    head.status().is_successful() && inspect_connect(request).is_ok_and(|connect| connect.is_some())
                );
                return;
            }
            assert!(head.has_connection_option("upgrade"));
            let proposal = inspect_upgrade(request, protocols).expect("it went on").expect("a switch was offered");
            let mut named = head.upgrade().map(|product| product.expect("all were offered"));
            assert!(
                named
                    .any(|product| proposal.protocols().any(|offered| offered.name.eq_ignore_ascii_case(product.name)))
            );
            if head.upgrade().flatten().any(|product| product.name.eq_ignore_ascii_case("websocket")) {
                let key = proposal.into_websocket().expect("it was offered").key();
                assert!(head.values(names::SEC_WEBSOCKET_ACCEPT).eq([&key.accept()[..]]));
            }
        }
        Ok(Answered::Http(response)) => {
            assert!(!head.status().is_informational());
            check_response(request, head, &response);
        }
        Err(refusal) => {
            assert_eq!(refusal.status(), Status::BAD_GATEWAY);
            check_refusal(&refusal);
        }
    }
}

/// A head that a client can read, and that is framed as it says.
fn check_response(request: &RequestHead<'_>, head: &ResponseHead<'_>, response: &ForwardedResponse<'_>) {
    let mut out = Vec::new();
    response.encode(&mut out).expect("a Vec grows, and a name that was scanned is one");
    let mut fields = FieldTable::<40>::new();
    let Ok(Step::Done { value, consumed }) = ResponseScan::new(behind_the_relay()).scan(&out, &mut fields) else {
        panic!("no response went on: {}", out.escape_ascii());
    };
    assert_eq!((value.status(), consumed), (head.status(), out.len()));
    assert_eq!(value.framing(request.method()), Ok(response.framing()));
    assert_eq!(value.has_connection_option("close"), response.closes());
    check_passed(head, &value);
}

fn check_refusal(refusal: &Refusal) {
    let mut fields = FieldTable::<16>::new();
    let bytes = refusal.to_bytes();
    assert!(matches!(ResponseScan::new(Limits::default()).scan(&bytes, &mut fields), Ok(Step::Done { .. })));
    assert!(refusal.status().as_u16() >= 400);
}
