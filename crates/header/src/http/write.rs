use alloc::{borrow::Cow, string::ToString};

use ::http::{
    HeaderMap, HeaderValue, Request, Response, Uri,
    header::{MaxSizeReached, ValueIter},
};

use super::Spelling;
use crate::{
    Status,
    write::{self, HeadWriter, Sink, WriteError, check_field},
};

/// Begins a request and writes all its fields; more may follow.
///
/// The target is the URI as it stands: the origin-form where it has a path alone, the
/// absolute-form, which is for proxies, where it has an authority too (RFC 9112, section 3.2). The
/// version is HTTP/1.1, and Host and the framing of a body are the caller's to give. Names are in
/// lower case and in the order of the map, or as a [`Spelling`] among the extensions has them.
///
/// # Errors
/// Where [`request`](write::request) would refuse the method or the target, user information among
/// them (RFC 9110, section 4.2.4), or [`check_field`] a field: a `HeaderValue` may have white
/// space at its ends, and a `HeaderName` may hold `"`. Nothing has been written then. Where the
/// sink is full; then all elements before that are in it.
pub fn http_request<'s, S: Sink, T>(sink: &'s mut S, request: &Request<T>) -> Result<HeadWriter<'s, S>, WriteError> {
    let headers = checked(request.headers())?;
    let writer = write::request(sink, request.method().as_str(), &target(request.uri()))?;
    fields(writer, headers, request.extensions().get())
}

/// Begins a response and writes all its fields; more may follow.
///
/// The reason phrase is the registered one, or that of a [`Spelling`] among the extensions if it
/// was received with this status. Version, framing and names are as in [`http_request`].
///
/// # Errors
/// Where [`check_field`] would refuse a field, with nothing written, or where the sink is full;
/// then all elements before that are in it.
pub fn http_response<'s, S: Sink, T>(sink: &'s mut S, response: &Response<T>) -> Result<HeadWriter<'s, S>, WriteError> {
    let headers = checked(response.headers())?;
    // Both types hold 100 to 999.
    let status = Status::new(response.status().as_u16()).unwrap_or(Status::INTERNAL_SERVER_ERROR);
    let spelling = response.extensions().get::<Spelling>();
    let reason = spelling.and_then(|spelling| spelling.reason_of(status)).unwrap_or(status.reason().as_bytes());
    fields(write::response_with_reason(sink, status, reason)?, headers, spelling)
}

fn checked(headers: &HeaderMap) -> Result<&HeaderMap, WriteError> {
    headers.iter().try_for_each(|(name, value)| check_field(name.as_str(), value))?;
    Ok(headers)
}

fn target(uri: &Uri) -> Cow<'_, str> {
    match uri.path_and_query() {
        Some(path) if uri.authority().is_none() && path.as_str().starts_with('/') => path.as_str().into(),
        _ => uri.to_string().into(),
    }
}

/// Writes fields that have been checked.
fn fields<'s, S: Sink>(
    mut writer: HeadWriter<'s, S>,
    headers: &HeaderMap,
    spelling: Option<&Spelling>,
) -> Result<HeadWriter<'s, S>, WriteError> {
    let Some((spelling, Ok(mut rest))) = spelling.map(|spelling| (spelling, values(headers))) else {
        return headers.iter().try_fold(writer, |writer, (name, value)| writer.line(name.as_str(), value.as_bytes()));
    };
    for spelled in spelling.names() {
        // What is found in a map is a token, so nothing else is written.
        if let Some(value) = rest.get_mut(spelled).and_then(Iterator::next) {
            writer = writer.line(spelled, value.as_bytes())?;
        }
    }
    for (name, values) in &mut rest {
        for value in values {
            writer = writer.line(name.as_str(), value.as_bytes())?;
        }
    }
    Ok(writer)
}

/// The values of each name, to be taken one by one. A map with as many names as the other one can
/// be refused only at its very limit, where names collide.
fn values(headers: &HeaderMap) -> Result<HeaderMap<ValueIter<'_, HeaderValue>>, MaxSizeReached> {
    let mut values = HeaderMap::try_with_capacity(headers.keys_len())?;
    for name in headers.keys() {
        values.try_insert(name, headers.get_all(name).iter())?;
    }
    Ok(values)
}
