use super::{Fault, HeadScan, StartLine, index::Index};
use crate::{
    Backend, FieldStore, HeadError, Limits, Step, TrailerLimits, Trailers,
    error::Message,
    simd::{BLOCK, Classify, Masks},
};

/// Tokenizes one trailer section while its bytes arrive: field lines up to and with the empty line (RFC 9112, section
/// 7.1.2). Holds offsets only; the bytes stay the caller's.
///
/// [`BodyDecoder`](crate::BodyDecoder) uses it by itself; this is for whoever reads chunks in another way.
#[derive(Clone, Debug)]
pub struct TrailerScan {
    scan: HeadScan<NoLine>,
    message: Message,
}

impl TrailerScan {
    /// A scan for the trailer section of a request, whose errors answer with 400 or 431.
    #[must_use]
    pub fn request(limits: TrailerLimits) -> Self {
        Self::new(limits, Message::Request)
    }

    /// A scan for the trailer section of a response, whose errors are 502.
    #[must_use]
    pub fn response(limits: TrailerLimits) -> Self {
        Self::new(limits, Message::Response)
    }

    /// The same scan by `backend` rather than by the [best](Backend::best).
    #[must_use]
    pub fn with_backend(mut self, backend: Backend) -> Self {
        self.scan.backend = backend;
        self
    }

    pub(crate) fn new(limits: TrailerLimits, message: Message) -> Self {
        let TrailerLimits { name, value, fields, section } = limits;
        let limits = Limits { name, value, fields, head: section, ..Limits::default() };
        Self { scan: HeadScan::new(limits, NoLine), message }
    }

    /// Looks at `input`, which is all that was received since the line of the last chunk: the bytes of the last call,
    /// and more behind them. Only the new bytes are classified, so the work is linear however they arrive. `fields` is
    /// the same store in every call: one that lacks the spans of earlier calls costs a second look at all field lines.
    ///
    /// Trailers that were `Done` are given again if asked for again.
    ///
    /// # Errors
    /// The first byte that cannot stand where it does, at the same offset however the input was split; every later
    /// call gives the same error. Line folding is one of them in responses too.
    pub fn scan<'b, S: FieldStore>(
        &mut self,
        input: &'b [u8],
        fields: &'b mut S,
    ) -> Result<Step<Trailers<'b>>, HeadError> {
        let step = self.scan.advance(input, fields).map_err(|error| error.in_trailers(self.message))?;
        let consumed = match step {
            Step::Done { consumed, .. } => consumed,
            Step::NeedMore { at_least } => return Ok(Step::NeedMore { at_least }),
        };
        let Some(bytes) = input.get(..consumed) else {
            return Ok(Step::NeedMore { at_least: consumed - input.len() });
        };
        let fields: &'b S = fields;
        Ok(Step::Done { value: Trailers::new(bytes, fields.spans()), consumed })
    }
}

/// A trailer section has no start-line: it takes no bytes.
#[derive(Clone, Copy, Debug)]
struct NoLine;

impl StartLine for NoLine {
    /// Which one it is, the scan knows.
    const MESSAGE: Message = Message::Request;

    fn scan_whole(&mut self, _: &[u8], _: &[u8; BLOCK], _: Masks, _: &Limits, _: impl Classify) -> Option<usize> {
        Some(0)
    }

    fn scan(&mut self, _: &[u8], _: &Limits, _: &mut Index) -> Result<Step<()>, Fault> {
        Ok(Step::Done { value: (), consumed: 0 })
    }

    fn at(&self) -> usize {
        0
    }
}
