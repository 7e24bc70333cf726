//! What a client offered, kept until the server's answer can be held against it.

use alloc::boxed::Box;
use alloc::vec::Vec;

use switchover_header::names::{SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_PROTOCOL};
use switchover_header::{RequestView, ResponseView, TypedFields, value};

use crate::read::single;
use crate::{HandshakeError, Key, Proposal};

/// A proposal to speak WebSocket that was passed on.
#[derive(Debug)]
pub(super) struct WebSocket {
    /// The key that HTTP/1.1 has, be it the client's or one for the server.
    pub(super) key: Key,
    subprotocols: Vec<Box<str>>,
    /// Names alone, sorted: whether the parameters of the answer are right is for the client to see.
    extensions: Vec<Box<str>>,
}

impl WebSocket {
    pub(super) fn new<V: RequestView, M>(proposal: &Proposal<V, M>, key: Key) -> Self {
        let mut extensions: Vec<Box<str>> = proposal.extensions().map(|extension| extension.name.into()).collect();
        // Both lists are as long as a head lets them be.
        extensions.sort_unstable();
        Self { key, subprotocols: proposal.subprotocols().map(Box::from).collect(), extensions }
    }

    /// RFC 6455, section 4.1: one of the subprotocols offered, and none but the extensions offered.
    pub(super) fn check_answer(&self, view: &impl ResponseView) -> Result<(), HandshakeError> {
        if let Some(subprotocol) = single(view, SEC_WEBSOCKET_PROTOCOL)? {
            if !value::is_token(subprotocol) {
                return Err(HandshakeError::Malformed(SEC_WEBSOCKET_PROTOCOL, None));
            }
            if !self.subprotocols.iter().any(|offered| offered.as_bytes() == subprotocol) {
                return Err(HandshakeError::SubprotocolNotOffered);
            }
        }
        let extensions =
            view.sec_websocket_extensions_server().map_err(|_| HandshakeError::Repeated(SEC_WEBSOCKET_EXTENSIONS))?;
        for extension in extensions {
            let name =
                extension.map_err(|error| HandshakeError::Malformed(SEC_WEBSOCKET_EXTENSIONS, Some(error)))?.name;
            if self.extensions.binary_search_by(|offered| (**offered).cmp(name)).is_err() {
                return Err(HandshakeError::ExtensionNotOffered);
            }
        }
        Ok(())
    }
}
