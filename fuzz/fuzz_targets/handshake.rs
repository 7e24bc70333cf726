//! Opening handshakes: any bytes to a server and to a client, under every cut; whole handshakes from a URL; single fields.
#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use switchover::handshake::{
    AcceptError, Agreement, Answer, Choice, ClientHandshake, ClientLimits, Deflate, HandshakeError, Key, Offer, Origin,
    OriginPolicy, Refusal, Request, ServerHandshake, SubprotocolPolicy, Url, verify,
};
use switchover::header::{FieldTable, Framing, Limits, ResponseScan, Step, names};
use switchover_fuzz::{Script, splits};

fuzz_target!(|input: &[u8]| {
    let mut script = Script::new(input);
    let mode = script.byte();
    let cuts = [script.number(), script.number()];
    let choice = if mode & 8 == 0 { Choice::new() } else { Choice::new().origins(OriginPolicy::any()) };
    let choice = choice.subprotocols(SubprotocolPolicy::server_order(["chat", "mqtt"]).expect("tokens, all unique"));
    let choice = if mode & 16 == 0 { choice } else { choice.extension(Deflate::new()).expect("there once") };
    match mode & 7 {
        0 | 1 => serve(script.rest(), cuts, &choice),
        2 => {
            let (name, value) = field(&mut script, REQUEST);
            serve(&head(b"GET /notifications HTTP/1.1", REQUEST, name, value), cuts, &choice);
        }
        3 | 4 => ask(script.rest(), cuts),
        5 => {
            let (name, value) = field(&mut script, RESPONSE);
            ask(&head(b"HTTP/1.1 101 Switching Protocols", RESPONSE, name, value), cuts);
        }
        6 => open(script.rest(), &choice),
        _ => check_values(script.rest(), cuts[0]),
    }
});

/// The nonce of the example in RFC 6455, section 1.3.
const NONCE: [u8; 16] = *b"the sample nonce";

/// What accepts the key made of it.
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// The fields of a request that is accepted.
const REQUEST: &[(&str, &str)] = &[
    ("Host", "example.com"),
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Protocol", "chat"),
    ("Sec-WebSocket-Extensions", "permessage-deflate"),
    ("Origin", "http://example.com"),
];

/// The fields of the response that accepts it.
const RESPONSE: &[(&str, &str)] = &[
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Accept", ACCEPT),
    ("Sec-WebSocket-Protocol", "chat"),
    ("Sec-WebSocket-Extensions", ""),
];

/// One of the fields, and another value for it.
fn field<'i>(script: &mut Script<'i>, fields: &[(&'static str, &str)]) -> (&'static str, &'i [u8]) {
    let (name, _) = fields[usize::from(script.byte()) % fields.len()];
    (name, script.bytes(usize::MAX))
}

/// A head with these fields but for the one whose value is given; one without a value is left out.
fn head(start_line: &[u8], fields: &[(&str, &str)], name: &str, value: &[u8]) -> Vec<u8> {
    let mut head = start_line.to_vec();
    for (other, usual) in fields {
        let value = if *other == name { value } else { usual.as_bytes() };
        if *other == name || !usual.is_empty() {
            head.extend([b"\r\n", other.as_bytes(), b": ", value].concat());
        }
    }
    head.extend(b"\r\n\r\n");
    head
}

/// What a server made of the bytes.
#[derive(Debug, PartialEq)]
enum Served {
    Accepted { answer: Vec<u8>, agreement: Agreement, consumed: usize },
    Refused(Refusal),
    Http { refusal: Refusal, consumed: usize },
    NeedMore,
}

fn serve(bytes: &[u8], cuts: [u16; 2], choice: &Choice) {
    let [whole, bytewise, cut] = splits(bytes, cuts).map(|pieces| serve_pieces(&pieces, choice));
    assert_eq!(whole, bytewise, "bytewise");
    assert_eq!(whole, cut, "cut at {cuts:?}");
    for pieces in splits(bytes, cuts) {
        check_answer(&pieces, choice, &whole);
    }
    match whole {
        Served::Refused(refusal) | Served::Http { refusal, .. } => check_refusal(&refusal),
        Served::Accepted { .. } | Served::NeedMore => {}
    }
}

fn serve_pieces(pieces: &[&[u8]], choice: &Choice) -> Served {
    let mut handshake = ServerHandshake::default();
    let mut input = Vec::new();
    let mut complete_from = 0;
    for piece in pieces {
        input.extend_from_slice(piece);
        match handshake.receive(&input) {
            Ok(Step::NeedMore { at_least }) => {
                assert!(at_least >= 1);
                complete_from = input.len() + at_least;
            }
            Ok(Step::Done { value, consumed }) => {
                assert!(complete_from <= consumed && consumed <= input.len());
                return match value {
                    Request::WebSocket(proposal) => {
                        let key = proposal.key();
                        let offer = offer_of(proposal.subprotocols());
                        let mut answer = Vec::new();
                        match proposal.accept(choice, &mut answer) {
                            Ok(agreement) => {
                                check_accepted(key, &offer, &answer, &agreement);
                                Served::Accepted { answer, agreement, consumed }
                            }
                            Err(AcceptError::Refused(refusal)) => {
                                assert!(answer.is_empty());
                                Served::Refused(refusal)
                            }
                            Err(AcceptError::Local(error)) => panic!("{error}"),
                        }
                    }
                    request => Served::Http { refusal: request.plain().refuse(), consumed },
                };
            }
            Err(refusal) => {
                assert_eq!(handshake.receive(&input).expect_err("a refusal is the end"), refusal);
                return Served::Refused(refusal);
            }
        }
    }
    Served::NeedMore
}

/// The call that reads and answers in one does the same.
fn check_answer(pieces: &[&[u8]], choice: &Choice, served: &Served) {
    let mut handshake = ServerHandshake::default();
    let mut input = BytesMut::new();
    let mut out = Vec::new();
    let mut received = 0;
    for piece in pieces {
        received += piece.len();
        input.extend_from_slice(piece);
        let Some(result) = handshake.answer(&mut input, choice, &mut out) else { continue };
        match (result, served) {
            (Ok(agreed), Served::Accepted { answer, agreement, consumed }) => {
                assert_eq!((&agreed, &out, input.len()), (agreement, answer, received - consumed));
            }
            (Err(refused), Served::Refused(refusal) | Served::Http { refusal, .. }) => {
                assert_eq!((&refused, &out[..], input.len()), (refusal, &refusal.to_bytes()[..], 0));
                assert_eq!(handshake.answer(&mut input, choice, &mut out), Some(Err(refused)));
                assert_eq!(out, refusal.to_bytes(), "it is written once");
            }
            (result, served) => panic!("{result:?}, but receive said {served:?}"),
        }
        return;
    }
    assert_eq!(*served, Served::NeedMore);
}

/// The offer of a client that sent these subprotocols, and is content with whatever is answered to permessage-deflate.
fn offer_of<'a>(subprotocols: impl Iterator<Item = &'a str>) -> Offer {
    let deflate = Deflate::new().own_windows(8..=15).expect("windows");
    let offer = Offer::new("ws://example.com/".parse().expect("a URL")).extension(deflate).expect("there once");
    subprotocols.fold(offer, |offer, name| offer.subprotocol(name).expect("a token, here once"))
}

/// The client that sent this key with this offer takes the answer.
fn check_accepted(key: Key, offer: &Offer, answer: &[u8], agreement: &Agreement) {
    let nonce = nonce_of(key);
    let mut fields = FieldTable::<16>::new();
    let Ok(Step::Done { value: head, consumed }) = ResponseScan::new(Limits::default()).scan(answer, &mut fields)
    else {
        panic!("not a response: {}", answer.escape_ascii());
    };
    assert_eq!(consumed, answer.len());
    assert!(head.values(names::SEC_WEBSOCKET_ACCEPT).eq([&key.accept()[..]]));
    // Of the keys that stand for the same nonce a client sends the one with zero pad bits.
    if Key::from_nonce(nonce) == key {
        assert_eq!(verify(&head, &offer.expectations(nonce)).as_ref(), Ok(agreement));
    }
}

fn nonce_of(key: Key) -> [u8; 16] {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let sextets = key.as_bytes()[..22].iter().map(|byte| ALPHABET.iter().position(|other| other == byte));
    let number = sextets.fold([0_u8; 17], |mut bytes, sextet| {
        let mut carry = sextet.expect("a key is base64") as u16;
        for byte in bytes.iter_mut().rev() {
            let shifted = u16::from(*byte) << 6 | carry;
            *byte = shifted.to_le_bytes()[0];
            carry = shifted >> 8;
        }
        bytes
    });
    // 22 sextets are 132 bits: the nonce and 4 pad bits, in the low bits of 136.
    core::array::from_fn(|i| number[i] << 4 | number[i + 1] >> 4)
}

/// A refusal is a complete response, framed to the byte, and shows nothing that the peer has sent.
fn check_refusal(refusal: &Refusal) {
    let bytes = refusal.to_bytes();
    let mut encoded = Vec::new();
    assert_eq!(refusal.encode(&mut encoded), Ok(()));
    assert_eq!(encoded, bytes);
    let mut short = &mut vec![0; bytes.len() - 1][..];
    assert!(refusal.encode(&mut short).is_err());
    assert_eq!(short.len(), bytes.len() - 1, "nothing is written");

    let mut fields = FieldTable::<16>::new();
    let Ok(Step::Done { value: head, consumed }) = ResponseScan::new(Limits::default()).scan(&bytes, &mut fields)
    else {
        panic!("not a response: {}", bytes.escape_ascii());
    };
    assert_eq!(head.status(), refusal.status());
    assert!(head.status().as_u16() >= 400);
    assert!(switchover::header::value::contains_token(head.values(names::CONNECTION), "close"));
    let content = &bytes[consumed..];
    // A HEAD request gets the length of the content and no content.
    assert!(content.is_empty() || content == refusal.content());
    assert_eq!(head.framing("GET"), Ok(Framing::Length(refusal.content().len() as u64)));
    assert!(!refusal.content().is_empty() && refusal.content().iter().all(|byte| matches!(byte, b' '..=b'~' | b'\n')));
    assert!(refusal.to_string().bytes().all(|byte| matches!(byte, b' '..=b'~')));

    if !content.is_empty() {
        let mut client = ClientHandshake::new(&offer(), NONCE, &mut Vec::new()).expect("a Vec grows");
        match client.receive(&bytes) {
            Ok(Step::Done { value: Answer::Refused(answer), consumed }) => {
                assert_eq!((answer.status(), answer.body), (refusal.status(), content));
                assert!(!answer.truncated && consumed == bytes.len());
            }
            other => panic!("{other:?}"),
        };
    }
}

/// What a client made of the bytes.
#[derive(Debug, PartialEq)]
struct Asked {
    interim: Vec<u16>,
    outcome: AnswerOutcome,
    /// Bytes consumed in all.
    consumed: usize,
}

#[derive(Debug, PartialEq)]
enum AnswerOutcome {
    Accepted { agreement: Agreement, fields: usize },
    Refused { status: u16, body: Vec<u8>, truncated: bool, versions: Vec<u8> },
    Failed(HandshakeError),
    NeedMore,
}

fn offer() -> Offer {
    let offer = Offer::new("ws://example.com/notifications".parse().expect("a URL"));
    let offer = offer.subprotocol("chat").and_then(|offer| offer.subprotocol("mqtt")).expect("tokens, all unique");
    let deflate = Deflate::new().peer_window(10).expect("a window");
    offer.extension(deflate).expect("there once")
}

fn ask(bytes: &[u8], cuts: [u16; 2]) {
    for ends in [false, true] {
        let [whole, bytewise, cut] = splits(bytes, cuts).map(|pieces| ask_pieces(&pieces, ends));
        assert_eq!(whole, bytewise, "bytewise");
        assert_eq!(whole, cut, "cut at {cuts:?}");
        assert!(!ends || whole.outcome != AnswerOutcome::NeedMore);
    }
}

fn ask_pieces(pieces: &[&[u8]], ends: bool) -> Asked {
    let limits = ClientLimits { interim: 2, refusal_body: 16, ..ClientLimits::default() };
    let mut handshake = ClientHandshake::new(&offer(), NONCE, &mut Vec::new()).expect("a Vec grows").limits(limits);
    let mut asked = Asked { interim: Vec::new(), outcome: AnswerOutcome::NeedMore, consumed: 0 };
    let mut input = Vec::new();
    for piece in pieces {
        input.extend_from_slice(piece);
        loop {
            let consumed = match handshake.receive(&input) {
                Ok(Step::NeedMore { at_least }) => {
                    assert!(at_least >= 1);
                    break;
                }
                Ok(Step::Done { value, consumed }) => {
                    asked.note(value);
                    consumed
                }
                Err(error) => {
                    assert_eq!(handshake.receive(&input).expect_err("a failure is the end"), error);
                    asked.outcome = AnswerOutcome::Failed(error);
                    return asked;
                }
            };
            input.drain(..consumed);
            asked.consumed += consumed;
            if asked.outcome != AnswerOutcome::NeedMore {
                return asked;
            }
        }
    }
    if ends {
        match handshake.receive_eof(&input) {
            Ok((answer, consumed)) => {
                assert!(consumed <= input.len());
                asked.note(answer);
            }
            Err(error) => asked.outcome = AnswerOutcome::Failed(error),
        }
    }
    asked
}

impl Asked {
    fn note(&mut self, answer: Answer<'_>) {
        self.outcome = match answer {
            Answer::Interim(head) => {
                assert!(head.status().is_informational());
                self.interim.push(head.status().as_u16());
                return;
            }
            Answer::Accepted { agreement, head } => {
                assert!(matches!(agreement.subprotocol(), None | Some("chat" | "mqtt")));
                assert!(head.values(names::SEC_WEBSOCKET_ACCEPT).eq([ACCEPT.as_bytes()]));
                assert_eq!(agreement.extensions().count(), usize::from(agreement.deflate().is_some()));
                let windows =
                    agreement.deflate().map(|deflate| (deflate.server.window_bits, deflate.client.window_bits));
                assert!(windows.is_none_or(|windows| matches!(windows, (8..=15, 9..=15))));
                AnswerOutcome::Accepted { agreement, fields: head.fields().count() }
            }
            Answer::Refused(refused) => AnswerOutcome::Refused {
                status: refused.status().as_u16(),
                body: refused.body.to_vec(),
                truncated: refused.truncated,
                versions: refused.websocket_versions().collect(),
            },
        };
    }
}

/// A client of this URL and a server come to an agreement, and mean the same resource.
fn open(url: &[u8], choice: &Choice) {
    let Some(url) = core::str::from_utf8(url).ok().and_then(|url| url.parse::<Url>().ok()) else { return };
    assert_eq!(url.to_string().parse().as_ref(), Ok(&url));
    let offer = Offer::new(url.clone()).subprotocol("mqtt").expect("a token");
    let offer = offer.extension(Deflate::new()).expect("there once");
    let mut request = Vec::new();
    let mut client = ClientHandshake::new(&offer, NONCE, &mut request).expect("a Vec grows");
    let mut server = ServerHandshake::new(Limits { start_line: usize::MAX, target: usize::MAX, ..Limits::default() });
    let mut answer = Vec::new();
    let agreed = match server.receive(&request) {
        Ok(Step::Done { value: Request::WebSocket(proposal), consumed }) => {
            assert_eq!(consumed, request.len());
            assert_eq!((proposal.path(), proposal.host()), (url.target(), url.authority()));
            let agreement = proposal.accept(choice, &mut answer).expect("it has no origin");
            assert_eq!(agreement.subprotocol(), Some("mqtt"));
            agreement
        }
        other => panic!("{other:?}: {}", request.escape_ascii()),
    };
    match client.receive(&answer) {
        Ok(Step::Done { value: Answer::Accepted { agreement, .. }, consumed }) => {
            assert_eq!((agreement, consumed), (agreed, answer.len()));
        }
        other => panic!("{other:?}: {}", answer.escape_ascii()),
    };
}

/// Values by themselves.
fn check_values(bytes: &[u8], cut: u16) {
    if let Some(key) = Key::parse(bytes) {
        assert_eq!(key.as_bytes(), bytes);
        assert_eq!(Key::parse(Key::from_nonce(nonce_of(key)).as_bytes()), Some(Key::from_nonce(nonce_of(key))));
    }
    let (first, second) = bytes.split_at(usize::from(cut) % (bytes.len() + 1));
    if let (Some(first), Some(second)) = (Origin::parse(first), Origin::parse(second)) {
        assert!(first.is_same(first) && second.is_same(second));
        assert_eq!(first.is_same(second), second.is_same(first));
        // A policy takes only what a browser can send.
        if let Ok(listed) = OriginPolicy::listed([first.as_str()]) {
            assert_eq!(listed.permits(second, "example.com"), first.is_same(second));
        }
    }
    if let (Some(origin), Ok(host)) = (Origin::parse(first), core::str::from_utf8(second)) {
        assert!(!origin.is_null() || !origin.is_of_host(host));
    }
    if bytes.first_chunk().is_some_and(|nonce| nonce_of(Key::from_nonce(*nonce)) != *nonce) {
        panic!("the base64 of this target is wrong");
    }
}
