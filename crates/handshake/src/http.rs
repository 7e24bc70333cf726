//! The same handshake in the types of the crate `http`, for servers and clients that have parsed the head already.
//!
//! Reading needs nothing of its own: [`inspect`](crate::inspect) and [`verify`](crate::verify) take an
//! `http::Request` and an `http::Response` as they are.

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};
use bytes::Bytes;
use switchover_header::{RequestView, Version};

use crate::fields::Line;
use crate::hop::is_of_stream;
use crate::server::answer_lines;
use crate::{
    AcceptError, Agreement, Choice, Expectations, Key, LocalError, Offer, Proposal, Refusal, Switched, UpgradeChoice,
    UpgradeExpectations, UpgradeOffer, UpgradeProposal,
};

impl<V: RequestView> Proposal<V> {
    /// Accepts, as [`accept`](Self::accept) does, with the 101 as a value.
    ///
    /// # Errors
    /// [`AcceptError::Refused`] with the response to send where the choice does not let this proposal in;
    /// [`AcceptError::Local`] with [`LocalError::TooManyFields`] for a choice with more fields than `http` has room
    /// for.
    pub fn accept_response(self, choice: &Choice) -> Result<(Response<()>, Agreement), AcceptError> {
        let agreement = self.judge(choice)?;
        let accept = self.key().accept();
        let mut response = Response::new(());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        *response.headers_mut() = headers(answer_lines(&accept, &agreement, choice))?;
        Ok((response, agreement))
    }
}

impl<V: RequestView> UpgradeProposal<'_, V> {
    /// Accepts with the 101 as a value, for a caller that has read the content of the request to its end; a
    /// [`Switch`](crate::Switch) cannot see it (RFC 9110, section 7.8).
    ///
    /// # Errors
    /// As [`accept`](Self::accept), and [`LocalError::TooManyFields`] for a choice with more fields than `http` has
    /// room for.
    pub fn accept_response(self, choice: &UpgradeChoice) -> Result<(Response<()>, Switched), LocalError> {
        let answer = self.answer(choice)?;
        let mut response = Response::new(());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        *response.headers_mut() = headers(answer.lines(&answer.upgrade()))?;
        Ok((response, answer.switched()))
    }
}

impl UpgradeOffer {
    /// The request as a value, with what the answer to it has to be. Its body is the content that is
    /// [written with the request](Self::content).
    ///
    /// # Errors
    /// As [`ClientHandshake::upgrade`](crate::ClientHandshake::upgrade); [`LocalError::Target`] for a target, and
    /// [`LocalError::TooManyFields`] for fields, that `http` has no room for.
    pub fn to_request(&self) -> Result<(Request<Bytes>, UpgradeExpectations), LocalError> {
        self.check()?;
        let (method, target) = self.start();
        let mut request = Request::new(self.written_content());
        *request.method_mut() = Method::from_bytes(method.as_bytes()).map_err(|_| LocalError::Method)?;
        *request.uri_mut() = target.parse::<Uri>().map_err(|_| LocalError::Target)?;
        *request.headers_mut() = headers(self.lines(&self.made_lines()))?;
        Ok((request, self.expectations()))
    }
}

impl Refusal {
    /// The response as a value, with `Connection` and `Content-Length` as in its bytes, and in HTTP/2 and HTTP/3 without
    /// the fields that those do not have: see [`for_version`](Self::for_version).
    ///
    /// # Errors
    /// [`LocalError::TooManyFields`] where there are more of them than `http` has room for.
    pub fn to_response(&self) -> Result<Response<Bytes>, LocalError> {
        let mut response = Response::new(self.sent_content());
        // Both types hold 100 to 999.
        *response.status_mut() =
            StatusCode::from_u16(self.status().as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        *response.version_mut() = version(self.version());
        let mut appended = Ok(());
        self.each_line(self.content_length(), |name, value| {
            if appended.is_ok() && (self.version() < Version::Http2 || is_of_stream(name)) {
                appended = append(response.headers_mut(), (name, value));
            }
        });
        appended.map(|()| response)
    }
}

impl Offer {
    /// The request as a value, with what the answer to it has to be.
    ///
    /// `nonce` is 16 bytes that nobody can predict, for this attempt only.
    ///
    /// # Errors
    /// [`LocalError::Target`] for a target, and [`LocalError::TooManyFields`] for fields, that `http` has no room for.
    pub fn to_request(&self, nonce: [u8; 16]) -> Result<(Request<()>, Expectations), LocalError> {
        let mut request = Request::new(());
        *request.uri_mut() = self.url().target().parse::<Uri>().map_err(|_| LocalError::Target)?;
        *request.headers_mut() = headers(self.lines(&Key::from_nonce(nonce), &self.subprotocol_list()))?;
        Ok((request, self.expectations(nonce)))
    }
}

pub(crate) fn version(version: Version) -> ::http::Version {
    match version {
        Version::Http10 => ::http::Version::HTTP_10,
        Version::Http11 => ::http::Version::HTTP_11,
        Version::Http2 => ::http::Version::HTTP_2,
        Version::Http3 => ::http::Version::HTTP_3,
    }
}

pub(crate) fn headers<'a>(lines: impl Iterator<Item = Line<'a>>) -> Result<HeaderMap, LocalError> {
    let mut headers = HeaderMap::new();
    for line in lines {
        append(&mut headers, line)?;
    }
    Ok(headers)
}

fn append(headers: &mut HeaderMap, (name, value): Line<'_>) -> Result<(), LocalError> {
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| LocalError::FieldName)?;
    let value = HeaderValue::from_bytes(value).map_err(|_| LocalError::FieldValue)?;
    headers.try_append(name, value).map_err(|_| LocalError::TooManyFields)?;
    Ok(())
}
