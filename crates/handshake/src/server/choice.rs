//! What a server is willing to accept, and what it adds to its answer.

use switchover_header::names::{
    CONNECTION, CONTENT_LENGTH, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
};

use crate::extension::Extensions;
use crate::fields::Fields;
use crate::{Extension, LocalError, OriginPolicy, SubprotocolPolicy};

/// The server's side of the agreement: its policies, and fields for its answer.
///
/// One choice serves any number of proposals. By default no subprotocol and no extension is spoken, and a page of another
/// origin is refused.
///
/// ```
/// use switchover_handshake::{Choice, Deflate, OriginPolicy, SubprotocolPolicy};
///
/// let choice = Choice::new()
///     .subprotocols(SubprotocolPolicy::server_order(["chat.v2", "chat"])?)
///     .extension(Deflate::new())?
///     .origins(OriginPolicy::listed(["https://example.com"])?)
///     .field("Set-Cookie", "visit=7; Secure; HttpOnly")?;
/// # Ok::<(), switchover_handshake::LocalError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    pub(super) subprotocols: SubprotocolPolicy,
    pub(super) extensions: Extensions,
    pub(super) origins: OriginPolicy,
    pub(super) fields: Fields,
}

impl Choice {
    /// No subprotocol, no extension, same-origin, and no further field.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with another policy for subprotocols.
    #[must_use]
    pub fn subprotocols(mut self, policy: SubprotocolPolicy) -> Self {
        self.subprotocols = policy;
        self
    }

    /// The same with one more extension, to be agreed where the client offers it. Which extensions go first, and are nested
    /// how, is the client's to say.
    ///
    /// # Errors
    /// [`LocalError::Extension`] if its name is no token, [`LocalError::RepeatedExtension`] if one of this name is there
    /// already.
    pub fn extension(mut self, extension: impl Extension + Eq + 'static) -> Result<Self, LocalError> {
        self.extensions.push(extension)?;
        Ok(self)
    }

    /// The same with another policy for origins.
    #[must_use]
    pub fn origins(mut self, policy: OriginPolicy) -> Self {
        self.origins = policy;
        self
    }

    /// The same with one more field line in the 101, behind those already there.
    ///
    /// # Errors
    /// [`LocalError::FieldName`] and [`LocalError::FieldValue`] for what cannot stand in a field line,
    /// [`LocalError::ReservedField`] for the fields of the handshake and those of framing.
    pub fn field(mut self, name: &str, value: impl AsRef<[u8]>) -> Result<Self, LocalError> {
        self.fields.push(name, value.as_ref(), RESERVED)?;
        Ok(self)
    }
}

const RESERVED: &[&str] = &[
    UPGRADE,
    CONNECTION,
    SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_EXTENSIONS,
    SEC_WEBSOCKET_VERSION,
    // RFC 9110, sections 8.6 and 6.4.1; RFC 9112, section 6.1: a 101 has no content.
    CONTENT_LENGTH,
    TRANSFER_ENCODING,
];
