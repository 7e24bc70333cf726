use super::*;
use alloc::{format, string::String, vec::Vec};
use proptest::prelude::*;

const STATES: [State; 7] =
    [State::Open, State::CloseSent, State::CloseReceived, State::Closed, State::Failed, State::Ended, State::Dropped];
const INPUTS: [Input; 6] =
    [Input::Close, Input::PeerClose, Input::PeerCloseUnanswered, Input::Fail, Input::Eof, Input::Abort];

/// The table as a document. To write the file anew: `WRITE_DOCS=1 cargo test -p switchover --lib closing`.
#[test]
fn the_document_is_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/closing.md");
    let rendered = document();
    if std::env::var_os("WRITE_DOCS").is_some() {
        std::fs::write(path, &rendered).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap();
    assert!(written == rendered, "docs/closing.md is not what the code says: WRITE_DOCS=1 writes it anew");
}

fn document() -> String {
    let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let head = |names: &[&str]| format!("| {} |\n|{}\n", names.join(" | "), "---|".repeat(names.len()));
    let transitions = STATES.map(|state| {
        let cells = INPUTS.map(|input| match state.next(input) {
            (next, _) if next == state => "–".into(),
            (next, true) => format!("{next:?}, *send Close*"),
            (next, false) => format!("{next:?}"),
        });
        row([format!("{state:?}")].into_iter().chain(cells).collect())
    });
    let advice = STATES.map(|state| {
        let cells = [(Role::Server, false), (Role::Client, false), (Role::Server, true), (Role::Client, true)];
        let advice = cells.map(|(role, written)| format!("`{:?}`", state.transport(role, written)));
        row([format!("{state:?}")].into_iter().chain(advice).collect())
    });
    let duties = STATES.map(|state| {
        let yes = |is: bool| String::from(if is { "yes" } else { "–" });
        row(alloc::vec![
            format!("{state:?}"),
            yes(state.can_send()),
            yes(state.can_pong()),
            yes(state == State::Open),
            yes(state.has_deadline()),
        ])
    });
    let (before, rest) = TEXT.split_once("TRANSITIONS\n").unwrap();
    let (between, rest) = rest.split_once("ADVICE\n").unwrap();
    let (last, after) = rest.split_once("DUTIES\n").unwrap();
    [
        before,
        &head(&[
            "state",
            "the application closes",
            "the peer's Close, answered",
            "the peer's Close, unanswered",
            "the connection is failed",
            "end of stream",
            "abort",
        ]),
        &transitions.concat(),
        between,
        &head(&["state", "server, output waits", "client, output waits", "server, written", "client, written"]),
        &advice.concat(),
        last,
        &head(&["state", "messages may be sent", "Pings are answered", "kept alive", "has a deadline"]),
        &duties.concat(),
        after,
    ]
    .concat()
}

const TEXT: &str = "\
# Closing

This is `crates/switchover/src/closing.rs`, rendered by its tests; to write it anew:
`WRITE_DOCS=1 cargo test -p switchover --lib closing`. `crates/switchover/tests/it/closing_model.rs` drives a server and a client
through every cell of it, against a model that has no table.

## What happens

States are seen from the side that sends. RFC 6455, section 7.

TRANSITIONS

- **The application closes**: `Session::close`. (7.1.2)
- **The peer's Close**: answered by the session, or with `Replies::close` off by the application. With it, receiving ends. (5.5.1)
- **The connection is failed**: the peer broke a rule or went beyond a limit, and is told by the code of the error (1002, 1007, 1008
  or 1009); or nothing was received for `Keepalive::idle`, and it is told 1001. What it sends from then on is not looked at. (7.1.7)
- **End of stream**: `Session::input_eof`. Without the peer's Close this is 1006 to the application. (7.1.5)
- **Abort**: `Session::abort`, a deadline of closing that has passed, or a Ping that was not answered.

A Close is sent at most once. 1005, 1006 and 1015 are never on the wire: no Close with them can be made, and one that is received
breaks a rule. A Close without a code, which is 1005 to the application, is answered without one.

## What the transport is told

ADVICE

The server shuts down first and both read to the end (7.1.1): dropping a socket with unread bytes sends a reset, and a reset
overtakes the data that was written last. Advice only ever moves downwards: `Open`, `ShutdownWrite`, `AwaitPeer`, `Flush`, `Drop`.

## What goes on meanwhile

DUTIES

The deadline is `Limits::close`, from when the time is told next. As long as output gets written it does not run. In CloseReceived
the time is the application's own.
";

proptest! {
    /// 5.5.1: at most one Close is sent, none when nothing may be sent any more, and the advice never goes back.
    #[test]
    fn any_order_of_inputs(inputs in prop::collection::vec(prop::sample::select(&INPUTS), 0..12)) {
        for role in [Role::Client, Role::Server] {
            let (mut state, mut closes) = (State::Open, 0);
            for input in &inputs {
                let before = state;
                let (after, sends_close) = state.next(*input);
                state = after;
                closes += u32::from(sends_close);
                prop_assert!(!sends_close || (before.can_send() && !after.can_send()));
                prop_assert!(before.can_send() || !after.can_send());
                // What was advised before, with or without output, is not taken back: output only ever gets less.
                for (was_written, is_written) in [(true, true), (false, false), (false, true)] {
                    prop_assert!(before.transport(role, was_written) <= after.transport(role, is_written));
                }
            }
            prop_assert!(closes <= 1);
            prop_assert_eq!(state.next(Input::Abort), (State::Dropped, false));
        }
    }
}

/// Every connection can reach every state, and every state its end by the peer's end of stream alone.
#[test]
fn every_state_is_reached_and_ends() {
    let mut reached = alloc::vec![State::Open];
    for _ in STATES {
        for state in reached.clone() {
            for input in INPUTS {
                let next = state.next(input).0;
                if !reached.contains(&next) {
                    reached.push(next);
                }
            }
        }
    }
    for state in STATES {
        assert!(reached.contains(&state), "{state:?}");
        for role in [Role::Client, Role::Server] {
            let end = state.next(Input::Eof).0;
            assert_eq!(end.transport(role, true), Transport::Drop, "{state:?}");
        }
    }
}

/// Writing comes before shutting down: only a lost transport is dropped with output unwritten.
#[test]
fn what_is_queued_is_written_first() {
    for state in STATES {
        for role in [Role::Client, Role::Server] {
            let advice = state.transport(role, false);
            assert_eq!(advice == Transport::Drop, state == State::Dropped, "{state:?}");
            assert!(!matches!(advice, Transport::ShutdownWrite | Transport::AwaitPeer), "{state:?}");
        }
    }
}
