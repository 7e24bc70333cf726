//! Content in front of a switch, and what else comes before it.

use bytes::BytesMut;
use switchover_handshake::header::names::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST, TRANSFER_ENCODING};
use switchover_handshake::header::{BodyErrorKind, HeadErrorKind, Step};
use switchover_handshake::{
    Content, EarlyData, HandshakeError, Protocol, Protocols, Request, ServerHandshake, UpgradeChoice,
};
use switchover_testkit::split;

use crate::common::upgrade::{Outcome, Server, bare, post, request};
use crate::common::{Head, response_field};

/// Requirements 7, 42. RFC 9110, section 7.8: the content is read to its end before the 101 is written and before a
/// byte of the new protocol is looked at, and all of it is given to the caller.
#[test]
fn content_comes_to_its_end_before_the_switch() {
    let server = Server::new([bare("tcp").methods(&["POST"]).reads_content(11).reason("UPGRADED")]);
    let head = post("tcp");
    let chunked = head.clone().line(TRANSFER_ENCODING, "chunked").to_bytes();
    for (head, content) in [
        (head.clone().to_bytes(), &b""[..]),
        (head.clone().line(CONTENT_LENGTH, "0").to_bytes(), b""),
        (head.clone().line(CONTENT_LENGTH, "11").to_bytes(), b"hello world"),
        (chunked.clone(), b"5;a=b\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\n\r\n"),
        (chunked.clone(), b"b\r\nhello world\r\n0\r\nDigest: x\r\n\r\n"),
        (chunked.clone(), b"0\r\n\r\n"),
    ] {
        let request = [&head[..], content].concat();
        let served = server.serve(&request);
        assert_eq!(served.protocols(), ["tcp"]);
        assert_eq!(served.out(), "HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\nConnection: Upgrade\r\n\r\n");
        let data: &[u8] = if content.len() > 5 { b"hello world" } else { b"" };
        assert_eq!((&served.content[..], &served.rest[..]), (data, &b""[..]));
        // Nothing is written before the last byte is there.
        for end in head.len()..request.len() {
            let early = server.serve_pieces(&[&request[..end]]);
            assert_eq!((early.outcome, &early.out[..]), (Outcome::NeedMore, &b""[..]), "{end}");
        }
    }
}

/// Requirement 42. Attack 27. RFC 9110, section 15.5.14; RFC 9112, sections 6.3 and 7.1: content that is too long, or
/// is not framed as it says, is answered with a complete refusal, and never with the switch.
#[test]
fn content_that_cannot_be_read_is_refused() {
    let server = Server::new([bare("tcp").methods(&["POST"]).reads_content(4)]);
    let too_long = [&post("tcp").line(CONTENT_LENGTH, "5").to_bytes()[..], b"hello"].concat();
    let served = server.serve(&too_long);
    assert_eq!((served.error(), served.refusal().status().as_u16()), (HandshakeError::ContentTooLarge, 413));
    assert_eq!((&served.out[..], &served.content[..]), (&b""[..], &b""[..]));
    let endless = post("tcp").line(CONTENT_LENGTH, u64::MAX.to_string()).to_bytes();
    assert_eq!(server.serve(&endless).error(), HandshakeError::ContentTooLarge);

    let chunked = post("tcp").line(TRANSFER_ENCODING, "chunked").to_bytes();
    for (body, data) in [
        (&b"5\r\nhello\r\n"[..], &b"hell"[..]),
        (b"2\r\nhe\r\n2\r\nll\r\n1\r\no", b"hell"),
        (b"ffff\r\nhello", b"hell"),
    ] {
        let served = server.serve(&[&chunked[..], body].concat());
        assert_eq!((served.error(), &served.content[..]), (HandshakeError::ContentTooLarge, data));
    }
    for (body, kind) in [
        (&b"x"[..], BodyErrorKind::ChunkSize),
        (b"2\r\nhex", BodyErrorKind::ChunkDataEnd),
        (b"1\nh", BodyErrorKind::BareLf),
        (b"11111111111111111", BodyErrorKind::ChunkSizeTooLong),
        (b"0\r\nA : b\r\n\r\n", BodyErrorKind::Trailers(HeadErrorKind::SpaceBeforeColon)),
    ] {
        let served = server.serve(&[&chunked[..], body].concat());
        let HandshakeError::Body(error) = served.error() else { panic!("{served:?}") };
        assert_eq!((error.kind(), served.refusal().status().as_u16()), (kind, 400));
        assert!(served.out.is_empty());
        assert_eq!(response_field(&served.refusal().to_bytes(), CONNECTION), ["close"]);
    }
    // The caller may set another limit.
    let larger = server.choosing(UpgradeChoice::new().content_limit(5));
    assert_eq!(larger.serve(&too_long).content, b"hello");
}

/// Requirement 42. RFC 9110, section 9.3.1: by default there is no content in front of a switch.
#[test]
fn content_that_a_protocol_has_no_place_for_is_400() {
    let server = Server::new([bare("foo").methods(&["GET", "POST"]), Protocol::websocket()]);
    for (name, value) in [(CONTENT_LENGTH, "5"), (TRANSFER_ENCODING, "chunked")] {
        for head in [request("foo"), post("foo"), Head::request()] {
            let served = server.serve_head(&head.line(name, value));
            assert_eq!((served.error(), served.refusal().status().as_u16()), (HandshakeError::Content, 400));
            assert_eq!(response_field(&served.refusal().to_bytes(), CONNECTION), ["close"]);
        }
    }
}

/// Requirements 8, 24. RFC 9110, section 7.8: where the client waits for it, 100 (Continue) goes before the content is
/// read, and always before the 101.
#[test]
fn continue_goes_before_the_101() {
    const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n";
    let server = Server::new([bare("tcp").methods(&["POST"]).reads_content(9), Protocol::websocket()]);
    let answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: tcp\r\nConnection: Upgrade\r\n\r\n";
    for expect in ["100-continue", "100-Continue", "100-continue, 100-continue"] {
        let with = post("tcp").line(CONTENT_LENGTH, "2").line(EXPECT, expect).to_bytes();
        let head = server.serve_pieces(&[&with]);
        assert_eq!((head.out(), &head.outcome), (CONTINUE, &Outcome::NeedMore));
        let whole = server.serve(&[&with[..], b"hi"].concat());
        assert_eq!((whole.out(), &whole.content[..]), (&*format!("{CONTINUE}{answer}"), &b"hi"[..]));
        let without = server.serve_head(&post("tcp").line(EXPECT, expect));
        assert_eq!(without.out(), format!("{CONTINUE}{answer}"));

        let crate::common::Served::Accepted { answer, .. } =
            crate::common::serve_default(&Head::request().line(EXPECT, expect))
        else {
            panic!()
        };
        let plain = crate::common::serve_default(&Head::request()).answer();
        assert_eq!(String::from_utf8(answer).unwrap(), format!("{CONTINUE}{plain}"));
    }
}

/// RFC 9110, section 10.1.1: what is expected beyond 100-continue is not met here.
#[test]
fn other_expectations_are_417() {
    let server = Server::new([bare("foo"), Protocol::websocket()]);
    for head in [request("foo"), Head::request()] {
        for expect in ["wonders", "100-continue, wonders", "100-continue=1", "a=\"b\"; c=d"] {
            let served = server.serve_head(&head.clone().line(EXPECT, expect));
            assert_eq!(
                (served.error(), served.refusal().status().as_u16()),
                (HandshakeError::Expectation, 417),
                "{expect}"
            );
        }
        let served = server.serve_head(&head.line(EXPECT, "a b"));
        assert!(matches!(served.error(), HandshakeError::Malformed(EXPECT, Some(_))), "{served:?}");
    }
}

/// Requirements 14, 15. RFC 9112, sections 9.3 and 9.3.2: what is behind a plain request is not looked at before its
/// content has been read, and then comes as the next request, in order.
#[test]
fn plain_content_is_read_and_the_next_request_comes_behind_it() {
    let plain = Head::new("POST /a HTTP/1.1").line(HOST, "a").line(EXPECT, "100-continue");
    for (head, content, data) in [
        (plain.clone().line(CONTENT_LENGTH, "11"), &b"hello world"[..], &b"hello world"[..]),
        (
            plain.clone().line(TRANSFER_ENCODING, "chunked"),
            b"5\r\nhello\r\n6\r\n world\r\n0\r\nX: y\r\n\r\n",
            b"hello world",
        ),
        (plain.clone().line(CONTENT_LENGTH, "0"), b"", b""),
    ] {
        let bytes = [&head.to_bytes()[..], content, &request("foo").to_bytes()].concat();
        switchover_testkit::split::for_every_split(&bytes, |pieces| {
            let mut handshake = ServerHandshake::default().protocols(&Protocols::new([bare("foo")]).unwrap());
            let (mut input, mut read, mut out, mut state) = (Vec::new(), Vec::new(), Vec::new(), 0);
            for piece in pieces {
                input.extend_from_slice(piece);
                loop {
                    let consumed = if state == 1 {
                        match handshake.receive_content(&input).unwrap() {
                            Step::Done { value: Content::Data(range), consumed } => {
                                read.extend_from_slice(&input[range]);
                                consumed
                            }
                            Step::Done { value: Content::End, consumed } => {
                                state = 2;
                                consumed
                            }
                            Step::NeedMore { at_least } => {
                                assert!(at_least >= 1);
                                break;
                            }
                        }
                    } else {
                        match handshake.receive(&input).unwrap() {
                            Step::Done { value: Request::Http(plain), consumed } => {
                                plain.proceed(&mut out).unwrap();
                                state = 1;
                                consumed
                            }
                            Step::Done { value: Request::Upgrade(proposal), consumed } => {
                                assert_eq!(state, 2);
                                state = 3;
                                assert_eq!(proposal.view().path(), "/hello");
                                consumed
                            }
                            Step::Done { value, .. } => panic!("{value:?}"),
                            Step::NeedMore { .. } => break,
                        }
                    };
                    input.drain(..consumed);
                }
            }
            assert_eq!((state, &read[..], input.len()), (3, data, 0));
            let expected: &[u8] = if data.is_empty() { b"" } else { b"HTTP/1.1 100 Continue\r\n\r\n" };
            assert_eq!(out, expected);
        });
        // Content that nobody has read is never taken for a request.
        if !data.is_empty() {
            let mut handshake = ServerHandshake::default();
            let Ok(Step::Done { consumed, .. }) = handshake.receive(&bytes) else { panic!() };
            let refusal = handshake.receive(&bytes[consumed..]).unwrap_err();
            assert_eq!(refusal.error(), Some(&HandshakeError::Content));
            assert_eq!(handshake.receive_content(&bytes[consumed..]).unwrap_err(), refusal);
        }
    }
    let broken = plain.line(TRANSFER_ENCODING, "chunked").to_bytes();
    let mut handshake = ServerHandshake::default();
    assert!(handshake.receive(&broken).is_ok());
    let refusal = handshake.receive_content(b"z").unwrap_err();
    assert!(matches!(refusal.error(), Some(HandshakeError::Body(_))));
    assert_eq!(handshake.receive(&broken).unwrap_err(), refusal);
}

/// Requirement 43. Attack 25. What comes before the 101 is kept for the new protocol, or refused.
#[test]
fn data_before_the_101_is_kept_or_refused() {
    let keep = Server::new([bare("foo").methods(&["GET", "POST"]).reads_content(9)]);
    let reject = Server { early_data: EarlyData::Reject, ..keep.clone() };
    let without = [&request("foo").to_bytes()[..], b"early"].concat();
    let with = [&post("foo").line(CONTENT_LENGTH, "2").to_bytes()[..], b"hiearly"].concat();
    for bytes in [&without, &with] {
        assert_eq!(keep.serve_pieces(&[bytes]).rest, b"early");
        let served = reject.serve_pieces(&[bytes]);
        assert_eq!((served.error(), served.refusal().status().as_u16()), (HandshakeError::EarlyData, 400));
        assert!(served.out.is_empty());
        let in_time = &bytes[..bytes.len() - 5];
        assert_eq!(reject.serve_pieces(&[in_time]).protocols(), ["foo"]);
    }
}

/// RFC 9110, section 9.3.2: a response to HEAD has no content, whatever it refuses.
#[test]
fn a_head_request_is_refused_without_content() {
    let server = Server::new([bare("foo").methods(&["HEAD"]).reads_content(4)]);
    let reject = Server { early_data: EarlyData::Reject, ..server.clone() };
    let head = request("foo").start_line("HEAD /hello HTTP/1.1");
    let behind = |head: Head, bytes: &[u8]| [&head.to_bytes()[..], bytes].concat();
    let chunked = head.clone().line(TRANSFER_ENCODING, "chunked");
    for (server, bytes, status) in [
        (&server, behind(head.clone().line(CONTENT_LENGTH, "5"), b""), 413),
        (&server, behind(chunked.clone(), b"5\r\nhello\r\n"), 413),
        (&server, behind(chunked.clone(), b"x"), 400),
        (&reject, behind(head.clone(), b"early"), 400),
        (&reject, behind(head.clone().line(CONTENT_LENGTH, "2"), b"hiearly"), 400),
    ] {
        let served = server.serve_pieces(&[&bytes]);
        let refusal = served.refusal();
        assert_eq!(refusal.status().as_u16(), status);
        assert_ne!(response_field(&refusal.to_bytes(), CONTENT_LENGTH), ["0"]);
        assert!(refusal.to_bytes().ends_with(b"\r\n\r\n"), "{refusal}");
        // Another method gets it.
        let post = [b"POST", &bytes[4..]].concat();
        let served = Server {
            protocols: Protocols::new([bare("foo").methods(&[]).reads_content(4)]).unwrap(),
            ..server.clone()
        };
        assert!(!served.serve_pieces(&[&post]).refusal().to_bytes().ends_with(b"\r\n\r\n"));
    }
    for (method, is_empty) in [("HEAD", true), ("PUT", false)] {
        let plain = Head::new(format!("{method} / HTTP/1.1")).line(HOST, "a").line(TRANSFER_ENCODING, "chunked");
        let mut handshake = ServerHandshake::default();
        assert!(handshake.receive(&plain.to_bytes()).is_ok());
        let refusal = handshake.receive_content(b"x").unwrap_err();
        assert_eq!(refusal.to_bytes().ends_with(b"\r\n\r\n"), is_empty, "{method}");
    }
}

/// Whoever holds the content gets all of it, wherever its bytes are cut, and leaves what is behind it.
#[test]
fn content_that_is_held() {
    let protocols = Protocols::new([bare("tcp").methods(&["POST"]).reads_content(11)]).unwrap();
    let chunked = post("tcp").line(EXPECT, "100-continue").line(TRANSFER_ENCODING, "chunked").to_bytes();
    let of_length = post("tcp").line(CONTENT_LENGTH, "11").to_bytes();
    for (head, body, interim) in [
        (&of_length, &b"hello world"[..], ""),
        (&chunked, b"5;a=b\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n"),
    ] {
        let bytes = [body, b"behind"].concat();
        split::for_every_split(&bytes, |pieces| {
            let mut handshake = ServerHandshake::default().protocols(&protocols);
            let Ok(Step::Done { value: request, .. }) = handshake.receive(head) else { panic!() };
            let mut out = Vec::new();
            let proposal = request.into_upgrade(&protocols).unwrap();
            let mut switch = proposal.accept(&UpgradeChoice::new(), &mut out).unwrap();
            assert_eq!(out, interim.as_bytes());
            out.clear();
            let (mut input, mut content, mut switched) = (BytesMut::new(), Vec::new(), None);
            for piece in pieces {
                input.extend_from_slice(piece);
                if switched.is_none() {
                    switched = switch.collect(&mut input, &mut content, &mut out).unwrap();
                }
            }
            assert!(switched.unwrap().protocols().eq(["tcp"]));
            assert_eq!((&content[..], &input[..]), (&b"hello world"[..], &b"behind"[..]));
            assert!(out.starts_with(b"HTTP/1.1 101 "));
        });
    }
    let mut handshake = ServerHandshake::default().protocols(&protocols);
    let Ok(Step::Done { value: request, .. }) = handshake.receive(&chunked) else { panic!() };
    let mut switch = request.into_upgrade(&protocols).unwrap().accept(&UpgradeChoice::new(), &mut Vec::new()).unwrap();
    let (mut input, mut content) = (BytesMut::from("9\r\neleven or\r\n9\r\n more"), Vec::new());
    let refused = switch.collect(&mut input, &mut content, &mut Vec::new()).unwrap_err();
    assert_eq!(refused.into_refusal().error(), Some(&HandshakeError::ContentTooLarge));
}
