//! permessage-deflate, RFC 7692.

mod codec;
mod memory;
mod receiving;
mod sending;
