//! Heads that are made of other ones, for the next recipient (RFC 9110, section 7.6).

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;

use bytes::BufMut;
use switchover_header::names::{
    CONTENT_LENGTH, HOST, HTTP2_SETTINGS, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, VIA,
};
use switchover_header::{FieldsView, Framing, Status, Version, write};

use crate::LocalError;
use crate::fields::{Line, Start, write_whole};
use crate::hop::{CONNECTION_SPECIFIC, Nominated, is_end_to_end, is_one_of};

/// A request as it goes on to the next server: nothing is in it that was for the proxy alone.
///
/// - setters: [`field`](Self::field), [`without`](Self::without)
/// - getters, and the two forms to send it in: [`encode`](Self::encode) and, with feature `http`, `to_http`
#[derive(Clone, Debug)]
pub struct ForwardedRequest<'v> {
    pub(super) method: &'v str,
    pub(super) target: Cow<'v, str>,
    pub(super) lines: Lines<'v>,
    pub(super) framing: Framing,
}

/// A response as it goes on to the client: nothing is in it that was for the proxy alone.
///
/// - setters: [`field`](Self::field), [`without`](Self::without)
/// - getters, and the two forms to send it in: [`encode`](Self::encode) and, with feature `http`, `to_http`
#[derive(Clone, Debug)]
pub struct ForwardedResponse<'v> {
    pub(super) status: Status,
    /// That of the client's connection.
    pub(super) version: Version,
    pub(super) lines: Lines<'v>,
    pub(super) framing: Framing,
    pub(super) closes: bool,
    pub(super) server_closes: bool,
    pub(super) after_continue: bool,
}

impl<'v> ForwardedRequest<'v> {
    /// The same with one more field line, behind those already there.
    ///
    /// # Errors
    /// [`LocalError::FieldName`] and [`LocalError::FieldValue`] for what cannot stand in a field line,
    /// [`LocalError::ReservedField`] for Host, Via, and the fields of the handshake, of a connection and of framing.
    pub fn field(mut self, name: &'v str, value: impl Into<Cow<'v, [u8]>>) -> Result<Self, LocalError> {
        self.lines.add(name, value.into())?;
        Ok(self)
    }

    /// The same without the lines of this name, such as an `X-Forwarded-For` that the client made up.
    ///
    /// # Errors
    /// [`LocalError::ReservedField`], as for [`field`](Self::field).
    pub fn without(mut self, name: &str) -> Result<Self, LocalError> {
        self.lines.remove(name)?;
        Ok(self)
    }

    /// Writes the head, whole or not at all. The content, if there is some, follows by
    /// [`Exchange::receive`](crate::Exchange::receive).
    ///
    /// # Errors
    /// [`LocalError::OutputTooSmall`] if `out` has no room; one that grows always has. [`LocalError::FieldName`] for a
    /// name that another parser let through and that is none.
    pub fn encode(&self, out: &mut impl BufMut) -> Result<(), LocalError> {
        write_whole(out, Start::Request(self.method, &self.target), self.lines.iter(), &[])
    }

    /// The method.
    pub fn method(&self) -> &str {
        self.method
    }

    /// The target, in the form that a server takes which is no proxy (RFC 9112, section 3.2).
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Names and values of the field lines, in the order in which they are written.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &[u8])> + Clone {
        self.lines.iter()
    }

    /// How the content behind the head is delimited.
    pub fn framing(&self) -> Framing {
        self.framing
    }
}

impl<'v> ForwardedResponse<'v> {
    /// The same with one more field line, behind those already there.
    ///
    /// # Errors
    /// As for [`ForwardedRequest::field`].
    pub fn field(mut self, name: &'v str, value: impl Into<Cow<'v, [u8]>>) -> Result<Self, LocalError> {
        self.lines.add(name, value.into())?;
        Ok(self)
    }

    /// The same without the lines of this name.
    ///
    /// # Errors
    /// [`LocalError::ReservedField`], as for [`field`](Self::field).
    pub fn without(mut self, name: &str) -> Result<Self, LocalError> {
        self.lines.remove(name)?;
        Ok(self)
    }

    /// Writes the head in HTTP/1.1, whole or not at all.
    ///
    /// # Errors
    /// As for [`ForwardedRequest::encode`].
    pub fn encode(&self, out: &mut impl BufMut) -> Result<(), LocalError> {
        let start = match self.after_continue {
            // RFC 9110, section 7.8.
            true => Start::Switching { after_continue: true, reason: self.status.reason() },
            false => Start::Response(self.status),
        };
        write_whole(out, start, self.lines.iter(), &[])
    }

    /// The status.
    pub fn status(&self) -> Status {
        self.status
    }

    /// The version of the client's connection.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Names and values of the field lines, in the order in which they are written.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &[u8])> + Clone {
        self.lines.iter()
    }

    /// How the content behind the head has to be delimited for the client, on a connection of HTTP/1: what came in chunks,
    /// or with the end of its connection or stream, goes on in chunks of its own.
    pub fn framing(&self) -> Framing {
        self.framing
    }

    /// Whether the client's connection ends behind this response; it says so.
    pub fn closes(&self) -> bool {
        self.closes
    }

    /// Whether the server's connection cannot be used again behind a response that is not the switch: it ends, or the server
    /// would take another request for the rest of this one's content.
    pub fn server_closes(&self) -> bool {
        self.server_closes
    }
}

/// Field lines in the order in which they are written.
#[derive(Clone, Default)]
pub(super) struct Lines<'v>(Vec<(&'v str, Cow<'v, [u8]>)>);

impl<'v> Lines<'v> {
    /// Adds the lines of a message that are for all its recipients, but for those `left_out`.
    pub(super) fn extend(
        &mut self,
        view: &'v impl FieldsView,
        nominated: &Nominated<'_>,
        left_out: &[&str],
    ) -> &mut Self {
        let lines = view.lines().filter(|(name, _)| {
            // What frames a message is said anew for each connection.
            is_end_to_end(name)
                && !name.eq_ignore_ascii_case(CONTENT_LENGTH)
                && !is_one_of(name, left_out)
                && !nominated.contains(name)
        });
        // White space around a value is no part of it (RFC 9110, section 5.5), whatever another parser leaves there.
        self.0.extend(lines.map(|(name, value)| (name, Cow::Borrowed(trim(value)))));
        self
    }

    /// Adds a line that this crate makes itself.
    pub(super) fn push(&mut self, name: &'v str, value: impl Into<Cow<'v, [u8]>>) -> &mut Self {
        self.0.push((name, value.into()));
        self
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Line<'_>> + Clone {
        self.0.iter().map(|(name, value)| (*name, &**value))
    }

    /// Adds a line of the caller's.
    fn add(&mut self, name: &'v str, value: Cow<'v, [u8]>) -> Result<(), LocalError> {
        write::check_field(name, &value)?;
        check_reserved(name)?;
        self.0.push((name, value));
        Ok(())
    }

    fn remove(&mut self, name: &str) -> Result<(), LocalError> {
        check_reserved(name)?;
        self.0.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        Ok(())
    }
}

/// Names, and only the lengths of values: credentials are among them.
impl fmt::Debug for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (name, value) in self.iter() {
            map.entry(&name, &format_args!("{} bytes", value.len()));
        }
        map.finish()
    }
}

/// Without the SP and HTAB around it.
pub(super) fn trim(value: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = value.iter().take_while(|byte| is_space(byte)).count();
    let value = value.get(start..).unwrap_or_default();
    let end = value.iter().rev().take_while(|byte| is_space(byte)).count();
    value.get(..value.len() - end).unwrap_or_default()
}

fn check_reserved(name: &str) -> Result<(), LocalError> {
    const RESERVED: &[&str] = &[
        "TE",
        "Trailer",
        HTTP2_SETTINGS,
        HOST,
        VIA,
        CONTENT_LENGTH,
        SEC_WEBSOCKET_KEY,
        SEC_WEBSOCKET_VERSION,
        SEC_WEBSOCKET_PROTOCOL,
        SEC_WEBSOCKET_EXTENSIONS,
        SEC_WEBSOCKET_ACCEPT,
    ];
    let reserved = is_one_of(name, CONNECTION_SPECIFIC) || is_one_of(name, RESERVED);
    if reserved { Err(LocalError::ReservedField) } else { Ok(()) }
}
