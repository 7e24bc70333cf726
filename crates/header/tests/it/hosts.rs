//! Host: what a scan takes is what [`value::host`] takes, and both what the grammar has.

use proptest::prelude::*;
use switchover_header::value::{self, Authority};
use switchover_header::{Backend, FieldTable, HeadErrorKind, Limits, RequestScan, Step};

/// `reg-name [":" *DIGIT]` with a port of 16 bits (RFC 3986, sections 3.2.2 and 3.2.3), without the other forms.
fn model(value: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = value.split_once(':').map_or((value, None), |(host, port)| (host, Some(port)));
    let named = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte);
    if !host.bytes().all(named) || (host.is_empty() && port.is_some()) {
        return None;
    }
    match port {
        None | Some("") => Some((host, None)),
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            let significant = port.trim_start_matches('0');
            let port = if significant.is_empty() { Ok(0) } else { significant.parse() };
            port.ok().map(|port| (host, Some(port)))
        }
        Some(_) => None,
    }
}

proptest! {
    #[test]
    fn a_scan_takes_what_is_a_host(value in "[a-zA-Z0-9.,_~-]{0,40}(:[0-9]{0,7})?[:/@a ]{0,1}") {
        let value = value.trim();
        let host = value::host(value.as_bytes());
        prop_assert_eq!(host.map(|Authority { host, port }| (host, port)).ok(), model(value));
        for backend in Backend::available() {
            for target in ["/", "http://a/"] {
                let head = format!("GET {target} HTTP/1.1\r\nHost: {value}\r\n\r\n");
                let mut fields = FieldTable::<4>::new();
                let scanned = RequestScan::new(Limits::default()).with_backend(backend).scan(head.as_bytes(), &mut fields);
                let valid = host.is_ok() && (target == "/" || !value.is_empty());
                match scanned {
                    Ok(Step::Done { .. }) => prop_assert!(valid, "{}", head),
                    Ok(Step::NeedMore { .. }) => prop_assert!(false, "{}", head),
                    Err(error) => prop_assert!(!valid && error.kind() == HeadErrorKind::Host, "{head}: {error}"),
                }
            }
        }
    }
}

#[test]
fn ports() {
    for (value, port) in [
        ("a", Some(None)),
        ("a:", Some(None)),
        ("a:0", Some(Some(0))),
        ("a:80", Some(Some(80))),
        ("a:0080", Some(Some(80))),
        ("a:9999", Some(Some(9999))),
        ("a:65535", Some(Some(65535))),
        ("a:00065535", Some(Some(65535))),
        ("a:65536", None),
        ("a:8o", None),
        ("a:8:", None),
        ("a:/", None),
        ("a::", None),
        (":80", None),
        (":", None),
    ] {
        assert_eq!(value::host(value.as_bytes()).ok().map(|authority| authority.port), port, "{value}");
    }
}
