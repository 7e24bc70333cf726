//! The mechanisms by which a request leaves HTTP.

use crate::Key;

/// `Upgrade` of HTTP/1.1 (RFC 9110, section 7.8): the answer is a 101, which proves by the key of the request that the
/// server speaks WebSocket (RFC 6455, section 1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upgrade {
    pub(crate) key: Key,
}

/// CONNECT with `:protocol`, of HTTP/2 (RFC 8441) and HTTP/3 (RFC 9220): the answer is a 2xx. No key is needed, as nothing
/// but HTTP/2 or HTTP/3 can send such a request or answer it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtendedConnect(pub(crate) ());

impl ExtendedConnect {
    /// The value of `:protocol`.
    pub const PROTOCOL: &'static str = "websocket";
}
