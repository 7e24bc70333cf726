//! What holds for all heads that a relay passes on.

use bytes::BytesMut;
use proptest::collection::vec;
use proptest::prelude::*;
use switchover_handshake::header::{
    BodyDecoder, BodyItem, BodyLimits, FieldTable, Framing, ResponseScan, Status, Step,
};
use switchover_handshake::{Answered, HandshakeError};
use switchover_testkit::heads;

use crate::common::relay::{OF_ONE_CONNECTION, Sent, forward, forward_bytes, limits, relay};
use crate::common::{ACCEPT, Head};

/// What Connection names, read in the simplest way.
fn nominated(fields: &[heads::FieldLine]) -> Vec<String> {
    let lines = fields.iter().filter(|field| field.is("connection"));
    let text: Vec<String> = lines.map(|line| String::from_utf8_lossy(&line.value).to_ascii_lowercase()).collect();
    text.join(",").split(',').map(|name| name.trim().to_owned()).collect()
}

/// A Connection field, and fields for it to name.
fn connection() -> impl Strategy<Value = Vec<heads::FieldLine>> {
    let option = prop::sample::select(vec!["Upgrade", "close", "X-A", "x-b", "Cookie", "Via", "", "keep-alive"]);
    let line = vec(option, 0..4).prop_map(|options| heads::FieldLine::new("Connection", options.join(", ")));
    let named = prop::sample::select(vec!["X-A", "X-B", "Keep-Alive", "TE", "HTTP2-Settings", "Proxy-Authorization"]);
    let named = (named, "[a-z]{0,5}").prop_map(|(name, value)| heads::FieldLine::new(name, value));
    vec(prop_oneof![line, named], 0..6)
}

/// Nothing of one connection and nothing nominated is among `passed`; all the rest of `sent` is, in order.
fn check_passed(sent: &[heads::FieldLine], passed: &Sent, made_anew: &[&str]) {
    let nominated = nominated(sent);
    let is_stripped = |name: &str| {
        let name = name.to_ascii_lowercase();
        OF_ONE_CONNECTION.contains(&&*name) || nominated.contains(&name)
    };
    let is_made = |name: &str| made_anew.iter().any(|made| made.eq_ignore_ascii_case(name));
    let kept: Vec<_> = sent
        .iter()
        .filter(|field| !is_stripped(&field.name) && !is_made(&field.name))
        .map(|field| (field.name.clone(), field.value.clone()))
        .collect();
    let rest: Vec<_> = passed.lines.iter().filter(|(name, _)| !is_made(name)).cloned().collect();
    let via = rest.len().saturating_sub(1);
    assert_eq!(&rest[..via], &kept[..], "{sent:?}");
    assert!(rest[via].0 == "Via", "{rest:?}");
}

proptest! {
    /// Requirement 5. Attack 29. For any head: no field of one connection and none that Connection names goes on, all others
    /// do, and what goes on is a request with the same framing.
    #[test]
    fn requests_go_on_without_what_is_of_one_connection(
        mut request in heads::requests(),
        more in connection(),
        at in any::<prop::sample::Index>(),
    ) {
        let at = at.index(request.fields.len() + 1);
        request.fields.splice(at..at, more);
        let relay = relay().tunnels();
        match forward_bytes(&relay, &request.bytes()) {
            Ok((sent, _)) => {
                let made_anew = ["Host", "Content-Length", "Transfer-Encoding", "Upgrade", "Connection"];
                if request.minor_version == 1 {
                    check_passed(&request.fields, &sent, &made_anew);
                }
                if sent.has("Upgrade") {
                    prop_assert_eq!(sent.value("Connection"), "Upgrade");
                }
            }
            Err(refusal) => {
                prop_assert!(matches!(
                    refusal.error(),
                    Some(
                        HandshakeError::Malformed(..)
                            | HandshakeError::Nominated(_)
                            | HandshakeError::Content
                            | HandshakeError::Expectation
                            | HandshakeError::Method(_)
                            | HandshakeError::Missing(_)
                            | HandshakeError::Repeated(_)
                    )
                ), "{}", refusal);
            }
        }
    }

    /// Attack 27. A server behind reads the content that the client has sent, and nothing more, however it arrives.
    #[test]
    fn content_goes_on_as_it_is(
        chunks in vec(vec(any::<u8>(), 1..20), 1..5),
        chunked in any::<bool>(),
        extension in prop::sample::select(vec!["", ";a", ";a=\"b;\\\"c\""]),
        behind in vec(any::<u8>(), 0..20),
        cuts in switchover_testkit::split::random_cuts(),
    ) {
        let sent = chunks.concat();
        let mut content = Vec::new();
        for chunk in &chunks {
            if chunked {
                content.extend(format!("{:x}{extension}\r\n", chunk.len()).into_bytes());
            }
            content.extend(chunk);
            if chunked {
                content.extend(b"\r\n");
            }
        }
        if chunked {
            content.extend(b"0\r\nX-Internal: secret\r\n\r\n");
        }
        content.extend(&behind);
        let head = Head::new("POST / HTTP/1.1").line("Host", "example.com");
        let head = if chunked {
            head.line("Transfer-Encoding", "chunked")
        } else {
            head.line("Content-Length", sent.len().to_string())
        };
        let (_, mut exchange) = forward(&relay(), &head);
        let (mut input, mut out) = (BytesMut::new(), Vec::new());
        for piece in cuts.pieces(&content) {
            input.extend_from_slice(piece);
            exchange.receive(&mut input, &mut out).unwrap();
        }
        prop_assert_eq!(&input[..], &behind[..], "what is behind may be the next request");
        let framing = if chunked { Framing::Chunked } else { Framing::Length(sent.len() as u64) };
        let mut decoder = BodyDecoder::request(framing, BodyLimits::default());
        let (mut at, mut data, mut trailers) = (0, Vec::<u8>::new(), FieldTable::<4>::new());
        loop {
            match decoder.decode(&out[at..], &mut trailers) {
                Ok(Step::Done { value: BodyItem::Data(range), consumed }) => {
                    data.extend(&out[at..][range]);
                    at += consumed;
                }
                Ok(Step::Done { value: BodyItem::End(trailers), consumed }) => {
                    prop_assert_eq!(trailers.fields().count(), 0);
                    prop_assert_eq!(at + consumed, out.len());
                    break;
                }
                Ok(Step::Done { consumed, .. }) => at += consumed,
                other => prop_assert!(false, "{:?}", other),
            }
        }
        prop_assert_eq!(data, sent);
    }

    /// Requirement 5. Attacks 26, 29. For any response, no field of one connection and none that Connection names goes on, and
    /// there is a tunnel only where the answer is the one that the key asks for.
    #[test]
    fn responses_go_on_without_what_is_of_one_connection(
        mut response in heads::responses(),
        more in connection(),
        accept in prop::sample::select(vec![None, Some(ACCEPT), Some("AAAAAAAAAAAAAAAAAAAAAAAAAAA=")]),
    ) {
        response.fields.extend(more);
        response.fields.extend(accept.map(|accept| heads::FieldLine::new("Sec-WebSocket-Accept", accept)));
        if response.status == 101 {
            response.fields.push(heads::FieldLine::new("Upgrade", "websocket"));
        }
        let (_, exchange) = forward(&relay(), &Head::request());
        let bytes = response.bytes();
        let mut fields = FieldTable::<64>::new();
        let Ok(Step::Done { value: head, .. }) = ResponseScan::new(limits()).scan(&bytes, &mut fields) else {
            panic!("not a response")
        };
        let made_anew = ["Upgrade", "Connection", "Content-Length", "Transfer-Encoding"];
        match exchange.answer(&head) {
            Ok(Answered::Switched { response: passed, .. }) => {
                prop_assert_eq!((response.status, accept), (101, Some(ACCEPT)));
                prop_assert!(nominated(&response.fields).contains(&"upgrade".to_owned()));
                check_passed(&response.fields, &Sent::response(&passed, "GET"), &made_anew);
            }
            Ok(Answered::Interim { response: passed, .. }) => {
                check_passed(&response.fields, &Sent::response(&passed.unwrap(), "GET"), &made_anew);
            }
            Ok(Answered::Http(passed)) => {
                prop_assert_ne!(response.status, 101);
                check_passed(&response.fields, &Sent::response(&passed, "GET"), &made_anew);
            }
            Err(refusal) => prop_assert_eq!(refusal.status(), Status::BAD_GATEWAY),
        }
    }
}
