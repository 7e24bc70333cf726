//! What both sides agreed on.

use alloc::boxed::Box;

use switchover_header::value::Parameterized;

use crate::extension::{Agreed, PERMESSAGE_DEFLATE};
use crate::{DeflateParameters, ReservedBits};

/// What the opening handshake ended with: it belongs to the connection from now on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    subprotocol: Option<Box<str>>,
    extensions: Agreed,
}

impl Agreement {
    pub(crate) fn new(subprotocol: Option<&str>, extensions: Agreed) -> Self {
        Self { subprotocol: subprotocol.map(Box::from), extensions }
    }

    /// The subprotocol to speak, if one was agreed.
    pub fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }

    /// The extensions in use, with their parameters, in the order in which they are applied to what is sent (RFC 6455,
    /// section 9.1). No value is quoted.
    pub fn extensions(&self) -> impl Iterator<Item = Parameterized<'_>> + Clone {
        self.extensions.elements()
    }

    /// The parameters of permessage-deflate, if it is in use.
    pub fn deflate(&self) -> Option<DeflateParameters> {
        let deflate = self.extensions().find(|extension| extension.name == PERMESSAGE_DEFLATE)?;
        DeflateParameters::of(deflate.parameters)
    }

    /// The reserved bits that the extensions in use give a meaning; in a frame, any other fails the connection (RFC 6455,
    /// section 5.2).
    pub fn reserved_bits(&self) -> ReservedBits {
        self.extensions.reserved_bits()
    }

    /// The value of Sec-WebSocket-Extensions in the answer, if it is there.
    pub(crate) fn extension_list(&self) -> Option<&str> {
        Some(self.extensions.list()).filter(|list| !list.is_empty())
    }
}
