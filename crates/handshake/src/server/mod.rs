//! The server's half, from bytes: [`ServerHandshake`].

mod answer;
mod choice;
mod inspect;
mod proposal;

use alloc::boxed::Box;
use core::ops::Deref;

use bytes::BufMut;
use switchover_header::{FieldTable, Limits, RequestHead, RequestScan, Status, Step};

pub use self::choice::Choice;
pub(crate) use self::inspect::check_websocket;
pub use self::inspect::inspect;
pub(crate) use self::inspect::{check_negotiation, has_version};
pub use self::proposal::{AcceptError, Proposal};
#[cfg(feature = "http")]
pub(crate) use self::proposal::{answer_lines, negotiated_lines};
use crate::content::{Content, ContentReader, has_content};
use crate::fields::{Start, write_whole};
use crate::{
    ConnectProposal, HandshakeError, INLINE_FIELDS, LocalError, Protocols, Refusal, UpgradeProposal, expect,
    inspect_connect, inspect_upgrade,
};

/// Reads requests until one leaves HTTP.
///
/// The caller keeps the bytes: [`receive`](Self::receive) is given everything from the start of the request, again with
/// more behind it as long as it says [`Step::NeedMore`], and no byte is looked at twice. After [`Step::Done`] the
/// caller removes `consumed` bytes from the front of its buffer, and what stays there belongs to the new protocol.
///
/// Requests are given out one at a time, in order, whatever was sent behind them: each is answered before the next
/// call, so that a 101 never comes before the answer to an earlier request (RFC 9112, section 9.3.2). Content of a
/// plain request stands before the next one: [`receive_content`](Self::receive_content).
///
/// A [`Refusal`] is sent and ends the connection. Memory of its own is flat: the limits bound the number of fields,
/// and the bytes are the caller's.
///
/// - handle: [`receive`](Self::receive), [`receive_content`](Self::receive_content), [`answer`](Self::answer)
/// - the deadline is the caller's; [`Refusal::timeout`] is the answer when it passes
#[derive(Debug)]
pub struct ServerHandshake {
    limits: Limits,
    protocols: Protocols,
    connect: bool,
    early_data: EarlyData,
    scan: RequestScan,
    fields: FieldTable<INLINE_FIELDS>,
    /// The scan has given a head out, and what comes next is another request.
    is_given: bool,
    /// The content of the request that was given out last, if it has some.
    content: Option<Box<ContentReader>>,
    /// What every call gives once a request was refused, or was left with content that nobody has read.
    refused: Option<Refusal>,
}

/// What to do with bytes behind the request that are there before it is answered.
///
/// A client waits for the answer (RFC 6455, section 4.1; RFC 9931), and some send their first message at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EarlyData {
    /// They stay in the caller's buffer, as the first bytes of the new protocol.
    #[default]
    Keep,
    /// A proposal with bytes behind it, or behind its content, is refused with 400. Only those count that are in
    /// `input` already when [`receive`](ServerHandshake::receive) sees the end of the head, or a
    /// [`Switch`](crate::Switch) that of the content: what arrives later, and may have been sent as early, is for the
    /// new protocol.
    Reject,
}

/// A request that came to the end of its head.
#[derive(Debug)]
pub enum Request<'a> {
    /// It proposes WebSocket, and everything that can be checked is right. Of the protocols that the client offers and
    /// the server allows, the server prefers this one.
    WebSocket(Proposal<RequestHead<'a>>),
    /// It proposes protocols that the server [allows](ServerHandshake::protocols), and prefers to WebSocket, should
    /// that be among them.
    Upgrade(UpgradeProposal<'a, RequestHead<'a>>),
    /// It proposes a tunnel, and the server [has them](ServerHandshake::tunnels).
    Connect(ConnectProposal<RequestHead<'a>>),
    /// It asks for nothing that the server allows.
    Http(PlainRequest<'a>),
}

/// A well-formed request that asks for no switch the server allows, to be answered as any other.
///
/// Upgrade does not count on HTTP/1.0, nor where Connection does not name it (RFC 9110, sections 7.6.1 and 7.8). The
/// content of the request, if its framing says there is some, follows what was consumed, and
/// [`ServerHandshake::receive_content`] reads it. Until it has been read, the handshake refuses whatever comes next
/// with [`HandshakeError::Content`], so that content is never taken for a request. What follows a CONNECT request is
/// never read as one: a server that rejects it closes the connection (RFC 9931).
#[derive(Clone, Copy, Debug)]
pub struct PlainRequest<'a>(RequestHead<'a>);

impl ServerHandshake {
    /// Waits for a request whose head keeps to these limits. WebSocket is all that is allowed.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            protocols: Protocols::default(),
            connect: false,
            early_data: EarlyData::default(),
            scan: RequestScan::new(limits),
            fields: FieldTable::new(),
            is_given: false,
            content: None,
            refused: None,
        }
    }

    /// The same for other protocols than WebSocket alone.
    #[must_use]
    pub fn protocols(mut self, protocols: &Protocols) -> Self {
        self.protocols = protocols.clone();
        self
    }

    /// The same for a server that has tunnels: CONNECT is a proposal. Without this it is a plain request.
    #[must_use]
    pub fn tunnels(mut self) -> Self {
        self.connect = true;
        self
    }

    /// The same with another policy for bytes that come before the answer.
    #[must_use]
    pub fn early_data(mut self, policy: EarlyData) -> Self {
        self.early_data = policy;
        self
    }

    /// Looks at the bytes from the start of the request to the last one received.
    ///
    /// # Errors
    /// The response that refuses the request. Every later call gives it again.
    pub fn receive<'a>(&'a mut self, input: &'a [u8]) -> Result<Step<Request<'a>>, Refusal> {
        if let Some(refusal) = &self.refused {
            return Err(refusal.clone());
        }
        let mut refuse = |refusal: Refusal| {
            self.refused = Some(refusal.clone());
            Err(refusal)
        };
        if self.content.as_ref().is_some_and(|content| !content.has_ended()) {
            return refuse(HandshakeError::Content.into());
        }
        if core::mem::take(&mut self.is_given) {
            self.scan = RequestScan::new(self.limits);
        }
        let (head, consumed) = match self.scan.scan(input, &mut self.fields) {
            Ok(Step::Done { value, consumed }) => (value, consumed),
            Ok(Step::NeedMore { at_least }) => return Ok(Step::NeedMore { at_least }),
            Err(error) => return refuse(HandshakeError::Head(error).into()),
        };
        self.is_given = true;
        let request = match Request::inspect(head, &self.protocols, self.connect, self.early_data) {
            Ok(request) => request,
            Err(refusal) => return refuse(refusal),
        };
        // Behind content, it is for the switch to see what comes early.
        let leaves = !matches!(request, Request::Http(_)) && !has_content(head.framing());
        if leaves && self.early_data == EarlyData::Reject && consumed < input.len() {
            return refuse(Refusal::from(HandshakeError::EarlyData).for_method(head.method()));
        }
        // Whoever reads it bounds it.
        self.content =
            has_content(head.framing()).then(|| Box::new(ContentReader::new(head.framing(), u64::MAX, head.method())));
        if head.method() == "CONNECT" {
            self.refused = Some(HandshakeError::Tunnel.into());
        }
        Ok(Step::Done { value: request, consumed })
    }

    /// Reads the content of the plain request that was given out last, from the byte behind its head on. After each
    /// [`Step::Done`] the caller removes `consumed` bytes; behind [`Content::End`] comes the next request. There is no
    /// limit: none of it is held here.
    ///
    /// The content of an [`UpgradeProposal`] that is accepted is read by its [`Switch`](crate::Switch).
    ///
    /// # Errors
    /// The response to content that is not framed as the head says. Every later call gives it again.
    pub fn receive_content(&mut self, input: &[u8]) -> Result<Step<Content>, Refusal> {
        if let Some(refusal) = &self.refused {
            return Err(refusal.clone());
        }
        let Some(content) = &mut self.content else {
            return Ok(Step::Done { value: Content::End, consumed: 0 });
        };
        content.read(input).map_err(|error| {
            let refusal = content.refusal(error);
            self.refused = Some(refusal.clone());
            refusal
        })
    }
}

impl Default for ServerHandshake {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl<'a> Request<'a> {
    /// The request as HTTP has it, whatever it asks for: Upgrade may be ignored (RFC 9110, section 7.8).
    pub fn plain(&self) -> PlainRequest<'a> {
        PlainRequest(match self {
            Self::WebSocket(proposal) => *proposal.view(),
            Self::Upgrade(proposal) => *proposal.view(),
            Self::Connect(proposal) => *proposal.view(),
            Self::Http(request) => request.0,
        })
    }

    /// The proposal to speak WebSocket.
    ///
    /// # Errors
    /// The response to any other request: see [`PlainRequest::refuse`].
    pub fn into_websocket(self) -> Result<Proposal<RequestHead<'a>>, Refusal> {
        match self {
            Self::WebSocket(proposal) => Ok(proposal),
            request => Err(request.plain().refuse()),
        }
    }

    /// The proposal to leave for one of the protocols that the server [allows](ServerHandshake::protocols), which are these.
    ///
    /// # Errors
    /// The response to any other request: 426 (Upgrade Required), with the protocols.
    pub fn into_upgrade(self, protocols: &Protocols) -> Result<UpgradeProposal<'a, RequestHead<'a>>, Refusal> {
        match self {
            Self::Upgrade(proposal) => Ok(proposal),
            request => Err(request.plain().refuse_with(Refusal::upgrade_required(protocols))),
        }
    }

    /// The proposal of a tunnel.
    ///
    /// # Errors
    /// The response to any other request: 405 (Method Not Allowed).
    pub fn into_connect(self) -> Result<ConnectProposal<RequestHead<'a>>, Refusal> {
        match self {
            Self::Connect(proposal) => Ok(proposal),
            request => Err(request.plain().refuse_with(HandshakeError::Method(&["CONNECT"]).into())),
        }
    }

    fn inspect(
        head: RequestHead<'a>,
        protocols: &'a Protocols,
        connect: bool,
        early_data: EarlyData,
    ) -> Result<Self, Refusal> {
        if connect && let Some(proposal) = inspect_connect(head)? {
            return Ok(Self::Connect(proposal));
        }
        // The same for WebSocket alone, without a look at other protocols.
        if protocols.is_websocket_alone() {
            return Ok(inspect(head)?.map_or(Self::Http(PlainRequest(head)), Self::WebSocket));
        }
        let Some(mut proposal) = inspect_upgrade(head, protocols)? else {
            return Ok(Self::Http(PlainRequest(head)));
        };
        proposal.early_data = early_data;
        if !proposal.preferred().is_websocket() {
            return Ok(Self::Upgrade(proposal));
        }
        Ok(proposal.into_websocket().map_or_else(Self::Upgrade, Self::WebSocket))
    }
}

impl<'a> From<RequestHead<'a>> for PlainRequest<'a> {
    fn from(head: RequestHead<'a>) -> Self {
        Self(head)
    }
}

impl<'a> PlainRequest<'a> {
    /// The head, for longer than a reference to this value.
    pub fn head(&self) -> RequestHead<'a> {
        self.0
    }

    /// The refusal of a resource that speaks WebSocket only: 405 (Method Not Allowed) where the method is not GET, else
    /// 426 (Upgrade Required).
    ///
    /// HTTP/1.0 gets 426 too. It is a final response, which any version understands, and it says what to do; the
    /// Upgrade field in it asks for nothing that the client may not ignore (RFC 9110, section 15.5.22).
    pub fn refuse(&self) -> Refusal {
        let error = match self.0.method() {
            "GET" => HandshakeError::UpgradeRequired,
            _ => HandshakeError::Method(&["GET"]),
        };
        self.refuse_with(error.into())
    }

    /// Writes a 100 (Continue), whole or not at all, where the client waits for one before it sends the content; else
    /// nothing. Whoever is going to read the content calls this first (RFC 9110, section 10.1.1).
    ///
    /// # Errors
    /// [`LocalError::OutputTooSmall`] if `out` has no room; one that grows always has.
    pub fn proceed(&self, out: &mut impl BufMut) -> Result<(), LocalError> {
        match has_content(self.0.framing()) && expect::awaits_continue(&self.0) {
            true => write_whole(out, Start::Response(Status::CONTINUE), core::iter::empty(), &[]),
            false => Ok(()),
        }
    }

    /// A refusal of the server's as the response to this request: HEAD gets no content (RFC 9110, section 9.3.2).
    pub fn refuse_with(&self, refusal: Refusal) -> Refusal {
        refusal.for_method(self.0.method())
    }
}

impl<'a> Deref for PlainRequest<'a> {
    type Target = RequestHead<'a>;

    fn deref(&self) -> &RequestHead<'a> {
        &self.0
    }
}
