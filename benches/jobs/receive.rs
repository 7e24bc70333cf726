//! Receiving messages on a server: masked frames, in reads of at most 64 KiB, to whole messages, texts validated.

use crate::{
    Group, Lane,
    io::{Loopback, READ, poll, ready},
    size,
};
use bytes::{BufMut, BytesMut};
use futures_core::Stream;
use std::{hint::black_box, pin::Pin};
use switchover::{
    Event, EventRef, Limits, Session,
    frame::{self, FrameHeader, Mask, OpCode, Rsv, Utf8},
};
use tokio_util::codec::Decoder;

/// Three kinds of payload in five sizes.
pub fn groups() -> impl Iterator<Item = Group> {
    [Kind::Binary, Kind::Ascii, Kind::MultiByte]
        .into_iter()
        .flat_map(|kind| [16, 125, 1 << 10, 16 << 10, 1 << 20].into_iter().map(move |len| group(kind, len)))
}

#[derive(Clone, Copy)]
enum Kind {
    Binary,
    Ascii,
    MultiByte,
}

impl Kind {
    fn payload(self, len: usize) -> Vec<u8> {
        let pattern = match self {
            Self::Binary => "\u{1}binary\u{0}",
            Self::Ascii => "The quick brown fox jumps over the lazy dog. ",
            Self::MultiByte => "Příliš žluťoučký kůň 正體字 😀 ",
        };
        let mut text = pattern.repeat(len / pattern.len() + 1);
        text.truncate(text.floor_char_boundary(len));
        text.extend(std::iter::repeat_n('.', len - text.len()));
        text.into_bytes()
    }

    fn opcode(self) -> OpCode {
        match self {
            Self::Binary => OpCode::Binary,
            Self::Ascii | Self::MultiByte => OpCode::Text,
        }
    }
}

fn group(kind: Kind, len: usize) -> Group {
    let times = ((256 << 10) / len).clamp(2, 4000) as u64;
    let stream = stream(kind, len, times);
    let word = match kind {
        Kind::Binary => "binary",
        Kind::Ascii => "ASCII",
        Kind::MultiByte => "multi-byte",
    };
    let lane = |library, mut run: Run| Lane::new(library, move || run(times));
    let lanes = vec![
        lane("switchover, in place", in_place(stream.clone())),
        lane("switchover, owned", owned(stream.clone())),
        lane("switchover-frame", switchover_frame(stream.clone())),
        lane("tungstenite", tungstenite(stream.clone())),
        lane("fastwebsockets", fastwebsockets(stream.clone())),
        lane("tokio-websockets", tokio_websockets(stream.clone())),
        lane("actix-http", actix_http(stream.clone())),
        lane("websocket-sans-io", websocket_sans_io(stream)),
    ];
    Group::new(format!("receive {word}, {}", size(len)), times, lanes)
}

/// `times` messages of `len` bytes, each in one frame with a mask of its own.
fn stream(kind: Kind, len: usize, times: u64) -> Vec<u8> {
    let payload = kind.payload(len);
    let mut stream = Vec::new();
    let mut key = 0_u32;
    for _ in 0..times {
        key = key.wrapping_add(0x9E37_79B9);
        let mask = Mask::new(key.to_be_bytes());
        let header =
            FrameHeader { fin: true, rsv: Rsv::NONE, opcode: kind.opcode(), mask: Some(mask), payload_len: len as u64 };
        stream.extend_from_slice(&header.encode());
        let start = stream.len();
        stream.extend_from_slice(&payload);
        mask.apply(0, &mut stream[start..]);
    }
    stream
}

/// What our adapters read at once, and is unmasked while it is in the nearest cache.
const ROOM: usize = 16 << 10;

/// Runs a library until it has given so many messages; returns the bytes of their payloads.
type Run = Box<dyn FnMut(u64) -> u64>;

fn in_place(stream: Vec<u8>) -> Run {
    let mut io = Loopback::reading(stream);
    let mut session = Session::server(&Limits::default());
    let mut buffer = vec![0; ROOM];
    Box::new(move |times| {
        let (mut messages, mut bytes) = (0, 0);
        while messages < times {
            let len = io.read_slice(&mut buffer);
            let mut input = &mut buffer[..len];
            while let Some((event, _)) = session.receive(&mut input) {
                bytes += match black_box(event) {
                    EventRef::Text(text) => text.len(),
                    EventRef::Binary(payload) => payload.len(),
                    other => unreachable!("{other:?}"),
                };
                messages += 1;
            }
        }
        bytes as u64
    })
}

fn owned(stream: Vec<u8>) -> Run {
    let mut io = Loopback::reading(stream);
    let mut session = Session::server(&Limits::default());
    let mut buffer = BytesMut::new();
    Box::new(move |times| {
        let (mut messages, mut bytes) = (0, 0);
        while messages < times {
            buffer.reserve(ROOM);
            buffer.put_slice(io.next_read(ROOM));
            while let Some(event) = session.poll_event(&mut buffer) {
                bytes += match black_box(event) {
                    Event::Text(text) => text.len(),
                    Event::Binary(payload) => payload.len(),
                    other => unreachable!("{other:?}"),
                };
                messages += 1;
            }
        }
        bytes as u64
    })
}

/// The codec alone: its user joins the pieces of a frame where it has several.
fn switchover_frame(stream: Vec<u8>) -> Run {
    let mut io = Loopback::reading(stream);
    let mut decoder = frame::Decoder::new(frame::Role::Server, frame::DecoderConfig::default());
    let mut buffer = vec![0; ROOM];
    let (mut binary, mut text, mut utf8) = (Vec::new(), String::new(), Utf8::new());
    Box::new(move |times| {
        let (mut messages, mut bytes) = (0, 0);
        while messages < times {
            let len = io.read_slice(&mut buffer);
            let mut input = &mut buffer[..len];
            while let Ok(frame::Step::Done { piece, consumed }) = decoder.decode(input) {
                let (taken, rest) = input.split_at_mut(consumed);
                let payload = &taken[piece.payload];
                match piece.header.opcode {
                    OpCode::Text => {
                        let Ok((character, complete)) = utf8.decode(payload) else { unreachable!("they are valid") };
                        if piece.first && piece.last {
                            bytes += black_box(complete).len();
                        } else {
                            text.extend(character);
                            text.push_str(complete);
                            if piece.last {
                                bytes += black_box(&text).len();
                                text.clear();
                            }
                        }
                        if piece.last {
                            black_box(utf8.finish()).ok();
                            utf8 = Utf8::new();
                        }
                    }
                    _ if piece.first && piece.last => bytes += black_box(payload).len(),
                    _ => {
                        binary.extend_from_slice(payload);
                        if piece.last {
                            bytes += black_box(&binary).len();
                            binary.clear();
                        }
                    }
                }
                messages += u64::from(piece.last);
                input = rest;
            }
        }
        bytes as u64
    })
}

fn tungstenite(stream: Vec<u8>) -> Run {
    use tungstenite::{Message, WebSocket, protocol::Role, protocol::WebSocketConfig};
    let config = WebSocketConfig::default().read_buffer_size(READ);
    let mut socket = WebSocket::from_raw_socket(Loopback::reading(stream), Role::Server, Some(config));
    Box::new(move |times| {
        let mut bytes = 0;
        for _ in 0..times {
            bytes += match black_box(socket.read()) {
                Ok(Message::Text(text)) => text.len(),
                Ok(Message::Binary(payload)) => payload.len(),
                other => unreachable!("{other:?}"),
            };
        }
        bytes as u64
    })
}

fn fastwebsockets(stream: Vec<u8>) -> Run {
    use fastwebsockets::{FragmentCollector, Role, WebSocket};
    let mut socket = FragmentCollector::new(WebSocket::after_handshake(Loopback::reading(stream), Role::Server));
    Box::new(move |times| {
        let mut bytes = 0;
        for _ in 0..times {
            let Ok(frame) = black_box(ready(socket.read_frame())) else { unreachable!("they are valid") };
            bytes += frame.payload.len();
        }
        bytes as u64
    })
}

fn tokio_websockets(stream: Vec<u8>) -> Run {
    use tokio_websockets::{Limits, ServerBuilder};
    let mut socket = ServerBuilder::new().limits(Limits::unlimited()).serve(Loopback::reading(stream));
    Box::new(move |times| {
        let mut bytes = 0;
        for _ in 0..times {
            let Some(Ok(message)) = black_box(poll(|context| Pin::new(&mut socket).poll_next(context))) else {
                unreachable!("they are valid")
            };
            bytes += message.as_payload().len();
        }
        bytes as u64
    })
}

/// It validates no texts: its user does, if anybody.
fn actix_http(stream: Vec<u8>) -> Run {
    use actix_http::ws::{Codec, Frame};
    let mut io = Loopback::reading(stream);
    let mut codec = Codec::new().max_size(2 << 20);
    let mut buffer = BytesMut::new();
    Box::new(move |times| {
        let (mut messages, mut bytes) = (0, 0);
        while messages < times {
            buffer.reserve(READ);
            io.read_buf(&mut buffer);
            while let Ok(Some(frame)) = codec.decode(&mut buffer) {
                bytes += match black_box(frame) {
                    Frame::Text(payload) => black_box(std::str::from_utf8(&payload)).map_or(0, str::len),
                    Frame::Binary(payload) => payload.len(),
                    other => unreachable!("{other:?}"),
                };
                messages += 1;
            }
        }
        bytes as u64
    })
}

/// It gives the pieces of a frame as they arrive: its user joins them where a frame has several, and validates texts.
fn websocket_sans_io(stream: Vec<u8>) -> Run {
    use websocket_sans_io::{Opcode, WebsocketFrameDecoder, WebsocketFrameEvent};
    let mut io = Loopback::reading(stream);
    let mut decoder = WebsocketFrameDecoder::new();
    let mut buffer = vec![0; READ];
    let mut message = Vec::new();
    let mut frame_len = 0;
    let read = |opcode, payload: &[u8]| match opcode {
        Opcode::Text => black_box(std::str::from_utf8(payload)).map_or(0, str::len),
        _ => black_box(payload).len(),
    };
    Box::new(move |times| {
        let (mut messages, mut bytes) = (0, 0);
        while messages < times {
            let len = io.read_slice(&mut buffer);
            let mut input = &mut buffer[..len];
            loop {
                let Ok(step) = decoder.add_data(input);
                let (piece, rest) = input.split_at_mut(step.consumed_bytes);
                match step.event {
                    Some(WebsocketFrameEvent::Start { frame_info, .. }) => frame_len = frame_info.payload_length,
                    Some(WebsocketFrameEvent::PayloadChunk { original_opcode }) => {
                        if piece.len() as u64 == frame_len {
                            bytes += read(original_opcode, piece);
                        } else {
                            message.extend_from_slice(piece);
                        }
                    }
                    Some(WebsocketFrameEvent::End { original_opcode, .. }) => {
                        if !message.is_empty() {
                            bytes += read(original_opcode, &message);
                            message.clear();
                        }
                        messages += 1;
                    }
                    None if piece.is_empty() => break,
                    None => {}
                }
                input = rest;
            }
        }
        bytes as u64
    })
}
