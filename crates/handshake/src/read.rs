//! What both halves read of single fields.

use switchover_header::{FieldsView, Found, value};

use crate::HandshakeError;

/// The value of a field that may be there once.
pub(crate) fn single<'v>(view: &'v impl FieldsView, name: &'static str) -> Result<Option<&'v [u8]>, HandshakeError> {
    value::single(view.values(name)).map_err(|_| HandshakeError::Repeated(name))
}

/// The same of a field that was looked for.
pub(crate) fn once<'v>(found: Found<'v>, name: &'static str) -> Result<Option<&'v [u8]>, HandshakeError> {
    match found {
        Found::Missing => Ok(None),
        Found::Once(value) => Ok(Some(value)),
        Found::Repeated => Err(HandshakeError::Repeated(name)),
    }
}
