//! What extensions of the user's own do to messages. RFC 6455, sections 5.2 and 9.

use alloc::{boxed::Box, vec::Vec};
use core::fmt;
use switchover_frame::{OpCode, Rsv};

/// What an extension does to the payloads of messages; [`handshake::Extension`](crate::handshake::Extension) is how it is
/// negotiated.
///
/// [`Session::with_transform`](crate::Session::with_transform) takes a value for each direction: a copy, made at the session's
/// start. Payloads come in pieces, each of which is transformed when it is sent or received; what cannot be taken apart has to be
/// kept until the piece that is `last`.
///
/// ```
/// use switchover::{Limits, Output, Session, Transform, TransformError, frame::Rsv};
///
/// /// Inverts every bit.
/// #[derive(Clone, Copy, Debug)]
/// struct Invert;
///
/// impl Transform for Invert {
///     fn rsv(&self) -> Rsv {
///         Rsv::RSV2
///     }
///
///     fn encode(&mut self, piece: &[u8], _last: bool, output: &mut Vec<u8>) {
///         output.extend(piece.iter().map(|byte| !byte));
///     }
///
///     fn decode(&mut self, piece: &[u8], _: bool, _: usize, output: &mut Vec<u8>) -> Result<(), TransformError> {
///         output.extend(piece.iter().map(|byte| !byte));
///         Ok(())
///     }
/// }
///
/// let mut server = Session::server(&Limits::default()).with_transform(Invert);
/// server.send("abc")?;
/// let output: &Output = server.output();
/// assert_eq!(bytes::Buf::chunk(output), b"\xA1\x03\x9E\x9D\x9C");
/// # Ok::<(), switchover::SendError<switchover::Message>>(())
/// ```
pub trait Transform: fmt::Debug + Send + Sync {
    /// The reserved bits that mark the first frame of a message it has been applied to (RFC 6455, section 5.2): always the same,
    /// at least one, or it is applied to nothing, and none that another extension has, permessage-deflate's RSV1 for instance. A
    /// received message is its business if it has all of them.
    fn rsv(&self) -> Rsv;

    /// Whether a message is to be transformed that begins with a frame of this opcode, Text or Binary, and of this many bytes of
    /// payload. Every one is, unless it says otherwise.
    fn applies(&mut self, opcode: OpCode, len: usize) -> bool {
        _ = (opcode, len);
        true
    }

    /// Appends to `output` what the next piece of a message to send travels as; `last` where it ends the message.
    fn encode(&mut self, piece: &[u8], last: bool, output: &mut Vec<u8>);

    /// Appends to `output` what the next piece of a received message was before; `last` where it ends the message. The pieces are
    /// as they arrive: not those that were sent, and empty ones among them. To append more than `most` bytes is of no use: the
    /// message is too long then, and fails the connection.
    ///
    /// # Errors
    ///
    /// The payload cannot have been made by the peer's half of the extension, which fails the connection with 1007.
    fn decode(&mut self, piece: &[u8], last: bool, most: usize, output: &mut Vec<u8>) -> Result<(), TransformError>;
}

/// A payload that an extension can make nothing of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransformError;

/// The transforms of one direction, in the order in which they are applied to what is sent.
#[derive(Debug, Default)]
pub(crate) struct Transforms {
    stages: Vec<Stage>,
    /// What is between two of them.
    scratch: [Vec<u8>; 2],
}

#[derive(Debug)]
struct Stage {
    transform: Box<dyn Transform>,
    /// It applies to the current message.
    applies: bool,
}

impl Transforms {
    pub(crate) fn push(&mut self, transform: impl Transform + 'static) {
        self.stages.push(Stage { transform: Box::new(transform), applies: false });
    }

    /// Begins a message to send: the bits that mark it.
    pub(crate) fn begin_encoding(&mut self, opcode: OpCode, len: usize) -> Rsv {
        self.stages.iter_mut().fold(Rsv::NONE, |rsv, Stage { transform, applies }| {
            let bits = transform.rsv();
            *applies = !bits.is_empty() && transform.applies(opcode, len);
            if *applies { rsv | bits } else { rsv }
        })
    }

    /// Begins a received message, which is marked so: the bits that are accounted for.
    pub(crate) fn begin_decoding(&mut self, rsv: Rsv) -> Rsv {
        self.stages.iter_mut().fold(Rsv::NONE, |known, Stage { transform, applies }| {
            let bits = transform.rsv();
            *applies = !bits.is_empty() && rsv.contains(bits);
            if *applies { known | bits } else { known }
        })
    }

    /// Whether any applies to the current message.
    pub(crate) fn apply(&self) -> bool {
        self.stages.iter().any(|stage| stage.applies)
    }

    /// What a piece travels as.
    pub(crate) fn encode(&mut self, piece: &[u8], last: bool) -> &[u8] {
        let [now, next] = &mut self.scratch;
        now.clear();
        now.extend_from_slice(piece);
        for stage in self.stages.iter_mut().filter(|stage| stage.applies) {
            next.clear();
            stage.transform.encode(now, last, next);
            core::mem::swap(now, next);
        }
        now
    }

    /// What a piece was, of at most `most` bytes: or how many there are at least, where it is more.
    pub(crate) fn decode(&mut self, piece: &[u8], last: bool, most: usize) -> Result<&[u8], DecodeError> {
        let [now, next] = &mut self.scratch;
        now.clear();
        now.extend_from_slice(piece);
        for stage in self.stages.iter_mut().rev().filter(|stage| stage.applies) {
            next.clear();
            stage.transform.decode(now, last, most, next).map_err(|TransformError| DecodeError::Invalid)?;
            core::mem::swap(now, next);
            if now.len() > most {
                return Err(DecodeError::TooLong(now.len()));
            }
        }
        Ok(now)
    }

    /// Gives memory back, which is of use again for the next message.
    pub(crate) fn release_memory(&mut self) {
        self.scratch = Default::default();
    }
}

/// Why a piece cannot be decoded.
#[derive(Clone, Copy, Debug)]
pub(crate) enum DecodeError {
    Invalid,
    TooLong(usize),
}
