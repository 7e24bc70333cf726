//! Switching to any protocol that an Upgrade field names (RFC 9110, section 7.8).

mod inspect;
mod offer;
mod proposal;
mod protocol;
mod protocols;
mod switch;

pub(crate) use self::inspect::counts;
pub use self::inspect::inspect_upgrade;
pub use self::offer::{UpgradeExpectations, UpgradeOffer};
pub(crate) use self::proposal::is_same;
pub use self::proposal::{UpgradeChoice, UpgradeProposal};
pub use self::protocol::{Protocol, Requirement};
pub use self::protocols::{Advertised, MAX_PROTOCOLS, Protocols};
pub(crate) use self::protocols::{advertised, text};
pub use self::switch::{Switch, Switched, Switching};
