//! What negotiation needs of a head, whoever parsed it.

use crate::{Framing, FramingError, RequestHead, ResponseHead, Status, Version, framing, names};

/// The field lines of a head.
pub trait FieldsView {
    /// The values of all field lines called `name` in any case, in the order they were received.
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + Clone + 'a;

    /// All field lines, each as its name and its value: what whoever passes a message on has to look through (RFC 9110,
    /// section 7.6). Lines of one name are in the order they were received; where a parser keeps no order among names, and
    /// no case of theirs, there is none here.
    fn lines(&self) -> impl Iterator<Item = (&str, &[u8])>;
}

/// A request head.
pub trait RequestView: FieldsView {
    /// The method, case-sensitive.
    fn method(&self) -> &str;

    /// Path and query of the target, as [`RequestHead::path`] gives them.
    fn path(&self) -> &str;

    /// The scheme of the target, if it is in the absolute-form, in any case.
    fn scheme(&self) -> Option<&str>;

    /// The authority in the target, if it has one, without user information. Host is not looked
    /// at.
    fn authority(&self) -> Option<&str>;

    /// The version of the message.
    fn version(&self) -> Version;

    /// How the body is delimited.
    ///
    /// # Errors
    /// Where the fields do not say for certain where the body ends.
    fn framing(&self) -> Result<Framing, FramingError>;
}

/// A response head.
pub trait ResponseView: FieldsView {
    /// The status code.
    fn status(&self) -> Status;

    /// The version of the message.
    fn version(&self) -> Version;

    /// How the body is delimited, which depends on the method of the request, as [`ResponseHead::framing`] has it.
    ///
    /// # Errors
    /// Where the response may have a body and its fields do not say for certain where it ends.
    fn framing(&self, request_method: &str) -> Result<Framing, FramingError> {
        if framing::has_no_body(self.status(), request_method) {
            return Ok(Framing::None);
        }
        framing::of_response_lines(
            self.version(),
            self.values(names::CONTENT_LENGTH),
            self.values(names::TRANSFER_ENCODING),
        )
    }
}

impl FieldsView for RequestHead<'_> {
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + Clone + 'a {
        self.lines.values(name)
    }

    fn lines(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.lines.fields().map(|field| (field.name, field.value))
    }
}

impl RequestView for RequestHead<'_> {
    fn method(&self) -> &str {
        self.method()
    }

    fn path(&self) -> &str {
        self.path()
    }

    fn scheme(&self) -> Option<&str> {
        self.scheme()
    }

    fn authority(&self) -> Option<&str> {
        self.authority()
    }

    fn version(&self) -> Version {
        self.version()
    }

    /// Never an error: the scan has refused such a head.
    fn framing(&self) -> Result<Framing, FramingError> {
        Ok(self.framing())
    }
}

impl FieldsView for ResponseHead<'_> {
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + Clone + 'a {
        self.lines.values(name)
    }

    fn lines(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.lines.fields().map(|field| (field.name, field.value))
    }
}

impl ResponseView for ResponseHead<'_> {
    fn status(&self) -> Status {
        self.status()
    }

    fn version(&self) -> Version {
        self.version()
    }
}

impl<V: FieldsView + ?Sized> FieldsView for &V {
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + Clone + 'a {
        (**self).values(name)
    }

    fn lines(&self) -> impl Iterator<Item = (&str, &[u8])> {
        (**self).lines()
    }
}

impl<V: RequestView + ?Sized> RequestView for &V {
    fn method(&self) -> &str {
        (**self).method()
    }

    fn path(&self) -> &str {
        (**self).path()
    }

    fn scheme(&self) -> Option<&str> {
        (**self).scheme()
    }

    fn authority(&self) -> Option<&str> {
        (**self).authority()
    }

    fn version(&self) -> Version {
        (**self).version()
    }

    fn framing(&self) -> Result<Framing, FramingError> {
        (**self).framing()
    }
}

impl<V: ResponseView + ?Sized> ResponseView for &V {
    fn status(&self) -> Status {
        (**self).status()
    }

    fn version(&self) -> Version {
        (**self).version()
    }

    fn framing(&self, request_method: &str) -> Result<Framing, FramingError> {
        (**self).framing(request_method)
    }
}
