//! What a server does with an opening handshake (RFC 6455, section 4.2), each request under every split.

mod connections;
mod lists;
mod refusals;
mod requests;
