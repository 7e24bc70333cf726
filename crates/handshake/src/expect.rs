//! What a request expects of the server before it is answered (RFC 9110, section 10.1.1).

use switchover_header::names::EXPECT;
use switchover_header::{RequestView, TypedFields, Version};

use crate::HandshakeError;

/// Whether the client waits for a 100 (Continue). Never on HTTP/1.0, where there are no interim responses.
pub(crate) fn awaits_continue(view: &impl RequestView) -> bool {
    is_there(view)
        && view.version() != Version::Http10
        && view.expect().flatten().any(|expectation| expectation.is_continue())
}

/// All that can be expected is `100-continue`.
pub(crate) fn check(view: &impl RequestView) -> Result<(), HandshakeError> {
    if !is_there(view) {
        return Ok(());
    }
    for expectation in view.expect() {
        match expectation {
            Ok(expectation) if expectation.is_continue() => {}
            Ok(_) => return Err(HandshakeError::Expectation),
            Err(error) => return Err(HandshakeError::Malformed(EXPECT, Some(error))),
        }
    }
    Ok(())
}

/// Nearly no request has an expectation.
fn is_there(view: &impl RequestView) -> bool {
    view.values(EXPECT).next().is_some()
}
