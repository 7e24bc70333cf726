//! An echo server as a microcontroller would have it: no heap, one fixed receive buffer that every read reuses, frames
//! of any length streamed through it. The opening handshake is done already.
//!
//! `cargo run -p switchover-frame --example no_alloc_loop` runs it against a scripted line.

use switchover_frame::{
    CloseCode, CloseFrame, ControlPayload, Decoder, DecoderConfig, FrameHeader, Mask, OpCode, ProtocolError, Role, Rsv,
    Step, Utf8, encode,
};

/// The serial line, or whatever carries the bytes.
trait Uart {
    /// Waits for bytes and puts them at the front of `buffer`; 0 means the line is down.
    fn read(&mut self, buffer: &mut [u8]) -> usize;
    /// Sends all of `bytes`.
    fn write(&mut self, bytes: &[u8]);
}

/// Serves one connection to its end and returns the code it ended with.
fn serve(line: &mut impl Uart, buffer: &mut [u8]) -> CloseCode {
    echo(line, buffer).unwrap_or_else(|error| {
        let code = error.close_code();
        send(line, true, OpCode::Close, &code.as_u16().to_be_bytes());
        code
    })
}

/// Echoes until the peer closes or the line is down; an error is to be answered with its code.
fn echo(line: &mut impl Uart, buffer: &mut [u8]) -> Result<CloseCode, ProtocolError> {
    let mut decoder = Decoder::new(Role::Server, DecoderConfig::default());
    let mut control = ControlPayload::new(); // of the control frame that has begun
    let mut text: Option<Utf8> = None; // of the message that has begun, where it is a text
    loop {
        let len = line.read(buffer);
        if len == 0 {
            return Ok(CloseCode::ABNORMAL);
        }
        let mut input = &mut buffer[..len];
        // Once there is no further piece all of the input was taken, and the buffer is free again.
        while let Step::Done { piece, consumed } = decoder.decode(input)? {
            let payload = &input[piece.payload];
            let opcode = piece.header.opcode;
            if opcode.is_control() {
                control.push(payload).expect("the decoder lets no more than 125 bytes pass");
                match opcode {
                    OpCode::Ping if piece.last => send(line, true, OpCode::Pong, &control),
                    OpCode::Close if piece.last => {
                        let frame = CloseFrame::parse(&control)?;
                        send(line, true, OpCode::Close, &control);
                        return Ok(frame.map_or(CloseCode::NO_STATUS, |frame| frame.code));
                    }
                    _ => {}
                }
                if piece.last {
                    control.clear();
                }
            } else {
                let end = piece.last && piece.header.fin;
                if piece.first && opcode != OpCode::Continuation {
                    text = (opcode == OpCode::Text).then(Utf8::new);
                }
                if let Some(text) = &mut text {
                    text.push(payload)?;
                    if end {
                        text.finish()?;
                    }
                }
                // Each piece is a fragment of its own, so that a Close can follow any of them.
                let opcode = if piece.first { opcode } else { OpCode::Continuation };
                send(line, end, opcode, payload);
            }
            input = &mut input[consumed..];
        }
    }
}

fn send(line: &mut impl Uart, fin: bool, opcode: OpCode, payload: &[u8]) {
    let payload_len = payload.len() as u64;
    line.write(&FrameHeader { fin, rsv: Rsv::NONE, opcode, mask: None, payload_len }.encode());
    line.write(payload);
}

/// A line that plays what the peer sends, and records what it gets.
struct Script<'a> {
    /// What each read gives, as far as it fits in the buffer.
    reads: &'a [u8],
    /// All that was written.
    written: Vec<u8>,
}

impl Uart for Script<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> usize {
        let (now, later) = self.reads.split_at(buffer.len().min(self.reads.len()));
        buffer[..now.len()].copy_from_slice(now);
        self.reads = later;
        now.len()
    }

    fn write(&mut self, bytes: &[u8]) {
        self.written.extend_from_slice(bytes);
    }
}

/// Serves what the peer `sends` with a receive buffer of each size, and checks what it gets back.
fn check(sends: &[Vec<u8>], gets: &[(OpCode, &[u8])], code: CloseCode) {
    for buffer_len in 1..=64 {
        let mut line = Script { reads: &sends.concat(), written: Vec::new() };
        assert_eq!(serve(&mut line, &mut vec![0; buffer_len]), code);
        let gets: Vec<_> = gets.iter().map(|(opcode, bytes)| (*opcode, bytes.to_vec())).collect();
        assert_eq!(messages(&mut line.written), gets, "buffer of {buffer_len} bytes");
    }
}

/// A frame as a client sends it.
fn masked(fin: bool, opcode: OpCode, payload: &[u8]) -> Vec<u8> {
    let mask = Some(Mask::new(*b"mask"));
    let header = FrameHeader { fin, rsv: Rsv::NONE, opcode, mask, payload_len: payload.len() as u64 };
    let mut frame = vec![0; header.encoded_len() + payload.len()];
    encode::frame(&header, payload, &mut frame).expect("it has the length of the frame");
    frame
}

/// The messages and control frames in the bytes that a server sent, in the order of their ends.
fn messages(sent: &mut [u8]) -> Vec<(OpCode, Vec<u8>)> {
    let mut decoder = Decoder::new(Role::Client, DecoderConfig::default());
    let (mut messages, mut message, mut rest) = (Vec::new(), None, sent);
    while let Step::Done { piece, consumed } = decoder.decode(rest).expect("the server obeys") {
        let payload = rest[piece.payload].to_vec();
        assert!(piece.last, "the server sends whole frames");
        match piece.header.opcode {
            opcode if opcode.is_control() => messages.push((opcode, payload)),
            opcode => {
                let (_, joined) = message.get_or_insert((opcode, Vec::new()));
                joined.extend(payload);
                if piece.header.fin {
                    messages.extend(message.take());
                }
            }
        }
        rest = &mut rest[consumed..];
    }
    messages
}

pub(crate) fn main() {
    let hello = masked(true, OpCode::Text, b"Hello");
    let ping = masked(true, OpCode::Ping, b"?");

    // A text, a ping, and a Close with a code.
    check(
        &[hello.clone(), ping.clone(), masked(true, OpCode::Close, b"\x03\xE8bye")],
        &[(OpCode::Text, b"Hello"), (OpCode::Pong, b"?"), (OpCode::Close, b"\x03\xE8bye")],
        CloseCode::NORMAL,
    );
    // A text of two fragments, cut inside a character, with a ping between them; a Close without a code.
    check(
        &[
            masked(false, OpCode::Text, b"\xC3"),
            ping,
            masked(true, OpCode::Continuation, b"\xB6"),
            masked(true, OpCode::Close, b""),
        ],
        &[(OpCode::Pong, b"?"), (OpCode::Text, "ö".as_bytes()), (OpCode::Close, b"")],
        CloseCode::NO_STATUS,
    );
    // Bytes that are no text are echoed as they are; a code that may not be sent is refused.
    check(
        &[masked(true, OpCode::Binary, &[0xFF; 300]), masked(true, OpCode::Close, b"\x03\xED")],
        &[(OpCode::Binary, &[0xFF; 300]), (OpCode::Close, b"\x03\xEA")],
        CloseCode::PROTOCOL_ERROR,
    );
    // A text that is not UTF-8, and one that ends inside a character.
    for text in [b"\xFF", b"\xC3"] {
        let not_utf8 = masked(true, OpCode::Text, text);
        check(&[not_utf8], &[(OpCode::Close, b"\x03\xEF")], CloseCode::INVALID_PAYLOAD);
    }
    // A frame without a mask, after a good one.
    check(
        &[hello.clone(), b"\x81\x00".to_vec()],
        &[(OpCode::Text, b"Hello"), (OpCode::Close, b"\x03\xEA")],
        CloseCode::PROTOCOL_ERROR,
    );
    // The line goes down inside a header.
    check(&[hello, b"\x81\x85ma".to_vec()], &[(OpCode::Text, b"Hello")], CloseCode::ABNORMAL);

    println!("echoed, answered pings and closed, whatever the size of the receive buffer");
}
