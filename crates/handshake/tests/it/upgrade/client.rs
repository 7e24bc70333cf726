//! What a client does with the answers to its requests to switch to other protocols (RFC 9110, section 7.8), each under
//! every split.

use switchover_handshake::header::names::{
    CAPSULE_PROTOCOL, CONNECTION, CONTENT_LENGTH, EXPECT, HTTP2_SETTINGS, TRANSFER_ENCODING, UPGRADE,
};
use switchover_handshake::header::value::Product;
use switchover_handshake::header::{ResponseView, Step};
use switchover_handshake::{
    Answer, Attempt, ClientHandshake, ClientLimits, HandshakeError, LocalError, Protocol, Switched,
    UpgradeExpectations, UpgradeOffer, is_actionable,
};
use switchover_testkit::split;

use crate::common::upgrade::{Answered, Asked, ask, ask_pieces};
use crate::common::{End, Head};

/// A protocol of this name with no rules of its own.
fn bare(name: &'static str) -> Protocol {
    Protocol::new(name).unwrap()
}

fn offer(protocols: impl IntoIterator<Item = Protocol>) -> UpgradeOffer {
    let offer = UpgradeOffer::new("GET", "/hello", "example.com").unwrap();
    protocols.into_iter().try_fold(offer, UpgradeOffer::protocol).unwrap()
}

fn switching(upgrade: impl AsRef<[u8]>) -> Head {
    Head::new("HTTP/1.1 101 Switching Protocols").line(UPGRADE, upgrade).line(CONNECTION, "Upgrade")
}

fn written(offer: &UpgradeOffer) -> Result<String, LocalError> {
    let mut out = Vec::new();
    let outcome = ClientHandshake::upgrade(offer, &mut out).map(drop);
    assert!(outcome.is_ok() || out.is_empty(), "nothing is written on an error");
    outcome.map(|()| String::from_utf8(out).unwrap())
}

fn ask_offer(offer: &UpgradeOffer, response: &Head) -> Asked<Switched> {
    let whole = ask(&offer.expectations(), &response.to_bytes(), End::Open);
    let followed = split::with_trailing(&response.to_bytes(), b"early");
    let followed = ask_pieces(offer.expectations(), ClientLimits::default(), &[&followed], End::Open);
    if let Answered::Accepted { .. } = whole.answer {
        assert_eq!((&followed.answer, &followed.rest[..]), (&whole.answer, &b"early"[..]));
    }
    whole
}

fn protocols(switched: &Switched) -> Vec<&str> {
    switched.protocols().collect()
}

/// Requirement 4. RFC 9110, section 7.8: Upgrade in the order of preference, each version an element, and Connection
/// with it, which names the fields that go no further as well.
#[test]
fn the_request_is_as_the_standard_has_it() {
    let offered = offer([bare("IRC").versions(&["6.9", "6.8"]), bare("any").any_version(), bare("foo")]);
    assert_eq!(
        written(&offered.field("Cookie", "a=b").unwrap()).unwrap(),
        "GET /hello HTTP/1.1\r\n\
         Host: example.com\r\n\
         Upgrade: IRC/6.9, IRC/6.8, any, foo\r\n\
         Connection: Upgrade\r\n\
         Cookie: a=b\r\n\
         \r\n"
    );
    let h2c = UpgradeOffer::new("OPTIONS", "*", "a:80").unwrap().protocol(Protocol::h2c()).unwrap();
    assert_eq!(
        written(&h2c.field(HTTP2_SETTINGS, "AAMAAABkAAQAAP__").unwrap()).unwrap(),
        "OPTIONS * HTTP/1.1\r\nHost: a:80\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n\
         HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
    );
}

/// Content goes with the request, or is announced.
#[test]
fn content_is_written_or_announced() {
    let offer = || UpgradeOffer::new("POST", "/x", "a").unwrap().protocol(Protocol::docker()).unwrap();
    let start = "POST /x HTTP/1.1\r\nHost: a\r\nUpgrade: tcp\r\nConnection: Upgrade\r\n";
    for (offer, expected) in [
        (offer(), ""),
        (offer().content("{}"), "Content-Length: 2\r\n\r\n{}"),
        (offer().content(""), "Content-Length: 0\r\n\r\n"),
        (offer().content_to_follow(Some(2)), "Content-Length: 2\r\n\r\n"),
        (offer().content_to_follow(None), "Transfer-Encoding: chunked\r\n\r\n"),
        (
            offer().content_to_follow(None).expect_continue(),
            "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
        ),
        // RFC 9110, section 10.1.1: no such expectation without content to follow.
        (offer().content("{}").expect_continue(), "Content-Length: 2\r\n\r\n{}"),
        (offer().content_to_follow(Some(0)).expect_continue(), "Content-Length: 0\r\n\r\n"),
    ] {
        let expected = if expected.is_empty() { "\r\n" } else { expected };
        assert_eq!(written(&offer).unwrap(), format!("{start}{expected}"));
    }
}

/// What a server with the same rules would refuse is not written.
#[test]
fn an_offer_is_as_its_protocols_have_it() {
    let new = |method| UpgradeOffer::new(method, "/x", "a").unwrap();
    assert_eq!(written(&new("GET")), Err(LocalError::NoProtocol));
    assert_eq!(new("GET").protocol(Protocol::docker()).err(), Some(LocalError::Method));
    assert_eq!(new("GET").protocol(Protocol::websocket()).err(), Some(LocalError::WebSocket));
    assert_eq!(new("GET").protocol(bare("HTTP").versions(&["2.0", "3.0"])).err(), Some(LocalError::Protocol));
    for version in ["a b", "", "1/2", "a\r\nb"] {
        let versions = Vec::leak(vec![version]);
        assert_eq!(new("GET").protocol(bare("a").versions(versions)).err(), Some(LocalError::Protocol), "{version}");
    }
    let twice = new("GET").protocol(bare("a")).unwrap().protocol(bare("A"));
    assert_eq!(twice.err(), Some(LocalError::RepeatedProtocol));

    let udp = offer([Protocol::connect_udp()]);
    let required = Err(LocalError::RequiredField(CAPSULE_PROTOCOL));
    assert_eq!(written(&udp), required);
    assert_eq!(written(&udp.clone().field(CAPSULE_PROTOCOL, "?0").unwrap()), required);
    let good = udp.field(CAPSULE_PROTOCOL, "?1").unwrap();
    assert!(written(&good).is_ok());
    assert_eq!(written(&good.clone().field(CAPSULE_PROTOCOL, "?1").unwrap()), required);
    assert_eq!(written(&good.clone().protocol(bare("a")).unwrap()), Err(LocalError::NotAlone));
    assert_eq!(written(&good.clone().content("x")), Err(LocalError::Content));
    assert_eq!(written(&good.content_to_follow(None)), Err(LocalError::Content));
    let docker = new("POST").protocol(Protocol::docker().reads_content(3)).unwrap();
    assert!(written(&docker.clone().content("abc")).is_ok());
    assert_eq!(written(&docker.clone().content("abcd")), Err(LocalError::Content));
    assert_eq!(written(&docker.content_to_follow(Some(4))), Err(LocalError::Content));
}

/// No builder lets a line be injected, or one of the request's own be written twice.
#[test]
fn an_offer_takes_valid_parts_only() {
    for (method, target, host, error) in [
        ("G T", "/", "a", LocalError::Method),
        ("", "/", "a", LocalError::Method),
        ("GET", "", "a", LocalError::Target),
        ("GET", "/ HTTP/1.1\r\nX: y", "a", LocalError::Target),
        ("GET", "*", "a", LocalError::Target),
        ("GET", "x", "a", LocalError::Target),
        ("GET", "/", "a b", LocalError::Host),
        ("GET", "/", "a\r\nX: y", LocalError::Host),
        ("GET", "/", "a:x", LocalError::Host),
        ("GET", "/", "user@a", LocalError::Host),
    ] {
        assert_eq!(UpgradeOffer::new(method, target, host).err(), Some(error), "{method} {target} {host}");
    }
    for name in ["Host", "upgrade", "Connection", "Content-Length", "transfer-encoding", "Expect"] {
        assert_eq!(offer([]).field(name, "x").err(), Some(LocalError::ReservedField), "{name}");
    }
    assert_eq!(offer([]).field("X", "x\r\nY: z").err(), Some(LocalError::FieldValue));
    assert_eq!(offer([]).field("X:", "x").err(), Some(LocalError::FieldName));
    // A credential in a query, in a field or in content does not get into a log.
    let secret =
        UpgradeOffer::new("POST", "/x?secret", "a").unwrap().field("Cookie", "secret").unwrap().content("secret");
    assert!(!format!("{secret:?}").contains("secret"), "{secret:?}");
}

/// Requirements 3, 26. RFC 9110, section 7.8: a 101 names what was offered and nothing else, the lowest layer first,
/// and Connection has `upgrade` on any of its lines.
#[test]
fn a_101_names_what_was_offered() {
    let offered = offer([bare("a"), bare("b").versions(&["1", "2"]), bare("any").any_version()]);
    for (upgrade, expected) in [
        ("a", vec!["a"]),
        ("A", vec!["A"]),
        ("B/2", vec!["B/2"]),
        (", b/1 ,, a", vec!["b/1", "a"]),
        ("any", vec!["any"]),
    ] {
        let switched = ask_offer(&offered, &switching(upgrade)).agreement();
        assert_eq!(protocols(&switched), expected);
    }
    let lines = switching("b/1").line(UPGRADE, "a").with(CONNECTION, "x").line(CONNECTION, "keep-alive, UPGRADE");
    assert_eq!(protocols(&ask_offer(&offered, &lines).agreement()), ["b/1", "a"]);

    for upgrade in ["c", "a, c", "b", "b/3", "b/1.0", "a/1", "any/7", "a, A", "b/1, b/1", "HTTP/1.1", "a, HTTP/1.1"] {
        let error = ask_offer(&offered, &switching(upgrade)).error();
        assert_eq!((error, error.field()), (HandshakeError::ProtocolNotOffered, Some(UPGRADE)), "{upgrade}");
    }
    assert_eq!(ask_offer(&offered, &switching("").without(UPGRADE)).error(), HandshakeError::Missing(&[UPGRADE]));
    for upgrade in [&b""[..], b",", b"a b", b"\"a\"", b"a/", b"\xff"] {
        let error = ask_offer(&offered, &switching(upgrade)).error();
        assert!(matches!(error, HandshakeError::Malformed(UPGRADE, _)), "{error}");
    }
    let bare_101 = switching("a").without(CONNECTION);
    assert_eq!(ask_offer(&offered, &bare_101).error(), HandshakeError::Missing(&[CONNECTION]));
    for connection in [&b"keep-alive"[..], b"no-upgrade", b"", b"\xff"] {
        let error = ask_offer(&offered, &switching("a").with(CONNECTION, connection)).error();
        assert_eq!(error, HandshakeError::Mismatch(CONNECTION));
    }
    let old = switching("a").start_line("HTTP/1.0 101 Switching Protocols");
    assert_eq!(ask_offer(&offered, &old).error(), HandshakeError::ResponseVersion);
}

/// Requirement 3. RFC 2817, section 3.3: the current protocol may stand above TLS, and above nothing else.
#[test]
fn tls_may_carry_the_current_protocol() {
    let offered = offer([Protocol::tls(), bare("a")]);
    for upgrade in ["TLS/1.0, HTTP/1.1", "tls/1.3, http/1.1", "TLS/1.2"] {
        let switched = ask_offer(&offered, &switching(upgrade)).agreement();
        assert!(switched.request_is_answered());
        assert_eq!(protocols(&switched).join(", "), upgrade);
    }
    for upgrade in ["HTTP/1.1, TLS/1.0", "TLS/1.0, HTTP/1.0", "TLS/1.0, HTTP/1.1, a", "a, HTTP/1.1", "TLS/1.4"] {
        assert_eq!(ask_offer(&offered, &switching(upgrade)).error(), HandshakeError::ProtocolNotOffered, "{upgrade}");
    }
}

/// Requirement 29. All fields of the 101 are surfaced, those that repeat included.
#[test]
fn the_fields_of_the_101_are_surfaced() {
    let response = switching("a").line("Set-Cookie", "a=b").line("Set-Cookie", "c=d").line("Content-Type", "x/y");
    let Answered::Accepted { agreement, fields } = ask_offer(&offer([bare("a")]), &response).answer else { panic!() };
    assert!(!agreement.request_is_answered());
    let value = |number: usize| std::str::from_utf8(&fields[number].1).unwrap();
    assert_eq!((fields.len(), value(2), value(3), value(4)), (5, "a=b", "c=d", "x/y"));
}

/// Requirements 7, 24. RFC 9110, section 7.8: there is no switch in the middle of the request; a final response before
/// its end is an answer.
#[test]
fn nothing_switches_before_the_request_is_complete() {
    let offer = UpgradeOffer::new("POST", "/x", "a").unwrap().protocol(Protocol::docker()).unwrap();
    let offer = offer.content_to_follow(Some(2)).expect_continue();
    let response = switching("tcp");
    assert_eq!(ask_offer(&offer, &response).error(), HandshakeError::SwitchedEarly);
    let early = ask(&offer.expectations(), b"HTTP/1.1 413 x\r\nContent-Length: 2\r\n\r\nnonext", End::Open);
    assert_eq!((early.rest.clone(), early.refused()), (b"next".to_vec(), (413, b"no".to_vec(), false)));

    let mut handshake = ClientHandshake::upgrade(&offer, &mut Vec::new()).unwrap();
    let go_on = b"HTTP/1.1 100 Continue\r\n\r\n";
    assert!(matches!(handshake.receive(go_on), Ok(Step::Done { value: Answer::Interim(_), consumed: 25 })));
    handshake.content_sent();
    let response = response.to_bytes();
    assert!(matches!(handshake.receive(&response), Ok(Step::Done { value: Answer::Accepted { .. }, .. })));
}

/// Requirement 12. Attack 33. RFC 9110, section 15.2: interim responses come one by one, up to a limit.
#[test]
fn interim_responses_are_given_and_capped() {
    let offered = offer([bare("a")]);
    let interim = Head::new("HTTP/1.1 100 Continue").to_bytes();
    let hints = Head::new("HTTP/1.1 103 Early Hints").line("Link", "</a>").to_bytes();
    let response = [&interim[..], &hints, &switching("a").to_bytes()].concat();
    let asked = ask(&offered.expectations(), &response, End::Open);
    assert_eq!(asked.interim, [100, 103]);
    assert_eq!(protocols(&asked.agreement()), ["a"]);
    let limits = ClientLimits { interim: 3, ..ClientLimits::default() };
    let asked = ask_pieces(offered.expectations(), limits, &[&interim.repeat(1_000)], End::Open);
    assert_eq!((asked.interim.len(), asked.error()), (3, HandshakeError::TooManyInterim));
}

/// Requirement 25. Attack 24. Any other status is an answer of HTTP, with its fields and its framed content: nothing
/// but a whole 101 switches.
#[test]
fn any_other_status_is_an_answer_with_its_content() {
    let offered = offer([bare("a")]);
    for status in ["200 OK", "201 Created", "401 Unauthorized", "302 Found", "426 Upgrade Required", "501 "] {
        let head = switching("a").start_line(format!("HTTP/1.1 {status}")).line(CONTENT_LENGTH, "2").to_bytes();
        let asked = ask(&offered.expectations(), &[&head[..], b"nonext"].concat(), End::Open);
        assert_eq!(asked.rest, b"next");
        assert_eq!(asked.refused(), (status[..3].parse().unwrap(), b"no".to_vec(), false));
    }
    let until_close = switching("a").start_line("HTTP/1.1 200 OK").to_bytes();
    let asked = ask(&offered.expectations(), &[&until_close[..], b"body"].concat(), End::Closed);
    assert_eq!(asked.refused(), (200, b"body".to_vec(), false));
    // Nobody asked for this one.
    let error = ask(&offered.expectations(), &switching("websocket").to_bytes(), End::Open).error();
    assert_eq!(error, HandshakeError::ProtocolNotOffered);
}

/// Requirement 25. RFC 9112, sections 6.3 and 7.1: content in chunks is given without them, as far as the limit goes,
/// and what is behind it is not touched.
#[test]
fn content_in_chunks_is_decoded_and_bounded() {
    let attempt = offer([bare("a")]).expectations();
    let head = b"HTTP/1.1 503 x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let refused = |body: &[u8], end| {
        let asked = ask(&attempt, &[&head[..], body].concat(), end);
        let rest = asked.rest.clone();
        let (_, body, truncated) = asked.refused();
        (body, truncated, rest)
    };
    let whole = b"5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nDigest: x\r\n\r\nnext";
    assert_eq!(refused(whole, End::Open), (b"hello world".to_vec(), false, b"next".to_vec()));
    assert_eq!(refused(b"0\r\n\r\nnext", End::Open), (vec![], false, b"next".to_vec()));
    // Cut short by the end of the connection, its trailers included.
    for cut in
        ["", "5", "5\r\nhel", "5\r\nhello", "5\r\nhello\r\n", "5\r\nhello\r\n0\r\n", "5\r\nhello\r\n0\r\nA: b\r\n"]
    {
        let (body, truncated, _) = refused(cut.as_bytes(), End::Closed);
        assert!(truncated && b"hello".starts_with(&body), "{cut}");
        assert_eq!(ask(&attempt, &[head, cut.as_bytes()].concat(), End::Open).answer, Answered::NeedMore);
    }
    // Malformed: what came before is there, and what comes behind is nobody's.
    for (body, data) in [(&b"z"[..], &b""[..]), (b"2\r\nhex", b"he"), (b"2\r\nhe\r\n0\r\nA : b\r\n\r\n", b"he")] {
        let (found, truncated, _) = refused(body, End::Open);
        assert_eq!((&found[..], truncated), (data, true), "{}", body.escape_ascii());
    }
    // The limit counts the bytes as they are sent.
    let limits = |refusal_body| ClientLimits { refusal_body, ..ClientLimits::default() };
    let body = b"2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n";
    for limit in 0..=body.len() + 1 {
        let response = [&head[..], body].concat();
        let whole = ask_pieces(attempt.clone(), limits(limit), &[&response], End::Open);
        split::for_every_split(&response, |pieces| {
            let asked = ask_pieces(attempt.clone(), limits(limit), pieces, End::Open);
            assert_eq!(asked.answer, whole.answer, "{limit}");
        });
        let (_, found, truncated) = whole.refused();
        assert_eq!(truncated, limit < body.len(), "{limit}");
        assert!(b"abcd".starts_with(&found) && (truncated || found == b"abcd"));
    }
}

/// A chunked refusal that drips costs no second look at what was decoded, and a second one behind it is read as well.
#[test]
fn a_chunked_refusal_is_read_once_and_leaves_nothing_behind() {
    let mut handshake = ClientHandshake::upgrade(&offer([bare("a")]), &mut Vec::new()).unwrap();
    let response = b"HTTP/1.1 503 x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n".to_vec();
    let head = response.len() - 12;
    assert!(matches!(handshake.receive(&response[..head]), Ok(Step::NeedMore { .. })));
    for end in head..response.len() {
        // Who looked at the bytes again would find none.
        let mut spoilt = response[..end].to_vec();
        spoilt[..end - 1].fill(0);
        assert!(matches!(handshake.receive(&spoilt), Ok(Step::NeedMore { .. })), "{end}");
    }
    for _ in 0..2 {
        let Ok(Step::Done { value: Answer::Refused(refused), consumed }) = handshake.receive(&response) else {
            panic!()
        };
        assert_eq!((refused.body, refused.truncated, consumed), (&b"no"[..], false, response.len()));
    }
    let response = switching("a").to_bytes();
    assert!(matches!(handshake.receive(&response), Ok(Step::Done { value: Answer::Accepted { .. }, .. })));
}

/// Requirements 10, 11, 19. RFC 9110, sections 7.8 and 15.5.22: what a response advertises is told, on a 426 and on any
/// other; a version of HTTP on another transport is told too, and is nothing to act on. Nothing is switched, and the
/// connection stays one of HTTP.
#[test]
fn what_a_server_advertises_is_told() {
    let offered = offer([bare("a")]);
    for start_line in ["HTTP/1.1 426 Upgrade Required", "HTTP/1.1 200 OK"] {
        let advertising = Head::new(start_line).line(UPGRADE, "HTTP/3.0, TLS/1.2").line(UPGRADE, "websocket, @@, b/2");
        let advertising = advertising.line(CONTENT_LENGTH, "2");
        let nominated = [&advertising.clone().line(CONNECTION, "upgrade").to_bytes()[..], b"no"].concat();
        let mut asked = ask(&offered.expectations(), &nominated, End::Open);
        let Answered::Refused { upgrade, body, .. } = &mut asked.answer else { panic!("{asked:?}") };
        assert_eq!((&upgrade.join(" "), &body[..]), (&"HTTP/3.0 TLS/1.2 websocket b/2".to_owned(), &b"no"[..]));
        // Without the connection option it means nothing.
        let asked = ask(&offered.expectations(), &[&advertising.to_bytes()[..], b"no"].concat(), End::Open);
        assert!(matches!(asked.answer, Answered::Refused { upgrade, .. } if upgrade.is_empty()));
    }
    for (name, version, actionable) in [
        ("HTTP", Some("3.0"), false),
        ("http", Some("3"), false),
        ("HTTP", Some("10"), false),
        ("HTTP", Some("2.0"), true),
        ("HTTP", Some("1.1"), true),
        ("HTTP", None, true),
        ("TLS", Some("3.0"), true),
    ] {
        assert_eq!(is_actionable(&Product { name, version }), actionable, "{name} {version:?}");
    }
}

/// Docker answers 200 where a proxy has removed Upgrade. It is taken for the switch only where that was asked for, and
/// only without framing.
#[test]
fn a_200_without_framing_is_the_switch_where_the_client_says_so() {
    let new = |protocol| UpgradeOffer::new("POST", "/x", "a").unwrap().protocol(protocol).unwrap();
    let lenient = new(Protocol::docker().success_without_switch());
    let raw = Head::new("HTTP/1.1 200 OK").line("Content-Type", "application/vnd.docker.raw-stream");
    let switched = ask_offer(&lenient, &raw).agreement();
    assert_eq!(protocols(&switched), ["tcp"]);
    for framed in [raw.clone().line(CONTENT_LENGTH, "0"), raw.clone().line(TRANSFER_ENCODING, "chunked")] {
        let asked = ask(&lenient.expectations(), &[&framed.to_bytes()[..], b"0\r\n\r\n"].concat(), End::Open);
        assert_eq!(asked.refused(), (200, vec![], false));
    }
    let created = raw.clone().start_line("HTTP/1.1 201 Created").to_bytes();
    assert_eq!(ask(&lenient.expectations(), &created, End::Closed).refused().0, 201);
    let unsent = lenient.content_to_follow(None);
    assert_eq!(ask(&unsent.expectations(), &raw.to_bytes(), End::Closed).refused().0, 200);
    let strict = new(Protocol::docker());
    assert_eq!(ask(&strict.expectations(), &raw.to_bytes(), End::Closed).refused().0, 200);
}

/// An answer that came before the request was sent to its end stays what it was.
#[test]
fn a_refusal_is_not_judged_again() {
    let offer = UpgradeOffer::new("POST", "/attach", "example.com").unwrap();
    let offer = offer.protocol(Protocol::docker().success_without_switch()).unwrap().content_to_follow(None);
    let mut handshake = ClientHandshake::upgrade(&offer, &mut Vec::new()).unwrap();
    let input = b"HTTP/1.1 200 OK\r\n\r\n";
    assert!(matches!(handshake.receive(input), Ok(Step::NeedMore { .. })));
    handshake.content_sent();
    assert!(matches!(handshake.receive(input), Ok(Step::NeedMore { .. })));
    assert!(matches!(handshake.receive_eof(input), Ok((Answer::Refused(_), _))));
}

/// An attempt of the caller's own: a request that it has written itself.
#[derive(Clone, Debug)]
struct Own;

impl Attempt for Own {
    type Agreement = u16;

    fn method(&self) -> &str {
        "HEAD"
    }

    fn judge(&self, view: &impl ResponseView) -> Result<Option<u16>, HandshakeError> {
        let code = view.status().as_u16();
        Ok((code == 299).then_some(code))
    }
}

/// Attack 24. Whatever an attempt makes of it, a 101 that is no agreement fails the connection, and never is an answer.
#[test]
fn an_attempt_of_the_callers_own_is_asked() {
    assert_eq!(ask(&Own, b"HTTP/1.1 299 x\r\n\r\nrest", End::Open).agreement(), 299);
    let asked = ask(&Own, b"HTTP/1.1 404 x\r\nContent-Length: 5\r\n\r\nrest", End::Open);
    assert_eq!((asked.rest.clone(), asked.refused()), (b"rest".to_vec(), (404, vec![], false)));
    assert_eq!(ask(&Own, &switching("a").to_bytes(), End::Open).error(), HandshakeError::ProtocolNotOffered);
}

/// A request without room is not written.
#[test]
fn the_request_is_written_whole_or_not_at_all() {
    let offer = UpgradeOffer::new("POST", "/x", "a").unwrap().protocol(Protocol::docker()).unwrap().content("{}");
    let whole = written(&offer).unwrap();
    for room in 0..whole.len() {
        let mut buffer = vec![0; room];
        let error = ClientHandshake::upgrade(&offer, &mut &mut buffer[..]).unwrap_err();
        assert_eq!(error, LocalError::OutputTooSmall { needed: whole.len() });
        assert!(buffer.iter().all(|byte| *byte == 0));
    }
    let expectations: UpgradeExpectations = offer.expectations();
    assert_eq!(expectations.method(), "POST");
    assert!(!whole.contains(EXPECT));
}
