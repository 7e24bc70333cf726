//! Answering Chrome's request: from its bytes to those of the 101, or of a refusal.

use crate::{
    Group, Lane,
    corpus::CHROME,
    io::{Loopback, READ, ready},
};
use std::{convert::Infallible, hint::black_box};
use switchover::{
    handshake::{AcceptError, Choice, Request, ServerHandshake},
    header::Step,
};

/// One request accepted, and two of its kind refused. A refusal stands beside our own acceptance: whoever sends what is refused
/// may send any number of it.
pub fn groups() -> impl Iterator<Item = Group> {
    let accept = vec![
        lane("switchover", CHROME, ACCEPTED, switchover()),
        lane("tungstenite", CHROME, ACCEPTED, |io| {
            let config = tungstenite::protocol::WebSocketConfig::default().read_buffer_size(4096);
            drop(black_box(tungstenite::accept_with_config(io, Some(config))));
        }),
        lane("fastwebsockets with hyper", CHROME, ACCEPTED, fastwebsockets),
        lane("tokio-websockets", CHROME, ACCEPTED, |io| {
            drop(black_box(ready(tokio_websockets::ServerBuilder::new().accept(io))));
        }),
        lane("soketto", CHROME, ACCEPTED, soketto),
    ];
    let refuse = |why: &str, request: &str, status| {
        let acceptance = lane("acceptance", CHROME, ACCEPTED, switchover());
        let lanes = vec![lane("switchover", request, status, switchover()), acceptance];
        Group::new(format!("accept, refused for its {why}"), TIMES, lanes)
    };
    let without_key = CHROME.replace("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "");
    let foreign = CHROME.replace("Origin: http://localhost", "Origin: http://elsewhere");
    [
        Group::new(format!("accept, {} B", CHROME.len()), TIMES, accept),
        refuse("key", &without_key, "HTTP/1.1 400 "),
        refuse("origin", &foreign, "HTTP/1.1 403 "),
    ]
    .into_iter()
}

const TIMES: u64 = 20;

const ACCEPTED: &str = "HTTP/1.1 101 ";

/// Serves a request from a transport and checks the first answer that it wrote.
fn lane(library: &'static str, request: &str, status: &str, mut serve: impl FnMut(&mut Loopback) + 'static) -> Lane {
    let mut io = Loopback::reading(request.as_bytes().to_vec());
    serve(&mut io);
    let answer = String::from_utf8_lossy(io.last_write());
    assert!(answer.starts_with(status), "{library}: {answer}");
    assert!(status != ACCEPTED || answer.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{library}: {answer}");
    Lane::new(library, move || {
        for _ in 0..TIMES {
            serve(&mut io);
        }
        TIMES
    })
}

fn switchover() -> impl FnMut(&mut Loopback) {
    let choice = Choice::new();
    let mut answer = Vec::new();
    move |io| {
        let request = io.next_read(READ);
        answer.clear();
        let mut handshake = ServerHandshake::default();
        let agreement = match handshake.receive(black_box(request)) {
            Ok(Step::Done { value: Request::WebSocket(proposal), .. }) => {
                proposal.accept(&choice, &mut answer).map_err(AcceptError::into_refusal)
            }
            Ok(_) => unreachable!("it is a proposal"),
            Err(refusal) => Err(refusal),
        };
        if let Err(refusal) = &agreement {
            assert!(refusal.encode(&mut answer).is_ok());
        }
        black_box(&agreement);
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
