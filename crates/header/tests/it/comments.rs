//! Comments, and the two grammars that have them: products, and the elements of Via.

use proptest::prelude::*;
use switchover_header::value::{
    self, Comment, MAX_COMMENT_NESTING, Product, ProductOrComment, ValueError, ValueErrorKind as Kind, Via,
};

/// Kind and offset.
fn place<T: std::fmt::Debug>(result: Result<T, ValueError>) -> (Kind, usize) {
    let error = result.unwrap_err();
    assert_eq!(error.line(), 0);
    (error.kind(), error.offset())
}

fn raw(text: &[u8]) -> Result<&[u8], ValueError> {
    value::comment(text).map(|comment| comment.raw())
}

/// `depth` comments, one in the other.
fn nested(depth: usize) -> String {
    format!("{}{}", "(".repeat(depth), ")".repeat(depth))
}

/// RFC 9110, section 5.6.5.
#[test]
fn comments() {
    for text in ["()", "(a)", "(a (b, \"c) d)", r"(\( \) \\ \a)", "(()())", "(\t\u{e9}')", r"(\\)", "(\\\t)"] {
        assert_eq!(raw(text.as_bytes()), Ok(&text.as_bytes()[1..text.len() - 1]), "{text}");
    }
    assert_eq!(value::comment(b"(a)"), value::comment(b"(a)"));
    assert_ne!(value::comment(b"(a)"), value::comment(br"(\a)"));
}

#[test]
fn malformed_comments() {
    for (text, kind, offset) in [
        (&b""[..], Kind::Comment, 0),
        (b"a", Kind::Comment, 0),
        (b" (a)", Kind::Comment, 0),
        (b"(a) ", Kind::Comment, 3),
        (b"(a)(b)", Kind::Comment, 3),
        (b"(a\0)", Kind::Comment, 2),
        (b"(a\x7F)", Kind::Comment, 2),
        (b"(\\\n)", Kind::Comment, 2),
        (b"(", Kind::UnclosedComment, 0),
        (b"((a)", Kind::UnclosedComment, 0),
        (b"(a\\)", Kind::UnclosedComment, 0),
        (b"(a\\", Kind::UnclosedComment, 0),
    ] {
        assert_eq!(place(value::comment(text)), (kind, offset), "{}", text.escape_ascii());
    }
}

#[test]
fn nesting_is_bounded() {
    assert!(value::comment(nested(MAX_COMMENT_NESTING).as_bytes()).is_ok());
    let beyond = (Kind::CommentNesting, MAX_COMMENT_NESTING);
    assert_eq!(place(value::comment(nested(MAX_COMMENT_NESTING + 1).as_bytes())), beyond);
    assert_eq!(place(value::comment(nested(1_000_000).as_bytes())), beyond);
    // One behind the other is no nesting.
    assert!(value::comment(format!("({})", "()".repeat(1000)).as_bytes()).is_ok());
}

/// RFC 9110, sections 10.1.5 and 10.2.4.
#[test]
fn products_and_comments() {
    let product = |name, version| ProductOrComment::Product(Product { name, version });
    let comment = |text: &'static [u8]| ProductOrComment::Comment(value::comment(text).unwrap());
    let parts = |text: &'static str| value::products(text.as_bytes()).collect::<Result<Vec<_>, _>>();
    assert_eq!(
        parts("CERN-LineMode/2.15 libwww/2.17b3"),
        Ok(vec![product("CERN-LineMode", Some("2.15")), product("libwww", Some("2.17b3"))])
    );
    assert_eq!(
        parts("Mozilla/5.0 \t(X11; Linux (x86_64)) (KHTML, like Gecko)\tSafari"),
        Ok(vec![
            product("Mozilla", Some("5.0")),
            comment(b"(X11; Linux (x86_64))"),
            comment(b"(KHTML, like Gecko)"),
            product("Safari", None),
        ])
    );
    let mut single = value::products(b"curl");
    assert_eq!(single.next(), Some(Ok(product("curl", None))));
    assert_eq!((single.next(), single.next()), (None, None));
}

#[test]
fn malformed_products() {
    for (text, before, kind, offset) in [
        (&b""[..], 0, Kind::Token, 0),
        (b" a", 0, Kind::Token, 0),
        (b"(a) b", 0, Kind::Token, 0),
        (b"a/", 0, Kind::Token, 2),
        (b"/1", 0, Kind::Token, 0),
        (b"a/1/2", 1, Kind::Token, 3),
        (b"a(b)", 1, Kind::Token, 1),
        (b"a (b)c", 2, Kind::Token, 5),
        (b"a (b)(c)", 2, Kind::Token, 5),
        (b"a ", 1, Kind::Token, 2),
        (b"a  b\xE9", 2, Kind::Token, 4),
        (b"ab  (c", 1, Kind::UnclosedComment, 4),
        (b"a, b", 1, Kind::Token, 1),
    ] {
        let mut products = value::products(text);
        assert!(products.by_ref().take(before).all(|part| part.is_ok()), "{}", text.escape_ascii());
        assert_eq!(place(products.next().unwrap()), (kind, offset), "{}", text.escape_ascii());
        assert_eq!(products.next(), None, "products end after an error");
    }
}

/// RFC 9110, section 7.6.3.
#[test]
fn elements_of_via() {
    let plain = Via { protocol_name: None, protocol_version: "1.0", received_by: "fred", port: None, comment: None };
    assert_eq!(value::via(b"1.0 fred"), Ok(plain));
    assert_eq!(value::via(b"1.0\t fred:"), Ok(plain));
    assert_eq!(value::via(b"HTTP/1.0 fred"), Ok(Via { protocol_name: Some("HTTP"), ..plain }));
    assert_eq!(value::via(b"1.0 fred:8080"), Ok(Via { port: Some(8080), ..plain }));
    let comment = value::comment(b"(a, \"b (c))").ok();
    assert_eq!(value::via(b"1.0 fred (a, \"b (c))"), Ok(Via { comment, ..plain }));
    assert_eq!(value::via(b"1.0 fred:65535 \t(a, \"b (c))"), Ok(Via { port: Some(65535), comment, ..plain }));
}

#[test]
fn malformed_elements_of_via() {
    for (text, kind, offset) in [
        (&b""[..], Kind::Token, 0),
        (b" 1.1 a", Kind::Token, 0),
        (b"1.1", Kind::Via, 3),
        (b"1.1 ", Kind::Token, 4),
        (b"HTTP/ a", Kind::Token, 5),
        (b"HTTP/1.1/2 a", Kind::Via, 8),
        (b"1.1(a) b", Kind::Via, 3),
        (b"1.1 (a)", Kind::Token, 4),
        (b"1.1 [::1]", Kind::Token, 4),
        (b"1.1 a:65536", Kind::Port, 10),
        (b"1.1 a:80(b)", Kind::Port, 8),
        (b"1.1 a:8:0", Kind::Port, 7),
        (b"1.1 a(b)", Kind::Via, 5),
        (b"1.1 a ", Kind::Comment, 6),
        (b"1.1 a b", Kind::Comment, 6),
        (b"1.1 a (b) ", Kind::Comment, 9),
        (b"1.1 a:80  (b", Kind::UnclosedComment, 10),
    ] {
        assert_eq!(place(value::via(text)), (kind, offset), "{}", text.escape_ascii());
    }
}

/// CVE-2021-32640 (ws) and CVE-2023-26103 (Deno): floods that must not cost more than their length.
#[test]
fn floods_are_read_once() {
    let flood = 1 << 20;
    assert_eq!(place(value::comment(["(", &"\\)".repeat(flood)].concat().as_bytes())).0, Kind::UnclosedComment);
    assert_eq!(place(value::comment("()(".repeat(flood).as_bytes())), (Kind::Comment, 2));
    let parts = ["a", &" (b)".repeat(flood), " (c"].concat();
    assert_eq!(value::products(parts.as_bytes()).filter(Result::is_ok).count(), flood + 1);
    assert_eq!(place(value::via(["1.1 a", &" ".repeat(flood), "b"].concat().as_bytes())), (Kind::Comment, flood + 5));
}

/// What may stand in a comment as it is.
const CTEXT: &str = "[\t -'*-\\[\\]-~\u{e9}]{0,4}";

/// The content of a comment with comments inside, and how deep they are nested.
fn content() -> impl Strategy<Value = (String, usize)> {
    let text = prop_oneof![CTEXT, "(\\\\[\t -~\u{e9}]){0,3}"].prop_map(|text| (text, 0));
    text.prop_recursive(24, 64, 3, |inner| {
        prop::collection::vec((CTEXT, inner), 1..3).prop_map(|parts| {
            let depth = parts.iter().map(|(_, (_, depth))| depth + 1).max().unwrap_or(0);
            (parts.iter().map(|(text, (inner, _))| format!("{text}({inner})")).collect(), depth)
        })
    })
}

/// Whether the text is one comment, told without a scan: quoted-pairs are put out of the way, and innermost comments
/// are taken out until none is left.
fn is_comment(text: &str) -> bool {
    let is_field = |character: char| character == '\t' || !character.is_control();
    let mut plain = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' if characters.next().is_some_and(is_field) => plain.push('a'),
            '\\' => return false,
            _ => plain.push(character),
        }
    }
    let Some(inside) = plain.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) else { return false };
    let mut inside = inside.to_owned();
    while let Some(close) = inside.find(')') {
        let Some(open) = inside[..close].rfind('(') else { return false };
        inside.replace_range(open..=close, "");
    }
    !inside.contains('(') && plain.chars().all(is_field)
}

proptest! {
    #[test]
    fn comments_are_read_as_written((content, depth) in content()) {
        let text = format!("({content})");
        if depth < MAX_COMMENT_NESTING {
            prop_assert_eq!(raw(text.as_bytes()), Ok(content.as_bytes()));
        } else {
            prop_assert_eq!(place(raw(text.as_bytes())).0, Kind::CommentNesting);
        }
    }

    #[test]
    fn a_comment_is_what_the_grammar_makes(text in "\\(?[()a\\\\ \t\n\"]{0,10}\\)?") {
        prop_assert_eq!(value::comment(text.as_bytes()).is_ok(), is_comment(&text), "{:?}", text);
    }

    #[test]
    fn products_are_read_as_written(
        parts in prop::collection::vec(
            ("[ \t]{1,3}", "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,3}", prop::option::of("[0-9.]{1,3}"), prop::option::of(CTEXT)),
            1..5,
        ),
    ) {
        let mut text = String::new();
        let mut expected = Vec::new();
        for (space, name, version, comment) in &parts {
            if !text.is_empty() {
                text += space;
            }
            text += name;
            expected.push((Some((name.as_str(), version.as_deref())), None));
            if let Some(version) = version {
                text += &format!("/{version}");
            }
            if let Some(comment) = comment {
                text += &format!("{space}({comment})");
                expected.push((None, Some(comment.as_bytes())));
            }
        }
        let found: Vec<_> = value::products(text.as_bytes()).map(|part| match part.unwrap() {
            ProductOrComment::Product(Product { name, version }) => (Some((name, version)), None),
            ProductOrComment::Comment(comment) => (None, Some(comment.raw())),
        }).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn elements_of_via_are_read_as_written(
        name in prop::option::of("[A-Z]{1,4}"), version in "[0-9.]{1,3}", by in "[a-z0-9._-]{1,6}",
        port: Option<u16>, comment in prop::option::of(content()), space in "[ \t]{1,3}",
    ) {
        let comment = comment.filter(|(_, depth)| *depth < MAX_COMMENT_NESTING);
        let comment = comment.map(|(content, _)| format!("({content})"));
        let mut text = name.as_ref().map(|name| format!("{name}/")).unwrap_or_default();
        text += &format!("{version}{space}{by}");
        text += &port.map(|port| format!(":{port}")).unwrap_or_default();
        text += &comment.as_ref().map(|comment| format!("{space}{comment}")).unwrap_or_default();
        let expected = Via {
            protocol_name: name.as_deref(), protocol_version: &version, received_by: &by, port,
            comment: comment.as_ref().map(|comment| value::comment(comment.as_bytes()).unwrap()),
        };
        prop_assert_eq!(value::via(text.as_bytes()), Ok(expected));
    }

    #[test]
    fn any_bytes_end_in_a_value_or_an_error(bytes: Vec<u8>, more in "[a1/:()\\\\\" \t,\0\u{e9}]{0,20}") {
        for bytes in [&bytes[..], more.as_bytes()] {
            let place_is_inside = |error: ValueError| error.offset() <= bytes.len();
            let shorter = |comment: Comment<'_>| comment.raw().len() + 2 <= bytes.len();
            prop_assert!(value::comment(bytes).map_or_else(place_is_inside, shorter));
            prop_assert!(value::via(bytes).map_or_else(place_is_inside, |via| via.comment.is_none_or(shorter)));
            let parts = value::products(bytes).inspect(|part| assert!(part.map_or_else(place_is_inside, |_| true)));
            prop_assert!(parts.count() <= bytes.len().max(1));
        }
    }
}
