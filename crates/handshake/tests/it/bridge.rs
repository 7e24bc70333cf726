//! Bridges between WebSocket over HTTP/2 or HTTP/3 and WebSocket over HTTP/1.1, in both directions.

mod properties;
mod to_extended;
mod to_upgrade;
