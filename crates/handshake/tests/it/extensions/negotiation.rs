//! What of an offer is answered, and which answers a client takes.

use switchover_handshake::header::Status;
use switchover_handshake::header::names::SEC_WEBSOCKET_EXTENSIONS;
use switchover_handshake::{Agreement, Choice, Deflate, ExtensionFault, HandshakeError, ReservedBits};

use crate::common::extension::{LEVEL, Level, agree, answered, choice, level, listed, request, response};
use crate::common::{Head, ask, ask_default, offer};

/// RFC 6455, section 9: an extension of anybody's, with a parameter of its own, in both roles.
#[test]
fn an_extension_of_ones_own_is_negotiated() {
    let offer = offer().extension(level([9, 3])).unwrap();
    for (most, expected) in [(5, "; level=5"), (9, "; level=9"), (200, "; level=9")] {
        let agreement = agree(&offer, &choice([level([most])]));
        assert_eq!(listed(&agreement), [("x-level", expected.to_owned())]);
        assert_eq!(agreement.reserved_bits(), ReservedBits::RSV3);
        assert_eq!(agreement.deflate(), None);
    }
    assert_eq!(agree(&offer, &Choice::new()), Agreement::default());
    assert_eq!(agree(&crate::common::offer(), &choice([level([1])])), Agreement::default());

    let fault = |fault| HandshakeError::Extension("x-level", fault);
    for (list, expected) in [
        ("x-level; level=10", fault(ExtensionFault::TooLarge(&LEVEL))),
        ("x-level; level=x", fault(ExtensionFault::Value(&LEVEL))),
        ("x-level; level", fault(ExtensionFault::Value(&LEVEL))),
        ("x-level", fault(ExtensionFault::MissingParameter(&LEVEL))),
        ("x-level; level=1; level=1", fault(ExtensionFault::RepeatedParameter(&LEVEL))),
        ("x-level; other", fault(ExtensionFault::UnknownParameter)),
        ("x-level; level=1, x-level; level=2", fault(ExtensionFault::Repeated)),
        ("permessage-deflate", HandshakeError::ExtensionNotOffered),
        ("X-Level; level=1", HandshakeError::ExtensionNotOffered),
    ] {
        let error = ask(&offer, &response(list)).error();
        assert_eq!(error, expected, "{list}");
        assert_eq!((error.field(), error.status()), (Some(SEC_WEBSOCKET_EXTENSIONS), Status::BAD_REQUEST));
    }
    let error = fault(ExtensionFault::TooLarge(&LEVEL));
    assert_eq!(
        error.to_string(),
        "in Sec-WebSocket-Extensions, x-level has level above the value offered (the made-up standard, section 7)"
    );
}

/// RFC 6455, section 9.1: declining is for an element, not for a name.
#[test]
fn the_first_element_that_is_not_declined_is_answered() {
    let choice = choice([level([5])]);
    for (list, expected) in [
        ("x-level, x-level; level=4, x-level; level=3", Some("x-level; level=4")),
        ("x-level; level=9, x-level; level=3", Some("x-level; level=5")),
        ("x-level; level=999, x-level; x", None),
        ("other, x-level; level=\"\\1\", other", Some("x-level; level=1")),
    ] {
        assert_eq!(answered(&request(list), &choice).0.as_deref(), expected, "{list}");
    }
}

/// Requirement 28. An extension that was not offered fails the connection, whatever it is.
#[test]
fn an_extension_that_was_not_offered_fails_a_client() {
    let deflate = offer().extension(Deflate::new()).unwrap();
    for name in ["constructor", "__proto__", "hasOwnProperty", "x-webkit-deflate-frame", "permessage-deflat", "x"] {
        assert_eq!(ask_default(&response(name)).error(), HandshakeError::ExtensionNotOffered, "{name}");
        for list in
            [format!("{name}; a=b"), format!("permessage-deflate, {name}"), format!("{name}, permessage-deflate")]
        {
            assert_eq!(ask(&deflate, &response(&list)).error(), HandshakeError::ExtensionNotOffered, "{list}");
        }
    }
    assert_eq!(ask_default(&response("permessage-deflate")).error(), HandshakeError::ExtensionNotOffered);
}

/// Attack 20. Names that are properties of every object in JavaScript are names like any other.
#[test]
fn extensions_that_nobody_knows_are_ignored() {
    let choice = choice([level([5])]).extension(Deflate::new()).unwrap();
    for name in ["constructor", "__proto__", "hasOwnProperty", "toString", "x-webkit-deflate-frame"] {
        for (list, expected) in [
            (name.to_owned(), None),
            (format!("{name}; {name}={name}"), None),
            (format!("{name}, permessage-deflate, {name}"), Some("permessage-deflate")),
            (format!("x-level; {name}, x-level; level=1, x-level; level={name}"), Some("x-level; level=1")),
            (format!("permessage-deflate; {name}"), None),
        ] {
            assert_eq!(answered(&request(&list), &choice).0.as_deref(), expected, "{list}");
            assert_eq!(answered(&request(&list), &Choice::new()), (None, Agreement::default()), "{list}");
        }
    }
}

/// Requirement 37. Several extensions on one line or on many mean the same, and their order is the order of nesting.
#[test]
fn the_order_of_the_answer_is_that_of_nesting() {
    let [a, b] =
        [("x-a", ReservedBits::RSV2), ("x-b", ReservedBits::NONE)].map(|(name, bits)| Level::new(name, bits, [9]));
    let both = choice([b.clone(), a.clone()]).extension(Deflate::new()).unwrap();
    let one = request("x-a; level=1, unknown, permessage-deflate; client_max_window_bits, x-b; level=2");
    let many = Head::request()
        .line(SEC_WEBSOCKET_EXTENSIONS, "x-a; level=1")
        .line(SEC_WEBSOCKET_EXTENSIONS, "unknown,permessage-deflate ;client_max_window_bits,")
        .line(SEC_WEBSOCKET_EXTENSIONS, "x-b;level=\"2\"");
    for request in [one, many] {
        let (line, agreement) = answered(&request, &both);
        assert_eq!(line.as_deref(), Some("x-a; level=1, permessage-deflate, x-b; level=2"));
        assert_eq!(
            listed(&agreement),
            [("x-a", "; level=1".to_owned()), ("permessage-deflate", String::new()), ("x-b", "; level=2".to_owned())]
        );
        assert_eq!(agreement.reserved_bits(), ReservedBits::RSV1 | ReservedBits::RSV2);
        assert!(agreement.deflate().is_some());
    }
    // The client's preference is the order, whatever the server's own one is.
    let offer_of = |extensions: [&Level; 2]| {
        extensions.into_iter().fold(offer(), |offer, extension| offer.extension(extension.clone()).unwrap())
    };
    let names =
        |agreement: Agreement| agreement.extensions().map(|extension| extension.name.to_owned()).collect::<Vec<_>>();
    assert_eq!(names(agree(&offer_of([&a, &b]), &both)), ["x-a", "x-b"]);
    assert_eq!(names(agree(&offer_of([&b, &a]), &both)), ["x-b", "x-a"]);
    // A server may use any order, and that is the one.
    let answered = ask(&offer_of([&a, &b]), &response(", x-b;level=\"2\" , x-a; level=1")).agreement();
    assert_eq!(names(answered.clone()), ["x-b", "x-a"]);
    assert_eq!(listed(&answered)[0], ("x-b", "; level=2".to_owned()));
    assert_eq!(answered, ask(&offer_of([&a, &b]), &response("x-b; level=2, x-a; level=1")).agreement());
    // In a response the field stands once.
    let twice = response("x-a; level=1").line(SEC_WEBSOCKET_EXTENSIONS, "x-b; level=1");
    assert_eq!(ask(&offer_of([&a, &b]), &twice).error(), HandshakeError::Repeated(SEC_WEBSOCKET_EXTENSIONS));
}

/// RFC 6455, section 9.1: what two extensions do with the same bit excludes each other.
#[test]
fn extensions_that_claim_the_same_bit_are_not_both_agreed() {
    let [a, b, c] = [
        ("x-a", ReservedBits::RSV1 | ReservedBits::RSV2),
        ("x-b", ReservedBits::RSV2 | ReservedBits::RSV3),
        ("x-c", ReservedBits::RSV3),
    ]
    .map(|(name, bits)| Level::new(name, bits, [9]));
    let all = choice([a.clone(), b.clone(), c.clone()]).extension(Deflate::new()).unwrap();
    for (list, expected) in [
        ("x-a; level=1, x-b; level=1, permessage-deflate, x-c; level=1", "x-a; level=1, x-c; level=1"),
        ("x-b; level=1, x-a; level=1, x-c; level=1, permessage-deflate", "x-b; level=1, permessage-deflate"),
        // One that is declined takes no bit.
        ("x-a, x-b; level=1", "x-b; level=1"),
    ] {
        assert_eq!(answered(&request(list), &all).0.as_deref(), Some(expected));
    }
    // A client may leave the choice to the server, which has to make one.
    let offer = [a, b, c].into_iter().fold(offer(), |offer, extension| offer.extension(extension).unwrap());
    let offer = offer.extension(Deflate::new()).unwrap();
    let fault = |name| HandshakeError::Extension(name, ExtensionFault::ReservedBits);
    for (list, name) in [
        ("x-a; level=1, x-b; level=1", "x-b"),
        ("x-b; level=1, x-c; level=1", "x-c"),
        ("x-c; level=1, x-a; level=1, permessage-deflate", "permessage-deflate"),
    ] {
        assert_eq!(ask(&offer, &response(list)).error(), fault(name), "{list}");
    }
    let agreement = ask(&offer, &response("x-c; level=1, permessage-deflate")).agreement();
    assert_eq!(agreement.reserved_bits().bits(), 0x50);
    assert_eq!(agree(&offer, &all).reserved_bits().bits(), 0x70);
}

/// The same over `http::Request` and `http::Response`.
#[cfg(feature = "http")]
#[test]
fn extensions_are_negotiated_over_the_types_of_http() {
    use switchover_handshake::{inspect, verify};

    let offer = offer().extension(Deflate::new().peer_window(10).unwrap()).unwrap().extension(level([7])).unwrap();
    let (mut request, expectations) = offer.to_request(crate::common::NONCE).unwrap();
    assert_eq!(
        request.headers()[SEC_WEBSOCKET_EXTENSIONS],
        "permessage-deflate; server_max_window_bits=10; client_max_window_bits, \
         permessage-deflate; client_max_window_bits, x-level; level=7"
    );
    let choice = choice([level([5])]).extension(Deflate::new()).unwrap();
    let proposal = inspect(&request).unwrap().unwrap();
    let (mut response, agreement) = proposal.accept_response(&choice).unwrap();
    assert_eq!(
        response.headers()[SEC_WEBSOCKET_EXTENSIONS],
        "permessage-deflate; server_max_window_bits=10, x-level; level=5"
    );
    assert_eq!(agreement.deflate().unwrap().server.window_bits, 10);
    assert_eq!(verify(&response, &expectations), Ok(agreement));

    response.headers_mut().insert(SEC_WEBSOCKET_EXTENSIONS, "permessage-deflate; x".parse().unwrap());
    assert_eq!(
        verify(&response, &expectations),
        Err(HandshakeError::Extension("permessage-deflate", ExtensionFault::UnknownParameter))
    );
    for value in ["permessage-deflate;", ""] {
        request.headers_mut().insert(SEC_WEBSOCKET_EXTENSIONS, value.parse().unwrap());
        assert_eq!(inspect(&request).unwrap_err().status(), Status::BAD_REQUEST);
    }
    request.headers_mut().remove(SEC_WEBSOCKET_EXTENSIONS);
    let (response, agreement) = inspect(&request).unwrap().unwrap().accept_response(&choice).unwrap();
    assert!(response.headers().get(SEC_WEBSOCKET_EXTENSIONS).is_none());
    assert_eq!(agreement, Agreement::default());
}
