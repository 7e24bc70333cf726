//! A server's answer, owned.

use bytes::Bytes;
use switchover::{
    handshake::RefusedAnswer,
    header::{FieldsView, ResponseHead, ResponseView, Status, Version},
};

/// A server's answer to the opening handshake: the 101, or a refusal with its content.
///
/// As a [`FieldsView`] it gives the values of a field, in whatever case its name is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: Status,
    /// The version of the message.
    pub version: Version,
    /// The reason phrase, often empty; bytes that are not UTF-8 are replaced.
    pub reason: String,
    /// Names and values of all field lines, as they were received, in order.
    pub fields: Vec<(String, Bytes)>,
    /// The content of a refusal.
    pub body: Bytes,
    /// Whether `body` is not the whole content: see [`RefusedAnswer::truncated`].
    pub truncated: bool,
}

impl From<ResponseHead<'_>> for Response {
    fn from(head: ResponseHead<'_>) -> Self {
        let field = |field: switchover::header::Field<'_>| (field.name.to_owned(), Bytes::copy_from_slice(field.value));
        Self {
            status: head.status(),
            version: head.version(),
            reason: String::from_utf8_lossy(head.reason()).into_owned(),
            fields: head.fields().map(field).collect(),
            body: Bytes::new(),
            truncated: false,
        }
    }
}

impl From<RefusedAnswer<'_>> for Response {
    fn from(answer: RefusedAnswer<'_>) -> Self {
        let body = Bytes::copy_from_slice(answer.body);
        Self { body, truncated: answer.truncated, ..Self::from(answer.head) }
    }
}

impl FieldsView for Response {
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + Clone + 'a {
        self.fields.iter().filter(move |field| field.0.eq_ignore_ascii_case(name)).map(|field| &field.1[..])
    }
}

impl ResponseView for Response {
    fn status(&self) -> Status {
        self.status
    }

    fn version(&self) -> Version {
        self.version
    }
}
