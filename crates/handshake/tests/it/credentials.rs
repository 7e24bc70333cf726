//! Credentials and cookies that a client sends (RFC 7617, RFC 6750, RFC 6265).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use switchover_handshake::{ClientHandshake, Credentials, LocalError, Offer};

use crate::common::{NONCE, offer};

fn written(offer: &Offer) -> String {
    let mut out = Vec::new();
    ClientHandshake::new(offer, NONCE, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// RFC 7617, section 2 and its examples.
#[test]
fn basic_credentials_are_name_and_password_in_base64() {
    for (user, password, expected) in [
        ("Aladdin", "open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        ("test", "123\u{a3}", "Basic dGVzdDoxMjPCow=="),
        ("", "", "Basic Og=="),
        ("user", "a:b", "Basic dXNlcjphOmI="),
    ] {
        assert_eq!(Credentials::basic(user, password).unwrap().as_str(), expected);
    }
    for user in ["a:b", ":", "a\r\nb", "a\0", "a\x7f", "a\tb", "a\u{85}b"] {
        assert_eq!(Credentials::basic(user, "x"), Err(LocalError::UserId), "{user:?}");
    }
    for password in ["a\r\nX: y", "a\n", "\0", "\x7f", "\t", "\u{9f}"] {
        assert_eq!(Credentials::basic("x", password), Err(LocalError::Password), "{password:?}");
    }
}

/// RFC 6750, section 2.1: `b64token`.
#[test]
fn bearer_tokens_keep_to_their_grammar() {
    for token in ["mF_9.B5f-4.1JqM", "7", "a+b/c~d==", "AAA="] {
        assert_eq!(Credentials::bearer(token).unwrap().as_str(), format!("Bearer {token}"));
    }
    for token in ["", "=", "==", "a=b", "a b", "a\r\nX: y", "a,b", "a\"b", "caf\u{e9}", " a", "a\0"] {
        assert_eq!(Credentials::bearer(token), Err(LocalError::BearerToken), "{token:?}");
    }
}

/// Requirement 25. A 401 is answered with an offer that has credentials: one Authorization, the latest.
#[test]
fn the_latest_authorization_is_sent() {
    let first = Credentials::basic("user", "wrong").unwrap();
    let second = Credentials::bearer("right").unwrap();
    let offer = offer().field("authorization", "Digest x").unwrap().authorization(&first).authorization(&second);
    let request = written(&offer);
    assert!(request.ends_with("\r\nAuthorization: Bearer right\r\n\r\n"), "{request}");
    assert_eq!(request.to_ascii_lowercase().matches("authorization").count(), 1);
}

/// RFC 6265, section 4.2.1; section 5.4: one Cookie field.
#[test]
fn cookies_keep_to_their_grammar_and_stand_on_one_line() {
    for cookies in [
        "a=1",
        "SID=31d4d96e407aad42; lang=en-US",
        "a=",
        "a=\"b\"",
        "a=\"\"",
        "a=b=c",
        "a=!#$%&'()*+-./:<=>?@[]^_`{|}~",
    ] {
        let request = written(&offer().cookies(cookies).unwrap());
        assert!(request.ends_with(&format!("\r\nCookie: {cookies}\r\n\r\n")), "{request}");
    }
    for cookies in [
        "",
        "a",
        "=1",
        "a=1;",
        "a=1;b=2",
        "a=1;  b=2",
        "a=1, b=2",
        "a=b c",
        "a=\"b",
        "a=b\"",
        "a=\"",
        "a=\\",
        "a=caf\u{e9}",
        "a=1\r\nX: y",
        "a b=1",
        "a=1; ",
        "; a=1",
        "a=\0",
        "a=b\tc",
    ] {
        assert_eq!(offer().cookies(cookies), Err(LocalError::Cookies), "{cookies:?}");
    }
    let offer = offer().cookies("a=1").unwrap().field("X", "y").unwrap().cookies("b=2; c=3").unwrap();
    assert!(written(&offer).ends_with("\r\nCookie: a=1; b=2; c=3\r\nX: y\r\n\r\n"));
}

/// What is secret is in no log, unless it is written out on purpose.
#[test]
fn debug_shows_no_credentials() {
    let basic = Credentials::basic("user", "password").unwrap();
    let bearer = Credentials::bearer("token").unwrap();
    assert_eq!(format!("{basic:?} {bearer:?}"), "Credentials(Basic) Credentials(Bearer)");
    let offer = offer().cookies("a=secret").unwrap().credential("X-Api-Key", "secret").unwrap().authorization(&basic);
    let shown = format!("{offer:?}");
    assert!(shown.contains("Authorization") && shown.contains("X-Api-Key"), "{shown}");
    for secret in ["secret", "password", &basic.as_str()["Basic ".len()..]] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

proptest! {
    /// A server that decodes them gets name and password back, and the value can always stand in a field.
    #[test]
    fn basic_credentials_are_decoded_to_what_they_were(user in "[^:\\p{Cc}]{0,9}", password in "\\P{Cc}{0,9}") {
        let credentials = Credentials::basic(&user, &password).unwrap();
        let decoded = STANDARD.decode(&credentials.as_str()["Basic ".len()..]).unwrap();
        let decoded = String::from_utf8(decoded).unwrap();
        prop_assert_eq!(decoded.split_once(':'), Some((&user[..], &password[..])));
        prop_assert!(offer().field("Authorization", credentials.as_str()).is_ok());
    }

    /// Whatever is taken can stand in a field line and adds no other.
    #[test]
    fn no_credential_breaks_the_head(text in prop_oneof!["\\PC{0,9}", "[ -~\\r\\n\\t]{0,9}", any::<String>()]) {
        let offers = [
            Credentials::basic(&text, "x").map(|credentials| offer().authorization(&credentials)),
            Credentials::basic("x", &text).map(|credentials| offer().authorization(&credentials)),
            Credentials::bearer(&text).map(|credentials| offer().authorization(&credentials)),
            offer().cookies(&text),
            offer().cookies(&format!("a={text}")),
            offer().credential("X", &text),
        ];
        let lines = written(&offer()).matches("\r\n").count();
        for offer in offers.into_iter().flatten() {
            let request = written_bytes(&offer);
            prop_assert_eq!(request.split(|byte| *byte == b'\n').count(), lines + 2);
            prop_assert_eq!(request.iter().filter(|byte| **byte == b'\r').count(), lines + 1);
        }
    }
}

fn written_bytes(offer: &Offer) -> Vec<u8> {
    let mut out = Vec::new();
    ClientHandshake::new(offer, NONCE, &mut out).unwrap();
    out
}
