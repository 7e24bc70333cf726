//! The content of a request, read before what follows it.

use alloc::vec::Vec;
use core::ops::Range;

use switchover_header::{BodyDecoder, BodyItem, BodyLimits, FieldSpan, Framing, RequestView, Step};

use crate::{HandshakeError, Refusal};

/// What is read of the content of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A piece of the data, as a range of the input. It is empty where only the framing around the data was there.
    Data(Range<usize>),
    /// The content has ended. Trailers are not given out.
    End,
}

/// Reads the content of one request, up to a limit.
#[derive(Clone, Debug)]
pub(crate) struct ContentReader {
    decoder: BodyDecoder,
    trailers: Vec<FieldSpan>,
    /// Bytes of data that may still come.
    left: u64,
    ended: bool,
    failed: Option<HandshakeError>,
    /// The request is a HEAD request, and a response to it has no content.
    of_head: bool,
}

impl ContentReader {
    /// For a request with this method.
    pub(crate) fn new(framing: Framing, limit: u64, method: &str) -> Self {
        Self {
            decoder: BodyDecoder::request(framing, BodyLimits::default()),
            trailers: Vec::new(),
            left: limit,
            ended: !has_content(framing),
            failed: None,
            of_head: method == "HEAD",
        }
    }

    /// Whether all of it has been read, or there is none.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// The response to the request, for what is wrong behind its head.
    pub(crate) fn refusal(&self, error: HandshakeError) -> Refusal {
        let refusal = Refusal::from(error);
        if self.of_head { refusal.for_method("HEAD") } else { refusal }
    }

    /// Reads on from the front of `input`. Data that come before an error, or before the limit, are given first.
    pub(crate) fn read(&mut self, input: &[u8]) -> Result<Step<Content>, HandshakeError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let mut at = 0;
        while !self.ended {
            let rest = input.get(at..).unwrap_or_default();
            match self.decoder.decode(rest, &mut self.trailers) {
                Ok(Step::Done { value, consumed }) => {
                    let start = at;
                    at += consumed;
                    match value {
                        BodyItem::Data(range) => return self.data(start + range.start..start + range.end, at),
                        BodyItem::Framing | BodyItem::DataEnd => {}
                        BodyItem::End(_) => self.ended = true,
                    }
                }
                // What was framing must not be asked for again.
                Ok(Step::NeedMore { .. }) | Err(_) if at > 0 => {
                    return Ok(Step::Done { value: Content::Data(0..0), consumed: at });
                }
                Ok(Step::NeedMore { at_least }) => return Ok(Step::NeedMore { at_least }),
                Err(error) => return Err(self.fail(error.into())),
            }
        }
        Ok(Step::Done { value: Content::End, consumed: at })
    }

    fn data(&mut self, range: Range<usize>, consumed: usize) -> Result<Step<Content>, HandshakeError> {
        let fitting = usize::try_from(self.left).unwrap_or(usize::MAX).min(range.len());
        self.left -= fitting as u64;
        if fitting < range.len() {
            let error = self.fail(HandshakeError::ContentTooLarge);
            if fitting == 0 {
                return Err(error);
            }
        }
        Ok(Step::Done { value: Content::Data(range.start..range.start + fitting), consumed })
    }

    fn fail(&mut self, error: HandshakeError) -> HandshakeError {
        self.failed = Some(error);
        error
    }
}

/// Nothing follows the head, which leads to another protocol.
pub(crate) fn check_none(view: &impl RequestView) -> Result<(), HandshakeError> {
    match view.framing() {
        Ok(framing) if has_content(framing) => Err(HandshakeError::Content),
        Ok(_) => Ok(()),
        Err(error) => Err(HandshakeError::Framing(error)),
    }
}

/// Whether something follows the head.
pub(crate) fn has_content(framing: Framing) -> bool {
    !matches!(framing, Framing::None | Framing::Length(0))
}
