//! RFC 6455, section 7: every way a connection can end, and what the transport is told to do.

use bytes::{Buf, BytesMut};
use core::time::Duration;
use switchover::{
    Closed, Event, EventRef, Limits, Replies, SendError, Server, Session, Side, Transport,
    frame::{CloseCode, CloseFrame, OpCode, Role},
};
use switchover_testkit::frames::RawFrame;

use crate::common::{client, frames, server, written};

const NORMAL: CloseFrame<'static> = CloseFrame { code: CloseCode::NORMAL, reason: "done" };

/// Feeds `bytes` and returns the events.
fn feed<S: Side>(session: &mut Session<S>, bytes: &[u8]) -> Vec<Event> {
    let mut input = BytesMut::from(bytes);
    core::iter::from_fn(|| session.poll_event(&mut input)).collect()
}

fn close(code: u16, reason: &str) -> Vec<u8> {
    RawFrame::close(code, reason).encode()
}

fn masked_close(code: u16, reason: &str) -> Vec<u8> {
    RawFrame::close(code, reason).mask([9, 8, 7, 6]).encode()
}

fn closed_by_peer(events: &[Event], code: u16, reason: &str) -> bool {
    matches!(events, [Event::Closed(closed @ Closed::Peer(_))]
        if closed.code().as_u16() == code && closed.reason() == reason)
}

/// 5.5.1, 7.1.1: the server answers with the same code, writes, shuts down writing, and waits for the client's end.
#[test]
fn a_client_closes_seen_by_the_server() {
    let mut server = server();
    assert!(closed_by_peer(&feed(&mut server, &masked_close(1001, "leaving")), 1001, "leaving"));
    assert_eq!(server.transport(), Transport::Open, "the answer is not written");
    let answer = written(&mut server);
    assert_eq!(answer, close(1001, "leaving"));
    assert_eq!(server.transport(), Transport::ShutdownWrite);
    assert_eq!(server.input_eof(), None, "the last event has been delivered");
    assert_eq!(server.transport(), Transport::Drop);
}

/// 7.1.1: the client lets the server end the transport.
#[test]
fn a_client_closes_seen_by_the_client() {
    let mut client = client();
    client.close(NORMAL).unwrap();
    let sent = written(&mut client);
    assert_eq!(frames(Role::Server, &sent), [(OpCode::Close, true, b"\x03\xE8done".to_vec())]);
    assert_eq!(client.transport(), Transport::Open, "the server's answer is awaited");
    assert!(closed_by_peer(&feed(&mut client, &close(1000, "done")), 1000, "done"));
    assert_eq!(written(&mut client), b"", "one Close is enough");
    assert_eq!(client.transport(), Transport::AwaitPeer);
    assert_eq!(client.input_eof(), None);
    assert_eq!(client.transport(), Transport::Drop);
}

/// What arrives between our Close and the peer's is still delivered. 5.5.2: a Ping is answered until the peer's Close.
#[test]
fn messages_that_cross_our_close_are_received() {
    let mut client = client();
    client.close(None).unwrap();
    written(&mut client);
    let bytes = [RawFrame::text("late").encode(), RawFrame::ping("?").encode(), close(1000, "")].concat();
    let events = feed(&mut client, &bytes);
    assert_eq!(events[0], Event::Text("late".into()));
    assert_eq!(events[1], Event::Ping(b"?"[..].into()));
    assert!(closed_by_peer(&events[2..], 1000, ""));
    assert_eq!(frames(Role::Server, &written(&mut client)), [(OpCode::Pong, true, b"?".to_vec())]);
}

/// 7.1.5: both sides close at once; each sees the other's code, and no third Close is sent.
#[test]
fn both_sides_close_at_once() {
    let (mut client, mut server) = (client(), server());
    client.close(CloseFrame { code: CloseCode::new(4000), reason: "c" }).unwrap();
    server.close(CloseFrame { code: CloseCode::new(4001), reason: "s" }).unwrap();
    let (from_client, from_server) = (written(&mut client), written(&mut server));
    assert!(closed_by_peer(&feed(&mut server, &from_client), 4000, "c"));
    assert!(closed_by_peer(&feed(&mut client, &from_server), 4001, "s"));
    assert!(written(&mut client).is_empty() && written(&mut server).is_empty());
    assert_eq!((server.transport(), client.transport()), (Transport::ShutdownWrite, Transport::AwaitPeer));
}

/// 7.4.1: no code is 1005 to the application and an empty Close on the wire.
#[test]
fn a_close_without_a_code_is_answered_without_one() {
    let mut client = client();
    let events = feed(&mut client, &RawFrame::new(8, []).encode());
    assert!(
        matches!(&events[..], [Event::Closed(closed @ Closed::Peer(None))] if closed.code() == CloseCode::NO_STATUS)
    );
    assert_eq!(frames(Role::Server, &written(&mut client)), [(OpCode::Close, true, vec![])]);
}

/// Data after the peer's Close is not looked at, however wrong it is.
#[test]
fn data_after_a_close_is_ignored() {
    let mut client = client();
    let bytes = [close(1000, ""), RawFrame::text("more").encode(), vec![0xFF; 40]].concat();
    assert!(closed_by_peer(&feed(&mut client, &bytes), 1000, ""));
    assert_eq!(feed(&mut client, &[0xFF; 40]), []);
    let mut garbage = [0xFF; 40];
    let mut input = &mut garbage[..];
    assert!(client.receive(&mut input).is_none() && input.is_empty());
}

/// 7.1.7: a violation is answered with a Close behind what was queued before, on either side by a shutdown of writing.
#[test]
fn a_violation_fails_the_connection() {
    let mut server = server();
    let bytes = [RawFrame::text("hi").mask([1, 2, 3, 4]).encode(), vec![0x83]].concat();
    let mut input = BytesMut::from(&bytes[..]);
    let Some(Event::Text(text)) = server.poll_event(&mut input) else { panic!("the message before it is delivered") };
    server.send(text).unwrap();
    let Some(Event::Closed(closed)) = server.poll_event(&mut input) else { panic!("opcode 3") };
    let Closed::Violation(error) = closed else { panic!("opcode 3") };
    assert_eq!(Closed::Violation(error).code(), CloseCode::ABNORMAL, "7.1.5: no Close was received");
    assert_eq!(
        (error.offset(), error.section(), error.close_code()),
        (8, "RFC 6455, section 5.2", CloseCode::PROTOCOL_ERROR)
    );
    assert_eq!(server.poll_event(&mut input), None);
    assert_eq!(written(&mut server), [RawFrame::text("hi").encode(), close(1002, "")].concat());
    assert_eq!(server.transport(), Transport::ShutdownWrite);
    assert_eq!(server.send("more"), Err(SendError::Closed("more".into())));

    let mut client = client();
    assert!(matches!(&feed(&mut client, &[0x83])[..], [Event::Closed(Closed::Violation(_))]));
    written(&mut client);
    assert_eq!(client.transport(), Transport::ShutdownWrite);
}

/// 7.1.7 after our own Close: no second one.
#[test]
fn a_violation_after_our_close() {
    fn check<S: Side>(mut session: Session<S>) {
        session.close(NORMAL).unwrap();
        written(&mut session);
        assert!(matches!(&feed(&mut session, &[0x83])[..], [Event::Closed(Closed::Violation(_))]));
        assert_eq!(written(&mut session), b"");
        assert_eq!(session.transport(), Transport::ShutdownWrite);
    }
    check(server());
    check(client());
}

/// 7.1.5: an end without a Close is 1006, once; what was queued is still written.
#[test]
fn an_end_without_a_close() {
    let mut server = server();
    server.send("unsent").unwrap();
    let closed = server.input_eof().unwrap();
    assert_eq!((&closed, closed.code(), closed.reason()), (&Closed::Eof, CloseCode::ABNORMAL, ""));
    assert_eq!(server.input_eof(), None);
    assert_eq!(server.transport(), Transport::Flush);
    assert_eq!(written(&mut server), RawFrame::text("unsent").encode());
    assert_eq!(server.transport(), Transport::Drop);
    assert_eq!(server.send("more"), Err(SendError::Closed("more".into())));
}

/// A client that shuts down writing right behind its Close still gets the answer.
#[test]
fn a_half_close_behind_a_close() {
    let mut server = server();
    feed(&mut server, &masked_close(1000, ""));
    assert_eq!(server.input_eof(), None);
    assert_eq!(server.transport(), Transport::Flush);
    assert_eq!(written(&mut server), close(1000, ""));
    assert_eq!(server.transport(), Transport::Drop);
}

/// 5.5.1: "an endpoint MAY delay sending a Close frame until its current message is sent".
#[test]
fn the_application_may_answer_a_close_itself() {
    let mut server = Session::new(Server, &Limits::default(), Replies { close: false, ..Replies::default() });
    assert!(closed_by_peer(&feed(&mut server, &masked_close(1000, "")), 1000, ""));
    assert_eq!(server.transport(), Transport::Open);
    assert_eq!(server.poll_timeout(), None, "the application's time is its own");
    server.send("last words").unwrap();
    server.close(NORMAL).unwrap();
    assert_eq!(written(&mut server), [RawFrame::text("last words").encode(), close(1000, "done")].concat());
    assert_eq!(server.transport(), Transport::ShutdownWrite);
}

#[test]
fn a_second_close_is_none() {
    let mut server = server();
    server.close(NORMAL).unwrap();
    server.close(CloseFrame { code: CloseCode::new(4000), reason: "" }).unwrap();
    assert_eq!(written(&mut server), close(1000, "done"));
}

/// 7.4: codes that never stand on the wire, and reasons that do not fit a control frame.
#[test]
fn a_close_that_cannot_be_sent_changes_nothing() {
    let mut server = server();
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, u16::MAX] {
        server.close(CloseFrame { code: CloseCode::new(code), reason: "" }).unwrap_err();
    }
    server.close(CloseFrame { code: CloseCode::NORMAL, reason: &"x".repeat(124) }).unwrap_err();
    assert!(server.output().is_empty());
    assert_eq!(server.transport(), Transport::Open);
    server.send("still open").unwrap();
}

/// The deadline runs from the first time that is told after closing began.
#[test]
fn the_closing_handshake_has_a_deadline() {
    let limits = Limits { close: Duration::from_secs(5), ..Limits::default() };
    let mut server = Session::server(&limits);
    assert_eq!(server.poll_timeout(), None);
    assert_eq!(server.handle_timeout(Duration::from_secs(100)), None, "nothing is pending");
    server.close(NORMAL).unwrap();
    assert_eq!(server.poll_timeout(), Some(Duration::ZERO), "tell the time");
    assert_eq!(server.handle_timeout(Duration::from_secs(200)), None);
    assert_eq!(server.poll_timeout(), Some(Duration::from_secs(205)));
    assert_eq!(server.handle_timeout(Duration::from_millis(204_999)), None);
    assert_eq!(server.transport(), Transport::Open);
    assert_eq!(server.handle_timeout(Duration::from_secs(205)), Some(Closed::TimedOut));
    assert_eq!((server.transport(), server.poll_timeout()), (Transport::Drop, None));
    assert_eq!(server.handle_timeout(Duration::from_secs(300)), None);
    assert_eq!(feed(&mut server, &masked_close(1000, "")), []);
}

/// What is queued before a Close is not cut off while the peer takes it, however slowly.
#[test]
fn the_deadline_waits_for_output_that_moves() {
    let mut server = server();
    server.send(vec![7; 1 << 20]).unwrap();
    server.close(None).unwrap();
    let mut now = Duration::ZERO;
    while !server.output().is_empty() {
        assert_eq!(server.handle_timeout(now), None);
        let n = server.output().remaining().min(1 << 16);
        server.output().advance(n);
        now += Duration::from_secs(4);
    }
    assert_eq!(server.handle_timeout(now), None);
    assert_eq!(server.handle_timeout(now + Duration::from_secs(5)), Some(Closed::TimedOut));
}

/// A deadline of nothing is one of a millisecond: the first time that is told does not end the connection.
#[test]
fn the_shortest_deadline() {
    let mut server = Session::server(&Limits { close: Duration::ZERO, ..Limits::default() });
    server.close(None).unwrap();
    assert_eq!(server.handle_timeout(Duration::ZERO), None);
    assert_eq!(server.handle_timeout(Duration::from_millis(1)), Some(Closed::TimedOut));
    let mut server = Session::server(&Limits { close: Duration::MAX, ..Limits::default() });
    server.close(None).unwrap();
    assert_eq!(server.handle_timeout(Duration::ZERO), None);
    assert_eq!(server.poll_timeout(), Some(Duration::from_millis(u32::MAX.into())));
}

/// The deadline holds in every state behind the first Close.
#[test]
fn every_closing_state_has_the_deadline() {
    let mut ended = server();
    ended.send("unwritten").unwrap();
    ended.input_eof();
    let mut failed = server();
    feed(&mut failed, &[0x83]);
    let mut closed = server();
    feed(&mut closed, &masked_close(1000, ""));
    for mut session in [ended, failed, closed, Session::refused(b"HTTP/1.1 404 Not Found\r\n\r\n")] {
        assert_eq!(session.poll_timeout(), Some(Duration::ZERO));
        assert_eq!(session.handle_timeout(Duration::ZERO), None);
        assert_eq!(session.handle_timeout(Duration::from_secs(5)), None, "the last event was before");
        assert_eq!(session.transport(), Transport::Drop);
    }
}

/// A peer that never ends the transport after the closing handshake is dropped, without another event.
#[test]
fn the_deadline_after_the_last_event() {
    let mut client = client();
    client.close(NORMAL).unwrap();
    written(&mut client);
    feed(&mut client, &close(1000, "done"));
    assert_eq!(client.handle_timeout(Duration::ZERO), None);
    assert_eq!(client.handle_timeout(Duration::from_secs(5)), None);
    assert_eq!(client.transport(), Transport::Drop);
}

#[test]
fn an_abort_drops_the_transport() {
    let mut server = server();
    server.send("never written").unwrap();
    assert_eq!(server.abort(), Some(Closed::Eof));
    assert_eq!((server.transport(), server.poll_timeout()), (Transport::Drop, None));
    assert_eq!((server.abort(), feed(&mut server, &masked_close(1000, ""))), (None, vec![]));
}

/// A refusal is written whole, and the connection brought to its end as after a violation.
#[test]
fn a_refused_connection() {
    let response = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
    let mut session = Session::refused(response);
    assert_eq!(feed(&mut session, &RawFrame::text("early").mask([1; 4]).encode()), []);
    assert_eq!(session.send("no"), Err(SendError::Closed("no".into())));
    assert_eq!(session.transport(), Transport::Open);
    assert_eq!(session.poll_timeout(), Some(Duration::ZERO));
    assert_eq!(written(&mut session), response);
    assert_eq!(session.transport(), Transport::ShutdownWrite);
    assert_eq!(session.input_eof(), None);
    assert_eq!(session.transport(), Transport::Drop);
}

/// Halves: the reading one needs to show only Pings and the end to the writing one.
#[test]
fn split_halves_close_too() {
    let (mut receiver, mut sender) = server().split();
    let mut input = BytesMut::from(&[RawFrame::ping("?").mask([1; 4]).encode(), masked_close(1000, "")].concat()[..]);
    while let Some(event) = receiver.poll_event(&mut input) {
        if event.as_ref().wants_reply() {
            sender.observe(&event.as_ref());
        }
    }
    let expected = [RawFrame::pong("?").encode(), close(1000, "")].concat();
    assert_eq!(sender.output().copy_to_bytes(expected.len()), expected);
    assert_eq!(sender.transport(), Transport::ShutdownWrite);
    assert!(receiver.is_ended() && receiver.input_eof().is_none());
    sender.input_eof();
    assert_eq!(sender.transport(), Transport::Drop);
    sender.observe(&EventRef::Closed(Closed::TimedOut));
    assert_eq!(sender.poll_timeout(), None);
}

/// What comes behind the last event is thrown away, so that a peer that goes on sending costs no memory.
#[test]
fn input_behind_the_end_is_thrown_away() {
    let mut server = server();
    let mut input = BytesMut::from(&[masked_close(1000, ""), vec![7; 100]].concat()[..]);
    assert!(server.poll_event(&mut input).is_some());
    assert_eq!((server.poll_event(&mut input), input.len()), (None, 0));
    let mut client = client();
    let mut bytes = [close(1000, ""), vec![7; 100]].concat();
    let mut input = &mut bytes[..];
    assert!(client.receive(&mut input).is_some() && input.is_empty());
}

/// What is shown to a sending half that did not come from a receiving one: a Ping that could not be received is not answered.
#[test]
fn a_ping_that_is_none_is_not_answered() {
    let (_, mut sender) = server().split();
    sender.observe(&EventRef::Ping(&[0; 126]));
    assert!(sender.output().is_empty());
    sender.observe(&EventRef::Ping(&[0; 125]));
    assert_eq!(sender.output().remaining(), 127);
}

/// The sending half need not be shown messages, which would cost their way between two tasks.
#[test]
fn a_message_wants_no_reply() {
    assert!(!EventRef::Text("Hello").wants_reply() && !EventRef::Binary(b"Hello").wants_reply());
    assert!(EventRef::Ping(b"").wants_reply() && EventRef::Pong(b"").wants_reply());
}
