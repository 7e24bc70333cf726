//! HTTP/1.1 message heads, and the bodies behind them, without I/O and without allocation.
//!
//! [`RequestScan`] and [`ResponseScan`] tokenize a head while its bytes arrive: they take the bytes
//! so far, go on where they stopped, and answer with a head that borrows from the input, with a
//! demand for more, or with a [`HeadError`] that says what is wrong, where, by which rule, and
//! which status to answer with. What follows the head is left as it is.
//!
//! ```
//! use switchover_header::{FieldTable, RequestScan, Step, value};
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
//! The README has a whole receive loop, the limits in a table, and a guide for users of httparse.
//!
//! # What is here
//! * **Heads.** A scan puts the spans of the field lines into a [`FieldStore`]: a [`FieldTable`], a slice by
//!   [`FieldSlots`], or a `Vec`. [`RequestHead`] and [`ResponseHead`] are views over them and over the input. Scan and
//!   store hold offsets, so they stay valid while the buffer grows and moves, and a head that was done is given again.
//! * **Bodies.** [`BodyDecoder`] reads the body that a head announces, whatever its [`Framing`]: it answers with ranges
//!   of the input that are data, and with the [`Trailers`], which are a type of their own. [`TrailerScan`] is for whoever
//!   reads chunks in another way.
//! * **Field values.** [`TypedFields`] reads the fields of a negotiation by name, each by its grammar and with the
//!   cardinality that it has; [`value`] is the grammar itself. [`FieldsView`], [`RequestView`] and [`ResponseView`] are
//!   what it needs of a head, whoever parsed it. [`FieldsView::find`] looks for several [`Names`] at once.
//! * **Writing.** [`write`](mod@write) writes heads, chunks and trailers, and refuses an element that would end early or
//!   begin another one.
//! * **Limits.** [`Limits`] for heads, [`BodyLimits`] for chunked bodies: each trips while its element is incomplete.
//!
//! # Strictness
//! Lines end with CRLF alone; folded lines, white space before a colon, control bytes in values,
//! and whatever leaves it uncertain where a message ends are errors (RFC 9112). A request has been
//! checked for its Host, for the form of its target, and for [`Framing`] when its head is given
//! out. How a response is framed depends on the request: [`ResponseHead::framing`] asks for it.
//!
//! Peers that will not be mended can be met halfway, in responses and where it is asked for: [`Leniency`] lets a lone LF
//! end a line and white space stand before a colon, and [`ResponseScan::scan_unfolding`] puts SP in place of line folding.
//! Whatever the leniency, a head that keeps to the grammar is read the same.
//!
//! A request target holds the characters of RFC 3986 and no others: `{`, `}`, `|`, `^`, the
//! backtick and raw bytes from 0x80 on are refused with 400, although browsers send some of them in
//! queries. RFC 9112, section 3.2, has an invalid request line answered, not repaired.
//!
//! # Backends
//! Bytes are classified by 64 at a time, by the [best](Backend::best) [`Backend`] of the processor: AVX2, SSE2, NEON, or
//! words of eight bytes (SWAR). The verdict does not depend on it, nor does an error's offset. Which one is used can be
//! chosen, for tests and measurements: [`RequestScan::with_backend`]. All `unsafe` of this crate is in their module.
//!
//! # Features
//! * `std` (default) implies `alloc`. The processor is asked which instructions it has; without `std`, what the build
//!   assumes of it decides.
//! * `alloc`: [`FieldTable`] may grow, and `Vec` is a [`FieldStore`] and a [`write::Sink`].
//! * `bytes` implies `alloc`: every `bytes::BufMut` is a [`write::Sink`].
//! * `http` implies `std` and `bytes`: the types of crate `http` are views, heads turn into them
//!   without a copy of a value (`RequestHead::to_http`, `ResponseHead::to_http`), and they are
//!   written as heads (`write::http_request`, `write::http_response`).

#![no_std]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod body;
mod classify;
mod error;
mod find;
mod framing;
mod head;
#[cfg(feature = "http")]
mod http;
mod leniency;
mod limits;
pub mod names;
mod scan;
#[allow(unsafe_code, reason = "vectors; the contract stands at the top of the module")]
mod simd;
mod status;
mod step;
mod store;
mod target;
mod typed;
pub mod value;
mod version;
mod view;
pub mod write;

pub use body::{
    BodyDecoder, BodyError, BodyErrorKind, BodyItem, BodyLimits, DecodedInPlace, EndOfInput, TrailerLimits, Trailers,
};
pub use error::{HeadError, HeadErrorKind};
pub use find::{Found, Names};
pub use framing::{Framing, FramingError, FramingErrorKind};
pub use head::{Field, Fields, RequestHead, ResponseHead};
#[cfg(feature = "http")]
pub use http::{HttpError, HttpErrorKind, Spelling};
pub use leniency::Leniency;
pub use limits::Limits;
pub use scan::{RequestScan, ResponseScan, TrailerScan};
pub use simd::Backend;
pub use status::Status;
pub use step::Step;
pub use store::{FieldSlots, FieldSpan, FieldStore, FieldTable, StoreFull};
pub use typed::TypedFields;
pub use version::Version;
pub use view::{FieldsView, RequestView, ResponseView};

/// Runs the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
