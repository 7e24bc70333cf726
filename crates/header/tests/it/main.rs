//! What the crate does as its users see it, all in one binary: linking one for each file takes longer than running them.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
mod reference;

mod attacks;
mod backends;
mod body;
mod chunked;
mod comments;
mod external;
mod find;
mod heads;
mod hosts;
#[cfg(feature = "http")]
mod http_types;
mod incremental;
mod lenient;
mod limits;
mod parameters;
mod single_values;
mod trailers;
mod typed;
mod unfolding;
mod values;
mod vectors;
mod views;
mod write;
