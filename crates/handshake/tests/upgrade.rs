//! What a server does with requests to switch to other protocols (RFC 9110, section 7.8), each under every split.
#![allow(clippy::unwrap_used, clippy::panic, reason = "the helpers of a test are tests too")]

mod common;

use common::upgrade::{Outcome, Server};
use common::{Head, response_field};
use switchover_handshake::header::names::{
    CAPSULE_PROTOCOL, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HTTP2_SETTINGS, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
};
use switchover_handshake::header::{BodyErrorKind, HeadErrorKind, Status, Step};
use switchover_handshake::{
    AcceptError, Content, EarlyData, HandshakeError, LocalError, MAX_PROTOCOLS, PlainRequest, Protocol, Protocols,
    Refusal, Request, Requirement, ServerHandshake, Switching, UpgradeChoice,
};

/// A protocol of this name with no rules of its own.
fn bare(name: &'static str) -> Protocol {
    Protocol::new(name).unwrap()
}

fn request(upgrade: impl AsRef<[u8]>) -> Head {
    Head::new("GET /hello HTTP/1.1").line(HOST, "example.com").line(UPGRADE, upgrade).line(CONNECTION, "upgrade")
}

fn post(upgrade: &str) -> Head {
    request(upgrade).start_line("POST /hello HTTP/1.1")
}

/// The protocols that the proposal in this request has, as text, and the one that the server prefers.
fn offered(request: &Head, protocols: impl IntoIterator<Item = Protocol>) -> Option<(Vec<String>, &'static str)> {
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

/// Requirement 1. RFC 9110, section 7.8: names compare without regard to case, versions exactly; a list over several
/// lines is one list, its empty elements and what is no protocol are skipped, and its order stays.
#[test]
fn upgrade_is_a_list_of_names_with_and_without_versions() {
    let known =
        || [bare("irc").versions(&["6.9"]), bare("RTA").versions(&["x11"]), bare("any").any_version(), bare("foo")];
    for (upgrade, expected) in [
        ("websocket, IRC/6.9, RTA/x11", vec!["IRC/6.9", "RTA/x11"]),
        ("RTA/x11, IRC/6.9", vec!["RTA/x11", "IRC/6.9"]),
        (",, Foo ,,\tfOO,", vec!["Foo", "fOO"]),
        ("any, ANY/7, any/x", vec!["any", "ANY/7", "any/x"]),
        ("foo bar, @@, foo/, /1, a/b/c, foo", vec!["foo"]),
        ("RTA/X11, IRC, IRC/6.90, foo/1", vec![]),
        ("\"foo\"", vec![]),
        ("", vec![]),
    ] {
        let found = offered(&request(upgrade), known()).map(|(found, _)| found).unwrap_or_default();
        assert_eq!(found, expected, "{upgrade}");
    }
    let lines = request("a").line(UPGRADE, "foo").line(UPGRADE, "").line(UPGRADE, "IRC/6.9,any");
    assert_eq!(offered(&lines, known()).unwrap().0, ["foo", "IRC/6.9", "any"]);
}

/// Requirements 2, 15, 17. RFC 9110, section 7.8: the server takes what it likes, whatever the client's order, or
/// leaves the field alone and goes on as HTTP, on the same connection, with one request after the other.
#[test]
fn a_server_chooses_or_ignores() {
    let server = Server::new([bare("b"), bare("a")]);
    assert_eq!(offered(&request("a, b"), [bare("b"), bare("a")]).unwrap(), (vec!["a".into(), "b".into()], "b"));
    assert_eq!(server.serve_head(&request("a, b")).protocols(), ["b"]);
    for chosen in ["a", "b"] {
        let server = server.clone().choosing(UpgradeChoice::new().protocol(chosen).unwrap());
        let served = server.serve_head(&request("a, b"));
        assert_eq!(served.protocols(), [chosen]);
        assert_eq!(
            served.out(),
            format!("HTTP/1.1 101 Switching Protocols\r\nUpgrade: {chosen}\r\nConnection: Upgrade\r\n\r\n")
        );
    }

    let bytes = [request("a").to_bytes(), request("b").to_bytes(), Head::request().to_bytes()].concat();
    let mut rest = &bytes[..];
    let protocols = Protocols::new([bare("a"), bare("b"), Protocol::websocket()]).unwrap();
    let mut handshake = ServerHandshake::default().protocols(&protocols);
    for path in ["/hello", "/hello"] {
        let Ok(Step::Done { value: Request::Upgrade(proposal), consumed }) = handshake.receive(rest) else { panic!() };
        let plain = PlainRequest::from(proposal.ignore());
        assert_eq!((plain.path(), plain.bytes().len()), (path, consumed));
        rest = &rest[consumed..];
    }
    let Ok(Step::Done { value: Request::WebSocket(proposal), .. }) = handshake.receive(rest) else { panic!() };
    assert_eq!(proposal.ignore().path(), "/notifications");
}

/// Requirement 3. RFC 9110, section 7.8: only what was offered can be accepted, and anything else writes nothing.
#[test]
fn what_was_not_offered_cannot_be_accepted() {
    let choice =
        |names: &[&str]| names.iter().try_fold(UpgradeChoice::new(), |choice, name| choice.protocol(name)).unwrap();
    let server = Server::new([bare("a").any_version(), bare("b"), bare("not-offered")]);
    for names in [&["c"][..], &["not-offered"], &["a"], &["a/2"], &["A/1", "c"], &["HTTP/1.1"], &["a/1", "HTTP/1.1"]] {
        let served = server.clone().choosing(choice(names)).serve_head(&request("a/1, b, c"));
        assert_eq!(served.outcome, Outcome::Local(LocalError::ProtocolNotOffered), "{names:?}");
        assert!(served.out.is_empty());
    }
    for (names, upgrade) in [(&["A/1"][..], "A/1"), (&["b", "a/1"], "b, a/1"), (&["a/1", "b"], "a/1, b")] {
        let served = server.clone().choosing(choice(names)).serve_head(&request("a/1, b, c"));
        assert_eq!(served.protocols(), names);
        assert_eq!(response_field(&served.out, UPGRADE), [upgrade]);
    }
    assert_eq!(UpgradeChoice::new().protocol("a").unwrap().protocol("A"), Err(LocalError::RepeatedProtocol));
    for name in ["", "a b", "a/", "/1", "a/1/2", "a,b", "a\r\nb", "caf\u{e9}"] {
        assert_eq!(UpgradeChoice::new().protocol(name), Err(LocalError::Protocol), "{name}");
    }
    // WebSocket has an origin to check, a key and subprotocols.
    let websocket = Head::request().with(UPGRADE, "websocket, b");
    let served =
        Server::new([bare("b"), Protocol::websocket()]).choosing(choice(&["websocket"])).serve_head(&websocket);
    assert_eq!(served.outcome, Outcome::Local(LocalError::WebSocket));
}

/// Requirements 4, 11, 19. RFC 9110, sections 7.8 and 15.5.22: whoever sends Upgrade sends the connection option with
/// it, on the 101, on a 426 with its framed content, and on any response that advertises.
#[test]
fn connection_names_upgrade_wherever_it_is_sent() {
    let protocols = Protocols::new([Protocol::tls(), bare("foo"), bare("any").any_version()]).unwrap();
    let list = "TLS/1.0, TLS/1.1, TLS/1.2, TLS/1.3, foo, any";
    let accepted = Server::new([bare("foo")]).serve_head(&request("foo"));
    assert_eq!(response_field(&accepted.out, CONNECTION), ["Upgrade"]);
    let refusal = Refusal::upgrade_required(&protocols);
    let bytes = refusal.to_bytes();
    assert_eq!(
        std::str::from_utf8(&bytes).unwrap(),
        format!(
            "HTTP/1.1 426 Upgrade Required\r\nContent-Type: text/plain; charset=utf-8\r\nUpgrade: {list}\r\n\
             Connection: Upgrade, close\r\nContent-Length: 21\r\n\r\n426 Upgrade Required\n"
        )
    );
    let open = refusal.keep_open().to_bytes();
    assert_eq!(response_field(&open, CONNECTION), ["Upgrade"]);
    assert_eq!(response_field(&Refusal::not_found().keep_open().to_bytes(), CONNECTION), [""; 0]);
    let advertised = Refusal::new(Status::OK).unwrap().advertise(&protocols).to_bytes();
    assert!(advertised.starts_with(b"HTTP/1.1 200 OK\r\n"));
    assert_eq!(response_field(&advertised, UPGRADE), [list]);
    assert_eq!(response_field(&advertised, CONNECTION), ["Upgrade, close"]);
    assert_eq!(protocols.advertisement(), [(UPGRADE, list.to_owned()), (CONNECTION, "Upgrade".to_owned())]);

    // With WebSocket among them, its version is told; without, what a 426 says by itself is taken back.
    let websocket = Refusal::upgrade_required(&Protocols::default()).to_bytes();
    assert_eq!(response_field(&websocket, UPGRADE), ["websocket"]);
    assert_eq!(response_field(&websocket, SEC_WEBSOCKET_VERSION), ["13"]);
    let other = Refusal::new(Status::UPGRADE_REQUIRED).unwrap().advertise(&protocols).to_bytes();
    assert_eq!(response_field(&other, UPGRADE), [list]);
    assert_eq!(response_field(&other, SEC_WEBSOCKET_VERSION), [""; 0]);
}

/// A refusal of the handshake's closes whatever is asked, since what follows may be data of another protocol.
#[test]
fn what_the_handshake_refuses_is_not_kept_open() {
    let served = Server::new([bare("foo")]).serve_head(&post("foo"));
    assert_eq!(response_field(&served.refusal().clone().keep_open().to_bytes(), CONNECTION), ["close"]);
}

/// Requirements 5, 6. Attack 32. RFC 9110, sections 7.6.1 and 7.8: Upgrade counts where Connection names it, on any of
/// its lines, and on HTTP/1.1 only.
#[test]
fn upgrade_that_does_not_count_is_plain_http() {
    let server = Server::new([bare("foo").reads_content(9)]);
    for connection in ["keep-alive", "no-upgrade", "upgradex", "x upgrade", "\"upgrade\"", ""] {
        assert_eq!(
            server.serve_head(&request("foo").with(CONNECTION, connection)).outcome,
            Outcome::Http,
            "{connection}"
        );
    }
    assert_eq!(server.serve_head(&request("foo").without(CONNECTION)).outcome, Outcome::Http);
    let second = request("foo").with(CONNECTION, "close").line(CONNECTION, "x, UPGRADE");
    assert_eq!(server.serve_head(&second).protocols(), ["foo"]);

    let old = request("foo").start_line("GET /hello HTTP/1.0");
    assert_eq!(server.serve_head(&old).outcome, Outcome::Http);
    // Nor does the expectation count there: no interim response goes to HTTP/1.0.
    let expecting =
        old.start_line("POST /hello HTTP/1.0").line(EXPECT, "100-continue").line(CONTENT_LENGTH, "1").to_bytes();
    let mut handshake = ServerHandshake::default();
    let Ok(Step::Done { value: Request::Http(plain), .. }) = handshake.receive(&expecting) else { panic!() };
    let mut out = Vec::new();
    plain.proceed(&mut out).unwrap();
    assert!(out.is_empty());
}

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

        let common::Served::Accepted { answer, .. } = common::serve_default(&Head::request().line(EXPECT, expect))
        else {
            panic!()
        };
        let plain = common::serve_default(&Head::request()).answer();
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

/// Requirement 9. RFC 9110, section 7.8: whether the request is answered in the new protocol is known of each one.
#[test]
fn a_protocol_says_whether_the_request_is_still_answered() {
    for (protocol, answered) in [
        (Protocol::h2c(), true),
        (Protocol::tls(), true),
        (Protocol::websocket(), false),
        (Protocol::docker(), false),
        (Protocol::spdy(), false),
        (Protocol::connect_udp(), false),
        (bare("foo"), false),
        (bare("foo").answered(), true),
    ] {
        assert_eq!(protocol.is_answered(), answered, "{}", protocol.name());
    }
    let served = Server::new([bare("a").answered(), bare("b")]).serve_head(&request("a, b"));
    assert!(matches!(&served.outcome, Outcome::Switched(switched) if switched.request_is_answered()));
    let served = Server::new([bare("b"), bare("a").answered()]).serve_head(&request("a, b"));
    assert!(matches!(&served.outcome, Outcome::Switched(switched) if !switched.request_is_answered()));
}

/// Requirement 10. RFC 9110, section 7.8: Upgrade cannot change the transport, even where somebody allows it.
#[test]
fn nothing_switches_to_http_3() {
    for protocol in [bare("HTTP").any_version(), bare("HTTP").versions(&["3.0", "3", "2.0"])] {
        for upgrade in ["HTTP/3.0", "http/3", "HTTP/4.0"] {
            assert_eq!(offered(&request(upgrade), [protocol]), None, "{upgrade}");
        }
        assert_eq!(offered(&request("HTTP/3.0, HTTP/2.0"), [protocol]).unwrap().0, ["HTTP/2.0"]);
    }
}

/// Requirement 31. RFC 9110, section 15.5.6: a method that cannot switch is 405 with those that can.
#[test]
fn a_method_that_cannot_switch_is_405_with_those_that_can() {
    for (protocol, method, allow) in [
        (Protocol::spdy(), "PUT", "POST, GET"),
        (Protocol::docker(), "GET", "POST"),
        (Protocol::connect_udp(), "POST", "GET"),
        (Protocol::websocket(), "POST", "GET"),
        (bare("foo"), "get", "GET"),
    ] {
        let element = if protocol.name() == "SPDY" { "SPDY/3.1" } else { protocol.name() };
        let head = Head::request().with(UPGRADE, element).start_line(format!("{method} / HTTP/1.1"));
        let served = Server::new([protocol]).serve_head(&head);
        assert!(matches!(served.error(), HandshakeError::Method(_)), "{served:?}");
        let bytes = served.refusal().to_bytes();
        assert!(bytes.starts_with(b"HTTP/1.1 405 Method Not Allowed\r\n"));
        assert_eq!(response_field(&bytes, "Allow"), [allow]);
    }
    let text = HandshakeError::Method(&["POST", "GET"]).to_string();
    assert_eq!(text, "the method of such a request is POST or GET (RFC 9110, section 15.5.6)");
}

const FIELDS: &[Requirement] = &[
    Requirement::new("X-Token", |value| value == b"7"),
    Requirement::new("X-Hop", |value| !value.is_empty()).nominated(),
];

/// A field that a protocol requires is there once, valid, and nominated where it has to be; else the request is 400
/// with the field's name, unless it can switch to something else.
#[test]
fn required_fields_are_there_once_and_valid() {
    let server = Server::new([bare("foo").requires(FIELDS), bare("bar")]);
    let good = request("foo").with(CONNECTION, "Upgrade, x-hop").line("x-token", "7").line("X-Hop", "1");
    assert_eq!(server.serve_head(&good).protocols(), ["foo"]);
    for (head, error) in [
        (good.clone().without("x-token"), HandshakeError::Missing(&["X-Token"])),
        (good.clone().line("X-Token", "7"), HandshakeError::Repeated("X-Token")),
        (good.clone().with("x-token", "8"), HandshakeError::Malformed("X-Token", None)),
        (good.clone().with("X-Hop", ""), HandshakeError::Malformed("X-Hop", None)),
        (good.clone().with(CONNECTION, "upgrade"), HandshakeError::NotNominated("X-Hop")),
    ] {
        let served = server.serve_head(&head);
        assert_eq!((served.error(), served.refusal().status().as_u16()), (error, 400));
        let text = String::from_utf8(served.refusal().content().to_vec()).unwrap();
        assert!(text.contains(error.field().unwrap()), "{text}");
        // With another protocol to switch to, the faulty one is as if it were not there.
        assert_eq!(server.serve_head(&head.with(UPGRADE, "foo, bar")).protocols(), ["bar"]);
    }
    // The fault is that of the first protocol that the client names.
    let both = Server::new([bare("bar").methods(&["POST"]), bare("foo").requires(FIELDS)]);
    assert_eq!(both.serve_head(&request("foo, bar")).error(), HandshakeError::Missing(&["X-Token"]));
}

/// Attack 28. RFC 7540, section 3.2: h2c is not there unless the server says so, and never over TLS; what is not
/// exactly one valid HTTP2-Settings field, which Connection names, has it ignored.
#[test]
fn h2c_is_off_by_default_and_ignored_where_it_is_broken() {
    let good = request("h2c").with(CONNECTION, "Upgrade, HTTP2-Settings").line(HTTP2_SETTINGS, "AAMAAABkAAQAAP__");
    let server = Server::new([Protocol::h2c()]);
    let served = server.serve_head(&good);
    assert_eq!(served.protocols(), ["h2c"]);
    assert_eq!(served.out(), "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n");
    assert_eq!(Server::new([Protocol::websocket()]).serve_head(&good).outcome, Outcome::Http);
    assert!(!Protocols::default().iter().any(|protocol| protocol.name() == "h2c"));
    let over_tls = Server { protocols: server.protocols.over_tls(), ..server.clone() };
    assert_eq!(over_tls.serve_head(&good).outcome, Outcome::Http);
    for broken in [
        good.clone().without(HTTP2_SETTINGS),
        good.clone().line(HTTP2_SETTINGS, "AAMAAABkAAQAAP__"),
        good.clone().with(HTTP2_SETTINGS, "AAMAAABkAAQAAP_"),
        good.clone().with(HTTP2_SETTINGS, ""),
        good.clone().with(CONNECTION, "Upgrade"),
        good.clone().line(EXPECT, "wonders"),
        good.clone().with(UPGRADE, "h2c/1"),
    ] {
        assert_eq!(server.serve_head(&broken).outcome, Outcome::Http, "{broken:?}");
    }
    // The request comes to its end first, and is answered on stream 1.
    let with_content = [&good.start_line("POST / HTTP/1.1").line(CONTENT_LENGTH, "2").to_bytes()[..], b"hi"].concat();
    let served = server.serve(&with_content);
    assert_eq!(served.content, b"hi");
    assert!(matches!(&served.outcome, Outcome::Switched(switched) if switched.request_is_answered()));
}

/// Requirement 3. RFC 2817, section 3.3: TLS is the lower layer, and the current protocol stands above it.
#[test]
fn tls_carries_the_current_protocol() {
    let server = Server::new([Protocol::tls()]);
    let options = request("TLS/1.2, TLS/1.0, TLS/9").start_line("OPTIONS * HTTP/1.1");
    for head in [options.clone(), options.start_line("GET / HTTP/1.1")] {
        let served = server.serve_head(&head);
        assert_eq!(served.protocols(), ["TLS/1.2", "HTTP/1.1"]);
        assert_eq!(response_field(&served.out, UPGRADE), ["TLS/1.2, HTTP/1.1"]);
        for (names, expected) in [
            (&["TLS/1.0"][..], Ok(())),
            (&["tls/1.0", "http/1.1"], Ok(())),
            (&["TLS/1.0", "HTTP/1.0"], Err(LocalError::ProtocolNotOffered)),
            (&["TLS/1.0", "HTTP/1.1", "TLS/1.2"], Err(LocalError::ProtocolNotOffered)),
            (&["HTTP/1.1", "TLS/1.0"], Err(LocalError::ProtocolNotOffered)),
            (&["TLS/1.1"], Err(LocalError::ProtocolNotOffered)),
        ] {
            let choice = names.iter().try_fold(UpgradeChoice::new(), |choice, name| choice.protocol(name)).unwrap();
            let served = server.clone().choosing(choice).serve_head(&head);
            match expected {
                Ok(()) => assert_eq!(served.protocols().len(), names.len()),
                Err(error) => assert_eq!(served.outcome, Outcome::Local(error), "{names:?}"),
            }
        }
    }
    let over_tls = Server { protocols: server.protocols.over_tls(), ..server };
    assert_eq!(over_tls.serve_head(&request("TLS/1.2")).outcome, Outcome::Http);
}

/// RFC 9298, section 3.2; RFC 9484, section 4.3; RFC 9297, section 3.4: alone in Upgrade, on GET, with the capsule
/// protocol; anything else is malformed, and is an error.
#[test]
fn connect_udp_and_connect_ip_are_as_their_standards_have_them() {
    for (protocol, name) in [(Protocol::connect_udp(), "connect-udp"), (Protocol::connect_ip(), "connect-ip")] {
        let server = Server::new([protocol, Protocol::websocket()]);
        let good = request(name).line(CAPSULE_PROTOCOL, "?1");
        let served = server.serve_head(&good);
        assert_eq!(
            served.out(),
            format!(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: {name}\r\nConnection: Upgrade\r\n\
                 Capsule-Protocol: ?1\r\n\r\n"
            )
        );
        let own = UpgradeChoice::new().field("capsule-protocol", "?1;a").unwrap();
        let served = server.clone().choosing(own).serve_head(&good);
        assert_eq!(response_field(&served.out, CAPSULE_PROTOCOL), ["?1;a"]);
        for (head, error) in [
            (good.clone().without(CAPSULE_PROTOCOL), HandshakeError::Missing(&[CAPSULE_PROTOCOL])),
            (good.clone().with(CAPSULE_PROTOCOL, "?0"), HandshakeError::Malformed(CAPSULE_PROTOCOL, None)),
            (good.clone().with(CAPSULE_PROTOCOL, "1"), HandshakeError::Malformed(CAPSULE_PROTOCOL, None)),
            (good.clone().line(CAPSULE_PROTOCOL, "?1"), HandshakeError::Repeated(CAPSULE_PROTOCOL)),
            (good.clone().with(UPGRADE, format!("{name}, foo")), HandshakeError::NotAlone),
            (good.clone().line(UPGRADE, "foo"), HandshakeError::NotAlone),
            (good.clone().line(CONTENT_LENGTH, "1"), HandshakeError::Content),
        ] {
            let served = server.serve_head(&head);
            assert_eq!((served.error(), served.refusal().status().as_u16()), (error, 400));
        }
    }
}

/// The interfaces of Docker and Podman, and of Kubernetes.
#[test]
fn containers_are_attached_to() {
    let docker = Server::new([Protocol::docker()])
        .choosing(UpgradeChoice::new().field("Content-Type", "application/vnd.docker.raw-stream").unwrap());
    let request = b"POST /v1.45/exec/7/start HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\n\
        Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 27\r\n\r\n{\"Detach\":false,\"Tty\":true}";
    let served = docker.serve(request);
    assert_eq!(served.content, b"{\"Detach\":false,\"Tty\":true}");
    assert_eq!(
        served.out(),
        "HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\nConnection: Upgrade\r\n\
         Content-Type: application/vnd.docker.raw-stream\r\n\r\n"
    );

    let kubernetes = Server::new([Protocol::spdy()]);
    for (upgrade, taken) in [("SPDY/3.1", true), ("spdy/3.1", true), ("SPDY/3", false), ("SPDY", false)] {
        let served = kubernetes.serve_head(&post(upgrade).line(CONTENT_LENGTH, "0"));
        assert_eq!(matches!(served.outcome, Outcome::Switched(_)), taken, "{upgrade}");
    }
}

/// Requirements 14, 16. Attacks 27, 31. RFC 9112, sections 2.2, 3.2, 5 and 6.3: at this boundary too, a head that is
/// not as it has to be is a complete 400, and what it asks for does not matter.
#[test]
fn a_faulty_head_is_a_complete_400_whatever_it_asks_for() {
    let server = Server::new([bare("foo").reads_content(99)]);
    let with = |line: &[u8]| {
        let mut bytes = request("foo").to_bytes();
        bytes.truncate(bytes.len() - 2);
        [&bytes[..], line, b"\r\n\r\n"].concat()
    };
    for line in [
        &b"Content-Length: 5\r\nTransfer-Encoding: chunked"[..],
        b"Transfer-Encoding: chunked\r\nContent-Length: 5",
        b"Transfer-Encoding: chunked, gzip",
        b"Transfer-Encoding: identity",
        b"Content-Length: 5, 5",
        b"Content-Length: 5\r\nContent-Length: 5",
        b"X: a\rb",
        b"X: a\r\n b",
        b"X : a",
        b"Host: example.com",
    ] {
        let served = server.serve(&with(line));
        assert!(matches!(served.error(), HandshakeError::Head(_)), "{}", line.escape_ascii());
        let bytes = served.refusal().to_bytes();
        assert!(bytes.starts_with(b"HTTP/1.1 400 Bad Request\r\n"), "{}", bytes.escape_ascii());
        assert_eq!(response_field(&bytes, CONNECTION), ["close"]);
    }
    assert!(matches!(server.serve_head(&request("foo").without(HOST)).error(), HandshakeError::Head(_)));
    // Bytes beyond ASCII are no option and no protocol, and nothing worse.
    assert_eq!(server.serve_head(&request(b"\xff\xfe, foo")).protocols(), ["foo"]);
    assert_eq!(server.serve_head(&request("foo").with(CONNECTION, b"\xff, upgrade")).protocols(), ["foo"]);
    assert_eq!(server.serve_head(&request("foo").with(CONNECTION, b"\xffupgrade")).outcome, Outcome::Http);
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

/// Between WebSocket and others, the server's order decides what a request is given out as.
#[test]
fn websocket_is_one_of_the_protocols() {
    let head = Head::request().with(UPGRADE, "foo, websocket");
    assert_eq!(Server::new([Protocol::websocket(), bare("foo")]).serve_head(&head).outcome, Outcome::WebSocket);
    assert_eq!(Server::new([bare("foo"), Protocol::websocket()]).serve_head(&head).protocols(), ["foo"]);
    assert_eq!(Server::new([bare("foo")]).serve_head(&Head::request()).outcome, Outcome::Http);
    // A broken handshake of WebSocket is refused, unless there is something else to switch to.
    let broken = head.without(SEC_WEBSOCKET_KEY);
    let server = Server::new([Protocol::websocket(), bare("foo")]);
    assert_eq!(server.serve_head(&broken).protocols(), ["foo"]);
    let alone = server.serve_head(&broken.with(UPGRADE, "websocket, bar"));
    assert_eq!(alone.error(), HandshakeError::Missing(&[SEC_WEBSOCKET_KEY]));

    let bytes = Head::request().with(UPGRADE, "foo, WebSocket").to_bytes();
    let protocols = Protocols::new([bare("foo"), Protocol::websocket()]).unwrap();
    let mut handshake = ServerHandshake::default().protocols(&protocols);
    let Ok(Step::Done { value: Request::Upgrade(proposal), .. }) = handshake.receive(&bytes) else { panic!() };
    let websocket = proposal.into_websocket().unwrap();
    let mut out = Vec::new();
    websocket.accept(&Default::default(), &mut out).unwrap();
    assert_eq!(response_field(&out, UPGRADE), ["websocket"]);
}

/// Whatever the room, a 101 is written whole or not at all, and may be asked for again.
#[test]
fn the_101_is_written_whole_or_not_at_all() {
    let protocols = Protocols::new([bare("foo").methods(&["POST"]).reads_content(9)]).unwrap();
    let whole = Server::new([bare("foo")]).serve_head(&request("foo")).out;
    let bytes = post("foo").line(CONTENT_LENGTH, "2").to_bytes();
    for room in 0..whole.len() {
        let mut handshake = ServerHandshake::default().protocols(&protocols);
        let Ok(Step::Done { value: Request::Upgrade(proposal), .. }) = handshake.receive(&bytes) else { panic!() };
        let mut buffer = vec![0; room];
        let mut switch = proposal.accept(&UpgradeChoice::new(), &mut &mut buffer[..]).unwrap();
        let Ok(Step::Done { value: Switching::Content(range), consumed: 2 }) =
            switch.receive(b"hirest", &mut &mut buffer[..])
        else {
            panic!()
        };
        assert_eq!(range, 0..2);
        let full = AcceptError::Local(LocalError::OutputTooSmall { needed: whole.len() });
        for _ in 0..2 {
            assert_eq!(switch.receive(b"rest", &mut &mut buffer[..]), Err(full.clone()));
        }
        assert!(buffer.iter().all(|byte| *byte == 0) && switch.switched().is_none());
        let mut out = Vec::new();
        for _ in 0..2 {
            assert!(matches!(switch.receive(b"rest", &mut out), Ok(Step::Done { consumed: 0, .. })));
        }
        assert_eq!(out, whole, "it is written once");

        let request = request("foo").to_bytes();
        let mut handshake = ServerHandshake::default().protocols(&Protocols::new([bare("foo")]).unwrap());
        let Ok(Step::Done { value: Request::Upgrade(proposal), .. }) = handshake.receive(&request) else { panic!() };
        assert_eq!(proposal.accept(&UpgradeChoice::new(), &mut &mut buffer[..]).unwrap_err(), full);
        assert!(buffer.iter().all(|byte| *byte == 0));
    }
}

/// A proposal can be refused for any reason of the server's.
#[test]
fn a_proposal_is_refused_with_any_response() {
    let bytes = request("foo").to_bytes();
    let mut handshake = ServerHandshake::default().protocols(&Protocols::new([bare("foo")]).unwrap());
    let Ok(Step::Done { value: request @ Request::Upgrade(_), .. }) = handshake.receive(&bytes) else { panic!() };
    assert_eq!(request.plain().path(), "/hello");
    let Request::Upgrade(proposal) = request else { panic!() };
    let mut out = Vec::new();
    proposal.refuse(&Refusal::forbidden(), &mut out).unwrap();
    assert!(out.starts_with(b"HTTP/1.1 403 Forbidden\r\n"));
}

/// Rules that no request could be read by are the caller's error, and no builder lets a line be injected.
#[test]
fn a_protocol_is_a_token_and_there_are_so_many_of_them() {
    for name in ["", "a b", "a/1", "a,b", "a\r\nb", "caf\u{e9}"] {
        assert_eq!(Protocol::new(name).unwrap_err(), LocalError::Protocol, "{name}");
    }
    assert_eq!(Protocol::new("WebSocket").unwrap_err(), LocalError::WebSocket);
    assert!(Protocols::new([bare("a"); MAX_PROTOCOLS]).is_ok());
    assert_eq!(Protocols::new([bare("a"); MAX_PROTOCOLS + 1]).unwrap_err(), LocalError::TooManyProtocols);
    // The rules of WebSocket stand fast: others would not be looked at.
    for websocket in [
        Protocol::websocket().methods(&["POST"]),
        Protocol::websocket().versions(&["13"]),
        Protocol::websocket().any_version(),
        Protocol::websocket().requires(&[const { Requirement::new("X-Key", |_| true) }]),
        Protocol::websocket().reads_content(1),
        Protocol::websocket().reason("Yes"),
        Protocol::websocket().response_fields(&[("X", "1")]),
        Protocol::websocket().answered(),
        Protocol::websocket().carries_http(),
        Protocol::websocket().alone(),
        Protocol::websocket().cleartext(),
        Protocol::websocket().ignored_when_broken(),
        Protocol::websocket().success_without_switch(),
    ] {
        assert_eq!(Protocols::new([websocket]).unwrap_err(), LocalError::WebSocket, "{websocket:?}");
    }
    let last = (0..MAX_PROTOCOLS - 1).map(|_| bare("a")).chain([bare("z")]);
    assert_eq!(Server::new(last).serve_head(&request("z")).protocols(), ["z"]);

    for bad in ["x\r\nSet-Cookie: a=b", "x\0", " x"] {
        assert_eq!(UpgradeChoice::new().field("X", bad), Err(LocalError::FieldValue));
        assert_eq!(UpgradeChoice::new().field(bad, "x"), Err(LocalError::FieldName));
    }
    for name in ["upgrade", "Connection", "content-length", "Transfer-Encoding"] {
        assert_eq!(UpgradeChoice::new().field(name, "x"), Err(LocalError::ReservedField), "{name}");
    }
    let injected = bare("foo").reason("x\r\nSet-Cookie: a=b");
    let served = Server::new([injected]).serve_head(&request("foo"));
    assert_eq!((served.outcome, served.out.len()), (Outcome::Local(LocalError::FieldValue), 0));
}
