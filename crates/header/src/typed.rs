//! The fields of a head by name, each read by its own grammar.

use crate::{
    FieldsView, Version, names,
    value::{self, Authority, Expectation, Origin, Origins, Parameterized, Product, ValueError, Via},
};

/// The fields that negotiation reads, of any [`FieldsView`].
///
/// Each method is called as its field is. A field that may stand once gives its value, `None` where
/// there is no line, and an error for a second line, equal to the first or not. A list gives the
/// elements of all lines in order; it ends after its first error. Where RFC 6455 has two grammars
/// for one field, `client` and `server` say who sent it, as in section 4.3.
///
/// What the fields say is not checked against each other: where a body ends is for
/// [`RequestView::framing`](crate::RequestView::framing) to tell.
///
/// ```
/// use switchover_header::{FieldTable, RequestScan, Step, TypedFields};
///
/// let input = b"GET /chat HTTP/1.1\r\nHost: example.com:8080\r\nConnection: keep-alive\r\n\
///               Connection: Upgrade\r\nUpgrade: websocket, HTTP/2.0\r\n\r\n";
/// let mut fields = FieldTable::<16>::new();
/// let mut scan = RequestScan::new(Default::default());
/// let Step::Done { value: head, .. } = scan.scan(input, &mut fields)? else { unreachable!() };
///
/// assert_eq!(head.host()?.unwrap().port, Some(8080));
/// assert!(head.has_connection_option("upgrade"));
/// let protocols: Vec<_> = head.upgrade().collect::<Result<_, _>>()?;
/// assert_eq!((protocols[0].name, protocols[1].version), ("websocket", Some("2.0")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait TypedFields: FieldsView {
    /// `Connection`: what is meant for the next recipient alone (RFC 9110, section 7.6.1).
    fn connection(&self) -> impl Iterator<Item = Result<&str, ValueError>> + Clone {
        value::tokens(self.values(names::CONNECTION))
    }

    /// Whether `Connection` has this option, in any case; `upgrade` is one, and so is the name of
    /// each field that goes no further. See [`contains_token`](value::contains_token).
    fn has_connection_option(&self, option: &str) -> bool {
        value::contains_token(self.values(names::CONNECTION), option)
    }

    /// Whether the connection persists behind a message of `version` with these fields, as far as its sender says: unless
    /// `Connection` has the option `close`, and in HTTP/1.0 only if it has `keep-alive` (RFC 9112, section 9.3). A message
    /// whose body ends with the connection says so by its framing instead.
    fn is_persistent(&self, version: Version) -> bool {
        !self.has_connection_option("close") && (version != Version::Http10 || self.has_connection_option("keep-alive"))
    }

    /// `Upgrade`: the protocols, the most preferred first, or in a 101 the lowest layer first (RFC
    /// 9110, section 7.8). Without the connection option `upgrade`, and in HTTP/1.0, they mean
    /// nothing.
    fn upgrade(&self) -> impl Iterator<Item = Result<Product<'_>, ValueError>> + Clone {
        value::list_of(self.values(names::UPGRADE), value::product)
    }

    /// `Via`: the intermediaries, the one nearest to the sender first (RFC 9110, section 7.6.3).
    fn via(&self) -> impl Iterator<Item = Result<Via<'_>, ValueError>> + Clone {
        value::list_of(self.values(names::VIA), value::via).with_comments()
    }

    /// `Expect` (RFC 9110, section 10.1.1). In an HTTP/1.0 request, `100-continue` is ignored.
    fn expect(&self) -> impl Iterator<Item = Result<Expectation<'_>, ValueError>> + Clone {
        value::list_of(self.values(names::EXPECT), value::expectation)
    }

    /// `Transfer-Encoding`: the transfer codings, in the order in which they were applied (RFC 9112,
    /// section 6.1). An empty element is an error, the only one of an empty line included.
    fn transfer_encoding(&self) -> impl Iterator<Item = Result<Parameterized<'_>, ValueError>> + Clone {
        value::list_of(self.values(names::TRANSFER_ENCODING), value::transfer_coding).without_empty_elements()
    }

    /// `Content-Length`, in bytes (RFC 9110, section 8.6).
    ///
    /// # Errors
    /// A second line; anything but decimal digits up to `u64::MAX`, such as a list.
    fn content_length(&self) -> Result<Option<u64>, ValueError> {
        single(self, names::CONTENT_LENGTH, value::content_length)
    }

    /// `Host` (RFC 9110, section 7.2). It may be empty, and the authority of an absolute-form target
    /// takes its place.
    ///
    /// # Errors
    /// A second line; anything but a host with or without a port.
    fn host(&self) -> Result<Option<Authority<'_>>, ValueError> {
        single(self, names::HOST, value::host)
    }

    /// `Origin`, as browsers send it and as RFC 6455, section 4.1, has it: one.
    ///
    /// # Errors
    /// A second line; anything but one origin.
    fn origin(&self) -> Result<Option<Origin<'_>>, ValueError> {
        single(self, names::ORIGIN, value::origin)
    }

    /// `Origin`, as RFC 6454, section 7.1, has it: one line with one or more.
    ///
    /// # Errors
    /// A second line.
    fn origins(&self) -> Result<Option<Origins<'_>>, ValueError> {
        single(self, names::ORIGIN, |value| Ok(value::origins(value)))
    }

    /// `Sec-WebSocket-Key`, 24 characters (RFC 6455, section 11.3.1).
    ///
    /// # Errors
    /// A second line; anything but 16 bytes in base64.
    fn sec_websocket_key(&self) -> Result<Option<&[u8; 24]>, ValueError> {
        single(self, names::SEC_WEBSOCKET_KEY, value::websocket_key)
    }

    /// `Sec-WebSocket-Accept`, 28 characters (RFC 6455, section 11.3.3).
    ///
    /// # Errors
    /// A second line; anything but 20 bytes in base64.
    fn sec_websocket_accept(&self) -> Result<Option<&[u8; 28]>, ValueError> {
        single(self, names::SEC_WEBSOCKET_ACCEPT, value::websocket_accept)
    }

    /// `Sec-WebSocket-Version` of a request (RFC 6455, section 11.3.5).
    ///
    /// # Errors
    /// A second line; anything but one version, such as a list.
    fn sec_websocket_version_client(&self) -> Result<Option<u8>, ValueError> {
        single(self, names::SEC_WEBSOCKET_VERSION, value::websocket_version)
    }

    /// `Sec-WebSocket-Version` of a response: the versions that the server speaks (RFC 6455, section
    /// 4.4). Lines without any element are an error.
    fn sec_websocket_version_server(&self) -> impl Iterator<Item = Result<u8, ValueError>> + Clone {
        value::list_of(self.values(names::SEC_WEBSOCKET_VERSION), value::websocket_version).with_an_element()
    }

    /// `Sec-WebSocket-Protocol` of a request: the subprotocols offered, the most preferred first
    /// (RFC 6455, section 11.3.4). Lines without any element are an error; that all differ is not
    /// checked.
    fn sec_websocket_protocol_client(&self) -> impl Iterator<Item = Result<&str, ValueError>> + Clone {
        value::tokens(self.values(names::SEC_WEBSOCKET_PROTOCOL)).with_an_element()
    }

    /// `Sec-WebSocket-Protocol` of a response: the subprotocol in use (RFC 6455, section 11.3.4).
    ///
    /// # Errors
    /// A second line; anything but one token.
    fn sec_websocket_protocol_server(&self) -> Result<Option<&str>, ValueError> {
        single(self, names::SEC_WEBSOCKET_PROTOCOL, value::whole_token)
    }

    /// `Sec-WebSocket-Extensions` of a request: the extensions offered, the most preferred first
    /// (RFC 6455, section 9.1). Lines without any element are an error.
    fn sec_websocket_extensions_client(&self) -> impl Iterator<Item = Result<Parameterized<'_>, ValueError>> + Clone {
        value::list_of(self.values(names::SEC_WEBSOCKET_EXTENSIONS), value::extension).with_an_element()
    }

    /// `Sec-WebSocket-Extensions` of a response: the extensions in use, in the order in which they
    /// are applied (RFC 6455, section 9.1). A line without any element is an error.
    ///
    /// # Errors
    /// A second line (section 11.3.2).
    fn sec_websocket_extensions_server(
        &self,
    ) -> Result<impl Iterator<Item = Result<Parameterized<'_>, ValueError>> + Clone, ValueError> {
        let line = value::single(self.values(names::SEC_WEBSOCKET_EXTENSIONS))?;
        Ok(value::list_of(line, value::extension).with_an_element())
    }

    /// `HTTP2-Settings`, in base64url (RFC 7540, section 3.2.1). Without the connection option of the
    /// same name it means nothing.
    ///
    /// # Errors
    /// A second line; anything but settings in base64url without padding.
    fn http2_settings(&self) -> Result<Option<&str>, ValueError> {
        single(self, names::HTTP2_SETTINGS, value::http2_settings)
    }

    /// `Capsule-Protocol`: whether the capsule protocol is in use (RFC 9297, section 3.4). A value of
    /// any other type and a second line are the same as none there, so nothing here is an error.
    fn capsule_protocol(&self) -> bool {
        single(self, names::CAPSULE_PROTOCOL, value::boolean_item).is_ok_and(Option::unwrap_or_default)
    }
}

impl<V: FieldsView + ?Sized> TypedFields for V {}

/// The value of a field that may stand once, read by `parse`.
fn single<'a, T>(
    view: &'a (impl FieldsView + ?Sized),
    name: &'static str,
    parse: fn(&'a [u8]) -> Result<T, ValueError>,
) -> Result<Option<T>, ValueError> {
    value::single(view.values(name))?.map(parse).transpose()
}
