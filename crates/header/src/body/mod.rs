//! Reading bodies in whatever way they are delimited (RFC 9112, sections 6 and 7).

mod chunked;
mod error;
mod limits;
mod trailers;

pub use error::{BodyError, BodyErrorKind};
pub use limits::{BodyLimits, TrailerLimits};
pub use trailers::Trailers;

use core::ops::Range;

use self::chunked::{Chunked, Part};
use crate::{FieldStore, Framing, Step, TrailerScan, error::Message};

/// Reads the body behind a head, however it is cut and however it is delimited, and says which bytes of the input are
/// its data. It holds numbers only: nothing is copied, and memory does not grow with the body.
///
/// - Commands: [`decode`](Self::decode), [`decode_in_place`](Self::decode_in_place),
///   [`end_of_input`](Self::end_of_input)
/// - Getter: [`offset`](Self::offset)
///
/// ```
/// use switchover_header::{BodyDecoder, BodyItem, FieldTable, Framing, Step};
///
/// let mut buffer = b"5;a=b\r\nhello\r\n6\r\n wor".to_vec();
/// let (mut at, mut data) = (0, Vec::new());
/// let mut fields = FieldTable::<4>::new();
/// let mut body = BodyDecoder::request(Framing::Chunked, Default::default());
/// loop {
///     let input = &buffer[at..];
///     match body.decode(input, &mut fields)? {
///         Step::Done { value, consumed } => {
///             at += consumed;
///             match value {
///                 BodyItem::Data(range) => data.extend_from_slice(&input[range]),
///                 BodyItem::Framing | BodyItem::DataEnd => {}
///                 BodyItem::End(trailers) => {
///                     assert_eq!(trailers.values("digest").next(), Some(&b"x"[..]));
///                     break;
///                 }
///             }
///         }
///         // A transport would be read here.
///         Step::NeedMore { .. } => buffer.extend_from_slice(b"ld\r\n0\r\nDigest: x\r\n\r\nwhat follows the body"),
///     }
/// }
/// assert_eq!((&data[..], &buffer[at..]), (&b"hello world"[..], &b"what follows the body"[..]));
/// # Ok::<(), switchover_header::BodyError>(())
/// ```
#[derive(Clone, Debug)]
pub struct BodyDecoder {
    message: Message,
    limits: BodyLimits,
    /// Bytes of the body taken so far.
    offset: u64,
    state: State,
}

/// What a [`BodyDecoder`] finds, in this order: any number of [`Data`](Self::Data) and [`Framing`](Self::Framing), one
/// [`DataEnd`](Self::DataEnd), one [`End`](Self::End).
#[derive(Clone, Debug)]
pub enum BodyItem<'b> {
    /// A piece of the data, as a range of the input: never empty, and at most the rest of a chunk. Transfer codings other
    /// than chunked, which a response of [`Framing::UntilClose`] may have, are left in place.
    Data(Range<usize>),
    /// A piece of the chunked coding around the data, which is all of the input. There is nothing to do with it.
    Framing,
    /// All data have been given.
    DataEnd,
    /// The body has ended, with these trailers. Only a chunked body can have some.
    End(Trailers<'b>),
}

/// What [`BodyDecoder::decode_in_place`] did.
#[derive(Clone, Debug)]
#[must_use]
pub struct DecodedInPlace<'b> {
    /// Bytes of data, which stand at the front of the input now. `data <= consumed`
    pub data: usize,
    /// Bytes of the input taken. What is behind them is as it was.
    pub consumed: usize,
    /// `Done` where the body has ended, at `consumed`; the error that stands behind the data.
    pub end: Result<Step<Trailers<'b>>, BodyError>,
}

/// Whether the end of the input is that of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub enum EndOfInput {
    /// The body is whole, as far as can be told: one that ends with the connection may have been cut short as well
    /// (RFC 9112, section 6.3).
    Complete,
    /// A part of the body is missing, its trailer section included (RFC 9112, section 8), or it was faulty. It is not
    /// to be taken for the whole.
    CutShort,
}

impl BodyDecoder {
    /// A decoder of a request's body, whose errors answer with 400 or 431.
    #[must_use]
    pub const fn request(framing: Framing, limits: BodyLimits) -> Self {
        Self::new(framing, limits, Message::Request)
    }

    /// A decoder of a response's body, whose errors are 502.
    #[must_use]
    pub const fn response(framing: Framing, limits: BodyLimits) -> Self {
        Self::new(framing, limits, Message::Response)
    }

    const fn new(framing: Framing, limits: BodyLimits, message: Message) -> Self {
        let state = match framing {
            Framing::None | Framing::Length(0) => State::DataEnd,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::Chunked(Chunked::new()),
            Framing::UntilClose => State::UntilClose,
        };
        Self { message, limits, offset: 0, state }
    }

    /// Reads the next item from the front of `input`.
    ///
    /// - [`Step::Done`] took `consumed` bytes, which will not be asked for again; call again with what is behind them.
    ///   What is behind the body is never taken: after the end, every call gives an [`End`](BodyItem::End) without
    ///   trailers that takes nothing.
    /// - [`Step::NeedMore`] took nothing: call again with the same bytes and more behind them. There are such bytes in
    ///   the trailer section only, elsewhere `input` was empty. Fewer further bytes than `at_least` give no item other
    ///   than [`Framing`](BodyItem::Framing).
    ///
    /// `fields` is for the trailers. It is not touched before they begin, and is the same store in every call from then
    /// on, as for [`TrailerScan::scan`].
    ///
    /// # Errors
    /// The first byte that cannot stand where it does, at the same offset however the body was split; every later call
    /// gives the same error. All items before it have been given.
    pub fn decode<'b, S: FieldStore>(
        &mut self,
        input: &'b [u8],
        fields: &'b mut S,
    ) -> Result<Step<BodyItem<'b>>, BodyError> {
        let (found, consumed) = match self.advance(input, fields)? {
            Step::Done { value, consumed } => (value, consumed),
            Step::NeedMore { at_least } => return Ok(Step::NeedMore { at_least }),
        };
        let value = match found {
            Found::Data(range) => BodyItem::Data(range),
            Found::Framing => BodyItem::Framing,
            Found::DataEnd => BodyItem::DataEnd,
            Found::Trailers => BodyItem::End(trailers(input, 0..consumed, fields)),
            Found::End => BodyItem::End(Trailers::NONE),
        };
        Ok(Step::Done { value, consumed })
    }

    /// Reads as much as there is in `input`, and moves the data to its front. Each byte of data is moved once at most.
    ///
    /// Call again with what is behind `consumed`, and more behind that where more is needed. Data in front of an error
    /// are given with the error. For `fields`, see [`decode`](Self::decode).
    ///
    /// ```
    /// use switchover_header::{BodyDecoder, FieldTable, Framing, Step};
    ///
    /// let mut input = *b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\nrest";
    /// let mut fields = FieldTable::<4>::new();
    /// let mut body = BodyDecoder::response(Framing::Chunked, Default::default());
    /// let decoded = body.decode_in_place(&mut input, &mut fields);
    /// let (data, consumed) = (decoded.data, decoded.consumed);
    /// assert!(matches!(decoded.end?, Step::Done { .. }));
    /// assert_eq!((&input[..data], &input[consumed..]), (&b"hello world"[..], &b"rest"[..]));
    /// # Ok::<(), switchover_header::BodyError>(())
    /// ```
    pub fn decode_in_place<'b, S: FieldStore>(&mut self, input: &'b mut [u8], fields: &'b mut S) -> DecodedInPlace<'b> {
        let (mut data, mut consumed) = (0, 0);
        let section = loop {
            let (found, taken) = match self.advance(input.get(consumed..).unwrap_or_default(), fields) {
                Ok(Step::Done { value, consumed }) => (value, consumed),
                Ok(Step::NeedMore { at_least }) => {
                    return DecodedInPlace { data, consumed, end: Ok(Step::NeedMore { at_least }) };
                }
                Err(error) => return DecodedInPlace { data, consumed, end: Err(error) },
            };
            let start = consumed;
            consumed += taken;
            match found {
                Found::Data(range) => {
                    let (from, length) = (start + range.start, range.len());
                    // They are in place where nothing stands before them.
                    if from != data {
                        input.copy_within(from..from + length, data);
                    }
                    data += length;
                }
                Found::Framing | Found::DataEnd => {}
                Found::Trailers => break Some(start..consumed),
                Found::End => break None,
            }
        };
        let value = match section {
            Some(section) => trailers(input, section, fields),
            None => Trailers::NONE,
        };
        DecodedInPlace { data, consumed, end: Ok(Step::Done { value, consumed }) }
    }

    /// Tells that no bytes follow those that were decoded, because the connection has ended, and asks whether the body
    /// has ended with it. Decode all that was received first.
    ///
    /// A body that is delimited by the end of the connection has its [`DataEnd`](BodyItem::DataEnd) and its
    /// [`End`](BodyItem::End) after this. For the others nothing changes.
    pub const fn end_of_input(&mut self) -> EndOfInput {
        match self.state {
            State::UntilClose => {
                self.state = State::DataEnd;
                EndOfInput::Complete
            }
            State::DataEnd | State::Ended => EndOfInput::Complete,
            State::Length(_) | State::Chunked(_) | State::Trailers(_) | State::Failed(_) => EndOfInput::CutShort,
        }
    }

    /// Bytes of the body taken so far, in the form in which it was sent.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    fn advance<S: FieldStore>(&mut self, input: &[u8], fields: &mut S) -> Result<Step<Found>, BodyError> {
        let step = self.find(input, fields);
        match step {
            Ok(Step::Done { consumed, .. }) => self.offset = self.offset.saturating_add(consumed as u64),
            Ok(Step::NeedMore { .. }) => {}
            Err(error) => self.state = State::Failed(error),
        }
        step
    }

    /// All transitions but that of [`Self::end_of_input`].
    fn find<S: FieldStore>(&mut self, input: &[u8], fields: &mut S) -> Result<Step<Found>, BodyError> {
        match &mut self.state {
            State::Length(_) | State::UntilClose if input.is_empty() => Ok(Step::NeedMore { at_least: 1 }),
            State::Length(left) => {
                let consumed = within(*left, input.len());
                *left -= consumed as u64;
                if *left == 0 {
                    self.state = State::DataEnd;
                }
                Ok(Step::Done { value: Found::Data(0..consumed), consumed })
            }
            State::UntilClose => Ok(Step::Done { value: Found::Data(0..input.len()), consumed: input.len() }),
            State::Chunked(chunked) => {
                let step = match chunked.advance(input, self.limits.extensions) {
                    Ok(step) => step,
                    Err((kind, at)) => return Err(self.error(kind, input, at)),
                };
                Ok(step.map(|part| match part {
                    Part::Data(range) => Found::Data(range),
                    Part::Framing => Found::Framing,
                    Part::LastChunk => {
                        self.state = State::Trailers(TrailerScan::new(self.limits.trailers, self.message));
                        Found::DataEnd
                    }
                }))
            }
            State::Trailers(scan) => {
                let step = match scan.scan(input, fields) {
                    Ok(step) => step.map(|_| Found::Trailers),
                    Err(error) => return Err(BodyError::in_trailers(error, self.offset, self.message)),
                };
                if let Step::Done { .. } = step {
                    self.state = State::Ended;
                }
                Ok(step)
            }
            State::DataEnd => {
                self.state = State::Ended;
                Ok(Step::Done { value: Found::DataEnd, consumed: 0 })
            }
            State::Ended => Ok(Step::Done { value: Found::End, consumed: 0 }),
            State::Failed(error) => Err(*error),
        }
    }

    /// An error of the chunked coding, found at `at` of `input`.
    fn error(&self, kind: BodyErrorKind, input: &[u8], at: usize) -> BodyError {
        let offset = self.offset.saturating_add(at as u64);
        let (offset, byte) = match kind {
            // Known one byte late, when the CR may be gone already.
            BodyErrorKind::BareCr => (offset - 1, Some(b'\r')),
            _ => (offset, input.get(at).copied()),
        };
        BodyError::new(kind, offset, byte, self.message)
    }
}

#[derive(Clone, Debug)]
enum State {
    /// In the data, of which this many bytes have yet to come: at least one.
    Length(u64),
    UntilClose,
    Chunked(Chunked),
    Trailers(TrailerScan),
    /// Behind all data, of a body without a trailer section.
    DataEnd,
    /// Behind the body.
    Ended,
    Failed(BodyError),
}

/// A [`BodyItem`] that borrows nothing.
#[derive(Debug)]
enum Found {
    Data(Range<usize>),
    Framing,
    DataEnd,
    /// The trailer section, which is the front of the input.
    Trailers,
    /// The end of a body without one.
    End,
}

fn trailers<'b, S: FieldStore>(input: &'b [u8], section: Range<usize>, fields: &'b S) -> Trailers<'b> {
    Trailers::new(input.get(section).unwrap_or_default(), fields.spans())
}

/// The number of bytes, of `available` ones, that belong to the next `left` bytes.
fn within(left: u64, available: usize) -> usize {
    usize::try_from(left).unwrap_or(usize::MAX).min(available)
}
