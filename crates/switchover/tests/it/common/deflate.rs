//! Compressing sessions, payloads as they travel, and what a session makes of a stream of them.

use switchover::{
    Client, Event, Limits, Replies, Server, Session, Side,
    deflate::{Compression, Deflater, Settings},
    handshake::{DeflateContext, DeflateParameters},
};
use switchover_testkit::{
    frames::{RawFrame, Role},
    session::{Feeding, Held},
};

use super::{Counter, written};

pub(crate) const RSV1: u8 = 0x40;

/// The same for both directions.
pub(crate) fn both(window_bits: u8, takeover: bool) -> DeflateParameters {
    let context = DeflateContext { window_bits, takeover };
    DeflateParameters { server: context, client: context }
}

pub(crate) fn server(agreed: DeflateParameters, limits: &Limits, compression: &Compression) -> Session<Server> {
    Session::server(limits).with_deflate(Some(agreed), compression)
}

pub(crate) fn client(
    agreed: DeflateParameters,
    limits: &Limits,
    compression: &Compression,
) -> Session<Client<Counter>> {
    Session::new(Client(Counter::default()), limits, Replies::default()).with_deflate(Some(agreed), compression)
}

pub(crate) fn deflater() -> Deflater {
    Deflater::new(Settings { window_bits: 15, level: 6, memory: 8 })
}

/// What travels of a message.
pub(crate) fn deflated(payload: &[u8]) -> Vec<u8> {
    let mut deflated = Vec::new();
    deflater().deflate(payload, true, &mut deflated);
    deflated
}

pub(crate) fn compressed(frame: RawFrame) -> RawFrame {
    frame.rsv(RSV1)
}

/// What a compressing session makes of a stream: the events, and what it wants written at the end.
pub(crate) fn read(
    role: Role,
    limits: &Limits,
    compression: &Compression,
    feeding: Feeding,
    pieces: &[&[u8]],
) -> (Vec<Event>, Vec<u8>) {
    match role {
        Role::Server => feed(server(both(15, true), limits, compression), feeding, pieces),
        Role::Client => feed(client(both(15, true), limits, compression), feeding, pieces),
    }
}

fn feed<S: Side>(mut session: Session<S>, feeding: Feeding, pieces: &[&[u8]]) -> (Vec<Event>, Vec<u8>) {
    let mut events = Vec::new();
    let mut held = Held::default();
    for piece in pieces {
        events.extend(feeding.feed(&mut session, &mut held, piece, |_, _| {}));
    }
    (events, written(&mut session))
}
