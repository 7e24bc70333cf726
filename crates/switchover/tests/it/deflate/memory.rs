//! What compression costs: nothing before the first message, no allocation a message, little while idle, and what a bomb is
//! allowed.

#[path = "../../../examples/idle.rs"]
#[expect(dead_code, reason = "main is for who runs the example")]
mod idle;

use bytes::{Buf, BytesMut};
use switchover::{
    Closed, Event, EventRef, Limits, PartRef, Server, Session,
    deflate::{Compression, DeflatePool},
    frame::ProtocolErrorKind,
    handshake::{DeflateContext, DeflateParameters},
};
use switchover_testkit::{
    alloc::{Allocations, measure},
    frames::RawFrame,
};

use crate::common::deflate::{self, RSV1, both, compressed, deflated, deflater, server};

const MASK: [u8; 4] = [1, 2, 3, 4];

/// A message of 1 GiB of zeros, a bit more than 1 MiB of wire.
fn bomb(opcode: u8) -> Vec<u8> {
    zeros(opcode, 1_024)
}

/// A message of so many MiB of zeros: the same MiB again and again.
fn zeros(opcode: u8, mebibytes: usize) -> Vec<u8> {
    let mut deflater = deflater();
    let zeros = vec![0; 1 << 20];
    deflater.deflate(&zeros, false, &mut Vec::new());
    let mut mebibyte = Vec::new();
    deflater.deflate(&zeros, false, &mut mebibyte);
    let mut first = Vec::new();
    deflate::deflater().deflate(&zeros, false, &mut first);
    let payload = [first, mebibyte.repeat(mebibytes - 1), vec![0]].concat();
    RawFrame::new(opcode, payload).rsv(RSV1).mask(MASK).encode()
}

/// Attack 41. Inflating stops at the limit: so much has been allocated, and so much read.
#[test]
fn a_bomb_stops_at_the_limit() {
    for opcode in [1, 2] {
        let bomb = bomb(opcode);
        assert!((1_000_000..1_200_000).contains(&bomb.len()), "{}", bomb.len());
        for limit in [2 << 20, 16 << 20, (16 << 20) + 12_345] {
            let limits = Limits { message: limit, ..Limits::default() };
            for (owned, read) in [(true, 4 << 10), (false, 4 << 10), (false, 64 << 10)] {
                let mut bytes = bomb.clone();
                let (mut fed, mut last) = (0, None);
                let mut input = BytesMut::with_capacity(2 * read);
                let ((), allocations) = measure(|| {
                    let mut session = server(both(15, true), &limits, &Compression::default());
                    for piece in bytes.chunks_mut(read) {
                        fed += piece.len();
                        last = if owned {
                            input.extend_from_slice(piece);
                            session.poll_event(&mut input)
                        } else {
                            session.receive(&mut &mut *piece).map(|(event, _)| event.to_owned())
                        };
                        if last.is_some() {
                            break;
                        }
                    }
                });
                let Some(Event::Closed(Closed::Violation(error))) = last else { panic!("{last:?}") };
                assert_eq!(error.kind(), ProtocolErrorKind::InflatedTooLong(limit as u64));
                println!(
                    "limit {limit}, reads of {read}: {fed} bytes read, {} bytes allocated at most",
                    allocations.peak
                );
                assert!(allocations.peak <= limit as u64 + (64 << 10), "{allocations:?}");
                // A MiB of zeros is a bit more than a KiB of wire.
                assert!(fed <= limit / 950 + 2 * read, "{fed}");
            }
        }
    }
}

/// The ratio stops it sooner.
#[test]
fn a_ratio_stops_a_bomb_sooner() {
    let mut bomb = bomb(2);
    let compression = Compression { ratio: 100, ..Compression::default() };
    let (kind, allocations) = measure(|| {
        let mut session = server(both(15, true), &Limits::default(), &compression);
        let Some((EventRef::Closed(Closed::Violation(error)), _)) = session.receive(&mut &mut bomb[..4096]) else {
            panic!("a violation")
        };
        error.kind()
    });
    assert_eq!(kind, ProtocolErrorKind::InflatedTooMuch(100));
    assert!(allocations.peak < 200 << 10, "{allocations:?}");
}

/// In parts, a message of any size takes the memory of the inflater and of one part.
#[test]
fn parts_take_no_memory() {
    let mut bomb = zeros(2, 64);
    let limits = Limits { message: 1 << 30, ..Limits::default() };
    for read in [1_000, 64 << 10] {
        let (inflated, allocations) = measure(|| {
            let mut session = server(both(15, true), &limits, &Compression::default());
            let mut inflated = 0;
            for piece in bomb.clone().chunks_mut(read) {
                let mut input = piece;
                while let Some((PartRef::Binary { payload, last }, _)) = session.receive_part(&mut input) {
                    assert!(payload.len() <= 4 << 10 && payload.iter().all(|byte| *byte == 0));
                    inflated += payload.len();
                    assert_eq!(last, inflated == 64 << 20);
                }
            }
            inflated
        });
        assert_eq!(inflated, 64 << 20);
        let peak = allocations.peak - bomb.len() as u64;
        println!("reads of {read}: {peak} bytes allocated at most");
        assert!(peak < 60 << 10, "{allocations:?}");
    }
    // One more than may be.
    let limits = Limits { message: (64 << 20) - 1, ..limits };
    let mut session = server(both(15, true), &limits, &Compression::default());
    let (mut input, mut inflated) = (&mut bomb[..], 0);
    let kind = loop {
        match session.receive_part(&mut input) {
            Some((PartRef::Binary { payload, last: false }, _)) => inflated += payload.len(),
            Some((PartRef::Closed(Closed::Violation(error)), _)) => break error.kind(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(kind, ProtocolErrorKind::InflatedTooLong((64 << 20) - 1));
    assert!(inflated >= (64 << 20) - (8 << 10), "what came before has been delivered: {inflated}");
}

/// A compressed echo: nothing is allocated for a message, on either feeding path, once each has been here.
#[test]
fn echoing_never_allocates() {
    let payloads: Vec<Vec<u8>> = [10, 100, 1_000, 10_000, 40_000]
        .iter()
        .map(|len| format!("{{\"length\":{len}}}, ").bytes().cycle().take(*len).collect())
        .collect();
    for takeover in [true, false] {
        let mut deflater = deflater();
        let mut stream = Vec::new();
        for payload in &payloads {
            deflater.reset();
            let mut wire = Vec::new();
            deflater.deflate(payload, true, &mut wire);
            stream.extend(compressed(RawFrame::text(wire)).mask(MASK).encode());
        }
        for (owned, pooled) in [(true, false), (false, false), (true, true), (false, true)] {
            let mut session = server(both(15, takeover), &Limits::default(), &Compression::default());
            let mut pool = DeflatePool::new();
            let (mut output, mut received) = (Vec::with_capacity(1 << 20), BytesMut::new());
            let mut lap = || {
                let mut session = session.lend(&mut output);
                if pooled {
                    return echo(&mut session.lend_pool(&mut pool), owned, &stream, &mut received);
                }
                echo(&mut session, owned, &stream, &mut received)
            };
            // The buffer of the owned path needs some laps to be as large as it gets.
            for _ in 0..10 {
                assert_eq!(lap(), payloads.len());
            }
            let (echoed, allocations) = measure(|| (0..200).map(|_| lap()).sum::<usize>());
            println!("takeover {takeover}, owned {owned}, pool {pooled}: {allocations:?}");
            assert_eq!(echoed, 200 * payloads.len());
            assert_eq!(allocations.count, 0, "takeover {takeover}, owned {owned}, pool {pooled}");
        }
    }
}

fn echo(session: &mut Session<Server>, owned: bool, stream: &[u8], received: &mut BytesMut) -> usize {
    let mut echoed = 0;
    received.extend_from_slice(stream);
    if owned {
        while let Some(event) = session.poll_event(received) {
            let Event::Text(text) = event else { panic!("{event:?}") };
            session.sender().text(&text).unwrap();
            echoed += 1;
        }
    } else {
        let mut input = &mut received[..];
        while let Some((event, sender)) = session.receive(&mut input) {
            let EventRef::Text(text) = event else { panic!("{event:?}") };
            sender.text(text).unwrap();
            echoed += 1;
        }
        received.clear();
    }
    let len = session.output().remaining();
    session.output().advance(len);
    echoed
}

/// The session after one compressed message each way, and what it holds then.
fn used(agreed: DeflateParameters, pool: Option<&mut DeflatePool>, release: bool) -> Allocations {
    let payload = "some text that is not too short. ".repeat(3_000);
    let mut frame = compressed(RawFrame::text(deflated(payload.as_bytes()))).mask(MASK).encode();
    let (session, allocations) = measure(|| {
        let mut session = server(agreed, &Limits::default(), &Compression::default());
        match pool {
            Some(pool) => drop(echo_once(&mut session.lend_pool(pool), &mut frame)),
            None => drop(echo_once(&mut session, &mut frame)),
        }
        if release {
            session.release_memory();
        }
        session
    });
    drop(session);
    allocations
}

fn echo_once(session: &mut Session<Server>, frame: &mut [u8]) -> usize {
    let mut input = frame;
    while let Some((event, sender)) = session.receive(&mut input) {
        let EventRef::Text(text) = event else { panic!("{event:?}") };
        sender.text(text).unwrap();
    }
    let len = session.output().remaining();
    session.output().advance(len);
    len
}

/// What an idle session holds beside its own size, in bytes.
#[test]
fn idle_sessions() {
    let size = size_of::<Session<Server>>() as i64;
    let (session, fresh) = measure(|| server(both(15, true), &Limits::default(), &Compression::default()));
    drop(session);
    println!("a session: {size} bytes; compressing, before its first message: {} more", fresh.live);
    assert!(size + fresh.live <= 1_024, "{fresh:?}");

    let no_takeover = both(15, false);
    let small = DeflateParameters { client: DeflateContext { window_bits: 9, takeover: true }, ..both(15, true) };
    for (name, agreed, most) in [
        ("no takeover", no_takeover, 1_024),
        ("a client's window of 9 bits is kept", small, 1_024),
        ("a client's window of 15 bits is kept", both(15, true), 1_024 + (32 << 10)),
    ] {
        let released = used(agreed, None, true);
        println!("{name}, used and given back: {} bytes", size + released.live);
        assert!(size + released.live <= most, "{name}: {released:?}");
    }
    let mut pool = DeflatePool::new();
    used(no_takeover, Some(&mut pool), false);
    let pooled = used(no_takeover, Some(&mut pool), false);
    println!("no takeover, with a pool: {} bytes", size + pooled.live);
    assert!(size + pooled.live <= 1_024, "{pooled:?}");
    let kept = used(both(15, true), None, false);
    println!("both windows kept: {} bytes", size + kept.live);
    assert!(kept.live <= (230 << 10) + (128 << 10), "{kept:?}");
}

/// As the example has it, with fewer: 128 bytes and no heap without compression, and at most 1 KiB with it.
#[test]
fn many_idle_sessions() {
    for (at, (name, bytes)) in idle::report(10_000).into_iter().enumerate() {
        println!("{bytes} bytes a session: {name}");
        assert!(bytes <= if at < idle::PLAIN { 128 } else { 1_024 }, "{name}: {bytes}");
    }
}

/// After the last event nothing is kept.
#[test]
fn an_ended_session_gives_back_what_it_inflated_with() {
    let mut frame = [
        compressed(RawFrame::text(deflated(b"Hello"))).mask(MASK).encode(),
        RawFrame::close(1000, "").mask(MASK).encode(),
    ]
    .concat();
    let (session, allocations) = measure(|| {
        let mut session = server(both(15, true), &Limits::default(), &Compression::default());
        let mut input = &mut frame[..];
        while session.receive(&mut input).is_some() {}
        let len = session.output().remaining();
        session.output().advance(len);
        session
    });
    assert!(allocations.live <= 128, "{allocations:?}");
    drop(session);
}
