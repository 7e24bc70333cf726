//! Heads to send, and both machines driven under every split of what they are sent.

#[cfg(feature = "http")]
pub(crate) mod bridge;
pub(crate) mod counted;
pub(crate) mod deflate;
pub(crate) mod extension;
pub(crate) mod relay;
pub(crate) mod server;
pub(crate) mod upgrade;

use switchover_handshake::header::Step;
use switchover_handshake::{
    AcceptError, Agreement, Answer, Choice, ClientHandshake, ClientLimits, EarlyData, HandshakeError, Offer, Refusal,
    Request, ServerHandshake,
};
use switchover_testkit::split;

/// The nonce of the example in RFC 6455, section 1.3: its key is `dGhlIHNhbXBsZSBub25jZQ==`.
pub(crate) const NONCE: [u8; 16] = *b"the sample nonce";
/// What accepts it.
pub(crate) const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// A head as text, to be changed in one place.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    start_line: Vec<u8>,
    lines: Vec<(String, Vec<u8>)>,
}

impl Head {
    pub(crate) fn new(start_line: impl AsRef<[u8]>) -> Self {
        Self { start_line: start_line.as_ref().to_vec(), lines: Vec::new() }
    }

    /// The opening handshake of a client, as it has to be.
    pub(crate) fn request() -> Self {
        Self::new("GET /notifications HTTP/1.1")
            .line("Host", "example.com")
            .line("Upgrade", "websocket")
            .line("Connection", "Upgrade")
            .line("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
            .line("Sec-WebSocket-Version", "13")
    }

    /// The answer that accepts it.
    pub(crate) fn response() -> Self {
        Self::new("HTTP/1.1 101 Switching Protocols")
            .line("Upgrade", "websocket")
            .line("Connection", "Upgrade")
            .line("Sec-WebSocket-Accept", ACCEPT)
    }

    pub(crate) fn start_line(mut self, start_line: impl AsRef<[u8]>) -> Self {
        self.start_line = start_line.as_ref().to_vec();
        self
    }

    /// One more line.
    pub(crate) fn line(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.lines.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.lines.retain(|(other, _)| other != name);
        self
    }

    /// Another value in the place of the one there.
    pub(crate) fn with(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.without(name).line(name, value)
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.start_line.clone();
        bytes.extend_from_slice(b"\r\n");
        for (name, value) in &self.lines {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        bytes
    }
}

/// What a server made of the bytes it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Served {
    /// It sent `answer`; `rest` is in its buffer.
    Accepted {
        answer: Vec<u8>,
        agreement: Agreement,
        rest: Vec<u8>,
    },
    Refused(Refusal),
    /// It leaves the request to HTTP.
    Http {
        refusal: Refusal,
        rest: Vec<u8>,
    },
    /// It waits.
    NeedMore,
}

impl Served {
    pub(crate) fn refusal(self) -> Refusal {
        match self {
            Self::Refused(refusal) => refusal,
            other => panic!("not refused: {other:?}"),
        }
    }

    pub(crate) fn error(self) -> HandshakeError {
        *self.refusal().error().expect("refused for a reason")
    }

    /// The 101 as text.
    pub(crate) fn answer(self) -> String {
        match self {
            Self::Accepted { answer, .. } => String::from_utf8(answer).unwrap(),
            other => panic!("not accepted: {other:?}"),
        }
    }

    pub(crate) fn subprotocol(self) -> Option<String> {
        match self {
            Self::Accepted { agreement, .. } => agreement.subprotocol().map(str::to_owned),
            other => panic!("not accepted: {other:?}"),
        }
    }

    pub(crate) fn is_http(&self) -> bool {
        matches!(self, Self::Http { .. })
    }
}

/// A server that accepts by `choice`, sent these pieces one after the other.
pub(crate) fn serve_pieces(pieces: &[&[u8]], choice: &Choice, early_data: EarlyData) -> Served {
    let mut handshake = ServerHandshake::default().early_data(early_data);
    let mut input = Vec::new();
    // A true lower bound: fewer bytes than this complete nothing.
    let mut complete_from = 0;
    for (number, piece) in pieces.iter().enumerate() {
        input.extend_from_slice(piece);
        match handshake.receive(&input) {
            Ok(Step::NeedMore { at_least }) => {
                assert!(at_least >= 1);
                complete_from = input.len() + at_least;
            }
            Ok(Step::Done { value, consumed }) => {
                assert!(input.len() >= complete_from);
                let rest = [&input[consumed..], &pieces[number + 1..].concat()].concat();
                return match value {
                    Request::WebSocket(proposal) => {
                        let mut answer = Vec::new();
                        match proposal.accept(choice, &mut answer) {
                            Ok(agreement) => Served::Accepted { answer, agreement, rest },
                            Err(AcceptError::Refused(refusal)) => {
                                assert!(answer.is_empty(), "a refusal writes nothing to the output");
                                Served::Refused(refusal)
                            }
                            Err(AcceptError::Local(error)) => panic!("{error}"),
                        }
                    }
                    request => Served::Http { refusal: request.plain().refuse(), rest },
                };
            }
            Err(refusal) => {
                let request = Head::request().to_bytes();
                let again = handshake.receive(&request).expect_err("a refusal is the end");
                assert_eq!(again, refusal);
                return Served::Refused(refusal);
            }
        }
    }
    Served::NeedMore
}

/// The same whole, bytewise, at every split and with bytes behind it: always the same outcome.
pub(crate) fn serve(request: &Head, choice: &Choice) -> Served {
    let bytes = request.to_bytes();
    let whole = serve_pieces(&[&bytes], choice, EarlyData::Keep);
    split::for_every_split(&bytes, |pieces| assert_eq!(serve_pieces(pieces, choice, EarlyData::Keep), whole));
    let followed = serve_pieces(&[&split::with_trailing(&bytes, b"\x81\x80GET")], choice, EarlyData::Keep);
    match (followed, &whole) {
        (Served::Accepted { answer, rest, .. }, Served::Accepted { answer: expected, .. }) => {
            assert_eq!(&answer, expected);
            assert_eq!(rest, b"\x81\x80GET");
        }
        (Served::Http { rest, .. }, Served::Http { .. }) => assert_eq!(rest, b"\x81\x80GET"),
        (followed, whole) => assert_eq!(&followed, whole),
    }
    whole
}

/// A server with no wishes of its own.
pub(crate) fn serve_default(request: &Head) -> Served {
    serve(request, &Choice::new())
}

/// What a client made of the bytes it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The statuses of the interim responses.
    pub(crate) interim: Vec<u16>,
    pub(crate) outcome: Outcome,
    /// What is in the client's buffer behind all that it consumed.
    pub(crate) rest: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Accepted { agreement: Agreement, fields: Vec<(String, Vec<u8>)> },
    Refused { status: u16, body: Vec<u8>, truncated: bool, versions: Vec<u8>, fields: Vec<(String, Vec<u8>)> },
    Failed(HandshakeError),
    NeedMore,
}

impl Asked {
    pub(crate) fn error(self) -> HandshakeError {
        match self.outcome {
            Outcome::Failed(error) => error,
            other => panic!("not failed: {other:?}"),
        }
    }

    pub(crate) fn agreement(self) -> Agreement {
        match self.outcome {
            Outcome::Accepted { agreement, .. } => agreement,
            other => panic!("not accepted: {other:?}"),
        }
    }
}

impl Outcome {
    fn of(answer: Answer<'_>) -> Result<Self, u16> {
        let owned = |head: switchover_handshake::header::ResponseHead<'_>| {
            head.fields().map(|field| (field.name.to_owned(), field.value.to_vec())).collect()
        };
        match answer {
            Answer::Interim(head) => Err(head.status().as_u16()),
            Answer::Accepted { agreement, head } => Ok(Self::Accepted { agreement, fields: owned(head) }),
            Answer::Refused(refused) => Ok(Self::Refused {
                status: refused.status().as_u16(),
                body: refused.body.to_vec(),
                truncated: refused.truncated,
                versions: refused.websocket_versions().collect(),
                fields: owned(refused.head),
            }),
        }
    }
}

/// Whether the connection ends behind the last piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Open,
    Closed,
}

/// A client with this offer and [`NONCE`], sent these pieces one after the other.
pub(crate) fn ask_pieces(offer: &Offer, limits: ClientLimits, pieces: &[&[u8]], end: End) -> Asked {
    let mut handshake = ClientHandshake::new(offer, NONCE, &mut Vec::new()).unwrap().limits(limits);
    let mut asked = Asked { interim: Vec::new(), outcome: Outcome::NeedMore, rest: Vec::new() };
    let mut input = &mut asked.rest;
    // A true lower bound: fewer bytes than this complete nothing.
    let mut complete_from = 0;
    for (number, piece) in pieces.iter().enumerate() {
        input.extend_from_slice(piece);
        loop {
            let (answer, consumed) = match handshake.receive(input) {
                Ok(Step::NeedMore { at_least }) => {
                    assert!(at_least >= 1);
                    complete_from = input.len() + at_least;
                    break;
                }
                Ok(Step::Done { value, consumed }) => {
                    assert!(input.len() >= complete_from);
                    complete_from = 0;
                    (Outcome::of(value), consumed)
                }
                Err(error) => {
                    let response = Head::response().to_bytes();
                    assert_eq!(handshake.receive(&response).expect_err("a failure is the end"), error);
                    asked.outcome = Outcome::Failed(error);
                    asked.rest.clear();
                    return asked;
                }
            };
            input.drain(..consumed);
            match answer {
                Err(status) => asked.interim.push(status),
                Ok(outcome) => {
                    asked.outcome = outcome;
                    input.extend(pieces[number + 1..].concat());
                    return asked;
                }
            }
        }
        input = &mut asked.rest;
    }
    if end == End::Closed {
        asked.outcome = match handshake.receive_eof(&asked.rest) {
            Ok((answer, consumed)) => {
                assert!(consumed <= asked.rest.len());
                Outcome::of(answer).expect("receive gives out what is complete")
            }
            Err(error) => Outcome::Failed(error),
        };
        asked.rest.clear();
    }
    asked
}

/// The same whole, bytewise and at every split: always the same outcome.
pub(crate) fn ask_bytes(offer: &Offer, response: &[u8], end: End) -> Asked {
    let limits = ClientLimits::default();
    let whole = ask_pieces(offer, limits, &[response], end);
    split::for_every_split(response, |pieces| assert_eq!(ask_pieces(offer, limits, pieces, end), whole));
    whole
}

/// The same for a response that is only a head, and with bytes behind it.
pub(crate) fn ask(offer: &Offer, response: &Head) -> Asked {
    let bytes = response.to_bytes();
    let whole = ask_bytes(offer, &bytes, End::Open);
    let followed = ask_bytes(offer, &split::with_trailing(&bytes, b"\x81\x02hi"), End::Open);
    assert_eq!(followed.outcome, whole.outcome);
    if let Outcome::Accepted { .. } = whole.outcome {
        assert_eq!(followed.rest, b"\x81\x02hi");
    }
    whole
}

/// A client with no wishes of its own.
pub(crate) fn ask_default(response: &Head) -> Asked {
    ask(&offer(), response)
}

pub(crate) fn offer() -> Offer {
    Offer::new("ws://example.com/notifications".parse().unwrap())
}

/// The values of a field in a response or a request that was written, which has to be a whole one.
pub(crate) fn response_field(response: &[u8], name: &str) -> Vec<String> {
    use switchover_handshake::header::{FieldTable, Limits, ResponseScan};
    let mut fields = FieldTable::<32>::new();
    let Ok(Step::Done { value, .. }) = ResponseScan::new(Limits::default()).scan(response, &mut fields) else {
        panic!("not a response: {}", response.escape_ascii());
    };
    value.values(name).map(|value| String::from_utf8(value.to_vec()).unwrap()).collect()
}
