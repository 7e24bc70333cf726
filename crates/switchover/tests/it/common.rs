//! Sessions for the tests, and what they make of a stream.

#[cfg(feature = "deflate")]
pub(crate) mod deflate;

use bytes::Buf;
use switchover::{
    Client, Limits, MaskSource, Replies, Server, Session, Side,
    frame::{self, Decoder, DecoderConfig, OpCode, Step},
};
use switchover_testkit::{
    frames::{Outcome, Role},
    session::{Feeding, Held, outcome},
};

/// Masking keys for tests: predictable ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counter(u32);

impl MaskSource for Counter {
    fn next_mask(&mut self) -> [u8; 4] {
        self.0 = self.0.wrapping_add(0x9E37_79B9);
        self.0.to_be_bytes()
    }
}

pub(crate) fn server() -> Session<Server> {
    Session::server(&Limits::default())
}

pub(crate) fn client() -> Session<Client<Counter>> {
    Session::client(&Limits::default(), Counter::default())
}

/// What a session makes of a stream: the events and the verdict, and what it wants written at the end.
pub(crate) fn read(role: Role, limits: &Limits, feeding: Feeding, pieces: &[&[u8]]) -> (Outcome, Vec<u8>) {
    match role {
        Role::Server => feed(Session::server(limits), feeding, pieces),
        Role::Client => feed(Session::new(Client(Counter::default()), limits, Replies::default()), feeding, pieces),
    }
}

fn feed<S: Side>(mut session: Session<S>, feeding: Feeding, pieces: &[&[u8]]) -> (Outcome, Vec<u8>) {
    let mut events = Vec::new();
    let mut held = Held::default();
    for piece in pieces {
        events.extend(feeding.feed(&mut session, &mut held, piece, |_, _| {}));
    }
    let last = events.iter().position(|event| matches!(event, switchover::Event::Closed(_)));
    assert!(last.is_none_or(|last| last + 1 == events.len()), "nothing comes after the last event");
    (outcome(events), written(&mut session))
}

/// Everything the session wants written.
pub(crate) fn written<S: Side>(session: &mut Session<S>) -> Vec<u8> {
    let mut written = Vec::new();
    while session.output().has_remaining() {
        let len = session.output().chunk().len();
        written.extend_from_slice(&session.output().copy_to_bytes(len));
    }
    written
}

/// The frames in `bytes`, as the peer of `role` reads them: opcode, FIN and payload.
pub(crate) fn frames(reader: frame::Role, bytes: &[u8]) -> Vec<(OpCode, bool, Vec<u8>)> {
    let mut decoder = Decoder::new(reader, DecoderConfig::default());
    let mut bytes = bytes.to_vec();
    let mut rest = &mut bytes[..];
    let mut frames = Vec::new();
    while let Ok(Step::Done { piece, consumed }) = decoder.decode(rest) {
        assert!(piece.first && piece.last);
        frames.push((piece.header.opcode, piece.header.fin, rest[piece.payload].to_vec()));
        rest = &mut rest[consumed..];
    }
    assert!(rest.is_empty());
    frames
}
