//! Tunnels (RFC 9110, section 9.3.6).

mod offer;
mod proposal;

pub use self::offer::{ConnectExpectations, ConnectOffer};
pub use self::proposal::{ConnectChoice, ConnectProposal, inspect_connect};
