//! The views over the types of crate `http`.
//!
//! A `Uri` does not tell an empty path from `/`: the path of `OPTIONS http://example.com` is `/`
//! here, where [`RequestHead::path`](crate::RequestHead::path) gives `*` (RFC 9112, section 3.2.4).

use http::{HeaderMap, HeaderValue, Request, Response, header::ValueIter, request, response, uri::PathAndQuery};

use crate::{FieldsView, Framing, FramingError, RequestView, ResponseView, Status, Version, framing, names};

/// The methods of the views, from expressions over `self`.
macro_rules! views {
    ($request:ty, $response:ty $(, <$body:ident>)?; |$it:ident| method $method:expr, uri $uri:expr, status $status:expr, version $version:expr, headers $headers:expr) => {
        impl$(<$body>)? FieldsView for $request {
            fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + Clone + 'a {
                let $it = self;
                Values::new($headers, name)
            }

            fn lines(&self) -> impl Iterator<Item = (&str, &[u8])> {
                let $it = self;
                $headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()))
            }
        }

        impl$(<$body>)? RequestView for $request {
            fn method(&self) -> &str {
                let $it = self;
                $method.as_str()
            }

            fn path(&self) -> &str {
                let $it = self;
                // An authority-form URI has no path.
                $uri.path_and_query().map_or("", PathAndQuery::as_str)
            }

            fn scheme(&self) -> Option<&str> {
                let $it = self;
                $uri.scheme_str()
            }

            fn authority(&self) -> Option<&str> {
                let $it = self;
                $uri.authority().map(without_user_information)
            }

            fn version(&self) -> Version {
                let $it = self;
                Version::from($version)
            }

            fn framing(&self) -> Result<Framing, FramingError> {
                framing::of_request_lines(
                    RequestView::version(self),
                    self.values(names::CONTENT_LENGTH),
                    self.values(names::TRANSFER_ENCODING),
                )
            }
        }

        impl$(<$body>)? FieldsView for $response {
            fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + Clone + 'a {
                let $it = self;
                Values::new($headers, name)
            }

            fn lines(&self) -> impl Iterator<Item = (&str, &[u8])> {
                let $it = self;
                $headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()))
            }
        }

        impl$(<$body>)? ResponseView for $response {
            fn status(&self) -> Status {
                let $it = self;
                // Both types hold 100 to 999.
                Status::new($status.as_u16()).unwrap_or(Status::BAD_GATEWAY)
            }

            fn version(&self) -> Version {
                let $it = self;
                Version::from($version)
            }
        }
    };
}

views!(Request<T>, Response<T>, <T>; |it| method it.method(), uri it.uri(), status it.status(), version it.version(), headers it.headers());
views!(request::Parts, response::Parts; |it| method it.method, uri it.uri, status it.status, version it.version, headers &it.headers);

/// RFC 9110, section 4.2.4.
fn without_user_information(authority: &http::uri::Authority) -> &str {
    authority.as_str().rsplit('@').next().unwrap_or_default()
}

impl From<http::Version> for Version {
    /// HTTP/0.9 is taken for HTTP/1.0.
    fn from(version: http::Version) -> Self {
        match version {
            http::Version::HTTP_09 | http::Version::HTTP_10 => Self::Http10,
            http::Version::HTTP_2 => Self::Http2,
            http::Version::HTTP_3 => Self::Http3,
            _ => Self::Http11,
        }
    }
}

/// The values of one name. `http`'s own iterator is not `Clone`.
struct Values<'a> {
    map: &'a HeaderMap,
    name: &'a str,
    rest: ValueIter<'a, HeaderValue>,
    taken: usize,
}

impl<'a> Values<'a> {
    fn new(map: &'a HeaderMap, name: &'a str) -> Self {
        Self { map, name, rest: map.get_all(name).iter(), taken: 0 }
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let value = self.rest.next()?;
        self.taken += 1;
        Some(value.as_bytes())
    }
}

impl Clone for Values<'_> {
    fn clone(&self) -> Self {
        let mut rest = self.map.get_all(self.name).iter();
        for _ in 0..self.taken {
            rest.next();
        }
        Self { rest, ..*self }
    }
}
