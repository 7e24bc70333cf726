//! Sending binary messages into a transport that copies what it takes: flushed one by one, or many at once; and one message to
//! many.

use crate::{
    Group, Lane,
    io::{Loopback, poll, ready},
    size,
};
use bytes::{Buf, Bytes, BytesMut};
use futures_sink::Sink;
use std::{hint::black_box, io::IoSlice, pin::Pin};
use switchover::{
    Client, Limits, Message, Output, Prepared, Replies, Server, Session, Side,
    deflate::{Compression, DeflatePool},
    frame::{FrameHeader, Mask, OpCode, Rsv},
    handshake::{DeflateContext, DeflateParameters},
};
use tokio_util::codec::Encoder;

/// Both ends, in several sizes; and small messages in batches.
pub fn groups() -> impl Iterator<Item = Group> {
    let jobs = [
        (End::Server, 16, 1),
        (End::Server, 16, 64),
        (End::Server, 1 << 10, 1),
        (End::Server, 16 << 10, 1),
        (End::Server, 1 << 20, 1),
        (End::Client, 125, 1),
        (End::Client, 16 << 10, 1),
        (End::Client, 1 << 20, 1),
    ];
    jobs.into_iter()
        .map(|(end, len, batch)| group(end, len, batch))
        .chain([125, 1 << 10, 2 << 10, 16 << 10].into_iter().map(|len| to_many(len, false)))
        .chain([to_many(1 << 10, true)])
}

/// One message to 100 sessions, which may have agreed on compression: encoded for each, or once.
fn to_many(len: usize, compresses: bool) -> Group {
    let lane = |name, prepares| Lane::new(name, broadcast(len, compresses, prepares));
    let name = if compresses { ", compressed" } else { "" };
    let lanes = vec![lane("each encoded", false), lane("switchover, prepared", true)];
    Group::new(format!("send, 100 servers, {}{name}", size(len)), 100, lanes)
}

fn broadcast(len: usize, compresses: bool, prepares: bool) -> Run {
    let words = (0_u32..).map(|at| at.wrapping_mul(0x9E37_79B9) >> 24).flat_map(|word| format!("{word} ").into_bytes());
    let payload: Bytes = words.take(len).collect::<Vec<u8>>().into();
    let context = DeflateContext { window_bits: 15, takeover: false };
    let agreed = compresses.then_some(DeflateParameters { server: context, client: context });
    let compression = Compression::default();
    let session = || Session::server(&Limits::default()).with_deflate(agreed, &compression);
    let mut sessions: Vec<_> = (0..100).map(|_| session()).collect();
    let (mut io, mut buffer, mut pool, mut before) = (Loopback::writing(), Vec::new(), DeflatePool::new(), 0);
    Box::new(move || {
        let message = Message::Binary(black_box(&payload).clone());
        let prepared = match (prepares, compresses) {
            (false, _) => None,
            (true, false) => Some(Prepared::new(message.clone())),
            (true, true) => Some(Prepared::compressed(message.clone(), &compression)),
        };
        for session in &mut sessions {
            let mut session = session.lend(&mut buffer);
            let mut session = session.lend_pool(&mut pool);
            let sent = match &prepared {
                Some(prepared) => session.sender().send_prepared(prepared).is_ok(),
                None => session.send(message.clone()).is_ok(),
            };
            assert!(sent);
            drain(session.output(), &mut io);
        }
        let written = io.written() - before;
        before = io.written();
        written
    })
}

#[derive(Clone, Copy, PartialEq)]
enum End {
    Server,
    Client,
}

/// `batch` messages are sent between two flushes.
fn group(end: End, len: usize, batch: u64) -> Group {
    let flushes = ((1 << 20) / (len as u64 * batch)).clamp(2, 500);
    let payload: Bytes = (0..=255).cycle().take(len).collect::<Vec<u8>>().into();
    let job = Job { end, payload, flushes, batch };
    let mut lanes = vec![
        Lane::new("switchover, copied", switchover(&job, Way::Copied)),
        Lane::new("switchover, shared", switchover(&job, Way::Shared)),
        Lane::new("switchover-frame", switchover_frame(&job)),
        Lane::new("tungstenite", tungstenite(&job)),
        Lane::new("tokio-websockets", tokio_websockets(&job)),
        Lane::new("actix-http", actix_http(&job)),
        Lane::new("websocket-sans-io", websocket_sans_io(&job)),
    ];
    if batch == 1 {
        // It writes every frame at once.
        lanes.push(Lane::new("fastwebsockets", fastwebsockets(&job)));
    }
    let end = if end == End::Server { "server" } else { "client" };
    let batches = if batch > 1 { format!(", {batch} at once") } else { String::new() };
    Group::new(format!("send, {end}, {}{batches}", size(len)), flushes * batch, lanes)
}

struct Job {
    end: End,
    payload: Bytes,
    flushes: u64,
    batch: u64,
}

type Run = Box<dyn FnMut() -> u64>;

/// Runs a library over a transport; returns the bytes that were written.
fn run(job: &Job, mut send: impl FnMut(&Bytes, u64) -> u64 + 'static) -> Run {
    // `send` gives the bytes written since the beginning.
    let (payload, flushes, batch) = (job.payload.clone(), job.flushes, job.batch);
    let mut before = 0;
    Box::new(move || {
        let mut written = before;
        for _ in 0..flushes {
            written = send(black_box(&payload), batch);
        }
        let bytes = written - before;
        before = written;
        bytes
    })
}

/// The masks of all lanes come from a generator of this kind, which is strong.
fn mask() -> [u8; 4] {
    rand::random()
}

/// The two ways to send a payload.
#[derive(Clone, Copy)]
enum Way {
    Copied,
    Shared,
}

fn switchover(job: &Job, way: Way) -> Run {
    match job.end {
        End::Server => session(job, Server, way),
        End::Client => session(job, Client(mask), way),
    }
}

fn session<S: Side + 'static>(job: &Job, side: S, way: Way) -> Run {
    let mut io = Loopback::writing();
    let mut session = Session::new(side, &Limits::default(), Replies::default());
    let mut buffer = Vec::new();
    run(job, move |payload, batch| {
        let mut session = session.lend(&mut buffer);
        for _ in 0..batch {
            let sent = match way {
                Way::Copied => session.sender().binary(payload).is_ok(),
                Way::Shared => session.send(Message::Binary(payload.clone())).is_ok(),
            };
            assert!(sent);
        }
        drain(session.output(), &mut io);
        io.written()
    })
}

/// Writes all output.
fn drain(output: &mut Output, io: &mut Loopback) {
    while output.has_remaining() {
        let mut slices = [IoSlice::new(&[]); 8];
        let filled = output.chunks_vectored(&mut slices);
        let written = io.write_slices(&slices[..filled]);
        output.advance(written);
    }
}

/// The codec alone, without a queue: what the callers of a codec join.
fn switchover_frame(job: &Job) -> Run {
    let is_client = job.end == End::Client;
    let mut io = Loopback::writing();
    let mut buffer = Vec::new();
    run(job, move |payload, batch| {
        let by_reference = batch == 1 && !is_client;
        for _ in 0..batch {
            let header = FrameHeader {
                fin: true,
                rsv: Rsv::NONE,
                opcode: OpCode::Binary,
                mask: is_client.then(|| Mask::new(mask())),
                payload_len: payload.len() as u64,
            };
            let encoded = header.encode();
            if by_reference {
                io.write_slices(&[IoSlice::new(&encoded), IoSlice::new(payload)]);
            } else {
                buffer.extend_from_slice(&encoded);
                let start = buffer.len();
                buffer.extend_from_slice(payload);
                if let Some(mask) = header.mask {
                    mask.apply(0, &mut buffer[start..]);
                }
            }
        }
        if !by_reference {
            io.write_slice(&buffer);
            buffer.clear();
        }
        io.written()
    })
}

fn tungstenite(job: &Job) -> Run {
    use tungstenite::{Message, WebSocket, protocol::Role};
    let role = if job.end == End::Server { Role::Server } else { Role::Client };
    let mut socket = WebSocket::from_raw_socket(Loopback::writing(), role, None);
    run(job, move |payload, batch| {
        for _ in 0..batch {
            assert!(socket.write(Message::Binary(payload.clone())).is_ok());
        }
        assert!(socket.flush().is_ok());
        socket.get_ref().written()
    })
}

fn fastwebsockets(job: &Job) -> Run {
    use fastwebsockets::{Frame, Payload, Role, WebSocket};
    let role = if job.end == End::Server { Role::Server } else { Role::Client };
    // The frame borrows the payload for as long as the socket lives.
    let mut bytes = 0;
    let mut socket = WebSocket::after_handshake(Loopback::writing(), role);
    let payload: &'static [u8] = job.payload.to_vec().leak();
    let header_len = if job.end == End::Server { 2 } else { 6 } + extended_len(payload.len());
    run(job, move |_, batch| {
        for _ in 0..batch {
            let frame = Frame::binary(Payload::Borrowed(black_box(payload)));
            assert!(ready(socket.write_frame(frame)).is_ok());
            assert!(ready(socket.flush()).is_ok());
            bytes += (payload.len() + header_len) as u64;
        }
        bytes
    })
}

fn tokio_websockets(job: &Job) -> Run {
    use tokio_websockets::{ClientBuilder, Config, Message, ServerBuilder};
    // By default it would cut a message into frames of 4 MiB and write from 8 KiB on.
    let mut socket = match job.end {
        End::Server => ServerBuilder::new().config(Config::default()).serve(Loopback::writing()),
        End::Client => ClientBuilder::new().config(Config::default()).take_over(Loopback::writing()),
    };
    run(job, move |payload, batch| {
        for _ in 0..batch {
            assert!(poll(|context| Pin::new(&mut socket).poll_ready(context)).is_ok());
            assert!(Pin::new(&mut socket).start_send(Message::binary(payload.clone())).is_ok());
        }
        assert!(poll(|context| Pin::new(&mut socket).poll_flush(context)).is_ok());
        socket.get_ref().written()
    })
}

fn actix_http(job: &Job) -> Run {
    use actix_http::ws::{Codec, Message};
    let mut io = Loopback::writing();
    let mut codec = if job.end == End::Server { Codec::new() } else { Codec::new().client_mode() };
    let mut buffer = BytesMut::new();
    run(job, move |payload, batch| {
        for _ in 0..batch {
            assert!(codec.encode(Message::Binary(payload.clone()), &mut buffer).is_ok());
        }
        let written = io.write_slice(&buffer);
        buffer.advance(written);
        assert!(buffer.is_empty());
        io.written()
    })
}

/// It writes headers and masks in place: its user joins them.
fn websocket_sans_io(job: &Job) -> Run {
    use websocket_sans_io::{FrameInfo, Opcode, WebsocketFrameEncoder};
    let is_client = job.end == End::Client;
    let mut io = Loopback::writing();
    let mut encoder = WebsocketFrameEncoder::new();
    let mut buffer = Vec::new();
    run(job, move |payload, batch| {
        let by_reference = batch == 1 && !is_client;
        for _ in 0..batch {
            let header = encoder.start_frame(&FrameInfo {
                opcode: Opcode::Binary,
                payload_length: payload.len() as u64,
                mask: is_client.then(mask),
                fin: true,
                reserved: 0,
            });
            if by_reference {
                io.write_slices(&[IoSlice::new(&header), IoSlice::new(payload)]);
            } else {
                buffer.extend_from_slice(&header);
                let start = buffer.len();
                buffer.extend_from_slice(payload);
                encoder.transform_frame_payload(&mut buffer[start..]);
            }
        }
        if !by_reference {
            io.write_slice(&buffer);
            buffer.clear();
        }
        io.written()
    })
}

/// Bytes of the extended payload length.
fn extended_len(payload_len: usize) -> usize {
    match payload_len {
        0..=125 => 0,
        126..=0xFFFF => 2,
        _ => 8,
    }
}
