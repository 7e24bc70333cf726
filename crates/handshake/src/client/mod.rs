//! The client's half, from bytes: [`ClientHandshake`].

mod answer;
mod offer;
mod verify;

use bytes::BufMut;
use switchover_header::names::TRANSFER_ENCODING;
use switchover_header::{FieldTable, Framing, Limits, ResponseHead, ResponseScan, Status, Step};

pub use self::answer::{Answer, RefusedAnswer};
pub use self::offer::Offer;
pub use self::verify::{Expectations, verify};
use crate::{HandshakeError, INLINE_FIELDS, LocalError};

/// Reads the responses to one offer until the final one.
///
/// The caller keeps the bytes: [`receive`](Self::receive) is given everything from the start of the response, again
/// with more behind it as long as it says [`Step::NeedMore`]. After [`Step::Done`] the caller removes `consumed` bytes
/// from the front of its buffer; behind [`Answer::Accepted`], what stays there belongs to WebSocket.
///
/// Nothing can be sent before that: the request is written when the handshake begins, and a session begins with an
/// [`Agreement`](crate::Agreement) (RFC 6455, section 4.1).
///
/// - handle: [`receive`](Self::receive), [`receive_eof`](Self::receive_eof)
#[derive(Debug)]
pub struct ClientHandshake {
    expectations: Expectations,
    limits: ClientLimits,
    scan: ResponseScan,
    fields: FieldTable<INLINE_FIELDS>,
    /// Interim responses so far; `interim <= limits.interim`.
    interim: usize,
    /// The head of a refusal was read, and this many bytes of input, head included, complete the answer; else 0.
    awaited: usize,
    /// What every call gives once the handshake has failed.
    failed: Option<HandshakeError>,
}

/// How much of an answer is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientLimits {
    /// Of each head; its memory is the caller's buffer.
    pub head: Limits,
    /// Interim responses (1xx) before the final one: 16 by default. They are given out one by one and not kept.
    pub interim: usize,
    /// Bytes of the content of a refusal: 65,536 by default, which the caller's buffer has to hold. What is longer is
    /// given out cut to this length.
    pub refusal_body: usize,
}

impl ClientHandshake {
    /// Writes the request, whole or not at all, and waits for the response.
    ///
    /// `nonce` is 16 bytes that nobody can predict, for this attempt only (RFC 6455, section 4.1, second list, item 7).
    ///
    /// # Errors
    /// [`LocalError::OutputTooSmall`] if `out` has no room; one that grows always has.
    pub fn new(offer: &Offer, nonce: [u8; 16], out: &mut impl BufMut) -> Result<Self, LocalError> {
        offer.write(nonce, out)?;
        let limits = ClientLimits::default();
        Ok(Self {
            expectations: offer.expectations(nonce),
            limits,
            scan: ResponseScan::new(limits.head),
            fields: FieldTable::new(),
            interim: 0,
            awaited: 0,
            failed: None,
        })
    }

    /// The same with other limits, to be set before the first byte is received.
    #[must_use]
    pub fn limits(mut self, limits: ClientLimits) -> Self {
        self.limits = limits;
        self.scan = ResponseScan::new(limits.head);
        self
    }

    /// Looks at the bytes from the start of the response to the last one received.
    ///
    /// # Errors
    /// What fails the handshake; the connection is dropped. Every later call gives it again.
    pub fn receive<'a>(&'a mut self, input: &'a [u8]) -> Result<Step<Answer<'a>>, HandshakeError> {
        if input.len() < self.awaited {
            // Bytes that a length declares are no reason to reserve room for them.
            return Ok(Step::NeedMore { at_least: 1 });
        }
        self.advance(input, false)
    }

    /// Looks at the last bytes, behind which the connection ended: the end may complete the content of a refusal. Gives
    /// the answer and the number of bytes that it took from the front of `input`; behind [`Answer::Interim`] it is called
    /// again with what is left.
    ///
    /// # Errors
    /// [`HandshakeError::Closed`] if the head of the response is not complete, and as [`receive`](Self::receive).
    pub fn receive_eof<'a>(&'a mut self, input: &'a [u8]) -> Result<(Answer<'a>, usize), HandshakeError> {
        match self.advance(input, true)? {
            Step::Done { value, consumed } => Ok((value, consumed)),
            Step::NeedMore { .. } => Err(HandshakeError::Closed),
        }
    }

    /// The next answer in `input`, behind which the connection has ended or not.
    fn advance<'a>(&'a mut self, input: &'a [u8], ended: bool) -> Result<Step<Answer<'a>>, HandshakeError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let mut fail = |error| {
            self.failed = Some(error);
            Err(error)
        };
        let (head, consumed) = match self.scan.scan(input, &mut self.fields) {
            Ok(Step::Done { value, consumed }) => (value, consumed),
            Ok(Step::NeedMore { .. }) if ended => return fail(HandshakeError::Closed),
            Ok(Step::NeedMore { at_least }) => return Ok(Step::NeedMore { at_least }),
            Err(error) => return fail(HandshakeError::Head(error)),
        };
        self.scan = ResponseScan::new(self.limits.head);
        self.awaited = 0;
        if head.status() == Status::SWITCHING_PROTOCOLS {
            return match verify(&head, &self.expectations) {
                Ok(agreement) => Ok(Step::Done { value: Answer::Accepted { agreement, head }, consumed }),
                Err(error) => fail(error),
            };
        }
        if head.status().is_informational() {
            if self.interim == self.limits.interim {
                return fail(HandshakeError::TooManyInterim);
            }
            self.interim += 1;
            return Ok(Step::Done { value: Answer::Interim(head), consumed });
        }
        let received = input.get(consumed..).unwrap_or_default();
        let content = Content::new(&head, received, self.limits.refusal_body);
        if received.len() < content.awaited && !ended {
            self.awaited = consumed.saturating_add(content.awaited);
            return Ok(Step::NeedMore { at_least: 1 });
        }
        let refused = RefusedAnswer { head, body: content.body, truncated: content.truncated };
        Ok(Step::Done { value: Answer::Refused(refused), consumed: consumed + content.body.len() })
    }
}

impl Default for ClientLimits {
    fn default() -> Self {
        Self { head: Limits::default(), interim: 16, refusal_body: 65_536 }
    }
}

/// How much of the content of a refusal there is.
struct Content<'a> {
    /// What was received of it, at most the limit.
    body: &'a [u8],
    /// Bytes behind the head that complete it, unless the connection ends before.
    awaited: usize,
    /// `body` is not the whole content.
    truncated: bool,
}

impl<'a> Content<'a> {
    const LEFT_OUT: Self = Self { body: &[], awaited: 0, truncated: true };

    /// RFC 9112, section 6.3.
    fn new(head: &ResponseHead<'_>, received: &'a [u8], limit: usize) -> Self {
        // The head says what is to be known of a refusal. Content whose end is uncertain, or that has to be decoded to be
        // of use, is left out.
        let framing = match head.framing("GET") {
            Ok(Framing::Chunked) | Err(_) => return Self::LEFT_OUT,
            Ok(Framing::UntilClose) if head.values(TRANSFER_ENCODING).next().is_some() => return Self::LEFT_OUT,
            Ok(framing) => framing,
        };
        let (len, awaited) = match framing {
            Framing::Length(len) => {
                let len = usize::try_from(len).unwrap_or(usize::MAX).min(limit);
                (len, len)
            }
            // One byte beyond the limit tells content that is too long from content that has just its length.
            Framing::UntilClose => (limit, limit.saturating_add(1)),
            Framing::None | Framing::Chunked => (0, 0),
        };
        let body = received.get(..len).unwrap_or(received);
        let truncated = match framing {
            Framing::Length(len) => usize::try_from(len) != Ok(body.len()),
            Framing::UntilClose => received.len() > limit,
            Framing::None | Framing::Chunked => false,
        };
        Self { body, awaited, truncated }
    }
}
