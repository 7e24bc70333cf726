use std::time::Duration;

use super::link::{Arrival, Item, Pipe};
use super::{Advice, Endpoint, Link};
use crate::frames::Role;

/// A client and a server, joined by two links.
///
/// Between two runs the test acts as the application: it sends through [`End::endpoint`], cuts the connection or changes a
/// link.
pub struct Pair<C: Endpoint, S: Endpoint> {
    /// The client.
    pub client: End<C>,
    /// The server.
    pub server: End<S>,
    /// The resets that happened, in order; none on a connection that ends well.
    pub resets: Vec<Reset>,
    to_client: Pipe,
    to_server: Pipe,
    now: Duration,
}

/// One end of a [`Pair`].
pub struct End<E: Endpoint> {
    /// The protocol.
    pub endpoint: E,
    /// What it has handed to the application, each with the time.
    pub events: Vec<(Duration, E::Event)>,
    role: Role,
    socket: Socket,
    /// The last byte has been written.
    write_is_shut: bool,
    /// The peer's last byte has arrived.
    end_has_arrived: bool,
    /// The protocol knows that there are no more bytes.
    end_was_read: bool,
    /// Bytes that had arrived and were thrown away by a reset.
    lost: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Socket {
    Open,
    /// This end has dropped it.
    Dropped,
    /// The peer has reset the connection.
    Reset,
}

/// A TCP connection that was reset: what the peer had not read by then is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reset {
    /// The end that caused it.
    pub by: Role,
    /// How.
    pub cause: ResetCause,
    /// When.
    pub at: Duration,
}

/// What makes TCP reset a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResetCause {
    /// The end dropped its transport while this many bytes had arrived and were not read.
    Unread(usize),
    /// This many bytes arrived after the end had dropped its transport.
    Late(usize),
}

impl<C: Endpoint, S: Endpoint> Pair<C, S> {
    /// Joins two ends, at time zero.
    pub fn new(client: C, server: S, to_server: Link, to_client: Link) -> Self {
        Self {
            client: End::new(client, Role::Client),
            server: End::new(server, Role::Server),
            resets: Vec::new(),
            to_client: Pipe::new(to_client),
            to_server: Pipe::new(to_server),
            now: Duration::ZERO,
        }
    }

    /// Runs until nothing moves any more and no timer is set, or for a day.
    ///
    /// # Panics
    /// Where the ends do not come to rest: after ten million steps.
    pub fn run(&mut self) {
        self.run_until(self.now + Duration::from_secs(86_400));
    }

    /// Runs until nothing moves before this time, and then sets the clock to it unless there is nothing to wait for.
    ///
    /// # Panics
    /// As [`run`](Self::run).
    #[expect(clippy::panic, reason = "a test that does not end has to fail")]
    pub fn run_until(&mut self, end: Duration) {
        for _ in 0..10_000_000 {
            if self.step() {
                continue;
            }
            match self.next_time() {
                None => return,
                Some(time) if time > end => {
                    self.now = end.max(self.now);
                    return;
                }
                Some(time) => self.now = time,
            }
        }
        panic!("the two ends do not come to rest: they go on at {:?}", self.now);
    }

    /// Lets each end do what it can do now, one read and one write at most; false where neither can do anything before
    /// time passes.
    pub fn step(&mut self) -> bool {
        let Self { client, server, to_client, to_server, resets, now } = self;
        let client_moved = client.step(to_client, to_server, resets, *now);
        let server_moved = server.step(to_server, to_client, resets, *now);
        client_moved || server_moved
    }

    /// The time on the clock.
    pub fn now(&self) -> Duration {
        self.now
    }

    /// Drops the transport of one end at once, as where its process dies.
    pub fn cut(&mut self, role: Role) {
        let Self { client, server, to_client, to_server, resets, now } = self;
        match role {
            Role::Client => client.drop_transport(to_client, to_server, resets, *now),
            Role::Server => server.drop_transport(to_server, to_client, resets, *now),
        }
    }

    /// The link in the direction of this end, to be changed while the connection runs.
    pub fn link_to(&mut self, role: Role) -> &mut Link {
        match role {
            Role::Client => &mut self.to_client.link,
            Role::Server => &mut self.to_server.link,
        }
    }

    /// Whether both ends have dropped their transport, and neither was reset.
    pub fn has_ended_well(&self) -> bool {
        self.client.socket == Socket::Dropped && self.server.socket == Socket::Dropped && self.resets.is_empty()
    }

    /// The next time at which something can happen, after now.
    fn next_time(&self) -> Option<Duration> {
        let times = [
            self.to_client.next_arrival(),
            self.to_server.next_arrival(),
            self.client.timeout(),
            self.server.timeout(),
        ];
        times.into_iter().flatten().filter(|time| *time > self.now).min()
    }
}

impl<E: Endpoint> End<E> {
    fn new(endpoint: E, role: Role) -> Self {
        Self {
            endpoint,
            events: Vec::new(),
            role,
            socket: Socket::Open,
            write_is_shut: false,
            end_has_arrived: false,
            end_was_read: false,
            lost: 0,
        }
    }

    /// Whether this end has dropped its transport of its own accord.
    pub fn has_dropped(&self) -> bool {
        self.socket == Socket::Dropped
    }

    /// Whether the connection was reset before this end dropped its transport.
    pub fn was_reset(&self) -> bool {
        self.socket == Socket::Reset
    }

    /// Whether this end has shut down writing, or has dropped its transport.
    pub fn has_shut_down(&self) -> bool {
        self.write_is_shut
    }

    /// Bytes that had arrived here and that a reset threw away.
    pub fn lost(&self) -> usize {
        self.lost
    }

    fn step(&mut self, inbound: &mut Pipe, outbound: &mut Pipe, resets: &mut Vec<Reset>, now: Duration) -> bool {
        let arrived = self.arrive(inbound, outbound, resets, now);
        if self.socket != Socket::Open {
            return arrived;
        }
        let received = self.receive(inbound, now);
        let written = self.write(outbound, now);
        let timed_out = self.time_out(now);
        let advised = self.follow_advice(inbound, outbound, resets, now);
        arrived || received || written || timed_out || advised
    }

    /// Takes everything that has arrived.
    fn arrive(&mut self, inbound: &mut Pipe, outbound: &mut Pipe, resets: &mut Vec<Reset>, now: Duration) -> bool {
        let mut moved = false;
        while let Some(arrival) = inbound.arrive(now) {
            moved = true;
            match (arrival, self.socket) {
                (Arrival::End, _) => self.end_has_arrived = true,
                (Arrival::Reset, Socket::Open) => {
                    self.socket = Socket::Reset;
                    self.lost = inbound.unread.len();
                    inbound.unread.clear();
                    self.endpoint.receive_eof();
                    self.take_events(now);
                }
                (Arrival::Bytes(len), Socket::Dropped) => {
                    inbound.unread.clear();
                    self.reset(ResetCause::Late(len), outbound, resets, now);
                }
                (Arrival::Bytes(_), Socket::Reset) => inbound.unread.clear(),
                (Arrival::Bytes(_), Socket::Open) | (Arrival::Reset, Socket::Dropped | Socket::Reset) => {}
            }
        }
        moved
    }

    /// One read.
    fn receive(&mut self, inbound: &mut Pipe, now: Duration) -> bool {
        if !self.endpoint.wants_input() {
            return false;
        }
        let bytes = inbound.read();
        if !bytes.is_empty() {
            self.endpoint.receive(&bytes);
        } else if self.end_has_arrived && !self.end_was_read {
            self.end_was_read = true;
            self.endpoint.receive_eof();
        } else {
            return false;
        }
        self.take_events(now);
        true
    }

    /// One write.
    fn write(&mut self, outbound: &mut Pipe, now: Duration) -> bool {
        if self.write_is_shut {
            return false;
        }
        let written = outbound.write(self.endpoint.output(), now);
        self.endpoint.advance_output(written);
        written > 0
    }

    /// Tells the time where it is awaited.
    fn time_out(&mut self, now: Duration) -> bool {
        let before = self.endpoint.poll_timeout();
        if before.is_none_or(|time| time > now) {
            return false;
        }
        self.endpoint.handle_timeout(now);
        self.take_events(now);
        self.endpoint.poll_timeout() != before
    }

    fn follow_advice(
        &mut self,
        inbound: &mut Pipe,
        outbound: &mut Pipe,
        resets: &mut Vec<Reset>,
        now: Duration,
    ) -> bool {
        match self.endpoint.advice() {
            Advice::Open => false,
            Advice::ShutdownWrite => {
                let shuts = !self.write_is_shut && self.endpoint.output().is_empty();
                if shuts {
                    self.shut_down_write(outbound, now);
                }
                shuts
            }
            Advice::Drop => {
                self.drop_transport(inbound, outbound, resets, now);
                true
            }
        }
    }

    fn shut_down_write(&mut self, outbound: &mut Pipe, now: Duration) {
        self.write_is_shut = true;
        outbound.send(Item::End, now);
    }

    fn drop_transport(&mut self, inbound: &mut Pipe, outbound: &mut Pipe, resets: &mut Vec<Reset>, now: Duration) {
        if self.socket != Socket::Open {
            return;
        }
        self.socket = Socket::Dropped;
        let unread = inbound.unread.len();
        inbound.unread.clear();
        if unread > 0 {
            self.reset(ResetCause::Unread(unread), outbound, resets, now);
        }
        if !self.write_is_shut {
            self.shut_down_write(outbound, now);
        }
    }

    /// Resets the connection, once.
    fn reset(&mut self, cause: ResetCause, outbound: &mut Pipe, resets: &mut Vec<Reset>, now: Duration) {
        if resets.iter().all(|reset| reset.by != self.role) {
            resets.push(Reset { by: self.role, cause, at: now });
            outbound.send(Item::Reset, now);
        }
    }

    fn take_events(&mut self, now: Duration) {
        while let Some(event) = self.endpoint.poll_event() {
            self.events.push((now, event));
        }
    }

    fn timeout(&self) -> Option<Duration> {
        if self.socket == Socket::Open { self.endpoint.poll_timeout() } else { None }
    }
}
