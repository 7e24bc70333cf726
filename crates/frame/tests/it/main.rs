//! What the crate does as its users see it, all in one binary: linking one for each file takes longer than running them.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

mod close;
mod decoder;
mod encode;
mod errors;
mod mask;
mod no_alloc_loop;
#[cfg(feature = "bytes")]
mod text;
mod utf8;
