//! A request that proposes to switch protocols, and the ways to answer it: [`UpgradeProposal`].

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use bytes::BufMut;
use switchover_header::names::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING, UPGRADE};
use switchover_header::value::{self, Product};
use switchover_header::{Framing, RequestView};

use super::layers::{HTTP_1_1, is_same, layers};
use super::protocols::named;
use super::{Switch, Switched};
use crate::content::ContentReader;
use crate::fields::{Fields, Line, Start, write_whole};
use crate::{
    AcceptError, EarlyData, HandshakeError, Key, LocalError, Proposal, Protocol, Protocols, Refusal, Upgrade, expect,
};

/// A request that proposes to switch to protocols which the server allows, over the head it came in. It is as the rules
/// of each of them have it.
///
/// - getters: [`protocols`](Self::protocols), [`preferred`](Self::preferred), [`view`](Self::view)
/// - commands: [`accept`](Self::accept), [`refuse`](Self::refuse), [`ignore`](Self::ignore),
///   [`into_websocket`](Self::into_websocket)
#[derive(Debug)]
#[must_use = "a client waits for its answer"]
pub struct UpgradeProposal<'p, V> {
    view: V,
    protocols: &'p Protocols,
    /// A bit for each of `protocols` that the request can switch to; never 0.
    eligible: u64,
    /// That of WebSocket, where it is eligible.
    key: Option<Key>,
    pub(crate) early_data: EarlyData,
}

/// The server's side of a switch: the protocols to speak, and fields for the 101.
///
/// One choice serves any number of proposals. By default it is the protocol that the server prefers.
///
/// ```
/// use switchover_handshake::UpgradeChoice;
///
/// let choice = UpgradeChoice::new()
///     .protocol("TLS/1.2")?
///     .protocol("HTTP/1.1")?;
/// # Ok::<(), switchover_handshake::LocalError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpgradeChoice {
    /// Each `name` or `name/version`, the lowest layer first, all different.
    protocols: Vec<Box<str>>,
    fields: Fields,
    content_limit: Option<u64>,
}

impl<'p, V: RequestView> UpgradeProposal<'p, V> {
    /// `view` is a request that has passed the checks of all protocols in `eligible`.
    pub(super) fn new(view: V, protocols: &'p Protocols, eligible: u64, key: Option<Key>) -> Self {
        Self { view, protocols, eligible, key, early_data: EarlyData::Keep }
    }

    /// Accepts. Where the request has no content, the 101 is written, or nothing; where it has some, the [`Switch`]
    /// reads it before it writes the 101. In front of both goes a 100 (Continue), if the client waits for it (RFC 9110,
    /// section 7.8).
    ///
    /// # Errors
    /// [`AcceptError::Refused`] with the response to send: 413 for content that is longer than the limit. Nothing was
    /// written then, nor with [`AcceptError::Local`]: [`LocalError::ProtocolNotOffered`] for a choice that the client
    /// did not offer or that is not allowed, [`LocalError::WebSocket`] for that one, [`LocalError::OutputTooSmall`] if
    /// `out` has no room.
    pub fn accept(self, choice: &UpgradeChoice, out: &mut impl BufMut) -> Result<Switch, AcceptError> {
        let answer = self.answer(choice)?;
        let refuse = |error: HandshakeError| Refusal::from(error).for_method(self.view.method());
        let framing = self.view.framing().map_err(|error| refuse(HandshakeError::Framing(error)))?;
        if matches!(framing, Framing::Length(length) if length > answer.content_limit) {
            return Err(refuse(HandshakeError::ContentTooLarge).into());
        }
        let content = ContentReader::new(framing, answer.content_limit, self.view.method());
        let after_continue = expect::awaits_continue(&self.view);
        Switch::begin(&answer, content, after_continue, self.early_data, out)
    }

    /// Refuses, for any reason of the server's: writes the complete response, or nothing.
    ///
    /// # Errors
    /// [`LocalError::OutputTooSmall`] if `out` has no room; one that grows always has.
    pub fn refuse(self, refusal: &Refusal, out: &mut impl BufMut) -> Result<(), LocalError> {
        refusal.clone().for_method(self.view.method()).encode(out)
    }

    /// Leaves Upgrade alone, as any server may (RFC 9110, section 7.8): the request is one of plain HTTP.
    pub fn ignore(self) -> V {
        self.view
    }

    /// The proposal to speak WebSocket that this request makes.
    ///
    /// # Errors
    /// This proposal, where WebSocket is not among its [`protocols`](Self::protocols).
    pub fn into_websocket(self) -> Result<Proposal<V>, Self> {
        match self.key {
            Some(key) => Ok(Proposal::new(self.view, Upgrade { key })),
            None => Err(self),
        }
    }

    /// The protocols that can be accepted, as the client names them, in its order of preference.
    pub fn protocols(&self) -> impl Iterator<Item = Product<'_>> + Clone {
        self.offered().map(|(product, _)| product)
    }

    /// The one of them that the server prefers.
    pub fn preferred(&self) -> &'p Protocol {
        // At least one bit is set, and each is that of a protocol.
        let number = self.eligible.trailing_zeros() as usize;
        self.protocols.as_slice().get(number).unwrap_or(const { &Protocol::websocket() })
    }

    /// The head of the request.
    pub fn view(&self) -> &V {
        &self.view
    }

    /// The 101 that this choice makes.
    pub(crate) fn answer<'c>(&self, choice: &'c UpgradeChoice) -> Result<SwitchingAnswer<'c>, LocalError>
    where
        'p: 'c,
    {
        let products: Vec<Product<'_>> = if choice.protocols.is_empty() {
            let preferred = self.eligible.trailing_zeros() as usize;
            let is_preferred =
                |product: &Product<'_>| self.protocols.find(product).is_some_and(|(at, _)| at == preferred);
            let (product, protocol) =
                self.offered().find(|(product, _)| is_preferred(product)).ok_or(LocalError::ProtocolNotOffered)?;
            [product].into_iter().chain(protocol.carries_http.then_some(HTTP_1_1)).collect()
        } else {
            let chosen = choice.protocols.iter().map(|chosen| value::product(chosen.as_bytes()));
            chosen.collect::<Result<_, _>>().map_err(|_| LocalError::Protocol)?
        };
        let offered = |product: &Product<'_>| {
            self.offered().find(|(offered, _)| is_same(offered, product)).map(|(_, protocol)| protocol)
        };
        let layers = layers(products, offered).ok_or(LocalError::ProtocolNotOffered)?;
        let protocols: Vec<&'p Protocol> = layers.iter().filter_map(|layer| layer.protocol).collect();
        if protocols.iter().any(|protocol| protocol.is_websocket()) {
            return Err(LocalError::WebSocket);
        }
        let limits = protocols.iter().filter_map(|protocol| protocol.content);
        Ok(SwitchingAnswer {
            reason: protocols.first().map_or("", |protocol| protocol.reason),
            answered: protocols.iter().any(|protocol| protocol.answered),
            content_limit: choice.content_limit.unwrap_or_else(|| limits.min().unwrap_or(0)),
            fixed: protocols.iter().map(|protocol| protocol.response_fields).collect(),
            protocols: layers.iter().map(|layer| layer.product.to_string()).collect(),
            fields: &choice.fields,
        })
    }

    /// The protocols that can be accepted, with their rules, in the client's order.
    fn offered(&self) -> impl Iterator<Item = (Product<'_>, &'p Protocol)> + Clone {
        let (protocols, eligible) = (self.protocols, self.eligible);
        named(&self.view).filter_map(move |product| {
            let (number, protocol) = protocols.find(&product)?;
            (eligible & 1 << number != 0).then_some((product, protocol))
        })
    }
}

impl UpgradeChoice {
    /// The protocol that the server prefers, and no further field.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with one more protocol, `name` or `name/version`, the layer above those already there. Above one that
    /// [carries HTTP](Protocol::carries_http), the last may be `HTTP/1.1`.
    ///
    /// # Errors
    /// [`LocalError::Protocol`] for anything else, [`LocalError::RepeatedProtocol`] if it is there already.
    pub fn protocol(mut self, protocol: &str) -> Result<Self, LocalError> {
        let product = value::product(protocol.as_bytes()).map_err(|_| LocalError::Protocol)?;
        let known = |other: &str| value::product(other.as_bytes()).is_ok_and(|other| is_same(&other, &product));
        if self.protocols.iter().any(|other| known(other)) {
            return Err(LocalError::RepeatedProtocol);
        }
        self.protocols.push(protocol.into());
        Ok(self)
    }

    /// The same with another limit on the content that is read before the switch, in bytes, in the place of that of the
    /// protocols.
    #[must_use]
    pub fn content_limit(mut self, limit: u64) -> Self {
        self.content_limit = Some(limit);
        self
    }

    /// The same with one more field line in the 101, behind those already there.
    ///
    /// # Errors
    /// [`LocalError::FieldName`] and [`LocalError::FieldValue`] for what cannot stand in a field line,
    /// [`LocalError::ReservedField`] for Upgrade, Connection and the fields of framing.
    pub fn field(mut self, name: &str, value: impl AsRef<[u8]>) -> Result<Self, LocalError> {
        self.fields.push(name, value.as_ref(), RESERVED)?;
        Ok(self)
    }
}

/// What a 101 says.
pub(crate) struct SwitchingAnswer<'c> {
    /// The lowest layer first.
    protocols: Vec<String>,
    reason: &'static str,
    answered: bool,
    content_limit: u64,
    fixed: Vec<&'static [(&'static str, &'static str)]>,
    fields: &'c Fields,
}

impl SwitchingAnswer<'_> {
    /// What is spoken behind it.
    pub(crate) fn switched(&self) -> Switched {
        Switched::new(self.protocols.iter().map(|name| name.as_str().into()).collect(), self.answered)
    }

    /// The value of Upgrade.
    pub(crate) fn upgrade(&self) -> String {
        self.protocols.join(", ")
    }

    /// The field lines in the order in which they are written, with [`upgrade`](Self::upgrade).
    pub(crate) fn lines<'a>(&'a self, upgrade: &'a str) -> impl Iterator<Item = Line<'a>> + Clone {
        let switch: [Line<'a>; 2] = [(UPGRADE, upgrade.as_bytes()), (CONNECTION, b"Upgrade")];
        // What the caller says of a field stands.
        let fixed = self.fixed.iter().flat_map(|fields| fields.iter()).filter(|(name, _)| !self.fields.contains(name));
        let fixed = fixed.map(|(name, value)| (*name, value.as_bytes()));
        switch.into_iter().chain(fixed).chain(self.fields.iter())
    }

    pub(super) fn write(&self, after_continue: bool, out: &mut impl BufMut) -> Result<(), LocalError> {
        let start = Start::Switching { after_continue, reason: self.reason };
        write_whole(out, start, self.lines(&self.upgrade()), &[])
    }
}

/// RFC 9110, sections 8.6 and 6.4.1; RFC 9112, section 6.1: a 101 has no content.
const RESERVED: &[&str] = &[UPGRADE, CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING];
