//! What holds for all requests and answers across a bridge.

use http::{HeaderMap, HeaderName, HeaderValue, Request, Version};
use proptest::collection::vec;
use proptest::prelude::*;
use switchover_handshake::header::{RequestHead, Step};
use switchover_handshake::{
    AcceptError, Answered, Choice, Deflate, Expectations, ExtendedConnect, HandshakeError, Offer, ServerHandshake,
    SubprotocolPolicy, inspect, inspect_extended, verify, verify_extended,
};

use crate::common::bridge::{ENABLED, extended, headers, map, proposal, with_head};
use crate::common::relay::{OF_ONE_CONNECTION, relay};
use crate::common::{ACCEPT, NONCE};

/// Fields of any kind, many of them for one connection.
fn fields() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    let name = prop_oneof![
        prop::sample::select([&OF_ONE_CONNECTION[..], &["x-a", "x-b", "X-C", "cookie", "via"]].concat())
            .prop_map(str::to_owned),
        "x-[a-z]{1,3}",
    ];
    let value = prop_oneof![
        "(upgrade|close|x-[a-c]|X-[A-C]|cookie)(, ?(keep-alive|x-[a-c]|te)){0,3}".prop_map(String::into_bytes),
        vec(0x21..=0x7eu8, 0..9),
    ];
    vec((name, value), 0..12)
}

/// The names that these fields nominate, where all of Connection can be read.
fn nominated(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all("connection").iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(|name| name.trim().to_ascii_lowercase()).collect()
}

fn is_hop_by_hop(name: &str) -> bool {
    OF_ONE_CONNECTION.contains(&name.to_ascii_lowercase().as_str())
}

fn append(headers: &mut HeaderMap, fields: &[(String, Vec<u8>)], leave_out: &[&str]) {
    for (name, value) in fields.iter().filter(|(name, _)| !leave_out.contains(&name.as_str())) {
        headers.append(HeaderName::try_from(name.as_str()).unwrap(), HeaderValue::from_bytes(value).unwrap());
    }
}

/// Nothing nominated and nothing of one connection is among `passed`, and all the rest of `sent` is, in its order.
fn check_passed(sent: &HeaderMap, passed: &HeaderMap, of_this_side: &[&str]) {
    let nominated = nominated(sent);
    for name in passed.keys().map(HeaderName::as_str).filter(|name| !of_this_side.contains(name)) {
        assert!(!is_hop_by_hop(name) && !nominated.iter().any(|other| other == name), "{name}: {sent:?}");
    }
    for name in sent.keys().filter(|name| name.as_str().starts_with("x-") || *name == "set-cookie") {
        if !nominated.iter().any(|other| other == name.as_str()) {
            assert!(sent.get_all(name).iter().eq(passed.get_all(name).iter()), "{name}: {sent:?}");
        }
    }
}

proptest! {
    /// Requirements 5, 46. Attack 29. No field of one connection, and none that Connection names, gets across a bridge, for
    /// any head, in any direction; all others do.
    #[test]
    fn nothing_of_one_connection_gets_across(request_fields in fields(), response_fields in fields()) {
        // From HTTP/2 to HTTP/1.1: HTTP/2 has none of the fields that `inspect_extended` refuses.
        let mut request = extended(&[]);
        let malformed = ["connection", "keep-alive", "proxy-connection", "upgrade", "transfer-encoding", "te"];
        append(request.headers_mut(), &request_fields, &malformed);
        let proposed = proposal(&request);
        let (forwarded, exchange) = relay().to_upgrade(&proposed, NONCE).unwrap();
        let passed = forwarded.to_http().unwrap();
        check_passed(request.headers(), passed.headers(), &["upgrade", "connection"]);
        prop_assert_eq!(&passed.headers()["connection"], "Upgrade");
        prop_assert_eq!(&passed.headers()["upgrade"], "websocket");
        let mut response = http::Response::builder().status(101).version(Version::HTTP_11).body(()).unwrap();
        *response.headers_mut() =
            map(&[("upgrade", "websocket"), ("connection", "upgrade"), ("sec-websocket-accept", ACCEPT)]);
        append(response.headers_mut(), &response_fields, &["upgrade"]);
        match exchange.answer(&response) {
            Ok(Answered::Switched { response: passed, .. }) => {
                check_passed(response.headers(), &headers(&passed), &[]);
                prop_assert!(!headers(&passed).contains_key("sec-websocket-accept"));
            }
            Ok(other) => prop_assert!(false, "{:?}", other),
            Err(refusal) => {
                prop_assert!(matches!(refusal.error(), Some(HandshakeError::Malformed("Connection", _))), "{}", refusal);
            }
        }

        // From HTTP/1.1 to HTTP/2.
        let mut request = Request::new(());
        *request.uri_mut() = "/notifications".parse().unwrap();
        *request.headers_mut() = map(&[
            ("host", "example.com"),
            ("upgrade", "websocket"),
            ("connection", "upgrade"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-websocket-version", "13"),
        ]);
        append(request.headers_mut(), &request_fields, &["transfer-encoding"]);
        let proposed = inspect(&request).unwrap().unwrap();
        match relay().to_extended(&proposed, true, ENABLED) {
            Ok((passed, exchange)) => {
                check_passed(request.headers(), passed.headers(), &[]);
                prop_assert!(inspect_extended(&passed, Some("websocket")).is_ok());
                let mut response = http::Response::builder().version(Version::HTTP_2).body(()).unwrap();
                append(response.headers_mut(), &response_fields, &malformed);
                let Answered::Switched { response: passed, .. } = exchange.answer(&response).unwrap() else {
                    panic!("not switched")
                };
                check_passed(response.headers(), &headers(&passed), &["upgrade", "connection"]);
            }
            Err(AcceptError::Refused(refusal)) => {
                prop_assert!(matches!(refusal.error(), Some(HandshakeError::Malformed("Connection", _))), "{}", refusal);
            }
            Err(error) => prop_assert!(false, "{}", error),
        }
    }

    /// Requirement 46. Whatever our server answers to what the bridge made of our client's request, the client accepts from
    /// the bridge, and both come to the same agreement; so do they the other way round.
    #[test]
    fn both_ends_agree_across_a_bridge(
        subprotocols in prop::collection::btree_set("[a-z.]{1,5}", 0..4),
        (offered, window, chosen) in (any::<bool>(), 9..=15u8, any::<bool>()),
        picked in any::<prop::sample::Index>(),
        response_fields in vec(("x-[a-z]{1,3}", vec(0x21..=0x7eu8, 0..9)), 0..6),
        request_fields in vec(("x-[a-z]{1,3}", vec(0x21..=0x7eu8, 0..9)), 0..6),
        nonce in any::<[u8; 16]>(),
    ) {
        let subprotocols: Vec<_> = subprotocols.into_iter().collect();
        let mut offer = Offer::new("wss://example.com/chat?room=7".parse().unwrap());
        let mut choice = Choice::new();
        for subprotocol in &subprotocols {
            offer = offer.subprotocol(subprotocol.as_str()).unwrap();
        }
        if !subprotocols.is_empty() {
            choice = choice.subprotocols(SubprotocolPolicy::exactly(picked.get(&subprotocols).as_str()).unwrap());
        }
        if offered {
            offer = offer.extension(Deflate::new().peer_window(window).unwrap()).unwrap();
        }
        if chosen {
            choice = choice.extension(Deflate::new().no_own_context_takeover()).unwrap();
        }
        for (name, value) in &request_fields {
            offer = offer.field(name, value).unwrap();
        }
        for (name, value) in &response_fields {
            choice = choice.field(name, value).unwrap();
        }
        let (request, expectations): (_, Expectations<ExtendedConnect>) = offer.to_extended_request(ENABLED).unwrap();
        let proposed = proposal(&request);
        let (forwarded, exchange) = relay().to_upgrade(&proposed, nonce).unwrap();
        let (mut upstream, mut answer) = (Vec::new(), Vec::new());
        forwarded.encode(&mut upstream).unwrap();
        let mut server = ServerHandshake::default();
        let Step::Done { value: switchover_handshake::Request::WebSocket(behind), .. } =
            server.receive(&upstream).unwrap()
        else {
            panic!("no proposal")
        };
        check_fields(behind.view(), &request_fields);
        let agreement = behind.accept(&choice, &mut answer).unwrap();
        prop_assert_eq!(agreement.deflate().is_some(), offered && chosen);
        with_head(&answer, |head| {
            let Answered::Switched { response, .. } = exchange.answer(&head).unwrap() else { panic!("not switched") };
            assert_eq!(verify_extended(&response.to_http().unwrap(), &expectations), Ok(agreement));
        });

        let (request, expectations) = offer.to_request(nonce).unwrap();
        let proposed = inspect(&request).unwrap().unwrap();
        let (forwarded, exchange) = relay().to_extended(&proposed, true, ENABLED).unwrap();
        let (response, agreement) = proposal(&forwarded).accept_response(&choice).unwrap();
        let Answered::Switched { response, .. } = exchange.answer(&response).unwrap() else { panic!("not switched") };
        prop_assert_eq!(verify(&response.to_http().unwrap(), &expectations), Ok(agreement));
    }
}

fn check_fields(head: &RequestHead<'_>, fields: &[(String, Vec<u8>)]) {
    for (name, _) in fields {
        let sent = fields.iter().filter(|(other, _)| other == name).map(|(_, value)| &value[..]);
        assert!(head.values(name).eq(sent), "{name}");
    }
}
