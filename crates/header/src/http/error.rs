use core::{error, fmt};

use crate::Status;

/// Why crate `http` has no value for a head, which is a valid one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpError {
    kind: HttpErrorKind,
    field: Option<usize>,
}

/// What crate `http` does not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HttpErrorKind {
    /// The method. None so far: `Method` takes all tokens.
    Method,
    /// The target: `Uri` takes at most 65,534 bytes, a scheme of at most 64, and no percent-encoding
    /// in a host.
    Target,
    /// A field name: `HeaderName` takes at most 65,535 bytes.
    Name,
    /// A field value. None so far: `HeaderValue` takes all bytes that may stand in one.
    Value,
    /// One more field name: `HeaderMap` takes at most 24,576 different ones.
    TooManyFields,
}

impl HttpError {
    pub(super) const fn new(kind: HttpErrorKind) -> Self {
        Self { kind, field: None }
    }

    pub(super) const fn in_field(kind: HttpErrorKind, number: usize) -> Self {
        Self { kind, field: Some(number) }
    }

    /// What is not taken.
    #[must_use]
    pub const fn kind(&self) -> HttpErrorKind {
        self.kind
    }

    /// The number of the field line that is not taken, from 0.
    #[must_use]
    pub const fn field(&self) -> Option<usize> {
        self.field
    }

    /// The status to answer a request with: the server has a limit here, and the request keeps to
    /// the standards. 414 (RFC 9110, section 15.5.15) or 431 (RFC 6585, section 5); 501 for a
    /// method.
    #[must_use]
    pub const fn status(&self) -> Status {
        match self.kind {
            HttpErrorKind::Method => Status::NOT_IMPLEMENTED,
            HttpErrorKind::Target => Status::URI_TOO_LONG,
            _ => Status::REQUEST_HEADER_FIELDS_TOO_LARGE,
        }
    }
}

impl fmt::Display for HttpErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Method => "method",
            Self::Target => "request target",
            Self::Name => "field name",
            Self::Value => "field value",
            Self::TooManyFields => "number of fields",
        })
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "crate http does not take the {}", self.kind)?;
        match self.field {
            Some(number) => write!(f, ": in field {number}"),
            None => Ok(()),
        }
    }
}

impl error::Error for HttpError {}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    /// Crate `http` takes all methods and values, so nothing from outside shows their errors.
    #[test]
    fn errors_that_no_head_has() {
        let error = HttpError::new(HttpErrorKind::Method);
        assert_eq!(
            (error.to_string(), error.status()),
            ("crate http does not take the method".into(), Status::NOT_IMPLEMENTED)
        );
        let error = HttpError::in_field(HttpErrorKind::Value, 2);
        assert_eq!(error.to_string(), "crate http does not take the field value: in field 2");
        assert_eq!(error.status(), Status::REQUEST_HEADER_FIELDS_TOO_LARGE);
    }
}
