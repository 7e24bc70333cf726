//! A request that proposes WebSocket, and the two ways to answer it (RFC 6455, section 4.2.2).

use core::fmt;

use bytes::BufMut;
#[cfg(feature = "http")]
use switchover_header::Version;
#[cfg(any(feature = "http", test))]
use switchover_header::names::{CONNECTION, SEC_WEBSOCKET_ACCEPT, UPGRADE};
use switchover_header::names::{HOST, ORIGIN, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_PROTOCOL};
use switchover_header::value::Parameterized;
use switchover_header::{RequestView, TypedFields};

use super::Choice;
use crate::extension::Agreed;
use crate::fields::{CONTINUE, Line, Parts, give_line, write_parts};
use crate::read::single;
use crate::{Agreement, HandshakeError, Key, LocalError, Origin, OriginPolicy, Refusal, Upgrade, expect};

/// A request that proposes WebSocket, over the head it came in. All its fields are valid.
///
/// `M` is the mechanism by which it proposes: the [`Upgrade`] of HTTP/1.1. What can be known of a proposal and what it is
/// judged by is the same for any of them; only the answer is of its own form.
///
/// - getters: what the client wants; [`view`](Self::view) has all the rest of the head
/// - commands: [`accept`](Self::accept), [`refuse`](Self::refuse)
#[derive(Debug)]
#[must_use = "a client waits for its answer"]
pub struct Proposal<V, M = Upgrade> {
    view: V,
    mechanism: M,
    pub(super) known: Known,
}

/// What was found out of a request when its fields were read, so that they need not be looked for again. By default that is
/// nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known {
    pub(super) origin: Option<KnownOrigin>,
    /// Whether Expect is missing.
    pub(super) no_expectation: bool,
}

/// Whose page a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KnownOrigin {
    /// There is no Origin.
    None,
    /// See [`Origin::is_of_host`].
    OfHost,
    /// Another one.
    Foreign,
}

impl<V: RequestView> Proposal<V> {
    /// Accepts: writes the complete 101, or nothing. A 100 (Continue) goes before it, if the client waits for one (RFC
    /// 9110, section 7.8).
    ///
    /// # Errors
    /// [`AcceptError::Refused`] with the response to send where the choice does not let this proposal in: 403 for its
    /// origin, 400 where a subprotocol is required and none is common. [`AcceptError::Local`] with
    /// [`LocalError::OutputTooSmall`] if `out` has no room; one that grows always has. With
    /// [`LocalError::ExtensionParameter`] for what an extension answers.
    pub fn accept(self, choice: &Choice, out: &mut impl BufMut) -> Result<Agreement, AcceptError> {
        if let Some(error) = self.fault(choice) {
            return Err(Refusal::from(error).into());
        }
        let agreement = self.agree(choice)?;
        let after_continue = !self.known.no_expectation && expect::awaits_continue(&self.view);
        write_parts(out, &Switching::new(self.key().accept(), &agreement, choice, after_continue))?;
        Ok(agreement)
    }

    /// Refuses, for any reason of the server's: writes the complete response, or nothing.
    ///
    /// # Errors
    /// [`LocalError::OutputTooSmall`] if `out` has no room; one that grows always has.
    pub fn refuse(self, refusal: &Refusal, out: &mut impl BufMut) -> Result<(), LocalError> {
        refusal.encode(out)
    }

    /// Leaves Upgrade alone, as any server may (RFC 9110, section 7.8): the request is one of plain HTTP.
    pub fn ignore(self) -> V {
        self.view
    }

    /// The key that the accept value is made of.
    pub fn key(&self) -> Key {
        self.mechanism.key
    }
}

impl<V: RequestView, M> Proposal<V, M> {
    /// `view` is a request of which all checks are done.
    pub(crate) fn new(view: V, mechanism: M) -> Self {
        Self { view, mechanism, known: Known::default() }
    }

    /// The same where this is known of the request.
    pub(super) fn with(self, known: Known) -> Self {
        Self { known, ..self }
    }

    /// Path and query, which select the service; RFC 6455 calls them the resource name.
    pub fn path(&self) -> &str {
        self.view.path()
    }

    /// The host and, where it was sent, the port that the client wants to talk to.
    pub fn host(&self) -> &str {
        // RFC 9112, section 3.2.2: the authority of an absolute-form target takes the place of Host.
        let field = || single(&self.view, HOST).ok().flatten().and_then(|host| core::str::from_utf8(host).ok());
        self.view.authority().or_else(field).unwrap_or_default()
    }

    /// The origin of the page that opens the connection; `None` where no browser does.
    pub fn origin(&self) -> Option<Origin<'_>> {
        single(&self.view, ORIGIN).ok().flatten().and_then(Origin::parse)
    }

    /// Whether the origin is the host's own, or there is none. See [`Origin::is_of_host`].
    pub fn same_origin(&self) -> bool {
        match self.known.origin {
            Some(origin) => origin != KnownOrigin::Foreign,
            None => self.origin().is_none_or(|origin| origin.is_of_host(self.host())),
        }
    }

    /// The subprotocols offered, in the client's order of preference.
    pub fn subprotocols(&self) -> impl Iterator<Item = &str> + Clone {
        self.view.sec_websocket_protocol_client().filter_map(Result::ok)
    }

    /// The extensions offered, in the client's order of preference, with their parameters.
    pub fn extensions(&self) -> impl Iterator<Item = Parameterized<'_>> + Clone {
        self.view.sec_websocket_extensions_client().filter_map(Result::ok)
    }

    /// The head of the request.
    pub fn view(&self) -> &V {
        &self.view
    }

    /// What is agreed by the answer, if the choice lets this proposal in.
    #[cfg(feature = "http")]
    pub(crate) fn judge(&self, choice: &Choice) -> Result<Agreement, AcceptError> {
        match self.fault(choice) {
            Some(error) => Err(Refusal::from(error).into()),
            None => Ok(self.agree(choice)?),
        }
    }

    /// Why the choice does not let this proposal in.
    #[inline]
    fn fault(&self, choice: &Choice) -> Option<HandshakeError> {
        if !self.is_let_in(&choice.origins) {
            return Some(HandshakeError::ForeignOrigin);
        }
        let lacks_subprotocol =
            choice.subprotocols.is_required() && choice.subprotocols.select(self.subprotocols()).is_none();
        lacks_subprotocol.then_some(HandshakeError::SubprotocolRequired)
    }

    /// What is agreed by the answer to a proposal that is let in.
    #[inline]
    fn agree(&self, choice: &Choice) -> Result<Agreement, LocalError> {
        let subprotocol = choice.subprotocols.select(self.subprotocols());
        let extensions = match choice.extensions.is_empty() {
            true => Agreed::default(),
            false => choice.extensions.answer(self.extensions())?,
        };
        Ok(Agreement::new(subprotocol, extensions))
    }

    fn is_let_in(&self, policy: &OriginPolicy) -> bool {
        match self.known.origin {
            Some(KnownOrigin::None) => true,
            Some(origin) if policy.asks_for_host_alone() => origin == KnownOrigin::OfHost,
            _ => self.origin().is_none_or(|origin| policy.permits(origin, self.host())),
        }
    }
}

/// A 101 that accepts WebSocket.
struct Switching<'a> {
    after_continue: bool,
    /// All of it that is the same for every choice.
    head: [u8; SWITCHING.len()],
    agreement: &'a Agreement,
    choice: &'a Choice,
}

/// The 101, with room for the accept value.
const SWITCHING: &[u8; 129] = b"HTTP/1.1 101 Switching Protocols\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Accept: ............................\r\n\
    \r\n";

impl<'a> Switching<'a> {
    fn new(accept: [u8; Key::ACCEPT_LEN], agreement: &'a Agreement, choice: &'a Choice, after_continue: bool) -> Self {
        const AT: usize = SWITCHING.len() - Key::ACCEPT_LEN - b"\r\n\r\n".len();
        let mut head = *SWITCHING;
        head[AT..][..Key::ACCEPT_LEN].copy_from_slice(&accept);
        Self { after_continue, head, agreement, choice }
    }
}

impl Parts for Switching<'_> {
    #[inline]
    fn each(&self, mut give: impl FnMut(&[u8])) {
        // RFC 9110, section 7.8.
        if self.after_continue {
            give(CONTINUE);
        }
        let mut lines = negotiated_lines(self.agreement, self.choice).peekable();
        if lines.peek().is_none() {
            return give(&self.head);
        }
        let (head, end) = self.head.split_at(SWITCHING.len() - b"\r\n".len());
        give(head);
        lines.for_each(|line| give_line(line, &mut give));
        give(end);
    }
}

/// Why a proposal was not accepted. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AcceptError {
    /// The [`Choice`] does not let it in: this is the response to send.
    Refused(Refusal),
    /// The caller's mistake.
    Local(LocalError),
}

impl AcceptError {
    /// The response to send; 500 (Internal Server Error) for the caller's own mistake.
    pub fn into_refusal(self) -> Refusal {
        match self {
            Self::Refused(refusal) => refusal,
            Self::Local(_) => Refusal::internal_error(),
        }
    }

    /// The same, with a response of this version.
    #[cfg(feature = "http")]
    pub(crate) fn for_version(self, version: Version) -> Self {
        match self {
            Self::Refused(refusal) => Self::Refused(refusal.for_version(version)),
            local => local,
        }
    }
}

impl fmt::Display for AcceptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Local(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for AcceptError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::Local(error) => Some(error),
        }
    }
}

impl From<Refusal> for AcceptError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<LocalError> for AcceptError {
    fn from(error: LocalError) -> Self {
        Self::Local(error)
    }
}

/// As [`AcceptError::into_refusal`], for `?` where every failure is answered.
impl From<AcceptError> for Refusal {
    fn from(error: AcceptError) -> Self {
        error.into_refusal()
    }
}

/// The field lines of the 101 in the order in which they are written.
#[cfg(any(feature = "http", test))]
pub(crate) fn answer_lines<'a>(
    accept: &'a [u8],
    agreement: &'a Agreement,
    choice: &'a Choice,
) -> impl Iterator<Item = Line<'a>> + Clone {
    let handshake: [Line<'a>; 3] = [(UPGRADE, b"websocket"), (CONNECTION, b"Upgrade"), (SEC_WEBSOCKET_ACCEPT, accept)];
    handshake.into_iter().chain(negotiated_lines(agreement, choice))
}

/// Those of an answer by any mechanism.
pub(crate) fn negotiated_lines<'a>(
    agreement: &'a Agreement,
    choice: &'a Choice,
) -> impl Iterator<Item = Line<'a>> + Clone {
    let subprotocol = agreement.subprotocol().map(|name| (SEC_WEBSOCKET_PROTOCOL, name.as_bytes()));
    let extensions = agreement.extension_list().map(|list| (SEC_WEBSOCKET_EXTENSIONS, list.as_bytes()));
    subprotocol.into_iter().chain(extensions).chain(choice.fields.iter())
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use switchover_header::Status;

    use super::*;
    use crate::fields::{Start, write_whole};

    /// What is written at once is what the lines say, one by one.
    #[test]
    fn the_101_is_that_of_its_lines() {
        let accept = Key::from_nonce(*b"the sample nonce").accept();
        let choice = Choice::new().field("Set-Cookie", "visit=7").unwrap().field("X-Empty", "").unwrap();
        for choice in [Choice::new(), choice] {
            for subprotocol in [None, Some("chat")] {
                for after_continue in [false, true] {
                    let agreement = Agreement::new(subprotocol, Agreed::default());
                    let (mut written, mut expected) = (Vec::new(), Vec::new());
                    write_parts(&mut written, &Switching::new(accept, &agreement, &choice, after_continue)).unwrap();
                    let start = Start::Switching { after_continue, reason: Status::SWITCHING_PROTOCOLS.reason() };
                    write_whole(&mut expected, start, answer_lines(&accept, &agreement, &choice), &[]).unwrap();
                    assert_eq!(written, expected);
                }
            }
        }
    }
}
