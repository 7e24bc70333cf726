//! A request of HTTP/1 on its way to a server of HTTP/1.1.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use switchover_header::names::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST, TRANSFER_ENCODING, UPGRADE, VIA};
use switchover_header::{Framing, RequestView, Status, Version, value};

use super::exchange::Kind;
use super::head::{Lines, trim};
use super::offered::WebSocket;
use super::{Exchange, ForwardedRequest, Relay, via};
use crate::fields::check_request;
use crate::hop::{Nominated, is_one_of};
use crate::read::single;
use crate::{HandshakeError, MAX_PROTOCOLS, Refusal, inspect_connect, inspect_upgrade};

impl Relay {
    /// The request as it goes on: without what was for this relay alone, which is what Connection names and what is known to
    /// be so (RFC 9110, section 7.6.1); with Upgrade and Connection made anew where it offers a protocol that is allowed;
    /// with the Host that its target has, and framed by one field. A request of HTTP/1.0 has no Upgrade.
    ///
    /// The content, where there is some, goes by [`Exchange::receive`].
    ///
    /// # Errors
    /// The response to a request that cannot go on: 400 where it is malformed, its target too, or nominates a field that is for all
    /// recipients; what [`inspect_upgrade`] has for an offer that is not as its rules have it; 501 for CONNECT, unless it
    /// [is allowed](Self::tunnels); 505 for a request of HTTP/2 or HTTP/3.
    pub fn forward<'v, V: RequestView>(&self, view: &'v V) -> Result<(ForwardedRequest<'v>, Exchange), Refusal> {
        let refuse = |refusal: Refusal| refusal.for_method(view.method()).for_version(view.version());
        if view.version() >= Version::Http2 {
            return Err(refuse(Refusal::known(Status::HTTP_VERSION_NOT_SUPPORTED)));
        }
        self.pass(view).map_err(refuse)
    }

    fn pass<'v, V: RequestView>(&self, view: &'v V) -> Result<(ForwardedRequest<'v>, Exchange), Refusal> {
        let nominated = Nominated::of(view)?;
        let framing = view.framing().map_err(HandshakeError::Framing)?;
        let host = host(view)?;
        let mut lines = Lines::default();
        lines.push(HOST, host.as_bytes());
        let (kind, target) = if inspect_connect(view)?.is_some() {
            if !self.connect {
                return Err(Refusal::known(Status::NOT_IMPLEMENTED));
            }
            (Kind::Connect, Cow::Borrowed(host))
        } else {
            (self.upgrade(view, &nominated, &mut lines)?, origin_form(view.path()))
        };
        // What another parser let through cannot be written.
        check_request(view.method(), &target).map_err(|_| HandshakeError::Target)?;
        // RFC 9110, section 10.1.1: to be ignored in HTTP/1.0, of which what goes on is not.
        let left_out: &[&str] = if view.version() == Version::Http10 { &[HOST, EXPECT] } else { &[HOST] };
        lines.extend(view, &nominated, left_out);
        match framing {
            Framing::Length(length) => {
                lines.push(CONTENT_LENGTH, format!("{length}").into_bytes());
            }
            Framing::Chunked => {
                lines.push(TRANSFER_ENCODING, &b"chunked"[..]);
            }
            Framing::None | Framing::UntilClose => {}
        }
        lines.push(VIA, via(view.version(), &self.pseudonym));
        let request = ForwardedRequest { method: view.method(), target, lines, framing };
        Ok((request, Exchange::new(self, kind, view, framing)))
    }

    /// What of Upgrade goes on, with the lines that say so.
    fn upgrade<'v, V: RequestView>(
        &self,
        view: &'v V,
        nominated: &Nominated<'v>,
        lines: &mut Lines<'v>,
    ) -> Result<Kind, Refusal> {
        let Some(proposal) = inspect_upgrade(view, &self.protocols)? else { return Ok(Kind::Plain) };
        let mut offered: Vec<Box<str>> = Vec::new();
        let mut options: Vec<&'static str> = Vec::from(["Upgrade"]);
        // A server may ignore any of them (RFC 9110, section 7.8), and so may whoever stands before it.
        for product in proposal.protocols().take(MAX_PROTOCOLS) {
            let name = product.to_string().into_boxed_str();
            if offered.iter().any(|other| other.eq_ignore_ascii_case(&name)) {
                continue;
            }
            offered.push(name);
            // What belongs to the switch is for the next recipient, as Upgrade itself is.
            for rule in self.protocols.find(&product).into_iter().flat_map(|(_, protocol)| protocol.requirements) {
                match rule.nominated {
                    true if !is_one_of(rule.name, &options) => options.push(rule.name),
                    true => {}
                    // Without it, the request would be another one.
                    false if nominated.contains(rule.name) => return Err(HandshakeError::Nominated(rule.name).into()),
                    false => {}
                }
            }
        }
        lines.push(UPGRADE, offered.join(", ").into_bytes()).push(CONNECTION, options.join(", ").into_bytes());
        for name in options.into_iter().skip(1) {
            for value in view.values(name) {
                lines.push(name, trim(value));
            }
        }
        let websocket = proposal.into_websocket().ok().map(|proposal| WebSocket::new(&proposal, proposal.key()));
        Ok(Kind::Upgrade { offered, websocket })
    }
}

/// RFC 9112, section 3.2.2: where the target has an authority, Host is that, whatever was received in its place.
fn host(view: &impl RequestView) -> Result<&str, HandshakeError> {
    let field = single(view, HOST)?;
    let host = match view.authority() {
        Some(authority) => authority.as_bytes(),
        None => field.ok_or(HandshakeError::Missing(&[HOST]))?,
    };
    value::host(host).map_err(|error| HandshakeError::Malformed(HOST, Some(error)))?;
    core::str::from_utf8(host).map_err(|_| HandshakeError::Malformed(HOST, None))
}

/// RFC 9112, section 3.2.1: a server that is no proxy gets a path.
fn origin_form(path: &str) -> Cow<'_, str> {
    match path {
        "" => Cow::Borrowed("/"),
        _ if path.starts_with('?') => Cow::Owned(String::from("/") + path),
        _ => Cow::Borrowed(path),
    }
}
