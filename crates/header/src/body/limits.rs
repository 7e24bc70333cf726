/// How much framing around the data of a chunked body is accepted. All sizes are bytes.
///
/// There is no limit of the data: none of it is held, and whoever holds it can stop at any item.
///
/// Worst-case memory of one body under the defaults: the trailer section in the caller's buffer
/// ([`TrailerLimits::section`]) and its [`FieldSpan`](crate::FieldSpan)s. The decoder itself holds numbers only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyLimits {
    /// All chunk extensions of the body together: what stands between each chunk-size and its CRLF, white space
    /// included (RFC 9112, section 7.1.1). Default 16,384. Exceeded: 400.
    pub extensions: usize,
    /// The trailer section.
    pub trailers: TrailerLimits,
}

/// How much of a trailer section is accepted. All sizes are bytes.
///
/// Each limit trips at the position of the first byte that exceeds it, as soon as that byte is there.
///
/// Worst-case memory of one trailer section under the defaults: 16 KiB of the caller's buffer
/// ([`section`](Self::section)) and 512 bytes of [`FieldSpan`](crate::FieldSpan)s (16 bytes for each of
/// [`fields`](Self::fields)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrailerLimits {
    /// One field name. Default 255. Exceeded: 431.
    pub name: usize,
    /// One field value, counted from the colon to the CR, white space included. Default 8,192. Exceeded: 431.
    pub value: usize,
    /// Number of field lines. Default 32. Exceeded: 431.
    pub fields: usize,
    /// The whole section, up to and with the empty line. Default 16,384; values beyond `u32::MAX` count as `u32::MAX`.
    /// Exceeded: 431.
    pub section: usize,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self { extensions: 16 * 1_024, trailers: TrailerLimits::default() }
    }
}

impl Default for TrailerLimits {
    fn default() -> Self {
        Self { name: 255, value: 8 * 1_024, fields: 32, section: 16 * 1_024 }
    }
}
