//! Elements with parameters, as three fields have them, and lists of them.

use proptest::prelude::*;
use switchover_header::value::{
    self, MAX_EMPTY_ELEMENTS, Parameter, ParameterValue, Parameterized, QuotedString, ValueError,
    ValueErrorKind as Kind,
};

/// Kind, line and offset.
fn place<T: std::fmt::Debug>(result: Result<T, ValueError>) -> (Kind, usize, usize) {
    let error = result.unwrap_err();
    (error.kind(), error.line(), error.offset())
}

/// The names of the parameters, each with its value, `-` for none.
fn parameters(found: impl IntoIterator<Item = Parameter<'static>>) -> Vec<(&'static str, String)> {
    let text = |value: ParameterValue<'_>| match value {
        ParameterValue::Token(token) => token.to_owned(),
        ParameterValue::Quoted(quoted) => String::from_utf8(quoted.unescaped().collect()).unwrap(),
    };
    found.into_iter().map(|parameter| (parameter.name, parameter.value.map_or("-".to_owned(), text))).collect()
}

fn quoted(element: &[u8]) -> QuotedString<'_> {
    match value::parameterized(element).unwrap().parameters.next() {
        Some(Parameter { value: Some(ParameterValue::Quoted(quoted)), .. }) => quoted,
        other => panic!("{other:?}"),
    }
}

/// RFC 6455, section 9.1.
#[test]
fn extensions() {
    let found = value::extension(br#"mux ; max-channels=4;flow-control;a="b\c""#).unwrap();
    assert_eq!((found.name, found.has_empty), ("mux", false));
    let expected = [("max-channels", "4"), ("flow-control", "-"), ("a", "bc")];
    assert_eq!(parameters(found.parameters), expected.map(|(name, value)| (name, value.to_owned())));
    assert_eq!(value::extension(b"deflate-stream").unwrap().parameters.count(), 0);
    for (element, kind, offset) in [
        (&b""[..], Kind::Token, 0),
        (b"a;", Kind::Extension, 2),
        (b"a; ;b", Kind::Extension, 3),
        (b"a;b;", Kind::Extension, 4),
        (b"a;b=\"\"", Kind::Extension, 2),
        (b"a; b=\"c d\";", Kind::Extension, 3),
        (b"a;b;c=\"d,\"", Kind::Extension, 4),
        (b"a;b=\"\xE9\"", Kind::Extension, 2),
        (b"a;b=", Kind::Parameter, 4),
        (b"a b", Kind::Parameter, 2),
        (b"a;b =c", Kind::Parameter, 4),
        (b"a;b=\"c", Kind::UnclosedQuote, 4),
        (b"abc;\xE9", Kind::Token, 4),
    ] {
        assert_eq!(place(value::extension(element)), (kind, 0, offset), "{}", element.escape_ascii());
    }
}

/// RFC 9112, sections 7 and 7.1.
#[test]
fn transfer_codings() {
    let found = value::transfer_coding(br#"x ;a=b; c="d""#).unwrap();
    assert_eq!(found.name, "x");
    assert_eq!(parameters(found.parameters), [("a", "b".to_owned()), ("c", "d".to_owned())]);
    assert_eq!(value::transfer_coding(b"Chunked").unwrap().name, "Chunked");
    for (element, kind, offset) in [
        (&b""[..], Kind::Token, 0),
        (b"chunked;", Kind::TransferCoding, 8),
        (b"chunked;a=b", Kind::TransferCoding, 8),
        (b"CHUNKED; a=\"b\"", Kind::TransferCoding, 9),
        (b"x;", Kind::TransferCoding, 2),
        (b"x;;a=b", Kind::TransferCoding, 2),
        (b"x;a", Kind::TransferCoding, 2),
        (b"x;a=b;c", Kind::TransferCoding, 6),
        // The BWS of section 7.
        (b"x;a =b", Kind::TransferCoding, 2),
        (b"x;a= b", Kind::Parameter, 4),
    ] {
        assert_eq!(place(value::transfer_coding(element)), (kind, 0, offset), "{}", element.escape_ascii());
    }
}

/// CVE-2019-15605 (Node.js), CVE-2019-18277 (HAProxy): what is white space elsewhere is none here.
#[test]
fn only_sp_and_htab_are_white_space() {
    for byte in *b"\x0B\x0C\0\x1F\x7F\x85\xA0" {
        for element in [[&[byte], &b"chunked"[..]].concat(), [&b"chunked"[..], &[byte]].concat()] {
            let offset = element.iter().position(|other| *other == byte).unwrap();
            let fault = if offset == 0 { Kind::Token } else { Kind::Parameter };
            assert_eq!(place(value::transfer_coding(&element)), (fault, 0, offset), "{byte:#04x}");
            assert!(!value::contains_token([&element[..]], "chunked"), "{byte:#04x}");
            assert_eq!(place(value::tokens([&element[..]]).next().unwrap()), (Kind::Token, 0, offset), "{byte:#04x}");
        }
    }
}

/// RFC 9110, section 10.1.1.
#[test]
fn expectations() {
    for text in ["100-continue", "100-Continue", "100-CONTINUE"] {
        assert!(value::expectation(text.as_bytes()).unwrap().is_continue(), "{text}");
    }
    for text in ["100-continue=", "100-continu", "a100-continue", "99-continue", "100-continue=1", "a=100-continue"] {
        assert!(!value::expectation(text.as_bytes()).is_ok_and(|found| found.is_continue()), "{text}");
    }
    let found = value::expectation(br#"a="b c" ;d=e;; f="g";"#).unwrap();
    let Some(ParameterValue::Quoted(quoted)) = found.value else { panic!("{found:?}") };
    assert_eq!((found.name, quoted.raw()), ("a", &b"b c"[..]));
    assert_eq!(parameters(found.parameters), [("d", "e".to_owned()), ("f", "g".to_owned())]);
    assert_eq!(value::expectation(b"a=b").unwrap().value, Some(ParameterValue::Token("b")));
    for (element, kind, offset) in [
        (&b""[..], Kind::Token, 0),
        (b"=a", Kind::Token, 0),
        (b"100-continue;a=b", Kind::Expectation, 12),
        (b"100-continue ", Kind::Expectation, 12),
        (b"a b", Kind::Expectation, 1),
        (b"a=", Kind::Parameter, 2),
        (b"a= b", Kind::Parameter, 2),
        (b"a=\"b", Kind::UnclosedQuote, 2),
        (b"a=b c", Kind::Parameter, 4),
        (b"a=b;c", Kind::Expectation, 4),
        (b"a=b; c=d ;e", Kind::Expectation, 10),
        (b"a=b;c=\"d", Kind::UnclosedQuote, 6),
    ] {
        assert_eq!(place(value::expectation(element)), (kind, 0, offset), "{}", element.escape_ascii());
    }
}

#[test]
fn quoted_tokens() {
    for element in [&br#"a;b="c""#[..], br#"a;b="\c\d""#, br#"a;b="!~""#] {
        assert!(quoted(element).is_token(), "{}", element.escape_ascii());
    }
    for element in [&br#"a;b="""#[..], br#"a;b="c d""#, br#"a;b="\"""#, br#"a;b="\\""#, b"a;b=\"c\xE9\"", br#"a;b=" ""#]
    {
        assert!(!quoted(element).is_token(), "{}", element.escape_ascii());
    }
}

#[test]
fn errors_in_elements_have_their_place_in_the_line() {
    let lines = [&b"a, b;c=\"d,e\""[..], b" ,", b"\tf, g;h=, i"];
    let mut list = value::list_of(lines, value::parameterized);
    for name in ["a", "b", "f"] {
        assert_eq!(list.next().unwrap().unwrap().name, name);
    }
    assert_eq!(place(list.next().unwrap()), (Kind::Parameter, 2, 8));
    assert!(list.next().is_none(), "a list ends after an error");
    let mut unclosed = value::list_of([&b"a"[..], b"b, c=\"d"], value::product);
    assert_eq!(unclosed.by_ref().take_while(Result::is_ok).count(), 2);
    assert!(unclosed.next().is_none());
    let mut flood = value::list_of([&[b','; 1 << 20][..]], value::product);
    assert_eq!(place(flood.next().unwrap()), (Kind::EmptyElements, 0, MAX_EMPTY_ELEMENTS));
    assert!(flood.next().is_none());
}

/// CVE-2021-32640 (ws) and CVE-2023-26103 (Deno): floods that must not cost more than their length.
#[test]
fn floods_are_read_once() {
    let many = 1 << 20;
    let unclosed = ["a; b=\"", &"\\c".repeat(many)].concat();
    assert_eq!(place(value::extension(unclosed.as_bytes())), (Kind::UnclosedQuote, 0, 5));
    assert_eq!(place(value::list([unclosed.as_bytes()]).next().unwrap()), (Kind::UnclosedQuote, 0, 5));
    let spaces = ["b", &" ".repeat(many), "x"].concat();
    assert_eq!(place(value::tokens([spaces.as_bytes()]).next().unwrap()), (Kind::Token, 0, 1));
    assert_eq!(place(value::extension(spaces.as_bytes())), (Kind::Parameter, 0, many + 1));
    let trailing = ["b", &" ".repeat(many)].concat();
    assert_eq!(value::tokens([trailing.as_bytes()]).next(), Some(Ok("b")));
    let parameters = ["a", &";b=\"\\c\"".repeat(many)].concat();
    assert_eq!(value::extension(parameters.as_bytes()).unwrap().parameters.count(), many);
    assert_eq!(value::parameterized(["a", &";".repeat(many)].concat().as_bytes()).unwrap().parameters.count(), 0);
    let elements = "a , ".repeat(many);
    assert_eq!(value::tokens([elements.as_bytes()]).filter(Result::is_ok).count(), many);
}

/// How often each line is taken: once, whatever stands in it.
#[test]
fn each_line_is_taken_once() {
    let mut taken = 0;
    let lines = [&b"a"[..], b"", b"b, c", b",", b"d"];
    let list = value::tokens(lines.into_iter().inspect(|_| taken += 1));
    assert_eq!(list.collect::<Result<Vec<_>, _>>(), Ok(vec!["a", "b", "c", "d"]));
    assert_eq!(taken, lines.len());
}

/// A quoted-string that means `text`, as a sender may write it: with a backslash where it has to be, and where `more`
/// says so.
fn escape(text: &str, more: &[bool]) -> String {
    let mut escaped = String::new();
    for (place, character) in text.chars().enumerate() {
        if matches!(character, '"' | '\\') || more.get(place) == Some(&true) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

fn facts(found: Parameterized<'_>) -> (&str, bool, Vec<Parameter<'_>>) {
    (found.name, found.has_empty, found.parameters.collect())
}

proptest! {
    #[test]
    fn what_was_escaped_is_unescaped(text in "[\t -~]{0,12}", more: Vec<bool>, other in "[\t -~]{0,12}") {
        let escaped = escape(&text, &more);
        let element = format!("a;b=\"{escaped}\"");
        let found = quoted(element.as_bytes());
        prop_assert_eq!(found.raw(), escaped.as_bytes());
        prop_assert!(found.unescaped().eq(text.bytes()));
        prop_assert!(found == *text);
        prop_assert_eq!(found == *other, text == other);
        prop_assert_eq!(found.is_token(), value::is_token(text.as_bytes()));
        let shortest = format!("a;b=\"{}\"", escape(&text, &[]));
        prop_assert_eq!(found, quoted(shortest.as_bytes()));
        // The same of any value, in the form that it came in.
        let plain = format!("a;b={text}");
        let forms = [Some(&element), Some(&shortest), value::is_token(text.as_bytes()).then_some(&plain)];
        for form in forms.into_iter().flatten() {
            let value = value::parameterized(form.as_bytes()).unwrap().parameters.next().unwrap().value.unwrap();
            prop_assert!(value.unescaped().eq(text.bytes()));
            prop_assert!(value == *text);
            prop_assert_eq!(value == *other, text == other);
        }
    }

    /// RFC 9110, section 5.3.
    #[test]
    fn lists_are_the_same_on_one_line_and_on_many(
        lines in prop::collection::vec("[ \t]?([a-c]{1,2}[;=, /\t]){0,4}|a;b=\"(\\\\\"|[a, ;]){0,4}\"", 0..6),
    ) {
        let many: Vec<&[u8]> = lines.iter().map(String::as_bytes).collect();
        let joined = lines.join(",");
        let one = [joined.as_bytes()];
        // No line and one empty line hold no element either.
        fn found<'a, T>(
            lines: &[&'a [u8]], parse: fn(&'a [u8]) -> Result<T, ValueError>,
        ) -> (Vec<T>, Option<Kind>) {
            let mut error = None;
            let list = value::list_of(lines.iter().copied(), parse);
            let element = |element: Result<T, ValueError>| element.map_err(|inner| error = Some(inner.kind())).ok();
            (list.filter_map(element).collect(), error)
        }
        prop_assert_eq!(found(&one, value::product), found(&many, value::product));
        let facts = |lines| {
            let (elements, error) = found(lines, value::extension);
            (elements.into_iter().map(facts).collect::<Vec<_>>(), error)
        };
        prop_assert_eq!(facts(&one[..]), facts(&many[..]));
    }

    #[test]
    fn the_stricter_readers_find_nothing_else(element in "[ab](;[ab]?(=([ab]|\"[ab ]{0,2}\"))?){0,4}") {
        let all = value::parameterized(element.as_bytes()).map(facts);
        let strict = [value::extension(element.as_bytes()), value::transfer_coding(element.as_bytes())];
        for found in strict.into_iter().flatten() {
            prop_assert_eq!(Ok(facts(found)), all.clone());
        }
        let each_is = |good: fn(&Parameter<'_>) -> bool| {
            let all = all.clone().ok().filter(|(_, has_empty, _)| !has_empty);
            all.is_some_and(|(_, _, parameters)| parameters.iter().all(good))
        };
        let is_extension = each_is(|parameter| match parameter.value {
            Some(ParameterValue::Quoted(quoted)) => value::is_token(&quoted.unescaped().collect::<Vec<_>>()),
            _ => true,
        });
        prop_assert_eq!(value::extension(element.as_bytes()).is_ok(), is_extension);
        let is_coding = each_is(|parameter| parameter.value.is_some());
        prop_assert_eq!(value::transfer_coding(element.as_bytes()).is_ok(), is_coding);
    }

    #[test]
    fn any_bytes_end_in_a_value_or_an_error(bytes: Vec<u8>, more in "[a1=;\"\\\\ \t,\0\u{e9}]{0,20}") {
        for bytes in [&bytes[..], more.as_bytes()] {
            let place_is_inside = |error: ValueError| error.offset() <= bytes.len();
            let fewer = |count: usize| count <= bytes.len();
            for parse in [value::extension, value::transfer_coding, value::parameterized] {
                prop_assert!(parse(bytes).map_or_else(place_is_inside, |found| fewer(found.parameters.count())));
                let list: Vec<_> = value::list_of([bytes, bytes], parse).collect();
                prop_assert!(list.len() <= 2 * bytes.len() + 1);
                prop_assert!(list.into_iter().all(|found| found.map_or_else(place_is_inside, |_| true)));
            }
            let expectation = value::expectation(bytes);
            prop_assert!(expectation.map_or_else(place_is_inside, |found| fewer(found.parameters.count())));
        }
    }
}
