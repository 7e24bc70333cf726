use core::ops::Range;

use crate::header::{LEN_16, LEN_64};
use crate::{EncodedHeader, FrameHeader, Mask, OpCode, ProtocolError, ProtocolErrorKind, Role, Rsv};

/// Reads a stream of frames, however it is cut, in the buffer in which it arrives. (RFC 6455, section 5)
///
/// It checks everything that a header can tell: reserved bits and opcodes, masking by role, lengths, the order of
/// fragments. The payload it unmasks and hands on; [`Utf8`](crate::Utf8) and [`CloseFrame`](crate::CloseFrame) are for
/// whoever reads that.
///
/// - Constructors: [`new`](Self::new), [`at`](Self::at)
/// - Commands: [`decode`](Self::decode), [`allow`](Self::allow)
/// - Getters: [`offset`](Self::offset), [`in_payload`](Self::in_payload), [`max_payload`](Self::max_payload),
///   [`is_between_messages`](Self::is_between_messages)
#[derive(Debug, Clone)]
pub struct Decoder {
    rules: Rules,
    /// Bytes of the stream taken so far.
    offset: u64,
    state: State,
}

impl Decoder {
    /// A decoder at the beginning of the stream of frames.
    #[inline]
    pub const fn new(role: Role, config: DecoderConfig) -> Self {
        Self {
            rules: Rules { role, rsv: config.rsv, message_open: false, max_payload: config.max_payload },
            offset: 0,
            state: State::Header(EncodedHeader::new()),
        }
    }

    /// The same where so many bytes of the stream were taken by another decoder, which was
    /// [between two messages](Self::is_between_messages).
    #[must_use]
    pub const fn at(self, offset: u64) -> Self {
        Self { offset, ..self }
    }

    /// Reads the next piece of a frame from the front of `input`.
    ///
    /// - [`Step::Done`] took `consumed` bytes: the header, where it ended here, and the payload of the piece, which is
    ///   unmasked. The rest of `input` is as it was; call again with it.
    /// - [`Step::NeedMore`] took all of `input`, whose place can be reused: the at most 13 bytes of a header that is not
    ///   whole are carried inside.
    ///
    /// # Errors
    /// The peer broke the protocol. No byte of `input` was changed, and every later call gives the same error. All
    /// pieces before it have been delivered.
    #[inline]
    pub fn decode(&mut self, input: &mut [u8]) -> Result<Step, ProtocolError> {
        let parse = match &self.state {
            State::Header(partial) if partial.is_empty() => match self.rules.parse(input) {
                Ok(Parse::NeedMore(at_least)) => return Ok(self.carry(input, at_least)),
                Ok(done) => done,
                Err(fault) => return Err(self.fail(input, fault)),
            },
            &State::Header(partial) => self.resume(partial, partial.len(), input)?,
            &State::Payload { header, remaining } => {
                return Ok(self.payload(header, remaining, input));
            }
            // By the rules that it broke the header breaks them again.
            &State::Failed { header, carried } => self.resume(header, carried.into(), &[])?,
        };
        let (header, header_len) = match parse {
            Parse::Done(header, len) => (header, len),
            Parse::NeedMore(at_least) => return Ok(Step::NeedMore { at_least }),
        };
        if !header.opcode.is_control() {
            self.rules.message_open = !header.fin;
        }
        Ok(self.piece(header, true, header.payload_len, header_len, input))
    }

    /// Lets these reserved bits pass too, from the next header on: an extension was agreed on.
    pub fn allow(&mut self, rsv: Rsv) {
        if !matches!(self.state, State::Failed { .. }) {
            self.rules.rsv = self.rules.rsv | rsv;
        }
    }

    /// Bytes of the current frame's payload that were delivered, and its header, while there are more to come.
    #[inline]
    pub fn in_payload(&self) -> Option<(&FrameHeader, u64)> {
        match &self.state {
            State::Payload { header, remaining } => Some((header, header.payload_len - remaining)),
            State::Header(_) | State::Failed { .. } => None,
        }
    }

    /// [`DecoderConfig::max_payload`].
    #[inline]
    pub const fn max_payload(&self) -> u64 {
        self.rules.max_payload
    }

    /// Bytes of the stream taken so far.
    #[inline]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether what comes next begins a message or a control frame: nothing of a header is carried, and no frame and no message has
    /// begun that is not finished.
    pub fn is_between_messages(&self) -> bool {
        !self.rules.message_open && matches!(&self.state, State::Header(partial) if partial.is_empty())
    }

    /// The next piece of a frame whose header was delivered before.
    fn payload(&mut self, header: FrameHeader, remaining: u64, input: &mut [u8]) -> Step {
        if input.is_empty() {
            return Step::NeedMore { at_least: 1 };
        }
        self.state = State::Header(EncodedHeader::new());
        self.piece(header, false, remaining, 0, input)
    }

    /// The piece whose payload begins at `start` of `input`, where the frame has `remaining` bytes yet to come.
    ///
    /// Expects the state between two frames, which it changes only where the frame goes on: a frame that is whole in
    /// the input, as most are, leaves the state untouched.
    #[inline]
    fn piece(&mut self, header: FrameHeader, first: bool, remaining: u64, start: usize, input: &mut [u8]) -> Step {
        let available = input.get_mut(start..).unwrap_or_default();
        let taken = usize::try_from(remaining).unwrap_or(usize::MAX).min(available.len());
        if let Some(mask) = header.mask {
            mask.apply(header.payload_len - remaining, &mut available[..taken]);
        }
        let remaining = remaining - taken as u64;
        if remaining > 0 {
            self.state = State::Payload { header, remaining };
        }
        let consumed = start + taken;
        self.offset += consumed as u64;
        Step::Done { piece: Piece { header, first, last: remaining == 0, payload: start..consumed }, consumed }
    }

    /// Keeps the beginning of a header, which is all of `input`.
    #[cold]
    fn carry(&mut self, input: &[u8], at_least: usize) -> Step {
        let mut partial = EncodedHeader::new();
        partial.extend(input);
        self.offset += input.len() as u64;
        self.state = State::Header(partial);
        Step::NeedMore { at_least }
    }

    /// Goes on with a header, of which the first `carried` bytes were taken before; the length it gives is that of the rest.
    #[cold]
    fn resume(&mut self, mut partial: EncodedHeader, carried: usize, input: &[u8]) -> Result<Parse, ProtocolError> {
        partial.extend(input);
        match self.rules.parse(&partial) {
            Ok(Parse::Done(header, len)) => {
                self.state = State::Header(EncodedHeader::new());
                Ok(Parse::Done(header, len - carried))
            }
            Ok(need_more) => {
                self.offset += input.len() as u64;
                self.state = State::Header(partial);
                Ok(need_more)
            }
            Err(fault) => {
                self.state = State::Failed { header: partial, carried: carried.to_le_bytes()[0] };
                Err(ProtocolError::new(fault.kind, self.offset - carried as u64 + fault.at as u64))
            }
        }
    }

    /// Fails for ever, by the header at the front of `input`.
    #[cold]
    fn fail(&mut self, input: &[u8], fault: Fault) -> ProtocolError {
        let mut header = EncodedHeader::new();
        header.extend(input);
        self.state = State::Failed { header, carried: 0 };
        ProtocolError::new(fault.kind, self.offset + fault.at as u64)
    }
}

/// What a [`Decoder`] lets pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecoderConfig {
    /// The longest payload of one data frame, in bytes. Default: 16 MiB.
    ///
    /// The decoder holds no payload, so this costs it no memory; it refuses early what the layer above would not hold.
    /// Control frames have their own limit, 125 bytes.
    pub max_payload: u64,
    /// The reserved bits that agreed extensions use. Default: none.
    pub rsv: Rsv,
}

impl Default for DecoderConfig {
    fn default() -> Self {
        Self { max_payload: 16 << 20, rsv: Rsv::NONE }
    }
}

/// What one call of [`Decoder::decode`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A piece of a frame.
    Done {
        /// The piece.
        piece: Piece,
        /// Bytes taken from the front of the input.
        consumed: usize,
    },
    /// All of the input was taken and no piece is whole yet.
    NeedMore {
        /// No piece can come of fewer further bytes; 1 or more. (An error can: it comes with the first bad byte.)
        at_least: usize,
    },
}

/// A frame, or a part of one: as much of its payload as was there.
///
/// The first piece of a frame comes as soon as the header is whole, with an empty payload where none was there yet. An
/// empty frame is one piece, both first and last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The header of the frame, the same in each of its pieces.
    pub header: FrameHeader,
    /// Whether the payload of the frame begins here.
    pub first: bool,
    /// Whether the payload of the frame ends here.
    pub last: bool,
    /// Where the payload is in the input, unmasked.
    pub payload: Range<usize>,
}

#[derive(Debug, Clone)]
enum State {
    /// A header comes next; its beginning may have come already.
    Header(EncodedHeader),
    /// `remaining > 0` bytes of the frame's payload come next.
    Payload { header: FrameHeader, remaining: u64 },
    /// The peer broke the protocol with this header, of which the first `carried` bytes were taken before it showed. The header
    /// takes less room than the error.
    Failed { header: EncodedHeader, carried: u8 },
}

/// What a header is checked against.
#[derive(Debug, Clone)]
struct Rules {
    max_payload: u64,
    role: Role,
    /// The bits that may be set.
    rsv: Rsv,
    /// Whether a message has begun that is not finished.
    message_open: bool,
}

enum Parse {
    /// The header, and its length in bytes.
    Done(FrameHeader, usize),
    /// The least number of bytes that the header lacks.
    NeedMore(usize),
}

/// A violation, `at` bytes behind the beginning of the header.
struct Fault {
    kind: ProtocolErrorKind,
    at: usize,
}

impl Rules {
    /// Reads the header at the front of `bytes`.
    ///
    /// Each check comes as soon as its byte is there, and in the order of the bytes, so that the verdict does not
    /// depend on how many of them are there.
    #[inline]
    fn parse(&self, bytes: &[u8]) -> Result<Parse, Fault> {
        let mask_len = match self.role {
            Role::Server => 4,
            Role::Client => 0,
        };
        let need = |header_len: usize| Ok(Parse::NeedMore(header_len - bytes.len()));

        let Some((&byte, rest)) = bytes.split_first() else {
            return need(2 + mask_len);
        };
        let (fin, rsv, opcode) = self.first_byte(byte).map_err(|kind| Fault { kind, at: 0 })?;

        let Some((&byte, rest)) = rest.split_first() else {
            return need(2 + mask_len);
        };
        let len = self.second_byte(opcode, byte).map_err(|kind| Fault { kind, at: 1 })?;

        let (payload_len, rest, length_at) = match len {
            LEN_16 => {
                let Some((len, rest)) = rest.split_first_chunk() else {
                    return need(4 + mask_len);
                };
                let len = u16::from_be_bytes(*len);
                // RFC 6455, section 5.2: "the minimal number of bytes MUST be used to encode the length"
                if len < u16::from(LEN_16) {
                    return Err(Fault { kind: ProtocolErrorKind::LengthNotMinimal, at: 2 });
                }
                (u64::from(len), rest, 2)
            }
            LEN_64 => {
                // RFC 6455, section 5.2: "the most significant bit MUST be 0"
                if rest.first().is_some_and(|&byte| byte >= 0x80) {
                    return Err(Fault { kind: ProtocolErrorKind::LengthTopBit, at: 2 });
                }
                if rest.starts_with(&[0; 6]) {
                    return Err(Fault { kind: ProtocolErrorKind::LengthNotMinimal, at: 2 });
                }
                let Some((len, rest)) = rest.split_first_chunk() else {
                    return need(10 + mask_len);
                };
                (u64::from_be_bytes(*len), rest, 2)
            }
            len => (u64::from(len), rest, 1),
        };
        // RFC 6455, section 10.4: limits on frame and message size
        if payload_len > self.max_payload && !opcode.is_control() {
            return Err(Fault { kind: ProtocolErrorKind::PayloadTooLong(payload_len), at: length_at });
        }

        let header_len = bytes.len() - rest.len() + mask_len;
        let mask = match (self.role, rest.first_chunk()) {
            (Role::Client, _) => None,
            (Role::Server, Some(key)) => Some(Mask::new(*key)),
            (Role::Server, None) => return need(header_len),
        };
        Ok(Parse::Done(FrameHeader { fin, rsv, opcode, mask, payload_len }, header_len))
    }

    #[inline]
    fn first_byte(&self, byte: u8) -> Result<(bool, Rsv, OpCode), ProtocolErrorKind> {
        // RFC 6455, section 5.2: RSV "MUST be 0 unless an extension is negotiated"
        let rsv = Rsv::from_bits(byte);
        if !self.rsv.contains(rsv) {
            return Err(ProtocolErrorKind::ReservedBits(rsv));
        }
        // RFC 6455, section 5.2: "If an unknown opcode is received, the receiving endpoint MUST _Fail the WebSocket
        // Connection_."
        let number = byte & 0x0F;
        let opcode = OpCode::new(number).ok_or(ProtocolErrorKind::ReservedOpCode(number))?;
        let fin = byte & 0x80 != 0;
        match opcode {
            // RFC 6455, section 5.5: control frames "MUST NOT be fragmented"
            _ if opcode.is_control() => {
                if !fin {
                    return Err(ProtocolErrorKind::FragmentedControl(opcode));
                }
            }
            // RFC 6455, section 5.4: a message is one frame other than a continuation, and then continuations only
            OpCode::Continuation => {
                if !self.message_open {
                    return Err(ProtocolErrorKind::UnexpectedContinuation);
                }
            }
            _ => {
                if self.message_open {
                    return Err(ProtocolErrorKind::InterruptedMessage(opcode));
                }
            }
        }
        Ok((fin, rsv, opcode))
    }

    /// Gives the 7-bit length.
    #[inline]
    fn second_byte(&self, opcode: OpCode, byte: u8) -> Result<u8, ProtocolErrorKind> {
        // RFC 6455, section 5.1: a server closes upon a frame that is not masked, a client upon one that is
        match (self.role, byte & 0x80 != 0) {
            (Role::Server, false) => return Err(ProtocolErrorKind::Unmasked),
            (Role::Client, true) => return Err(ProtocolErrorKind::Masked),
            (Role::Server, true) | (Role::Client, false) => {}
        }
        // RFC 6455, section 5.5: "All control frames MUST have a payload length of 125 bytes or less"
        let len = byte & 0x7F;
        if opcode.is_control() && usize::from(len) > crate::ControlPayload::MAX_LEN {
            return Err(ProtocolErrorKind::ControlTooLong(opcode));
        }
        Ok(len)
    }
}
