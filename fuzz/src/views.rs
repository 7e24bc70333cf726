//! What can be asked of any head that was accepted: its fields by name, and its values in crate `http`.

use bytes::Bytes;
use http::HeaderMap;
use std::fmt::Debug;
use switchover::{
    handshake::Key,
    header::{
        FieldSpan, FieldsView, Framing, HttpErrorKind, Limits, RequestHead, RequestScan, RequestView, ResponseHead,
        ResponseScan, ResponseView, Step, TypedFields, Version,
        value::{ParameterValue, Parameters, ValueError},
        write,
    },
};

/// Without any limit that a written head reaches sooner than the one that was read.
const ROOMY: Limits = Limits {
    start_line: usize::MAX,
    target: usize::MAX,
    name: usize::MAX,
    value: usize::MAX,
    fields: usize::MAX,
    head: usize::MAX,
    leading_crlf: usize::MAX,
};

/// Checks the views of the request whose head `bytes` are.
pub fn check_request(bytes: &[u8]) {
    let mut spans = Vec::<FieldSpan>::new();
    let head = request(bytes, &mut spans);
    check_fields(&head, bytes.len());
    match head.framing() {
        Framing::Length(length) => assert_eq!(head.content_length(), Ok(Some(length))),
        Framing::Chunked => {
            let codings: Vec<_> =
                TypedFields::transfer_encoding(&head).map(|coding| coding.map(|it| it.name)).collect();
            assert!(matches!(codings[..], [Ok(name)] if name.eq_ignore_ascii_case("chunked")));
        }
        framing => assert_eq!((framing, head.content_length()), (Framing::None, Ok(None))),
    }
    match head.host() {
        Ok(host) => assert!(host.is_some() || head.version() == Version::Http10),
        Err(error) => panic!("the scan took it: {error}"),
    }
    let has_host = head.host() != Ok(None);

    let shared = Bytes::copy_from_slice(bytes);
    let mut converted = match head.to_http(&shared, HeaderMap::new()) {
        Ok(request) => request,
        Err(error) => {
            // It takes neither percent-encoding in a host nor a scheme of more than 64 bytes.
            let is_known = head.authority().is_some_and(|authority| authority.contains('%'))
                || head.scheme().is_some_and(|scheme| scheme.len() > 64);
            assert!(error.kind() == HttpErrorKind::Target && is_known, "{error}: {}", bytes.escape_ascii());
            return;
        }
    };
    assert_eq!((converted.method().as_str(), minor(converted.version())), (head.method(), head.version()));
    let view: &dyn Fn(&str) -> Vec<Vec<u8>> = &|name| values(&converted, name);
    check_values(&head, view);
    assert_eq!(RequestView::framing(&converted), Ok(head.framing()));
    let authority = RequestView::authority(&converted).map(str::to_owned);
    assert_eq!(authority.as_deref(), head.authority());
    assert_eq!(
        RequestView::scheme(&converted).map(str::to_ascii_lowercase),
        head.scheme().map(str::to_ascii_lowercase)
    );
    // A URI does not tell an empty path from one that is `/`.
    let is_of_server = head.method() == "OPTIONS" && head.path() == "*" && head.target() != "*";
    assert_eq!(RequestView::path(&converted), if is_of_server { "/" } else { head.path() });

    if head.version() == Version::Http10 && !has_host {
        return; // it is written as HTTP/1.1, which needs one
    }
    // Spelled as it was, and not.
    for is_spelled in [true, false] {
        if is_spelled {
            converted.extensions_mut().insert(head.spelling(&shared));
        } else {
            converted.extensions_mut().clear();
        }
        let mut out = Vec::new();
        write::http_request(&mut out, &converted).and_then(write::HeadWriter::end).expect("it was read");
        let mut spans = Vec::<FieldSpan>::new();
        let again = request(&out, &mut spans);
        assert_eq!(
            (again.method(), again.framing(), again.version()),
            (head.method(), head.framing(), Version::Http11)
        );
        if !head.target().contains("://") {
            assert_eq!(again.target(), head.target());
        }
        check_same(fields(head.fields()), fields(again.fields()), is_spelled);
        let out = Bytes::from(out.clone());
        let second = again.to_http(&out, HeaderMap::new()).expect("the first was taken");
        assert_eq!((second.uri(), second.headers()), (converted.uri(), converted.headers()));
    }
}

/// Checks the views of the response whose head `bytes` are.
pub fn check_response(bytes: &[u8]) {
    let mut spans = Vec::<FieldSpan>::new();
    let head = response(bytes, &mut spans);
    check_fields(&head, bytes.len());
    // Where it has a length, there is no other opinion on it.
    if let Ok(Framing::Length(length)) = head.framing("GET") {
        assert_eq!(head.content_length(), Ok(Some(length)));
    }

    let shared = Bytes::copy_from_slice(bytes);
    let mut converted = head.to_http(&shared, HeaderMap::new()).expect("http takes all responses of this size");
    assert_eq!((converted.status().as_u16(), minor(converted.version())), (head.status().as_u16(), head.version()));
    assert_eq!((ResponseView::status(&converted), ResponseView::version(&converted)), (head.status(), head.version()));
    check_values(&head, &|name| values(&converted, name));
    for is_spelled in [true, false] {
        if is_spelled {
            converted.extensions_mut().insert(head.spelling(&shared));
        } else {
            converted.extensions_mut().clear();
        }
        let mut out = Vec::new();
        write::http_response(&mut out, &converted).and_then(write::HeadWriter::end).expect("it was read");
        let mut spans = Vec::<FieldSpan>::new();
        let again = response(&out, &mut spans);
        let reason = if is_spelled { head.reason() } else { head.status().reason().as_bytes() };
        assert_eq!((again.status(), again.reason()), (head.status(), reason));
        check_same(fields(head.fields()), fields(again.fields()), is_spelled);
    }
}

fn request<'b>(bytes: &'b [u8], spans: &'b mut Vec<FieldSpan>) -> RequestHead<'b> {
    match RequestScan::new(ROOMY).scan(bytes, spans) {
        Ok(Step::Done { value, consumed }) if consumed == bytes.len() => value,
        other => panic!("{other:?}: {}", bytes.escape_ascii()),
    }
}

fn response<'b>(bytes: &'b [u8], spans: &'b mut Vec<FieldSpan>) -> ResponseHead<'b> {
    match ResponseScan::new(ROOMY).scan(bytes, spans) {
        Ok(Step::Done { value, consumed }) if consumed == bytes.len() => value,
        other => panic!("{other:?}: {}", bytes.escape_ascii()),
    }
}

fn minor(version: http::Version) -> Version {
    if version == http::Version::HTTP_10 { Version::Http10 } else { Version::Http11 }
}

type Lines = Vec<(String, Vec<u8>)>;

fn fields<'b>(fields: impl Iterator<Item = switchover::header::Field<'b>>) -> Lines {
    fields.map(|field| (field.name.to_owned(), field.value.to_vec())).collect()
}

/// The order of names, and their case, is kept with a spelling alone; that of the lines of one name always.
fn check_same(mut lines: Lines, mut others: Lines, is_spelled: bool) {
    if !is_spelled {
        lines.iter_mut().for_each(|(name, _)| name.make_ascii_lowercase());
        lines.sort_by(|(name, _), (other, _)| name.cmp(other));
        others.sort_by(|(name, _), (other, _)| name.cmp(other));
    }
    assert_eq!(lines, others);
}

fn values(view: &impl FieldsView, name: &str) -> Vec<Vec<u8>> {
    view.values(name).map(<[u8]>::to_vec).collect()
}

/// Another view of the same head has the same values of each name that is in it.
fn check_values<'b>(head: &(impl FieldsView + Names<'b>), other: &dyn Fn(&str) -> Vec<Vec<u8>>) {
    for name in head.names() {
        let expected = values(head, name);
        assert!(!expected.is_empty());
        assert_eq!(other(name), expected);
        assert_eq!(values(head, &name.to_ascii_uppercase()), expected);
    }
}

trait Names<'b> {
    fn names(&self) -> Vec<&'b str>;
}

impl<'b> Names<'b> for RequestHead<'b> {
    fn names(&self) -> Vec<&'b str> {
        self.fields().map(|field| field.name).collect()
    }
}

impl<'b> Names<'b> for ResponseHead<'b> {
    fn names(&self) -> Vec<&'b str> {
        self.fields().map(|field| field.name).collect()
    }
}

/// Asks for all fields that have a grammar: nothing panics, and every list ends, at its first error at the latest. `most` is
/// the length of the head.
fn check_fields(view: &impl TypedFields, most: usize) {
    drain(view.connection(), most);
    drain(view.upgrade(), most);
    drain(view.via(), most);
    drain(view.sec_websocket_version_server(), most);
    drain(view.sec_websocket_protocol_client(), most);
    for expectation in drain(view.expect(), most) {
        check_parameters(expectation.parameters, most);
    }
    for coding in drain(view.transfer_encoding(), most) {
        check_parameters(coding.parameters, most);
    }
    for extension in drain(view.sec_websocket_extensions_client(), most) {
        check_parameters(extension.parameters, most);
    }
    if let Some(extensions) = said(view.sec_websocket_extensions_server()) {
        for extension in drain(extensions, most) {
            check_parameters(extension.parameters, most);
        }
    }
    if let Some(Some(host)) = said(view.host()) {
        assert!(host.host.is_ascii());
    }
    said(view.origin());
    if let Some(Some(origins)) = said(view.origins()) {
        drain(origins, most);
    }
    if let Some(Some(key)) = said(view.sec_websocket_key()) {
        assert!(Key::parse(key).is_some());
    }
    said(view.content_length());
    said(view.sec_websocket_accept());
    said(view.sec_websocket_version_client());
    said(view.sec_websocket_protocol_server());
    said(view.http2_settings());
    view.capsule_protocol();
    for option in ["upgrade", "close", ""] {
        let is_listed = view.connection().filter_map(Result::ok).any(|it| it.eq_ignore_ascii_case(option));
        // Of a list with an error, what stands behind it may count or not.
        assert!(view.has_connection_option(option) == is_listed || view.connection().any(|it| it.is_err()));
    }
}

fn said<T>(result: Result<T, ValueError>) -> Option<T> {
    result.map_err(|error| assert!(!error.to_string().is_empty())).ok()
}

/// All values of a list, which ends after its first error.
fn drain<T: Debug>(list: impl Iterator<Item = Result<T, ValueError>>, most: usize) -> Vec<T> {
    let mut list = list;
    let mut values = Vec::new();
    while let Some(value) = list.next() {
        let Some(value) = said(value) else {
            assert!(list.next().is_none(), "it goes on after an error");
            break;
        };
        assert!(!format!("{value:?}").is_empty());
        values.push(value);
        assert!(values.len() <= most);
    }
    values
}

fn check_parameters(parameters: Parameters<'_>, most: usize) {
    assert!(parameters.clone().count() <= most);
    for parameter in parameters {
        assert!(!parameter.name.is_empty());
        if let Some(ParameterValue::Quoted(quoted)) = parameter.value {
            assert!(quoted.unescaped().count() <= most && (!quoted.is_token() || quoted.unescaped().count() > 0));
        }
    }
}
