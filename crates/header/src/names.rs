//! Names of the header fields the project reads or writes, in their registered spelling. Field
//! names compare case-insensitively (RFC 9110, section 5.1).

/// `Allow` (RFC 9110, section 10.2.1)
pub const ALLOW: &str = "Allow";
/// `Connection` (RFC 9110, section 7.6.1)
pub const CONNECTION: &str = "Connection";
/// `Content-Length` (RFC 9110, section 8.6)
pub const CONTENT_LENGTH: &str = "Content-Length";
/// `Content-Type` (RFC 9110, section 8.3)
pub const CONTENT_TYPE: &str = "Content-Type";
/// `Host` (RFC 9110, section 7.2)
pub const HOST: &str = "Host";
/// `Origin` (RFC 6454, section 7)
pub const ORIGIN: &str = "Origin";
/// `Sec-WebSocket-Accept` (RFC 6455, section 11.3.3)
pub const SEC_WEBSOCKET_ACCEPT: &str = "Sec-WebSocket-Accept";
/// `Sec-WebSocket-Extensions` (RFC 6455, section 11.3.2)
pub const SEC_WEBSOCKET_EXTENSIONS: &str = "Sec-WebSocket-Extensions";
/// `Sec-WebSocket-Key` (RFC 6455, section 11.3.1)
pub const SEC_WEBSOCKET_KEY: &str = "Sec-WebSocket-Key";
/// `Sec-WebSocket-Protocol` (RFC 6455, section 11.3.4)
pub const SEC_WEBSOCKET_PROTOCOL: &str = "Sec-WebSocket-Protocol";
/// `Sec-WebSocket-Version` (RFC 6455, section 11.3.5)
pub const SEC_WEBSOCKET_VERSION: &str = "Sec-WebSocket-Version";
/// `Transfer-Encoding` (RFC 9112, section 6.1)
pub const TRANSFER_ENCODING: &str = "Transfer-Encoding";
/// `Upgrade` (RFC 9110, section 7.8)
pub const UPGRADE: &str = "Upgrade";
