//! Switches to any protocol, and tunnels: any bytes to a server that allows all it knows and to a client that offers it,
//! under every cut; what the server accepts, a client that offered it takes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use switchover::handshake::{
    AcceptError, Answer, Attempt, ClientHandshake, ClientLimits, ConnectChoice, ConnectExpectations, Content,
    HandshakeError, Protocol, Protocols, Refusal, Request, Requirement, ServerHandshake, Switch, Switched, Switching,
    UpgradeChoice, UpgradeOffer,
};
use switchover::header::{Limits, Step};
use switchover_fuzz::{Script, splits};

fuzz_target!(|input: &[u8]| {
    let mut script = Script::new(input);
    let mode = script.byte();
    let cuts = [script.number(), script.number()];
    let bytes = script.rest();
    if mode & 1 == 0 {
        serve(bytes, cuts, mode & 2 != 0);
    } else if mode & 2 == 0 {
        let offer = protocols()
            .into_iter()
            .try_fold(UpgradeOffer::new("POST", "/", "a").expect("a request"), |offer, protocol| {
                offer.protocol(protocol)
            });
        ask(&offer.expect("they all have POST").expectations(), bytes, cuts);
    } else {
        ask(&ConnectExpectations, bytes, cuts);
    }
});

/// Protocols of all kinds that POST can switch to.
fn protocols() -> Vec<Protocol> {
    const TOKEN: &[Requirement] = &[Requirement::new("X-Token", |value| value == b"7").nominated()];
    let new = |name| Protocol::new(name).expect("a token").methods(&["GET", "POST"]).reads_content(16);
    vec![
        Protocol::h2c(),
        Protocol::tls(),
        Protocol::docker().success_without_switch(),
        Protocol::spdy(),
        new("any").any_version(),
        new("hopped").requires(TOKEN),
    ]
}

/// What a server made of the bytes.
#[derive(Debug, Default, PartialEq)]
struct Served {
    /// All that it wrote.
    out: Vec<u8>,
    /// The content of all requests.
    content: Vec<u8>,
    /// The requests of plain HTTP.
    plain: usize,
    end: End,
}

#[derive(Debug, Default, PartialEq)]
enum End {
    #[default]
    NeedMore,
    WebSocket,
    Tunnel,
    Switched(Switched),
    Refused(Refusal),
}

fn serve(bytes: &[u8], cuts: [u16; 2], capsules: bool) {
    let mut allowed = protocols();
    allowed.extend(capsules.then(Protocol::connect_udp));
    allowed.push(Protocol::websocket());
    let protocols = Protocols::new(allowed).expect("not that many");
    let [whole, bytewise, cut] = splits(bytes, cuts).map(|pieces| serve_pieces(&pieces, &protocols));
    assert_eq!(whole, bytewise, "bytewise");
    assert_eq!(whole, cut, "cut at {cuts:?}");
    match &whole.end {
        End::Switched(switched) => check_accepted(switched, &whole.out, &protocols),
        End::Refused(refusal) => {
            assert!(refusal.status().as_u16() >= 400 && refusal.to_bytes().starts_with(b"HTTP/1.1 "));
            assert!(!refusal.to_string().bytes().any(|byte| byte.is_ascii_control()));
        }
        End::NeedMore | End::WebSocket | End::Tunnel => {}
    }
}

fn serve_pieces(pieces: &[&[u8]], protocols: &Protocols) -> Served {
    let mut handshake = ServerHandshake::new(Limits::default()).protocols(protocols).tunnels();
    let mut served = Served::default();
    let (mut input, mut switch, mut in_content) = (Vec::new(), None, false);
    for piece in pieces {
        input.extend_from_slice(piece);
        loop {
            let step = match &mut switch {
                Some(switch) => advance(switch, &input, &mut served),
                None if in_content => match handshake.receive_content(&input) {
                    Ok(Step::Done { value: Content::Data(range), consumed }) => {
                        served.content.extend_from_slice(&input[range]);
                        Some(consumed)
                    }
                    Ok(Step::Done { value: Content::End, consumed }) => {
                        in_content = false;
                        Some(consumed)
                    }
                    Ok(Step::NeedMore { at_least }) => {
                        assert!(at_least >= 1);
                        None
                    }
                    Err(refusal) => {
                        served.end = End::Refused(refusal);
                        None
                    }
                },
                None => {
                    let (consumed, accepted) = receive(&mut handshake, &input, &mut served, &mut in_content);
                    switch = accepted;
                    consumed
                }
            };
            match step {
                Some(consumed) if served.end == End::NeedMore => drop(input.drain(..consumed)),
                _ => break,
            }
        }
        if served.end != End::NeedMore {
            break;
        }
    }
    served
}

/// The next request: how much it took, and the switch that it comes to.
fn receive(
    handshake: &mut ServerHandshake,
    input: &[u8],
    served: &mut Served,
    in_content: &mut bool,
) -> (Option<usize>, Option<Switch>) {
    let (request, consumed) = match handshake.receive(input) {
        Ok(Step::Done { value, consumed }) => (value, consumed),
        Ok(Step::NeedMore { .. }) => return (None, None),
        Err(refusal) => {
            served.end = End::Refused(refusal);
            return (None, None);
        }
    };
    match request {
        Request::WebSocket(_) => served.end = End::WebSocket,
        Request::Connect(proposal) => {
            assert!(proposal.authority().port.is_some());
            proposal.accept(&ConnectChoice::new(), &mut served.out).expect("a Vec grows");
            served.end = End::Tunnel;
        }
        Request::Http(plain) => {
            plain.proceed(&mut served.out).expect("a Vec grows");
            served.plain += 1;
            *in_content = true;
        }
        Request::Upgrade(proposal) => {
            assert!(proposal.protocols().next().is_some());
            let written = served.out.len();
            match proposal.accept(&UpgradeChoice::new(), &mut served.out) {
                Ok(switch) => return (Some(consumed), Some(switch)),
                Err(AcceptError::Refused(refusal)) => {
                    assert_eq!(served.out.len(), written);
                    served.end = End::Refused(refusal);
                }
                Err(AcceptError::Local(error)) => panic!("{error}"),
            }
        }
    }
    (Some(consumed), None)
}

fn advance(switch: &mut Switch, input: &[u8], served: &mut Served) -> Option<usize> {
    match switch.receive(input, &mut served.out) {
        Ok(Step::Done { value: Switching::Content(range), consumed }) => {
            assert!(switch.switched().is_none());
            served.content.extend_from_slice(&input[range]);
            Some(consumed)
        }
        Ok(Step::Done { value: Switching::Done(switched), consumed }) => {
            served.end = End::Switched(switched);
            Some(consumed)
        }
        Ok(Step::NeedMore { .. }) => None,
        Err(AcceptError::Refused(refusal)) => {
            served.end = End::Refused(refusal);
            None
        }
        Err(AcceptError::Local(error)) => panic!("{error}"),
    }
}

/// A client that offered what the server switched to takes the last response that was written.
fn check_accepted(switched: &Switched, out: &[u8], protocols: &Protocols) {
    let name = switched.protocols().next().expect("it switched to something");
    let (name, version) = name.split_once('/').map_or((name, None), |(name, version)| (name, Some(version)));
    let (_, protocol) = protocols.find(&switchover::header::value::Product { name, version }).expect("it is allowed");
    // What has any version is offered without one.
    if version.is_some() && protocol.name() == "any" {
        return;
    }
    let method = if protocol.name() == "connect-udp" { "GET" } else { "POST" };
    let offer = UpgradeOffer::new(method, "/", "a").and_then(|offer| offer.protocol(*protocol)).expect("an offer");
    let mut client = ClientHandshake::awaiting(offer.expectations());
    let mut rest = out;
    loop {
        match client.receive(rest) {
            Ok(Step::Done { value: Answer::Interim(_), consumed }) => rest = &rest[consumed..],
            Ok(Step::Done { value: Answer::Accepted { agreement, .. }, consumed }) => {
                assert_eq!((&agreement, consumed), (switched, rest.len()));
                return;
            }
            // There may be more of them than a client has patience for.
            Err(HandshakeError::TooManyInterim) => return,
            other => panic!("{other:?}: {}", out.escape_ascii()),
        }
    }
}

/// What a client made of the bytes: statuses, then the end.
#[derive(Debug, PartialEq)]
struct Asked<G> {
    interim: Vec<u16>,
    end: Answered<G>,
}

#[derive(Debug, PartialEq)]
enum Answered<G> {
    NeedMore,
    Accepted(G, usize),
    Refused { status: u16, body: Vec<u8>, truncated: bool, upgrade: Vec<String> },
    Failed(HandshakeError),
}

fn ask<A: Attempt + Clone>(attempt: &A, bytes: &[u8], cuts: [u16; 2])
where
    A::Agreement: PartialEq + core::fmt::Debug,
{
    for ends in [false, true] {
        let [whole, bytewise, cut] = splits(bytes, cuts).map(|pieces| ask_pieces(attempt.clone(), &pieces, ends));
        assert_eq!(whole, bytewise, "bytewise");
        assert_eq!(whole, cut, "cut at {cuts:?}");
        assert!(!ends || !matches!(whole.end, Answered::NeedMore));
        if let Answered::Refused { body, .. } = &whole.end {
            assert!(body.len() <= LIMITS.refusal_body);
        }
    }
}

const LIMITS: ClientLimits = ClientLimits {
    head: Limits {
        start_line: 8_320,
        target: 8_192,
        name: 255,
        value: 16_384,
        fields: 128,
        head: 65_536,
        leading_crlf: 4,
    },
    interim: 2,
    refusal_body: 16,
};

fn ask_pieces<A: Attempt>(attempt: A, pieces: &[&[u8]], ends: bool) -> Asked<A::Agreement> {
    let mut handshake = ClientHandshake::awaiting(attempt).limits(LIMITS);
    let mut asked = Asked { interim: Vec::new(), end: Answered::NeedMore };
    let (mut input, mut taken) = (Vec::new(), 0);
    for number in 0..pieces.len() + usize::from(ends) {
        input.extend_from_slice(pieces.get(number).unwrap_or(&&b""[..]));
        loop {
            let step = match number < pieces.len() {
                true => handshake.receive(&input),
                false => handshake.receive_eof(&input).map(|(value, consumed)| Step::Done { value, consumed }),
            };
            let (answer, consumed) = match step {
                Ok(Step::NeedMore { at_least }) => {
                    assert!(at_least >= 1);
                    break;
                }
                Ok(Step::Done { value, consumed }) => (value, consumed),
                Err(error) => {
                    asked.end = Answered::Failed(error);
                    return asked;
                }
            };
            taken += consumed;
            asked.end = match answer {
                Answer::Interim(head) => {
                    asked.interim.push(head.status().as_u16());
                    input.drain(..consumed);
                    continue;
                }
                Answer::Accepted { agreement, .. } => Answered::Accepted(agreement, taken),
                Answer::Refused(refused) => Answered::Refused {
                    status: refused.status().as_u16(),
                    body: refused.body.to_vec(),
                    truncated: refused.truncated,
                    upgrade: refused.upgrade().map(|protocol| protocol.to_string()).collect(),
                },
            };
            return asked;
        }
    }
    asked
}
