//! A server and a client of general switches, driven under every split of what they are sent.

use switchover_handshake::header::Step;
use switchover_handshake::header::names::{CONNECTION, HOST, UPGRADE};
use switchover_handshake::{
    AcceptError, Answer, Attempt, ClientHandshake, ClientLimits, ConnectChoice, EarlyData, HandshakeError, LocalError,
    Protocol, Protocols, Refusal, Request, ServerHandshake, Switch, Switched, Switching, UpgradeChoice,
};
use switchover_testkit::split;

use super::{End, Head};

/// What stands behind a request: a frame of WebSocket, and the start of another request.
const TRAILING: &[u8] = b"\x81\x80GET";

/// A server that accepts what it allows.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) protocols: Protocols,
    pub(crate) choice: UpgradeChoice,
    pub(crate) early_data: EarlyData,
    pub(crate) tunnels: bool,
}

impl Server {
    pub(crate) fn new(protocols: impl IntoIterator<Item = Protocol>) -> Self {
        let protocols = Protocols::new(protocols).unwrap();
        Self { protocols, choice: UpgradeChoice::new(), early_data: EarlyData::Keep, tunnels: false }
    }

    pub(crate) fn choosing(self, choice: UpgradeChoice) -> Self {
        Self { choice, ..self }
    }

    /// The request whole, bytewise, at every split and with bytes behind it: always the same.
    pub(crate) fn serve(&self, request: &[u8]) -> Served {
        let whole = self.serve_pieces(&[request]);
        split::for_every_split(request, |pieces| assert_eq!(self.serve_pieces(pieces), whole));
        let mut followed = self.serve_pieces(&[&split::with_trailing(request, TRAILING)]);
        // What the bytes behind it are for is the content, where that was cut short.
        if whole.outcome != Outcome::NeedMore {
            let goes_on = !matches!(whole.outcome, Outcome::Refused(_) | Outcome::Local(_));
            assert_eq!(followed.rest, if goes_on { TRAILING } else { b"" });
            followed.rest.clear();
            assert_eq!(followed, whole);
        }
        whole
    }

    pub(crate) fn serve_head(&self, request: &Head) -> Served {
        self.serve(&request.to_bytes())
    }

    /// The request in these pieces.
    pub(crate) fn serve_pieces(&self, pieces: &[&[u8]]) -> Served {
        let mut handshake = ServerHandshake::default().protocols(&self.protocols).early_data(self.early_data);
        if self.tunnels {
            handshake = handshake.tunnels();
        }
        let mut served = Served::default();
        let mut input = Vec::new();
        let mut switch = None;
        for (number, piece) in pieces.iter().enumerate() {
            input.extend_from_slice(piece);
            loop {
                let step = match &mut switch {
                    None => self.receive(&mut handshake, &input, &mut served),
                    Some(switch) => advance(switch, &input, &mut served),
                };
                let consumed = match step {
                    Next::NeedMore => break,
                    Next::Read(consumed) => consumed,
                    Next::Accepted(accepted, consumed) => {
                        switch = Some(*accepted);
                        consumed
                    }
                    Next::End(outcome, consumed) => {
                        let mut rest = [&input[consumed..], &pieces[number + 1..].concat()].concat();
                        if let Outcome::Refused(_) | Outcome::Local(_) = outcome {
                            rest.clear();
                        }
                        return Served { outcome, rest, ..served };
                    }
                };
                input.drain(..consumed);
            }
        }
        served
    }

    fn receive(&self, handshake: &mut ServerHandshake, input: &[u8], served: &mut Served) -> Next {
        let (request, consumed) = match handshake.receive(input) {
            Ok(Step::NeedMore { at_least }) => {
                assert!(at_least >= 1);
                return Next::NeedMore;
            }
            Ok(Step::Done { value, consumed }) => (value, consumed),
            Err(refusal) => return Next::End(Outcome::Refused(refusal), 0),
        };
        match request {
            Request::WebSocket(_) => Next::End(Outcome::WebSocket, consumed),
            Request::Http(_) => Next::End(Outcome::Http, consumed),
            Request::Connect(proposal) => {
                proposal.accept(&ConnectChoice::new(), &mut served.out).unwrap();
                Next::End(Outcome::Tunnel, consumed)
            }
            Request::Upgrade(proposal) => match proposal.accept(&self.choice, &mut served.out) {
                Ok(switch) => Next::Accepted(Box::new(switch), consumed),
                Err(error) => {
                    assert!(served.out.is_empty(), "nothing is written on an error");
                    Next::End(error.into(), consumed)
                }
            },
        }
    }
}

enum Next {
    NeedMore,
    Read(usize),
    Accepted(Box<Switch>, usize),
    End(Outcome, usize),
}

fn advance(switch: &mut Switch, input: &[u8], served: &mut Served) -> Next {
    let written = served.out.len();
    match switch.receive(input, &mut served.out) {
        Ok(Step::NeedMore { at_least }) => {
            assert!(at_least >= 1 && switch.switched().is_none());
            Next::NeedMore
        }
        Ok(Step::Done { value: Switching::Content(range), consumed }) => {
            assert!(range.end <= consumed && switch.switched().is_none());
            served.content.extend_from_slice(&input[range]);
            Next::Read(consumed)
        }
        Ok(Step::Done { value: Switching::Done(switched), consumed }) => {
            assert_eq!((consumed, switch.switched()), (0, Some(&switched)));
            Next::End(Outcome::Switched(switched), 0)
        }
        Err(error) => {
            let again = switch.receive(b"", &mut served.out).expect_err("a refusal is the end");
            assert_eq!((&again, served.out.len()), (&error, written), "nothing is written on an error");
            Next::End(error.into(), 0)
        }
    }
}

/// What a server made of the bytes it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Served {
    pub(crate) outcome: Outcome,
    /// All that it wrote.
    pub(crate) out: Vec<u8>,
    /// All content that it was given.
    pub(crate) content: Vec<u8>,
    /// What is in its buffer.
    pub(crate) rest: Vec<u8>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Outcome {
    Switched(Switched),
    WebSocket,
    Tunnel,
    Http,
    Refused(Refusal),
    Local(LocalError),
    #[default]
    NeedMore,
}

impl From<AcceptError> for Outcome {
    fn from(error: AcceptError) -> Self {
        match error {
            AcceptError::Refused(refusal) => Self::Refused(refusal),
            AcceptError::Local(error) => Self::Local(error),
        }
    }
}

impl Served {
    /// The protocols switched to.
    pub(crate) fn protocols(&self) -> Vec<&str> {
        match &self.outcome {
            Outcome::Switched(switched) => switched.protocols().collect(),
            other => panic!("not switched: {other:?}"),
        }
    }

    pub(crate) fn refusal(&self) -> &Refusal {
        match &self.outcome {
            Outcome::Refused(refusal) => refusal,
            other => panic!("not refused: {other:?}"),
        }
    }

    pub(crate) fn error(&self) -> HandshakeError {
        *self.refusal().error().expect("refused for a reason")
    }

    pub(crate) fn out(&self) -> &str {
        std::str::from_utf8(&self.out).unwrap()
    }
}

/// What a client made of the bytes it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked<G> {
    /// The statuses of the interim responses.
    pub(crate) interim: Vec<u16>,
    pub(crate) answer: Answered<G>,
    /// What is in its buffer behind all that it consumed.
    pub(crate) rest: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answered<G> {
    Accepted { agreement: G, fields: Vec<(String, Vec<u8>)> },
    Refused { status: u16, body: Vec<u8>, truncated: bool, upgrade: Vec<String>, fields: Vec<(String, Vec<u8>)> },
    Failed(HandshakeError),
    NeedMore,
}

/// A client with this attempt, sent these pieces one after the other.
pub(crate) fn ask_pieces<A: Attempt>(
    attempt: A,
    limits: ClientLimits,
    pieces: &[&[u8]],
    end: End,
) -> Asked<A::Agreement> {
    let mut handshake = ClientHandshake::awaiting(attempt).limits(limits);
    let mut asked = Asked { interim: Vec::new(), answer: Answered::NeedMore, rest: Vec::new() };
    let ends = usize::from(end == End::Closed);
    for number in 0..pieces.len() + ends {
        asked.rest.extend_from_slice(pieces.get(number).unwrap_or(&&b""[..]));
        loop {
            let step = match number < pieces.len() {
                true => handshake.receive(&asked.rest),
                false => handshake.receive_eof(&asked.rest).map(|(value, consumed)| Step::Done { value, consumed }),
            };
            let (answer, consumed) = match step {
                Ok(Step::NeedMore { at_least }) => {
                    assert!(at_least >= 1);
                    break;
                }
                Ok(Step::Done { value, consumed }) => (value, consumed),
                Err(error) => {
                    asked.answer = Answered::Failed(error);
                    asked.rest.clear();
                    return asked;
                }
            };
            match Answered::of(answer) {
                Ok(answer) => asked.answer = answer,
                Err(interim) => asked.interim.push(interim),
            }
            asked.rest.drain(..consumed);
            if !matches!(asked.answer, Answered::NeedMore) {
                asked.rest.extend(pieces.get(number + 1..).unwrap_or_default().concat());
                return asked;
            }
        }
    }
    asked
}

/// The same whole, bytewise and at every split: always the same.
pub(crate) fn ask<A: Attempt + Clone>(attempt: &A, response: &[u8], end: End) -> Asked<A::Agreement>
where
    A::Agreement: PartialEq + std::fmt::Debug,
{
    let ask = |pieces: &[&[u8]]| ask_pieces(attempt.clone(), ClientLimits::default(), pieces, end);
    let whole = ask(&[response]);
    split::for_every_split(response, |pieces| assert_eq!(ask(pieces), whole));
    whole
}

impl<G> Answered<G> {
    fn of(answer: Answer<'_, G>) -> Result<Self, u16> {
        let owned = |head: switchover_handshake::header::ResponseHead<'_>| {
            head.fields().map(|field| (field.name.to_owned(), field.value.to_vec())).collect()
        };
        Ok(match answer {
            Answer::Interim(head) => return Err(head.status().as_u16()),
            Answer::Accepted { agreement, head } => Self::Accepted { agreement, fields: owned(head) },
            Answer::Refused(refused) => Self::Refused {
                status: refused.status().as_u16(),
                body: refused.body.to_vec(),
                truncated: refused.truncated,
                upgrade: refused.upgrade().map(|protocol| protocol.to_string()).collect(),
                fields: owned(refused.head),
            },
        })
    }
}

impl<G: std::fmt::Debug> Asked<G> {
    pub(crate) fn agreement(self) -> G {
        match self.answer {
            Answered::Accepted { agreement, .. } => agreement,
            other => panic!("not accepted: {other:?}"),
        }
    }

    pub(crate) fn error(self) -> HandshakeError {
        match self.answer {
            Answered::Failed(error) => error,
            other => panic!("not failed: {other:?}"),
        }
    }

    /// Status and body of a refusal, and whether the body is cut short.
    pub(crate) fn refused(self) -> (u16, Vec<u8>, bool) {
        match self.answer {
            Answered::Refused { status, body, truncated, .. } => (status, body, truncated),
            other => panic!("not refused: {other:?}"),
        }
    }
}

/// A protocol of this name with no rules of its own.
pub(crate) fn bare(name: &'static str) -> Protocol {
    Protocol::new(name).unwrap()
}

pub(crate) fn request(upgrade: impl AsRef<[u8]>) -> Head {
    Head::new("GET /hello HTTP/1.1").line(HOST, "example.com").line(UPGRADE, upgrade).line(CONNECTION, "upgrade")
}

pub(crate) fn post(upgrade: &str) -> Head {
    request(upgrade).start_line("POST /hello HTTP/1.1")
}

/// The protocols that the proposal in this request has, as text, and the one that the server prefers.
pub(crate) fn offered(
    request: &Head,
    protocols: impl IntoIterator<Item = Protocol>,
) -> Option<(Vec<String>, &'static str)> {
    let bytes = request.to_bytes();
    let mut handshake = ServerHandshake::default().protocols(&Protocols::new(protocols).unwrap());
    match handshake.receive(&bytes) {
        Ok(Step::Done { value: Request::Upgrade(proposal), .. }) => {
            let text = |product: switchover_handshake::header::value::Product<'_>| match product.version {
                Some(version) => format!("{}/{version}", product.name),
                None => product.name.to_owned(),
            };
            Some((proposal.protocols().map(text).collect(), proposal.preferred().name()))
        }
        Ok(Step::Done { value: Request::Http(_), .. }) => None,
        other => panic!("{other:?}"),
    }
}
