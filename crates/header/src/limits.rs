/// How much of a head is accepted. All sizes are bytes.
///
/// Each limit trips at the position of the first byte that exceeds it, as soon as that byte is
/// there: an element that is too long is refused while it is still incomplete, and at the same
/// offset however the input was split.
///
/// Worst-case memory of one head under the defaults: 64 KiB of the caller's buffer
/// ([`head`](Self::head)) and 2 KiB of [`FieldSpan`](crate::FieldSpan)s (16 bytes for each of
/// [`fields`](Self::fields)), or 4 KiB where they are in a `Vec`, which grows by doubling. The scan
/// itself holds offsets only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The start-line with the end of the line. Default 8,320: [`target`](Self::target) and 128 bytes.
    /// Exceeded: 414 inside the target, else 400.
    pub start_line: usize,
    /// The request target. Default 8,192; RFC 9112, section 3, asks for 8,000 at least for the
    /// whole line. Exceeded: 414.
    pub target: usize,
    /// One field name. Default 255. Exceeded: 431.
    pub name: usize,
    /// One field value, counted from the colon to the end of the line, white space and folds included. Default 16,384.
    /// Exceeded: 431.
    pub value: usize,
    /// Number of field lines. Default 128. Exceeded: 431.
    pub fields: usize,
    /// The whole head, from the first byte of the input to the empty line. Default 65,536; values
    /// beyond `u32::MAX` count as `u32::MAX`. Exceeded: 431.
    pub head: usize,
    /// Number of CRLFs skipped before a request line (RFC 9112, section 2.2). Default 4.
    /// Exceeded: 400. None are skipped before a status line.
    pub leading_crlf: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            start_line: 8_192 + 128,
            target: 8_192,
            name: 255,
            value: 16 * 1_024,
            fields: 128,
            head: 64 * 1_024,
            leading_crlf: 4,
        }
    }
}
