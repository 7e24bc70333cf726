//! The content of a request on its way from the client to the server.

use alloc::boxed::Box;
use alloc::vec::Vec;

use bytes::{Buf, BytesMut};
use switchover_header::{BodyDecoder, BodyItem, BodyLimits, FieldSpan, Framing, Step, write};

use crate::HandshakeError;
use crate::content::has_content;

/// Passes content on, framed anew: of chunks only the data go on, and neither extensions nor trailers, which may be for this
/// recipient alone (RFC 9110, section 6.5.1; RFC 9112, section 7.1.1).
#[derive(Debug)]
pub(super) struct ContentRelay {
    decoder: BodyDecoder,
    trailers: Vec<FieldSpan>,
    chunked: bool,
}

impl ContentRelay {
    /// `None` where there is none.
    pub(super) fn new(framing: Framing) -> Option<Box<Self>> {
        has_content(framing).then(|| {
            let decoder = BodyDecoder::request(framing, BodyLimits::default());
            Box::new(Self { decoder, trailers: Vec::new(), chunked: framing == Framing::Chunked })
        })
    }

    /// Takes content off the front of `input`, as much as there is, and appends it to `out`. Gives whether that was the end
    /// of it.
    pub(super) fn pass(&mut self, input: &mut BytesMut, out: &mut Vec<u8>) -> Result<bool, HandshakeError> {
        loop {
            let (item, consumed) = match self.decoder.decode(&input[..], &mut self.trailers) {
                Ok(Step::Done { value, consumed }) => (value, consumed),
                Ok(Step::NeedMore { .. }) => return Ok(false),
                Err(error) => return Err(HandshakeError::Body(error)),
            };
            match item {
                BodyItem::Data(range) => {
                    let data = input.get(range).unwrap_or_default();
                    if self.chunked {
                        // A Vec has room.
                        let _ = write::chunk(out, data);
                    } else {
                        out.extend_from_slice(data);
                    }
                }
                BodyItem::Framing | BodyItem::DataEnd => {}
                BodyItem::End(_) => {
                    if self.chunked {
                        let _ = write::last_chunk(out).and_then(write::HeadWriter::end);
                    }
                    input.advance(consumed);
                    return Ok(true);
                }
            }
            input.advance(consumed);
        }
    }
}
