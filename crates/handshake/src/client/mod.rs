//! The client's half, from bytes: [`ClientHandshake`].

mod answer;
mod attempt;
mod content;
mod offer;
mod verify;

use bytes::BufMut;
use switchover_header::{FieldTable, Limits, ResponseScan, Status, Step};

pub use self::answer::{Answer, RefusedAnswer};
pub use self::attempt::Attempt;
use self::content::RefusedContent;
pub use self::offer::Offer;
pub use self::verify::{Expectations, verify};
pub(crate) use self::verify::{check_accept, check_connection, check_switch, negotiated, without_protocol};
use crate::{
    ConnectExpectations, ConnectOffer, HandshakeError, INLINE_FIELDS, LocalError, UpgradeExpectations, UpgradeOffer,
};

/// Reads the responses to one offer until the final one: to an [`Offer`] of WebSocket, to an [`UpgradeOffer`] of other
/// protocols, to a [`ConnectOffer`] for a tunnel, or to any other [`Attempt`].
///
/// The caller keeps the bytes: [`receive`](Self::receive) is given everything from the start of the response, again
/// with more behind it as long as it says [`Step::NeedMore`]. After [`Step::Done`] the caller removes `consumed` bytes
/// from the front of its buffer; behind [`Answer::Accepted`], what stays there belongs to the new protocol.
///
/// Nothing of that protocol can be sent before: the request is written when the handshake begins, and a session begins
/// with an [agreement](Attempt::Agreement) (RFC 6455, section 4.1; RFC 9931 for tunnels).
///
/// - handle: [`receive`](Self::receive), [`receive_eof`](Self::receive_eof)
#[derive(Debug)]
pub struct ClientHandshake<A = Expectations> {
    attempt: A,
    limits: ClientLimits,
    scan: ResponseScan,
    fields: FieldTable<INLINE_FIELDS>,
    /// Interim responses so far; `interim <= limits.interim`.
    interim: usize,
    /// The content of a refusal whose head was read.
    refused: Option<RefusedContent>,
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
    /// Bytes of the content of a refusal, as it is sent: 65,536 by default, which the caller's buffer has to hold. What
    /// is longer is given out cut off there. Content in chunks is held a second time, without them.
    pub refusal_body: usize,
}

impl ClientHandshake {
    /// Writes the opening handshake of WebSocket, whole or not at all, and waits for the response.
    ///
    /// `nonce` is 16 bytes that nobody can predict, for this attempt only (RFC 6455, section 4.1, second list, item 7).
    ///
    /// # Errors
    /// [`LocalError::OutputTooSmall`] if `out` has no room; one that grows always has.
    pub fn new(offer: &Offer, nonce: [u8; 16], out: &mut impl BufMut) -> Result<Self, LocalError> {
        offer.write(nonce, out)?;
        Ok(Self::awaiting(offer.expectations(nonce)))
    }
}

impl ClientHandshake<UpgradeExpectations> {
    /// Writes the request of an offer of other protocols, whole or not at all, and waits for the response.
    ///
    /// # Errors
    /// [`LocalError::NoProtocol`] for an offer without one; [`LocalError::RequiredField`], [`LocalError::Content`] and
    /// [`LocalError::NotAlone`] for one that is not as a protocol in it has it; [`LocalError::OutputTooSmall`] if `out`
    /// has no room.
    pub fn upgrade(offer: &UpgradeOffer, out: &mut impl BufMut) -> Result<Self, LocalError> {
        offer.write(out)?;
        Ok(Self::awaiting(offer.expectations()))
    }

    /// Tells that the content which [was to follow](UpgradeOffer::content_to_follow) has been written to its end. A 101
    /// before that is [`HandshakeError::SwitchedEarly`] (RFC 9110, section 7.8), and any other final response is an
    /// answer: it ends the request, whose content is not needed any more, and the connection with it.
    pub fn content_sent(&mut self) {
        self.attempt.content_sent();
    }
}

impl ClientHandshake<ConnectExpectations> {
    /// Writes the request for a tunnel, whole or not at all, and waits for the response.
    ///
    /// # Errors
    /// [`LocalError::OutputTooSmall`] if `out` has no room; one that grows always has.
    pub fn connect(offer: &ConnectOffer, out: &mut impl BufMut) -> Result<Self, LocalError> {
        offer.write(out)?;
        Ok(Self::awaiting(ConnectExpectations))
    }
}

impl<A: Attempt> ClientHandshake<A> {
    /// Waits for the response to a request that the caller has written.
    pub fn awaiting(attempt: A) -> Self {
        let limits = ClientLimits::default();
        Self {
            attempt,
            limits,
            scan: ResponseScan::new(limits.head),
            fields: FieldTable::new(),
            interim: 0,
            refused: None,
            failed: None,
        }
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
    pub fn receive<'a>(&'a mut self, input: &'a [u8]) -> Result<Step<Answer<'a, A::Agreement>>, HandshakeError> {
        self.advance(input, false)
    }

    /// Looks at the last bytes, behind which the connection ended: the end may complete the content of a refusal. Gives
    /// the answer and the number of bytes that it took from the front of `input`; behind [`Answer::Interim`] it is
    /// called again with what is left.
    ///
    /// # Errors
    /// [`HandshakeError::Closed`] if the head of the response is not complete, and as [`receive`](Self::receive).
    pub fn receive_eof<'a>(&'a mut self, input: &'a [u8]) -> Result<(Answer<'a, A::Agreement>, usize), HandshakeError> {
        match self.advance(input, true)? {
            Step::Done { value, consumed } => Ok((value, consumed)),
            Step::NeedMore { .. } => Err(HandshakeError::Closed),
        }
    }

    /// The next answer in `input`, behind which the connection has ended or not.
    fn advance<'a>(
        &'a mut self,
        input: &'a [u8],
        ended: bool,
    ) -> Result<Step<Answer<'a, A::Agreement>>, HandshakeError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.refused.take_if(|content| content.was_given());
        // The head of a refusal is not read again before its content is there.
        if self.refused.as_mut().is_some_and(|content| !content.is_complete(input, ended)) {
            // Bytes that a length declares are no reason to reserve room for them.
            return Ok(Step::NeedMore { at_least: 1 });
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
        let switched = head.status() == Status::SWITCHING_PROTOCOLS;
        if head.status().is_informational() && !switched {
            // RFC 9110, section 15.2: any number of them may come, and a client may have enough.
            if self.interim == self.limits.interim {
                return fail(HandshakeError::TooManyInterim);
            }
            self.interim += 1;
            return Ok(Step::Done { value: Answer::Interim(head), consumed });
        }
        // What was judged a refusal stays one, whatever the caller has done since.
        if self.refused.is_none() {
            let judged = self.attempt.judge(&head).transpose();
            match judged.or_else(|| switched.then_some(Err(HandshakeError::ProtocolNotOffered))) {
                Some(Ok(agreement)) => return Ok(Step::Done { value: Answer::Accepted { agreement, head }, consumed }),
                Some(Err(error)) => return fail(error),
                None => {}
            }
        }
        let content = match self.refused.take() {
            Some(content) => content,
            None => {
                let mut content = RefusedContent::new(&head, self.attempt.method(), self.limits.refusal_body);
                if !content.is_complete(input, ended) {
                    self.refused = Some(content);
                    return Ok(Step::NeedMore { at_least: 1 });
                }
                content
            }
        };
        let (body, length, truncated) = self.refused.insert(content).give(input);
        let refused = RefusedAnswer { head, body, truncated };
        Ok(Step::Done { value: Answer::Refused(refused), consumed: consumed + length })
    }
}

/// Interim responses before the final one.
pub(crate) const MAX_INTERIM: usize = 16;

impl Default for ClientLimits {
    fn default() -> Self {
        Self { head: Limits::default(), interim: MAX_INTERIM, refusal_body: 65_536 }
    }
}
