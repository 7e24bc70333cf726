//! Which pages are let in (RFC 6455, section 10.2), by policies of every kind, alone and together.

use proptest::prelude::*;
use switchover_handshake::header::names::{HOST, ORIGIN};
use switchover_handshake::{Choice, HandshakeError, LocalError, Origin, OriginPolicy};

use crate::common::server::{refused, status, with_proposal};
use crate::common::{Head, serve, serve_default};

fn listed(origins: &[&str]) -> OriginPolicy {
    OriginPolicy::listed(origins.iter().copied()).unwrap_or_else(|error| panic!("{origins:?}: {error}"))
}

/// Whether a request for `example.com` with this origin is accepted; whoever is not gets 403.
fn is_let_in(policy: &OriginPolicy, origin: &str) -> bool {
    let served = serve(&Head::request().line(ORIGIN, origin), &Choice::new().origins(policy.clone()));
    let permitted = policy.permits(Origin::parse(origin.as_bytes()).unwrap(), "example.com");
    if !permitted {
        let refusal = served.refusal();
        assert_eq!((refusal.error(), refusal.status().as_u16()), (Some(&HandshakeError::ForeignOrigin), 403));
    } else {
        assert!(served.answer().starts_with("HTTP/1.1 101 "), "{origin}");
    }
    permitted
}

/// Requirement 35. An origin that the policy does not let in gets 403; the policy is same-origin unless the caller has
/// another (RFC 6455, section 4.2.2).
#[test]
fn each_policy_lets_its_own_pages_in() {
    let same = OriginPolicy::same_origin;
    let every = ["https://example.com", "http://example.com", "https://example.org", "https://a.example.net", "null"];
    for (policy, let_in) in [
        (OriginPolicy::default(), &every[..2]),
        (same(), &every[..2]),
        (OriginPolicy::same_origin_over_https(), &every[..1]),
        (listed(&["https://example.org", "https://example.net"]), &every[2..3]),
        (listed(&["https://*.example.net"]), &every[3..4]),
        (listed(&["null"]), &every[4..]),
        (OriginPolicy::any(), &every),
        (OriginPolicy::none(), &[]),
        (listed(&[]), &[]),
        (same().or(listed(&["https://example.org", "https://*.example.net"])), &every[..4]),
        (listed(&["https://*.example.net", "null"]).or(listed(&["https://example.org"])), &every[2..]),
        (OriginPolicy::none().or(same()).or(OriginPolicy::none()), &every[..2]),
        (same().or(OriginPolicy::any()), &every),
    ] {
        for origin in every {
            assert_eq!(is_let_in(&policy, origin), let_in.contains(&origin), "{policy:?}: {origin}");
        }
        // RFC 6455, section 10.2: no page, no origin.
        assert!(serve(&Head::request(), &Choice::new().origins(policy)).answer().starts_with("HTTP/1.1 101 "));
    }
}

/// Attack 30. A pattern matches by whole labels: no other host that begins or ends like it, no other scheme or port, no
/// address, and `null` never.
#[test]
fn a_pattern_matches_label_by_label() {
    let pattern = listed(&["https://*.example.org"]);
    for origin in ["https://a.example.org", "HTTPS://A.Example.ORG", "https://xn--bcher-kva.example.org:443"] {
        assert!(is_let_in(&pattern, origin), "{origin}");
    }
    for origin in [
        "null",
        "https://example.org",
        "https://.example.org",
        "https://a.b.example.org",
        "https://evilexample.org",
        "https://a.evilexample.org",
        "https://example.org.evil.com",
        "https://a.example.org.evil.com",
        "https://a.example.org.",
        "https://a.example.org:8443",
        "https://a.example.org:80",
        "http://a.example.org",
        "http://a.example.org:443",
        "wss://a.example.org",
        "https://a.example.com",
        "https://evil.com/.example.org",
        "https://evil.com%2f.example.org",
        "https://a%2eb.example.org",
        "https://*.example.org",
        "https://user@a.example.org",
        "https://evil.com#.example.org",
        "https://evil.com?.example.org",
        "https://a!.example.org",
        "https://127.0.0.1",
        "https://[::1]",
        "https://[::ffff:1.2.3.4]",
    ] {
        assert!(!is_let_in(&pattern, origin), "{origin}");
    }
    for (pattern, origin, expected) in [
        ("http://*.localhost:3000", "http://app.localhost:3000", true),
        ("http://*.localhost:3000", "http://app.localhost", false),
        ("http://*.example.org:80", "http://a.example.org", true),
        ("https://*.*.example.org", "https://a.b.example.org", true),
        ("https://*.*.example.org", "https://a.example.org", false),
        ("https://eu.*.example.org", "https://eu.a.example.org", true),
        ("https://eu.*.example.org", "https://us.a.example.org", false),
        ("app://*.example.org", "app://a.example.org", true),
        ("app://*.example.org", "app://a.example.org:80", false),
    ] {
        assert_eq!(is_let_in(&listed(&[pattern]), origin), expected, "{pattern}: {origin}");
    }
}

/// A pattern that would match other than it says is an error of whoever configures it.
#[test]
fn a_pattern_that_says_something_else_is_no_configuration() {
    for pattern in [
        "https://*",
        "https://example.*",
        "https://a*.example.org",
        "https://**.example.org",
        "https://*example.org",
        "https://*.0.0.1",
        "https://127.0.0.*",
        "https://*..example.org",
        "https://*.example.org.",
        "https://*.exam%70le.org",
    ] {
        assert_eq!(OriginPolicy::listed([pattern]), Err(LocalError::OriginPattern), "{pattern}");
    }
    for pattern in
        ["*", "*.example.org", "https*://a", "*://example.org", "https://*.example.org/", "https://[*]", "https://a:*"]
    {
        assert_eq!(OriginPolicy::listed([pattern]), Err(LocalError::Origin), "{pattern}");
    }
    // A client has one origin.
    assert_eq!(crate::common::offer().origin("https://*.example.org"), Err(LocalError::Origin));
}

/// Attack 30. A second Origin is 400, whichever policy there is and whatever it says (RFC 6454, section 7.3).
#[test]
fn a_doubled_origin_is_400_by_every_policy() {
    for policy in [OriginPolicy::default(), OriginPolicy::any(), OriginPolicy::none(), listed(&["https://*.a.example"])]
    {
        for second in ["http://example.com", "https://evil.com", "null"] {
            let request = Head::request().line(ORIGIN, "http://example.com").line(ORIGIN, second);
            let refusal = serve(&request, &Choice::new().origins(policy.clone())).refusal();
            assert_eq!((refusal.error(), refusal.status().as_u16()), (Some(&HandshakeError::Repeated(ORIGIN)), 400));
        }
    }
}

fn label() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z0-9]{1,3}", Just("example".to_owned()), Just("org".to_owned()), Just("evil".to_owned())]
}

fn host() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(label(), 1..6)
}

fn port() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just(""), Just(":443"), Just(":80"), Just(":8443")]
}

proptest! {
    /// A pattern matches exactly the hosts that have its labels, and another one for each `*`.
    #[test]
    fn a_pattern_is_its_labels(
        mut pattern in host(),
        host in host(),
        stars in 0..4usize,
        taken in any::<bool>(),
        (scheme, other) in (0..2usize, 0..2usize),
        (port, other_port) in (port(), port()),
    ) {
        pattern.push("org".to_owned());
        // Half of the hosts are made from the pattern.
        let host = if taken { pattern.clone() } else { host };
        for star in pattern.iter_mut().take(stars) {
            *star = "*".to_owned();
        }
        prop_assume!(pattern.last().unwrap() != "*");
        let schemes = ["http", "https"];
        let number = |port: &str, scheme: usize| match port {
            "" => [":80", ":443"][scheme].to_owned(),
            port => port.to_owned(),
        };
        let matches = scheme == other
            && number(port, scheme) == number(other_port, other)
            && pattern.len() == host.len()
            && pattern.iter().zip(&host).all(|(expected, label)| expected == "*" || expected == label);
        let policy = OriginPolicy::listed([format!("{}://{}{port}", schemes[scheme], pattern.join("."))]).unwrap();
        let origin = format!("{}://{}{other_port}", schemes[other], host.join("."));
        prop_assert_eq!(policy.permits(Origin::parse(origin.as_bytes()).unwrap(), "example.com"), matches, "{}", origin);
    }

    /// Policies together let in what one of them does, in whichever order they are joined.
    #[test]
    fn policies_together_let_in_what_one_of_them_does(
        choice in prop::collection::vec(0..6usize, 0..5),
        host in host(),
        https in any::<bool>(),
    ) {
        let policy = |number: &usize| match number {
            0 => OriginPolicy::same_origin(),
            1 => OriginPolicy::same_origin_over_https(),
            2 => listed(&["http://example.org", "null"]),
            3 => listed(&["https://*.example.org"]),
            4 => OriginPolicy::none(),
            _ => OriginPolicy::any(),
        };
        let origin = format!("{}://{}", if https { "https" } else { "http" }, host.join("."));
        let authority = host.join(".");
        for origin in [&origin[..], "https://example.com", "http://example.org", "https://evil.example.org", "null"] {
            let permits = |policy: OriginPolicy| policy.permits(Origin::parse(origin.as_bytes()).unwrap(), &authority);
            let expected = choice.iter().any(|number| permits(policy(number)));
            let forwards = choice.iter().fold(OriginPolicy::none(), |all, number| all.or(policy(number)));
            let backwards = choice.iter().rev().fold(OriginPolicy::none(), |all, number| policy(number).or(all));
            prop_assert_eq!((permits(forwards), permits(backwards)), (expected, expected), "{}", origin);
        }
    }

    /// Attack 30. By default only pages of the very host are let in, whatever a host can look like.
    #[test]
    fn the_default_lets_in_the_host_alone(own in host(), other in host(), port in port(), other_port in port()) {
        let (own, other) = (own.join("."), other.join("."));
        let request = Head::request().with(HOST, format!("{own}{port}"));
        for (scheme, default) in [("http", ":80"), ("https", ":443")] {
            let number = |port: &str| if port.is_empty() { default.to_owned() } else { port.to_owned() };
            for host in [&own, &other, &format!("{own}.evil.com"), &format!("evil{own}"), &format!("evil.{own}")] {
                let origin = format!("{scheme}://{host}{other_port}");
                let bytes = request.clone().line(ORIGIN, &origin).to_bytes();
                let served = crate::common::serve_pieces(&[&bytes], &Choice::new(), switchover_handshake::EarlyData::Keep);
                let accepted = matches!(served, crate::common::Served::Accepted { .. });
                let expected = *host == own && number(port) == number(other_port);
                prop_assert_eq!(accepted, expected, "{} at {}", origin, own);
            }
        }
    }
}

/// Requirement 35. A page of the same host is let in by default, and what sends no Origin is no page (RFC 6455,
/// section 10.2).
#[test]
fn pages_of_the_same_origin_are_let_in_by_default() {
    for (host, origin) in [
        ("example.com", "http://example.com"),
        ("example.com", "https://example.com"),
        ("example.com", "https://EXAMPLE.com"),
        ("example.com:80", "http://example.com"),
        ("example.com", "http://example.com:80"),
        ("example.com:443", "https://example.com"),
        ("example.com:8080", "http://example.com:8080"),
        ("[::1]:8080", "http://[::1]:8080"),
    ] {
        let request = Head::request().with(HOST, host).line(ORIGIN, origin);
        assert!(serve_default(&request).answer().starts_with("HTTP/1.1 101 "), "{origin} at {host}");
    }
    with_proposal(&Head::request(), |proposal| assert!(proposal.same_origin() && proposal.origin().is_none()));
}

/// Requirement 35. An origin that is refused gets 403 (RFC 6455, sections 4.2.2 and 10.2).
#[test]
fn a_foreign_origin_is_403() {
    let request = Head::request().line(ORIGIN, "https://example.org");
    let refusal = refused(&request);
    assert_eq!(refusal.error(), Some(&HandshakeError::ForeignOrigin));
    assert_eq!(status(&refusal), 403);

    let listed = Choice::new().origins(OriginPolicy::listed(["https://example.net", "https://example.org"]).unwrap());
    assert!(serve(&request, &listed).answer().starts_with("HTTP/1.1 101 "));
    let others = Choice::new().origins(OriginPolicy::listed(["https://example.net"]).unwrap());
    assert_eq!(serve(&request, &others).error(), HandshakeError::ForeignOrigin);
    let any = Choice::new().origins(OriginPolicy::any());
    assert!(serve(&request, &any).answer().starts_with("HTTP/1.1 101 "));

    let https = Choice::new().origins(OriginPolicy::same_origin_over_https());
    assert!(serve(&Head::request().line(ORIGIN, "https://example.com"), &https).answer().starts_with("HTTP/1.1 101 "));
    let plain = Head::request().line(ORIGIN, "http://example.com");
    assert_eq!(serve(&plain, &https).error(), HandshakeError::ForeignOrigin);
}

/// RFC 6454, section 5: two origins are the same only if their schemes are.
#[test]
fn a_listed_origin_is_of_one_scheme() {
    let listed = Choice::new().origins(OriginPolicy::listed(["https://example.com:8443"]).unwrap());
    let request = |origin| Head::request().line(ORIGIN, origin);
    assert!(serve(&request("https://EXAMPLE.com:8443"), &listed).answer().starts_with("HTTP/1.1 101 "));
    assert_eq!(serve(&request("http://example.com:8443"), &listed).error(), HandshakeError::ForeignOrigin);
}

/// RFC 6454, section 6.2: what no browser sends would let no page in.
#[test]
fn an_origin_that_is_never_sent_is_no_configuration() {
    for origin in [
        "https://example.com/",
        "https://example.com?x",
        "https://example.com#x",
        "https://u@example.com",
        "https://example.com:99999",
        "https://example.com:x",
        "https://[::1",
        "https://a b",
        "http://",
        "example.com",
        "NULL",
        "",
    ] {
        assert_eq!(OriginPolicy::listed([origin]), Err(LocalError::Origin), "{origin}");
    }
    for origin in ["null", "https://example.com", "http://[::1]:8080", "chrome-extension://abcdef", "file://"] {
        assert!(OriginPolicy::listed([origin]).is_ok(), "{origin}");
        let listed = Choice::new().origins(OriginPolicy::listed([origin]).unwrap());
        assert!(
            serve(&Head::request().line(ORIGIN, origin), &listed).answer().starts_with("HTTP/1.1 101 "),
            "{origin}"
        );
    }
    assert!(!Origin::parse(b"http://").unwrap().is_of_host(""));
}

/// RFC 6454, section 6.1: an opaque origin is `null`, and no other.
#[test]
fn null_is_the_origin_of_nobody() {
    for (origin, is_null) in
        [("null", true), ("https://null", false), ("https://example.com", false), ("file://", false)]
    {
        assert_eq!(Origin::parse(origin.as_bytes()).unwrap().is_null(), is_null, "{origin}");
    }
    assert_eq!(Origin::parse(b"NULL"), None);
    // Nor is anything of a host that is none.
    let origin = Origin::parse(b"http://a").unwrap();
    assert!(origin.is_of_host("a") && !origin.is_of_host("a b") && !origin.is_of_host("") && !origin.is_of_host("a:x"));
}
