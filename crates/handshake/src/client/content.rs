//! The content of a refusal (RFC 9112, section 6.3), as far as the limit on it goes.

use alloc::boxed::Box;
use alloc::vec::Vec;

use switchover_header::names::TRANSFER_ENCODING;
use switchover_header::{BodyDecoder, BodyItem, BodyLimits, FieldSpan, Framing, ResponseHead, Step};

/// Where the content of a refusal is, while it arrives behind the head.
#[derive(Debug)]
pub(super) struct RefusedContent {
    /// Bytes of the head.
    head: usize,
    /// Bytes that the content may have, as it is sent.
    limit: usize,
    state: State,
    truncated: bool,
    given: bool,
}

impl RefusedContent {
    pub(super) fn new(head: &ResponseHead<'_>, method: &str, limit: usize) -> Self {
        // The head says what is to be known of a refusal. Content whose end is uncertain, or that has to be decoded to
        // be of use, is left out.
        let coded = || head.values(TRANSFER_ENCODING).next().is_some();
        let (state, truncated) = match head.framing(method) {
            Err(_) => (State::Known(0), true),
            Ok(Framing::UntilClose) if coded() => (State::Known(0), true),
            Ok(Framing::None) => (State::Known(0), false),
            Ok(Framing::Length(length)) => {
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                (State::Known(length.min(limit)), length > limit)
            }
            Ok(Framing::UntilClose) => (State::UntilClose, false),
            Ok(framing @ Framing::Chunked) => (State::Chunked(Box::new(Chunked::new(framing))), false),
        };
        Self { head: head.bytes().len(), limit, state, truncated, given: false }
    }

    /// Whether there is nothing more to wait for in `input`, which begins with the head and behind which the connection
    /// has ended or not. Of content in chunks, no byte is looked at twice.
    pub(super) fn is_complete(&mut self, input: &[u8], ended: bool) -> bool {
        let received = input.get(self.head..).unwrap_or_default();
        let complete = match &mut self.state {
            State::Known(length) => received.len() >= *length,
            // One byte beyond the limit tells content that is too long from content that has just its length.
            State::UntilClose if received.len() > self.limit => {
                self.truncated = true;
                true
            }
            State::UntilClose => return ended,
            State::Chunked(chunked) => {
                let received = received.get(..self.limit).unwrap_or(received);
                let whole = chunked.decode(received);
                self.truncated |= whole.is_none() && (received.len() == self.limit || chunked.failed);
                whole.is_some() || self.truncated
            }
        };
        self.truncated |= ended && !complete;
        complete || ended
    }

    /// Whether it was given out, so that what comes next is the head of another response.
    pub(super) fn was_given(&self) -> bool {
        self.given
    }

    /// Gives out what is there of the content, with the number of bytes it took and whether that is not all of it.
    pub(super) fn give<'a>(&'a mut self, input: &'a [u8]) -> (&'a [u8], usize, bool) {
        self.given = true;
        let received = input.get(self.head..).unwrap_or_default();
        let cut = |length: usize| received.get(..length).unwrap_or(received);
        match &self.state {
            State::Known(length) => (cut(*length), cut(*length).len(), self.truncated),
            State::UntilClose => (cut(self.limit), cut(self.limit).len(), self.truncated),
            State::Chunked(chunked) => (&chunked.data, chunked.at, self.truncated),
        }
    }
}

#[derive(Debug)]
enum State {
    /// So many bytes.
    Known(usize),
    UntilClose,
    Chunked(Box<Chunked>),
}

#[derive(Debug)]
struct Chunked {
    decoder: BodyDecoder,
    trailers: Vec<FieldSpan>,
    /// Bytes decoded.
    at: usize,
    /// The data in them.
    data: Vec<u8>,
    failed: bool,
}

impl Chunked {
    fn new(framing: Framing) -> Self {
        let decoder = BodyDecoder::response(framing, BodyLimits::default());
        Self { decoder, trailers: Vec::new(), at: 0, data: Vec::new(), failed: false }
    }

    /// Decodes what is new in `received`; `Some` where the content has ended.
    fn decode(&mut self, received: &[u8]) -> Option<()> {
        loop {
            let rest = received.get(self.at..).unwrap_or_default();
            let (item, consumed) = match self.decoder.decode(rest, &mut self.trailers) {
                Ok(Step::Done { value, consumed }) => (value, consumed),
                Ok(Step::NeedMore { .. }) => return None,
                Err(_) => {
                    self.failed = true;
                    return None;
                }
            };
            self.at += consumed;
            match item {
                BodyItem::Data(range) => self.data.extend_from_slice(rest.get(range).unwrap_or_default()),
                BodyItem::Framing | BodyItem::DataEnd => {}
                BodyItem::End(_) => return Some(()),
            }
        }
    }
}
