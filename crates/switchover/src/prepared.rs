//! Messages that many sessions send: encoded once, and queued by reference.

use alloc::vec::Vec;
use bytes::Bytes;
use switchover_frame::{ControlPayload, FrameHeader, Mask, OpCode, Rsv, Text};

use crate::Message;
#[cfg(feature = "deflate")]
use crate::deflate::{Compression, Deflater, Settings};

/// A message for many sessions: it is encoded, and compressed, once, and all queues that it waits in share its memory.
///
/// [`Sender::send_prepared`](crate::Sender::send_prepared) queues it. A server's session takes a frame of 2 KiB and more by
/// reference and copies a smaller one, which is less than a reference costs. A client has to mask each frame with a key of its
/// own (RFC 6455, section 5.3), so that a client's session copies it; it may be prepared all the same.
///
/// The compressed form refers to nothing but itself, so it fits behind any message: it is as good as compressing without context
/// takeover.
///
/// ```
/// use bytes::Buf;
/// use switchover::{Limits, Prepared, Session};
///
/// let news = Prepared::new("to all of you");
/// let mut sessions: Vec<_> = (0..3).map(|_| Session::server(&Limits::default())).collect();
/// for session in &mut sessions {
///     if session.sender().send_prepared(&news).is_err() {
///         // It is closing, or does not read: leave this one out.
///     }
/// }
/// assert!(sessions.iter_mut().all(|session| session.output().remaining() == 2 + 13));
/// ```
///
/// - Constructors: [`new`](Self::new), `compressed`
/// - Getters: [`message`](Self::message)
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Its payload is that of `plain`.
    message: Message,
    plain: Frame,
    /// The message compressed, where that is shorter.
    #[cfg(feature = "deflate")]
    compressed: Option<Compressed>,
}

/// A frame as a server sends it.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    opcode: OpCode,
    rsv: Rsv,
    /// Header and payload.
    bytes: Bytes,
    /// `2 <= header_len <= bytes.len()`
    header_len: usize,
}

#[cfg(feature = "deflate")]
#[derive(Clone, Debug)]
struct Compressed {
    frame: Frame,
    /// From 8 to 15: no match reaches back more than 2^`window_bits` bytes.
    window_bits: u8,
}

impl Prepared {
    /// A message as it is, which is copied once. To sessions that compress it goes as it is, too.
    pub fn new(message: impl Into<Message>) -> Self {
        let message = message.into();
        let opcode = match message {
            Message::Text(_) => OpCode::Text,
            Message::Binary(_) => OpCode::Binary,
            Message::Ping(_) => OpCode::Ping,
            Message::Pong(_) => OpCode::Pong,
        };
        let plain = Frame::new(opcode, Rsv::NONE, message.payload());
        // The same bytes where the frame has them, so that none is held twice.
        let payload = plain.bytes.slice(plain.header_len..);
        let message = match message {
            Message::Text(text) => Message::Text(Text::try_from(payload).unwrap_or(text)),
            Message::Binary(_) => Message::Binary(payload),
            Message::Ping(_) => Message::Ping(payload),
            Message::Pong(_) => Message::Pong(payload),
        };
        Self {
            message,
            plain,
            #[cfg(feature = "deflate")]
            compressed: None,
        }
    }

    /// A message in both forms: compressed for the sessions that agreed on that, with a window large enough for it; as it is for
    /// the others.
    ///
    /// Short of [`Compression::threshold`], or where compressing makes it longer, it goes to all as it is. A message that is no
    /// longer than a session's window always suits it; to reach all that compress with a longer one, let
    /// [`Compression::window_bits`] be the least that was agreed on. The memory to compress with is given back at once.
    ///
    /// ```
    /// use switchover::{Prepared, deflate::Compression};
    ///
    /// let news = Prepared::compressed("the same to all of you, ".repeat(10), &Compression::default());
    /// # let _ = news;
    /// ```
    #[cfg(feature = "deflate")]
    pub fn compressed(message: impl Into<Message>, compression: &Compression) -> Self {
        Self::new(message).compress(compression)
    }

    /// The message.
    #[must_use]
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// Whether it is a Ping or a Pong.
    pub(crate) fn is_control(&self) -> bool {
        self.plain.opcode.is_control()
    }

    /// Whether it is a Ping or a Pong that is too long to be sent. RFC 6455, section 5.5.
    pub(crate) fn is_too_long(&self) -> bool {
        self.is_control() && self.message.payload().len() > ControlPayload::MAX_LEN
    }

    /// The message as it is.
    pub(crate) fn plain(&self) -> &Frame {
        &self.plain
    }

    /// The message compressed, if a window of so many bits is enough for it.
    #[cfg(feature = "deflate")]
    pub(crate) fn deflated(&self, window_bits: u8) -> Option<&Frame> {
        self.compressed.as_ref().filter(|form| form.window_bits <= window_bits).map(|form| &form.frame)
    }

    #[cfg(not(feature = "deflate"))]
    pub(crate) fn deflated(&self, _: u8) -> Option<&Frame> {
        None
    }

    #[cfg(feature = "deflate")]
    fn compress(mut self, compression: &Compression) -> Self {
        let payload = self.message.payload();
        let Compression { window_bits, level, memory, threshold, .. } = *compression;
        if self.is_control() || payload.len() < threshold || level == 0 {
            return self;
        }
        let mut deflated = Vec::new();
        Deflater::new(Settings { window_bits, level, memory }).deflate(payload, true, &mut deflated);
        if deflated.len() < payload.len() {
            let frame = Frame::new(self.plain.opcode, Rsv::RSV1, &deflated);
            // A match reaches back to the first byte of the message and no further.
            let most = window_bits.clamp(8, 15);
            let window_bits = (8..most).find(|bits| payload.len() <= 1 << bits).unwrap_or(most);
            self.compressed = Some(Compressed { frame, window_bits });
        }
        self
    }
}

impl Frame {
    fn new(opcode: OpCode, rsv: Rsv, payload: &[u8]) -> Self {
        let header = header(opcode, rsv, payload, None).encode();
        let mut bytes = Vec::with_capacity(header.len() + payload.len());
        bytes.extend_from_slice(&header);
        bytes.extend_from_slice(payload);
        Self { opcode, rsv, bytes: bytes.into(), header_len: header.len() }
    }

    /// All of it, as a server sends it.
    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The header of a client, and the payload without the mask.
    pub(crate) fn masked(&self, mask: Mask) -> (FrameHeader, &[u8]) {
        let payload = self.bytes.get(self.header_len..).unwrap_or_default();
        (header(self.opcode, self.rsv, payload, Some(mask)), payload)
    }
}

fn header(opcode: OpCode, rsv: Rsv, payload: &[u8], mask: Option<Mask>) -> FrameHeader {
    FrameHeader { fin: true, rsv, opcode, mask, payload_len: payload.len() as u64 }
}
