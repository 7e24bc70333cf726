//! Reading and answering in one call, for a server that decides by its [`Choice`] alone.

use alloc::vec::Vec;

use bytes::{Buf, BytesMut};
use switchover_header::Step;

use super::{Choice, Request, ServerHandshake};
use crate::{Agreement, Refusal};

impl ServerHandshake {
    /// Reads the request and answers it, where nothing has to be known of it but what the choice says: takes it off the
    /// front of `input` and appends a complete response to `out`, the 101 or a refusal. `None` means that the request is
    /// not whole; what does not ask for WebSocket is refused with 426 or 405.
    ///
    /// Whichever answer it was, it has to be written. After a refusal the connection is at its end: shut down writing and
    /// read on to the end of the stream before dropping it, or the client may never see the response. `input` is cleared,
    /// whatever was behind the request, and every later call gives the refusal again without writing it again.
    ///
    /// To look at the request before deciding, call [`receive`](Self::receive).
    pub fn answer(
        &mut self,
        input: &mut BytesMut,
        choice: &Choice,
        out: &mut Vec<u8>,
    ) -> Option<Result<Agreement, Refusal>> {
        if let Some(refusal) = &self.refused {
            input.clear();
            return Some(Err(refusal.clone()));
        }
        let refusal = match self.receive(input) {
            Ok(Step::NeedMore { .. }) => return None,
            Ok(Step::Done { value: Request::WebSocket(proposal), consumed }) => match proposal.accept(choice, out) {
                Ok(agreement) => {
                    input.advance(consumed);
                    return Some(Ok(agreement));
                }
                Err(error) => error.into_refusal(),
            },
            Ok(Step::Done { value: request, .. }) => request.plain().refuse(),
            Err(refusal) => refusal,
        };
        // A Vec has room for everything.
        let _ = refusal.encode(out);
        // RFC 9112, section 9.6: who has said `close` processes no further request.
        input.clear();
        self.refused = Some(refusal.clone());
        Some(Err(refusal))
    }
}
