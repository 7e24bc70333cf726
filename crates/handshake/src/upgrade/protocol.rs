//! What there is to know of a protocol before a connection can switch to it: [`Protocol`].

use switchover_header::FieldsView;
use switchover_header::names::{CAPSULE_PROTOCOL, HTTP2_SETTINGS};
use switchover_header::value::{self, Product};

use crate::read::single;
use crate::{HandshakeError, LocalError};

/// The rules of one protocol that an Upgrade field may name: which requests can switch to it, and what the switch is
/// like. They are the same for a server, which allows it, and for a client, which offers it.
///
/// By default a protocol has no version, the method is GET, the request has no content, and the switch is its answer.
///
/// ```
/// use switchover_handshake::{Protocol, Requirement};
///
/// const FIELDS: &[Requirement] = &[Requirement::new("Derp-Fast-Start", |value| value == b"1")];
/// let derp = Protocol::new("DERP")?.methods(&["GET", "POST"]).requires(FIELDS);
/// assert_eq!(derp.name(), "DERP");
/// # Ok::<(), switchover_handshake::LocalError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Protocol {
    /// A token.
    name: &'static str,
    versions: Versions,
    pub(crate) methods: &'static [&'static str],
    pub(crate) requirements: &'static [Requirement],
    /// Bytes of content that are read before the switch; `None` where there may be none.
    pub(crate) content: Option<u64>,
    pub(crate) reason: &'static str,
    pub(crate) response_fields: &'static [(&'static str, &'static str)],
    pub(crate) answered: bool,
    pub(crate) carries_http: bool,
    pub(crate) alone: bool,
    pub(crate) cleartext: bool,
    pub(crate) ignored_when_broken: bool,
    pub(crate) success_without_switch: bool,
}

/// A field that a request needs to switch to a [`Protocol`]. It is there once.
#[derive(Clone, Copy, Debug)]
pub struct Requirement {
    pub(crate) name: &'static str,
    pub(crate) nominated: bool,
    pub(crate) is_valid: fn(&[u8]) -> bool,
}

impl Protocol {
    /// A protocol with this name, as it is registered or as its users have it.
    ///
    /// # Errors
    /// [`LocalError::Protocol`] if it is no token. [`LocalError::WebSocket`] for `websocket`, whose rules are
    /// [known](Self::websocket).
    pub fn new(name: &'static str) -> Result<Self, LocalError> {
        if !value::is_token(name.as_bytes()) {
            return Err(LocalError::Protocol);
        }
        let protocol = Self::known(name);
        if protocol.is_websocket() { Err(LocalError::WebSocket) } else { Ok(protocol) }
    }

    /// `websocket` (RFC 6455). A server accepts it by a [`Choice`](crate::Choice), and a client has an
    /// [`Offer`](crate::Offer) for it. Its rules are known, and [`Protocols`](crate::Protocols) takes no others for it.
    pub const fn websocket() -> Self {
        Self::known("websocket")
    }

    /// `h2c`, HTTP/2 in cleartext (RFC 7540, section 3.2, obsoleted by RFC 9113): exactly one HTTP2-Settings field,
    /// which Connection names, else Upgrade is ignored. Content of up to 64 KiB is read first, and the request is
    /// answered on stream 1.
    ///
    /// It is never allowed by default, and never [over TLS](crate::Protocols::over_tls). Behind a proxy that hands
    /// Upgrade on, whoever allows it lets requests past that proxy.
    pub const fn h2c() -> Self {
        const SETTINGS: &[Requirement] =
            &[Requirement::new(HTTP2_SETTINGS, |settings| value::http2_settings(settings).is_ok()).nominated()];
        let protocol = Self::known("h2c").methods(&[]).requires(SETTINGS).reads_content(64 << 10);
        protocol.answered().cleartext().ignored_when_broken()
    }

    /// `TLS/1.0` to `TLS/1.3` (RFC 2817): any method, often `OPTIONS *`, and content of up to 64 KiB. The TLS handshake
    /// follows the 101, and behind it the answer to the request, in the HTTP/1.1 that the 101 names as the upper layer.
    pub const fn tls() -> Self {
        let protocol = Self::known("TLS").versions(&["1.0", "1.1", "1.2", "1.3"]).methods(&[]);
        protocol.reads_content(64 << 10).answered().carries_http().cleartext()
    }

    /// `connect-udp` (RFC 9298): alone in Upgrade, with `Capsule-Protocol: ?1`. A request that is not so is malformed
    /// and refused.
    pub const fn connect_udp() -> Self {
        Self::known("connect-udp").capsules()
    }

    /// `connect-ip` (RFC 9484), as [`connect_udp`](Self::connect_udp).
    pub const fn connect_ip() -> Self {
        Self::known("connect-ip").capsules()
    }

    /// `tcp`, by which the API of Docker and Podman attaches to the streams of a container: POST with up to 64 KiB of
    /// content, answered by `101 UPGRADED`. The response's Content-Type is the caller's.
    pub const fn docker() -> Self {
        Self::known("tcp").methods(&["POST"]).reads_content(64 << 10).reason("UPGRADED")
    }

    /// `SPDY/3.1`, over which Kubernetes runs commands and forwards ports: POST or GET without content.
    pub const fn spdy() -> Self {
        Self::known("SPDY").versions(&["3.1"]).methods(&["POST", "GET"])
    }

    /// The same, in one of these versions, the most preferred first. Versions are compared exactly.
    #[must_use]
    pub const fn versions(mut self, versions: &'static [&'static str]) -> Self {
        self.versions = Versions::Of(versions);
        self
    }

    /// The same in any version, and without one.
    #[must_use]
    pub const fn any_version(mut self) -> Self {
        self.versions = Versions::Any;
        self
    }

    /// The same for requests with one of these methods; with none of them for all methods but CONNECT.
    #[must_use]
    pub const fn methods(mut self, methods: &'static [&'static str]) -> Self {
        self.methods = methods;
        self
    }

    /// The same for requests with these fields, in the place of those required so far.
    #[must_use]
    pub const fn requires(mut self, fields: &'static [Requirement]) -> Self {
        self.requirements = fields;
        self
    }

    /// The same for requests with and without content: a server reads up to `limit` bytes of it before it switches
    /// (RFC 9110, section 7.8), and refuses more with 413.
    #[must_use]
    pub const fn reads_content(mut self, limit: u64) -> Self {
        self.content = Some(limit);
        self
    }

    /// The same, and the request is still answered, in the new protocol. Without this the switch is its answer.
    #[must_use]
    pub const fn answered(mut self) -> Self {
        self.answered = true;
        self
    }

    /// The same, and the 101 may name `HTTP/1.1`, the current protocol, as the layer above it.
    #[must_use]
    pub const fn carries_http(mut self) -> Self {
        self.carries_http = true;
        self
    }

    /// The same as the only protocol in its Upgrade field.
    #[must_use]
    pub const fn alone(mut self) -> Self {
        self.alone = true;
        self
    }

    /// The same on connections without TLS only; see [`Protocols::over_tls`](crate::Protocols::over_tls).
    #[must_use]
    pub const fn cleartext(mut self) -> Self {
        self.cleartext = true;
        self
    }

    /// The same, and a server ignores it in a request that is not as the rules have it. Without this it refuses such a
    /// request, unless that can switch to another protocol.
    #[must_use]
    pub const fn ignored_when_broken(mut self) -> Self {
        self.ignored_when_broken = true;
        self
    }

    /// The same with another reason phrase in the 101.
    #[must_use]
    pub const fn reason(mut self, reason: &'static str) -> Self {
        self.reason = reason;
        self
    }

    /// The same with these field lines in each 101 to which the caller adds none of the name.
    #[must_use]
    pub const fn response_fields(mut self, fields: &'static [(&'static str, &'static str)]) -> Self {
        self.response_fields = fields;
        self
    }

    /// The same, and a client takes a 200 without Content-Length and Transfer-Encoding for the switch as well: so does
    /// Docker answer where a proxy has removed Upgrade.
    #[must_use]
    pub const fn success_without_switch(mut self) -> Self {
        self.success_without_switch = true;
        self
    }

    /// The name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Whether this is WebSocket.
    pub const fn is_websocket(&self) -> bool {
        self.name.eq_ignore_ascii_case("websocket")
    }

    /// Whether the request is still answered in the new protocol.
    pub const fn is_answered(&self) -> bool {
        self.answered
    }

    /// Whether this is the protocol that an element of Upgrade names: names compare without regard to case, versions
    /// exactly (RFC 9110, section 7.8).
    pub fn is_named_by(&self, product: &Product<'_>) -> bool {
        self.name.eq_ignore_ascii_case(product.name)
            && match (self.versions, product.version) {
                (Versions::None, version) => version.is_none(),
                (Versions::Of(versions), version) => version.is_some_and(|version| versions.contains(&version)),
                (Versions::Any, _) => true,
            }
    }

    /// Whether a request with this method can switch.
    pub(crate) fn has_method(&self, method: &str) -> bool {
        if self.methods.is_empty() { method != "CONNECT" } else { self.methods.contains(&method) }
    }

    /// The elements that name this protocol in Upgrade, each a name and a version.
    pub(crate) fn elements(&self) -> impl Iterator<Item = Product<'static>> + use<> {
        let name = self.name;
        let versions = match self.versions {
            Versions::Of(versions) => versions,
            Versions::None | Versions::Any => &[],
        };
        let bare = versions.is_empty().then_some(Product { name, version: None });
        bare.into_iter().chain(versions.iter().map(move |version| Product { name, version: Some(version) }))
    }

    /// Whether the rules are those of [`known`](Self::known): the rules of WebSocket stand elsewhere.
    pub(super) fn has_known_rules(&self) -> bool {
        let flags = [self.answered, self.carries_http, self.alone, self.cleartext, self.ignored_when_broken];
        matches!(self.versions, Versions::None)
            && self.methods == ["GET"]
            && self.requirements.is_empty()
            && self.content.is_none()
            && self.reason == "Switching Protocols"
            && self.response_fields.is_empty()
            && !flags.contains(&true)
            && !self.success_without_switch
    }

    const fn known(name: &'static str) -> Self {
        Self {
            name,
            versions: Versions::None,
            methods: &["GET"],
            requirements: &[],
            content: None,
            reason: "Switching Protocols",
            response_fields: &[],
            answered: false,
            carries_http: false,
            alone: false,
            cleartext: false,
            ignored_when_broken: false,
            success_without_switch: false,
        }
    }

    /// RFC 9298, section 3.2, and RFC 9297, section 3.4.
    const fn capsules(self) -> Self {
        const REQUEST: &[Requirement] =
            &[Requirement::new(CAPSULE_PROTOCOL, |item| matches!(value::boolean_item(item), Ok(true)))];
        self.requires(REQUEST).response_fields(&[(CAPSULE_PROTOCOL, "?1")]).alone()
    }
}

impl Requirement {
    /// A field with this name and a value that is valid.
    pub const fn new(name: &'static str, is_valid: fn(&[u8]) -> bool) -> Self {
        Self { name, nominated: false, is_valid }
    }

    /// The same, and Connection has to name the field, which intermediaries then remove (RFC 9110, section 7.6.1).
    #[must_use]
    pub const fn nominated(mut self) -> Self {
        self.nominated = true;
        self
    }

    /// Whether these fields have it, once and valid.
    pub(crate) fn check(&'static self, fields: &impl FieldsView) -> Result<(), HandshakeError> {
        // A slice of one: what an error names lives as long as the rules do.
        let missing = HandshakeError::Missing(core::slice::from_ref(&self.name));
        let value = single(fields, self.name)?.ok_or(missing)?;
        if (self.is_valid)(value) { Ok(()) } else { Err(HandshakeError::Malformed(self.name, None)) }
    }
}

#[derive(Clone, Copy, Debug)]
enum Versions {
    /// The protocol has none.
    None,
    /// One of these.
    Of(&'static [&'static str]),
    /// Any one, or none.
    Any,
}

/// Whether a connection of HTTP/1.1 can switch to what an Upgrade field names: HTTP/3 has another transport, which Upgrade
/// cannot change (RFC 9110, section 7.8), and is found by other means.
pub fn is_actionable(product: &Product<'_>) -> bool {
    let http_major = product.name.eq_ignore_ascii_case("HTTP").then_some(product.version).flatten();
    let major = http_major.and_then(|version| version.split('.').next()?.parse().ok());
    major.is_none_or(|major: u32| major < 3)
}
