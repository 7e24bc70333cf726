//! The same handshake in the types of the crate `http`, for servers and clients that have parsed the head already.
//!
//! Reading needs nothing of its own: [`inspect`](crate::inspect) and [`verify`](crate::verify) take an
//! `http::Request` and an `http::Response` as they are.

use ::http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Uri};
use bytes::Bytes;
use switchover_header::RequestView;

use crate::fields::Line;
use crate::server::answer_lines;
use crate::{AcceptError, Agreement, Choice, Expectations, Key, LocalError, Offer, Proposal, Refusal, UrlError};

impl<V: RequestView> Proposal<V> {
    /// Accepts, as [`accept`](Self::accept) does, with the 101 as a value.
    ///
    /// # Errors
    /// [`AcceptError::Refused`] with the response to send where the choice does not let this proposal in;
    /// [`AcceptError::Local`] with [`LocalError::TooManyFields`] for a choice with more fields than `http` has room for.
    pub fn accept_response(self, choice: &Choice) -> Result<(Response<()>, Agreement), AcceptError> {
        let (accept, subprotocol) = self.judge(choice)?;
        let mut response = Response::new(());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        *response.headers_mut() = headers(answer_lines(&accept, subprotocol, choice))?;
        Ok((response, Agreement::new(subprotocol)))
    }
}

impl Refusal {
    /// The response as a value, with `Connection` and `Content-Length` as in its bytes.
    ///
    /// # Errors
    /// [`LocalError::TooManyFields`] where there are more of them than `http` has room for.
    pub fn to_response(&self) -> Result<Response<Bytes>, LocalError> {
        let mut response = Response::new(self.sent_content());
        // Both types hold 100 to 999.
        *response.status_mut() =
            StatusCode::from_u16(self.status().as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        *response.headers_mut() = headers(self.lines(&self.content_length()))?;
        Ok(response)
    }
}

impl Offer {
    /// The request as a value, with what the answer to it has to be.
    ///
    /// `nonce` is 16 bytes that nobody can predict, for this attempt only.
    ///
    /// # Errors
    /// [`LocalError::Url`] for a URL, and [`LocalError::TooManyFields`] for fields, that `http` has no room for.
    pub fn to_request(&self, nonce: [u8; 16]) -> Result<(Request<()>, Expectations), LocalError> {
        let mut request = Request::new(());
        *request.uri_mut() = self.url().target().parse::<Uri>().map_err(|_| UrlError::Resource)?;
        *request.headers_mut() = headers(self.lines(&Key::from_nonce(nonce), &self.subprotocol_list()))?;
        Ok((request, self.expectations(nonce)))
    }
}

fn headers<'a>(lines: impl Iterator<Item = Line<'a>>) -> Result<HeaderMap, LocalError> {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| LocalError::FieldName)?;
        let value = HeaderValue::from_bytes(value).map_err(|_| LocalError::FieldValue)?;
        headers.try_append(name, value).map_err(|_| LocalError::TooManyFields)?;
    }
    Ok(headers)
}
