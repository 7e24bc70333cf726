//! What holds for every switch of protocols.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::subsequence;
use switchover_handshake::header::write;
use switchover_handshake::{
    ClientHandshake, ClientLimits, ConnectExpectations, ConnectOffer, HandshakeError, LocalError, Protocol,
    Requirement, UpgradeChoice, UpgradeOffer,
};
use switchover_testkit::split::random_cuts;

use crate::common::upgrade::{Answered, Outcome, Server, ask_pieces};
use crate::common::{End, Head};

/// The fields that [`protocols`] require, and more.
const FIELDS: [(&str, &str); 3] = [("HTTP2-Settings", "AAMAAABkAAQAAP__"), ("X-Token", "7"), ("X-Other", "8")];

/// Protocols of all kinds, which a POST with content can switch to.
fn protocols() -> Vec<Protocol> {
    const TOKEN: &[Requirement] = &[Requirement::new("X-Token", |value| value == b"7").nominated()];
    let new = |name| Protocol::new(name).unwrap().methods(&["GET", "POST"]).reads_content(1_000);
    vec![
        Protocol::h2c(),
        Protocol::tls(),
        Protocol::docker(),
        new("SPDY").versions(&["3.1", "3"]),
        new("any").any_version(),
        new("hopped").requires(TOKEN).answered(),
        new("carrier").carries_http().reason("").response_fields(&[("X-Fixed", "1")]),
    ]
}

/// Some of them in any order.
fn some() -> impl Strategy<Value = Vec<Protocol>> {
    subsequence(protocols(), 1..=7).prop_shuffle()
}

/// How a client sends its content.
#[derive(Clone, Copy, Debug)]
enum Sent {
    With,
    Length,
    Chunks,
}

fn sent() -> impl Strategy<Value = Sent> {
    prop_oneof![Just(Sent::With), Just(Sent::Length), Just(Sent::Chunks)]
}

fn offer(protocols: &[Protocol], content: &[u8], sent: Sent) -> UpgradeOffer {
    let offer = UpgradeOffer::new("POST", "/x?y", "example.com:81").unwrap();
    let offer = protocols.iter().copied().try_fold(offer, UpgradeOffer::protocol).unwrap();
    let offer = FIELDS.into_iter().try_fold(offer, |offer, (name, value)| offer.field(name, value)).unwrap();
    match sent {
        Sent::With => offer.content(content.to_vec()),
        Sent::Length => offer.content_to_follow(Some(content.len() as u64)).expect_continue(),
        Sent::Chunks => offer.content_to_follow(None).expect_continue(),
    }
}

/// The request of this offer with its content.
fn written(offer: &UpgradeOffer, content: &[u8], sent: Sent) -> Vec<u8> {
    let mut request = Vec::new();
    ClientHandshake::upgrade(offer, &mut request).unwrap();
    match sent {
        Sent::With => {}
        Sent::Length => request.extend_from_slice(content),
        Sent::Chunks => {
            for chunk in content.chunks(7) {
                write::chunk(&mut request, chunk).unwrap();
            }
            write::last_chunk(&mut request).unwrap().field("X-Trailer", "x").unwrap().end().unwrap();
        }
    }
    request
}

/// The attempt of this offer once its content is sent.
fn ask_sent(offer: &UpgradeOffer, response: &[u8]) -> (Vec<String>, bool, Vec<u8>) {
    let mut handshake = ClientHandshake::upgrade(offer, &mut Vec::new()).unwrap();
    handshake.content_sent();
    let mut rest = response;
    loop {
        use switchover_handshake::Answer;
        use switchover_handshake::header::Step;
        match handshake.receive(rest).unwrap() {
            Step::Done { value: Answer::Interim(_), consumed } => rest = &rest[consumed..],
            Step::Done { value: Answer::Accepted { agreement, .. }, consumed } => {
                let protocols = agreement.protocols().map(str::to_owned).collect();
                return (protocols, agreement.request_is_answered(), rest[consumed..].to_vec());
            }
            other => panic!("{other:?}: {}", response.escape_ascii()),
        }
    }
}

proptest! {
    /// What a server accepts, the client that made the offer takes, and both name the same protocols: whatever is
    /// offered and allowed, with the content read to its end, and with the bytes glued to both sides left for the new
    /// protocol.
    #[test]
    fn a_client_and_a_server_agree(
        (offered, allowed) in (some(), some()),
        (content, sent) in (vec(any::<u8>(), 0..60), sent()),
        (early, first) in any::<(Vec<u8>, Vec<u8>)>(),
        cuts in random_cuts(),
    ) {
        let offer = offer(&offered, &content, sent);
        let request = [written(&offer, &content, sent), early.clone()].concat();
        let server = Server::new(allowed.iter().copied());
        let served = server.serve_pieces(&cuts.pieces(&request));
        let named = |protocol: &Protocol| offered.iter().any(|other| other.name() == protocol.name());
        let Some(preferred) = allowed.iter().find(|protocol| named(protocol)) else {
            prop_assert_eq!(served.outcome, Outcome::Http);
            return Ok(());
        };
        let names: Vec<_> = served.protocols().into_iter().map(str::to_owned).collect();
        prop_assert_eq!(names[0].split('/').next().unwrap(), preferred.name());
        prop_assert_eq!((&served.content, &served.rest), (&content, &early));
        let expects = match sent {
            Sent::With => false,
            Sent::Length => !content.is_empty(),
            Sent::Chunks => true,
        };
        prop_assert_eq!(served.out.starts_with(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 "), expects);
        let (agreed, answered, rest) = ask_sent(&offer, &[&served.out[..], &first].concat());
        prop_assert_eq!((agreed, answered, rest), (names, preferred.is_answered(), first));
    }

    /// Whatever a caller chooses: either the client that made the offer takes it, or it is an error and nothing is
    /// written.
    #[test]
    fn what_is_accepted_was_offered_and_else_nothing_is_written(
        (offered, allowed) in (some(), some()),
        names in vec(prop_oneof![
            Just("h2c"), Just("TLS/1.2"), Just("TLS/1.9"), Just("tcp"), Just("spdy/3.1"), Just("SPDY/3"), Just("any"),
            Just("any/1"), Just("hopped"), Just("carrier"), Just("HTTP/1.1"), Just("HTTP/3.0"), Just("websocket"),
        ], 0..4),
    ) {
        let choice = names.iter().try_fold(UpgradeChoice::new(), |choice, name| choice.protocol(name));
        let Ok(choice) = choice else { return Ok(()) };
        let offer = offer(&offered, b"", Sent::With);
        let served = Server::new(allowed).choosing(choice).serve_pieces(&[&written(&offer, b"", Sent::With)]);
        match &served.outcome {
            Outcome::Switched(switched) => {
                let (agreed, ..) = ask_sent(&offer, &served.out);
                prop_assert!(switched.protocols().eq(agreed.iter().map(String::as_str)));
                prop_assert!(names.is_empty() || switched.protocols().eq(names.iter().copied()));
            }
            Outcome::Local(error) => {
                prop_assert_eq!((*error, served.out.len()), (LocalError::ProtocolNotOffered, 0));
            }
            outcome => prop_assert_eq!((outcome, served.out.len()), (&Outcome::Http, 0)),
        }
    }

    /// A request that is nearly right, content included, comes to the same end however it is cut.
    #[test]
    fn a_damaged_request_ends_the_same_however_it_is_cut(
        at in any::<prop::sample::Index>(),
        (removed, inserted) in (0..3usize, vec(any::<u8>(), 0..3)),
        (content, sent) in (vec(any::<u8>(), 0..30), sent()),
        cuts in random_cuts(),
    ) {
        let mut request = written(&offer(&protocols(), &content, sent), &content, sent);
        let start = at.index(request.len());
        let end = request.len().min(start + removed);
        request.splice(start..end, inserted);
        let server = Server { tunnels: true, ..Server::new(protocols()) };
        let whole = server.serve_pieces(&[&request]);
        let mut cut = server.serve_pieces(&cuts.pieces(&request));
        if whole.outcome == Outcome::NeedMore {
            // How much of it waits does not tell.
            cut.rest.clone_from(&whole.rest);
        }
        prop_assert_eq!(&cut, &whole);
        if let Outcome::Refused(refusal) = &whole.outcome {
            prop_assert!(refusal.status().as_u16() >= 400);
            prop_assert!(refusal.to_bytes().starts_with(b"HTTP/1.1 "));
            prop_assert!(whole.out.is_empty() || whole.out == b"HTTP/1.1 100 Continue\r\n\r\n");
        }
    }

    /// So does a response that is nearly right: a 101, and a refusal in chunks.
    #[test]
    fn a_damaged_response_ends_the_same_however_it_is_cut(
        at in any::<prop::sample::Index>(),
        (removed, inserted) in (0..3usize, vec(any::<u8>(), 0..3)),
        switches in any::<bool>(),
        ends in any::<bool>(),
        cuts in random_cuts(),
    ) {
        let mut response = match switches {
            true => {
                let head = Head::new("HTTP/1.1 101 x").line("Upgrade", "TLS/1.2, HTTP/1.1");
                head.line("Connection", "Upgrade").to_bytes()
            }
            false => [
                &b"HTTP/1.1 503 x\r\nTransfer-Encoding: chunked\r\n\r\n"[..],
                b"5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nA: b\r\n\r\n",
            ]
            .concat(),
        };
        let start = at.index(response.len());
        let end = response.len().min(start + removed);
        response.splice(start..end, inserted);
        let attempt = offer(&protocols(), b"", Sent::With).expectations();
        let end = if ends { End::Closed } else { End::Open };
        let limits = ClientLimits { refusal_body: 20, ..ClientLimits::default() };
        let whole = ask_pieces(attempt.clone(), limits, &[&response], end);
        let cut = ask_pieces(attempt, limits, &cuts.pieces(&response), end);
        prop_assert_eq!(&cut.answer, &whole.answer);
        prop_assert!(!ends || !matches!(whole.answer, Answered::NeedMore));
        let tunnel = ask_pieces(ConnectExpectations, limits, &[&response], end);
        prop_assert_eq!(ask_pieces(ConnectExpectations, limits, &cuts.pieces(&response), end).answer, tunnel.answer);
    }

    /// A tunnel to any host and port: what a client writes a server reads.
    #[test]
    fn a_tunnel_is_asked_for_and_opened(host in "[a-z0-9-]{1,9}|\\[::1\\]", port in 1u16.., cuts in random_cuts()) {
        let authority = format!("{host}:{port}");
        let mut request = Vec::new();
        ClientHandshake::connect(&ConnectOffer::new(&authority).unwrap(), &mut request).unwrap();
        let server = Server { tunnels: true, ..Server::new([]) };
        let served = server.serve_pieces(&cuts.pieces(&request));
        prop_assert_eq!(&served.outcome, &Outcome::Tunnel);
        let asked = ask_pieces(ConnectExpectations, ClientLimits::default(), &cuts.pieces(&served.out), End::Open);
        let accepted = matches!(asked.answer, Answered::Accepted { .. });
        prop_assert!(accepted);
    }
}

/// RFC 9110, section 7.8: the client does not take for offered what only resembles it.
#[test]
fn a_version_that_was_not_offered_is_not_taken() {
    let attempt = offer(&[Protocol::tls()], b"", Sent::With).expectations();
    let response = Head::new("HTTP/1.1 101 x").line("Upgrade", "TLS/1.9").line("Connection", "Upgrade").to_bytes();
    let asked = ask_pieces(attempt, ClientLimits::default(), &[&response], End::Open);
    assert_eq!(asked.error(), HandshakeError::ProtocolNotOffered);
}
