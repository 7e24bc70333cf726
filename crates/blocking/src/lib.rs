//! WebSocket over `std::io::{Read, Write}`: servers and clients that block.
//!
//! The protocol is [`switchover`]'s; this crate moves bytes, keeps time and asks the operating system for randomness.
//!
//! ```
//! use std::{net::TcpListener, thread};
//! use switchover_blocking::{Event, accept, connect};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let listener = TcpListener::bind("127.0.0.1:0")?;
//! let url = format!("ws://{}/notifications", listener.local_addr()?);
//! let server = thread::spawn(move || {
//!     let mut websocket = accept(listener.accept()?.0)?;
//!     while let Some(event) = websocket.receive()? {
//!         if let Event::Text(text) = event {
//!             websocket.feed(text)?; // written as soon as there is nothing more to receive
//!         }
//!     }
//!     Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
//! });
//!
//! let (mut websocket, _) = connect(&url)?;
//! websocket.send("hello")?;
//! assert_eq!(websocket.receive()?, Some(Event::Text("hello".into())));
//! assert_eq!(websocket.close(1000, "done")?.code().as_u16(), 1000);
//! server.join().unwrap().unwrap();
//! # Ok(())
//! # }
//! ```

mod accept;
mod connect;
mod duplex;
mod upgrade;
mod websocket;

pub use accept::{accept, accept_with, answer};
pub use connect::{client, connect, connect_through, connect_with, tunnel};
pub use duplex::Duplex;
pub use switchover::{
    self, Client, Closed, Event, HibernateError, Keepalive, Limits, Message, Options, Part, Prepared, Replies,
    ResumeError, SendError, Server, Text,
    frame::CloseCode,
    handshake::{
        Choice, ConnectChoice, ConnectOffer, ConnectProposal, Credentials, Offer, OriginPolicy, Proposal, Protocol,
        Protocols, Proxy, Refusal, Request, Response, SubprotocolPolicy, Switched, UpgradeChoice, UpgradeOffer,
        UpgradeProposal, Url,
    },
};
#[cfg(feature = "deflate")]
pub use switchover::{deflate::Compression, handshake::Deflate};
pub use switchover_adapter::{AcceptError, ConnectError, Error, Upgraded};
pub use switchover_random::OsMasks;
pub use upgrade::{accept_tunnel, accept_upgrade, open_tunnel, upgrade};
pub use websocket::WebSocket;
