//! The protocols that a connection switches to at once, one above the other (RFC 9110, section 7.8): [`layers`].

use alloc::vec::Vec;

use switchover_header::names::UPGRADE;
use switchover_header::value::Product;
use switchover_header::{ResponseView, TypedFields, Version};

use crate::client::{check_connection, without_protocol};
use crate::{HandshakeError, Protocol};

/// One of the protocols that a 101 names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layer<'v, 'p> {
    pub(crate) product: Product<'v>,
    /// `None` for the current protocol above one that carries it.
    pub(crate) protocol: Option<&'p Protocol>,
}

/// The layers of a switch, the lowest first: each of them `offered`, and named once. The current protocol may be the top of
/// one that carries it. `None` for anything else.
pub(crate) fn layers<'v, 'p>(
    products: impl IntoIterator<Item = Product<'v>>,
    offered: impl Fn(&Product<'v>) -> Option<&'p Protocol>,
) -> Option<Vec<Layer<'v, 'p>>> {
    let mut layers: Vec<Layer<'v, 'p>> = Vec::new();
    for product in products {
        if layers.iter().any(|layer| is_same(&layer.product, &product)) {
            return None;
        }
        let protocol = match (layers.last(), offered(&product)) {
            (Some(Layer { protocol: None, .. }), _) => return None,
            (_, Some(protocol)) => Some(protocol),
            (Some(Layer { protocol: Some(below), .. }), None) if below.carries_http && is_same(&product, &HTTP_1_1) => {
                None
            }
            (_, None) => return None,
        };
        layers.push(Layer { product, protocol });
    }
    Some(layers)
}

/// The layers that a 101 switches to, whoever reads it: one of HTTP/1.1 that names them in Upgrade, and Upgrade in
/// Connection.
pub(crate) fn switched_to<'v, 'p>(
    view: &'v impl ResponseView,
    offered: impl Fn(&Product<'v>) -> Option<&'p Protocol>,
) -> Result<Vec<Layer<'v, 'p>>, HandshakeError> {
    if view.version() != Version::Http11 {
        return Err(HandshakeError::ResponseVersion);
    }
    let products: Result<Vec<Product<'v>>, _> = view.upgrade().collect();
    let products = products.map_err(|error| HandshakeError::Malformed(UPGRADE, Some(error)))?;
    if products.is_empty() {
        return Err(without_protocol(view));
    }
    let layers = layers(products, offered).ok_or(HandshakeError::ProtocolNotOffered)?;
    check_connection(view)?;
    Ok(layers)
}

/// The current protocol, as the layer above one that carries it.
pub(super) const HTTP_1_1: Product<'static> = Product { name: "HTTP", version: Some("1.1") };

/// RFC 9110, section 7.8.
pub(crate) fn is_same(one: &Product<'_>, other: &Product<'_>) -> bool {
    one.name.eq_ignore_ascii_case(other.name) && one.version == other.version
}
