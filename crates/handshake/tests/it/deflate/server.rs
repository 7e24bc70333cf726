//! What a server answers.

use std::collections::BTreeSet;

use switchover_handshake::header::names::SEC_WEBSOCKET_EXTENSIONS;
use switchover_handshake::{Agreement, Deflate, HandshakeError, ReservedBits};

use crate::common::deflate::{choice, long, read, request};
use crate::common::{Served, response_field, serve};

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
        // Where nothing but 8 will do, it is agreed with those alone that say they can keep to it.
        (2, peer(8).require_peer_window(), &["PMD; CMWB"], Without),
        (2, peer(9).require_peer_window(), &["PMD; CMWB"], With("PMD; CMWB=9")),
        // A client that cannot be told is let in with 15, or not at all.
        (3, peer(12), &["PMD"], With("PMD")),
        (3, peer(12).require_peer_window(), &["PMD"], Without),
        (3, any.require_peer_window(), &["PMD"], With("PMD")),
        (4, any, &["PMD; CMWB=10"], With("PMD; CMWB=10")),
        (4, peer(12), &["PMD; CMWB=10"], With("PMD; CMWB=10")),
        (4, peer(9), &["PMD; CMWB=10"], With("PMD; CMWB=9")),
        (4, any, &["PMD; CMWB=15"], With("PMD")),
        (4, peer(8).require_peer_window(), &["PMD; CMWB=9"], Without),
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
        (8, peer(8).require_peer_window(), &["PMD; CMWB=8"], With("PMD; CMWB=8")),
        (8, peer(8).require_peer_window(), &["PMD; CMWB, PMD; CMWB=8"], With("PMD; CMWB=8")),
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
