//! Reading the client's opening handshake (RFC 6455, section 4.2.1), from whichever head it comes.

use switchover_header::names::{
    CONNECTION, EXPECT, HOST, ORIGIN, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use switchover_header::value::Authority;
use switchover_header::{Found, Framing, Names, RequestView, TypedFields, Version, value};

use super::Proposal;
use super::proposal::{Known, KnownOrigin};
use crate::read::once;
use crate::subprotocol::MAX_SUBPROTOCOLS;
use crate::{HandshakeError, Key, Origin, Refusal, Upgrade, expect};

/// The proposal to speak WebSocket that a request makes; `None` where it does not ask for WebSocket.
///
/// # Errors
/// The response to a request that asks for WebSocket and is not as RFC 6455, section 4.2.1, has it.
pub fn inspect<V: RequestView>(view: V) -> Result<Option<Proposal<V>>, Refusal> {
    let checked = {
        let fields = Fields { view: &view, found: view.find(&FIELDS) };
        if !fields.ask_for_websocket() {
            return Ok(None);
        }
        fields.check()
    };
    match checked {
        Ok((key, known)) => Ok(Some(Proposal::new(view, Upgrade { key }).with(known))),
        Err(error) => Err(Refusal::from(error).for_method(view.method())),
    }
}

/// All that a request which asks for WebSocket has to be: its key, and what is known of it then.
pub(crate) fn check_websocket(view: &impl RequestView) -> Result<(Key, Known), HandshakeError> {
    Fields { view, found: view.find(&FIELDS) }.check()
}

/// Whether there is a version; it is 13 then.
pub(crate) fn has_version(view: &impl RequestView) -> Result<bool, HandshakeError> {
    Fields { view, found: view.find(&FIELDS) }.has_version()
}

/// What a handshake has whatever its mechanism, and may leave out.
pub(crate) fn check_negotiation(view: &impl RequestView) -> Result<(), HandshakeError> {
    let fields = Fields { view, found: view.find(&FIELDS) };
    if fields.once(At::Origin)?.is_some_and(|origin| Origin::parse(origin).is_none()) {
        return Err(HandshakeError::Malformed(ORIGIN, None));
    }
    fields.check_subprotocols()?;
    fields.check_extensions()
}

/// The fields of a request by which it is judged, looked for at once.
struct Fields<'v, V, F> {
    view: &'v V,
    /// Gives those of [`FIELDS`].
    found: F,
}

const FIELDS: Names<9> = Names::new([
    CONNECTION,
    UPGRADE,
    HOST,
    EXPECT,
    SEC_WEBSOCKET_VERSION,
    SEC_WEBSOCKET_KEY,
    ORIGIN,
    SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_EXTENSIONS,
]);

/// The place of each in [`FIELDS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Connection,
    Upgrade,
    Host,
    Expect,
    Version,
    Key,
    Origin,
    Subprotocols,
    Extensions,
}

impl At {
    fn name(self) -> &'static str {
        FIELDS.get(self as usize).unwrap_or_default()
    }
}

impl<'v, V: RequestView, F: Fn(usize) -> Found<'v>> Fields<'v, V, F> {
    /// As [`counts`](crate::upgrade::counts) for a protocol that is WebSocket.
    ///
    /// What else stands in the two lists may be malformed: a server looks for what it knows (RFC 9110, section 7.6.1).
    fn ask_for_websocket(&self) -> bool {
        self.view.version() == Version::Http11
            && self.view.method() != "CONNECT"
            // Nearly every request without it has a Connection all the same.
            && self.have_token(At::Upgrade, "websocket")
            && self.have_token(At::Connection, "Upgrade")
    }

    /// Whether an element of a list is this token, in any case. Most often it stands alone and is spelled like this.
    #[inline(always)]
    fn have_token(&self, at: At, token: &str) -> bool {
        match (self.found)(at as usize) {
            Found::Missing => false,
            Found::Once(line) => line == token.as_bytes() || value::contains_token([line], token),
            Found::Repeated => value::contains_token(self.view.values(at.name()), token),
        }
    }

    fn check(&self) -> Result<(Key, Known), HandshakeError> {
        let view = self.view;
        if view.method() != "GET" {
            return Err(HandshakeError::Method(&["GET"]));
        }
        let speaks =
            |scheme: &str| ["http", "https", "ws", "wss"].iter().any(|known| known.eq_ignore_ascii_case(scheme));
        if !view.scheme().is_none_or(speaks) {
            return Err(HandshakeError::Scheme);
        }
        match view.framing() {
            Ok(Framing::None | Framing::Length(0)) => {}
            Ok(_) => return Err(HandshakeError::Content),
            Err(error) => return Err(HandshakeError::Framing(error)),
        }
        // RFC 9112, section 3.2: an empty Host is for targets without an authority, and a resource of WebSocket has one.
        let host = self.once(At::Host)?.ok_or(HandshakeError::Missing(&[HOST]))?;
        let authority = match value::host(host) {
            Ok(authority) if authority.host.is_empty() => return Err(HandshakeError::Malformed(HOST, None)),
            Ok(authority) => authority,
            Err(error) => return Err(HandshakeError::Malformed(HOST, Some(error))),
        };
        let no_expectation = (self.found)(At::Expect as usize) == Found::Missing;
        if !no_expectation {
            expect::check(view)?;
        }
        let key = self.check_version_and_key()?;
        let origin = self.check_origin(host, authority)?;
        self.check_subprotocols()?;
        self.check_extensions()?;
        Ok((key, Known { origin: Some(origin), no_expectation }))
    }

    /// The version comes first: what else a handshake of another version has is not known here.
    fn check_version_and_key(&self) -> Result<Key, HandshakeError> {
        let has_version = self.has_version()?;
        let key = self.once(At::Key)?;
        match (key, has_version) {
            (None, false) => Err(HandshakeError::Missing(&[SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION])),
            (None, true) => Err(HandshakeError::Missing(&[SEC_WEBSOCKET_KEY])),
            (Some(_), false) => Err(HandshakeError::Missing(&[SEC_WEBSOCKET_VERSION])),
            (Some(key), true) => Key::parse(key).ok_or(HandshakeError::Malformed(SEC_WEBSOCKET_KEY, None)),
        }
    }

    fn has_version(&self) -> Result<bool, HandshakeError> {
        match self.once(At::Version)? {
            None => Ok(false),
            Some(b"13") => Ok(true),
            Some(other) if value::websocket_version(other).is_ok() => Err(HandshakeError::Version),
            Some(_) => Err(HandshakeError::Malformed(SEC_WEBSOCKET_VERSION, None)),
        }
    }

    /// Whose page the request comes from, which has this Host.
    fn check_origin(&self, host: &'v [u8], authority: Authority<'v>) -> Result<KnownOrigin, HandshakeError> {
        let Some(origin) = self.once(At::Origin)? else { return Ok(KnownOrigin::None) };
        // RFC 9112, section 3.2.2: the authority of an absolute-form target takes the place of Host.
        let host = match self.view.authority() {
            // Browsers spell both the same, and what stands behind the scheme is a host then.
            None if origin.strip_prefix(b"http://").or(origin.strip_prefix(b"https://")) == Some(host) => {
                return Ok(KnownOrigin::OfHost);
            }
            None => Some(authority),
            Some(authority) => value::host(authority.as_bytes()).ok(),
        };
        match Origin::is_value_of(origin, host) {
            Some(true) => Ok(KnownOrigin::OfHost),
            Some(false) => Ok(KnownOrigin::Foreign),
            None => Err(HandshakeError::Malformed(ORIGIN, None)),
        }
    }

    /// RFC 6455, section 4.1: `1#token`, all unique.
    fn check_subprotocols(&self) -> Result<(), HandshakeError> {
        if (self.found)(At::Subprotocols as usize) == Found::Missing {
            return Ok(());
        }
        let mut seen = [""; MAX_SUBPROTOCOLS];
        for (count, token) in self.view.sec_websocket_protocol_client().enumerate() {
            let token = token.map_err(|error| HandshakeError::Malformed(SEC_WEBSOCKET_PROTOCOL, Some(error)))?;
            if seen.iter().take(count).any(|earlier| *earlier == token) {
                return Err(HandshakeError::RepeatedSubprotocol);
            }
            *seen.get_mut(count).ok_or(HandshakeError::TooManySubprotocols)? = token;
        }
        Ok(())
    }

    /// RFC 6455, section 9.1: `1#extension`.
    fn check_extensions(&self) -> Result<(), HandshakeError> {
        match (self.found)(At::Extensions as usize) {
            Found::Missing => Ok(()),
            Found::Once(line) if USUAL_EXTENSIONS.contains(&line) => Ok(()),
            _ => (self.view.sec_websocket_extensions_client())
                .try_for_each(|extension| extension.map(drop))
                .map_err(|error| HandshakeError::Malformed(SEC_WEBSOCKET_EXTENSIONS, Some(error))),
        }
    }

    /// The value of a field that may be there once.
    fn once(&self, at: At) -> Result<Option<&'v [u8]>, HandshakeError> {
        once((self.found)(at as usize), at.name())
    }
}

/// What nearly all clients offer, which is well formed: Chrome, Safari, and libraries that do the same; Firefox.
const USUAL_EXTENSIONS: &[&[u8]] = &[b"permessage-deflate; client_max_window_bits", b"permessage-deflate"];

#[cfg(test)]
mod tests {
    use alloc::format;

    use proptest::prelude::*;
    use proptest::sample::select;
    use switchover_header::{FieldTable, Limits, RequestScan, Step};

    use super::*;

    #[test]
    fn each_field_has_its_place() {
        for (at, name) in [
            (At::Connection, CONNECTION),
            (At::Upgrade, UPGRADE),
            (At::Host, HOST),
            (At::Expect, EXPECT),
            (At::Version, SEC_WEBSOCKET_VERSION),
            (At::Key, SEC_WEBSOCKET_KEY),
            (At::Origin, ORIGIN),
            (At::Subprotocols, SEC_WEBSOCKET_PROTOCOL),
            (At::Extensions, SEC_WEBSOCKET_EXTENSIONS),
        ] {
            assert_eq!(at.name(), name);
        }
    }

    #[test]
    fn usual_extensions_are_well_formed() {
        for line in USUAL_EXTENSIONS {
            assert!(value::extension(line).is_ok_and(|extension| !extension.has_empty), "{}", line.escape_ascii());
        }
    }

    const HOSTS: &[&str] =
        &["a.example", "A.EXAMPLE", "a.example.", "a", "b.example", "192.0.2.1", "[2001:db8::1]", "%61.example", "a*"];
    const PORTS: &[&str] = &["", ":", ":80", ":443", ":0080", ":8080", ":65536", ":x"];
    const SCHEMES: &[&str] =
        &["http://", "https://", "HTTP://", "Https://", "ws://", "file://", "http:/", "ht tp://", ""];

    proptest! {
        /// What is known of the origin when it comes to the answer is what its own functions say, whoever's page it is.
        #[test]
        fn what_is_known_of_an_origin_is_so(
            host in (select(HOSTS), select(PORTS)),
            scheme in select(SCHEMES),
            origin in (select(HOSTS), select(PORTS)),
            as_host: bool,
            behind in select(&["", "/", "a", "@b.example", " ", "\u{e9}", "\t"][..]),
            target in select(&["/", "http://a.example/", "http://b.example:443/"][..]),
        ) {
            let host = format!("{}{}", host.0, host.1);
            let origin = if as_host { host.clone() } else { format!("{}{}", origin.0, origin.1) };
            let origin = format!("{scheme}{origin}{behind}");
            let request = format!(
                "GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                 Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: {origin}\r\n\r\n",
            );
            let mut fields = FieldTable::<8>::new();
            let mut scan = RequestScan::new(Limits::default());
            let head = match scan.scan(request.as_bytes(), &mut fields) {
                Ok(Step::Done { value, .. }) => value,
                Ok(Step::NeedMore { .. }) => unreachable!("it is complete"),
                Err(_) => {
                    prop_assert!(value::host(host.as_bytes()).is_err());
                    return Ok(());
                }
            };
            // OWS behind a value is no part of it.
            let parsed = Origin::parse(origin.trim_end_matches([' ', '\t']).as_bytes());
            match inspect(head) {
                Ok(Some(proposal)) => {
                    let origin = parsed.expect("a proposal has an origin that is one");
                    prop_assert_eq!(proposal.origin(), Some(origin));
                    prop_assert!(proposal.known.origin.is_some());
                    prop_assert_eq!(proposal.same_origin(), origin.is_of_host(proposal.host()));
                }
                Ok(None) => unreachable!("it asks for WebSocket"),
                Err(refusal) => {
                    prop_assert_eq!(refusal.error(), Some(&HandshakeError::Malformed(ORIGIN, None)));
                    prop_assert_eq!(parsed, None);
                }
            }
        }
    }
}
