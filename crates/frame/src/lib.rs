//! The WebSocket frame codec, without I/O and without allocation. (RFC 6455, section 5)
//!
//! Bytes in, frames out; frames in, bytes out. Whatever carries the bytes is the caller's, and so is every buffer: a
//! [`Decoder`] reads and unmasks frames in the place where they arrived, in pieces of whatever was there, so a frame
//! may be longer than all the memory there is.
//!
//! - Receive: [`Decoder`] gives [`Piece`]s; [`Utf8`] validates texts as they come,
//!   [`CloseFrame::parse`] reads what a Close says.
//! - Send: [`encode::frame`] writes a frame; or [`FrameHeader::encode`], then the payload.
//! - Fail: a [`ProtocolError`] says what the peer did, where, against which section, and the
//!   [`CloseCode`] to answer with.
//!
//! Messages, the closing handshake and automatic pongs are one layer above, in `switchover`.
//!
//! Payloads are masked by AVX-512 or AVX2 where the processor has them, else by what the compiler makes of words of eight bytes.
//! All `unsafe` of this crate is in the module for that.
//!
//! # Features
//! - `std` (default) implies `alloc`. The processor is asked which instructions it has; without `std`, what the build assumes of
//!   it decides.
//! - `alloc`: [`Mask::append`].
//! - `bytes`: `Text`, which shares its memory, with the crate of this name; implies `alloc`.
//!
//! An echo of binary frames in a fixed buffer; `examples/no_alloc_loop.rs` is the whole server:
//!
//! ```
//! use switchover_frame::{Decoder, DecoderConfig, FrameHeader, ProtocolError, Role, Step};
//!
//! /// Reads what has arrived in `input`, which can be reused then, and writes the answer.
//! fn echo(
//!     decoder: &mut Decoder,
//!     mut input: &mut [u8],
//!     mut write: impl FnMut(&[u8]),
//! ) -> Result<(), ProtocolError> {
//!     while let Step::Done { piece, consumed } = decoder.decode(input)? {
//!         if piece.first {
//!             write(&FrameHeader { mask: None, ..piece.header }.encode());
//!         }
//!         write(&input[piece.payload]);
//!         input = &mut input[consumed..];
//!     }
//!     Ok(())
//! }
//!
//! // "Hello", masked by a client, in two reads, of which the first ends inside the masking key.
//! let mut decoder = Decoder::new(Role::Server, DecoderConfig::default());
//! let mut output = Vec::new();
//! for mut read in [b"\x82\x85\x37\xFA".to_vec(), b"\x21\x3D\x7F\x9F\x4D\x51\x58".to_vec()] {
//!     echo(&mut decoder, &mut read, |bytes| output.extend_from_slice(bytes))?;
//! }
//! assert_eq!(output, b"\x82\x05Hello");
//!
//! // An unmasked frame is refused at its second byte, with the answer to give.
//! let error = echo(&mut decoder, &mut b"\x82\x05Hello".to_vec(), |_| ()).unwrap_err();
//! assert_eq!(error.to_string(), "unmasked frame from a client at offset 12 (RFC 6455, section 5.1)");
//! assert_eq!(error.close_code().to_string(), "1002 (protocol error)");
//! # Ok::<(), ProtocolError>(())
//! ```
#![no_std]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

mod close;
mod control;
mod decoder;
pub mod encode;
mod error;
mod header;
mod mask;
mod opcode;
#[allow(unsafe_code, reason = "vectors, and text; the contract stands at the top of the module")]
mod simd;
#[cfg(feature = "bytes")]
mod text;
mod utf8;

pub use close::{CloseCode, CloseFrame, InvalidClose};
pub use control::ControlPayload;
pub use decoder::{Decoder, DecoderConfig, Piece, Step};
pub use encode::BufferTooSmall;
pub use error::{ProtocolError, ProtocolErrorKind};
pub use header::{EncodedHeader, FrameHeader, Rsv};
pub use mask::Mask;
pub use opcode::{OpCode, Role};
#[cfg(feature = "bytes")]
pub use text::{Text, TextError};
pub use utf8::{Utf8, Utf8Error};
