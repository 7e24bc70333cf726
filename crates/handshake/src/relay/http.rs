//! What is passed on, in the types of the crate `http`.

use ::http::{Method, Request, Response, StatusCode, Uri};
use switchover_header::names::VIA;
use switchover_header::{Framing, RequestView};

use super::bridge::OF_ONE_SIDE;
use super::exchange::Kind;
use super::head::Lines;
use super::offered::WebSocket;
use super::{Exchange, ForwardedRequest, ForwardedResponse, Relay, via};
use crate::hop::Nominated;
use crate::http::{headers, version};
use crate::{AcceptError, ConnectProtocolSetting, LocalError, Proposal, Refusal};

impl Relay {
    /// The extended CONNECT request for the server behind a bridge, made of a proposal over HTTP/1.1: `:authority` from Host,
    /// and without the key and what else a connection has of its own. Its `:protocol` is
    /// [`ExtendedConnect::PROTOCOL`](crate::ExtendedConnect::PROTOCOL), its version HTTP/2.
    ///
    /// `secure` says whether the server's connection is one over TLS, and with it the scheme; `setting` is what the server
    /// has sent.
    ///
    /// # Errors
    /// [`AcceptError::Refused`] with the response to a request whose Connection field cannot be read, or names a field that
    /// is for all recipients. [`AcceptError::Local`] with [`LocalError::ConnectProtocol`] unless the server has said that such
    /// a request may be sent, and for what `http` has no room for.
    pub fn to_extended<V: RequestView>(
        &self,
        proposal: &Proposal<V>,
        secure: bool,
        setting: ConnectProtocolSetting,
    ) -> Result<(Request<()>, Exchange), AcceptError> {
        if !setting.is_enabled() {
            return Err(LocalError::ConnectProtocol.into());
        }
        let view = proposal.view();
        let nominated = Nominated::of(view).map_err(Refusal::from)?;
        let mut lines = Lines::default();
        lines.extend(view, &nominated, OF_ONE_SIDE).push(VIA, via(view.version(), &self.pseudonym));
        let uri = Uri::builder()
            .scheme(if secure { "https" } else { "http" })
            .authority(proposal.host())
            .path_and_query(proposal.path())
            .build();
        let mut request = Request::new(());
        *request.method_mut() = Method::CONNECT;
        *request.uri_mut() = uri.map_err(|_| LocalError::Target)?;
        *request.version_mut() = ::http::Version::HTTP_2;
        *request.headers_mut() = headers(lines.iter())?;
        let kind = Kind::ToExtended(WebSocket::new(proposal, proposal.key()));
        Ok((request, Exchange::new(self, kind, view, Framing::None)))
    }
}

impl ForwardedRequest<'_> {
    /// The head as a value.
    ///
    /// # Errors
    /// [`LocalError::Target`] for a target, and [`LocalError::TooManyFields`] for fields, that `http` has no room for.
    pub fn to_http(&self) -> Result<Request<()>, LocalError> {
        let mut request = Request::new(());
        *request.method_mut() = Method::from_bytes(self.method().as_bytes()).map_err(|_| LocalError::Method)?;
        *request.uri_mut() = self.target().parse().map_err(|_| LocalError::Target)?;
        *request.headers_mut() = headers(self.fields())?;
        Ok(request)
    }
}

impl ForwardedResponse<'_> {
    /// The head as a value, in the version of the client's connection.
    ///
    /// # Errors
    /// [`LocalError::TooManyFields`] where there are more fields than `http` has room for.
    pub fn to_http(&self) -> Result<Response<()>, LocalError> {
        let mut response = Response::new(());
        // Both types hold 100 to 999.
        *response.status_mut() = StatusCode::from_u16(self.status().as_u16()).unwrap_or(StatusCode::BAD_GATEWAY);
        *response.version_mut() = version(self.version());
        *response.headers_mut() = headers(self.fields())?;
        Ok(response)
    }
}
