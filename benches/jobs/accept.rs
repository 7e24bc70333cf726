//! Accepting Chrome's request: from its bytes to those of the 101.

use crate::{
    Group, Lane,
    corpus::CHROME,
    io::{Loopback, READ, ready},
};
use std::{convert::Infallible, hint::black_box};
use switchover::{
    handshake::{Choice, Request, ServerHandshake},
    header::Step,
};

/// One request.
pub fn groups() -> impl Iterator<Item = Group> {
    let lanes = vec![
        lane("switchover", switchover()),
        lane("tungstenite", |io| {
            let config = tungstenite::protocol::WebSocketConfig::default().read_buffer_size(4096);
            drop(black_box(tungstenite::accept_with_config(io, Some(config))));
        }),
        lane("fastwebsockets with hyper", fastwebsockets),
        lane("tokio-websockets", |io| {
            drop(black_box(ready(tokio_websockets::ServerBuilder::new().accept(io))));
        }),
        lane("soketto", soketto),
    ];
    std::iter::once(Group::new(format!("accept, {} B", CHROME.len()), TIMES, lanes))
}

const TIMES: u64 = 20;

/// Serves a request from a transport and checks that the first answer it wrote accepts it.
fn lane(library: &'static str, mut accept: impl FnMut(&mut Loopback) + 'static) -> Lane {
    let mut io = Loopback::reading(CHROME.as_bytes().to_vec());
    accept(&mut io);
    let answer = String::from_utf8_lossy(io.last_write());
    assert!(answer.starts_with("HTTP/1.1 101 "), "{library}: {answer}");
    assert!(answer.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{library}: {answer}");
    Lane::new(library, move || {
        for _ in 0..TIMES {
            accept(&mut io);
        }
        TIMES
    })
}

fn switchover() -> impl FnMut(&mut Loopback) {
    let choice = Choice::new();
    let mut answer = Vec::new();
    move |io| {
        let request = io.next_read(READ);
        let mut handshake = ServerHandshake::default();
        let Ok(Step::Done { value: Request::WebSocket(proposal), .. }) = handshake.receive(black_box(request)) else {
            unreachable!("it is a proposal")
        };
        answer.clear();
        let agreement = black_box(proposal.accept(&choice, &mut answer));
        assert!(agreement.is_ok());
        io.write_slice(&answer);
    }
}

/// It leaves HTTP to hyper.
fn fastwebsockets(io: &mut Loopback) {
    use hyper::{body::Incoming, server::conn::http1, service::service_fn};
    let service = service_fn(|mut request: hyper::Request<Incoming>| async move {
        let Ok((response, _)) = fastwebsockets::upgrade::upgrade(&mut request) else {
            unreachable!("it is a proposal")
        };
        Ok::<_, Infallible>(response)
    });
    let connection = http1::Builder::new().serve_connection(hyper_util::rt::TokioIo::new(io), service);
    drop(black_box(ready(connection)));
}

fn soketto(io: &mut Loopback) {
    use soketto::handshake::{Server, server::Response};
    let mut server = Server::new(io);
    let Ok(key) = ready(server.receive_request()).map(|request| request.key()) else {
        unreachable!("it is a proposal")
    };
    let accepted = ready(server.send_response(&Response::Accept { key, protocol: None }));
    assert!(black_box(accepted).is_ok());
}
