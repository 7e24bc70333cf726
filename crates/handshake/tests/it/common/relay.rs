//! A relay, with what it passes on and what it makes of an answer as plain values.

use switchover_handshake::header::{FieldTable, Limits, RequestScan, ResponseScan, Status, Step};
use switchover_handshake::{
    Answered, Exchange, ForwardedRequest, ForwardedResponse, HandshakeError, Protocol, Protocols, Refusal, Relay,
};

use crate::common::Head;

pub(crate) fn relay() -> Relay {
    Relay::new("edge").unwrap()
}

pub(crate) fn allowing(protocols: impl IntoIterator<Item = Protocol>) -> Relay {
    relay().protocols(&Protocols::new(protocols).unwrap())
}

/// A head with its start-line and its lines, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) start: String,
    pub(crate) lines: Vec<(String, Vec<u8>)>,
}

impl Sent {
    pub(crate) fn request(request: &ForwardedRequest<'_>) -> Self {
        let mut bytes = Vec::new();
        request.encode(&mut bytes).unwrap();
        // What is passed on is a request of HTTP/1.1, and framed as it says.
        let mut fields = FieldTable::<64>::new();
        match RequestScan::new(limits()).scan(&bytes, &mut fields) {
            Ok(Step::Done { value, consumed }) => {
                assert_eq!(consumed, bytes.len());
                assert_eq!((value.method(), value.target()), (request.method(), request.target()));
                assert_eq!(value.framing(), request.framing());
            }
            other => panic!("{}: {other:?}", bytes.escape_ascii()),
        }
        Self::of(&bytes, request.fields())
    }

    pub(crate) fn response(response: &ForwardedResponse<'_>, method: &str) -> Self {
        let mut bytes = Vec::new();
        response.encode(&mut bytes).unwrap();
        let mut fields = FieldTable::<64>::new();
        match ResponseScan::new(limits()).scan(&bytes, &mut fields) {
            Ok(Step::Done { value, consumed }) => {
                assert_eq!(consumed, bytes.len());
                assert_eq!(value.framing(method), Ok(response.framing()), "{}", bytes.escape_ascii());
            }
            other => panic!("{}: {other:?}", bytes.escape_ascii()),
        }
        Self::of(&bytes, response.fields())
    }

    pub(crate) fn of<'a>(bytes: &[u8], fields: impl Iterator<Item = (&'a str, &'a [u8])>) -> Self {
        let start = bytes.split(|byte| *byte == b'\r').next().unwrap();
        let lines = fields.map(|(name, value)| (name.to_owned(), value.to_vec())).collect();
        Self { start: String::from_utf8(start.to_vec()).unwrap(), lines }
    }

    pub(crate) fn values(&self, name: &str) -> Vec<&[u8]> {
        self.lines.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| &value[..]).collect()
    }

    /// The only value of a field.
    pub(crate) fn value(&self, name: &str) -> &str {
        match self.values(name)[..] {
            [value] => core::str::from_utf8(value).unwrap(),
            ref other => panic!("{name}: {other:?}"),
        }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        !self.values(name).is_empty()
    }
}

pub(crate) fn limits() -> Limits {
    Limits { fields: 1_000, ..Limits::default() }
}

/// What the relay makes of a request.
pub(crate) fn forward_bytes(relay: &Relay, request: &[u8]) -> Result<(Sent, Exchange), Refusal> {
    let mut fields = FieldTable::<64>::new();
    match RequestScan::new(limits()).scan(request, &mut fields) {
        Ok(Step::Done { value, .. }) => {
            relay.forward(&value).map(|(forwarded, exchange)| (Sent::request(&forwarded), exchange))
        }
        other => panic!("not a request: {}: {other:?}", request.escape_ascii()),
    }
}

pub(crate) fn forward(relay: &Relay, request: &Head) -> (Sent, Exchange) {
    forward_bytes(relay, &request.to_bytes()).unwrap()
}

pub(crate) fn refused(relay: &Relay, request: &Head) -> Refusal {
    forward_bytes(relay, &request.to_bytes()).unwrap_err()
}

/// What an answer means, in plain values.
#[derive(Debug)]
pub(crate) enum Meaning {
    Interim(Option<Sent>, Exchange),
    Switched(Sent, Vec<u8>),
    Http { sent: Sent, closes: bool },
    Refused(Refusal),
}

pub(crate) fn answer_to(method: &str, exchange: Exchange, response: &Head) -> Meaning {
    let bytes = response.to_bytes();
    let mut fields = FieldTable::<64>::new();
    let Ok(Step::Done { value: head, .. }) = ResponseScan::new(limits()).scan(&bytes, &mut fields) else {
        panic!("not a response: {}", bytes.escape_ascii());
    };
    match exchange.answer(&head) {
        Ok(Answered::Interim { response, exchange }) => {
            Meaning::Interim(response.map(|response| Sent::response(&response, method)), exchange)
        }
        Ok(Answered::Switched { response, tunnel }) => {
            Meaning::Switched(Sent::response(&response, method), tunnel.early_data().to_vec())
        }
        Ok(Answered::Http(response)) => {
            Meaning::Http { sent: Sent::response(&response, method), closes: response.closes() }
        }
        Err(refusal) => Meaning::Refused(refusal),
    }
}

pub(crate) fn answer(exchange: Exchange, response: &Head) -> Meaning {
    answer_to("GET", exchange, response)
}

/// The answer to a WebSocket handshake that was passed on.
pub(crate) fn answer_to_handshake(response: &Head) -> Meaning {
    answer(forward(&relay(), &Head::request()).1, response)
}

pub(crate) fn http(meaning: Meaning) -> (Sent, bool) {
    match meaning {
        Meaning::Http { sent, closes } => (sent, closes),
        other => panic!("not an ordinary response: {other:?}"),
    }
}

pub(crate) fn switched(meaning: Meaning) -> (Sent, Vec<u8>) {
    match meaning {
        Meaning::Switched(sent, early) => (sent, early),
        other => panic!("not switched: {other:?}"),
    }
}

/// A 502, with what is wrong.
pub(crate) fn bad_gateway(meaning: Meaning) -> HandshakeError {
    match meaning {
        Meaning::Refused(refusal) => {
            assert_eq!(refusal.status(), Status::BAD_GATEWAY);
            *refusal.error().unwrap()
        }
        other => panic!("not refused: {other:?}"),
    }
}

pub(crate) fn plain() -> Head {
    Head::new("GET /x HTTP/1.1").line("Host", "example.com")
}

/// Names of fields that no relay passes on.
pub(crate) const OF_ONE_CONNECTION: [&str; 11] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "upgrade",
    "transfer-encoding",
    "http2-settings",
    "proxy-authorization",
    "proxy-authenticate",
    "proxy-authentication-info",
];
