//! What negotiation needs of a head, whoever parsed it.

use crate::{Found, Framing, FramingError, Names, RequestHead, ResponseHead, Status, Version, framing, names};

/// The field lines of a head.
pub trait FieldsView {
    /// The values of all field lines called `name` in any case, in the order they were received.
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + Clone + 'a;

    /// All field lines, each as its name and its value: what whoever passes a message on has to look through (RFC 9110,
    /// section 7.6). Lines of one name are in the order they were received; where a parser keeps no order among names, and
    /// no case of theirs, there is none here.
    fn lines(&self) -> impl Iterator<Item = (&str, &[u8])>;

    /// Looks for several fields at once: what it gives tells of the name with each number how often its field is there. A
    /// number that no name has is [`Found::Missing`].
    ///
    /// A head goes through its lines once for all names, here. A view that has a table of its fields looks for each one when
    /// it is asked for, as this method does by itself.
    ///
    /// ```
    /// use switchover_header::{FieldTable, FieldsView, Found, Names, RequestScan, Step, names};
    ///
    /// const NAMES: Names<2> = Names::new([names::HOST, names::ORIGIN]);
    ///
    /// let mut fields = FieldTable::<16>::new();
    /// let mut scan = RequestScan::new(Default::default());
    /// let input = b"GET / HTTP/1.1\r\nhost: example.com\r\n\r\n";
    /// let Step::Done { value: head, .. } = scan.scan(input, &mut fields)? else { unreachable!() };
    /// let found = head.find(&NAMES);
    /// assert_eq!((found(0), found(1)), (Found::Once(b"example.com"), Found::Missing));
    /// # Ok::<(), switchover_header::HeadError>(())
    /// ```
    fn find<'a, const N: usize>(&'a self, names: &'a Names<N>) -> impl Fn(usize) -> Found<'a> + 'a {
        move |number| {
            let Some(name) = names.get(number) else { return Found::Missing };
            let mut values = self.values(name);
            match values.next() {
                None => Found::Missing,
                Some(value) if values.next().is_none() => Found::Once(value),
                Some(_) => Found::Repeated,
            }
        }
    }
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

    #[inline]
    fn find<'a, const N: usize>(&'a self, names: &'a Names<N>) -> impl Fn(usize) -> Found<'a> + 'a {
        self.lines.find(names)
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

    #[inline]
    fn find<'a, const N: usize>(&'a self, names: &'a Names<N>) -> impl Fn(usize) -> Found<'a> + 'a {
        self.lines.find(names)
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

    #[inline]
    fn find<'a, const N: usize>(&'a self, names: &'a Names<N>) -> impl Fn(usize) -> Found<'a> + 'a {
        (**self).find(names)
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
