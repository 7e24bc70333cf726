//! The client's half of a switch: [`UpgradeOffer`], and what the answer to it has to be.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use bytes::{BufMut, Bytes};
use switchover_header::names::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST, TRANSFER_ENCODING, UPGRADE};
use switchover_header::value::{self, Product};
use switchover_header::{ResponseView, Status};

use super::Switched;
use super::layers::{is_same, switched_to};
use super::protocol::is_actionable;
use super::protocols::list;
use crate::client::Attempt;
use crate::fields::{Fields, Line, Start, check_request, write_whole};
use crate::{HandshakeError, LocalError, Protocol};

/// A request to switch to one of several protocols. One offer serves any number of attempts.
///
/// It is sent on a connection without other requests under way: the 101 comes behind the answers to all earlier ones.
///
/// ```
/// use switchover_handshake::{Protocol, UpgradeOffer};
///
/// let offer = UpgradeOffer::new("POST", "/v1.45/exec/7/start", "docker")?
///     .protocol(Protocol::docker())?
///     .field("Content-Type", "application/json")?
///     .content("{\"Detach\":false,\"Tty\":true}");
/// # Ok::<(), switchover_handshake::LocalError>(())
/// ```
#[derive(Clone)]
pub struct UpgradeOffer {
    method: Box<str>,
    target: Box<str>,
    host: Box<str>,
    /// In order of preference.
    protocols: Vec<Protocol>,
    fields: Fields,
    content: Framed,
    expect_continue: bool,
}

/// What the answer to one attempt has to be; see [`UpgradeOffer::expectations`].
#[derive(Clone, Debug)]
pub struct UpgradeExpectations {
    method: Box<str>,
    protocols: Vec<Protocol>,
    /// The caller has not yet sent all of the content.
    incomplete: bool,
}

impl UpgradeOffer {
    /// A request with this method and this target, and with `host` as the value of Host.
    ///
    /// # Errors
    /// [`LocalError::Method`], [`LocalError::Target`] and [`LocalError::Host`] for what cannot stand in a request.
    pub fn new(method: &str, target: &str, host: &str) -> Result<Self, LocalError> {
        check_request(method, target)?;
        value::host(host.as_bytes()).map_err(|_| LocalError::Host)?;
        Ok(Self {
            method: method.into(),
            target: target.into(),
            host: host.into(),
            protocols: Vec::new(),
            fields: Fields::default(),
            content: Framed::None,
            expect_continue: false,
        })
    }

    /// The same with one more protocol, less preferred than those already there. It is offered in each of its versions.
    ///
    /// # Errors
    /// [`LocalError::WebSocket`] for that one, which has an [`Offer`](crate::Offer); [`LocalError::Protocol`] for a
    /// version of HTTP on another transport; [`LocalError::RepeatedProtocol`] if it is there already;
    /// [`LocalError::Method`] if the method is none of its own.
    pub fn protocol(mut self, protocol: Protocol) -> Result<Self, LocalError> {
        if protocol.is_websocket() {
            return Err(LocalError::WebSocket);
        }
        for product in protocol.elements() {
            if value::product(product.to_string().as_bytes()) != Ok(product) || !is_actionable(&product) {
                return Err(LocalError::Protocol);
            }
            if self.elements().any(|other| is_same(&other, &product)) {
                return Err(LocalError::RepeatedProtocol);
            }
        }
        if !protocol.has_method(&self.method) {
            return Err(LocalError::Method);
        }
        self.protocols.push(protocol);
        Ok(self)
    }

    /// The same with one more field line, behind those already there.
    ///
    /// # Errors
    /// [`LocalError::FieldName`] and [`LocalError::FieldValue`] for what cannot stand in a field line,
    /// [`LocalError::ReservedField`] for Host, Upgrade, Connection, Expect and the fields of framing.
    pub fn field(mut self, name: &str, value: impl AsRef<[u8]>) -> Result<Self, LocalError> {
        self.fields.push(name, value.as_ref(), RESERVED)?;
        Ok(self)
    }

    /// The same with content that is written with the request.
    #[must_use]
    pub fn content(mut self, content: impl Into<Bytes>) -> Self {
        self.content = Framed::Whole(content.into());
        self
    }

    /// The same with content that the caller sends behind the request: `length` bytes, or in chunks where that is not
    /// known. [`ClientHandshake::content_sent`](crate::ClientHandshake::content_sent) says when it is complete.
    #[must_use]
    pub fn content_to_follow(mut self, length: Option<u64>) -> Self {
        self.content = Framed::ToFollow(length);
        self
    }

    /// The same with `Expect: 100-continue`, for a caller that waits for an interim response, or for some time, before
    /// it sends the content (RFC 9110, section 10.1.1). It is left out where no content follows.
    #[must_use]
    pub fn expect_continue(mut self) -> Self {
        self.expect_continue = true;
        self
    }

    /// What the answer to this offer has to be.
    pub fn expectations(&self) -> UpgradeExpectations {
        UpgradeExpectations {
            method: self.method.clone(),
            protocols: self.protocols.clone(),
            incomplete: self.content_follows(),
        }
    }

    /// Writes the request, whole or not at all.
    pub(crate) fn write(&self, out: &mut impl BufMut) -> Result<(), LocalError> {
        self.check()?;
        let made = self.made_lines();
        write_whole(out, Start::Request(&self.method, &self.target), self.lines(&made), &self.written_content())
    }

    /// Whether the request is as each of the protocols has it.
    pub(crate) fn check(&self) -> Result<(), LocalError> {
        if self.protocols.is_empty() {
            return Err(LocalError::NoProtocol);
        }
        for protocol in &self.protocols {
            if protocol.alone && self.elements().nth(1).is_some() {
                return Err(LocalError::NotAlone);
            }
            let length = match &self.content {
                Framed::None => 0,
                Framed::Whole(content) => content.len() as u64,
                Framed::ToFollow(length) => length.unwrap_or(1),
            };
            if length > protocol.content.unwrap_or(0) {
                return Err(LocalError::Content);
            }
            for requirement in protocol.requirements {
                requirement.check(&self.fields).map_err(|_| LocalError::RequiredField(requirement.name))?;
            }
        }
        Ok(())
    }

    /// The field lines in the order in which they are written, with [`made_lines`](Self::made_lines).
    pub(crate) fn lines<'a>(&'a self, made: &'a [(&'static str, String)]) -> impl Iterator<Item = Line<'a>> + Clone {
        made.iter().map(|(name, value)| (*name, value.as_bytes())).chain(self.fields.iter())
    }

    /// The content that is written with the request.
    pub(crate) fn written_content(&self) -> Bytes {
        if let Framed::Whole(content) = &self.content { content.clone() } else { Bytes::new() }
    }

    /// The method and the target.
    #[cfg(feature = "http")]
    pub(crate) fn start(&self) -> (&str, &str) {
        (&self.method, &self.target)
    }

    /// The field lines that are not the caller's, in the order in which they are written.
    pub(crate) fn made_lines(&self) -> Vec<(&'static str, String)> {
        let mut connection = String::from("Upgrade");
        for requirement in self.protocols.iter().flat_map(|protocol| protocol.requirements) {
            // RFC 9110, section 7.6.1.
            if requirement.nominated {
                connection.push_str(", ");
                connection.push_str(requirement.name);
            }
        }
        let mut lines =
            Vec::from([(HOST, String::from(&*self.host)), (UPGRADE, list(self.elements())), (CONNECTION, connection)]);
        match &self.content {
            Framed::None => {}
            Framed::Whole(content) => lines.push((CONTENT_LENGTH, content.len().to_string())),
            Framed::ToFollow(Some(length)) => lines.push((CONTENT_LENGTH, length.to_string())),
            Framed::ToFollow(None) => lines.push((TRANSFER_ENCODING, String::from("chunked"))),
        }
        if self.expect_continue && self.content_follows() {
            lines.push((EXPECT, String::from("100-continue")));
        }
        lines
    }

    /// The elements of Upgrade.
    fn elements(&self) -> impl Iterator<Item = Product<'static>> {
        self.protocols.iter().flat_map(Protocol::elements)
    }

    fn content_follows(&self) -> bool {
        matches!(self.content, Framed::ToFollow(length) if length != Some(0))
    }
}

impl UpgradeExpectations {
    /// Tells that the content announced by [`content_to_follow`](UpgradeOffer::content_to_follow) has been sent, all of it:
    /// from now on the protocol may change.
    pub fn content_sent(&mut self) {
        self.incomplete = false;
    }

    /// The protocols that a 101 switches to.
    fn switched(&self, view: &impl ResponseView) -> Result<Switched, HandshakeError> {
        let names = |protocol: &Protocol, product: &Product<'_>| protocol.elements().any(|own| is_same(&own, product));
        let layers = switched_to(view, |product| self.protocols.iter().find(|protocol| names(protocol, product)))?;
        // RFC 9110, section 7.8: the request is sent to its end before the protocol changes.
        if self.incomplete {
            return Err(HandshakeError::SwitchedEarly);
        }
        let answered = layers.iter().any(|layer| layer.protocol.is_some_and(Protocol::is_answered));
        Ok(Switched::new(layers.iter().map(|layer| layer.product.to_string().into()).collect(), answered))
    }
}

impl Attempt for UpgradeExpectations {
    type Agreement = Switched;

    fn method(&self) -> &str {
        &self.method
    }

    fn judge(&self, view: &impl ResponseView) -> Result<Option<Switched>, HandshakeError> {
        if view.status() == Status::SWITCHING_PROTOCOLS {
            return self.switched(view).map(Some);
        }
        let framed = [CONTENT_LENGTH, TRANSFER_ENCODING].iter().any(|name| view.values(name).next().is_some());
        if view.status() != Status::OK || framed || self.incomplete {
            return Ok(None);
        }
        let protocol = self.protocols.iter().find(|protocol| protocol.success_without_switch);
        Ok(protocol.and_then(|protocol| {
            let name = protocol.elements().next()?.to_string();
            Some(Switched::new([name.into()].into(), protocol.answered))
        }))
    }
}

/// Without the query and the content, which may hold a credential.
impl fmt::Debug for UpgradeOffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpgradeOffer")
            .field("method", &self.method)
            .field("target", &self.target.split_inclusive('?').next().unwrap_or_default())
            .field("host", &self.host)
            .field("upgrade", &list(self.elements()))
            .field("fields", &self.fields)
            .finish_non_exhaustive()
    }
}

/// The content of a request.
#[derive(Clone)]
enum Framed {
    None,
    Whole(Bytes),
    /// Of this length, else in chunks.
    ToFollow(Option<u64>),
}

const RESERVED: &[&str] = &[HOST, UPGRADE, CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING, EXPECT];
