//! Keeping a connection alive, and noticing when it is not: what is asked for, and the clockwork. RFC 6455, section 5.5.2.

use core::time::Duration;

/// What the payload of a Ping of the session's own begins with.
const PREFIX: [u8; 9] = *b"keepalive";

/// That, and the number of the Ping.
const PAYLOAD: usize = PREFIX.len() + size_of::<u64>();

/// What a session does so that an open connection stays alive, and to notice that it is not. By default nothing: RFC 6455 asks for
/// nothing, and an idle session then needs neither memory nor a timer. With anything on it has a few hundred bytes.
///
/// Life is whatever is received, be it a single byte of a message that takes minutes. It counts from when the session is
/// told the time next, so that who tells the time behind each read is exact, and who tells it when
/// [`Session::poll_timeout`](crate::Session::poll_timeout) says so notices up to an interval late, never early.
///
/// Nothing of this goes on once the closing handshake has begun: [`Limits::close`](crate::Limits::close) has its own deadline.
///
/// ```
/// use core::time::Duration;
/// use switchover::{Closed, Keepalive, Limits, Session};
///
/// let keepalive = Keepalive { ping: Some(Duration::from_secs(30)), ..Keepalive::default() };
/// let mut session = Session::server(&Limits::default()).with_keepalive(&keepalive);
/// let at = Duration::from_secs;
///
/// assert_eq!(session.poll_timeout(), Some(at(0)));
/// session.handle_timeout(at(0));
/// assert_eq!(session.poll_timeout(), Some(at(30)));
/// session.handle_timeout(at(30)); // nothing was received: a Ping is in the output
/// # let len = bytes::Buf::remaining(session.output());
/// # bytes::Buf::advance(session.output(), len);
/// session.handle_timeout(at(30)); // it is written
/// assert_eq!(session.poll_timeout(), Some(at(50)));
/// assert_eq!(session.handle_timeout(at(50)), Some(Closed::Unresponsive));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keepalive {
    /// Send a Ping when nothing was received for so long. Default: `None`, no Pings.
    pub ping: Option<Duration>,
    /// Send one each time so much time has passed, also while something is received: for what stands between the two ends and
    /// looks at one direction only. Default: `false`.
    pub always: bool,
    /// How long the peer may take to answer a Ping, from when it was written. Then the connection ends as
    /// [`Closed::Unresponsive`](crate::Closed::Unresponsive), and the transport is to be dropped: there is nobody to read a
    /// Close. While what was queued before the Ping gets written, the time does not run; a peer that stops reading has so long as
    /// well. Default: 20 s.
    pub pong: Duration,
    /// Only the Pong answers a Ping. Default: `false`: any byte does, because a peer that is sending a long frame cannot send a
    /// Pong before its end. With `true`, a peer that sends and does not read is noticed too, and a frame that takes longer than
    /// `pong` to arrive ends the connection.
    pub strict: bool,
    /// How long nothing may be received, Pongs included. Then the connection ends as [`Closed::Idle`](crate::Closed::Idle): the
    /// peer may be there and have nothing to say, so it is told by a Close with 1001, and has
    /// [`Limits::close`](crate::Limits::close) to answer. Default: `None`, for ever.
    pub idle: Option<Duration>,
}

impl Keepalive {
    /// Whether a Pong with this payload answers a Ping that a session sent of its own accord, not one of the application's.
    #[must_use]
    pub fn owns(payload: &[u8]) -> bool {
        payload.len() == PAYLOAD && payload.starts_with(&PREFIX)
    }
}

impl Default for Keepalive {
    fn default() -> Self {
        Self { ping: None, always: false, pong: Duration::from_secs(20), strict: false, idle: None }
    }
}

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Send a Ping with this payload.
    Ping([u8; PAYLOAD]),
    /// Nothing was received for too long.
    Idle,
    /// A Ping was not answered.
    Unresponsive,
}

/// The clockwork of one session.
#[derive(Debug)]
pub(crate) struct Keeper {
    settings: Keepalive,
    /// None before the time was told first.
    times: Option<Times>,
    /// The Ping that is not answered; no other one is sent meanwhile.
    asked: Option<Asked>,
    /// The number of the last Ping.
    number: u64,
    /// How many bytes had been received when the time was told last.
    received: u64,
}

#[derive(Debug)]
struct Times {
    /// When something was received last, or nothing at first.
    heard: Duration,
    /// When the last Ping was sent, or none at first.
    pinged: Duration,
}

#[derive(Debug)]
struct Asked {
    at: Duration,
    /// When the answer, or what stands in front of it, is too late.
    deadline: Duration,
    progress: Progress,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// The Ping was queued, and is written now if the transport takes it.
    Queued,
    /// The transport did not take it at once.
    Stuck,
    /// The answer is awaited.
    Written,
}

impl Keeper {
    /// A clockwork, if there is anything for it to do.
    pub(crate) fn new(settings: &Keepalive) -> Option<Self> {
        let keeper = Self { settings: *settings, times: None, asked: None, number: 0, received: 0 };
        (settings.ping.is_some() || settings.idle.is_some()).then_some(keeper)
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to do; zero means at once.
    pub(crate) fn poll_timeout(&self) -> Duration {
        let Some(times) = &self.times else { return Duration::ZERO };
        let idle = self.settings.idle.map(|idle| times.heard.saturating_add(idle));
        let next = match &self.asked {
            // Behind the write: is the Ping out?
            Some(asked) if asked.progress == Progress::Queued => Some(Duration::ZERO),
            Some(asked) => Some(asked.deadline),
            None => self.next_ping(times),
        };
        idle.into_iter().chain(next).min().unwrap_or(Duration::MAX)
    }

    /// Something was received, the last of it at this time.
    pub(crate) fn heard(&mut self, at: Duration) {
        if let Some(times) = &mut self.times {
            times.heard = times.heard.max(at);
        }
        if !self.settings.strict && self.asked.as_ref().is_some_and(|asked| at >= asked.at) {
            self.asked = None;
        }
    }

    /// So many bytes have been received until now.
    pub(crate) fn received(&mut self, total: u64, now: Duration) {
        if core::mem::replace(&mut self.received, total) != total {
            self.heard(now);
        }
    }

    /// A Pong: does it answer our Ping?
    pub(crate) fn answered(&mut self, payload: &[u8]) {
        if payload == self.payload() {
            self.asked = None;
        }
    }

    /// Tells the time. `moved` says that something was written since the last time, `waits` that a Ping is still in the output.
    pub(crate) fn handle_timeout(&mut self, now: Duration, moved: bool, waits: bool) -> Option<Due> {
        let Keepalive { pong, idle, .. } = self.settings;
        let heard = self.times.get_or_insert(Times { heard: now, pinged: now }).heard;
        if idle.is_some_and(|idle| now >= heard.saturating_add(idle)) {
            return Some(Due::Idle);
        }
        if let Some(asked) = &mut self.asked {
            match asked.progress {
                Progress::Written => {}
                Progress::Queued | Progress::Stuck => {
                    // As long as output gets written, the peer is there, however long it takes.
                    if moved {
                        asked.deadline = now.saturating_add(pong);
                    }
                    asked.progress = if waits { Progress::Stuck } else { Progress::Written };
                }
            }
            return (now >= asked.deadline).then_some(Due::Unresponsive);
        }
        let times = self.times.as_ref()?;
        if self.next_ping(times).is_none_or(|next| now < next) {
            return None;
        }
        self.times = Some(Times { heard, pinged: now });
        self.asked = Some(Asked { at: now, deadline: now.saturating_add(pong), progress: Progress::Queued });
        if waits {
            // The last one will do, whatever was received meanwhile.
            return None;
        }
        self.number += 1;
        Some(Due::Ping(self.payload()))
    }

    fn next_ping(&self, times: &Times) -> Option<Duration> {
        let last = if self.settings.always { times.pinged } else { times.heard };
        Some(last.saturating_add(self.settings.ping?))
    }

    /// The payload of the last Ping.
    fn payload(&self) -> [u8; PAYLOAD] {
        let mut payload = [0; PAYLOAD];
        let (prefix, number) = payload.split_at_mut(PREFIX.len());
        prefix.copy_from_slice(&PREFIX);
        number.copy_from_slice(&self.number.to_be_bytes());
        payload
    }
}
