//! A bridge in both directions, with what it makes of an answer as plain values.

use http::{HeaderMap, Request, Version};
use switchover_handshake::header::{FieldTable, Framing, Limits, ResponseHead, ResponseScan, Status, Step};
use switchover_handshake::{
    Answered, ConnectProtocolSetting, Exchange, ExtendedConnect, HandshakeError, Proposal, Refusal, inspect,
    inspect_extended,
};

use crate::common::relay::relay;
use crate::common::{Head, NONCE};

pub(crate) const ENABLED: ConnectProtocolSetting = ConnectProtocolSetting::new(true);

pub(crate) fn extended(fields: &[(&'static str, &str)]) -> Request<()> {
    let mut builder = Request::builder()
        .version(Version::HTTP_2)
        .method("CONNECT")
        .uri("https://example.com:8443/chat?room=7")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-protocol", "chat, superchat")
        .header("sec-websocket-extensions", "permessage-deflate; client_max_window_bits, x");
    for (name, value) in fields {
        builder = builder.header(*name, *value);
    }
    builder.body(()).unwrap()
}

pub(crate) fn proposal(request: &Request<()>) -> Proposal<&Request<()>, ExtendedConnect> {
    inspect_extended(request, Some("websocket")).unwrap().unwrap()
}

/// A request that came by extended CONNECT and has gone on.
pub(crate) fn to_upgrade(fields: &[(&'static str, &str)]) -> Exchange {
    relay().to_upgrade(&proposal(&extended(fields)), NONCE).unwrap().1
}

/// A request that came by Upgrade and has gone on.
pub(crate) fn to_extended() -> Exchange {
    let request = Request::builder()
        .uri("/notifications")
        .header("host", "example.com")
        .header("upgrade", "websocket")
        .header("connection", "Upgrade")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-protocol", "chat")
        .header("sec-websocket-extensions", "x")
        .body(())
        .unwrap();
    relay().to_extended(&inspect(&request).unwrap().unwrap(), true, ENABLED).unwrap().1
}

/// What an answer means, put into plain values.
#[derive(Debug, PartialEq)]
pub(crate) enum Meaning {
    Interim(Option<(u16, HeaderMap)>),
    Switched(u16, HeaderMap),
    Http { status: u16, headers: HeaderMap, framing: Framing, closes: bool },
    BadGateway(HandshakeError),
}

pub(crate) fn meaning(answered: Result<Answered<'_>, Refusal>) -> Meaning {
    match answered {
        Ok(Answered::Interim { response, .. }) => {
            Meaning::Interim(response.map(|response| (response.status().as_u16(), headers(&response))))
        }
        Ok(Answered::Switched { response, .. }) => Meaning::Switched(response.status().as_u16(), headers(&response)),
        Ok(Answered::Http(response)) => Meaning::Http {
            status: response.status().as_u16(),
            headers: headers(&response),
            framing: response.framing(),
            closes: response.closes(),
        },
        Err(refusal) => {
            assert_eq!(refusal.status(), Status::BAD_GATEWAY);
            Meaning::BadGateway(*refusal.error().unwrap())
        }
    }
}

pub(crate) fn headers(response: &switchover_handshake::ForwardedResponse<'_>) -> HeaderMap {
    response.to_http().unwrap().headers().clone()
}

pub(crate) fn with_head<T>(bytes: &[u8], look: impl FnOnce(ResponseHead<'_>) -> T) -> T {
    let mut fields = FieldTable::<64>::new();
    match ResponseScan::new(Limits::default()).scan(bytes, &mut fields) {
        Ok(Step::Done { value, .. }) => look(value),
        other => panic!("not a response: {other:?}"),
    }
}

/// What the answer of an HTTP/1.1 server means to the bridge in front of it.
pub(crate) fn answer(head: &Head) -> Meaning {
    with_head(&head.to_bytes(), |head| meaning(to_upgrade(&[]).answer(&head)))
}

pub(crate) fn map(fields: &[(&'static str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in fields {
        map.append(*name, value.parse().unwrap());
    }
    map
}
