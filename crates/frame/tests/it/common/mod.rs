//! Runs a [`Decoder`] over a stream in pieces, and reads what it gave as messages.

use proptest::prelude::*;
use proptest::sample::select;
use switchover_frame::{
    CloseFrame, Decoder, DecoderConfig, FrameHeader, Mask, OpCode, Piece, ProtocolError, ProtocolErrorKind, Role, Rsv,
    Step, Utf8, encode,
};
use switchover_testkit::frames::{self, Close, Event, Outcome, Verdict, Violation, ViolationKind};
use switchover_testkit::model::{self, Limits};

/// A frame: its header, and as much of its payload, unmasked, as there is.
pub(crate) type Frame = (FrameHeader, Vec<u8>);

/// What was seen of a stream: each frame whose header was whole, with the payload that was there, and the error that
/// ended it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Trace {
    pub(crate) frames: Vec<Frame>,
    pub(crate) error: Option<ProtocolError>,
}

/// Decodes a stream that arrives in `pieces`, in one buffer that is reused for each, and checks on the way all that
/// [`Decoder::decode`] promises about a single call.
pub(crate) fn decode(role: Role, config: DecoderConfig, pieces: &[&[u8]]) -> Trace {
    let mut decoder = Decoder::new(role, config);
    let mut trace = Trace::default();
    let mut buffer = Vec::new();
    // Bytes of the stream taken, and those that had to come before the next piece could.
    let (mut taken, mut due) = (0, 0);
    for piece in pieces {
        buffer.clear();
        buffer.extend_from_slice(piece);
        let mut input = buffer.as_mut_slice();
        loop {
            let before = input.to_vec();
            match decoder.decode(input) {
                Ok(Step::NeedMore { at_least }) => {
                    assert!(at_least >= 1);
                    assert_eq!(input, before, "only payload is unmasked");
                    taken += input.len();
                    due = taken + at_least;
                    assert_eq!(decoder.offset(), taken as u64, "all of the input was taken");
                    break;
                }
                Ok(Step::Done { piece, consumed }) => {
                    let payload = piece.payload.clone();
                    assert_eq!(payload.end, consumed);
                    assert_eq!(input[..payload.start], before[..payload.start]);
                    assert_eq!(input[consumed..], before[consumed..]);
                    taken += consumed;
                    assert!(taken >= due, "a piece came of fewer bytes than at_least");
                    assert_eq!(decoder.offset(), taken as u64);
                    trace.add(&piece, &input[payload]);
                    input = &mut input[consumed..];
                }
                Err(error) => {
                    assert_eq!(input, before, "an error changes nothing");
                    for mut later in [vec![], before, vec![0x81; 20]] {
                        assert_eq!(decoder.decode(&mut later), Err(error), "an error stays");
                    }
                    trace.error = Some(error);
                    return trace;
                }
            }
        }
    }
    trace
}

impl Trace {
    /// Adds a piece, checking that `first` and `last` are where they belong.
    fn add(&mut self, piece: &Piece, payload: &[u8]) {
        let complete = |(header, payload): &Frame| payload.len() as u64 == header.payload_len;
        let in_frame = self.frames.last().is_some_and(|frame| !complete(frame));
        assert_eq!(piece.first, !in_frame);
        if piece.first {
            self.frames.push((piece.header, Vec::new()));
        } else {
            assert!(!payload.is_empty(), "a further piece brings further bytes");
        }
        let frame = self.frames.last_mut().expect("a piece belongs to a frame");
        assert_eq!(piece.header, frame.0);
        frame.1.extend_from_slice(payload);
        assert_eq!(piece.last, complete(frame));
    }
}

impl Trace {
    /// What a reader of messages makes of the frames.
    pub(crate) fn outcome(&self) -> Outcome {
        let mut events = Vec::new();
        let mut message: Option<Message> = None;
        let mut at = 0;
        for (header, payload) in &self.frames {
            at += header.encoded_len() as u64;
            let is_whole = payload.len() as u64 == header.payload_len;
            let verdict = match header.opcode {
                _ if header.opcode.is_control() && !is_whole => None,
                OpCode::Close => Some(match CloseFrame::parse(payload) {
                    Ok(None) => Verdict::Ended(Close { code: None, reason: String::new() }),
                    Ok(Some(CloseFrame { code, reason })) => {
                        Verdict::Ended(Close { code: Some(code.as_u16()), reason: reason.into() })
                    }
                    Err(error) => violation(error.rebase(at)),
                }),
                OpCode::Ping => {
                    events.push(Event::Ping(payload.clone()));
                    None
                }
                OpCode::Pong => {
                    events.push(Event::Pong(payload.clone()));
                    None
                }
                opcode => {
                    let mut open = message.take().unwrap_or_else(|| Message::new(opcode));
                    match open.receive(at, payload, is_whole && header.fin) {
                        Err(error) => Some(violation(error)),
                        Ok(Some(event)) => {
                            events.push(event);
                            None
                        }
                        Ok(None) => {
                            message = Some(open);
                            None
                        }
                    }
                }
            };
            if let Some(verdict) = verdict {
                return Outcome { events, verdict };
            }
            at += payload.len() as u64;
        }
        let verdict = self.error.map_or(Verdict::NeedMore, violation);
        Outcome { events, verdict }
    }
}

/// A message that is not finished.
struct Message {
    text: Option<Utf8>,
    payload: Vec<u8>,
    /// Where each byte of the payload is in the stream.
    offsets: Vec<u64>,
}

impl Message {
    fn new(opcode: OpCode) -> Self {
        let text = (opcode == OpCode::Text).then(Utf8::new);
        Self { text, payload: Vec::new(), offsets: Vec::new() }
    }

    /// Takes what there is of a fragment, whose payload begins at `at` of the stream.
    fn receive(&mut self, at: u64, fragment: &[u8], is_end: bool) -> Result<Option<Event>, ProtocolError> {
        self.payload.extend_from_slice(fragment);
        self.offsets.extend((at..).take(fragment.len()));
        if let Some(text) = &mut self.text {
            let checked = text.push(fragment).and_then(|()| if is_end { text.finish() } else { Ok(()) });
            checked.map_err(|error| {
                let at = usize::try_from(error.offset()).expect("it is in the payload");
                ProtocolError::new(ProtocolErrorKind::InvalidUtf8, self.offsets[at])
            })?;
        }
        Ok(is_end.then(|| match self.text {
            Some(_) => Event::Text(String::from_utf8(self.payload.clone()).expect("it was validated")),
            None => Event::Binary(self.payload.clone()),
        }))
    }
}

/// The error in the test kit's words, which has the same kinds.
fn violation(error: ProtocolError) -> Verdict {
    use ProtocolErrorKind as P;
    let kind = match error.kind() {
        P::ReservedBits(_) => ViolationKind::ReservedBits,
        P::ReservedOpCode(_) => ViolationKind::ReservedOpCode,
        P::FragmentedControl(_) => ViolationKind::FragmentedControl,
        P::UnexpectedContinuation => ViolationKind::UnexpectedContinuation,
        P::InterruptedMessage(_) => ViolationKind::InterruptedMessage,
        P::Unmasked => ViolationKind::Unmasked,
        P::Masked => ViolationKind::Masked,
        P::ControlTooLong(_) => ViolationKind::ControlTooLong,
        P::LengthNotMinimal => ViolationKind::LengthNotMinimal,
        P::LengthTopBit => ViolationKind::LengthTopBit,
        P::PayloadTooLong(_) => ViolationKind::PayloadTooLong,
        P::TruncatedCloseCode => ViolationKind::TruncatedCloseCode,
        P::InvalidCloseCode(_) => ViolationKind::InvalidCloseCode,
        P::InvalidUtf8 => ViolationKind::InvalidUtf8,
        other => unreachable!("no test knows {other:?}"),
    };
    assert_eq!(error.close_code().as_u16(), kind.close_code());
    Verdict::Violation(Violation { kind, offset: error.offset() })
}

/// What the test kit's plain reading of the whole stream finds.
pub(crate) fn model(role: Role, max_payload: u64, stream: &[u8]) -> Outcome {
    let limits = Limits { payload: max_payload, message: u64::MAX, fragments: u64::MAX };
    model::read(stream, peer_role(role), &limits)
}

/// Our role in the test kit's type.
pub(crate) fn peer_role(role: Role) -> frames::Role {
    match role {
        Role::Client => frames::Role::Client,
        Role::Server => frames::Role::Server,
    }
}

/// Either end.
pub(crate) fn role() -> impl Strategy<Value = Role> {
    select(&[Role::Client, Role::Server])
}

/// A limit narrow enough to be hit, or none.
pub(crate) fn max_payload() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 0..300_u64, Just(u64::MAX)]
}

/// A header that the end of this role may read, alone in its stream; any length.
pub(crate) fn header(role: Role) -> impl Strategy<Value = FrameHeader> {
    let opcode = select(&[OpCode::Text, OpCode::Binary, OpCode::Close, OpCode::Ping, OpCode::Pong]);
    let len = prop_oneof![
        0..=125_u64,
        126..=0xFFFF_u64,
        0x1_0000..=u64::MAX >> 1,
        select(&[0, 125, 126, 127, 128, 0xFFFF, 0x1_0000, u64::MAX >> 1]),
    ];
    (any::<bool>(), any::<u8>(), opcode, any::<[u8; 4]>(), len).prop_map(move |(fin, rsv, opcode, key, len)| {
        FrameHeader {
            fin: fin || opcode.is_control(),
            rsv: Rsv::from_bits(rsv),
            opcode,
            mask: (role == Role::Server).then_some(Mask::new(key)),
            payload_len: if opcode.is_control() { len % 126 } else { len },
        }
    })
}

/// A stream of frames in a valid order for the end of this role, with their payloads.
pub(crate) fn frames(role: Role) -> impl Strategy<Value = Vec<Frame>> {
    let size = prop_oneof![4 => 0..20_usize, 2 => 120..132_usize, 1 => 65_530..65_540_usize];
    let frame = (header(role), size, any::<u8>());
    proptest::collection::vec(frame, 0..6).prop_map(|frames| {
        let mut message_open = false;
        let frames = frames.into_iter().map(|(mut header, size, fill)| {
            let size = if header.opcode.is_control() { size % 126 } else { size };
            if !header.opcode.is_control() {
                if message_open {
                    header.opcode = OpCode::Continuation;
                }
                message_open = !header.fin;
            }
            header.payload_len = size as u64;
            let payload = (0..=250).cycle().take(size).map(|i: u8| i.wrapping_mul(31) ^ fill).collect();
            (header, payload)
        });
        frames.collect()
    })
}

/// The bytes of frames, written by the encoder.
pub(crate) fn encoded(frames: &[Frame]) -> Vec<u8> {
    let mut stream = Vec::new();
    for (header, payload) in frames {
        let start = stream.len();
        stream.resize(start + header.encoded_len() + payload.len(), 0);
        let written = encode::frame(header, payload, &mut stream[start..]);
        assert_eq!(written, Ok(stream.len() - start));
    }
    stream
}

/// Bytes that look like headers often enough to get past them.
pub(crate) fn soup() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        select(&[0x00, 0x01, 0x02, 0x80, 0x81, 0x82, 0x88, 0x89, 0x8A, 0x7E, 0x7F, 0xFE, 0xFF]),
        select(&[0x83, 0x84, 0xFD, 0x7D, 0xC1, 0x09]),
        any::<u8>(),
    ];
    proptest::collection::vec(byte, 0..60)
}
