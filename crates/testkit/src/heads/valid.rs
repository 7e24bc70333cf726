use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::{Body, FieldLine, Request, Response};

/// Valid request heads: all four forms of the target, HTTP/1.1 and 1.0, up to 12 other fields around Host, sometimes
/// a body.
pub fn requests() -> impl Strategy<Value = Request> {
    let minor_version = prop_oneof![4 => Just(1), 1 => Just(0)];
    (0..=2_usize, method_and_target(), minor_version, host(), body(), fields(), any::<[Index; 2]>()).prop_map(
        |(leading_crlf, (method, target), minor_version, host, body, mut fields, places)| {
            let (body, framing) = match body {
                Body::None => (body, None),
                Body::Length(length) => (body, Some(FieldLine::new("Content-Length", length.to_string()))),
                // RFC 9112, section 6.1: not in HTTP/1.0.
                Body::Chunked if minor_version == 0 => (Body::None, None),
                Body::Chunked => (body, Some(FieldLine::new("transfer-encoding", "chunked"))),
            };
            for (line, place) in [Some(host), framing].into_iter().flatten().zip(places) {
                fields.insert(place.index(fields.len() + 1), line);
            }
            Request { leading_crlf, method, target, minor_version, fields, body }
        },
    )
}

/// Valid response heads: any status from 100 to 599, with and without a reason, up to 12 fields.
pub fn responses() -> impl Strategy<Value = Response> {
    let reason = prop_oneof![
        Just(b"Switching Protocols".to_vec()),
        Just(Vec::new()),
        vec(prop_oneof![Just(b' '), Just(b'\t'), visible()], 0..20),
    ];
    (0..=1_u8, prop_oneof![Just(101), 100..=599_u16], reason, fields())
        .prop_map(|(minor_version, status, reason, fields)| Response { minor_version, status, reason, fields })
}

/// Field lines that neither frame the message nor are Host.
fn fields() -> impl Strategy<Value = Vec<FieldLine>> {
    let known = select(vec!["Upgrade", "connection", "Sec-WebSocket-Key", "ACCEPT", "Cookie", "Via", "x"]);
    let name = prop_oneof![
        known.prop_map(str::to_owned),
        "[A-Za-z0-9!#$%&'*+.^_`|~-]{1,40}".prop_filter("a field that means nothing here", |name| {
            !["host", "content-length", "transfer-encoding"].contains(&name.to_ascii_lowercase().as_str())
        }),
    ];
    let line = (name, white_space(), value(), white_space()).prop_map(|(name, before, value, after)| FieldLine {
        name,
        before,
        value,
        after,
    });
    vec(line, 0..=12)
}

/// OWS, which is SP and HTAB. (RFC 9110, section 5.6.3)
fn white_space() -> impl Strategy<Value = &'static str> {
    select(vec![" ", "", "\t", "  \t "])
}

/// A byte of a value that is no white space: VCHAR or obs-text. (RFC 9110, section 5.5)
fn visible() -> impl Strategy<Value = u8> {
    prop_oneof![4 => 0x21..=0x7E_u8, 1 => 0x80..=0xFF_u8]
}

/// A value: words of visible bytes with white space between them.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![8 => vec(visible(), 1..12), 1 => vec(visible(), 60..70)];
    vec((word, select(vec![" ", "\t", ", ", ": "])), 0..5).prop_map(|words| {
        let joined: Vec<u8> = words.into_iter().flat_map(|(word, space)| [word, space.into()].concat()).collect();
        joined.trim_ascii_end().to_vec()
    })
}

/// Host, with and without a port. (RFC 9110, section 7.2)
fn host() -> impl Strategy<Value = FieldLine> {
    let names = select(vec!["Host", "host", "HOST"]);
    (names, authority(), white_space(), white_space()).prop_map(|(name, host, before, after)| FieldLine {
        name: name.to_owned(),
        before,
        value: host.into_bytes(),
        after,
    })
}

fn authority() -> impl Strategy<Value = String> {
    (host_name(), prop::option::of(1..=u16::MAX)).prop_map(|(host, port)| match port {
        None => host,
        Some(port) => format!("{host}:{port}"),
    })
}

fn host_name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9]{1,9}(\\.[a-z0-9-]{1,9}){0,3}",
        select(vec!["127.0.0.1", "[::1]", "[2001:db8::ff00:42:8329]"]).prop_map(str::to_owned),
    ]
}

/// RFC 9112, section 3.2: CONNECT takes the authority-form, OPTIONS may take `*`, all others take the origin-form or
/// the absolute-form.
fn method_and_target() -> impl Strategy<Value = (String, String)> {
    let method = prop_oneof![
        4 => Just("GET".to_owned()),
        1 => select(vec!["POST", "OPTIONS", "get", "M-SEARCH"]).prop_map(str::to_owned),
        1 => "[A-Z0-9!#$%&'*+.^_`|~-]{1,20}".prop_filter("an ordinary method", |method| method != "CONNECT"),
    ];
    let path = "(/([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2}){0,8}){1,4}(\\?([A-Za-z0-9/?&=:@-]|%20){0,12})?";
    let absolute = (authority(), path).prop_map(|(authority, path)| format!("http://{authority}{path}"));
    let connect = (host_name(), 1..=u16::MAX).prop_map(|(host, port)| format!("{host}:{port}"));
    prop_oneof![
        6 => (method.clone(), path),
        2 => (method, absolute),
        1 => Just(("OPTIONS".to_owned(), "*".to_owned())),
        1 => connect.prop_map(|authority| ("CONNECT".to_owned(), authority)),
    ]
}

fn body() -> impl Strategy<Value = Body> {
    prop_oneof![
        4 => Just(Body::None),
        1 => prop_oneof![Just(0), 1..1000_u64, Just(u64::MAX)].prop_map(Body::Length),
        1 => Just(Body::Chunked),
    ]
}
