//! A proxy between a client and a server of HTTP/1.1: what it passes on, and when a connection becomes a tunnel.

mod properties;
mod requests;
mod responses;
mod switching;
