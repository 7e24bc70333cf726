//! Where a proxy is, and what it is asked for (RFC 9110, section 9.3.6).

use switchover_handshake::{ClientHandshake, Credentials, LocalError, Proxy, Url};

fn written(proxy: &Proxy, url: &str) -> String {
    let mut out = Vec::new();
    let offer = proxy.tunnel_to(&url.parse::<Url>().unwrap()).unwrap();
    ClientHandshake::connect(&offer, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// RFC 9110, section 4.2.1; the port is 80 where there is none.
#[test]
fn a_proxy_is_a_host_and_a_port() {
    for (text, host, port) in [
        ("http://proxy.example", "proxy.example", 80),
        ("HTTP://proxy.example:3128/", "proxy.example", 3128),
        ("http://127.0.0.1:8080", "127.0.0.1", 8080),
        ("http://[::1]:3128", "::1", 3128),
        ("http://proxy:", "proxy", 80),
    ] {
        let proxy: Proxy = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!((proxy.host(), proxy.port()), (host, port), "{text}");
    }
    for text in [
        "",
        "proxy.example:3128",
        "https://proxy.example",
        "socks5://proxy.example",
        "http:proxy.example",
        "http://",
        "http:///",
        "http://:3128",
        "http://user:password@proxy.example",
        "http://proxy.example/path",
        "http://proxy.example//",
        "http://proxy.example?x",
        "http://proxy.example:65536",
        "http://proxy.example:x",
        "http://pro xy",
        "http://proxy\r\nX: y",
        "http://[::1",
    ] {
        assert_eq!(text.parse::<Proxy>(), Err(LocalError::Proxy), "{text}");
    }
}

/// Requirement 13. A tunnel is asked for with a host and a port, which is there where a URL leaves it out; port 0 is none.
#[test]
fn a_tunnel_leads_to_a_host_and_a_port() {
    let proxy: Proxy = "http://proxy.example".parse().unwrap();
    for (url, authority) in [
        ("ws://example.com/notifications?a=b", "example.com:80"),
        ("wss://example.com/", "example.com:443"),
        ("ws://example.com:8080", "example.com:8080"),
        ("wss://[2001:db8::7]/", "[2001:db8::7]:443"),
        ("ws://127.0.0.1:9001", "127.0.0.1:9001"),
    ] {
        let expected = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n");
        assert_eq!(written(&proxy, url), expected);
        let credentials = Credentials::basic("Aladdin", "open sesame").unwrap();
        let with_credentials =
            proxy.clone().authorization(&Credentials::bearer("x").unwrap()).authorization(&credentials);
        assert_eq!(
            written(&with_credentials, url),
            expected.replace("\r\n\r\n", "\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n")
        );
        assert!(!format!("{with_credentials:?}").contains("QWxh"));
    }
    assert_eq!(proxy.tunnel_to(&"ws://example.com:0/".parse().unwrap()), Err(LocalError::Target));
}
