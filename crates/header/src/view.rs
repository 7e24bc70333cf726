//! What negotiation needs of a head, whoever parsed it.

use crate::{Framing, FramingError, RequestHead, ResponseHead, Status, Version};

/// The field lines of a head.
pub trait FieldsView {
    /// The values of all field lines called `name` in any case, in the order they were received.
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + Clone + 'a;
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
}

impl FieldsView for RequestHead<'_> {
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + Clone + 'a {
        self.lines.values(name)
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
}
