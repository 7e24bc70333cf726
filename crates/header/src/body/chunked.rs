use core::ops::Range;

use super::{BodyErrorKind, within};
use crate::{
    Step,
    classify::{is_field_byte, is_ows, is_token_byte},
};

/// The chunks of a chunked body, up to and with the line of the last chunk (RFC 9112, section 7.1).
///
/// Numbers are all it holds, also of a line that a read cut off.
#[derive(Clone, Debug)]
pub(super) struct Chunked {
    state: State,
    /// The chunk-size while its line is read; then, how many bytes of the chunk-data have yet to come.
    size: u64,
    /// Digits of the chunk-size so far, at most [`MOST_DIGITS`].
    digits: u8,
    /// Bytes of chunk extensions in the whole body so far.
    extensions: usize,
}

/// What the front of the input is.
#[derive(Debug)]
pub(super) enum Part {
    /// A piece of chunk-data, never empty, with what stands before it.
    Data(Range<usize>),
    /// All of the input, and no data.
    Framing,
    /// All up to and with the LF of the last chunk.
    LastChunk,
}

/// As many digits hold every `u64`. More are leading zeros or too much.
const MOST_DIGITS: u8 = 16;

/// What the next byte belongs to, if not the state says that it is before or behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// At the first digit of a chunk-size.
    BeforeSize,
    Size,
    /// In white space which an extension has to follow.
    BeforeSemicolon,
    /// Behind the `;`.
    BeforeName,
    Name,
    /// In white space behind the name.
    AfterName,
    /// Behind the `=`.
    BeforeValue,
    Value,
    Quoted,
    /// Behind a backslash.
    Escaped,
    /// Behind the closing quote.
    AfterQuoted,
    /// At the LF of a chunk-size line.
    Lf,
    Data,
    /// Behind the chunk-data.
    DataCr,
    DataLf,
}

impl Chunked {
    pub(super) const fn new() -> Self {
        Self { state: State::BeforeSize, size: 0, digits: 0, extensions: 0 }
    }

    /// Reads the next part from the front of `input`. `extensions` is how many bytes of them the whole body may have.
    ///
    /// A fault is given with its offset in `input`; that of [`BodyErrorKind::BareCr`] is behind the CR, which may have
    /// been the last byte of an earlier input.
    pub(super) fn advance(&mut self, input: &[u8], extensions: usize) -> Result<Step<Part>, (BodyErrorKind, usize)> {
        for (at, &byte) in input.iter().enumerate() {
            if self.state == State::Data {
                let consumed = at + within(self.size, input.len() - at);
                self.size -= (consumed - at) as u64;
                if self.size == 0 {
                    self.state = State::DataCr;
                }
                return Ok(Step::Done { value: Part::Data(at..consumed), consumed });
            }
            let next = self.state.next(byte).map_err(|kind| (kind, at))?;
            match next {
                State::BeforeSize => self.digits = 0,
                State::Size => self.add_digit(byte).map_err(|kind| (kind, at))?,
                State::Data if self.size == 0 => return Ok(Step::Done { value: Part::LastChunk, consumed: at + 1 }),
                _ if next.is_extension() => {
                    if self.extensions >= extensions {
                        return Err((BodyErrorKind::ExtensionsTooLong, at));
                    }
                    self.extensions += 1;
                }
                _ => {}
            }
            self.state = next;
        }
        Ok(match input {
            [] => Step::NeedMore { at_least: self.at_least() },
            _ => Step::Done { value: Part::Framing, consumed: input.len() },
        })
    }

    fn add_digit(&mut self, byte: u8) -> Result<(), BodyErrorKind> {
        if self.digits == MOST_DIGITS {
            return Err(BodyErrorKind::ChunkSizeTooLong);
        }
        self.digits += 1;
        let digit = char::from(byte).to_digit(16).unwrap_or_default();
        self.size = self.size * 16 + u64::from(digit);
        Ok(())
    }

    /// What is missing until data are there, or until the line of the last chunk is whole.
    fn at_least(&self) -> usize {
        let line = match self.state {
            State::BeforeSize => "0\r\n",
            State::Size | State::Name | State::Value | State::AfterQuoted => "\r\n",
            State::BeforeSemicolon | State::AfterName => ";a\r\n",
            State::BeforeName | State::BeforeValue => "a\r\n",
            State::Quoted => "\"\r\n",
            State::Escaped => "a\"\r\n",
            State::Lf => "\n",
            State::Data => "",
            State::DataCr => "\r\n0\r\n",
            State::DataLf => "\n0\r\n",
        };
        line.len() + usize::from(self.size > 0)
    }
}

impl State {
    /// All transitions but the one that counts: out of `Data`.
    fn next(self, byte: u8) -> Result<Self, BodyErrorKind> {
        Ok(match (self, byte) {
            // chunk-size = 1*HEXDIG
            (Self::BeforeSize | Self::Size, _) if byte.is_ascii_hexdigit() => Self::Size,

            // RFC 9112, section 7.1.1:
            // chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )
            (
                Self::Size | Self::BeforeSemicolon | Self::Name | Self::AfterName | Self::Value | Self::AfterQuoted,
                b';',
            ) => Self::BeforeName,
            (Self::Size | Self::BeforeSemicolon | Self::Value | Self::AfterQuoted, _) if is_ows(byte) => {
                Self::BeforeSemicolon
            }
            (Self::BeforeName, _) if is_ows(byte) => Self::BeforeName,
            (Self::BeforeName | Self::Name, _) if is_token_byte(byte) => Self::Name,
            (Self::Name | Self::AfterName, _) if is_ows(byte) => Self::AfterName,
            (Self::Name | Self::AfterName, b'=') => Self::BeforeValue,
            (Self::BeforeValue, _) if is_ows(byte) => Self::BeforeValue,
            // chunk-ext-val = token / quoted-string
            (Self::BeforeValue | Self::Value, _) if is_token_byte(byte) => Self::Value,
            (Self::BeforeValue, b'"') => Self::Quoted,
            (Self::Quoted, b'"') => Self::AfterQuoted,
            (Self::Quoted, b'\\') => Self::Escaped,
            (Self::Quoted | Self::Escaped, _) if is_field_byte(byte) => Self::Quoted,

            (Self::Size | Self::Name | Self::Value | Self::AfterQuoted, b'\r') => Self::Lf,
            (Self::Lf, b'\n') => Self::Data,
            (Self::DataCr, b'\r') => Self::DataLf,
            (Self::DataLf, b'\n') => Self::BeforeSize,

            (Self::Lf | Self::DataLf, _) => return Err(BodyErrorKind::BareCr),
            (_, b'\n') => return Err(BodyErrorKind::BareLf),
            (Self::BeforeSize | Self::Size, _) => return Err(BodyErrorKind::ChunkSize),
            (Self::DataCr, _) => return Err(BodyErrorKind::ChunkDataEnd),
            _ => return Err(BodyErrorKind::ChunkExtension),
        })
    }

    /// Whether a byte that leads here belongs to an extension.
    const fn is_extension(self) -> bool {
        matches!(
            self,
            Self::BeforeSemicolon
                | Self::BeforeName
                | Self::Name
                | Self::AfterName
                | Self::BeforeValue
                | Self::Value
                | Self::Quoted
                | Self::Escaped
                | Self::AfterQuoted
        )
    }
}
