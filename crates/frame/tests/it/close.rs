//! Close codes and the payload of Close frames.

use proptest::prelude::*;
use switchover_frame::{BufferTooSmall, CloseCode, CloseFrame, ControlPayload, InvalidClose, ProtocolErrorKind};

/// RFC 6455, section 7.4.1, and the registry of IANA, without those that "MUST NOT be set" in a frame.
const REGISTERED: [u16; 12] = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];

/// RFC 6455, section 7.4.1, and the registry of IANA, each by its name.
#[test]
fn registered_codes_are_named() {
    let named = [
        (CloseCode::NORMAL, "1000 (normal closure)"),
        (CloseCode::GOING_AWAY, "1001 (going away)"),
        (CloseCode::PROTOCOL_ERROR, "1002 (protocol error)"),
        (CloseCode::UNSUPPORTED_DATA, "1003 (unsupported data)"),
        (CloseCode::NO_STATUS, "1005 (no status received)"),
        (CloseCode::ABNORMAL, "1006 (abnormal closure)"),
        (CloseCode::INVALID_PAYLOAD, "1007 (invalid payload data)"),
        (CloseCode::POLICY_VIOLATION, "1008 (policy violation)"),
        (CloseCode::MESSAGE_TOO_BIG, "1009 (message too big)"),
        (CloseCode::MANDATORY_EXTENSION, "1010 (mandatory extension)"),
        (CloseCode::INTERNAL_ERROR, "1011 (internal error)"),
        (CloseCode::SERVICE_RESTART, "1012 (service restart)"),
        (CloseCode::TRY_AGAIN_LATER, "1013 (try again later)"),
        (CloseCode::BAD_GATEWAY, "1014 (bad gateway)"),
        (CloseCode::TLS_HANDSHAKE, "1015 (TLS handshake failed)"),
        (CloseCode::new(4000), "4000"),
    ];
    for (code, name) in named {
        assert_eq!(code.to_string(), name);
        assert_eq!(CloseCode::from(u16::from(code)), code);
        assert!(name.starts_with(&u16::from(code).to_string()));
    }
}

#[test]
fn of_all_close_codes_only_the_registered_and_the_private_may_be_sent() {
    for number in 0..=u16::MAX {
        let sendable = REGISTERED.contains(&number) || (3000..5000).contains(&number);
        let code = CloseCode::new(number);
        assert_eq!(code.is_sendable(), sendable, "{number}");
        assert!(code.to_string().starts_with(&number.to_string()));

        let close = CloseFrame { code, reason: "why" };
        let wire = [&number.to_be_bytes(), &b"why"[..]].concat();
        match (close.encode(), CloseFrame::parse(&wire)) {
            (Ok(payload), Ok(Some(parsed))) if sendable => {
                assert_eq!(*payload, *wire);
                assert_eq!(parsed, close);
            }
            (Err(local), Err(error)) if !sendable => {
                assert_eq!(local, InvalidClose::Code(code));
                assert_eq!(error.kind(), ProtocolErrorKind::InvalidCloseCode(code));
                assert_eq!((error.offset(), error.close_code()), (0, CloseCode::PROTOCOL_ERROR));
            }
            other => panic!("{number}: {other:?}"),
        }
    }
}

#[test]
fn a_close_payload_is_empty_or_begins_with_a_whole_code() {
    assert_eq!(CloseFrame::parse(b""), Ok(None));
    let error = CloseFrame::parse(b"\x03").unwrap_err();
    assert_eq!(error.kind(), ProtocolErrorKind::TruncatedCloseCode);
    assert_eq!(error.close_code(), CloseCode::PROTOCOL_ERROR);
    assert_eq!(error.rebase(6).to_string(), "close frame with half a code at offset 6 (RFC 6455, section 5.5.1)");
    let bare = CloseFrame { code: CloseCode::NORMAL, reason: "" };
    assert_eq!(CloseFrame::parse(b"\x03\xE8"), Ok(Some(bare)));
}

#[test]
fn a_reason_is_utf8() {
    for (payload, offset) in [(&b"\x03\xE8\xFF"[..], 2), (b"\x03\xE8ok \xCE", 5)] {
        let error = CloseFrame::parse(payload).unwrap_err();
        assert_eq!((error.kind(), error.offset()), (ProtocolErrorKind::InvalidUtf8, offset));
        assert_eq!(error.close_code(), CloseCode::INVALID_PAYLOAD);
    }
}

#[test]
fn a_code_that_may_not_be_sent_is_named() {
    let error = CloseFrame::parse(b"\x03\xED").unwrap_err();
    assert_eq!(error.to_string(), "invalid close code 1005 (no status received) at offset 0 (RFC 6455, section 7.4)");
    let close = CloseFrame { code: CloseCode::new(2999), reason: "" };
    let error = close.encode().unwrap_err();
    assert_eq!(error.to_string(), "close code 2999 may not be sent (RFC 6455, section 7.4)");
}

#[test]
fn a_reason_of_123_bytes_is_the_longest() {
    let long = "ж".repeat(62);
    let close = CloseFrame { code: CloseCode::GOING_AWAY, reason: &long };
    let error = close.encode().unwrap_err();
    assert_eq!(error, InvalidClose::ReasonLen(124));
    assert_eq!(error.to_string(), "close reason of 124 bytes, at most 123 fit (RFC 6455, section 5.5)");

    let reason = &long[..long.floor_char_boundary(CloseFrame::MAX_REASON_LEN)];
    assert_eq!(reason.len(), 122);
    assert_eq!(CloseFrame { reason, ..close }.encode().unwrap().len(), 124);
}

/// A reason shows nothing of the one that was in its place before.
#[test]
fn a_control_payload_shows_only_what_was_pushed() {
    let mut payload = ControlPayload::new();
    payload.push(&[0xAA; 125]).unwrap();
    assert_eq!(payload.push(b"!"), Err(BufferTooSmall { needed: 126 }));
    assert_eq!(*payload, [0xAA; 125]);
    payload.clear();
    payload.push(b"new").unwrap();
    assert_eq!(*payload, *b"new");
    assert_eq!(format!("{payload:?}"), "ControlPayload([110, 101, 119])");
    let mut same = ControlPayload::default();
    same.push(b"ne").and_then(|()| same.push(b"w")).unwrap();
    assert_eq!(payload, same);
}

proptest! {
    #[test]
    fn a_close_frame_comes_back_from_its_encoding(number in 3000..5000_u16, reason in "\\PC{0,40}") {
        let close = CloseFrame { code: CloseCode::new(number), reason: &reason };
        match close.encode() {
            Ok(payload) => {
                prop_assert_eq!(payload.len(), 2 + reason.len());
                prop_assert_eq!(CloseFrame::parse(&payload), Ok(Some(close)));
            }
            Err(error) => {
                prop_assert!(reason.len() > 123);
                prop_assert_eq!(error, InvalidClose::ReasonLen(reason.len()));
            }
        }
    }

    #[test]
    fn any_close_payload_is_read_or_refused(payload in prop::collection::vec(any::<u8>(), 0..126)) {
        if let Err(error) = CloseFrame::parse(&payload) {
            prop_assert!(error.offset() < payload.len() as u64);
            prop_assert!(error.close_code().is_sendable());
        }
    }
}
