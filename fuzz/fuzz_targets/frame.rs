//! Frames: the decoder under every cut against the test kit's model, the encoder against the decoder, and the parts of
//! both against plain code.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use switchover::frame::{
    CloseFrame, Decoder, DecoderConfig, FrameHeader, Mask, OpCode, ProtocolError, ProtocolErrorKind, Role, Rsv, Step,
    Text, Utf8, encode,
};
use switchover_fuzz::{Script, splits};
use switchover_testkit::frames::{self, Close, Event, Outcome, Verdict};
use switchover_testkit::model;

fuzz_target!(|input: &[u8]| {
    let mut script = Script::new(input);
    let choices = script.byte();
    let role = if choices & 1 == 0 { Role::Server } else { Role::Client };
    let rsv = if choices & 2 == 0 { Rsv::NONE } else { Rsv::RSV1 };
    let max_payload = if choices & 4 == 0 { u64::MAX } else { script.number().into() };
    let cuts = [script.number(), script.number()];
    let stream = script.rest();

    let config = DecoderConfig { max_payload, rsv };
    let [whole, bytewise, cut] = splits(stream, cuts).map(|pieces| Trace::of(role, config, &pieces));
    assert_eq!(whole, bytewise, "bytewise");
    assert_eq!(whole, cut, "cut at {cuts:?}");
    if rsv.is_empty() {
        compare_with_model(&whole, role, max_payload, stream);
    }
    compare_with_encoder(&whole, stream);
    check_utf8(stream, cuts);
    check_close(stream);
    check_mask(stream, cuts[0]);
});

/// What was seen of a stream: each frame whose header was whole with the payload that was there, and the error.
#[derive(Debug, Default, PartialEq, Eq)]
struct Trace {
    frames: Vec<(FrameHeader, Vec<u8>)>,
    error: Option<ProtocolError>,
}

impl Trace {
    /// Decodes a stream that arrives in `pieces`, in one buffer that is reused for each.
    fn of(role: Role, config: DecoderConfig, pieces: &[&[u8]]) -> Self {
        let mut decoder = Decoder::new(role, config);
        let mut trace = Self::default();
        let mut buffer = Vec::new();
        // Bytes of the stream taken, and those that had to come before the next piece could.
        let (mut taken, mut due) = (0, 0);
        for piece in pieces {
            buffer.clear();
            buffer.extend_from_slice(piece);
            let mut input = buffer.as_mut_slice();
            loop {
                let len = input.len();
                match decoder.decode(input) {
                    Ok(Step::NeedMore { at_least }) => {
                        assert!(at_least >= 1);
                        taken += len;
                        due = taken + at_least;
                        break;
                    }
                    Ok(Step::Done { piece, consumed }) => {
                        taken += consumed;
                        assert!(taken >= due, "a piece came of fewer bytes than at_least");
                        assert_eq!(piece.payload.end, consumed);
                        if piece.first {
                            trace.frames.push((piece.header, Vec::new()));
                        }
                        let (header, payload) = trace.frames.last_mut().expect("the first piece came first");
                        assert_eq!(*header, piece.header);
                        payload.extend_from_slice(&input[piece.payload]);
                        assert_eq!(piece.last, payload.len() as u64 == header.payload_len);
                        input = &mut input[consumed..];
                    }
                    Err(error) => {
                        assert_eq!(decoder.decode(&mut []), Err(error), "an error stays");
                        trace.error = Some(error);
                        return trace;
                    }
                }
                assert_eq!(decoder.offset(), taken as u64);
            }
        }
        trace
    }
}

/// The frames read as messages, by the rules that the decoder leaves to the layer above, are what the model reads.
fn compare_with_model(trace: &Trace, role: Role, max_payload: u64, stream: &[u8]) {
    let limits = model::Limits { payload: max_payload, message: u64::MAX, fragments: u64::MAX };
    let reader = match role {
        Role::Server => frames::Role::Server,
        Role::Client => frames::Role::Client,
    };
    let expected = model::read(stream, reader, &limits);

    let mut events = Vec::new();
    let mut message = Message::default();
    let mut at = 0;
    let mut end = None;
    for (header, payload) in &trace.frames {
        at += header.encoded_len() as u64;
        let is_whole = payload.len() as u64 == header.payload_len;
        let result = match header.opcode {
            opcode if opcode.is_control() && !is_whole => Ok(None),
            OpCode::Ping => Ok(Some(Event::Ping(payload.clone()))),
            OpCode::Pong => Ok(Some(Event::Pong(payload.clone()))),
            OpCode::Close => match CloseFrame::parse(payload) {
                Ok(frame) => {
                    end = Some(Ok(Close {
                        code: frame.map(|frame| frame.code.as_u16()),
                        reason: frame.map_or("", |frame| frame.reason).to_owned(),
                    }));
                    break;
                }
                Err(error) => Err(error.rebase(at)),
            },
            opcode => message.receive(opcode, at, payload, is_whole && header.fin),
        };
        match result {
            Ok(event) => events.extend(event),
            Err(error) => {
                end = Some(Err(error));
                break;
            }
        }
        at += payload.len() as u64;
    }
    let end = end.or(trace.error.map(Err));

    let Outcome { events: expected_events, verdict } = expected;
    assert_eq!(events, expected_events);
    match (end, verdict) {
        (None, Verdict::NeedMore) => {}
        (Some(Ok(close)), Verdict::Ended(expected)) => assert_eq!(close, expected),
        (Some(Err(error)), Verdict::Violation(expected)) => {
            assert_eq!((name(error), error.offset()), (expected.kind.to_string(), expected.offset));
            assert_eq!(error.close_code().as_u16(), expected.kind.close_code());
        }
        (end, verdict) => panic!("{end:?}, but the model says {verdict:?}"),
    }
}

/// The kind without its data: the test kit has the same names.
fn name(error: ProtocolError) -> String {
    let debug = format!("{:?}", error.kind());
    debug.split('(').next().unwrap_or_default().to_owned()
}

/// A message that is not finished.
#[derive(Default)]
struct Message {
    text: Option<Utf8>,
    payload: Vec<u8>,
    /// Where each byte of the payload is in the stream.
    offsets: Vec<u64>,
}

impl Message {
    /// Takes what there is of a frame, whose payload begins at `at` of the stream.
    fn receive(
        &mut self,
        opcode: OpCode,
        at: u64,
        payload: &[u8],
        is_end: bool,
    ) -> Result<Option<Event>, ProtocolError> {
        if opcode != OpCode::Continuation {
            *self = Self { text: (opcode == OpCode::Text).then(Utf8::new), ..Self::default() };
        }
        self.payload.extend_from_slice(payload);
        self.offsets.extend((at..).take(payload.len()));
        if let Some(text) = &mut self.text {
            let checked = text.push(payload).and_then(|()| if is_end { text.finish() } else { Ok(()) });
            checked.map_err(|error| {
                let at = self.offsets[usize::try_from(error.offset()).expect("an offset in the payload")];
                ProtocolError::new(ProtocolErrorKind::InvalidUtf8, at)
            })?;
        }
        if !is_end {
            return Ok(None);
        }
        let payload = core::mem::take(&mut self.payload);
        Ok(Some(match self.text {
            Some(_) => Event::Text(String::from_utf8(payload).expect("the validator let it through")),
            None => Event::Binary(payload),
        }))
    }
}

/// Every header has one form only, so the frames written again are the stream, byte by byte.
fn compare_with_encoder(trace: &Trace, stream: &[u8]) {
    let mut rest = stream;
    for (header, payload) in &trace.frames {
        let len = header.encoded_len() + payload.len();
        let mut written = vec![0; len];
        assert_eq!(encode::frame(header, payload, &mut written), Ok(len));
        assert!(rest.starts_with(&written), "{header:?}");
        rest = &rest[len..];
        assert!(encode::frame(header, payload, &mut vec![0; len - 1]).is_err());
    }
}

fn check_utf8(text: &[u8], cuts: [u16; 2]) {
    let verdict = core::str::from_utf8(text);
    for pieces in splits(text, cuts) {
        let mut utf8 = Utf8::new();
        let mut seen = 0;
        let mut result = Ok(());
        for piece in pieces {
            seen += piece.len();
            result = utf8.push(piece);
            let so_far = core::str::from_utf8(&text[..seen]);
            let is_hopeless = so_far.is_err_and(|error| error.error_len().is_some());
            assert_eq!(result.is_err(), is_hopeless, "it fails at the first byte that cannot be right");
            assert_eq!(utf8.is_boundary(), so_far.is_ok());
            assert_eq!(utf8.valid_len(), so_far.map_or_else(|error| error.valid_up_to(), str::len) as u64);
            if is_hopeless {
                break;
            }
        }
        let result = result.and_then(|()| utf8.finish());
        assert_eq!(
            result.map_err(|error| error.offset()),
            verdict.map(drop).map_err(|error| error.valid_up_to() as u64)
        );
    }
    assert_eq!(Utf8::whole(text).map_err(|error| error.offset()), verdict.map_err(|error| error.valid_up_to() as u64));
    match Text::try_from(Bytes::copy_from_slice(text)) {
        Ok(shared) => assert_eq!(verdict, Ok(shared.as_str())),
        Err(error) => assert_eq!((verdict.is_err(), error.into_bytes()), (true, Bytes::copy_from_slice(text))),
    }
}

fn check_close(payload: &[u8]) {
    match CloseFrame::parse(payload) {
        Ok(None) => assert!(payload.is_empty()),
        Ok(Some(frame)) => {
            assert!(model::may_be_sent(frame.code.as_u16()));
            match frame.encode() {
                Ok(written) => assert_eq!(&*written, payload),
                Err(_) => assert!(frame.reason.len() > CloseFrame::MAX_REASON_LEN),
            }
        }
        Err(_) => {
            let is_sendable = payload.first_chunk().is_some_and(|code| model::may_be_sent(u16::from_be_bytes(*code)));
            assert!(!is_sendable || core::str::from_utf8(&payload[2..]).is_err());
        }
    }
}

fn check_mask(payload: &[u8], phase: u16) {
    let Some((key, payload)) = payload.split_first_chunk() else { return };
    let mask = Mask::new(*key);
    let plain: Vec<u8> =
        (payload.iter().enumerate()).map(|(i, byte)| byte ^ key[(i + usize::from(phase)) % 4]).collect();
    let mut copied = vec![0; payload.len()];
    assert_eq!(mask.copy(phase.into(), payload, &mut copied), payload.len());
    assert_eq!(copied, plain);
    copied.truncate(1);
    mask.append(u64::from(phase) + copied.len() as u64, &payload[copied.len()..], &mut copied);
    assert_eq!(copied, plain);
    mask.apply(phase.into(), &mut copied);
    assert_eq!(copied, payload);
}
