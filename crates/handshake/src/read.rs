//! What both halves read of single fields.

use switchover_header::{FieldsView, value};

use crate::HandshakeError;

/// The value of a field that may be there once.
pub(crate) fn single<'v>(view: &'v impl FieldsView, name: &'static str) -> Result<Option<&'v [u8]>, HandshakeError> {
    value::single(view.values(name)).map_err(|_| HandshakeError::Repeated(name))
}
