//! WebSocket over tokio: servers and clients on any `AsyncRead + AsyncWrite`.
//!
//! The protocol is [`switchover`]'s; this crate moves bytes, keeps time and asks the operating system for randomness.
//!
//! ```
//! use switchover_tokio::{Event, accept, connect};
//! use tokio::net::TcpListener;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let listener = TcpListener::bind("127.0.0.1:0").await?;
//! let url = format!("ws://{}/notifications", listener.local_addr()?);
//! let server = async {
//!     let mut websocket = accept(listener.accept().await?.0).await?;
//!     while let Some(event) = websocket.receive().await? {
//!         if let Event::Text(text) = event {
//!             websocket.feed(text).await?; // written as soon as there is nothing more to receive
//!         }
//!     }
//!     Ok::<(), Box<dyn std::error::Error>>(())
//! };
//! let client = async {
//!     let (mut websocket, _) = connect(&url).await?;
//!     websocket.send("hello").await?;
//!     assert_eq!(websocket.receive().await?, Some(Event::Text("hello".into())));
//!     assert_eq!(websocket.close(1000, "done").await?.code().as_u16(), 1000);
//!     Ok::<(), Box<dyn std::error::Error>>(())
//! };
//! tokio::try_join!(server, client)?;
//! # Ok(())
//! # }
//! ```

mod accept;
mod connect;
mod reading;
mod split;
mod upgrade;
mod websocket;
mod writing;

pub use accept::{accept, accept_with, answer};
pub use connect::{client, connect, connect_through, connect_with, tunnel};
pub use split::{ReceiveHalf, SendHalf};
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

/// The examples of the project's README, compiled and run as a test.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
