//! How permessage-deflate is negotiated (RFC 7692, section 7.1): both tables of its rules, each line under every split, and
//! what holds for all offers and answers.
#![allow(clippy::unwrap_used, clippy::panic, reason = "the helpers of a test are tests too")]

mod common;

use std::collections::BTreeSet;

use common::{End, Head, Outcome, Served, ask, ask_pieces, offer, response_field, serve, serve_pieces};
use proptest::collection::vec;
use proptest::prelude::*;
use switchover_handshake::header::names::SEC_WEBSOCKET_EXTENSIONS;
use switchover_handshake::{
    Agreement, Choice, ClientHandshake, ClientLimits, Deflate, DeflateContext, DeflateParameters, EarlyData,
    ExtensionFault, ExtensionParameter, HandshakeError, LocalError, Offer, ReservedBits,
};

const SNCT: ExtensionParameter =
    ExtensionParameter { name: "server_no_context_takeover", section: "RFC 7692, section 7.1.1.1" };
const CNCT: ExtensionParameter =
    ExtensionParameter { name: "client_no_context_takeover", section: "RFC 7692, section 7.1.1.2" };
const SMWB: ExtensionParameter =
    ExtensionParameter { name: "server_max_window_bits", section: "RFC 7692, section 7.1.2.1" };
const CMWB: ExtensionParameter =
    ExtensionParameter { name: "client_max_window_bits", section: "RFC 7692, section 7.1.2.2" };

/// Lists are written short in the tables.
fn long(list: &str) -> String {
    list.replace("PMD", "permessage-deflate")
        .replace("SNCT", SNCT.name)
        .replace("CNCT", CNCT.name)
        .replace("SMWB", SMWB.name)
        .replace("CMWB", CMWB.name)
}

fn choice(deflate: Deflate) -> Choice {
    Choice::new().extension(deflate).unwrap()
}

fn request(lines: &[&str]) -> Head {
    lines.iter().fold(Head::request(), |head, line| head.line(SEC_WEBSOCKET_EXTENSIONS, long(line)))
}

fn response(line: &str) -> Head {
    Head::response().line(SEC_WEBSOCKET_EXTENSIONS, long(line))
}

/// The parameters: windows and takeover of the server's direction, then of the client's.
fn parameters(server: (u8, bool), client: (u8, bool)) -> DeflateParameters {
    let context = |(window_bits, takeover)| DeflateContext { window_bits, takeover };
    DeflateParameters { server: context(server), client: context(client) }
}

/// What an element written as [`ParameterList`](switchover_handshake::ParameterList) writes it says, read most simply.
fn read(element: &str) -> DeflateParameters {
    let bits =
        |name: &str| element.split("; ").find_map(|part| part.strip_prefix(name)?.strip_prefix('=')?.parse().ok());
    let flag = |name: &str| element.split("; ").any(|part| part == name);
    parameters((bits(SMWB.name).unwrap_or(15), !flag(SNCT.name)), (bits(CMWB.name).unwrap_or(15), !flag(CNCT.name)))
}

/// What a server does with an offer.
#[derive(Debug)]
enum Answer {
    /// 101 with this field.
    With(&'static str),
    /// 101 without it.
    Without,
    /// 400.
    Malformed,
}

use Answer::{Malformed, With, Without};

/// Deflate 1-26. What a server answers.
#[test]
fn a_server_answers_by_the_table() {
    let any = Deflate::new();
    let own = |bits| any.own_windows(bits).unwrap();
    let peer = |bits| any.peer_window(bits).unwrap();
    let no_own = any.no_own_context_takeover();
    let no_peer = any.no_peer_context_takeover();
    let table: &[(u8, Deflate, &[&str], Answer)] = &[
        (1, any, &["PMD"], With("PMD")),
        // The parameter says only that the client can be told. It is never answered without a value.
        (2, any, &["PMD; CMWB"], With("PMD")),
        (2, peer(15), &["PMD; CMWB"], With("PMD")),
        (2, peer(12), &["PMD; CMWB"], With("PMD; CMWB=12")),
        (2, peer(9), &["PMD; CMWB"], With("PMD; CMWB=9")),
        (2, peer(8), &["PMD; CMWB"], With("PMD; CMWB=9")),
        (2, peer(12).require_peer_window(), &["PMD; CMWB"], With("PMD; CMWB=12")),
        // A client that cannot be told is let in with 15, or not at all.
        (3, peer(12), &["PMD"], With("PMD")),
        (3, peer(12).require_peer_window(), &["PMD"], Without),
        (3, any.require_peer_window(), &["PMD"], With("PMD")),
        (4, any, &["PMD; CMWB=10"], With("PMD; CMWB=10")),
        (4, peer(12), &["PMD; CMWB=10"], With("PMD; CMWB=10")),
        (4, peer(9), &["PMD; CMWB=10"], With("PMD; CMWB=9")),
        (4, any, &["PMD; CMWB=15"], With("PMD")),
        (5, any, &["PMD; SMWB=10"], With("PMD; SMWB=10")),
        (5, own(9..=9), &["PMD; SMWB=10"], With("PMD; SMWB=9")),
        (5, own(9..=12), &["PMD; SMWB=10"], With("PMD; SMWB=10")),
        (5, own(12..=15), &["PMD; SMWB=10"], Without),
        (5, own(15..=15), &["PMD; SMWB=15"], With("PMD; SMWB=15")),
        // Not offered: it may be there all the same.
        (5, own(9..=11), &["PMD"], With("PMD; SMWB=11")),
        (6, any, &["PMD; SMWB"], Without),
        (7, any, &["PMD; SMWB=8"], Without),
        (7, own(8..=15), &["PMD; SMWB=8"], With("PMD; SMWB=8")),
        (7, own(8..=8), &["PMD"], With("PMD; SMWB=8")),
        (8, any, &["PMD; CMWB=8"], With("PMD; CMWB=8")),
        (8, peer(8), &["PMD; CMWB=8"], With("PMD; CMWB=8")),
        (9, any, &["PMD; SMWB=7"], Without),
        (9, any, &["PMD; SMWB=16"], Without),
        (9, any, &["PMD; SMWB=08"], Without),
        (9, any, &["PMD; SMWB=+9"], Without),
        (9, any, &["PMD; SMWB=9.0"], Without),
        (9, any, &["PMD; SMWB=010"], Without),
        (9, any, &["PMD; SMWB=266"], Without),
        (9, any, &["PMD; CMWB=7"], Without),
        (9, any, &["PMD; CMWB=16"], Without),
        (9, any, &["PMD; CMWB=08"], Without),
        (9, any, &["PMD; CMWB=+9"], Without),
        (9, any, &["PMD; CMWB=9.0"], Without),
        (9, any, &["PMD; CMWB=150"], Without),
        (9, any, &["PMD; CMWB=0xA"], Without),
        (10, any, &["PMD; SMWB="], Malformed),
        (10, any, &["PMD; CMWB=, PMD"], Malformed),
        (10, any, &["PMD; SMWB=\"\""], Malformed),
        (11, any, &["PMD; SNCT"], With("PMD; SNCT")),
        (11, no_own, &["PMD; SNCT"], With("PMD; SNCT")),
        (12, no_own, &["PMD"], With("PMD; SNCT")),
        (12, no_peer, &["PMD"], With("PMD; CNCT")),
        (13, any, &["PMD; CNCT"], With("PMD; CNCT")),
        (13, no_peer, &["PMD; CNCT"], With("PMD; CNCT")),
        (14, any, &["PMD; CNCT=1"], Without),
        (14, any, &["PMD; SNCT=true"], Without),
        (15, any, &["PMD; CNCTX"], Without),
        (15, any, &["PMD; Client_No_Context_Takeover"], Without),
        (15, any, &["PMD; client_max_window_bit=9"], Without),
        (15, any, &["PMD; x"], Without),
        (16, any, &["PMD; CNCT; CNCT"], Without),
        (16, any, &["PMD; SNCT; CNCT; SNCT"], Without),
        (16, any, &["PMD; SMWB=10; SMWB=10"], Without),
        (16, any, &["PMD; CMWB; CMWB"], Without),
        (16, any, &["PMD; CMWB=10; CMWB"], Without),
        (16, any, &["PMD; CMWB; CMWB=9"], Without),
        (17, any, &["PMD; SMWB=8, PMD; SMWB=9"], With("PMD; SMWB=9")),
        (17, any, &["PMD; unknown, PMD; CNCT, PMD"], With("PMD; CNCT")),
        (17, peer(10).require_peer_window(), &["PMD; SNCT, PMD; CMWB"], With("PMD; CMWB=10")),
        (18, any, &["PMD; SMWB=10, PMD"], With("PMD; SMWB=10")),
        (18, any, &["PMD, PMD; SMWB=10"], With("PMD")),
        (19, any, &["PMD; SMWB=8, PMD; CNCT=1, PMD; x"], Without),
        (20, any, &["PMD; SMWB=\"10\""], With("PMD; SMWB=10")),
        (20, any, &["PMD; CMWB=\"9\""], With("PMD; CMWB=9")),
        (21, any, &["PMD; SMWB=\"1\\0\""], With("PMD; SMWB=10")),
        (21, any, &["PMD; CMWB=\"\\1\\2\""], With("PMD; CMWB=12")),
        (22, any, &["PMD; SMWB=\"1 0\""], Malformed),
        (22, any, &["PMD;; SNCT"], Malformed),
        (22, any, &["PMD;"], Malformed),
        (22, any, &["PMD; SNCT;"], Malformed),
        (22, any, &["PMD", "PMD;"], Malformed),
        (23, any, &["PMD; SMWB=7", "PMD; SMWB=9"], With("PMD; SMWB=9")),
        (23, any, &["PMD; x, PMD; CNCT", "PMD"], With("PMD; CNCT")),
        (24, any, &[", , PMD; CNCT, ,"], With("PMD; CNCT")),
        (24, any, &["", "PMD", ","], With("PMD")),
        (25, any, &["permessage-detalfe"], Without),
        (25, any, &["PMD; client_no_takeover_context"], Without),
        (25, any, &["PMD; max_server_window_bits=10"], Without),
        (26, any, &["x-webkit-deflate-frame"], Without),
        (26, any, &["x-webkit-deflate-frame; no_context_takeover, mux; max=4"], Without),
        (26, any, &["x-webkit-deflate-frame, PMD; CMWB"], With("PMD")),
        (26, any, &["Permessage-Deflate"], Without),
    ];
    for (row, deflate, lines, expected) in table {
        let served = serve(&request(lines), &choice(*deflate));
        match (served, expected) {
            (Served::Accepted { answer, agreement, .. }, With(element)) => {
                assert_eq!(response_field(&answer, SEC_WEBSOCKET_EXTENSIONS), [long(element)], "{row}: {lines:?}");
                assert_eq!(agreement.deflate(), Some(read(&long(element))), "{row}: {lines:?}");
                assert_eq!(agreement.reserved_bits(), ReservedBits::RSV1);
                assert_eq!(agreement.extensions().count(), 1);
            }
            (Served::Accepted { answer, agreement, .. }, Without) => {
                assert!(response_field(&answer, SEC_WEBSOCKET_EXTENSIONS).is_empty(), "{row}: {lines:?}");
                assert_eq!(agreement, Agreement::default(), "{row}: {lines:?}");
            }
            (Served::Refused(refusal), Malformed) => {
                let error = refusal.error();
                assert!(matches!(error, Some(HandshakeError::Malformed(SEC_WEBSOCKET_EXTENSIONS, Some(_)))), "{row}");
                assert_eq!(refusal.status().as_u16(), 400);
            }
            (served, expected) => panic!("{row}: {lines:?}: {expected:?}, but {served:?}"),
        }
    }
    let rows: BTreeSet<u8> = table.iter().map(|(row, ..)| *row).collect();
    assert!(rows.into_iter().eq(1..=26));
}

/// What a client makes of an answer.
type Verdict = Result<DeflateParameters, HandshakeError>;

/// Deflate 27-37. What a client makes of an answer.
#[test]
fn a_client_judges_by_the_table() {
    let any = Some(Deflate::new());
    let own = |bits| any.map(|deflate| deflate.own_windows(bits).unwrap());
    let peer = |bits| any.map(|deflate| deflate.peer_window(bits).unwrap());
    let strict = |bits| peer(bits).map(Deflate::require_peer_window);
    let no_own = any.map(Deflate::no_own_context_takeover);
    let no_peer = any.map(Deflate::no_peer_context_takeover);
    let fault = |fault| Err(HandshakeError::Extension("permessage-deflate", fault));
    let both = |server, client| Ok(parameters((server, true), (client, true)));
    let table: &[(u8, Option<Deflate>, &str, Verdict)] = &[
        (27, None, "PMD", Err(HandshakeError::ExtensionNotOffered)),
        (27, None, "PMD; SMWB=999", Err(HandshakeError::ExtensionNotOffered)),
        (27, any, "x-webkit-deflate-frame", Err(HandshakeError::ExtensionNotOffered)),
        (27, any, "PMD, mux", Err(HandshakeError::ExtensionNotOffered)),
        (28, own(10..=15), "PMD; CMWB=12", fault(ExtensionFault::NotOffered(&CMWB))),
        (28, own(10..=15), "PMD; CMWB=15", fault(ExtensionFault::NotOffered(&CMWB))),
        (28, own(10..=15), "PMD", both(15, 15)),
        // What it cannot be told, it may do all the same.
        (28, own(10..=12), "PMD", both(15, 12)),
        (29, any, "PMD; CMWB", fault(ExtensionFault::Value(&CMWB))),
        (29, own(10..=15), "PMD; CMWB", fault(ExtensionFault::Value(&CMWB))),
        (30, any, "PMD; CMWB=8", fault(ExtensionFault::CannotObey(&CMWB))),
        (30, own(8..=15), "PMD; CMWB=8", both(15, 8)),
        (30, any, "PMD; CMWB=9", both(15, 9)),
        (31, own(9..=12), "PMD; CMWB=13", fault(ExtensionFault::TooLarge(&CMWB))),
        (31, own(9..=12), "PMD; CMWB=12", both(15, 12)),
        (31, own(9..=12), "PMD; CMWB=10", both(15, 10)),
        // What was offered holds where nothing is answered.
        (31, own(9..=12), "PMD", both(15, 12)),
        (31, any, "PMD; CMWB=15", both(15, 15)),
        (31, any, "PMD; CMWB=16", fault(ExtensionFault::Value(&CMWB))),
        (32, strict(11), "PMD", fault(ExtensionFault::MissingParameter(&SMWB))),
        (32, strict(11), "PMD; CMWB=11", fault(ExtensionFault::MissingParameter(&SMWB))),
        (32, strict(11), "PMD; SMWB=12", fault(ExtensionFault::TooLarge(&SMWB))),
        (32, strict(11), "PMD; SMWB=11", both(11, 15)),
        (32, strict(11), "PMD; SMWB=8", both(8, 15)),
        // With a fallback offer that one may be the one answered.
        (32, peer(11), "PMD", both(15, 15)),
        (32, peer(11), "PMD; SMWB=10", both(10, 15)),
        (32, peer(11), "PMD; SMWB=12", both(12, 15)),
        (33, any, "PMD; SMWB=8", both(8, 15)),
        (33, any, "PMD; SMWB=9", both(9, 15)),
        (33, any, "PMD; SMWB=15; CMWB=11", both(15, 11)),
        (33, any, "PMD; SMWB=\"1\\2\"", both(12, 15)),
        (33, any, "PMD; SMWB=7", fault(ExtensionFault::Value(&SMWB))),
        (33, any, "PMD; SMWB=16", fault(ExtensionFault::Value(&SMWB))),
        (33, any, "PMD; SMWB=09", fault(ExtensionFault::Value(&SMWB))),
        (33, any, "PMD; SMWB", fault(ExtensionFault::Value(&SMWB))),
        (34, no_peer, "PMD", fault(ExtensionFault::MissingParameter(&SNCT))),
        (34, no_peer, "PMD; CNCT", fault(ExtensionFault::MissingParameter(&SNCT))),
        (34, no_peer, "PMD; SNCT", Ok(parameters((15, false), (15, true)))),
        (35, any, "PMD; SNCT", Ok(parameters((15, false), (15, true)))),
        (35, any, "PMD; CNCT", Ok(parameters((15, true), (15, false)))),
        (35, any, "PMD; SNCT=1", fault(ExtensionFault::Value(&SNCT))),
        (35, no_own, "PMD; SNCT; CNCT", Ok(parameters((15, false), (15, false)))),
        (35, no_own, "PMD", Ok(parameters((15, true), (15, false)))),
        (36, any, "PMD, PMD", fault(ExtensionFault::Repeated)),
        (36, any, "PMD; CNCT, PMD", fault(ExtensionFault::Repeated)),
        (36, any, "PMD; SMWB=9; SMWB=9", fault(ExtensionFault::RepeatedParameter(&SMWB))),
        (36, any, "PMD; CMWB=9; CMWB=10", fault(ExtensionFault::RepeatedParameter(&CMWB))),
        (36, any, "PMD; SNCT; SNCT", fault(ExtensionFault::RepeatedParameter(&SNCT))),
        (36, any, "PMD; CNCT; CNCT", fault(ExtensionFault::RepeatedParameter(&CNCT))),
        (36, any, "PMD; CNCTX", fault(ExtensionFault::UnknownParameter)),
        (36, any, "PMD; x=y", fault(ExtensionFault::UnknownParameter)),
    ];
    for (row, deflate, line, expected) in table {
        let offer = deflate.map_or(offer(), |deflate| offer().extension(deflate).unwrap());
        let result = match ask(&offer, &response(line)).outcome {
            Outcome::Accepted { agreement, .. } => Ok(agreement.deflate().unwrap()),
            Outcome::Failed(error) => Err(error),
            other => panic!("{other:?}"),
        };
        assert_eq!(result, *expected, "{row}: {line}");
    }
    let mut rows: BTreeSet<u8> = table.iter().map(|(row, ..)| *row).collect();
    for (row, malformed) in
        [(37, ""), (37, ","), (37, "PMD;"), (37, "PMD; SMWB="), (37, "PMD; SMWB=\"1 0\""), (37, "PMD; SMWB=\"10")]
    {
        let offer = offer().extension(Deflate::new()).unwrap();
        let error = ask(&offer, &response(malformed)).error();
        assert!(matches!(error, HandshakeError::Malformed(SEC_WEBSOCKET_EXTENSIONS, Some(_))), "{malformed}");
        rows.insert(row);
    }
    assert!(rows.into_iter().eq(27..=37));
    // None answered is none in use.
    assert_eq!(ask(&offer().extension(Deflate::new()).unwrap(), &Head::response()).agreement(), Agreement::default());
}

/// Attack 21. `server_max_window_bits=999` (undici CVE-2026-2229) is an error that says where, and no panic.
#[test]
fn a_window_out_of_range_is_an_error() {
    for bits in
        ["999", "256", "264", "65544", "4294967304", "18446744073709551624", "-9", "0", "1e1", &"9".repeat(9_000)]
    {
        for parameter in [&SMWB, &CMWB] {
            let line = format!("PMD; {}={bits}", parameter.name);
            let offer = offer().extension(Deflate::new()).unwrap();
            let bytes = response(&line).to_bytes();
            let error = ask_pieces(&offer, ClientLimits::default(), &[&bytes], End::Open).error();
            let fault = ExtensionFault::Value(if *parameter == SMWB { &SMWB } else { &CMWB });
            assert_eq!(error, HandshakeError::Extension("permessage-deflate", fault));
            assert_eq!(error.section(), parameter.section);
            assert_eq!(error.field(), Some(SEC_WEBSOCKET_EXTENSIONS));
            assert_eq!(
                error.to_string(),
                format!(
                    "in Sec-WebSocket-Extensions, permessage-deflate has {} without a value that it can have ({})",
                    parameter.name, parameter.section
                )
            );
            let bytes = request(&[&line]).to_bytes();
            let Served::Accepted { agreement, .. } = serve_pieces(&[&bytes], &choice(Deflate::new()), EarlyData::Keep)
            else {
                panic!("{line}");
            };
            assert_eq!(agreement.deflate(), None);
        }
    }
}

/// RFC 7692, section 7.1: what each setting offers.
#[test]
fn a_client_offers_what_it_wants() {
    let any = Deflate::new();
    let own = |bits| any.own_windows(bits).unwrap();
    for (deflate, expected) in [
        (any, "PMD; CMWB"),
        (Deflate::default(), "PMD; CMWB"),
        (own(9..=12), "PMD; CMWB=12"),
        (own(8..=8), "PMD; CMWB=8"),
        // Who offers to be told has to obey whatever comes.
        (own(10..=15), "PMD"),
        (own(10..=12), "PMD"),
        (any.no_own_context_takeover(), "PMD; CNCT; CMWB"),
        (any.no_peer_context_takeover(), "PMD; SNCT; CMWB"),
        (any.require_peer_window(), "PMD; CMWB"),
        (any.peer_window(10).unwrap(), "PMD; SMWB=10; CMWB, PMD; CMWB"),
        (any.peer_window(10).unwrap().no_peer_context_takeover(), "PMD; SNCT; SMWB=10; CMWB, PMD; SNCT; CMWB"),
        (any.peer_window(8).unwrap().require_peer_window(), "PMD; SMWB=8; CMWB"),
    ] {
        assert_eq!(offered(&offer().extension(deflate).unwrap()), [long(expected)]);
    }
    assert!(offered(&offer()).is_empty());
}

/// RFC 7692, section 7.1.2.
#[test]
fn a_window_of_the_callers_has_8_to_15_bits() {
    for bits in [0, 7, 16, 255] {
        assert_eq!(Deflate::new().peer_window(bits), Err(LocalError::WindowBits));
        assert_eq!(Deflate::new().own_windows(bits..=15), Err(LocalError::WindowBits));
        assert_eq!(Deflate::new().own_windows(8..=bits), Err(LocalError::WindowBits));
    }
    #[allow(clippy::reversed_empty_ranges, reason = "a caller may make one")]
    let empty = 12..=11;
    assert_eq!(Deflate::new().own_windows(empty), Err(LocalError::WindowBits));
    assert_eq!(Deflate::new().own_windows(9..=15), Ok(Deflate::new()));
    assert_eq!(Deflate::new().peer_window(15), Ok(Deflate::new()));
}

/// The values of Sec-WebSocket-Extensions in the request.
fn offered(offer: &Offer) -> Vec<String> {
    let mut request = Vec::new();
    ClientHandshake::new(offer, common::NONCE, &mut request).unwrap();
    let request = String::from_utf8(request).unwrap();
    let lines = request.split("\r\n").filter_map(|line| line.strip_prefix("Sec-WebSocket-Extensions: "));
    lines.map(str::to_owned).collect()
}

prop_compose! {
    fn deflate()(
        one in 8..=15u8,
        other in 8..=15u8,
        peer in 8..=15u8,
        [no_own, no_peer, required] in any::<[bool; 3]>(),
    ) -> (Deflate, (u8, u8), u8, [bool; 3]) {
        let own = (one.min(other), one.max(other));
        let mut deflate = Deflate::new().own_windows(own.0..=own.1).unwrap().peer_window(peer).unwrap();
        if no_own {
            deflate = deflate.no_own_context_takeover();
        }
        if no_peer {
            deflate = deflate.no_peer_context_takeover();
        }
        if required {
            deflate = deflate.require_peer_window();
        }
        (deflate, own, peer, [no_own, no_peer, required])
    }
}

/// A parameter of permessage-deflate, good or bad.
fn parameter() -> impl Strategy<Value = (String, Option<String>)> {
    let bits = prop_oneof![4 => (8..=15u8).prop_map(|bits| bits.to_string()), 1 => "[0-9x]{1,3}"];
    prop_oneof![
        4 => Just((SNCT.name.to_owned(), None)),
        4 => Just((CNCT.name.to_owned(), None)),
        4 => bits.clone().prop_map(|bits| (SMWB.name.to_owned(), Some(bits))),
        4 => prop::option::of(bits.clone()).prop_map(|bits| (CMWB.name.to_owned(), bits)),
        1 => ("(server|client)_(no_context_takeover|max_window_bits)x?", prop::option::of(bits)),
    ]
}

/// Elements with their parameters.
fn elements() -> impl Strategy<Value = Vec<Vec<(String, Option<String>)>>> {
    vec(vec(parameter(), 0..4), 0..4)
}

/// An element as it is written, its values in one of the forms that mean the same.
fn write_element(parameters: &[(String, Option<String>)], form: &mut impl Iterator<Item = u8>) -> String {
    let mut element = "permessage-deflate".to_owned();
    let mut form = || form.next().unwrap_or_default();
    for (name, value) in parameters {
        element += [";", "; ", " ;", "\t; "][usize::from(form() % 4)];
        element += name;
        if let Some(value) = value {
            element += &match form() % 3 {
                0 => format!("={value}"),
                1 => format!("=\"{value}\""),
                _ => format!("=\"{}\"", value.chars().flat_map(|byte| ['\\', byte]).collect::<String>()),
            };
        }
    }
    element
}

fn serve_once(head: &Head, deflate: Deflate) -> (Option<String>, Agreement) {
    match serve_pieces(&[&head.to_bytes()], &choice(deflate), EarlyData::Keep) {
        Served::Accepted { answer, agreement, .. } => {
            (response_field(&answer, SEC_WEBSOCKET_EXTENSIONS).pop(), agreement)
        }
        other => panic!("{other:?}"),
    }
}

fn ask_once(deflate: Deflate, line: Option<&str>) -> Result<Agreement, HandshakeError> {
    let head = line.map_or(Head::response(), response);
    let offer = offer().extension(deflate).unwrap();
    match ask_pieces(&offer, ClientLimits::default(), &[&head.to_bytes()], End::Open).outcome {
        Outcome::Accepted { agreement, .. } => Ok(agreement),
        Outcome::Failed(error) => Err(error),
        other => panic!("{other:?}"),
    }
}

/// A parameter of an element without quotes: its value where it has one; the outer option says whether it is there.
fn get<'a>(element: &'a [(String, Option<String>)], name: &str) -> Option<Option<&'a str>> {
    element.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_deref())
}

/// Whether an element has only parameters that there are, each once and with a value that it can have.
fn is_valid(element: &[(String, Option<String>)], answer: bool) -> bool {
    let names: BTreeSet<_> = element.iter().map(|(name, _)| name).collect();
    let all = ["8", "9", "10", "11", "12", "13", "14", "15"];
    names.len() == element.len()
        && element.iter().all(|(name, value)| match (name.as_str(), value) {
            ("server_no_context_takeover" | "client_no_context_takeover", None) => true,
            ("server_max_window_bits" | "client_max_window_bits", Some(value)) => all.contains(&value.as_str()),
            ("client_max_window_bits", None) => !answer,
            _ => false,
        })
}

/// Whether `answer` is an answer to `offer`, both valid (RFC 7692, section 7.1).
fn is_answer(answer: &[(String, Option<String>)], offer: &[(String, Option<String>)]) -> bool {
    let bits = |value: Option<Option<&str>>| value.map(|value| value.map_or(15, |bits| bits.parse::<u8>().unwrap()));
    let windows = |name| (bits(get(answer, name)), bits(get(offer, name)));
    (get(answer, SNCT.name).is_some() || get(offer, SNCT.name).is_none())
        && match windows(SMWB.name) {
            (answered, Some(offered)) => answered.is_some_and(|answered| answered <= offered),
            (_, None) => true,
        }
        && match windows(CMWB.name) {
            (Some(answered), Some(offered)) => answered <= offered,
            (Some(_), None) => false,
            (None, _) => true,
        }
}

/// An element that was written without quotes, taken apart.
fn take_apart(element: &str) -> Vec<(String, Option<String>)> {
    let parameters = element.split("; ").skip(1).map(|parameter| match parameter.split_once('=') {
        Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
        None => (parameter.to_owned(), None),
    });
    parameters.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// Whatever a server answers to an offer, the client that made it accepts, and both know the same.
    #[test]
    fn both_sides_agree_on_the_same(
        (client, client_own, client_peer, [client_no_own, client_no_peer, client_requires]) in deflate(),
        (server, server_own, server_peer, [server_no_own, server_no_peer, server_requires]) in deflate(),
    ) {
        let offer = offer().extension(client).unwrap();
        let (line, agreed) = serve_once(&request(&[&offered(&offer)[0]]), server);
        let client_agreed = ask_once(client, line.as_deref()).unwrap();
        let told = client_own.0 <= 9;
        if told || client_own.1 == 15 {
            prop_assert_eq!(&client_agreed, &agreed);
        }
        let (Some(deflate), Some(client_deflate)) = (agreed.deflate(), client_agreed.deflate()) else {
            // Nobody declines without a reason: a window that one of them insists on.
            prop_assert_eq!(line, None);
            prop_assert!(client_requires && client_peer < server_own.0 || server_requires && server_peer < 15 && !told);
            return Ok(());
        };
        // A client that cannot be told its window keeps to one that the server does not know of.
        prop_assert_eq!(client_deflate.server, deflate.server);
        prop_assert_eq!(client_deflate.client.takeover, deflate.client.takeover);
        prop_assert!(client_deflate.client.window_bits <= deflate.client.window_bits);
        prop_assert_eq!(deflate.server.takeover, !(server_no_own || client_no_peer));
        prop_assert_eq!(deflate.client.takeover, !(client_no_own || server_no_peer));
        prop_assert!((server_own.0..=server_own.1).contains(&deflate.server.window_bits));
        prop_assert!((client_own.0..=client_own.1).contains(&client_deflate.client.window_bits));
        prop_assert!(!client_requires || deflate.server.window_bits <= client_peer);
        prop_assert!(!told || deflate.client.window_bits <= server_peer.max(9));
        prop_assert!(!server_requires || deflate.client.window_bits <= server_peer.max(9));
    }

    /// Quotes, white space, lines, empty elements: all of them mean the same. So does the order of the parameters.
    #[test]
    fn the_form_makes_no_difference(
        (deflate, ..) in deflate(),
        elements in elements(),
        form in vec(any::<u8>(), 0..40),
        rotated in 0..4usize,
    ) {
        let plain: Vec<_> = elements.iter().map(|element| write_element(element, &mut std::iter::empty())).collect();
        let plain_head = if plain.is_empty() { request(&[]) } else { request(&[&plain.join(",")]) };
        let (expected, agreed) = serve_once(&plain_head, deflate);

        let mut form = form.into_iter();
        let mut head = request(&[]);
        let mut line = String::new();
        for element in &elements {
            let mut element = element.clone();
            let by = rotated.min(element.len());
            element.rotate_left(by);
            line += &write_element(&element, &mut form);
            match form.next().unwrap_or_default() % 3 {
                0 => head = head.line(SEC_WEBSOCKET_EXTENSIONS, std::mem::take(&mut line)),
                1 => line += " , ,\t",
                _ => line += ",",
            }
        }
        if !line.is_empty() {
            head = head.line(SEC_WEBSOCKET_EXTENSIONS, line);
        }
        prop_assert_eq!(serve_once(&head, deflate), (expected, agreed));
    }

    /// The answer is one to the first offer that can be obeyed.
    #[test]
    fn a_server_answers_what_was_offered((deflate, own, peer, [.., required]) in deflate(), elements in elements()) {
        let plain: Vec<_> = elements.iter().map(|element| write_element(element, &mut std::iter::empty())).collect();
        let head = if plain.is_empty() { request(&[]) } else { request(&[&plain.join(",")]) };
        let obeyable = |element: &&Vec<(String, Option<String>)>| {
            is_valid(element, false)
                && get(element, SMWB.name).flatten().is_none_or(|bits| bits.parse::<u8>().unwrap() >= own.0)
                && (get(element, CMWB.name).is_some() || !required || peer == 15)
        };
        match (serve_once(&head, deflate).0, elements.iter().find(obeyable)) {
            (None, None) => {}
            (Some(answer), Some(offer)) => {
                let answer = take_apart(&answer);
                prop_assert!(is_valid(&answer, true) && is_answer(&answer, offer));
            }
            (answer, offer) => prop_assert!(false, "{:?} to {:?}", answer, offer),
        }
    }

    /// A client takes the answers to its offers that it can obey, and no other.
    #[test]
    fn a_client_takes_what_answers_an_offer((deflate, own, ..) in deflate(), element in vec(parameter(), 0..4)) {
        let offers = offered(&offer().extension(deflate).unwrap());
        let offers: Vec<_> = offers[0].split(", ").map(take_apart).collect();
        let obeyable = get(&element, CMWB.name).flatten().and_then(|bits| bits.parse::<u8>().ok()).is_none_or(|bits| bits >= own.0);
        let expected = is_valid(&element, true) && obeyable && offers.iter().any(|offer| is_answer(&element, offer));
        let line = write_element(&element, &mut std::iter::empty());
        match ask_once(deflate, Some(&line)) {
            Ok(agreement) => {
                prop_assert!(expected);
                let agreed = agreement.deflate().unwrap();
                prop_assert!(agreed.client.window_bits <= own.1);
                prop_assert_eq!(agreed.server, read(&line.replace(';', "; ")).server);
            }
            Err(error) => {
                prop_assert!(!expected, "{}", error);
                prop_assert!(matches!(error, HandshakeError::Extension("permessage-deflate", _)));
                prop_assert!(error.section().starts_with("RFC 7692, section 7.1"));
            }
        }
    }

    /// An answer that is accepted is one of permessage-deflate, and no other ends in anything but an error.
    #[test]
    fn any_answer_is_judged(line in "(permessage-deflate|x)(; ?[a-z_]{0,8}(=[\"\\\\0-9]{0,4})?){0,3}(, ?permessage-deflate)?") {
        if let Ok(agreement) = ask_once(Deflate::new(), Some(&line)) {
            prop_assert!(agreement.deflate().is_some());
        }
    }
}
