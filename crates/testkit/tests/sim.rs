//! The simulator alone, with ends that have no protocol.

use std::time::Duration;

use proptest::prelude::*;
use switchover_testkit::frames::Role;
use switchover_testkit::sim::{Advice, Endpoint, Link, Pair, Reset, ResetCause, Wire, links};

const SECOND: Duration = Duration::from_secs(1);

fn pair(client: &[u8], server: &[u8]) -> Pair<Wire, Wire> {
    Pair::new(Wire::new(client), Wire::new(server), Link::default(), Link::default())
}

proptest! {
    /// Whatever the links are, all bytes arrive, in order, and who shuts down in turn ends well.
    #[test]
    fn bytes_arrive(up: Vec<u8>, down: Vec<u8>, to_server in links(), to_client in links()) {
        let mut client = Wire::new(up.clone());
        client.advice = Advice::ShutdownWrite;
        let mut pair = Pair::new(client, Wire::new(down.clone()), to_server, to_client);
        pair.run();
        prop_assert_eq!(&pair.server.endpoint.received, &up);
        prop_assert_eq!(&pair.client.endpoint.received, &down);
        prop_assert!(pair.has_ended_well());
    }
}

#[test]
fn time_is_that_of_the_links() {
    let to_server = Link { latency: 2 * SECOND, ..Link::default() };
    let to_client = Link { latency: 3 * SECOND, ..Link::default() };
    let mut pair = Pair::new(Wire::new("up"), Wire::new("down"), to_server, to_client);
    pair.run_until(SECOND);
    assert_eq!((pair.now(), &pair.server.endpoint.received[..]), (SECOND, &b""[..]));
    pair.run_until(2 * SECOND);
    assert_eq!(pair.server.endpoint.received, b"up");
    assert_eq!(pair.client.endpoint.received, b"");
    pair.run();
    assert_eq!((pair.now(), &pair.client.endpoint.received[..]), (3 * SECOND, &b"down"[..]));
    assert!(!pair.has_ended_well(), "nobody has ended it");
}

#[test]
fn a_full_link_takes_no_more() {
    let mut pair = pair(b"0123456789", b"");
    pair.link_to(Role::Server).capacity = 4;
    pair.server.endpoint.is_deaf = true;
    pair.run();
    assert_eq!(pair.client.endpoint.output(), b"456789");
    pair.server.endpoint.is_deaf = false;
    pair.run();
    assert_eq!(pair.server.endpoint.received, b"0123456789");
}

#[test]
fn pieces_are_as_asked_for() {
    /// Remembers how many bytes each read has given.
    struct Reads(Wire, Vec<usize>);
    impl Endpoint for Reads {
        type Event = usize;
        fn receive(&mut self, bytes: &[u8]) {
            self.1.push(bytes.len());
        }
        fn receive_eof(&mut self) {}
        fn poll_event(&mut self) -> Option<usize> {
            self.1.pop()
        }
        fn output(&mut self) -> &[u8] {
            self.0.output()
        }
        fn advance_output(&mut self, written: usize) {
            self.0.advance_output(written);
        }
        fn advice(&self) -> Advice {
            Advice::Open
        }
    }
    let run = |writes: &[usize], reads: &[usize]| {
        let to_server = Link { writes: writes.to_vec(), reads: reads.to_vec(), ..Link::default() };
        let mut pair = Pair::new(Wire::new([0; 10]), Reads(Wire::new(""), vec![]), to_server, Link::default());
        pair.run();
        pair.server.events.iter().map(|(_, len)| *len).collect::<Vec<_>>()
    };
    assert_eq!(run(&[], &[]), [10]);
    assert_eq!(run(&[], &[1]), [1; 10]);
    assert_eq!(run(&[3], &[]), [3, 3, 3, 1]);
    assert_eq!(run(&[4, 1], &[3, 2]), [3, 2, 3, 2]);
    assert_eq!(run(&[0], &[0]), [1; 10]);
}

#[test]
fn half_a_connection_still_carries() {
    let mut pair = pair(b"question", b"");
    pair.client.endpoint.advice = Advice::ShutdownWrite;
    pair.server.endpoint.advice = Advice::Open;
    pair.server.endpoint.is_deaf = true;
    pair.run();
    assert!(pair.client.has_shut_down() && !pair.client.has_dropped());
    pair.server.endpoint.write(b"answer");
    pair.run();
    assert_eq!(pair.client.endpoint.received, b"answer");
    pair.server.endpoint.is_deaf = false;
    pair.run();
    assert_eq!(pair.server.endpoint.received, b"question");
    assert!(pair.has_ended_well());
}

#[test]
fn what_is_unread_resets() {
    let mut pair = pair(b"unread", b"");
    pair.server.endpoint.is_deaf = true;
    pair.run();
    pair.cut(Role::Server);
    pair.run();
    assert_eq!(pair.resets, [Reset { by: Role::Server, cause: ResetCause::Unread(6), at: Duration::ZERO }]);
    assert!(pair.client.was_reset() && pair.server.has_dropped() && !pair.has_ended_well());
    assert!(pair.client.endpoint.saw_end);
}

#[test]
fn what_comes_late_resets() {
    let mut pair = pair(b"late", b"");
    pair.link_to(Role::Server).latency = SECOND;
    pair.step();
    pair.cut(Role::Server);
    pair.run();
    assert_eq!(pair.resets, [Reset { by: Role::Server, cause: ResetCause::Late(4), at: SECOND }]);
    assert!(pair.client.has_dropped(), "it saw the end before the reset");
    assert!(!pair.has_ended_well());
}

#[test]
fn a_reset_overtakes_what_is_unread() {
    let mut pair = pair(b"question", b"answer");
    pair.client.endpoint.is_deaf = true;
    pair.server.endpoint.is_deaf = true;
    pair.run();
    pair.cut(Role::Server);
    pair.run();
    assert_eq!((pair.client.lost(), pair.client.endpoint.received.len()), (6, 0));
}

#[test]
fn a_cut_without_anything_unread_is_an_end() {
    let mut pair = pair(b"", b"last words");
    pair.run();
    pair.cut(Role::Server);
    pair.run();
    assert_eq!(pair.client.endpoint.received, b"last words");
    assert!(pair.client.endpoint.saw_end && pair.has_ended_well());
}

#[test]
fn timers_fire_in_time() {
    /// Rings a number of times, each one second after the other.
    struct Bell(u32, Duration, Option<Duration>);
    impl Endpoint for Bell {
        type Event = Duration;
        fn receive(&mut self, _: &[u8]) {}
        fn receive_eof(&mut self) {}
        fn poll_event(&mut self) -> Option<Duration> {
            self.2.take()
        }
        fn output(&mut self) -> &[u8] {
            b""
        }
        fn advance_output(&mut self, _: usize) {}
        fn advice(&self) -> Advice {
            if self.0 == 0 { Advice::Drop } else { Advice::Open }
        }
        fn poll_timeout(&self) -> Option<Duration> {
            (self.0 > 0).then_some(self.1)
        }
        fn handle_timeout(&mut self, now: Duration) {
            (self.0, self.1, self.2) = (self.0 - 1, now + SECOND, Some(now));
        }
    }
    let bell = |times, first| Bell(times, first, None);
    let mut pair = Pair::new(bell(3, SECOND / 2), bell(2, 5 * SECOND), Link::default(), Link::default());
    pair.run();
    let times = |events: &[(Duration, Duration)]| {
        events.iter().map(|(at, rung)| ((at == rung), at.as_millis())).collect::<Vec<_>>()
    };
    assert_eq!(times(&pair.client.events), [(true, 500), (true, 1500), (true, 2500)]);
    assert_eq!(times(&pair.server.events), [(true, 5000), (true, 6000)]);
    assert!(pair.has_ended_well());
}
