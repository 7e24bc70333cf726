//! Negotiating extensions of any kind (RFC 6455, section 9.1), with some that are made up.
#![allow(clippy::unwrap_used, clippy::panic, reason = "the helpers of a test are tests too")]

mod common;

use std::cell::Cell;
use std::time::{Duration, Instant};

use common::{
    End, Head, NONCE, Outcome, Served, ask, ask_default, ask_pieces, offer, response_field, serve, serve_default,
};
use switchover_handshake::header::names::{CONNECTION, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use switchover_handshake::header::value::{Parameters, ValueErrorKind};
use switchover_handshake::header::{
    FieldTable, FieldsView, Framing, FramingError, Limits, RequestHead, RequestScan, RequestView, Status, Step, Version,
};
use switchover_handshake::{
    AcceptError, Agreement, Answer, Choice, ClientHandshake, ClientLimits, Deflate, Extension, ExtensionFault,
    ExtensionParameter, HandshakeError, LocalError, Offer, ParameterList, Request, ReservedBits, ServerHandshake,
    SubprotocolPolicy, inspect,
};
use switchover_testkit::alloc::measure;

/// An extension with one parameter, a level that has to be there: the server answers the smaller one of both.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Level {
    name: &'static str,
    bits: ReservedBits,
    /// A client offers all of them, a server has the largest.
    levels: Vec<u8>,
}

const LEVEL: ExtensionParameter = ExtensionParameter { name: "level", section: "the made-up standard, section 7" };

impl Level {
    fn new(name: &'static str, bits: ReservedBits, levels: impl Into<Vec<u8>>) -> Self {
        Self { name, bits, levels: levels.into() }
    }

    fn read(parameters: Parameters<'_>) -> Result<u8, ExtensionFault> {
        let mut level = None;
        for parameter in parameters {
            if parameter.name != LEVEL.name {
                return Err(ExtensionFault::UnknownParameter);
            }
            let value = parameter.value.ok_or(ExtensionFault::Value(&LEVEL))?;
            let digits: String = value.unescaped().map(char::from).collect();
            if level.replace(digits.parse().map_err(|_| ExtensionFault::Value(&LEVEL))?).is_some() {
                return Err(ExtensionFault::RepeatedParameter(&LEVEL));
            }
        }
        level.ok_or(ExtensionFault::MissingParameter(&LEVEL))
    }
}

impl Extension for Level {
    fn name(&self) -> &'static str {
        self.name
    }

    fn reserved_bits(&self) -> ReservedBits {
        self.bits
    }

    fn answer(&self, offered: Parameters<'_>) -> Option<ParameterList> {
        let level = Self::read(offered).ok()?.min(*self.levels.iter().max()?);
        Some(ParameterList::new().value(LEVEL.name, level))
    }

    fn offers(&self) -> Vec<ParameterList> {
        self.levels.iter().map(|level| ParameterList::new().value(LEVEL.name, level)).collect()
    }

    fn judge(&self, answered: Parameters<'_>) -> Result<ParameterList, ExtensionFault> {
        let level = Self::read(answered.clone())?;
        match self.levels.iter().any(|offered| level <= *offered) {
            true => Ok(answered.into()),
            false => Err(ExtensionFault::TooLarge(&LEVEL)),
        }
    }
}

fn level(levels: impl Into<Vec<u8>>) -> Level {
    Level::new("x-level", ReservedBits::RSV3, levels)
}

fn request(list: &str) -> Head {
    Head::request().line(SEC_WEBSOCKET_EXTENSIONS, list)
}

fn response(list: &str) -> Head {
    Head::response().line(SEC_WEBSOCKET_EXTENSIONS, list)
}

fn choice<const N: usize>(extensions: [Level; N]) -> Choice {
    extensions.into_iter().fold(Choice::new(), |choice, extension| choice.extension(extension).unwrap())
}

/// The field in the answer, and what is agreed.
fn answered(request: &Head, choice: &Choice) -> (Option<String>, Agreement) {
    match serve(request, choice) {
        Served::Accepted { answer, agreement, .. } => {
            let mut lines = response_field(&answer, SEC_WEBSOCKET_EXTENSIONS);
            assert!(lines.len() <= 1, "RFC 6455, section 11.3.2");
            (lines.pop(), agreement)
        }
        other => panic!("{other:?}"),
    }
}

fn listed(agreement: &Agreement) -> Vec<(&str, String)> {
    let extensions = agreement.extensions();
    extensions.map(|extension| (extension.name, ParameterList::from(extension.parameters).to_string())).collect()
}

/// What a client that makes this offer and a server that makes this choice agree on.
fn agree(offer: &Offer, choice: &Choice) -> Agreement {
    let (mut asked, mut answer) = (Vec::new(), Vec::new());
    let mut client = ClientHandshake::new(offer, NONCE, &mut asked).unwrap();
    let mut server = ServerHandshake::default();
    let Ok(Step::Done { value: Request::WebSocket(proposal), .. }) = server.receive(&asked) else { panic!() };
    let agreement = proposal.accept(choice, &mut answer).unwrap();
    match client.receive(&answer) {
        Ok(Step::Done { value: Answer::Accepted { agreement: theirs, .. }, .. }) => {
            assert_eq!(theirs, agreement);
        }
        other => panic!("{other:?}"),
    }
    agreement
}

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
    assert_eq!(agree(&common::offer(), &choice([level([1])])), Agreement::default());

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

/// Requirement 38. A field that breaks the grammar fails the handshake, wherever in the list it does.
#[test]
fn a_list_that_breaks_its_grammar_fails_the_handshake() {
    let choice = choice([level([5])]).extension(Deflate::new()).unwrap();
    let offer = offer().extension(level([5])).unwrap();
    for broken in
        ["", ",", "a b", "a;", "a; ;b", "a;;b", "a; b=", "a; =c", "a; b c", "\"a\"", "a/1", "a; b=\"c\"d", "a; b=\"c"]
    {
        let lists = match broken {
            "" | "," => vec![broken.to_owned()],
            _ => vec![broken.to_owned(), format!("x-level; level=1, {broken}"), format!("{broken}, x-level; level=1")],
        };
        for list in lists {
            let refusal = serve(&request(&list), &choice).refusal();
            assert_eq!(refusal.status(), Status::BAD_REQUEST, "{list}");
            let malformed = |error| matches!(error, HandshakeError::Malformed(SEC_WEBSOCKET_EXTENSIONS, Some(_)));
            assert!(refusal.error().copied().is_some_and(malformed), "{list}");
            // Whoever speaks no extension refuses it too.
            assert_eq!(serve_default(&request(&list)), Served::Refused(refusal), "{list}");
            assert!(malformed(ask(&offer, &response(&list)).error()), "{list}");
        }
    }
}

/// Requirement 39. A quoted value unescapes to a token, and is that token.
#[test]
fn a_quoted_value_is_a_token() {
    let choice = choice([level([5])]);
    let offer = offer().extension(level([5])).unwrap();
    for value in ["4", "\"4\"", "\"\\4\""] {
        let list = format!("x-level; level={value}");
        let (line, agreement) = answered(&request(&list), &choice);
        assert_eq!(line.as_deref(), Some("x-level; level=4"), "{list}");
        assert_eq!(ask(&offer, &response(&list)).agreement(), agreement, "{list}");
    }
    for value in ["\"\"", "\" \"", "\"4 \"", "\"4,\"", "\"4;\"", "\"\\\"\"", "\"\\\\\"", "\"caf\u{e9}\""] {
        let list = format!("x-level; level={value}");
        for error in [serve(&request(&list), &choice).error(), ask(&offer, &response(&list)).error()] {
            let HandshakeError::Malformed(SEC_WEBSOCKET_EXTENSIONS, Some(error)) = error else { panic!("{error}") };
            assert_eq!(error.kind(), ValueErrorKind::Extension, "{list}");
        }
    }
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

/// A head that counts the bytes of all values it gives out.
struct Counted<'b> {
    head: RequestHead<'b>,
    given: Cell<usize>,
}

impl FieldsView for Counted<'_> {
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + Clone + 'a {
        self.head.values(name).inspect(|value| self.given.set(self.given.get() + value.len()))
    }

    fn lines(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.head.lines().inspect(|(_, value)| self.given.set(self.given.get() + value.len()))
    }
}

impl RequestView for Counted<'_> {
    fn method(&self) -> &str {
        self.head.method()
    }

    fn path(&self) -> &str {
        self.head.path()
    }

    fn scheme(&self) -> Option<&str> {
        self.head.scheme()
    }

    fn authority(&self) -> Option<&str> {
        self.head.authority()
    }

    fn version(&self) -> Version {
        self.head.version()
    }

    fn framing(&self) -> Result<Framing, FramingError> {
        Ok(self.head.framing())
    }
}

/// Attack 19. White space and quoted-strings without end in lists of extensions and subprotocols (ws CVE-2021-32640), and in
/// Connection and Upgrade (Deno CVE-2023-26103): the work is linear in the bytes. At this length anything else takes minutes.
#[test]
fn floods_in_lists_are_linear() {
    const LENGTH: usize = 1 << 20;
    let policy = SubprotocolPolicy::server_order(["chat"]).unwrap();
    let choice = choice([level([5])]).subprotocols(policy).extension(Deflate::new()).unwrap();
    let offer = offer().extension(level([5])).and_then(|offer| offer.extension(Deflate::new())).unwrap();
    let limits = Limits { value: usize::MAX, head: usize::MAX, ..Limits::default() };
    let flood = |front: &str, part: &str, back: &str| format!("{front}{}{back}", part.repeat(LENGTH / part.len()));
    let started = Instant::now();
    for (name, value) in [
        (CONNECTION, flood("Upgrade,", " ", "x")),
        (CONNECTION, flood("\"", "\\ ", "")),
        (UPGRADE, flood("websocket", "\t", "x")),
        (SEC_WEBSOCKET_PROTOCOL, flood("b", " ", "x")),
        (SEC_WEBSOCKET_PROTOCOL, flood("chat,", "\t", "x")),
        (SEC_WEBSOCKET_PROTOCOL, flood("chat", ",\t ", "")),
        (SEC_WEBSOCKET_PROTOCOL, flood("\"", "\\\"", "")),
        (SEC_WEBSOCKET_EXTENSIONS, flood("a", " ", "b")),
        (SEC_WEBSOCKET_EXTENSIONS, flood("permessage-deflate", " ", ";server_no_context_takeover")),
        (SEC_WEBSOCKET_EXTENSIONS, flood("a; b=\"", "\\c", "")),
        (SEC_WEBSOCKET_EXTENSIONS, flood("x-level; level=\"", "\\1", "\"")),
        (SEC_WEBSOCKET_EXTENSIONS, flood("permessage-deflate; server_max_window_bits=\"", "\\1", "\"")),
        (SEC_WEBSOCKET_EXTENSIONS, flood("", "\",", "")),
        (SEC_WEBSOCKET_EXTENSIONS, flood("a", ";b", "")),
        (SEC_WEBSOCKET_EXTENSIONS, flood("permessage-deflate", ";server_no_context_takeover", "")),
        (SEC_WEBSOCKET_EXTENSIONS, flood("x-level;level=4", ",x-level;level=5", "")),
        (SEC_WEBSOCKET_EXTENSIONS, flood("permessage-deflate;x", ",permessage-deflate;x", "")),
        (SEC_WEBSOCKET_EXTENSIONS, flood("permessage-deflate", ",x-level", "")),
    ] {
        let bytes = Head::request().with(name, &value).to_bytes();
        let mut fields = FieldTable::<8>::new();
        let mut scan = RequestScan::new(limits);
        let Ok(Step::Done { value: head, .. }) = scan.scan(&bytes, &mut fields) else { panic!("{name}") };
        let view = Counted { head, given: Cell::new(0) };
        if let Ok(Some(proposal)) = inspect(&view) {
            let _ = proposal.accept(&choice, &mut Vec::new());
        }
        let given = view.given.get();
        assert!((LENGTH / 2..=8 * LENGTH).contains(&given), "{name}: {given}");

        let bytes = Head::response().with(name, &value).to_bytes();
        let limits = ClientLimits { head: limits, ..ClientLimits::default() };
        assert_ne!(ask_pieces(&offer, limits, &[&bytes], End::Open).outcome, Outcome::NeedMore);
    }
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
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

/// What an extension says wrongly is its author's mistake, and nothing is written.
#[test]
fn what_cannot_stand_in_the_field_is_an_error() {
    #[derive(Debug, PartialEq, Eq)]
    struct Careless(&'static str, ParameterList);

    impl Extension for Careless {
        fn name(&self) -> &'static str {
            self.0
        }

        fn answer(&self, _: Parameters<'_>) -> Option<ParameterList> {
            Some(self.1.clone())
        }

        fn offers(&self) -> Vec<ParameterList> {
            vec![ParameterList::new(), self.1.clone()]
        }

        fn judge(&self, _: Parameters<'_>) -> Result<ParameterList, ExtensionFault> {
            Ok(self.1.clone())
        }
    }

    struct Broken;

    impl std::fmt::Display for Broken {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("x")?;
            Err(std::fmt::Error)
        }
    }

    let none = ParameterList::new;
    for name in ["", "a b", "a;", "a,b", "a\r\nb", "caf\u{e9}", "\"a\""] {
        assert_eq!(Choice::new().extension(Careless(name, none())), Err(LocalError::Extension), "{name}");
        assert_eq!(offer().extension(Careless(name, none())), Err(LocalError::Extension), "{name}");
        for list in [none().flag(name), none().value("a", name), none().value(name, 1).flag("b")] {
            assert_eq!(offer().extension(Careless("a", list.clone())), Err(LocalError::ExtensionParameter), "{name}");
            let choice = Choice::new().extension(Careless("a", list)).unwrap();
            let bytes = request("a").to_bytes();
            let mut server = ServerHandshake::default();
            let Ok(Step::Done { value: Request::WebSocket(proposal), .. }) = server.receive(&bytes) else { panic!() };
            let mut out = Vec::new();
            let error = proposal.accept(&choice, &mut out).unwrap_err();
            assert_eq!(error, AcceptError::Local(LocalError::ExtensionParameter));
            assert!(out.is_empty());
            assert_eq!(error.into_refusal().status(), Status::INTERNAL_SERVER_ERROR);
        }
    }
    let broken = none().value("a", Broken);
    assert_eq!(offer().extension(Careless("a", broken)), Err(LocalError::ExtensionParameter));

    /// Offers well and judges carelessly.
    #[derive(Debug, PartialEq, Eq)]
    struct Late;

    impl Extension for Late {
        fn name(&self) -> &'static str {
            "x-late"
        }

        fn answer(&self, _: Parameters<'_>) -> Option<ParameterList> {
            None
        }

        fn offers(&self) -> Vec<ParameterList> {
            vec![ParameterList::new()]
        }

        fn judge(&self, _: Parameters<'_>) -> Result<ParameterList, ExtensionFault> {
            Ok(ParameterList::new().flag("a b"))
        }
    }

    assert_eq!(
        ask(&offer().extension(Late).unwrap(), &response("x-late")).error(),
        HandshakeError::Extension("x-late", ExtensionFault::OwnParameter)
    );
    assert_eq!(answered(&request("x-late"), &Choice::new().extension(Late).unwrap()).0, None);

    // One of a name.
    let twice = LocalError::RepeatedExtension;
    assert_eq!(choice([level([1])]).extension(Careless("x-level", none())), Err(twice));
    assert_eq!(offer().extension(Deflate::new()).unwrap().extension(Deflate::new()), Err(twice));
    for error in [twice, LocalError::Extension, LocalError::ExtensionParameter, LocalError::WindowBits] {
        assert!(error.to_string().contains("permessage-deflate") || error.to_string().contains("extension"), "{error}");
    }
}

/// Every fault says which extension, what of it and by which section.
#[test]
fn faults_name_what_they_are_of() {
    for (fault, text) in [
        (ExtensionFault::Repeated, "x is there more than once (RFC 6455, section 9.1)"),
        (ExtensionFault::ReservedBits, "x uses a reserved bit that another extension uses (RFC 6455, section 9.1)"),
        (ExtensionFault::UnknownParameter, "x has a parameter that it cannot have (RFC 6455, section 9.1)"),
        (ExtensionFault::OwnParameter, "x has a parameter of this side's that is no token (RFC 6455, section 9.1)"),
        (ExtensionFault::RepeatedParameter(&LEVEL), "x has level more than once (the made-up standard, section 7)"),
        (
            ExtensionFault::MissingParameter(&LEVEL),
            "x lacks level, which was offered (the made-up standard, section 7)",
        ),
        (
            ExtensionFault::Value(&LEVEL),
            "x has level without a value that it can have (the made-up standard, section 7)",
        ),
        (ExtensionFault::NotOffered(&LEVEL), "x has level, which was not offered (the made-up standard, section 7)"),
        (ExtensionFault::TooLarge(&LEVEL), "x has level above the value offered (the made-up standard, section 7)"),
        (
            ExtensionFault::CannotObey(&LEVEL),
            "x has level below what this side can keep to (the made-up standard, section 7)",
        ),
    ] {
        let error = HandshakeError::Extension("x", fault);
        assert_eq!(error.to_string(), format!("in Sec-WebSocket-Extensions, {text}"));
        assert_eq!(fault.parameter().is_some(), text.contains("level"));
    }
}

/// Choices and offers are the same where their extensions are.
#[test]
fn extensions_compare_by_value() {
    let of = |levels: [u8; 2]| choice([level(levels)]).extension(Deflate::new()).unwrap();
    assert_eq!(of([1, 2]), of([1, 2]));
    assert_ne!(of([1, 2]), of([1, 3]));
    assert_ne!(of([1, 2]), choice([level([1, 2])]));
    assert_ne!(choice([level([1])]), Choice::new().extension(Deflate::new()).unwrap());
    let of = |levels: [u8; 2]| offer().extension(level(levels)).unwrap();
    assert_eq!(of([1, 2]), of([1, 2]).clone());
    assert_ne!(of([1, 2]), of([2, 1]));
    assert_eq!(of([1, 2]).expectations(NONCE), of([1, 2]).expectations(NONCE));
    assert_ne!(of([1, 2]).expectations(NONCE), offer().expectations(NONCE));
}

/// Nothing agreed is nothing allocated; what is agreed is kept once.
#[test]
fn an_agreement_allocates_what_is_agreed() {
    let choice = choice([level([5])]).extension(Deflate::new()).unwrap();
    let accepting = |list: &str| {
        let request = request(list).to_bytes();
        let mut output = Vec::with_capacity(1024);
        let (agreement, allocations) = measure(|| {
            let mut handshake = ServerHandshake::default();
            match handshake.receive(&request) {
                Ok(Step::Done { value: Request::WebSocket(proposal), .. }) => {
                    proposal.accept(&choice, &mut output).unwrap()
                }
                other => panic!("{other:?}"),
            }
        });
        (agreement.extensions().count(), allocations)
    };
    let (agreed, allocations) = accepting("unknown; a=b, permessage-deflate; unknown, x-level");
    assert_eq!((agreed, allocations.count, allocations.live), (0, 0, 0));
    let (agreed, allocations) = accepting("permessage-deflate; client_max_window_bits");
    assert_eq!((agreed, allocations.count, allocations.live), (1, 1, "permessage-deflate".len() as i64));

    let offer = offer().extension(Deflate::new()).unwrap();
    for (response, expected) in [(Head::response(), 0), (response("permessage-deflate"), 1)] {
        let bytes = response.to_bytes();
        let mut handshake = ClientHandshake::new(&offer, NONCE, &mut Vec::new()).unwrap();
        let (accepted, allocations) = measure(|| matches!(handshake.receive(&bytes), Ok(Step::Done { .. })));
        assert!(accepted);
        assert_eq!(allocations.count, expected);
    }
}

/// The same over `http::Request` and `http::Response`.
#[cfg(feature = "http")]
#[test]
fn extensions_are_negotiated_over_the_types_of_http() {
    let offer = offer().extension(Deflate::new().peer_window(10).unwrap()).unwrap().extension(level([7])).unwrap();
    let (mut request, expectations) = offer.to_request(NONCE).unwrap();
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
    assert_eq!(switchover_handshake::verify(&response, &expectations), Ok(agreement));

    response.headers_mut().insert(SEC_WEBSOCKET_EXTENSIONS, "permessage-deflate; x".parse().unwrap());
    assert_eq!(
        switchover_handshake::verify(&response, &expectations),
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
