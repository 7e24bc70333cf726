//! Switching to other protocols (RFC 9110, section 7.8), in both roles, each message under every split.

mod answers;
mod client;
mod content;
mod offers;
mod properties;
mod protocols;
