//! What a head costs.

use std::cell::Cell;

use switchover_handshake::header::{FieldsView, Framing, FramingError, RequestHead, RequestView, Version};

/// A head that counts the bytes of all values it gives out.
pub(crate) struct Counted<'b> {
    head: RequestHead<'b>,
    pub(crate) given: Cell<usize>,
}

impl<'b> Counted<'b> {
    pub(crate) fn new(head: RequestHead<'b>) -> Self {
        Self { head, given: Cell::new(0) }
    }
}

impl FieldsView for Counted<'_> {
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + Clone + 'a {
        self.head.values(name).inspect(|value| self.given.set(self.given.get() + value.len()))
    }

    fn lines(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.head.lines().inspect(|(_, value)| self.given.set(self.given.get() + value.len()))
    }
}

impl RequestView for Counted<'_> {
    fn method(&self) -> &str {
        self.head.method()
    }

    fn path(&self) -> &str {
        self.head.path()
    }

    fn scheme(&self) -> Option<&str> {
        self.head.scheme()
    }

    fn authority(&self) -> Option<&str> {
        self.head.authority()
    }

    fn version(&self) -> Version {
        self.head.version()
    }

    fn framing(&self) -> Result<Framing, FramingError> {
        Ok(self.head.framing())
    }
}
