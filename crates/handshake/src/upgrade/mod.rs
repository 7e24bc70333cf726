//! Switching to any protocol that an Upgrade field names (RFC 9110, section 7.8).

mod inspect;
mod layers;
mod offer;
mod proposal;
mod protocol;
mod protocols;
mod switch;

pub use self::inspect::inspect_upgrade;
pub(crate) use self::layers::{is_same, switched_to};
pub use self::offer::{UpgradeExpectations, UpgradeOffer};
pub use self::proposal::{UpgradeChoice, UpgradeProposal};
pub use self::protocol::{Protocol, Requirement, is_actionable};
pub(crate) use self::protocols::advertised;
pub use self::protocols::{MAX_PROTOCOLS, Protocols};
pub use self::switch::{Switch, Switched, Switching};
