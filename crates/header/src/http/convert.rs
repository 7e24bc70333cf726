//! Heads as values of crate `http`, with one buffer beneath all of their parts.

use core::ptr;

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};
use bytes::Bytes;

use super::{HttpError, HttpErrorKind as Kind};
use crate::{Fields, RequestHead, ResponseHead, Version, head::Lines};

impl RequestHead<'_> {
    /// The head as a request of crate `http`, whose target and values are slices of `shared`.
    ///
    /// `shared` begins with the bytes of this head. They may be the very ones it was scanned in,
    /// split off the caller's buffer, or a copy; where it begins with other bytes, those of the
    /// head are copied once. `headers` lends its memory: what is in it is dropped.
    ///
    /// Allocates for nothing but a method of more than 15 bytes, a scheme other than `http` and
    /// `https`, names that `http` has no constant for, what `headers` lacks, and the first slice
    /// of a `Bytes` made of a `Vec`. Whoever keeps one value keeps the whole buffer alive.
    ///
    /// Case and order of the names are lost, but for the order of lines of one name; a
    /// [`Spelling`](crate::Spelling) keeps them. A `Uri` does not tell an empty path from `/`,
    /// nor `HTTP:` from `http:`.
    ///
    /// ```
    /// use bytes::BytesMut;
    /// use http::HeaderMap;
    /// use switchover_header::{FieldTable, RequestScan, Step};
    ///
    /// let mut input = BytesMut::from("GET / HTTP/1.1\r\nHost: example.com\r\n\r\nwhat follows");
    /// let mut fields = FieldTable::<16>::new();
    /// let mut scan = RequestScan::new(Default::default());
    /// # let mut headers = HeaderMap::new();
    /// if let Step::Done { consumed, .. } = scan.scan(&input, &mut fields)? {
    ///     let shared = input.split_to(consumed).freeze();
    ///     // A head that was done is given again, without being scanned again.
    ///     if let Step::Done { value: head, .. } = scan.scan(&shared, &mut fields)? {
    ///         let request = head.to_http(&shared, headers)?;
    ///         assert_eq!(request.headers()["host"], "example.com");
    ///         // The memory for the next head.
    ///         headers = request.into_parts().0.headers;
    ///     }
    /// }
    /// assert_eq!(input, "what follows");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// For a head that crate `http` has no value for.
    pub fn to_http(&self, shared: &Bytes, mut headers: HeaderMap) -> Result<Request<()>, HttpError> {
        let shared = of_head(shared, self.bytes());
        let head = RequestHead { lines: self.lines.over(&shared), ..*self };
        let mut request = Request::new(());
        *request.method_mut() =
            Method::from_bytes(head.method().as_bytes()).map_err(|_| HttpError::new(Kind::Method))?;
        *request.uri_mut() = Uri::from_maybe_shared(shared.slice_ref(head.target().as_bytes()))
            .map_err(|_| HttpError::new(Kind::Target))?;
        *request.version_mut() = version(head.version());
        fill(head.fields(), &shared, &mut headers)?;
        *request.headers_mut() = headers;
        Ok(request)
    }
}

impl ResponseHead<'_> {
    /// The head as a response of crate `http`, in the way of [`RequestHead::to_http`].
    ///
    /// # Errors
    /// For a head that crate `http` has no value for.
    pub fn to_http(&self, shared: &Bytes, mut headers: HeaderMap) -> Result<Response<()>, HttpError> {
        let shared = of_head(shared, self.bytes());
        let lines = self.lines.over(&shared);
        let mut response = Response::new(());
        // Both types hold 100 to 999.
        *response.status_mut() = StatusCode::from_u16(self.status().as_u16()).unwrap_or(StatusCode::BAD_GATEWAY);
        *response.version_mut() = version(self.version());
        fill(lines.fields(), &shared, &mut headers)?;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

impl Fields<'_> {
    /// Puts the field lines into `headers`, in the place of what is there, in the way of
    /// [`RequestHead::to_http`]: `shared` begins with the bytes of their head.
    ///
    /// # Errors
    /// For a field that crate `http` has no value for; those before it are in `headers`.
    pub fn fill_headers(&self, shared: &Bytes, headers: &mut HeaderMap) -> Result<(), HttpError> {
        let shared = of_head(shared, self.bytes);
        fill(Fields { bytes: &shared, ..self.clone() }, &shared, headers)
    }
}

impl<'b> Lines<'b> {
    /// The same lines over another copy of the bytes.
    fn over<'c>(&self, bytes: &'c [u8]) -> Lines<'c>
    where
        'b: 'c,
    {
        Lines { bytes, ..*self }
    }
}

/// The bytes of the head, from `shared` if they are its first ones.
pub(super) fn of_head(shared: &Bytes, head: &[u8]) -> Bytes {
    match shared.get(..head.len()) {
        // Nobody has to compare what is the same memory.
        Some(front) if ptr::eq(front, head) || front == head => shared.slice(..head.len()),
        _ => Bytes::copy_from_slice(head),
    }
}

/// Puts fields into `headers` that are slices of `shared`.
fn fill(fields: Fields<'_>, shared: &Bytes, headers: &mut HeaderMap) -> Result<(), HttpError> {
    headers.clear();
    // Too many lines may still be few enough names.
    let _ = headers.try_reserve(fields.len());
    for field in fields {
        let error = |kind| HttpError::in_field(kind, field.number);
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| error(Kind::Name))?;
        let value = HeaderValue::from_maybe_shared(shared.slice_ref(field.value)).map_err(|_| error(Kind::Value))?;
        headers.try_append(name, value).map_err(|_| error(Kind::TooManyFields))?;
    }
    Ok(())
}

/// Heads are those of HTTP/1.
fn version(version: Version) -> ::http::Version {
    match version {
        Version::Http10 => ::http::Version::HTTP_10,
        _ => ::http::Version::HTTP_11,
    }
}
