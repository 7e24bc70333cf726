//! Request heads, read while they arrive.

use std::{hint::black_box, mem::MaybeUninit};
use switchover_header::{FieldTable, Limits, RequestScan, Step};

/// Room for field lines.
const SLOTS: usize = 128;

/// A request head of `len` bytes, at least 200, in field lines of some 110 bytes.
#[must_use]
pub fn lines(len: usize) -> Vec<u8> {
    let mut head = b"GET /notifications?since=1763978403 HTTP/1.1\r\nHost: example.com\r\n".to_vec();
    for (name, number) in ["X-Request-Context", "Via", "Accept-Language", "X-Forwarded-For"].iter().cycle().zip(0..) {
        let line = format!("{name}: {}; q={number}\r\n", "0123456789abcdef".repeat(6));
        if head.len() + line.len() + "Cookie: \r\n\r\n".len() > len {
            break;
        }
        head.extend_from_slice(line.as_bytes());
    }
    filled(&head, b"Cookie: ", b'c', b"\r\n\r\n", len)
}

/// The same in one value.
#[must_use]
pub fn value(len: usize) -> Vec<u8> {
    filled(b"GET / HTTP/1.1\r\nHost: example.com\r\n", b"Cookie: ", b'c', b"\r\n\r\n", len)
}

/// The same in a value of white space, of which nothing remains.
#[must_use]
pub fn blank(len: usize) -> Vec<u8> {
    filled(b"GET / HTTP/1.1\r\nHost: example.com\r\n", b"Cookie:", b' ', b"\r\n\r\n", len)
}

/// The same in its target.
#[must_use]
pub fn target(len: usize) -> Vec<u8> {
    filled(b"GET /", b"notifications?since=", b'9', b" HTTP/1.1\r\nHost: example.com\r\n\r\n", len)
}

fn filled(front: &[u8], before: &[u8], byte: u8, behind: &[u8], len: usize) -> Vec<u8> {
    let mut head = [front, before].concat();
    head.resize(len - behind.len(), byte);
    head.extend_from_slice(behind);
    head
}

/// Shows our scan the head as it grows by `piece` bytes.
///
/// # Panics
/// Where it is not complete at its last byte.
pub fn ours(head: &[u8], piece: usize) {
    let mut fields = FieldTable::<SLOTS>::new();
    let mut scan = RequestScan::new(Limits::default());
    for received in prefixes(head, piece) {
        if let Ok(Step::Done { value, consumed }) = scan.scan(received, &mut fields) {
            assert_eq!(consumed, head.len());
            black_box((value.target(), value.spans()));
            return;
        }
    }
    unreachable!("it is a head");
}

/// The same with httparse, which keeps nothing between two calls.
///
/// # Panics
/// Where it is not complete at its last byte.
pub fn httparse(head: &[u8], piece: usize) {
    for received in prefixes(head, piece) {
        let mut headers = [const { MaybeUninit::uninit() }; SLOTS];
        let mut request = httparse::Request::new(&mut []);
        if let Ok(httparse::Status::Complete(consumed)) = request.parse_with_uninit_headers(received, &mut headers) {
            assert_eq!(consumed, head.len());
            black_box((request.path, request.headers));
            return;
        }
    }
    unreachable!("it is a head");
}

/// What has been received after each piece.
fn prefixes(head: &[u8], piece: usize) -> impl Iterator<Item = &[u8]> {
    (piece..head.len()).step_by(piece).chain([head.len()]).map(|len| black_box(&head[..len]))
}
