//! What adapters of [`switchover`] to a runtime share beside it, and is no I/O of their own: what they fail with ([`Error`],
//! [`AcceptError`], [`ConnectError`]), the [`Route`] of a client to a server, and a transport that has left HTTP
//! ([`Upgraded`]). Whoever uses an adapter has all of that from there.
//!
//! # Features
//!
//! - `tokio`: [`Upgraded`] also has tokio's traits

mod error;
mod route;
#[cfg(feature = "tokio")]
mod tokio;
mod upgraded;

pub use error::{AcceptError, ConnectError, Error};
pub use route::Route;
pub use upgraded::Upgraded;
