//! The 101, and the responses in its place.

use switchover_handshake::header::names::{CONNECTION, CONTENT_LENGTH, SEC_WEBSOCKET_VERSION, UPGRADE};
use switchover_handshake::header::{Status, Step};
use switchover_handshake::{
    AcceptError, LocalError, Protocol, Protocols, Refusal, Request, ServerHandshake, Switching, UpgradeChoice,
};

use crate::common::response_field;
use crate::common::upgrade::{Server, bare, post, request};

/// Requirements 4, 11, 19. RFC 9110, sections 7.8 and 15.5.22: whoever sends Upgrade sends the connection option with
/// it, on the 101, on a 426 with its framed content, and on any response that advertises.
#[test]
fn connection_names_upgrade_wherever_it_is_sent() {
    let protocols = Protocols::new([Protocol::tls(), bare("foo"), bare("any").any_version()]).unwrap();
    let list = "TLS/1.0, TLS/1.1, TLS/1.2, TLS/1.3, foo, any";
    let accepted = Server::new([bare("foo")]).serve_head(&request("foo"));
    assert_eq!(response_field(&accepted.out, CONNECTION), ["Upgrade"]);
    let refusal = Refusal::upgrade_required(&protocols);
    let bytes = refusal.to_bytes();
    assert_eq!(
        std::str::from_utf8(&bytes).unwrap(),
        format!(
            "HTTP/1.1 426 Upgrade Required\r\nContent-Type: text/plain; charset=utf-8\r\nUpgrade: {list}\r\n\
             Connection: Upgrade, close\r\nContent-Length: 21\r\n\r\n426 Upgrade Required\n"
        )
    );
    let open = refusal.keep_open().to_bytes();
    assert_eq!(response_field(&open, CONNECTION), ["Upgrade"]);
    assert_eq!(response_field(&Refusal::not_found().keep_open().to_bytes(), CONNECTION), [""; 0]);
    let advertised = Refusal::new(Status::OK).unwrap().advertise(&protocols).to_bytes();
    assert!(advertised.starts_with(b"HTTP/1.1 200 OK\r\n"));
    assert_eq!(response_field(&advertised, UPGRADE), [list]);
    assert_eq!(response_field(&advertised, CONNECTION), ["Upgrade, close"]);
    assert_eq!(protocols.advertisement(), [(UPGRADE, list.to_owned()), (CONNECTION, "Upgrade".to_owned())]);

    // With WebSocket among them, its version is told; without, what a 426 says by itself is taken back.
    let websocket = Refusal::upgrade_required(&Protocols::default()).to_bytes();
    assert_eq!(response_field(&websocket, UPGRADE), ["websocket"]);
    assert_eq!(response_field(&websocket, SEC_WEBSOCKET_VERSION), ["13"]);
    let other = Refusal::new(Status::UPGRADE_REQUIRED).unwrap().advertise(&protocols).to_bytes();
    assert_eq!(response_field(&other, UPGRADE), [list]);
    assert_eq!(response_field(&other, SEC_WEBSOCKET_VERSION), [""; 0]);
}

/// A refusal of the handshake's closes whatever is asked, since what follows may be data of another protocol.
#[test]
fn what_the_handshake_refuses_is_not_kept_open() {
    let served = Server::new([bare("foo")]).serve_head(&post("foo"));
    assert_eq!(response_field(&served.refusal().clone().keep_open().to_bytes(), CONNECTION), ["close"]);
}

/// Whatever the room, a 101 is written whole or not at all, and may be asked for again.
#[test]
fn the_101_is_written_whole_or_not_at_all() {
    let protocols = Protocols::new([bare("foo").methods(&["POST"]).reads_content(9)]).unwrap();
    let whole = Server::new([bare("foo")]).serve_head(&request("foo")).out;
    let bytes = post("foo").line(CONTENT_LENGTH, "2").to_bytes();
    for room in 0..whole.len() {
        let mut handshake = ServerHandshake::default().protocols(&protocols);
        let Ok(Step::Done { value: Request::Upgrade(proposal), .. }) = handshake.receive(&bytes) else { panic!() };
        let mut buffer = vec![0; room];
        let mut switch = proposal.accept(&UpgradeChoice::new(), &mut &mut buffer[..]).unwrap();
        let Ok(Step::Done { value: Switching::Content(range), consumed: 2 }) =
            switch.receive(b"hirest", &mut &mut buffer[..])
        else {
            panic!()
        };
        assert_eq!(range, 0..2);
        let full = AcceptError::Local(LocalError::OutputTooSmall { needed: whole.len() });
        for _ in 0..2 {
            assert_eq!(switch.receive(b"rest", &mut &mut buffer[..]), Err(full.clone()));
        }
        assert!(buffer.iter().all(|byte| *byte == 0) && switch.switched().is_none());
        let (mut longer, mut out) = (vec![0; whole.len() + room], Vec::new());
        let mut rest = &mut longer[..];
        for _ in 0..2 {
            assert!(matches!(switch.receive(b"rest", &mut rest), Ok(Step::Done { consumed: 0, .. })));
            assert!(matches!(switch.receive(b"rest", &mut out), Ok(Step::Done { consumed: 0, .. })));
        }
        assert_eq!((rest.len(), &out[..]), (room, &b""[..]), "it is written once");
        assert_eq!(longer[..whole.len()], whole);

        let request = request("foo").to_bytes();
        let mut handshake = ServerHandshake::default().protocols(&Protocols::new([bare("foo")]).unwrap());
        let Ok(Step::Done { value: Request::Upgrade(proposal), .. }) = handshake.receive(&request) else { panic!() };
        assert_eq!(proposal.accept(&UpgradeChoice::new(), &mut &mut buffer[..]).unwrap_err(), full);
        assert!(buffer.iter().all(|byte| *byte == 0));
    }
}

/// A proposal can be refused for any reason of the server's.
#[test]
fn a_proposal_is_refused_with_any_response() {
    let bytes = request("foo").to_bytes();
    let mut handshake = ServerHandshake::default().protocols(&Protocols::new([bare("foo")]).unwrap());
    let Ok(Step::Done { value: request @ Request::Upgrade(_), .. }) = handshake.receive(&bytes) else { panic!() };
    assert_eq!(request.plain().path(), "/hello");
    let Request::Upgrade(proposal) = request else { panic!() };
    let mut out = Vec::new();
    proposal.refuse(&Refusal::forbidden(), &mut out).unwrap();
    assert!(out.starts_with(b"HTTP/1.1 403 Forbidden\r\n"));
}

/// Logs are read by many: of a 101 that is not written yet, with its cookies, they have the length.
#[test]
fn a_101_that_waits_is_not_printed() {
    let bytes = post("foo").line(CONTENT_LENGTH, "2").to_bytes();
    let protocols = Protocols::new([bare("foo").methods(&["POST"]).reads_content(9)]).unwrap();
    let mut handshake = ServerHandshake::default().protocols(&protocols);
    let Ok(Step::Done { value: Request::Upgrade(proposal), .. }) = handshake.receive(&bytes) else { panic!() };
    let choice = UpgradeChoice::new().field("Set-Cookie", "id=7").unwrap();
    let printed = format!("{:?}", proposal.accept(&choice, &mut Vec::new()).unwrap());
    assert!(printed.starts_with("Switch") && printed.contains("foo"), "{printed}");
    assert!(!printed.contains("Set-Cookie") && !printed.contains("83, 101, 116"), "{printed}");
    let whole = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: foo\r\nConnection: Upgrade\r\nSet-Cookie: id=7\r\n\r\n";
    assert!(printed.contains(&format!("{} bytes", whole.len())), "{printed}");
}
