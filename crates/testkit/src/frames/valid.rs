use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::{Case, Close, Event, Outcome, RawFrame, Role, Verdict};

/// Valid streams: up to six messages in up to five fragments, with Pings and Pongs between messages and fragments; in
/// half of the cases a Close ends them, else the stream stays open.
///
/// Texts are cut at any byte, inside characters too. Payloads are mostly short, some are near 125 bytes; see
/// [`boundary`] for the longer forms of the length.
pub fn valid(role: Role) -> impl Strategy<Value = Case> {
    (units(role), prop::option::of(close(role))).prop_map(|(units, close)| {
        let (mut frames, events) = join(units);
        let verdict = match close {
            None => Verdict::NeedMore,
            Some((frame, close)) => {
                frames.push(frame);
                Verdict::Ended(close)
            }
        };
        Case { frames, expected: Outcome { events, verdict } }
    })
}

/// One binary message whose payload has 0, 1, 125, 126, 127, 65,535, 65,536 or 65,537 bytes, where the form of the
/// length changes.
pub fn boundary(role: Role) -> impl Strategy<Value = Case> {
    let lengths = prop::sample::select(vec![0, 1, 125, 126, 127, 65_535, 65_536, 65_537]);
    (lengths, any::<u8>(), mask(role)).prop_map(|(length, byte, mask)| {
        let payload: Vec<u8> = (0..length).map(|at: usize| at.to_le_bytes()[0] ^ byte).collect();
        let event = Event::Binary(payload.clone());
        Case {
            frames: vec![RawFrame::binary(payload).mask(mask)],
            expected: Outcome { events: vec![event], verdict: Verdict::NeedMore },
        }
    })
}

/// Frames that belong together, and the events they cause.
pub(super) type Unit = (Vec<RawFrame>, Vec<Event>);

/// Whole messages and control frames, one after the other.
pub(super) fn units(role: Role) -> impl Strategy<Value = Vec<Unit>> {
    vec(prop_oneof![3 => message(role), 1 => control(role)], 0..=6)
}

/// The frames and the events of all units.
pub(super) fn join(units: Vec<Unit>) -> Unit {
    let (frames, events): (Vec<_>, Vec<_>) = units.into_iter().unzip();
    (frames.concat(), events.concat())
}

/// The masking keys of the frames this role reads.
pub(super) fn mask(role: Role) -> BoxedStrategy<Option<[u8; 4]>> {
    match role {
        Role::Client => Just(None).boxed(),
        Role::Server => any::<[u8; 4]>().prop_map(Some).boxed(),
    }
}

/// The payload of a data frame or message.
pub(super) fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![8 => vec(any::<u8>(), 0..40), 1 => vec(any::<u8>(), 120..=130)]
}

/// A text, with characters of one to four bytes.
pub(super) fn text() -> impl Strategy<Value = String> {
    let characters = prop_oneof![
        any::<char>(),
        prop::sample::select(vec!['a', '\0', '\u{7F}', '\u{80}', '\u{7FF}', '\u{800}']),
        prop::sample::select(vec!['\u{D7FF}', '\u{E000}', '\u{FFFF}', '\u{10000}', '\u{10FFFF}']),
    ];
    prop_oneof![8 => vec(characters.clone(), 0..20), 1 => vec(characters, 40..60)]
        .prop_map(|characters| characters.into_iter().collect())
}

/// A Ping or a Pong.
pub(super) fn control(role: Role) -> impl Strategy<Value = Unit> {
    let payload = prop_oneof![4 => vec(any::<u8>(), 0..10), 1 => vec(any::<u8>(), 120..=125)];
    (any::<bool>(), payload, mask(role)).prop_map(|(is_ping, payload, mask)| {
        let (frame, event) = if is_ping {
            (RawFrame::ping(payload.clone()), Event::Ping(payload))
        } else {
            (RawFrame::pong(payload.clone()), Event::Pong(payload))
        };
        (vec![frame.mask(mask)], vec![event])
    })
}

/// How a message travels: where its payload is cut, the masks of the fragments, and what comes between them.
#[derive(Clone, Debug)]
pub(super) struct Fragments {
    cuts: Vec<(Index, Unit)>,
    masks: Vec<Option<[u8; 4]>>,
}

/// Up to five fragments with at most one control frame between any two.
pub(super) fn fragments(role: Role) -> impl Strategy<Value = Fragments> {
    let between = prop_oneof![2 => Just((Vec::new(), Vec::new())), 1 => control(role)];
    (0..=4_usize)
        .prop_flat_map(move |cuts| (vec((any::<Index>(), between.clone()), cuts), vec(mask(role), cuts + 1)))
        .prop_map(|(cuts, masks)| Fragments { cuts, masks })
}

impl Fragments {
    /// The frames of a message with this opcode, each with the events of the control frames before it.
    pub(super) fn of(self, opcode: u8, payload: &[u8]) -> Vec<Unit> {
        let mut ends: Vec<usize> = self.cuts.iter().map(|(cut, _)| cut.index(payload.len() + 1)).collect();
        ends.sort_unstable();
        ends.push(payload.len());
        let mut between = self.cuts.into_iter().map(|(_, control)| control);

        let last = ends.len() - 1;
        let mut start = 0;
        let mut units = Vec::new();
        for (number, (end, mask)) in ends.into_iter().zip(self.masks).enumerate() {
            let (opcode, mut unit) = match number {
                0 => (opcode, Unit::default()),
                _ => (super::CONTINUATION, between.next().unwrap_or_default()),
            };
            unit.0.push(RawFrame::new(opcode, &payload[start..end]).fin(number == last).mask(mask));
            units.push(unit);
            start = end;
        }
        units
    }
}

/// A Close frame, with and without code and reason.
pub(super) fn close(role: Role) -> impl Strategy<Value = (RawFrame, Close)> {
    let codes = prop_oneof![1000..=1003_u16, 1007..=1014_u16, 3000..=4999_u16];
    let reasons = text().prop_map(|mut reason| {
        while reason.len() > 123 {
            reason.pop();
        }
        reason
    });
    (prop::option::of((codes, reasons)), mask(role)).prop_map(|(body, mask)| match body {
        None => (RawFrame::new(super::CLOSE, []).mask(mask), Close { code: None, reason: String::new() }),
        Some((code, reason)) => (RawFrame::close(code, &reason).mask(mask), Close { code: Some(code), reason }),
    })
}

/// A message in fragments; its own event comes after those of the control frames inside it.
fn message(role: Role) -> impl Strategy<Value = Unit> {
    let contents = prop_oneof![
        text().prop_map(|text| (super::TEXT, text.clone().into_bytes(), Event::Text(text))),
        bytes().prop_map(|payload| (super::BINARY, payload.clone(), Event::Binary(payload))),
    ];
    (contents, fragments(role)).prop_map(|((opcode, payload, event), fragments)| {
        let (frames, mut events) = join(fragments.of(opcode, &payload));
        events.push(event);
        (frames, events)
    })
}
