//! picohttpparser, which is C. The one place of the benches that calls it.
#![allow(unsafe_code, reason = "C cannot be called without")]

use crate::head::SLOTS;
use picohttpparser_sys::{phr_header, phr_parse_request, phr_parse_response};
use std::{hint::black_box, mem::MaybeUninit, ptr::null};

/// Parses a request head; the number of its bytes.
pub(crate) fn request(head: &[u8]) -> Option<usize> {
    let mut headers = [const { MaybeUninit::<phr_header>::uninit() }; SLOTS];
    let (mut method, mut method_len) = (null(), 0);
    let (mut path, mut path_len) = (null(), 0);
    let (mut minor, mut count) = (0, SLOTS);
    // SAFETY: `head` is that many readable bytes, `headers` has `count` slots of the C struct, and the others are locals of
    // the types that the C declaration has. It writes to the slots and the locals alone and keeps no pointer. Nothing
    // here reads a slot or follows a pointer that it gives.
    let length = unsafe {
        phr_parse_request(
            head.as_ptr().cast(),
            head.len(),
            &raw mut method,
            &raw mut method_len,
            &raw mut path,
            &raw mut path_len,
            &raw mut minor,
            headers.as_mut_ptr().cast(),
            &raw mut count,
            0,
        )
    };
    black_box((method, method_len, path, path_len, minor, &headers, count));
    usize::try_from(length).ok()
}

/// Parses a response head; the number of its bytes.
pub(crate) fn response(head: &[u8]) -> Option<usize> {
    let mut headers = [const { MaybeUninit::<phr_header>::uninit() }; SLOTS];
    let (mut reason, mut reason_len) = (null(), 0);
    let (mut minor, mut status, mut count) = (0, 0, SLOTS);
    // SAFETY: as above.
    let length = unsafe {
        phr_parse_response(
            head.as_ptr().cast(),
            head.len(),
            &raw mut minor,
            &raw mut status,
            &raw mut reason,
            &raw mut reason_len,
            headers.as_mut_ptr().cast(),
            &raw mut count,
            0,
        )
    };
    black_box((minor, status, reason, reason_len, &headers, count));
    usize::try_from(length).ok()
}
