//! Requests to a server that are refused or looked at.

use switchover_handshake::header::Step;
use switchover_handshake::{Refusal, Request, ServerHandshake};

use crate::common::{Head, serve_default};

pub(crate) fn status(refusal: &Refusal) -> u16 {
    refusal.status().as_u16()
}

pub(crate) fn refused(request: &Head) -> Refusal {
    serve_default(request).refusal()
}

/// The proposal in a request, for what reads it only.
pub(crate) fn with_proposal(
    request: &Head,
    check: impl FnOnce(switchover_handshake::Proposal<switchover_handshake::header::RequestHead<'_>>),
) {
    let bytes = request.to_bytes();
    match ServerHandshake::default().receive(&bytes) {
        Ok(Step::Done { value: Request::WebSocket(proposal), .. }) => check(proposal),
        other => panic!("{other:?}"),
    };
}
