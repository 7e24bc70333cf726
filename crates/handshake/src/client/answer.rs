//! What a server answers.

use switchover_header::names::SEC_WEBSOCKET_VERSION;
use switchover_header::{ResponseHead, Status, value};

use crate::Agreement;

/// A response to the opening handshake.
#[derive(Debug)]
pub enum Answer<'a> {
    /// An interim response (1xx): the final one follows.
    Interim(ResponseHead<'a>),
    /// The server switched to WebSocket: everything behind the head is WebSocket data.
    Accepted {
        /// What both sides agreed on.
        agreement: Agreement,
        /// The 101 with all its fields, Set-Cookie among them.
        head: ResponseHead<'a>,
    },
    /// Any other final response: nothing was switched, and HTTP says what it means.
    Refused(RefusedAnswer<'a>),
}

/// A final response other than 101, as of HTTP: a challenge (401), a redirection (3xx), a list of versions (426).
#[derive(Clone, Copy, Debug)]
pub struct RefusedAnswer<'a> {
    /// Status and fields.
    pub head: ResponseHead<'a>,
    /// The content, as far as the limit on it goes.
    pub body: &'a [u8],
    /// Whether `body` is not the whole content: it is longer than the limit, the connection ended early, or `body` is empty
    /// because the content is in a transfer coding or its end cannot be told (RFC 9112, section 6.3). Nothing behind such
    /// an answer is the start of another one.
    pub truncated: bool,
}

impl<'a> RefusedAnswer<'a> {
    /// The status.
    pub fn status(&self) -> Status {
        self.head.status()
    }

    /// The versions of the WebSocket protocol that the server speaks, where it says so, to try again with one of them
    /// (RFC 6455, section 4.4). Elements that are no version are left out.
    pub fn websocket_versions(&self) -> impl Iterator<Item = u8> {
        value::tokens(self.head.values(SEC_WEBSOCKET_VERSION))
            .filter_map(|version| value::websocket_version(version.ok()?.as_bytes()).ok())
    }
}
