//! Which fields are for the next recipient alone (RFC 9110, section 7.6.1).

use alloc::vec::Vec;
use core::cmp::Ordering;

use switchover_header::names::{
    CAPSULE_PROTOCOL, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HTTP2_SETTINGS, ORIGIN, SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING,
    UPGRADE, VIA,
};
use switchover_header::{FieldsView, TypedFields};

use crate::HandshakeError;

/// Fields that no message of HTTP/2 and HTTP/3 has (RFC 9113, section 8.2.2; RFC 9114, section 4.2).
pub(crate) const CONNECTION_SPECIFIC: &[&str] =
    &[CONNECTION, "Proxy-Connection", "Keep-Alive", TRANSFER_ENCODING, UPGRADE];

/// Fields beside them that go no further. TE and Trailer are about the framing of a message, which is made anew. The rest
/// is for the nearest proxy (RFC 9110, section 11.7) or for a switch to h2c (RFC 7540, section 3.2.1).
const OTHERS: &[&str] =
    &["TE", "Trailer", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Authentication-Info", HTTP2_SETTINGS];

/// Fields that are never for the next recipient alone, and without which a message would be another one for those behind
/// it: RFC 9110, section 7.6.1, forbids to nominate such a field.
const FOR_ALL: &[&str] = &[
    HOST,
    CONTENT_LENGTH,
    ORIGIN,
    VIA,
    EXPECT,
    CAPSULE_PROTOCOL,
    SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_VERSION,
    SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_EXTENSIONS,
    SEC_WEBSOCKET_ACCEPT,
];

/// Whether a field of this name may stand in a message of HTTP/2 and HTTP/3.
#[cfg(feature = "http")]
pub(crate) fn is_of_stream(name: &str) -> bool {
    !is_one_of(name, CONNECTION_SPECIFIC) && !name.eq_ignore_ascii_case("TE")
}

/// Whether a field of this name is for all recipients, unless Connection says otherwise.
pub(crate) fn is_end_to_end(name: &str) -> bool {
    !is_one_of(name, CONNECTION_SPECIFIC) && !is_one_of(name, OTHERS)
}

/// Whether the name is in the list, in any case.
pub(crate) fn is_one_of(name: &str, list: &[&str]) -> bool {
    list.iter().any(|other| other.eq_ignore_ascii_case(name))
}

/// The names in Connection: fields that go no further, and other options.
#[derive(Debug)]
pub(crate) struct Nominated<'v>(
    /// Sorted without regard to case.
    Vec<&'v str>,
);

impl<'v> Nominated<'v> {
    /// Those of a message that is passed on. What cannot be read could not be removed, so it is an error.
    pub(crate) fn of(view: &'v impl FieldsView) -> Result<Self, HandshakeError> {
        let mut names = Vec::new();
        for option in view.connection() {
            names.push(option.map_err(|error| HandshakeError::Malformed(CONNECTION, Some(error)))?);
        }
        names.sort_unstable_by(|one, other| compare(one, other));
        let nominated = Self(names);
        match FOR_ALL.iter().find(|name| nominated.contains(name)) {
            Some(name) => Err(HandshakeError::Nominated(name)),
            None => Ok(nominated),
        }
    }

    /// Whether Connection has this name.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.0.binary_search_by(|own| compare(own, name)).is_ok()
    }
}

fn compare(one: &str, other: &str) -> Ordering {
    one.bytes().map(|byte| byte.to_ascii_lowercase()).cmp(other.bytes().map(|byte| byte.to_ascii_lowercase()))
}
