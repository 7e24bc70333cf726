//! What the tests of a WebSocket or of an HTTP head parser need, for anyone's implementation.
//!
//! A decoder is tested by feeding it the streams of [`frames`] in the pieces of [`split`], and by comparing what it says
//! with what the case expects; on any other bytes, with what the [`model`] says. A parser of heads is tested in the same
//! way with [`heads`], a whole connection with [`sim`].
//!
//! - [`split`]: every way a transport may cut a byte stream
//! - [`frames`]: WebSocket frames on the wire, valid and broken at one place, with the expected outcome
//! - [`model`]: the rules for frames and messages, read naively from a whole input
//! - [`inflate`]: DEFLATE read naively, for the payloads of permessage-deflate
//! - [`heads`]: heads of requests and responses, valid and broken at one place, with the expected fault
//! - [`sim`]: two ends joined by pipes under a virtual clock
//! - [`exchange`]: a long conversation with an endpoint that echoes, the same in every run
//! - `session`: the sessions of `switchover` as ends of the simulator (feature `session`)
//! - [`alloc`]: how often a piece of code allocates, and how much it holds (feature `alloc`, on by default)

#[cfg(feature = "alloc")]
pub mod alloc;
pub mod exchange;
pub mod frames;
pub mod heads;
pub mod inflate;
pub mod model;
#[cfg(feature = "session")]
pub mod session;
pub mod sim;
pub mod split;
