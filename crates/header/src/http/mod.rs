//! The types of crate `http`: views over them, heads turned into them, heads written from them.

mod convert;
mod error;
mod spelling;
mod views;
mod write;

pub use self::error::{HttpError, HttpErrorKind};
pub use self::spelling::Spelling;
pub use self::write::{http_request, http_response};
