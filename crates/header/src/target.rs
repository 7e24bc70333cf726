//! The four forms of a request target (RFC 9112, section 3.2).
//!
//! The bytes of a target are those of RFC 3986, section 2. What browsers send beyond them, `{`, `}`,
//! `|`, `^`, the backtick and raw bytes from 0x80 on, is refused with 400 like any other byte that
//! the grammar does not have: recipients differ in what they make of it, and RFC 9112, section 3.2,
//! has an invalid request line answered, not repaired.

use crate::{
    HeadErrorKind,
    store::{Span, small},
    value,
};

/// A target, taken apart. All spans are offsets in the input.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Target {
    pub(crate) whole: Span,
    pub(crate) authority: Option<Span>,
    /// Path and query; empty where the target has none.
    path: Span,
}

/// What is wrong, and its offset in the input.
type Fault = (HeadErrorKind, usize);

impl Target {
    /// The target at `whole`, which begins with `/`, of any method but CONNECT.
    pub(crate) const fn origin_form(whole: Span) -> Self {
        Self { whole, authority: None, path: whole }
    }

    /// Takes apart the target at `whole`, whose bytes have been checked.
    pub(crate) fn parse(input: &[u8], method: Span, whole: Span) -> Result<Self, Fault> {
        Self::of(method.of(input), whole.of(input), whole)
    }

    /// Takes apart a target of these bytes, which have been checked and stand at `whole`.
    pub(crate) fn of(method: &[u8], bytes: &[u8], whole: Span) -> Result<Self, Fault> {
        // RFC 9112, section 3.2.3: CONNECT has the authority-form, and no other method has it.
        if method == b"CONNECT" {
            let target = host(bytes, whole)?;
            return match target.port {
                // RFC 9110, section 9.3.6: an empty or invalid port is refused.
                None => Err((HeadErrorKind::TargetForm, whole.end as usize)),
                Some(0) => Err((HeadErrorKind::TargetForm, whole.start as usize + target.host.len() + 1)),
                Some(_) => Ok(Self { whole, authority: Some(whole), path: Span::EMPTY }),
            };
        }
        match bytes {
            [b'/', ..] => Ok(Self::origin_form(whole)),
            // RFC 9112, section 3.2.4: the asterisk-form is for OPTIONS alone.
            b"*" if method == b"OPTIONS" => Ok(Self { whole, authority: None, path: whole }),
            _ => Self::parse_absolute(bytes, whole),
        }
    }

    /// The absolute-form: `scheme "://" authority path-abempty ["?" query]`, as the schemes of HTTP
    /// and of WebSocket have it (RFC 9110, section 4.2; RFC 6455, section 3). A URI without an
    /// authority is no target of HTTP.
    fn parse_absolute(bytes: &[u8], whole: Span) -> Result<Self, Fault> {
        let at = |length: usize| Span { start: whole.start + small(length), end: whole.end };
        let scheme = bytes.iter().take_while(|byte| **byte != b':').count();
        let (true, Some(rest)) = (
            value::is_scheme(bytes.get(..scheme).unwrap_or_default()),
            bytes.get(scheme..).and_then(|rest| rest.strip_prefix(b":")),
        ) else {
            return Err((HeadErrorKind::TargetForm, whole.start as usize));
        };
        let Some(hierarchy) = rest.strip_prefix(b"//") else {
            return Err((HeadErrorKind::TargetForm, at(scheme + 1).start as usize));
        };
        let length = hierarchy.iter().take_while(|byte| !matches!(byte, b'/' | b'?')).count();
        let path = at(scheme + 3 + length);
        let authority = Span { start: path.start - small(length), end: path.start };
        // RFC 9110, sections 4.2.1 and 4.2.4: an empty host and user information are errors.
        if host(hierarchy.get(..length).unwrap_or_default(), authority)?.host.is_empty() {
            return Err((HeadErrorKind::TargetForm, authority.start as usize));
        }
        Ok(Self { whole, authority: Some(authority), path })
    }

    /// The scheme of the absolute-form.
    pub(crate) fn scheme(&self) -> Option<Span> {
        // `://` stands before its authority, and nothing before that of the authority-form.
        let end = self.authority?.start.checked_sub(3).filter(|end| *end > self.whole.start)?;
        Some(Span { start: self.whole.start, end })
    }

    /// Path and query, as [`RequestHead::path`](crate::RequestHead::path) gives them.
    pub(crate) fn path<'b>(&self, input: &'b [u8], method: &str) -> &'b str {
        if self.path == Span::EMPTY {
            return "";
        }
        match self.path.ascii(input) {
            "" if method == "OPTIONS" => "*",
            "" => "/",
            path => path,
        }
    }
}

fn host(bytes: &[u8], span: Span) -> Result<value::Authority<'_>, Fault> {
    value::host(bytes).map_err(|error| (HeadErrorKind::TargetForm, span.start as usize + error.offset()))
}
