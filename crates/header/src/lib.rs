//! HTTP/1.1 message heads, without I/O and without allocation.
//!
//! [`RequestScan`] and [`ResponseScan`] tokenize a head while its bytes arrive: they take the bytes
//! so far, classify each byte once, and answer with a head that borrows from the input, with a
//! demand for more, or with a [`HeadError`] that says what is wrong, where, by which rule, and
//! which status to answer with. What follows the head is never touched.
//!
//! ```
//! use switchover_header::{FieldTable, FieldsView, RequestScan, Step, value};
//!
//! let input = b"GET /notifications HTTP/1.1\r\n\
//!               Host: example.com\r\n\
//!               Upgrade: websocket\r\n\
//!               Connection: Upgrade\r\n\
//!               \r\n\
//!               what follows the head";
//! let mut fields = FieldTable::<16>::new();
//! let mut scan = RequestScan::new(Default::default());
//!
//! // Not all of it has arrived yet.
//! assert!(matches!(scan.scan(&input[..40], &mut fields)?, Step::NeedMore { .. }));
//!
//! // The same bytes and more: the scan goes on where it stopped.
//! let Step::Done { value: head, consumed } = scan.scan(input, &mut fields)? else { unreachable!() };
//! assert_eq!((head.method(), head.path()), ("GET", "/notifications"));
//! assert_eq!(head.fields().next().unwrap().name, "Host");
//! assert!(value::contains_token(head.values("connection"), "upgrade"));
//! assert_eq!(&input[consumed..], b"what follows the head");
//! # Ok::<(), switchover_header::HeadError>(())
//! ```
//!
//! # Strictness
//! Lines end with CRLF alone; folded lines, white space before a colon, control bytes in values,
//! and whatever leaves it uncertain where a message ends are errors (RFC 9112). A request has been
//! checked for its Host, for the form of its target, and for [`Framing`] when its head is given
//! out. How a response is framed depends on the request: [`ResponseHead::framing`] asks for it.
//!
//! A request target holds the characters of RFC 3986 and no others: `{`, `}`, `|`, `^`, the
//! backtick and raw bytes from 0x80 on are refused with 400, although browsers send some of them in
//! queries. RFC 9112, section 3.2, has an invalid request line answered, not repaired.
//!
//! # Features
//! * `std` (default) implies `alloc`. Nothing else comes with it.
//! * `alloc`: [`FieldTable`] may grow, and `Vec` is a [`FieldStore`] and a [`write::Sink`].
//! * `http`: the views for the types of crate `http`, which needs `std`.

#![no_std]

#[cfg(feature = "alloc")]
extern crate alloc;

mod classify;
mod error;
mod framing;
mod head;
mod limits;
pub mod names;
mod scan;
mod status;
mod step;
mod store;
mod target;
pub mod value;
mod version;
mod view;
#[cfg(feature = "http")]
mod view_http;
pub mod write;

pub use error::{HeadError, HeadErrorKind};
pub use framing::{Framing, FramingError, FramingErrorKind};
pub use head::{Field, Fields, RequestHead, ResponseHead};
pub use limits::Limits;
pub use scan::{RequestScan, ResponseScan};
pub use status::Status;
pub use step::Step;
pub use store::{FieldSlots, FieldSpan, FieldStore, FieldTable, StoreFull};
pub use version::Version;
pub use view::{FieldsView, RequestView, ResponseView};

/// Runs the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
