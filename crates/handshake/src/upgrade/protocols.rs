//! The protocols that a server can switch to: [`Protocols`].

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use switchover_header::names::{CONNECTION, UPGRADE};
use switchover_header::value::{self, Product};
use switchover_header::{FieldsView, TypedFields};

use super::protocol::is_actionable;
use crate::{LocalError, Protocol};

/// The number of protocols that a server can allow.
pub const MAX_PROTOCOLS: usize = 64;

/// The protocols that a server allows a connection to switch to, in the order of its preference. What a client offers
/// beyond them is ignored (RFC 9110, section 7.8).
///
/// By default that is WebSocket alone. A clone shares the list.
///
/// ```
/// use switchover_handshake::{Protocol, Protocols};
///
/// let protocols = Protocols::new([Protocol::websocket(), Protocol::spdy()])?;
/// assert_eq!(protocols.to_list(), "websocket, SPDY/3.1");
/// # Ok::<(), switchover_handshake::LocalError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Protocols(Option<Arc<[Protocol]>>);

impl Protocols {
    /// These, the most preferred first. Of two that an element of Upgrade names, the first counts.
    ///
    /// # Errors
    /// [`LocalError::TooManyProtocols`] if there are more than [`MAX_PROTOCOLS`]. [`LocalError::WebSocket`] for
    /// [`Protocol::websocket`] with other rules than its own.
    pub fn new(protocols: impl IntoIterator<Item = Protocol>) -> Result<Self, LocalError> {
        Self::checked(protocols.into_iter().take(MAX_PROTOCOLS + 1).collect())
    }

    /// Those of them that a connection over TLS may switch to: neither `h2c` nor TLS itself.
    #[must_use]
    pub fn over_tls(&self) -> Self {
        Self(Some(self.iter().filter(|protocol| !protocol.cleartext).copied().collect()))
    }

    /// The protocols, the most preferred first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Protocol> + Clone {
        self.as_slice().iter()
    }

    /// The one that an element of Upgrade names, with its number in the order of preference. There is none for a
    /// version of HTTP that has another transport, whatever the list has.
    pub fn find(&self, product: &Product<'_>) -> Option<(usize, &Protocol)> {
        self.iter().enumerate().find(|(_, protocol)| protocol.is_named_by(product)).filter(|_| is_actionable(product))
    }

    /// The value of an Upgrade field that names them. One that has any version is named without.
    pub fn to_list(&self) -> String {
        list(self.iter().flat_map(Protocol::elements))
    }

    /// The two field lines that advertise them in any response of the caller's (RFC 9110, section 7.8): whoever sends
    /// Upgrade sends the connection option too. For a refusal, see [`Refusal::advertise`](crate::Refusal::advertise).
    pub fn advertisement(&self) -> [(&'static str, String); 2] {
        [(UPGRADE, self.to_list()), (CONNECTION, String::from("Upgrade"))]
    }

    fn checked(protocols: Arc<[Protocol]>) -> Result<Self, LocalError> {
        if protocols.len() > MAX_PROTOCOLS {
            return Err(LocalError::TooManyProtocols);
        }
        if protocols.iter().any(|protocol| protocol.is_websocket() && !protocol.has_known_rules()) {
            return Err(LocalError::WebSocket);
        }
        Ok(Self(Some(protocols)))
    }

    pub(crate) fn is_websocket_alone(&self) -> bool {
        self.0.as_deref().is_none_or(|protocols| matches!(protocols, [only] if only.is_websocket()))
    }

    pub(super) fn as_slice(&self) -> &[Protocol] {
        const WEBSOCKET: &[Protocol] = &[Protocol::websocket()];
        self.0.as_deref().unwrap_or(WEBSOCKET)
    }
}

/// What a response advertises, the most preferred first. Without the connection option `upgrade`, that is nothing.
pub(crate) fn advertised<V: FieldsView>(view: &V) -> impl Iterator<Item = Product<'_>> {
    let counts = view.has_connection_option("upgrade");
    named(view).filter(move |_| counts)
}

/// The elements of Upgrade that name a protocol, in order. What is no product is left out: a recipient looks for what
/// it knows.
pub(crate) fn named<V: FieldsView>(view: &V) -> impl Iterator<Item = Product<'_>> + Clone {
    value::list(view.values(UPGRADE)).filter_map(|element| value::product(element.ok()?).ok())
}

/// The value of an Upgrade field.
pub(crate) fn list<'a>(products: impl Iterator<Item = Product<'a>>) -> String {
    let elements: Vec<String> = products.map(|product| product.to_string()).collect();
    elements.join(", ")
}
