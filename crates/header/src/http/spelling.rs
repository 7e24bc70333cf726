use alloc::boxed::Box;
use core::fmt;

use bytes::Bytes;

use super::convert::of_head;
use crate::{FieldSpan, Fields, RequestHead, ResponseHead, Status, store::Span};

/// How a head was spelled where crate `http` does not keep it: the case and the order of its field
/// names, and the reason phrase.
///
/// It is an extension of requests and responses: [`http_request`](crate::write::http_request) and
/// [`http_response`](crate::write::http_response) write the fields that are still there as they
/// were spelled, in their order, and others behind them.
///
/// ```
/// use bytes::Bytes;
/// use http::HeaderMap;
/// use switchover_header::{FieldTable, RequestScan, Step, write};
///
/// let shared = Bytes::from("GET / HTTP/1.1\r\nx-A: 1\r\nHOST: example.com\r\nX-a: 2\r\n\r\n");
/// let mut fields = FieldTable::<16>::new();
/// let mut scan = RequestScan::new(Default::default());
/// # let mut out = Vec::new();
/// if let Step::Done { value: head, .. } = scan.scan(&shared, &mut fields)? {
///     let mut request = head.to_http(&shared, HeaderMap::new())?;
///     request.extensions_mut().insert(head.spelling(&shared));
///     write::http_request(&mut out, &request)?.end()?;
/// }
/// assert_eq!(out, shared);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Spelling {
    /// The head, which is kept alive whole.
    head: Bytes,
    /// The field lines, in order.
    spans: Box<[FieldSpan]>,
    /// The reason phrase, with the status it stood behind.
    reason: Option<(Status, Span)>,
}

impl Spelling {
    /// The names of the field lines, in the case and order in which they were received.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        Fields::new(&self.head, &self.spans).map(|field| field.name)
    }

    /// The reason phrase of a response, which may be empty and may hold obs-text.
    #[must_use]
    pub fn reason(&self) -> Option<&[u8]> {
        self.reason.map(|(_, reason)| reason.of(&self.head))
    }

    /// The reason phrase, unless it belongs to another status.
    pub(super) fn reason_of(&self, status: Status) -> Option<&[u8]> {
        self.reason.filter(|(of, _)| *of == status).map(|(_, reason)| reason.of(&self.head))
    }
}

impl RequestHead<'_> {
    /// How the head was spelled, as an extension for [`to_http`](Self::to_http)'s request.
    /// `shared` is what it is there, and is kept as long as the spelling is.
    #[must_use]
    pub fn spelling(&self, shared: &Bytes) -> Spelling {
        Spelling { head: of_head(shared, self.bytes()), spans: self.spans().into(), reason: None }
    }
}

impl ResponseHead<'_> {
    /// How the head was spelled, as an extension for [`to_http`](Self::to_http)'s response.
    /// `shared` is what it is there, and is kept as long as the spelling is.
    #[must_use]
    pub fn spelling(&self, shared: &Bytes) -> Spelling {
        let reason = Some((self.status(), self.reason));
        Spelling { head: of_head(shared, self.bytes()), spans: self.spans().into(), reason }
    }
}

/// Without values: credentials are among them.
impl fmt::Debug for Spelling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}
