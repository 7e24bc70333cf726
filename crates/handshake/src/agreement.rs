//! What both sides agreed on.

use alloc::boxed::Box;

/// What the opening handshake ended with: it belongs to the connection from now on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    subprotocol: Option<Box<str>>,
}

impl Agreement {
    pub(crate) fn new(subprotocol: Option<&str>) -> Self {
        Self { subprotocol: subprotocol.map(Box::from) }
    }

    /// The subprotocol to speak, if one was agreed.
    pub fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }
}
