//! A server's answer, owned.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use bytes::{Buf, Bytes, BytesMut};
use switchover_header::{Field, FieldsView, ResponseHead, ResponseView, Status, Step, Version};

use crate::{Answer, Attempt, ClientHandshake, HandshakeError, RefusedAnswer};

/// The final answer, copied out of the buffer it came in: see [`ClientHandshake::answer`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FinalAnswer<G> {
    /// As [`Answer::Accepted`].
    Accepted {
        /// What both sides agreed on.
        agreement: G,
        /// The response with all its fields.
        response: Response,
    },
    /// As [`Answer::Refused`].
    Refused(Response),
}

impl<G> FinalAnswer<G> {
    /// The agreement and the response that makes it.
    ///
    /// # Errors
    /// The response of a server that refused.
    pub fn accepted(self) -> Result<(G, Response), Box<Response>> {
        match self {
            Self::Accepted { agreement, response } => Ok((agreement, response)),
            Self::Refused(response) => Err(Box::new(response)),
        }
    }
}

impl<A: Attempt> ClientHandshake<A> {
    /// Reads on until the final response, for a client that needs nothing of those before: takes it off the front of `input`,
    /// and interim responses with it. `None` means that it is not whole; where the connection `ended` behind `input`,
    /// there is a response or an error.
    ///
    /// # Errors
    /// As for [`receive`](Self::receive) and [`receive_eof`](Self::receive_eof).
    pub fn answer(
        &mut self,
        input: &mut BytesMut,
        ended: bool,
    ) -> Result<Option<FinalAnswer<A::Agreement>>, HandshakeError> {
        loop {
            let (answer, consumed) = match ended {
                true => self.receive_eof(input)?,
                false => match self.receive(input)? {
                    Step::Done { value, consumed } => (value, consumed),
                    Step::NeedMore { .. } => return Ok(None),
                },
            };
            let answer = match answer {
                Answer::Interim(_) => None,
                Answer::Accepted { agreement, head } => {
                    Some(FinalAnswer::Accepted { agreement, response: head.into() })
                }
                Answer::Refused(answer) => Some(FinalAnswer::Refused(answer.into())),
            };
            input.advance(consumed);
            if answer.is_some() {
                return Ok(answer);
            }
        }
    }
}

/// A server's answer to the opening handshake, copied out of the buffer it came in: the 101, or a refusal with its content.
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
        let field = |field: Field<'_>| (field.name.to_owned(), Bytes::copy_from_slice(field.value));
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

    fn lines(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.fields.iter().map(|(name, value)| (&**name, &**value))
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
