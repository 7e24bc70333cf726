//! What a server answers.

use switchover_header::names::SEC_WEBSOCKET_VERSION;
use switchover_header::value::{self, Product};
use switchover_header::{ResponseHead, Status};

use crate::Agreement;
use crate::upgrade::advertised;

/// A response to the request that asks to leave HTTP; `G` is the agreement that it may make.
#[derive(Debug)]
pub enum Answer<'a, G = Agreement> {
    /// An interim response (1xx): the final one follows.
    Interim(ResponseHead<'a>),
    /// The server switched, or opened the tunnel: everything behind the head is data of the new protocol.
    Accepted {
        /// What both sides agreed on.
        agreement: G,
        /// The response with all its fields, Set-Cookie among them.
        head: ResponseHead<'a>,
    },
    /// Any other final response: nothing was switched, and HTTP says what it means.
    Refused(RefusedAnswer<'a>),
}

/// A final response that did not switch, as of HTTP: a challenge (401), a redirection (3xx), a list of versions (426).
#[derive(Clone, Copy, Debug)]
pub struct RefusedAnswer<'a> {
    /// Status and fields.
    pub head: ResponseHead<'a>,
    /// The content, as far as the limit on it goes; without its chunks, if it came in some.
    pub body: &'a [u8],
    /// Whether `body` is not the whole content: it is longer than the limit, the connection ended early, the chunks are
    /// malformed, or `body` is empty because the content is in another transfer coding or its end cannot be told (RFC
    /// 9112, section 6.3). Nothing behind such an answer is the start of another one.
    pub truncated: bool,
}

impl<'a> RefusedAnswer<'a> {
    /// The status.
    pub fn status(&self) -> Status {
        self.head.status()
    }

    /// The protocols that the server can switch to, where it says so, the most preferred first: a 426 has to, and any
    /// other response may (RFC 9110, sections 7.8 and 15.5.22). They are for another request; nothing was switched. Some may
    /// be [out of reach](crate::is_actionable).
    pub fn upgrade(&self) -> impl Iterator<Item = Product<'_>> {
        advertised(&self.head)
    }

    /// The versions of the WebSocket protocol that the server speaks, where it says so, to try again with one of them
    /// (RFC 6455, section 4.4). Elements that are no version are left out.
    pub fn websocket_versions(&self) -> impl Iterator<Item = u8> {
        value::tokens(self.head.values(SEC_WEBSOCKET_VERSION))
            .filter_map(|version| value::websocket_version(version.ok()?.as_bytes()).ok())
    }
}
