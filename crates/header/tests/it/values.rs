//! The grammar of field values (RFC 9110, section 5.6).

use proptest::prelude::*;
use switchover_header::value::{
    self, Authority, MAX_EMPTY_ELEMENTS, Parameter, ParameterValue, Product, ValueError, ValueErrorKind as Kind,
};
use switchover_header::{FieldsView, TypedFields};

fn lines<'a>(lines: &'a [&'a str]) -> impl Iterator<Item = &'a [u8]> + Clone {
    lines.iter().map(|line| line.as_bytes())
}

fn elements<'a>(from: &'a [&'a str]) -> Result<Vec<String>, ValueError> {
    value::list(lines(from)).map(|element| Ok(element?.escape_ascii().to_string())).collect()
}

/// Kind, line and offset.
fn place<T: std::fmt::Debug>(result: Result<T, ValueError>) -> (Kind, usize, usize) {
    let error = result.unwrap_err();
    (error.kind(), error.line(), error.offset())
}

#[test]
fn tokens_are_tchar_alone() {
    assert!(value::is_token(b"!#$%&'*+-.^_`|~09azAZ"));
    for byte in 0..=u8::MAX {
        let expected = byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        assert_eq!(value::is_token(&[byte]), expected);
        assert_eq!(value::is_token(&[b'a', byte, b'b']), expected);
    }
    assert!(!value::is_token(b""));
}

#[test]
fn lists_span_lines_and_skip_empty_elements() {
    assert_eq!(elements(&["a", " b ,\tc\t", "", ", d,,", "e f"]).unwrap(), ["a", "b", "c", "d", "e f"]);
    assert_eq!(elements(&[]).unwrap(), [""; 0]);
    assert_eq!(elements(&["", ",", " , "]).unwrap(), [""; 0]);
}

#[test]
fn lists_respect_quoted_strings() {
    assert_eq!(
        elements(&[r#"a="b,c", d;e="\",\\" ,"f,""#]).unwrap(),
        [r#"a=\"b,c\""#, r#"d;e=\"\\\",\\\\\""#, r#"\"f,\""#]
    );
    assert_eq!(place(elements(&["a", r#"b, c="d,e"#])), (Kind::UnclosedQuote, 1, 5));
    assert_eq!(place(elements(&[r#"a="b\"#])), (Kind::UnclosedQuote, 0, 2));
    assert_eq!(place(elements(&["a=\"b\0\""])), (Kind::QuotedString, 0, 4));
    assert_eq!(place(elements(&["a=\"\\\0\""])), (Kind::QuotedString, 0, 4));
}

#[test]
fn empty_elements_are_bounded_over_all_lines() {
    let commas = ",".repeat(MAX_EMPTY_ELEMENTS);
    assert_eq!(elements(&[&commas[1..], "a"]).unwrap(), ["a"]);
    assert_eq!(place(elements(&[&commas, "a"])), (Kind::EmptyElements, 0, MAX_EMPTY_ELEMENTS));
    let mut list = value::list(std::iter::repeat_n(&b""[..], 1_000_000));
    assert_eq!(place(list.next().unwrap()), (Kind::EmptyElements, MAX_EMPTY_ELEMENTS, 0));
    assert!(list.next().is_none(), "a list ends after an error");
}

#[test]
fn lists_of_tokens() {
    let all: Result<Vec<&str>, _> = value::tokens(lines(&["a, b", "c"])).collect();
    assert_eq!(all.unwrap(), ["a", "b", "c"]);
    let mut tokens = value::tokens(lines(&["a", "b, c d, e"]));
    assert_eq!(tokens.next(), Some(Ok("a")));
    assert_eq!(tokens.next(), Some(Ok("b")));
    assert_eq!(place(tokens.next().unwrap()), (Kind::Token, 1, 4));
    assert_eq!(tokens.next(), None);
}

#[test]
fn a_token_is_found_as_a_whole_element_in_any_case() {
    for held in
        [&["upgrade"][..], &["keep-alive, Upgrade"], &["keep-alive", ",, UPGRADE ,"], &["\"upgrade, \", upgrade"]]
    {
        assert!(value::contains_token(lines(held), "upgrade"), "{held:?}");
    }
    for held in [
        &["no-upgrade"][..],
        &["upgrade2"],
        &["up", "grade"],
        &["\"upgrade\""],
        &["a=\", upgrade"],
        &["\"a, upgrade, b\""],
        &[],
    ] {
        assert!(!value::contains_token(lines(held), "upgrade"), "{held:?}");
    }
    assert!(!value::contains_token([&b"upgrade\xFF"[..], b"\xFF"], "upgrade"));
}

#[test]
fn a_single_value_stands_once() {
    assert_eq!(value::single(lines(&[])), Ok(None));
    assert_eq!(value::single(lines(&["a, b"])), Ok(Some(&b"a, b"[..])));
    assert_eq!(place(value::single(lines(&["a", "a"]))), (Kind::Duplicate, 1, 0));
}

#[test]
fn products() {
    assert_eq!(value::product(b"websocket"), Ok(Product { name: "websocket", version: None }));
    assert_eq!(value::product(b"HTTP/2.0"), Ok(Product { name: "HTTP", version: Some("2.0") }));
    for (element, offset) in [(&b""[..], 0), (b"/1", 0), (b"a/", 2), (b"a/b/c", 3), (b"a b", 1), (b"a /b", 1)] {
        assert_eq!(place(value::product(element)), (Kind::Token, 0, offset), "{}", element.escape_ascii());
    }
}

#[test]
fn parameters() {
    let element = br#"permessage-deflate ; a;; b=c;d="e\"f;,";"#;
    let parsed = value::parameterized(element).unwrap();
    assert_eq!((parsed.name, parsed.has_empty), ("permessage-deflate", true));
    let mut parameters = parsed.parameters;
    assert_eq!(parameters.next(), Some(Parameter { name: "a", value: None }));
    assert_eq!(parameters.next(), Some(Parameter { name: "b", value: Some(ParameterValue::Token("c")) }));
    let Some(Parameter { name: "d", value: Some(ParameterValue::Quoted(quoted)) }) = parameters.next() else {
        panic!("no quoted value")
    };
    assert_eq!(quoted.raw(), br#"e\"f;,"#);
    assert_eq!(quoted, "e\"f;,");
    assert_eq!(quoted.unescaped().collect::<Vec<_>>(), b"e\"f;,");
    assert_ne!(quoted, *"e");
    assert_eq!(parameters.next(), None);
    assert!(!value::parameterized(b"a; b").unwrap().has_empty);
    assert!(value::parameterized(b"a").unwrap().parameters.next().is_none());
}

#[test]
fn quoted_strings_compare_by_what_they_mean() {
    let quoted = |element: &'static [u8]| match value::parameterized(element).unwrap().parameters.next() {
        Some(Parameter { value: Some(ParameterValue::Quoted(quoted)), .. }) => quoted,
        other => panic!("{other:?}"),
    };
    assert_eq!(quoted(br#"a;b="1\5""#), quoted(br#"a;b="\15""#));
    assert_ne!(quoted(br#"a;b="1\5""#), quoted(br#"a;b="1""#));
    assert_eq!(quoted(br#"a;b="1\5""#), "15");
    assert_eq!(quoted(br#"a;b="""#), "");
    assert_ne!(quoted(br#"a;b="15""#), "1");
    assert_eq!(quoted(b"a;b=\"\xE9\t\""), b"\xE9\t"[..]);
}

#[test]
fn malformed_parameters() {
    for (element, kind, offset) in [
        (&b""[..], Kind::Token, 0),
        (b";a", Kind::Token, 0),
        (b"a b", Kind::Parameter, 2),
        (b"a;b c", Kind::Parameter, 4),
        (b"a;=b", Kind::Token, 2),
        (b"a;b=", Kind::Parameter, 4),
        (b"a;b= c", Kind::Parameter, 4),
        (b"a;b =c", Kind::Parameter, 4),
        (b"a;b=;c", Kind::Parameter, 4),
        (b"a; b=\"c", Kind::UnclosedQuote, 5),
        (b"a; b=\"c\"d", Kind::Parameter, 8),
        (b"a; b=\"\x7F\"", Kind::QuotedString, 6),
        (b"a, b", Kind::Parameter, 1),
        (b"a ", Kind::Parameter, 2),
    ] {
        assert_eq!(place(value::parameterized(element)), (kind, 0, offset), "{}", element.escape_ascii());
    }
}

#[test]
fn hosts() {
    for (text, host, port) in [
        ("", "", None),
        ("example.com", "example.com", None),
        ("EXAMPLE.com:", "EXAMPLE.com", None),
        ("a:0", "a", Some(0)),
        ("a:00080", "a", Some(80)),
        ("127.0.0.1:65535", "127.0.0.1", Some(65535)),
        ("[::1]", "[::1]", None),
        ("[2001:DB8::ffff:1.2.3.4]:8080", "[2001:DB8::ffff:1.2.3.4]", Some(8080)),
        ("a%20b-._~!$&'()*+,;=", "a%20b-._~!$&'()*+,;=", None),
    ] {
        assert_eq!(value::host(text.as_bytes()), Ok(Authority { host, port }), "{text}");
    }
    for (text, kind, offset) in [
        (&b"a b"[..], Kind::Host, 1),
        (b"a@b", Kind::Host, 1),
        (b"http://a", Kind::Port, 5),
        (b"a/", Kind::Host, 1),
        (b"a\x80", Kind::Host, 1),
        (b"a%4", Kind::Host, 1),
        (b"a%4g", Kind::Host, 1),
        (b"ab%20 c", Kind::Host, 5),
        (b":80", Kind::Host, 0),
        (b"a:65536", Kind::Port, 6),
        (b"a:+1", Kind::Port, 2),
        (b"a:1:2", Kind::Port, 3),
        (b"::1", Kind::Host, 0),
        (b"[::1", Kind::Host, 0),
        (b"[]", Kind::Host, 0),
        (b"[::1%25eth0]", Kind::Host, 0),
        (b"[v1.a]", Kind::Host, 0),
        (b"[127.0.0.1]", Kind::Host, 0),
        (b"[::1]80", Kind::Host, 5),
    ] {
        assert_eq!(place(value::host(text)), (kind, 0, offset), "{}", text.escape_ascii());
    }
}

#[test]
fn an_error_reads_as_one_line() {
    let error = value::tokens(lines(&["a", "b c"])).last().unwrap().unwrap_err();
    assert_eq!(error.to_string(), "not a token: at offset 1 of line 1 (RFC 9110, section 5.6.2)");
}

#[test]
fn every_error_names_what_is_wrong_and_the_rule() {
    let nested = "(".repeat(value::MAX_COMMENT_NESTING + 1);
    let commas = ",".repeat(MAX_EMPTY_ELEMENTS + 1);
    let held = Protocols(&[b","]);
    for (error, text, section) in [
        (value::product(b"").err(), "not a token", "RFC 9110, section 5.6.2"),
        (value::extension(b"a;b=\"").err(), "quoted-string without its closing quote", "RFC 9110, section 5.6.4"),
        (value::extension(b"a;b=\"\0").err(), "control byte in a quoted-string", "RFC 9110, section 5.6.4"),
        (value::comment(b"").err(), "malformed comment", "RFC 9110, section 5.6.5"),
        (value::comment(b"(").err(), "comment without its closing parenthesis", "RFC 9110, section 5.6.5"),
        (value::comment(nested.as_bytes()).err(), "comments nested too deep", "RFC 9110, section 5.6.5"),
        (elements(&[&commas]).err(), "too many empty list elements", "RFC 9110, section 5.6.1.2"),
        (
            held.sec_websocket_protocol_client().find_map(Result::err),
            "the list has no element",
            "RFC 9110, section 5.6.1.2",
        ),
        (value::single([&b""[..], b""]).err(), "the field stands twice", "RFC 9110, section 5.3"),
        (value::parameterized(b"a b").err(), "malformed parameter", "RFC 9110, section 5.6.6"),
        (value::host(b"@").err(), "malformed host", "RFC 3986, section 3.2.2"),
        (value::host(b"a:b").err(), "malformed port", "RFC 3986, section 3.2.3"),
        (value::origin(b"").err(), "malformed origin", "RFC 6454, section 7.1"),
        (value::content_length(b"").err(), "malformed length", "RFC 9110, section 8.6"),
        (value::transfer_coding(b"a;").err(), "malformed transfer coding", "RFC 9112, section 7"),
        (value::expectation(b"a;").err(), "malformed expectation", "RFC 9110, section 10.1.1"),
        (value::via(b"a").err(), "malformed element of Via", "RFC 9110, section 7.6.3"),
        (value::extension(b"a;").err(), "malformed parameter of an extension", "RFC 6455, section 9.1"),
        (value::websocket_key(b"").err(), "not 16 bytes in base64", "RFC 6455, section 4.2.1"),
        (value::websocket_accept(b"").err(), "not 20 bytes in base64", "RFC 6455, section 4.2.2"),
        (value::websocket_version(b"").err(), "not a version of WebSocket", "RFC 6455, section 4.3"),
        (value::http2_settings(b"").err(), "not settings in base64url", "RFC 7540, section 3.2.1"),
        (value::boolean_item(b"").err(), "malformed structured field", "RFC 8941, section 4.2"),
    ] {
        let error = error.unwrap();
        assert_eq!((error.kind().to_string().as_str(), error.section()), (text, section));
        let place = format!(": at offset {} of line {} ({section})", error.offset(), error.line());
        assert_eq!(error.to_string(), format!("{text}{place}"));
    }
}

/// Lines of Sec-WebSocket-Protocol alone.
struct Protocols(&'static [&'static [u8]]);

impl FieldsView for Protocols {
    fn values<'a>(&'a self, _: &'a str) -> impl Iterator<Item = &'a [u8]> + Clone + 'a {
        self.0.iter().copied()
    }

    fn lines(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|value| ("Sec-WebSocket-Protocol", *value))
    }
}

proptest! {
    /// One line per element or all on one: the same list (RFC 9110, section 5.3).
    #[test]
    fn lists_are_the_same_on_one_line_and_on_many(words in prop::collection::vec("[a-z =/]{0,4}|\"[a-z,;]{0,4}\"", 0..20)) {
        let many: Vec<&str> = words.iter().map(String::as_str).collect();
        let joined = words.join(",");
        let expected: Vec<&str> = many.iter().map(|word| word.trim()).filter(|word| !word.is_empty()).collect();
        let one: Vec<&[u8]> = value::list([joined.as_bytes()]).map(Result::unwrap).collect();
        prop_assert_eq!(&one, &expected.iter().map(|word| word.as_bytes()).collect::<Vec<_>>());
        let split: Vec<&[u8]> = value::list(lines(&many)).map(Result::unwrap).collect();
        prop_assert_eq!(split, one);
    }

    #[test]
    fn parameters_are_read_as_written(
        name in "[a-z]{1,5}", parameters in prop::collection::vec(("[a-z]{1,4}", prop::option::of("[ -~]{0,6}")), 0..6),
    ) {
        let mut element = name.clone();
        for (name, value) in &parameters {
            element += &format!(" ;\t{name}");
            if let Some(value) = value {
                element += &format!("=\"{}\"", value.replace('\\', r"\\").replace('"', "\\\""));
            }
        }
        let parsed = value::parameterized(element.as_bytes()).unwrap();
        prop_assert_eq!((parsed.name, parsed.has_empty), (&*name, false));
        let found: Vec<_> = parsed.parameters.map(|parameter| {
            let value = parameter.value.map(|value| match value {
                ParameterValue::Token(token) => token.to_owned(),
                ParameterValue::Quoted(quoted) => String::from_utf8(quoted.unescaped().collect()).unwrap(),
            });
            (parameter.name.to_owned(), value)
        }).collect();
        prop_assert_eq!(found, parameters);
    }

    #[test]
    fn any_bytes_end_in_a_value_or_an_error(bytes: Vec<u8>, more in "[a;=\",\\\\ \t/:\\[\\]%0-9]{0,20}") {
        for bytes in [&bytes[..], more.as_bytes()] {
            let place_is_inside = |error: ValueError| error.offset() <= bytes.len();
            prop_assert!(value::parameterized(bytes).map_or_else(place_is_inside, |found| found.parameters.count() <= bytes.len()));
            prop_assert!(value::product(bytes).map_or_else(place_is_inside, |found| bytes.starts_with(found.name.as_bytes())));
            prop_assert!(value::host(bytes).map_or_else(place_is_inside, |found| bytes.starts_with(found.host.as_bytes())));
            prop_assert!(value::list([bytes]).all(|found| found.map_or_else(place_is_inside, |element| !element.is_empty())));
            prop_assert!(value::tokens([bytes]).all(|found| found.map_or_else(place_is_inside, |token| value::is_token(token.as_bytes()))));
        }
    }
}
