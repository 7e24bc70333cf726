//! Which end of the connection a session is. RFC 6455, section 5.1: a client masks, a server must not.

use switchover_frame::{Mask, Role};

/// Where a client's masking keys come from: one fresh key for each frame, which the peer's application must not be able to
/// predict (RFC 6455, section 10.3). A cryptographically strong generator, please: reused or guessable keys let web pages
/// write chosen bytes to the wire.
///
/// Every `FnMut() -> [u8; 4]` is a source.
pub trait MaskSource {
    /// The next key.
    fn next_mask(&mut self) -> [u8; 4];
}

impl<F: FnMut() -> [u8; 4]> MaskSource for F {
    fn next_mask(&mut self) -> [u8; 4] {
        self()
    }
}

/// The end of a connection that a session plays: [`Server`] or [`Client`].
pub trait Side: sealed::Sealed {
    /// The role of this end.
    const ROLE: Role;

    /// The masking key of the next frame; none on a server.
    fn next_mask(&mut self) -> Option<Mask>;
}

/// The server's end: it has nothing to mask with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Server;

/// The client's end, with its source of masking keys.
#[derive(Clone, Copy, Debug)]
pub struct Client<M>(
    /// Where the masking keys come from.
    pub M,
);

impl Side for Server {
    const ROLE: Role = Role::Server;

    fn next_mask(&mut self) -> Option<Mask> {
        None
    }
}

impl<M: MaskSource> Side for Client<M> {
    const ROLE: Role = Role::Client;

    fn next_mask(&mut self) -> Option<Mask> {
        Some(Mask::new(self.0.next_mask()))
    }
}

mod sealed {
    #[expect(unnameable_types, reason = "that is what seals a trait")]
    pub trait Sealed {}
    impl Sealed for super::Server {}
    impl<M> Sealed for super::Client<M> {}
}
