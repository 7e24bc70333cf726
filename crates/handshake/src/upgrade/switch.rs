//! From an accepted proposal to the new protocol: [`Switch`].

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use bytes::{Buf, BufMut, BytesMut};
use switchover_header::{Status, Step};

use super::proposal::SwitchingAnswer;
use crate::content::{Content, ContentReader};
use crate::fields::{Start, write_whole};
use crate::{AcceptError, EarlyData, HandshakeError, LocalError, Refusal};

/// An accepted switch. It reads the content of the request, which a client sends to its end before it switches (RFC
/// 9110, section 7.8), writes the 101 behind it, and says what is spoken from there on.
///
/// It holds no content: what is behind the head is shown to it, and it answers with the places of the data. Where there
/// is no content, it has switched from the start, and the same loop serves both:
///
/// ```
/// # use switchover_handshake::header::Step;
/// # use switchover_handshake::{AcceptError, Switch, Switched, Switching};
/// /// `input` is what was received behind the head of the request.
/// fn switch(mut switch: Switch, input: &mut Vec<u8>, out: &mut Vec<u8>) -> Result<(Switched, Vec<u8>), AcceptError> {
///     let mut content = Vec::new();
///     loop {
///         match switch.receive(input, out)? {
///             Step::Done { value: Switching::Content(range), consumed } => {
///                 content.extend_from_slice(&input[range]);
///                 input.drain(..consumed);
///             }
///             Step::Done { value: Switching::Done(switched), .. } => return Ok((switched, content)),
///             Step::NeedMore { .. } => { /* write `out`, then read more into `input` */ }
///         }
///     }
/// }
/// ```
///
/// - handle: [`receive`](Self::receive), and [`collect`](Self::collect) for who holds the content
/// - getter: [`switched`](Self::switched)
#[must_use = "a request with content is answered behind it"]
pub struct Switch {
    content: ContentReader,
    /// The 101, until it is written.
    response: Option<Vec<u8>>,
    early_data: EarlyData,
    switched: Switched,
    /// What every call gives once the content has failed.
    refused: Option<Refusal>,
}

/// What a [`Switch`] comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Switching {
    /// A piece of the request's content, as a range of the input. It is empty where only the framing around the data
    /// was there.
    Content(Range<usize>),
    /// The 101 is written. Everything behind the content is the new protocol's.
    Done(Switched),
}

/// The protocols that a connection speaks behind a 101.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switched {
    protocols: Box<[Box<str>]>,
    answered: bool,
}

impl Switch {
    /// Writes what can be written before the content: the 101 where there is none.
    pub(super) fn begin(
        answer: &SwitchingAnswer<'_>,
        content: ContentReader,
        after_continue: bool,
        early_data: EarlyData,
        out: &mut impl BufMut,
    ) -> Result<Self, AcceptError> {
        let mut response = None;
        if content.has_ended() {
            answer.write(after_continue, out)?;
        } else {
            let mut bytes = Vec::new();
            answer.write(false, &mut bytes)?;
            response = Some(bytes);
            if after_continue {
                write_whole(out, Start::Response(Status::CONTINUE), core::iter::empty(), &[])?;
            }
        }
        Ok(Self { content, response, early_data, switched: answer.switched(), refused: None })
    }

    /// Reads on at the front of `input`, from the first byte behind the head on; after each [`Step::Done`] the caller
    /// removes `consumed` bytes. Writes the 101, whole or not at all, when the content has ended.
    ///
    /// # Errors
    /// [`AcceptError::Refused`] with the response to send: 413 for content that is longer than the limit, 400 for such
    /// that is not framed as it says. Every later call gives it again. [`AcceptError::Local`] with
    /// [`LocalError::OutputTooSmall`] if `out` has no room; nothing has changed then.
    pub fn receive(&mut self, input: &[u8], out: &mut impl BufMut) -> Result<Step<Switching>, AcceptError> {
        if let Some(step) = self.read(input)? {
            return Ok(step);
        }
        if let Some(response) = &self.response {
            if out.remaining_mut() < response.len() {
                return Err(LocalError::OutputTooSmall { needed: response.len() }.into());
            }
            out.put_slice(response);
            self.response = None;
        }
        Ok(Step::Done { value: Switching::Done(self.switched.clone()), consumed: 0 })
    }

    /// Reads on for a server that holds the content: takes it off the front of `input`, and appends it to `content` without what
    /// frames it. `None` means that there is more: write `out`, where a client may wait for a 100 (Continue), then read. At the end
    /// the 101 is in `out`.
    ///
    /// # Errors
    /// As for [`receive`](Self::receive).
    pub fn collect(
        &mut self,
        input: &mut BytesMut,
        content: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) -> Result<Option<Switched>, AcceptError> {
        loop {
            match self.receive(input, out)? {
                Step::NeedMore { .. } => return Ok(None),
                Step::Done { value: Switching::Done(switched), .. } => return Ok(Some(switched)),
                Step::Done { value: Switching::Content(range), consumed } => {
                    content.extend_from_slice(input.get(range).unwrap_or_default());
                    input.advance(consumed);
                }
            }
        }
    }

    /// What is spoken now; `None` as long as the request has content that was not read.
    pub fn switched(&self) -> Option<&Switched> {
        self.response.is_none().then_some(&self.switched)
    }

    /// What comes before the 101; `None` when that is its turn.
    fn read(&mut self, input: &[u8]) -> Result<Option<Step<Switching>>, AcceptError> {
        if let Some(refusal) = &self.refused {
            return Err(refusal.clone().into());
        }
        Ok(match self.content.read(input) {
            Ok(Step::NeedMore { at_least }) => Some(Step::NeedMore { at_least }),
            Ok(Step::Done { value: Content::Data(range), consumed }) => {
                Some(Step::Done { value: Switching::Content(range), consumed })
            }
            // The end takes its own bytes first, so that nothing is taken in vain where the 101 finds no room.
            Ok(Step::Done { value: Content::End, consumed: consumed @ 1.. }) => {
                Some(Step::Done { value: Switching::Content(0..0), consumed })
            }
            Ok(Step::Done { value: Content::End, consumed: 0 }) => {
                if self.early_data == EarlyData::Reject && self.response.is_some() && !input.is_empty() {
                    return Err(self.refuse(HandshakeError::EarlyData));
                }
                None
            }
            Err(error) => return Err(self.refuse(error)),
        })
    }

    fn refuse(&mut self, error: HandshakeError) -> AcceptError {
        let refusal = self.content.refusal(error);
        self.refused = Some(refusal.clone());
        refusal.into()
    }
}

/// Of the 101, which has cookies and the like, the length alone.
impl fmt::Debug for Switch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let response = self.response.as_ref().map_or(0, Vec::len);
        f.debug_struct("Switch")
            .field("content", &self.content)
            .field("response", &format_args!("{response} bytes"))
            .field("switched", &self.switched)
            .field("refused", &self.refused)
            .finish_non_exhaustive()
    }
}

impl Switched {
    pub(super) fn new(protocols: Box<[Box<str>]>, answered: bool) -> Self {
        Self { protocols, answered }
    }

    /// The protocols, as the 101 names them, the lowest layer first.
    pub fn protocols(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        self.protocols.iter().map(|name| &**name)
    }

    /// Whether the request is still to be answered, in the new protocol (RFC 9110, section 7.8). Else the switch was
    /// its answer.
    pub fn request_is_answered(&self) -> bool {
        self.answered
    }
}
