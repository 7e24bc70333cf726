//! The server's half, from bytes: [`ServerHandshake`].

mod answer;
mod choice;
mod inspect;
mod proposal;

use core::ops::Deref;

use switchover_header::{FieldTable, Framing, Limits, RequestHead, RequestScan, Step};

pub use self::choice::Choice;
pub use self::inspect::inspect;
#[cfg(feature = "http")]
pub(crate) use self::proposal::answer_lines;
pub use self::proposal::{AcceptError, Proposal};
use crate::{HandshakeError, INLINE_FIELDS, Refusal};

/// Reads requests until one proposes WebSocket.
///
/// The caller keeps the bytes: [`receive`](Self::receive) is given everything from the start of the request, again with
/// more behind it as long as it says [`Step::NeedMore`], and no byte is looked at twice. After [`Step::Done`] the caller
/// removes `consumed` bytes from the front of its buffer, and what stays there belongs to the new protocol.
///
/// A [`Refusal`] is sent and ends the connection. Memory of its own is flat: the limits bound the number of fields,
/// and the bytes are the caller's.
///
/// - handle: [`receive`](Self::receive), [`answer`](Self::answer)
/// - the deadline is the caller's; [`Refusal::timeout`] is the answer when it passes
#[derive(Debug)]
pub struct ServerHandshake {
    limits: Limits,
    early_data: EarlyData,
    scan: RequestScan,
    fields: FieldTable<INLINE_FIELDS>,
    /// What every call gives once a request was refused, or was left with content that nobody has read.
    refused: Option<Refusal>,
}

/// What to do with bytes behind the request that are there before it is answered.
///
/// A client waits for the answer (RFC 6455, section 4.1), and some send their first message at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EarlyData {
    /// They stay in the caller's buffer, as the first bytes of the new protocol.
    #[default]
    Keep,
    /// A proposal with bytes behind it is refused with 400. Only those count that are in `input` already when
    /// [`receive`](ServerHandshake::receive) sees the end of the head: what arrives later, and may have been sent as early,
    /// is for the new protocol.
    Reject,
}

/// A request that came to the end of its head.
#[derive(Debug)]
pub enum Request<'a> {
    /// It proposes WebSocket, and everything that can be checked is right.
    WebSocket(Proposal<RequestHead<'a>>),
    /// It does not ask for WebSocket.
    Http(PlainRequest<'a>),
}

/// A well-formed request that does not ask for WebSocket, to be answered as any other.
///
/// Upgrade does not count on HTTP/1.0, nor where Connection does not name it (RFC 9110, sections 7.6.1 and 7.8).
/// The content of the request, if its framing says there is some, follows what was consumed. It is not read here: the
/// handshake refuses whatever comes next with [`HandshakeError::Content`], so that content is never taken for a request,
/// and who reads the content goes on behind it with a new [`ServerHandshake`].
#[derive(Clone, Copy, Debug)]
pub struct PlainRequest<'a>(RequestHead<'a>);

impl ServerHandshake {
    /// Waits for a request whose head keeps to these limits.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            early_data: EarlyData::default(),
            scan: RequestScan::new(limits),
            fields: FieldTable::new(),
            refused: None,
        }
    }

    /// The same with another policy for bytes that come before the answer.
    #[must_use]
    pub fn early_data(mut self, policy: EarlyData) -> Self {
        self.early_data = policy;
        self
    }

    /// Looks at the bytes from the start of the request to the last one received.
    ///
    /// # Errors
    /// The response that refuses the request. Every later call gives it again.
    pub fn receive<'a>(&'a mut self, input: &'a [u8]) -> Result<Step<Request<'a>>, Refusal> {
        if let Some(refusal) = &self.refused {
            return Err(refusal.clone());
        }
        let mut refuse = |refusal: Refusal| {
            self.refused = Some(refusal.clone());
            Err(refusal)
        };
        let (head, consumed) = match self.scan.scan(input, &mut self.fields) {
            Ok(Step::Done { value, consumed }) => (value, consumed),
            Ok(Step::NeedMore { at_least }) => return Ok(Step::NeedMore { at_least }),
            Err(error) => return refuse(HandshakeError::Head(error).into()),
        };
        self.scan = RequestScan::new(self.limits);
        let request = match inspect(head) {
            Ok(Some(_)) if self.early_data == EarlyData::Reject && consumed < input.len() => {
                return refuse(HandshakeError::EarlyData.into());
            }
            Ok(Some(proposal)) => Request::WebSocket(proposal),
            Ok(None) => {
                if !matches!(head.framing(), Framing::None | Framing::Length(0)) {
                    self.refused = Some(HandshakeError::Content.into());
                }
                Request::Http(PlainRequest(head))
            }
            Err(refusal) => return refuse(refusal),
        };
        Ok(Step::Done { value: request, consumed })
    }
}

impl Default for ServerHandshake {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl<'a> PlainRequest<'a> {
    /// The head, for longer than a reference to this value.
    pub fn head(&self) -> RequestHead<'a> {
        self.0
    }

    /// The refusal of a resource that speaks WebSocket only: 405 (Method Not Allowed) where the method is not GET, else
    /// 426 (Upgrade Required).
    ///
    /// HTTP/1.0 gets 426 too. It is a final response, which any version understands, and it says what to do; the
    /// Upgrade field in it asks for nothing that the client may not ignore (RFC 9110, section 15.5.22).
    pub fn refuse(&self) -> Refusal {
        let error = if self.0.method() == "GET" { HandshakeError::UpgradeRequired } else { HandshakeError::Method };
        self.refuse_with(error.into())
    }

    /// A refusal of the server's as the response to this request: HEAD gets no content (RFC 9110, section 9.3.2).
    pub fn refuse_with(&self, refusal: Refusal) -> Refusal {
        refusal.for_method(self.0.method())
    }
}

impl<'a> Deref for PlainRequest<'a> {
    type Target = RequestHead<'a>;

    fn deref(&self) -> &RequestHead<'a> {
        &self.0
    }
}
