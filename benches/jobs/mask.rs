//! Masking in place, from an address that is not aligned.

use crate::{Group, Lane, size};
use std::hint::black_box;
use switchover::frame::Mask;

/// Payloads of five sizes.
pub fn groups() -> impl Iterator<Item = Group> {
    [16, 125, 1 << 10, 64 << 10, 1 << 20].into_iter().map(group)
}

const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

fn group(len: usize) -> Group {
    let times = ((256 << 10) / len).clamp(2, 2000) as u64;
    let run = |library, mask: fn(&mut [u8])| {
        let mut buffer = vec![0x55; len + 65];
        // One byte behind the beginning of a cache line in all lanes: where it is makes a difference.
        let start = buffer.as_ptr().align_offset(64) % 64 + 1;
        Lane::new(library, move || {
            for _ in 0..times {
                mask(black_box(&mut buffer[start..start + len]));
            }
            times * len as u64
        })
    };
    let lanes = vec![
        run("switchover", |payload| Mask::new(KEY).apply(0, payload)),
        run("fastwebsockets", |payload| fastwebsockets::unmask(payload, KEY)),
        run("websocket-sans-io", |payload| websocket_sans_io::apply_mask(KEY, payload, 0)),
        run("soketto", |payload| {
            let mut header = soketto::base::Header::new(soketto::base::OpCode::Binary);
            header.set_masked(true).set_mask(u32::from_be_bytes(KEY));
            soketto::base::Codec::apply_mask(&header, payload);
        }),
    ];
    Group::new(format!("mask, {}", size(len)), times, lanes)
}
