//! Messages that extensions have made something else: permessage-deflate, and behind it what users have of their own.

use bytes::BytesMut;
use switchover_frame::{Piece, ProtocolError, ProtocolErrorKind, Rsv, Utf8};

use super::{Kind, Pending, Receiver};
use crate::{
    deflate::Inflation,
    transform::{DecodeError, Transforms},
};

/// Where the payload of a message is that was coded.
pub(super) enum Whole {
    /// With what undoes the transforms.
    Assembled(Kind),
    /// With what inflates messages.
    Inflated(Kind),
}

/// What undoes the transforms of extensions.
#[derive(Debug, Default)]
pub(super) struct Extended {
    pub(super) transforms: Transforms,
    /// The open message is compressed, under the transforms.
    compressed: bool,
    /// Bytes of the open message as it travels.
    pub(super) wire: u64,
    /// Where the payload of the current frame begins in the stream: see [`Inflation::set_frame`].
    frame: u64,
    /// The message so far, where it is not inflated.
    pub(super) assembly: BytesMut,
}

impl Receiver {
    /// Notes the beginning of a message that is marked by reserved bits, all of which the decoder has been told to let through.
    pub(super) fn begin_coded(&mut self, piece: &Piece, kind: Kind) -> Result<(), ProtocolError> {
        let rsv = piece.header.rsv;
        let mut known = Rsv::NONE;
        if let Some(Pending { inflation, extended, .. }) = self.pending.as_deref_mut() {
            if let Some(inflation) = inflation.as_mut().filter(|_| rsv.contains(Rsv::RSV1)) {
                inflation.begin(kind == Kind::Text);
                known = Rsv::RSV1;
            }
            if let Some(extended) = extended {
                (extended.compressed, extended.wire) = (!known.is_empty(), 0);
                known = known | extended.transforms.begin_decoding(rsv);
            }
        }
        // An extension may have more than one bit.
        if known == rsv { Ok(()) } else { Err(self.at_header(piece, ProtocolErrorKind::ReservedBits(rsv))) }
    }

    /// Decodes a piece of the open message, which is coded; where the message is, if it is whole now.
    pub(super) fn decode(&mut self, piece: &Piece, payload: &[u8]) -> Result<Option<Whole>, ProtocolError> {
        let last = Self::is_final(piece);
        let at = self.decoder.offset() - payload.len() as u64;
        let limit = self.message_limit();
        let is_text = self.open == Some(Kind::Text);
        let Some(pending) = self.pending.as_deref_mut() else { return Ok(None) };
        let is_inflated = match pending.extended.as_deref_mut().filter(|extended| extended.transforms.apply()) {
            Some(extended) => {
                if piece.first {
                    extended.frame = at;
                }
                extended.wire += payload.len() as u64;
                let Pending { inflation, utf8, .. } = pending;
                extended.decode(payload, last, limit, inflation.as_deref_mut(), is_text.then_some(utf8))?;
                extended.compressed
            }
            None => {
                if let Some(inflation) = &mut pending.inflation {
                    if piece.first {
                        inflation.set_frame(at);
                    }
                    inflation.push(payload, last)?;
                }
                true
            }
        };
        Ok(last.then(|| {
            let kind = self.close_message();
            if is_inflated { Whole::Inflated(kind) } else { Whole::Assembled(kind) }
        }))
    }

    /// The message that was decoded last.
    pub(super) fn decoded(&self) -> &[u8] {
        self.pending.as_ref().and_then(|pending| pending.extended.as_ref()).map_or(&[], |extended| &extended.assembly)
    }

    /// Whether the open message is one that is inflated, and nothing else.
    pub(super) fn is_only_compressed(&self) -> bool {
        self.pending.as_ref().is_some_and(|pending| !pending.extended.as_ref().is_some_and(|e| e.transforms.apply()))
    }
}

impl Extended {
    /// Decodes a piece of a message into what inflates it, or else into the assembly.
    fn decode(
        &mut self,
        payload: &[u8],
        last: bool,
        limit: usize,
        inflation: Option<&mut Inflation>,
        text: Option<&mut Utf8>,
    ) -> Result<(), ProtocolError> {
        let inflation = inflation.filter(|_| self.compressed);
        let so_far = match &inflation {
            Some(inflation) => usize::try_from(inflation.wire()).unwrap_or(usize::MAX),
            None => self.assembly.len(),
        };
        let decoded = self.transforms.decode(payload, last, limit.saturating_sub(so_far));
        let kind = match (decoded, inflation) {
            (Ok(decoded), Some(inflation)) => {
                inflation.set_frame(self.frame);
                return inflation.push(decoded, last);
            }
            (Ok(decoded), None) => {
                self.assembly.extend_from_slice(decoded);
                let checked = text.map_or(Ok(()), |utf8| {
                    utf8.push(decoded)?;
                    if last { utf8.finish() } else { Ok(()) }
                });
                if checked.is_ok() {
                    return Ok(());
                }
                ProtocolErrorKind::InvalidUtf8
            }
            (Err(DecodeError::Invalid), _) => ProtocolErrorKind::InvalidExtensionData,
            (Err(DecodeError::TooLong(len)), _) => ProtocolErrorKind::MessageTooLong(so_far.saturating_add(len) as u64),
        };
        Err(ProtocolError::new(kind, self.frame))
    }
}
