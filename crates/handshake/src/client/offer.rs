//! The client's opening handshake (RFC 6455, section 4.1).

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use bytes::BufMut;
use switchover_header::names::{
    CONNECTION, CONTENT_LENGTH, HOST, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
};

use super::Expectations;
use crate::fields::{Fields, Line, Start, write_whole};
use crate::{Key, LocalError, Origin, Url, subprotocol};

/// What a client asks for. One offer serves any number of attempts, each with a nonce of its own.
///
/// RFC 6455, section 4.1 allows one attempt at a time for each address; counting them is the caller's.
///
/// ```
/// use switchover_handshake::Offer;
///
/// let offer = Offer::new("ws://example.com/notifications".parse()?)
///     .subprotocol("chat.v2")?
///     .subprotocol("chat")?
///     .field("Authorization", "Bearer 7")?;
/// # Ok::<(), switchover_handshake::LocalError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    url: Url,
    /// Tokens, all unique, in order of preference.
    subprotocols: Vec<String>,
    subprotocol_required: bool,
    origin: Option<Box<str>>,
    fields: Fields,
}

impl Offer {
    /// To open a connection to this URL, with no subprotocol and no further field.
    pub fn new(url: Url) -> Self {
        Self { url, subprotocols: Vec::new(), subprotocol_required: false, origin: None, fields: Fields::default() }
    }

    /// The same with one more subprotocol, less preferred than those already there.
    ///
    /// # Errors
    /// [`LocalError::Subprotocol`] if it is no token, [`LocalError::RepeatedSubprotocol`] if it is there already.
    pub fn subprotocol(mut self, name: impl Into<String>) -> Result<Self, LocalError> {
        subprotocol::push(&mut self.subprotocols, name.into())?;
        Ok(self)
    }

    /// The same, and a server that picks none of the subprotocols offered fails the handshake, as it does in a browser.
    /// RFC 6455 permits it to.
    #[must_use]
    pub fn require_subprotocol(mut self) -> Self {
        self.subprotocol_required = true;
        self
    }

    /// The same with an Origin field, for a client that acts for a page.
    ///
    /// # Errors
    /// [`LocalError::Origin`] if it is neither `null` nor `scheme://host` nor `scheme://host:port`.
    pub fn origin(mut self, origin: &str) -> Result<Self, LocalError> {
        self.origin = Some(Origin::from_caller(origin)?.as_str().into());
        Ok(self)
    }

    /// The same with one more field line, behind those already there.
    ///
    /// # Errors
    /// [`LocalError::FieldName`] and [`LocalError::FieldValue`] for what cannot stand in a field line,
    /// [`LocalError::ReservedField`] for Origin, Host, the fields of the handshake and those of framing.
    pub fn field(mut self, name: &str, value: impl AsRef<[u8]>) -> Result<Self, LocalError> {
        self.fields.push(name, value.as_ref(), RESERVED)?;
        Ok(self)
    }

    /// The URL.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// What the answer to this offer with this nonce has to be.
    pub fn expectations(&self, nonce: [u8; 16]) -> Expectations {
        Expectations {
            accept: Key::from_nonce(nonce).accept(),
            subprotocols: self.subprotocols.clone(),
            subprotocol_required: self.subprotocol_required,
        }
    }

    /// Writes the request, whole or not at all.
    pub(super) fn write(&self, nonce: [u8; 16], out: &mut impl BufMut) -> Result<(), LocalError> {
        let key = Key::from_nonce(nonce);
        write_whole(out, Start::Get(self.url.target()), self.lines(&key, &self.subprotocol_list()), &[])
    }

    /// The field lines of the request in the order in which they are written, with
    /// [`subprotocol_list`](Self::subprotocol_list).
    pub(crate) fn lines<'a>(&'a self, key: &'a Key, subprotocols: &'a str) -> impl Iterator<Item = Line<'a>> + Clone {
        let handshake: [Line<'a>; 5] = [
            (HOST, self.url.authority().as_bytes()),
            (UPGRADE, b"websocket"),
            (CONNECTION, b"Upgrade"),
            (SEC_WEBSOCKET_KEY, key.as_bytes()),
            (SEC_WEBSOCKET_VERSION, b"13"),
        ];
        let origin = self.origin.as_ref().map(|origin| (ORIGIN, origin.as_bytes()));
        let offered = !self.subprotocols.is_empty();
        let subprotocols = offered.then_some((SEC_WEBSOCKET_PROTOCOL, subprotocols.as_bytes()));
        handshake.into_iter().chain(origin).chain(subprotocols).chain(self.fields.iter())
    }

    /// The value of Sec-WebSocket-Protocol.
    pub(crate) fn subprotocol_list(&self) -> String {
        self.subprotocols.join(", ")
    }
}

const RESERVED: &[&str] = &[
    HOST,
    UPGRADE,
    CONNECTION,
    SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_VERSION,
    ORIGIN,
    SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_EXTENSIONS,
    SEC_WEBSOCKET_ACCEPT,
    // The request has no content: what follows its head is the new protocol.
    CONTENT_LENGTH,
    TRANSFER_ENCODING,
];
