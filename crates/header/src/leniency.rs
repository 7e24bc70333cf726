/// What a scan accepts of responses beyond the grammar of RFC 9112, for peers that are known to need it: modems and
/// cameras that end lines with LF alone, scripts that put white space before a colon. The default is nothing.
///
/// Each is named as the [`HeadErrorKind`](crate::HeadErrorKind) that it lets pass. It is for responses alone: leniency
/// in requests is what smuggling is made of, and white space before a colon has to be refused in them (section 5.1).
///
/// ```compile_fail,E0599
/// use switchover_header::{Leniency, Limits, RequestScan};
///
/// let scan = RequestScan::new(Limits::default()).with_leniency(Leniency::default());
/// ```
///
/// Folded lines are no part of it, since they have to be overwritten: see
/// [`ResponseScan::scan_unfolding`](crate::ResponseScan::scan_unfolding). Bodies and their trailer sections are read by
/// the grammar, whatever the head in front of them was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leniency {
    /// A LF without a CR before it ends the status line, a field line, and the head (RFC 9112, section 2.2). A CR
    /// without a LF behind it stays an error.
    pub bare_lf: bool,
    /// SP and HTAB between a field name and the colon are no part of the name (RFC 9112, section 5.1: a proxy removes
    /// them from a response). They count as such for [`Limits::name`](crate::Limits::name).
    pub space_before_colon: bool,
}

impl Leniency {
    /// The number of bytes of the shortest end of a line.
    pub(crate) const fn shortest_line_end(self) -> usize {
        if self.bare_lf { b"\n".len() } else { b"\r\n".len() }
    }
}
