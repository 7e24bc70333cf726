//! The rules that protocols have of their own.

use switchover_handshake::header::names::{
    CAPSULE_PROTOCOL, CONNECTION, CONTENT_LENGTH, EXPECT, HTTP2_SETTINGS, UPGRADE,
};
use switchover_handshake::{
    HandshakeError, LocalError, MAX_PROTOCOLS, Protocol, Protocols, Requirement, UpgradeChoice,
};

use crate::common::response_field;
use crate::common::upgrade::{Outcome, Server, bare, post, request};

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
        let both = head.with(UPGRADE, "foo, bar");
        assert_eq!(server.serve_head(&both).protocols(), ["bar"]);
        let broken = server.clone().choosing(UpgradeChoice::new().protocol("foo").unwrap()).serve_head(&both);
        assert_eq!(broken.outcome, Outcome::Local(LocalError::ProtocolNotOffered));
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
    let all = Protocols::new([Protocol::spdy(), Protocol::h2c(), Protocol::websocket(), Protocol::tls()]).unwrap();
    assert_eq!(all.over_tls().to_list(), "SPDY/3.1, websocket");
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
