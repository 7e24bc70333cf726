//! Tokenizing one whole head.

use crate::{Group, Lane};
use std::{hint::black_box, mem::MaybeUninit};
use switchover::header::{FieldTable, Limits, RequestScan, ResponseScan, Step};

/// Heads of four sizes.
pub fn groups() -> impl Iterator<Item = Group> {
    let cookies =
        (0..31).map(|i| format!("cookie-{i:02}={}", "0123456789abcdef".repeat(7))).collect::<Vec<_>>().join("; ");
    let long = CHROME.replace("Cookie: theme=dark", &format!("Cookie: {cookies}"));
    let requests = [
        ("head, short request", SHORT.to_owned()),
        ("head, Chrome's request", CHROME.to_owned()),
        ("head, 4 KiB of cookies", long),
    ];
    requests
        .into_iter()
        .map(|(name, head)| request(name, head))
        .chain(std::iter::once_with(|| response("head, 101 response", ANSWER)))
}

/// How often one run reads the head.
const TIMES: u64 = 100;

fn request(name: &str, head: String) -> Group {
    let name = format!("{name}, {} B", head.len());
    let head: &'static [u8] = head.into_bytes().leak();
    let mut fields = FieldTable::<32>::new();
    let ours = move || {
        let mut seen = 0;
        for _ in 0..TIMES {
            let mut scan = RequestScan::new(Limits::default());
            let Ok(Step::Done { value, consumed }) = scan.scan(black_box(head), &mut fields) else {
                unreachable!("it is a head")
            };
            black_box((value.method(), value.target(), value.spans()));
            seen += consumed as u64;
        }
        seen
    };
    let httparse = move || {
        let mut seen = 0;
        for _ in 0..TIMES {
            let mut headers = [const { MaybeUninit::uninit() }; 32];
            let mut request = httparse::Request::new(&mut []);
            let Ok(httparse::Status::Complete(consumed)) =
                request.parse_with_uninit_headers(black_box(head), &mut headers)
            else {
                unreachable!("it is a head")
            };
            black_box((request.method, request.path, request.headers));
            seen += consumed as u64;
        }
        seen
    };
    Group { name, times: TIMES, lanes: vec![Lane::new("switchover", ours), Lane::new("httparse", httparse)] }
}

fn response(name: &str, head: &'static str) -> Group {
    let name = format!("{name}, {} B", head.len());
    let head = head.as_bytes();
    let mut fields = FieldTable::<32>::new();
    let ours = move || {
        let mut seen = 0;
        for _ in 0..TIMES {
            let mut scan = ResponseScan::new(Limits::default());
            let Ok(Step::Done { value, consumed }) = scan.scan(black_box(head), &mut fields) else {
                unreachable!("it is a head")
            };
            black_box((value.status(), value.reason(), value.spans()));
            seen += consumed as u64;
        }
        seen
    };
    let httparse = move || {
        let mut seen = 0;
        for _ in 0..TIMES {
            let mut headers = [const { MaybeUninit::uninit() }; 32];
            let mut response = httparse::Response::new(&mut []);
            let config = httparse::ParserConfig::default();
            let Ok(httparse::Status::Complete(consumed)) =
                config.parse_response_with_uninit_headers(&mut response, black_box(head), &mut headers)
            else {
                unreachable!("it is a head")
            };
            black_box((response.code, response.reason, response.headers));
            seen += consumed as u64;
        }
        seen
    };
    Group { name, times: TIMES, lanes: vec![Lane::new("switchover", ours), Lane::new("httparse", httparse)] }
}

/// What a small client sends.
const SHORT: &str = "GET /chat HTTP/1.1\r\n\
    Host: example.com\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";

/// What Chrome sends for `new WebSocket("ws://localhost:9001/notifications")` on a page of the same host.
pub(crate) const CHROME: &str = "GET /notifications HTTP/1.1\r\n\
    Host: localhost:9001\r\n\
    Connection: Upgrade\r\n\
    Pragma: no-cache\r\n\
    Cache-Control: no-cache\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36\r\n\
    Upgrade: websocket\r\n\
    Origin: http://localhost:9001\r\n\
    Sec-WebSocket-Version: 13\r\n\
    Accept-Encoding: gzip, deflate, br, zstd\r\n\
    Accept-Language: en-US,en;q=0.9,de-DE;q=0.8,de;q=0.7\r\n\
    Cookie: theme=dark\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\
    Sec-GPC: 1\r\n\
    Sec-Fetch-Site: same-origin\r\n\
    Sec-Fetch-Mode: websocket\r\n\
    Sec-Fetch-Dest: empty\r\n\r\n";

/// What answers it.
const ANSWER: &str = "HTTP/1.1 101 Switching Protocols\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
