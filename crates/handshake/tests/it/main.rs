//! What the crate does as its users see it, all in one binary: linking one for each file takes longer than running them.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

mod allocations;
mod attacks;
#[cfg(feature = "http")]
mod bridge;
mod client;
mod connect;
mod credentials;
mod deflate;
mod errors;
#[cfg(feature = "http")]
mod extended;
mod extensions;
#[cfg(feature = "http")]
mod http_types;
mod origins;
mod properties;
mod proxies;
mod redirects;
mod relay;
mod server;
mod upgrade;
