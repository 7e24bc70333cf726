//! What a million idle connections hold, in bytes a session, as a counting allocator sees it: all there is, in one process,
//! without sockets. More than 128 bytes without compression, or than 1 KiB with it, is an error.
//!
//!     cargo run --release -p switchover --features deflate --example idle -- 1000000

use std::{env, error::Error};

use bytes::Buf;
use switchover::{
    EventRef, Limits, Server, Session,
    deflate::{Compression, DeflatePool, Deflater, Settings},
    handshake::{DeflateContext, DeflateParameters},
};
use switchover_testkit::{alloc::measure, frames::RawFrame};

fn main() -> Result<(), Box<dyn Error>> {
    let count: usize = env::args().nth(1).unwrap_or("1000000".into()).parse()?;
    let report = report(count);
    for (name, bytes) in &report {
        println!("{bytes:>8} bytes a session: {name}");
    }
    let (plain, compressing) = report.split_at(PLAIN);
    let most = |of: &[(_, u64)]| of.iter().map(|(_, bytes)| *bytes).max().unwrap_or_default();
    let (plain, compressing) = (most(plain), most(compressing));
    println!("{count} idle sessions: at most {plain} bytes each, {compressing} where compression was agreed on");
    if plain > 128 || compressing > 1 << 10 { Err("that is too much".into()) } else { Ok(()) }
}

/// So many at the beginning of the report are without compression.
pub(crate) const PLAIN: usize = 2;

/// What was measured, and how many bytes a session it took.
pub(crate) fn report(count: usize) -> Vec<(&'static str, u64)> {
    let fresh = DeflateContext { window_bits: 15, takeover: false };
    let small = DeflateContext { window_bits: 9, takeover: true };
    let (plain, compressed) = (frame(false), frame(true));
    let mut pool = DeflatePool::new();
    vec![
        ("new, without compression", each(count, || session(None))),
        ("after an echo, without compression", each(count, || echo(session(None), &plain, &mut DeflatePool::new()))),
        ("new, compressing", each(count, || session(Some(fresh)))),
        (
            "after a compressed echo, no takeover, one pool",
            each(count, || echo(session(Some(fresh)), &compressed, &mut pool)),
        ),
        (
            "after a compressed echo, a client's window of 9 bits, memory given back",
            each(count, || {
                let mut session = echo(session(Some(small)), &compressed, &mut pool);
                session.release_memory();
                session
            }),
        ),
    ]
}

/// How many bytes each of so many sessions takes, its own size included.
fn each(count: usize, mut make: impl FnMut() -> Session<Server>) -> u64 {
    let (sessions, allocations) = measure(|| {
        let mut sessions = Vec::with_capacity(count);
        sessions.extend((0..count).map(|_| make()));
        sessions
    });
    drop(sessions);
    u64::try_from(allocations.live).unwrap_or_default().div_ceil(count as u64)
}

/// A session that compresses as agreed, in both directions.
fn session(agreed: Option<DeflateContext>) -> Session<Server> {
    let agreed = agreed.map(|context| DeflateParameters { server: context, client: context });
    Session::server(&Limits::default()).with_deflate(agreed, &Compression::default())
}

/// A client's message, as it travels.
fn frame(compressed: bool) -> Vec<u8> {
    let text = "an echo that is long enough to be compressed, compressed, compressed, compressed";
    let frame = if compressed {
        let mut payload = Vec::new();
        Deflater::new(Settings { window_bits: 9, level: 6, memory: 1 }).deflate(text.as_bytes(), true, &mut payload);
        RawFrame::text(payload).rsv(0x40)
    } else {
        RawFrame::text(text)
    };
    frame.mask([1, 2, 3, 4]).encode()
}

/// The session after it has echoed a message.
fn echo(mut session: Session<Server>, frame: &[u8], pool: &mut DeflatePool) -> Session<Server> {
    let mut bytes = frame.to_vec();
    let mut input = &mut bytes[..];
    let mut lent = session.lend_pool(pool);
    while let Some((event, sender)) = lent.receive(&mut input) {
        if let EventRef::Text(text) = event {
            let _ = sender.text(text); // there is room
        }
    }
    let len = lent.output().remaining();
    lent.output().advance(len);
    drop(lent);
    session
}
