//! Negotiating extensions of any kind (RFC 6455, section 9.1), with some that are made up.

mod authors;
mod grammar;
mod negotiation;
