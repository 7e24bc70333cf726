//! Where redirections lead, and what goes along (RFC 9110, section 15.4; RFC 3986, section 5).

use iri_string::types::{UriAbsoluteStr, UriReferenceStr};
use proptest::prelude::*;
use switchover_handshake::header::Step;
use switchover_handshake::{Answer, ClientHandshake, Credentials, Offer, RedirectError, Redirects, Url, UrlError};
use switchover_testkit::split;

use crate::common::{Head, NONCE, offer};

fn url(text: &str) -> Url {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn redirection(location: &str) -> Head {
    Head::new("HTTP/1.1 302 Found").line("Location", location).line("Content-Length", "0")
}

/// What comes of this response, under every split of it.
fn follow(redirects: &mut Redirects, offer: &Offer, response: &Head) -> Result<Option<Offer>, RedirectError> {
    let bytes = response.to_bytes();
    let mut outcomes = Vec::new();
    split::for_every_split(&bytes, |pieces| {
        let mut handshake = ClientHandshake::new(offer, NONCE, &mut Vec::new()).unwrap();
        let mut input = Vec::new();
        for piece in pieces {
            input.extend_from_slice(piece);
            if let Step::Done { value: Answer::Refused(answer), .. } = handshake.receive(&input).unwrap() {
                let mut redirects = *redirects;
                outcomes.push((redirects.follow(offer, &answer.head), redirects));
                return;
            }
        }
        panic!("no answer: {}", bytes.escape_ascii());
    });
    let (outcome, after) = outcomes.pop().unwrap();
    assert!(outcomes.iter().all(|other| *other == (outcome.clone(), after)));
    *redirects = after;
    outcome
}

fn follow_one(offer: &Offer, response: &Head) -> Result<Option<Offer>, RedirectError> {
    follow(&mut Redirects::up_to(1), offer, response)
}

fn written(offer: &Offer) -> String {
    let mut out = Vec::new();
    ClientHandshake::new(offer, NONCE, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Requirement 25. A 3xx comes with its Location, and 301, 302, 303, 307 and 308 give the next offer; other statuses are
/// left to the caller.
#[test]
fn a_redirection_gives_the_next_offer() {
    for status in 200..600 {
        let response = redirection("/v2").start_line(format!("HTTP/1.1 {status} "));
        let expected = [301, 302, 303, 307, 308].contains(&status);
        let bytes = response.to_bytes();
        let mut handshake = ClientHandshake::new(&offer(), NONCE, &mut Vec::new()).unwrap();
        let Ok(Step::Done { value: Answer::Refused(answer), .. }) = handshake.receive(&bytes) else {
            panic!("{status}")
        };
        let next = Redirects::up_to(1).follow(&offer(), &answer.head).unwrap();
        assert_eq!(next, expected.then(|| Offer::new(url("ws://example.com/v2"))), "{status}");
    }
    // Not followed, it is a response like any other.
    assert_eq!(follow(&mut Redirects::default(), &offer(), &redirection("/v2")), Ok(None));
    assert_eq!(follow(&mut Redirects::up_to(0), &offer(), &redirection("http://[")), Ok(None));
}

/// RFC 3986, sections 5.4.1 and 5.4.2, whose base is `http://a/b/c/d;p?q`. A fragment is dropped, since RFC 6455,
/// section 3, has none; a scheme without `//` has no host to connect to.
#[test]
fn references_are_resolved_as_the_standard_does() {
    let base = url("ws://a/b/c/d;p?q");
    for (reference, expected) in [
        ("g", "ws://a/b/c/g"),
        ("./g", "ws://a/b/c/g"),
        ("g/", "ws://a/b/c/g/"),
        ("/g", "ws://a/g"),
        ("//g", "ws://g"),
        ("?y", "ws://a/b/c/d;p?y"),
        ("g?y", "ws://a/b/c/g?y"),
        ("#s", "ws://a/b/c/d;p?q"),
        ("g#s", "ws://a/b/c/g"),
        ("g?y#s", "ws://a/b/c/g?y"),
        (";x", "ws://a/b/c/;x"),
        ("g;x", "ws://a/b/c/g;x"),
        ("g;x?y#s", "ws://a/b/c/g;x?y"),
        ("", "ws://a/b/c/d;p?q"),
        (".", "ws://a/b/c/"),
        ("./", "ws://a/b/c/"),
        ("..", "ws://a/b/"),
        ("../", "ws://a/b/"),
        ("../g", "ws://a/b/g"),
        ("../..", "ws://a/"),
        ("../../", "ws://a/"),
        ("../../g", "ws://a/g"),
        ("../../../g", "ws://a/g"),
        ("../../../../g", "ws://a/g"),
        ("/./g", "ws://a/g"),
        ("/../g", "ws://a/g"),
        ("g.", "ws://a/b/c/g."),
        (".g", "ws://a/b/c/.g"),
        ("g..", "ws://a/b/c/g.."),
        ("..g", "ws://a/b/c/..g"),
        ("./../g", "ws://a/b/g"),
        ("./g/.", "ws://a/b/c/g/"),
        ("g/./h", "ws://a/b/c/g/h"),
        ("g/../h", "ws://a/b/c/h"),
        ("g;x=1/./y", "ws://a/b/c/g;x=1/y"),
        ("g;x=1/../y", "ws://a/b/c/y"),
        ("g?y/./x", "ws://a/b/c/g?y/./x"),
        ("g?y/../x", "ws://a/b/c/g?y/../x"),
        ("g#s/./x", "ws://a/b/c/g"),
        ("g#s/../x", "ws://a/b/c/g"),
        // Beyond the standard's own.
        ("ws://h/../x", "ws://h/x"),
        ("WSS://h:443", "wss://h/"),
        ("http://h:80/x?y", "ws://h/x?y"),
        ("HTTPS://h:8443/x", "wss://h:8443/x"),
        ("https://h", "wss://h/"),
        ("//h?y", "ws://h/?y"),
        ("//[::1]:9001/x", "ws://[::1]:9001/x"),
        ("./a:b", "ws://a/b/c/a:b"),
        ("/a:b", "ws://a/a:b"),
        ("?a:b", "ws://a/b/c/d;p?a:b"),
        ("#a:b\u{e9}", "ws://a/b/c/d;p?q"),
        ("?", "ws://a/b/c/d;p"),
    ] {
        assert_eq!(base.resolve(reference), Ok(url(expected)), "{reference}");
        let next = follow_one(&Offer::new(base.clone()), &redirection(reference)).unwrap().unwrap();
        assert_eq!(next.url(), &url(expected), "{reference}");
    }
    for (reference, error) in [
        ("g:h", UrlError::Scheme),
        ("1:2", UrlError::Scheme),
        (":", UrlError::Scheme),
        ("http:g", UrlError::Host),
        ("http:", UrlError::Host),
        ("ws:///g", UrlError::Host),
        ("//", UrlError::Host),
        ("///g", UrlError::Host),
        ("//h:99999", UrlError::Host),
        ("//a b", UrlError::Host),
        ("//user:password@h/", UrlError::UserInfo),
        ("https://user@h/", UrlError::UserInfo),
        ("ftp://h/", UrlError::Scheme),
        ("javascript:alert(1)", UrlError::Scheme),
        ("a b", UrlError::Resource),
        ("\\\\h\\x", UrlError::Resource),
        ("%zz", UrlError::Resource),
        ("caf\u{e9}", UrlError::Resource),
    ] {
        assert_eq!(base.resolve(reference), Err(error), "{reference}");
        let refused = follow_one(&Offer::new(base.clone()), &redirection(reference));
        assert_eq!(refused, Err(RedirectError::Location(error)), "{reference}");
    }
}

/// A redirection that leads nowhere is an error that says so, and nothing of what was sent is in its sentence.
#[test]
fn a_redirection_without_a_way_is_an_error() {
    let none = redirection("/").without("Location");
    let secret = Head::new("HTTP/1.1 301 x").line("Location", b"/caf\xe9-secret").line("Content-Length", "0");
    for (response, expected) in [
        (none, RedirectError::NoLocation),
        (redirection("/a").line("Location", "/a"), RedirectError::RepeatedLocation),
        (secret, RedirectError::Location(UrlError::Resource)),
    ] {
        let mut redirects = Redirects::up_to(1);
        let error = follow(&mut redirects, &offer(), &response).unwrap_err();
        assert_eq!(error, expected);
        assert!(
            error.to_string().ends_with(&format!(" ({})", error.section())) && !error.to_string().contains("secret")
        );
        // It has not been counted.
        assert!(follow(&mut redirects, &offer(), &redirection("/b")).unwrap().is_some());
    }
}

/// RFC 6455, section 10.6: who asked for TLS does not go on without it, whichever scheme says so.
#[test]
fn no_redirection_leads_out_of_tls() {
    let secure = Offer::new(url("wss://example.com/a"));
    for location in ["ws://example.com/a", "http://example.com/a", "ws://example.com:443/a", "http://example.org/"] {
        assert_eq!(follow_one(&secure, &redirection(location)), Err(RedirectError::Downgrade), "{location}");
    }
    for location in ["wss://example.org/", "https://example.com/b", "//example.com/b", "/b"] {
        assert!(follow_one(&secure, &redirection(location)).unwrap().unwrap().url().is_secure(), "{location}");
    }
    let next = follow_one(&offer(), &redirection("https://example.com/")).unwrap().unwrap();
    assert_eq!(next.url(), &url("wss://example.com/"));
}

/// A server that redirects in circles, or further and further, is left after as many redirections as are followed.
#[test]
fn redirections_are_bounded() {
    for location in ["/notifications", "", "//example.com/notifications", "x/x"] {
        for limit in 1..5 {
            let mut redirects = Redirects::up_to(limit);
            let mut offer = offer();
            for _ in 0..limit {
                offer = follow(&mut redirects, &offer, &redirection(location)).unwrap().unwrap();
            }
            for _ in 0..2 {
                let refused = follow(&mut redirects, &offer, &redirection(location));
                assert_eq!(refused, Err(RedirectError::TooMany), "{location}");
            }
            // Only redirections are too many.
            let other = redirection(location).start_line("HTTP/1.1 404 ");
            assert_eq!(follow(&mut redirects, &offer, &other), Ok(None));
        }
    }
}

/// An offer with everything that an offer can have.
fn full_offer() -> Offer {
    offer()
        .subprotocol("chat.v2")
        .and_then(|offer| offer.subprotocol("chat"))
        .and_then(|offer| offer.origin("https://page.example"))
        .and_then(|offer| offer.field("X-Before", "1"))
        .and_then(|offer| offer.cookies("a=1; b=2"))
        .and_then(|offer| offer.field("cookie", "c=3"))
        .and_then(|offer| offer.field("PROXY-AUTHORIZATION", "Basic cHJveHk6c2VjcmV0"))
        .and_then(|offer| offer.credential("X-Api-Key", "secret"))
        .and_then(|offer| offer.field("x-api-key", "secret too"))
        .and_then(|offer| offer.field("X-After", "2"))
        .unwrap()
        .authorization(&Credentials::basic("user", "secret").unwrap())
        .require_subprotocol()
}

/// Credentials go along within an origin: scheme, host and port. Beyond it they stay behind, for good; what is no
/// credential goes everywhere (RFC 9110, section 15.4, on fields that are to be removed).
#[test]
fn credentials_stay_within_their_origin() {
    let is_along = |offer: &Offer| {
        let request = written(offer);
        for line in
            ["Origin: https://page.example", "Sec-WebSocket-Protocol: chat.v2, chat", "X-Before: 1", "X-After: 2"]
        {
            assert!(request.contains(&format!("\r\n{line}\r\n")), "{request}");
        }
        let credentials = [
            "Authorization: Basic dXNlcjpzZWNyZXQ=",
            "Cookie: a=1; b=2",
            "cookie: c=3",
            "PROXY-AUTHORIZATION: Basic cHJveHk6c2VjcmV0",
            "X-Api-Key: secret",
            "x-api-key: secret too",
        ];
        let along = credentials.iter().filter(|line| request.contains(&format!("\r\n{line}\r\n"))).count();
        assert!(along == 0 || along == credentials.len(), "{request}");
        let lowercase = request.to_ascii_lowercase();
        assert_eq!(along > 0, ["secret", "cookie", "authorization"].iter().any(|word| lowercase.contains(word)));
        along > 0
    };
    assert!(is_along(&full_offer()));
    for location in ["/v2", "?x", "//EXAMPLE.com/", "ws://example.com:80/", "http://example.com/"] {
        let next = follow_one(&full_offer(), &redirection(location)).unwrap().unwrap();
        assert!(is_along(&next), "{location}");
    }
    for location in [
        "wss://example.com/notifications",
        "https://example.com/",
        "//example.com:8080/notifications",
        "//example.com:443/",
        "//example.org/",
        "//www.example.com/",
        "//example.com.evil.com/",
        "//example.com./",
        "//evilexample.com/",
    ] {
        let mut redirects = Redirects::up_to(2);
        let next = follow(&mut redirects, &full_offer(), &redirection(location)).unwrap().unwrap();
        assert!(!is_along(&next), "{location}");
        // Not even back where they came from.
        if !next.url().is_secure() {
            let back =
                follow(&mut redirects, &next, &redirection("http://example.com/notifications")).unwrap().unwrap();
            assert!(back.url() == offer().url() && !is_along(&back), "{location}");
        }
    }
    // The offer itself is as it was, and a subprotocol is still required.
    let next = follow_one(&full_offer(), &redirection("//example.org/")).unwrap().unwrap();
    assert_ne!(next.expectations(NONCE), offer().expectations(NONCE));
    assert_eq!(next.expectations(NONCE), full_offer().expectations(NONCE));
}

fn segment() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(".".to_owned()),
        Just("..".to_owned()),
        Just(String::new()),
        "[a-z.]{1,3}",
        "[a-zA-Z0-9._~!$&'()*+,;=:@-]{0,4}",
        // Not `%2e`: some take it for a dot, which section 5.2.4 does not.
        Just("%41%2F".to_owned()),
    ]
}

prop_compose! {
    /// Path and query, which may be empty.
    fn resource()(
        segments in prop::collection::vec(segment(), 0..6),
        query in prop_oneof![Just(String::new()), "\\?[a-z0-9=&/?:.]{0,6}"],
    ) -> String {
        format!("{}{query}", segments.join("/"))
    }
}

fn references() -> impl Strategy<Value = String> {
    let authority = "(ws:|wss:|http:|https:)?//([a-z]{1,3}|\\[::1\\])(:[0-9]{0,4})?";
    let prefix = prop_oneof![Just(String::new()), Just("/".to_owned()), (authority).prop_map(|start| start + "/")];
    (prefix, resource(), prop_oneof![Just(""), Just("#"), Just("#a/../b?c")])
        .prop_map(|(prefix, resource, fragment)| format!("{prefix}{resource}{fragment}"))
}

proptest! {
    /// An independent implementation of RFC 3986 resolves every reference to the same URL.
    #[test]
    fn references_are_resolved_as_others_do(base in resource(), reference in references()) {
        let base = format!("ws://example.com:8080/{base}");
        let resolved = url(&base).resolve(&reference);
        let Ok(parsed) = UriReferenceStr::new(&reference) else {
            // No reference at all, such as one whose first segment has a colon.
            prop_assert!(resolved.is_err(), "{}", reference);
            return Ok(());
        };
        let expected = parsed.resolve_against(UriAbsoluteStr::new(&base).unwrap()).to_string();
        let expected = expected.split('#').next().unwrap();
        let expected = match expected.split_once(':').unwrap() {
            ("http", rest) => format!("ws:{rest}"),
            ("https", rest) => format!("wss:{rest}"),
            (scheme, rest) => format!("{scheme}:{rest}"),
        };
        // What is no URL of WebSocket in the end is an error of the same kind.
        prop_assert_eq!(resolved.map_err(drop), expected.parse::<Url>().map_err(drop), "{} at {}", reference, base);
    }

    /// Whatever Location says, no credential goes to another origin, none is followed out of TLS, and nothing panics.
    #[test]
    fn no_location_takes_credentials_elsewhere(
        location in prop_oneof![references(), "[ -~]{0,20}", "(https?|wss?)://[ -~]{0,20}", "//[ -~]{0,20}"],
        secure in any::<bool>(),
    ) {
        let text = if secure { "wss://example.com/a" } else { "ws://example.com/a" };
        let offer = Offer::new(url(text)).cookies("secret=1").unwrap();
        let bytes = redirection(location.trim()).to_bytes();
        let mut handshake = ClientHandshake::new(&offer, NONCE, &mut Vec::new()).unwrap();
        let Ok(Step::Done { value: Answer::Refused(answer), .. }) = handshake.receive(&bytes) else {
            return Err(TestCaseError::fail("no redirection"));
        };
        if let Ok(next) = Redirects::up_to(1).follow(&offer, &answer.head) {
            let next = next.unwrap();
            prop_assert!(next.url().is_secure() || !secure);
            let same = (next.url().host(), next.url().port(), next.url().is_secure())
                == ("example.com", if secure { 443 } else { 80 }, secure);
            prop_assert_eq!(written(&next).contains("secret"), same, "{}", location);
        }
    }
}
