//! One request behind the other on a connection, and what stands behind the last.

use bytes::BytesMut;
use switchover_handshake::header::names::{
    CONTENT_LENGTH, HOST, ORIGIN, SEC_WEBSOCKET_KEY, TRANSFER_ENCODING, UPGRADE,
};
use switchover_handshake::header::{Limits, Step};
use switchover_handshake::{AcceptError, Choice, EarlyData, HandshakeError, LocalError, Request, ServerHandshake};

use crate::common::server::status;
use crate::common::{Head, Served, serve, serve_default, serve_pieces};

/// Requirement 15. RFC 9112, section 9.3.2: one at a time, in order.
#[test]
fn plain_requests_come_one_after_the_other_until_one_proposes_websocket() {
    let plain = Head::new("GET /page HTTP/1.1").line(HOST, "example.com").to_bytes();
    let bytes = [plain.clone(), Head::request().to_bytes()].concat();
    let mut handshake = ServerHandshake::default();
    let Ok(Step::Done { value: Request::Http(request), consumed }) = handshake.receive(&bytes) else { panic!() };
    assert_eq!((request.path(), consumed), ("/page", plain.len()));
    let Ok(Step::Done { value: Request::WebSocket(proposal), .. }) = handshake.receive(&bytes[consumed..]) else {
        panic!()
    };
    assert_eq!(proposal.path(), "/notifications");
}

/// Whichever the answer is, it is in the output, and what belongs to the new protocol stays in the input.
#[test]
fn a_request_is_read_and_answered_in_one_call() {
    let request = Head::request().to_bytes();
    let mut handshake = ServerHandshake::default();
    let mut input = BytesMut::from(&request[..10]);
    let mut output = Vec::new();
    assert_eq!(handshake.answer(&mut input, &Choice::new(), &mut output), None);
    assert_eq!((input.len(), output.len()), (10, 0));
    input.extend_from_slice(&request[10..]);
    input.extend_from_slice(b"\x81\x80");
    let agreement = handshake.answer(&mut input, &Choice::new(), &mut output).unwrap().unwrap();
    assert_eq!(agreement.subprotocol(), None);
    assert_eq!(output, serve_default(&Head::request()).answer().as_bytes());
    assert_eq!(input, b"\x81\x80"[..]);

    for (request, expected) in [
        (Head::request().line(ORIGIN, "null"), 403),
        (Head::request().without(UPGRADE), 426),
        (Head::request().without(UPGRADE).start_line("POST / HTTP/1.1"), 405),
        (Head::request().without(SEC_WEBSOCKET_KEY), 400),
    ] {
        let mut output = b"an earlier response".to_vec();
        let mut input = BytesMut::from(&request.to_bytes()[..]);
        let answer = ServerHandshake::default().answer(&mut input, &Choice::new(), &mut output).unwrap();
        let refusal = answer.unwrap_err();
        assert_eq!(status(&refusal), expected);
        assert_eq!(output, [b"an earlier response", &refusal.to_bytes()[..]].concat());
    }
}

/// Requirement 43. Attack 25. RFC 6455, section 4.1: a client waits for the answer, and some do not.
#[test]
fn data_behind_the_request_is_kept_or_rejected() {
    let glued = [&Head::request().to_bytes()[..], b"\x81\x85\x01\x02\x03\x04hello"].concat();
    let Served::Accepted { rest, .. } = serve_pieces(&[&glued], &Choice::new(), EarlyData::Keep) else { panic!() };
    assert_eq!(rest, b"\x81\x85\x01\x02\x03\x04hello");

    let refusal = serve_pieces(&[&glued], &Choice::new(), EarlyData::Reject).refusal();
    assert_eq!((refusal.error(), status(&refusal)), (Some(&HandshakeError::EarlyData), 400));
    let alone = Head::request().to_bytes();
    assert!(matches!(serve_pieces(&[&alone], &Choice::new(), EarlyData::Reject), Served::Accepted { .. }));
}

#[test]
fn the_101_is_written_whole_or_not_at_all() {
    let choice = Choice::new().field("Set-Cookie", "visit=7").unwrap();
    let whole = serve(&Head::request(), &choice).answer();
    assert!(whole.contains("\r\nSet-Cookie: visit=7\r\n"));
    let bytes = Head::request().to_bytes();
    for room in 0..=whole.len() {
        let mut handshake = ServerHandshake::default();
        let Ok(Step::Done { value: Request::WebSocket(proposal), .. }) = handshake.receive(&bytes) else { panic!() };
        let mut buffer = vec![0; room];
        match proposal.accept(&choice, &mut &mut buffer[..]) {
            Ok(_) => assert_eq!(buffer, whole.as_bytes()),
            Err(error) => {
                assert_eq!(error, AcceptError::Local(LocalError::OutputTooSmall { needed: whole.len() }));
                assert!(room < whole.len() && buffer.iter().all(|byte| *byte == 0));
            }
        }
    }
}

/// RFC 9112, section 9.6: the refusal said `Connection: close`, so nothing behind the request is looked at: neither a
/// request that was sent at once, nor a forged one in content.
#[test]
fn nothing_is_answered_behind_a_refusal() {
    let upgrade = Head::request().to_bytes();
    for first in [
        Head::new("GET / HTTP/1.1").line(HOST, "a"),
        Head::new("POST / HTTP/1.1").line(HOST, "a").line(CONTENT_LENGTH, upgrade.len().to_string()),
        Head::request().line(ORIGIN, "null"),
        Head::request().without(SEC_WEBSOCKET_KEY),
        Head::new("GET / HTTP/1.1"),
    ] {
        let mut input = BytesMut::from(&[first.to_bytes(), upgrade.clone()].concat()[..]);
        let mut output = Vec::new();
        let mut handshake = ServerHandshake::default();
        let refusal = handshake.answer(&mut input, &Choice::new(), &mut output).unwrap().unwrap_err();
        assert_eq!((&output[..], input.len()), (&refusal.to_bytes()[..], 0), "{first:?}");
        // It is written once, and stays.
        input.extend_from_slice(&upgrade);
        let again = handshake.answer(&mut input, &Choice::new(), &mut output);
        assert_eq!(again, Some(Err(refusal.clone())), "{first:?}");
        assert_eq!((&output[..], input.len()), (&refusal.to_bytes()[..], 0), "{first:?}");
        assert_eq!(handshake.receive(&upgrade).unwrap_err(), refusal);
    }
}

/// Requirement 14. RFC 9112, section 6.3: content follows such a request, and it is never read as the next request.
#[test]
fn content_is_not_the_next_request() {
    let upgrade = Head::request().to_bytes();
    for (name, value) in [(CONTENT_LENGTH, "5"), (TRANSFER_ENCODING, "chunked")] {
        let plain = Head::new("POST / HTTP/1.1").line(HOST, "a").line(name, value).to_bytes();
        let mut handshake = ServerHandshake::default();
        assert!(matches!(handshake.receive(&plain), Ok(Step::Done { value: Request::Http(_), .. })));
        let refusal = handshake.receive(&upgrade).unwrap_err();
        assert_eq!((refusal.error(), status(&refusal)), (Some(&HandshakeError::Content), 400));
    }
    let plain = Head::new("POST / HTTP/1.1").line(HOST, "a").line(CONTENT_LENGTH, "0").to_bytes();
    let mut handshake = ServerHandshake::default();
    assert!(matches!(handshake.receive(&plain), Ok(Step::Done { value: Request::Http(_), .. })));
    assert!(matches!(handshake.receive(&upgrade), Ok(Step::Done { value: Request::WebSocket(_), .. })));
}

/// The limits are those of every request on the connection.
#[test]
fn the_limits_hold_for_the_second_request_too() {
    let mut handshake = ServerHandshake::new(Limits { head: 64, ..Limits::default() });
    assert!(matches!(handshake.receive(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"), Ok(Step::Done { .. })));
    assert_eq!(status(&handshake.receive(&Head::request().to_bytes()).unwrap_err()), 431);
}
