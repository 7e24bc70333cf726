//! What the crate does as its users see it, all in one binary: linking one for each file takes longer than running them.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

mod attacks;
mod budgets;
mod closing;
mod closing_model;
#[cfg(feature = "deflate")]
mod deflate;
mod examples;
mod feeding;
mod hibernate;
mod keepalive;
mod memory;
mod prepared;
mod sending;
mod texts;
mod transforms;
mod turns;
