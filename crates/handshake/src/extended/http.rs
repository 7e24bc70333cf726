//! Requests and responses of extended CONNECT in the types of the crate `http`.

use ::http::{Method, Request, Response, Uri};
use bytes::Bytes;
use switchover_header::RequestView;

use super::ConnectProtocolSetting;
use crate::hop::is_of_stream;
use crate::http::{headers, version};
use crate::server::negotiated_lines;
use crate::{
    AcceptError, Agreement, Choice, ConnectChoice, Expectations, ExtendedConnect, ExtendedProposal, LocalError, Offer,
    Proposal, Refusal,
};

impl<V: RequestView> Proposal<V, ExtendedConnect> {
    /// Accepts: gives the complete response with status 200. Behind it the stream belongs to WebSocket.
    ///
    /// Of the choice's fields, those that HTTP/2 and HTTP/3 do not have are left out.
    ///
    /// # Errors
    /// As those of [`accept_response`](Proposal::accept_response) for HTTP/1.1.
    pub fn accept_response(self, choice: &Choice) -> Result<(Response<()>, Agreement), AcceptError> {
        let agreement = self.judge(choice).map_err(|error| error.for_version(self.view().version()))?;
        let mut response = Response::new(());
        *response.version_mut() = version(self.view().version());
        let lines = negotiated_lines(&agreement, choice).filter(|(name, _)| is_of_stream(name));
        *response.headers_mut() = headers(lines)?;
        Ok((response, agreement))
    }

    /// Refuses, for any reason of the server's: gives the complete response, in the version of the request.
    ///
    /// # Errors
    /// As those of [`to_response`](Refusal::to_response).
    pub fn refuse_response(self, refusal: Refusal) -> Result<Response<Bytes>, LocalError> {
        refusal.for_version(self.view().version()).to_response()
    }
}

impl<V: RequestView> ExtendedProposal<'_, V> {
    /// Accepts: gives the complete response with status 200. Behind it the stream belongs to the protocol.
    ///
    /// Of the choice's fields, those that HTTP/2 and HTTP/3 do not have are left out.
    ///
    /// # Errors
    /// [`LocalError::TooManyFields`] for a choice with more fields than `http` has room for.
    pub fn accept_response(self, choice: &ConnectChoice) -> Result<Response<()>, LocalError> {
        let mut response = Response::new(());
        *response.version_mut() = version(self.view().version());
        // What the caller says of a field stands.
        let fixed = self.protocol().response_fields.iter().filter(|(name, _)| !choice.fields.contains(name));
        let fixed = fixed.map(|(name, value)| (*name, value.as_bytes()));
        *response.headers_mut() = headers(fixed.chain(choice.fields.iter()).filter(|(name, _)| is_of_stream(name)))?;
        Ok(response)
    }

    /// Refuses, for any reason of the server's: gives the complete response, in the version of the request.
    ///
    /// # Errors
    /// As those of [`to_response`](Refusal::to_response).
    pub fn refuse_response(self, refusal: Refusal) -> Result<Response<Bytes>, LocalError> {
        refusal.for_version(self.view().version()).to_response()
    }
}

impl Offer {
    /// The extended CONNECT request as a value (RFC 8441, section 5; RFC 9220), with what the answer to it has to be. Its
    /// `:protocol` is [`ExtendedConnect::PROTOCOL`], which each implementation of HTTP/2 and HTTP/3 takes in a type of its
    /// own.
    ///
    /// `setting` is what the server has sent. Its version is HTTP/2; of the offer's fields, those that HTTP/2 and HTTP/3 do
    /// not have are left out.
    ///
    /// # Errors
    /// [`LocalError::ConnectProtocol`] unless the server has said that such a request may be sent. [`LocalError::Target`] for
    /// a URL, and [`LocalError::TooManyFields`] for fields, that `http` has no room for.
    pub fn to_extended_request(
        &self,
        setting: ConnectProtocolSetting,
    ) -> Result<(Request<()>, Expectations<ExtendedConnect>), LocalError> {
        if !setting.is_enabled() {
            return Err(LocalError::ConnectProtocol);
        }
        let url = self.url();
        let uri = Uri::builder()
            // RFC 8441, section 5: https for wss, and http for ws.
            .scheme(if url.is_secure() { "https" } else { "http" })
            .authority(url.authority())
            .path_and_query(url.target())
            .build();
        let mut request = Request::new(());
        *request.method_mut() = Method::CONNECT;
        *request.uri_mut() = uri.map_err(|_| LocalError::Target)?;
        *request.version_mut() = ::http::Version::HTTP_2;
        let subprotocols = self.subprotocol_list();
        let lines = self.negotiation_lines(&subprotocols).filter(|(name, _)| is_of_stream(name));
        *request.headers_mut() = headers(lines)?;
        Ok((request, self.extended_expectations()))
    }
}
