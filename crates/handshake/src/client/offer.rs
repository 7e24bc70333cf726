//! The client's opening handshake (RFC 6455, section 4.1).

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use bytes::BufMut;
use switchover_header::names::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, HOST, ORIGIN, PROXY_AUTHORIZATION, SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING,
    UPGRADE,
};

use super::Expectations;
use crate::credentials::is_cookie_string;
use crate::extension::Extensions;
use crate::fields::{Fields, Line, Start, write_whole};
use crate::{Credentials, ExtendedConnect, Extension, Key, LocalError, Origin, Upgrade, Url, subprotocol};

/// What a client asks for. One offer serves any number of attempts, each with a nonce of its own.
///
/// RFC 6455, section 4.1 allows one attempt at a time for each address; counting them is the caller's.
///
/// ```
/// use switchover_handshake::{Credentials, Deflate, Offer};
///
/// let offer = Offer::new("ws://example.com/notifications".parse()?)
///     .subprotocol("chat.v2")?
///     .subprotocol("chat")?
///     .extension(Deflate::new())?
///     .authorization(&Credentials::bearer("7")?)
///     .cookies("visit=7")?
///     .field("User-Agent", "example")?;
/// # Ok::<(), switchover_handshake::LocalError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    url: Url,
    /// Tokens, all unique, in order of preference.
    subprotocols: Vec<String>,
    subprotocol_required: bool,
    extensions: Extensions,
    /// The value of Sec-WebSocket-Extensions; empty if nothing is offered.
    extension_list: String,
    origin: Option<Box<str>>,
    fields: Fields,
    /// Names of fields that stay behind where a redirection leads to another origin, beside those that always do.
    credentials: Vec<Box<str>>,
}

impl Offer {
    /// To open a connection to this URL, with no subprotocol, no extension and no further field.
    pub fn new(url: Url) -> Self {
        Self {
            url,
            subprotocols: Vec::new(),
            subprotocol_required: false,
            extensions: Extensions::default(),
            extension_list: String::new(),
            origin: None,
            fields: Fields::default(),
            credentials: Vec::new(),
        }
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

    /// The same with one more extension, less preferred than those already there: all that it
    /// [offers](Extension::offers) now, behind their offers.
    ///
    /// # Errors
    /// [`LocalError::Extension`] if its name is no token, [`LocalError::RepeatedExtension`] if one of this name is there
    /// already, [`LocalError::ExtensionParameter`] if the name or the value of a parameter is no token.
    pub fn extension(mut self, extension: impl Extension + Eq + 'static) -> Result<Self, LocalError> {
        self.extensions.push_offered(extension, &mut self.extension_list)?;
        Ok(self)
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

    /// The same with an Authorization field, in the place of one that is there.
    #[must_use]
    pub fn authorization(mut self, credentials: &Credentials) -> Self {
        self.fields.remove(AUTHORIZATION);
        self.fields.push_made(AUTHORIZATION, credentials.as_str().into());
        self
    }

    /// The same with these cookies, such as `a=1; b=2`, behind those already there, on one line as RFC 6265, section 5.4
    /// has it. Which cookies a URL gets is the caller's.
    ///
    /// # Errors
    /// [`LocalError::Cookies`] if they are not pairs of a token and a value with `; ` between them.
    pub fn cookies(mut self, cookies: &str) -> Result<Self, LocalError> {
        if !is_cookie_string(cookies) {
            return Err(LocalError::Cookies);
        }
        self.fields.append(COOKIE, "; ", cookies);
        Ok(self)
    }

    /// The same with one more field line that is a credential, such as a key of an API: where a
    /// [redirection](crate::Redirects) leads to another origin, it stays behind, as Authorization and Cookie do.
    ///
    /// # Errors
    /// As for [`field`](Self::field).
    pub fn credential(self, name: &str, value: impl AsRef<[u8]>) -> Result<Self, LocalError> {
        let mut offer = self.field(name, value)?;
        offer.credentials.push(name.into());
        Ok(offer)
    }

    /// The URL.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// What the answer to this offer with this nonce has to be.
    pub fn expectations(&self, nonce: [u8; 16]) -> Expectations {
        self.expectations_of(Upgrade { key: Key::from_nonce(nonce) })
    }

    /// What the answer to this offer by extended CONNECT has to be, for [`verify_extended`](crate::verify_extended).
    pub fn extended_expectations(&self) -> Expectations<ExtendedConnect> {
        self.expectations_of(ExtendedConnect(()))
    }

    /// The same for any mechanism.
    fn expectations_of<M>(&self, mechanism: M) -> Expectations<M> {
        Expectations {
            mechanism,
            subprotocols: self.subprotocols.clone(),
            subprotocol_required: self.subprotocol_required,
            extensions: self.extensions.clone(),
        }
    }

    /// The same for another URL, without credentials where it is of another origin.
    pub(crate) fn redirected(&self, url: Url) -> Self {
        let mut offer = self.clone();
        if !url.is_same_origin(&self.url) {
            for name in [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION] {
                offer.fields.remove(name);
            }
            for name in offer.credentials.drain(..) {
                offer.fields.remove(&name);
            }
        }
        Self { url, ..offer }
    }

    /// Writes the request, whole or not at all.
    pub(super) fn write(&self, nonce: [u8; 16], out: &mut impl BufMut) -> Result<(), LocalError> {
        let key = Key::from_nonce(nonce);
        write_whole(out, Start::Get(self.url.target()), self.lines(&key, &self.subprotocol_list()), &[])
    }

    /// The field lines of the request in the order in which they are written, with
    /// [`subprotocol_list`](Self::subprotocol_list).
    pub(crate) fn lines<'a>(&'a self, key: &'a Key, subprotocols: &'a str) -> impl Iterator<Item = Line<'a>> + Clone {
        let handshake: [Line<'a>; 4] = [
            (HOST, self.url.authority().as_bytes()),
            (UPGRADE, b"websocket"),
            (CONNECTION, b"Upgrade"),
            (SEC_WEBSOCKET_KEY, key.as_bytes()),
        ];
        handshake.into_iter().chain(self.negotiation_lines(subprotocols))
    }

    /// Those of a request by any mechanism.
    pub(crate) fn negotiation_lines<'a>(&'a self, subprotocols: &'a str) -> impl Iterator<Item = Line<'a>> + Clone {
        let version: Line<'a> = (SEC_WEBSOCKET_VERSION, b"13");
        let origin = self.origin.as_ref().map(|origin| (ORIGIN, origin.as_bytes()));
        let offered = !self.subprotocols.is_empty();
        let subprotocols = offered.then_some((SEC_WEBSOCKET_PROTOCOL, subprotocols.as_bytes()));
        let extensions = Some(&self.extension_list).filter(|list| !list.is_empty());
        let extensions = extensions.map(|list| (SEC_WEBSOCKET_EXTENSIONS, list.as_bytes()));
        [version].into_iter().chain(origin).chain(subprotocols).chain(extensions).chain(self.fields.iter())
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
