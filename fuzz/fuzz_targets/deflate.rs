//! permessage-deflate: any bytes as the payload of a compressed message, under every cut and every way of feeding, within the
//! limits and as the test kit inflates them; and what one session compresses the other inflates, whatever happens between.
#![no_main]

use bytes::Buf;
use libfuzzer_sys::fuzz_target;
use switchover::{
    Client, Closed, Event, Limits, Message, Replies, Server, Session, Side,
    deflate::{Compression, DeflatePool, TAIL},
    frame::ProtocolErrorKind,
    handshake::{DeflateContext, DeflateParameters},
};
use switchover_fuzz::{Script, splits};
use switchover_testkit::{
    alloc::measure,
    frames::RawFrame,
    inflate::{End, Inflated, inflate},
    session::{Feeding, Held},
};

/// The most bytes of a message, but for bombs.
const MOST: usize = 1 << 12;

fuzz_target!(|input: &[u8]| {
    let mut script = Script::new(input);
    if script.byte() & 1 == 0 { any_payload(script) } else { round_trip(script) }
});

/// What a session makes of a compressed message: its last event.
fn any_payload(mut script: Script<'_>) {
    let choices = script.byte();
    let is_text = choices & 1 == 0;
    let limits = Limits { message: 32 << (choices >> 1 & 15), ..Limits::default() };
    let ratio = if choices & 0x20 == 0 { u32::MAX } else { script.byte().into() };
    let compression = Compression { ratio, ..Compression::default() };
    let cuts = [script.number(), script.number()];
    let payload = script.rest();
    let payload = &payload[..payload.len().min(MOST)];

    let (first, second) = payload.split_at(usize::from(cuts[0]) % (payload.len() + 1));
    let frame = if is_text { RawFrame::text(first) } else { RawFrame::binary(first) };
    let stream = [
        frame.rsv(0x40).fin(false).mask([1, 2, 3, 4]).encode(),
        RawFrame::ping("?").mask([1, 2, 3, 4]).encode(),
        RawFrame::continuation(second).mask([5, 6, 7, 8]).encode(),
    ]
    .concat();
    let read = |pieces: &[&[u8]], feeding: Feeding| {
        let mut held = Held::default();
        let (event, allocations) = measure(|| {
            let context = DeflateContext { window_bits: 15, takeover: true };
            let agreed = DeflateParameters { server: context, client: context };
            let mut session = Session::server(&limits).with_deflate(Some(agreed), &compression);
            let mut last = None;
            for piece in pieces {
                last = feeding.feed(&mut session, &mut held, piece, |_, _| {}).pop().or(last);
            }
            last.filter(|event| !matches!(event, Event::Ping(_)))
        });
        // A message that is whole is moved together, and copied here.
        let most = 4 * limits.message + (64 << 10);
        assert!(allocations.peak <= most as u64, "{allocations:?}");
        event
    };
    let [whole, bytewise, cut] = splits(&stream, cuts);
    let event = read(&whole, Feeding::Owned);
    for pieces in [&whole, &bytewise, &cut] {
        for feeding in Feeding::ALL {
            assert_eq!(read(pieces, feeding), event, "{feeding:?}");
        }
    }
    check(event, payload, is_text, limits.message);
}

/// Compares with the naive inflater, which is as slow as it is simple.
fn check(event: Option<Event>, payload: &[u8], is_text: bool, limit: usize) {
    if payload.len() > 300 {
        return;
    }
    let Inflated { bytes, end, .. } = inflate(payload, b"");
    let with_tail = inflate(&[payload, &TAIL].concat(), b"");
    let ends_well = end == End::Block { last: true }
        || matches!(with_tail.end, End::Block { .. }) && with_tail.bytes.len() == bytes.len();
    let good = !payload.is_empty() && ends_well && payload.len() <= limit && bytes.len() <= limit;
    match event {
        Some(Event::Text(text)) => assert!(good && is_text && text.as_bytes() == &bytes[..]),
        Some(Event::Binary(payload)) => assert!(good && !is_text && payload == bytes),
        Some(Event::Closed(Closed::Violation(error))) => match error.kind() {
            ProtocolErrorKind::InvalidDeflate => assert!(!good && bytes.len() <= limit),
            ProtocolErrorKind::InflatedTooLong(most) => assert!(most == limit as u64 && bytes.len() > limit),
            ProtocolErrorKind::InflatedTooMuch(_) => assert!(bytes.len() > 64 << 10),
            ProtocolErrorKind::InvalidUtf8 => assert!(is_text && std::str::from_utf8(&bytes).is_err()),
            ProtocolErrorKind::PayloadTooLong(_) | ProtocolErrorKind::MessageTooLong(_) => {
                assert!(payload.len() > limit);
            }
            kind => unreachable!("{kind}"),
        },
        event => unreachable!("{event:?}"),
    }
}

/// Messages of both ends, with settings and at moments that the input chooses.
fn round_trip(mut script: Script<'_>) {
    let mut context = || {
        let choices = script.byte();
        DeflateContext { window_bits: 8 + (choices & 7), takeover: choices & 8 == 0 }
    };
    let agreed = DeflateParameters { server: context(), client: context() };
    let mut compression = || {
        let choices = script.number();
        Compression {
            level: (choices & 15).min(9).to_le_bytes()[0],
            memory: (choices >> 4 & 15).min(9).to_le_bytes()[0],
            window_bits: 8 + (choices >> 8 & 7).to_le_bytes()[0],
            threshold: if choices >> 11 & 1 == 0 { 0 } else { 64 },
            ratio: u32::MAX,
        }
    };
    let (ours, theirs) = (compression(), compression());
    let limits = Limits { queued: 2_000, ..Limits::default() };
    let mut server = Session::server(&limits).with_deflate(Some(agreed), &ours);
    let mut key = 0_u32;
    let masks = move || {
        key = key.wrapping_add(0x9E37_79B9);
        key.to_be_bytes()
    };
    let mut client = Session::new(Client(masks), &limits, Replies::default()).with_deflate(Some(agreed), &theirs);
    let mut pool = DeflatePool::new();
    let choices = script.byte();
    let (mut to_client, mut to_server) = (Way::new(choices & 1 == 0), Way::new(choices & 2 == 0));
    if choices & 4 == 0 {
        (server, client) = (server.with_fragments(700), client.with_fragments(700));
    }
    while !script.is_over() {
        let op = script.byte();
        if op & 1 == 0 {
            to_client.step(op >> 1, &mut script, &mut server, &mut client, &mut pool);
        } else {
            to_server.step(op >> 1, &mut script, &mut client, &mut server, &mut pool);
        }
    }
    to_client.finish(&mut server, &mut client);
    to_server.finish(&mut client, &mut server);
}

/// One direction: what was sent and has not arrived.
#[derive(Default)]
struct Way {
    sent: std::collections::VecDeque<Event>,
    /// The message that is being sent in fragments.
    open: Option<Vec<u8>>,
    held: Held,
    /// Messages are received in parts, always: inside of one the way of feeding may not change to that.
    in_parts: bool,
}

impl Way {
    fn new(in_parts: bool) -> Self {
        Self { in_parts, ..Self::default() }
    }

    fn step<S: Side, R: Side>(
        &mut self,
        op: u8,
        script: &mut Script<'_>,
        from: &mut Session<S>,
        to: &mut Session<R>,
        pool: &mut DeflatePool,
    ) {
        let mut payload = |most: usize| {
            let len = usize::from(script.number()) % most;
            let pattern = script.bytes(1 + len % 40);
            pattern.iter().copied().cycle().take(if pattern.is_empty() { 0 } else { len }).collect::<Vec<u8>>()
        };
        match op & 7 {
            0 | 1 => {
                let message = payload(5_000);
                let mut from = from.lend_pool(pool);
                let compress = op & 8 == 0;
                let sent = match compress {
                    true => from.send(message.clone()),
                    false => from.sender().send_uncompressed(message.clone()),
                };
                match sent {
                    Ok(()) => self.sent.push_back(Event::Binary(message.into())),
                    Err(error) => assert_eq!(error.into_message(), Message::from(message)),
                }
            }
            2 | 3 => {
                let fragment = payload(500);
                let last = op & 8 == 0;
                let mut from = from.lend_pool(pool);
                let sent = match op & 16 {
                    0 => from.sender().fragment(fragment.clone(), last),
                    _ => from.sender().fragment_uncompressed(fragment.clone(), last),
                };
                if sent.is_ok() {
                    self.open.get_or_insert_default().extend(fragment);
                    if last {
                        self.sent.push_back(Event::Binary(self.open.take().unwrap_or_default().into()));
                    }
                }
            }
            4 => from.release_memory(),
            5 => to.release_memory(),
            6 => self.deliver(from, &mut to.lend_pool(pool), 1 + usize::from(op >> 3), op & 8 == 0),
            _ => self.deliver(from, to, usize::MAX, op & 8 == 0),
        }
    }

    /// Moves all that was written, in pieces of this size.
    fn deliver<S: Side, R: Side>(&mut self, from: &mut Session<S>, to: &mut Session<R>, size: usize, owned: bool) {
        let feeding = match owned {
            true if self.in_parts => Feeding::OwnedParts,
            false if self.in_parts => Feeding::Parts,
            true => Feeding::Owned,
            false => Feeding::InPlace,
        };
        while from.output().has_remaining() {
            let len = from.output().remaining();
            let bytes = from.output().copy_to_bytes(len);
            for piece in bytes.chunks(size) {
                for event in feeding.feed(to, &mut self.held, piece, |_, _| {}) {
                    assert_eq!(Some(event), self.sent.pop_front());
                }
            }
        }
    }

    fn finish<S: Side, R: Side>(&mut self, from: &mut Session<S>, to: &mut Session<R>) {
        self.deliver(from, to, 97, true);
        assert!(self.sent.is_empty());
    }
}

/// A server's session is what the documentation says it is.
const _: () = assert!(size_of::<Session<Server>>() <= 128);
