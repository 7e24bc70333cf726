//! What a client offers, and what it makes of an answer.

use std::collections::BTreeSet;

use switchover_handshake::header::names::SEC_WEBSOCKET_EXTENSIONS;
use switchover_handshake::{
    Agreement, ClientLimits, Deflate, DeflateParameters, EarlyData, ExtensionFault, HandshakeError, LocalError,
};

use crate::common::deflate::{CMWB, CNCT, SMWB, SNCT, choice, long, offered, parameters, request, response};
use crate::common::{End, Head, Outcome, Served, ask, ask_pieces, offer, serve_pieces};

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
