//! How permessage-deflate is negotiated (RFC 7692, section 7.1): both tables of its rules, each line under every split, and
//! what holds for all offers and answers.

mod client;
mod properties;
mod server;
