use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::valid::{self, Unit, join, mask};
use super::{
    BINARY, CLOSE, CONTINUATION, Case, Event, LengthForm, Outcome, PING, PONG, RawFrame, Role, TEXT, Verdict,
    Violation, ViolationKind,
};
use crate::model::{self, Limits};

/// Streams that break one of the [`breakable`] rules, at one place, with valid frames before and behind it.
///
/// The limits have to admit what [`valid`](super::valid()) gives: messages of 256 bytes in 5 frames.
pub fn broken(role: Role, limits: Limits) -> impl Strategy<Value = Case> {
    select(breakable(role, &limits)).prop_flat_map(move |kind| broken_by(kind, role, limits))
}

/// The rules that [`broken`] can break for a reader in this role with these limits.
///
/// A limit is left out where no frame or a very long stream would exceed it: 2^63 - 1 bytes a payload, a message
/// longer than a payload may be, and more than 256 fragments.
pub fn breakable(role: Role, limits: &Limits) -> Vec<ViolationKind> {
    use ViolationKind as V;
    let masking = match role {
        Role::Client => V::Masked,
        Role::Server => V::Unmasked,
    };
    let mut kinds = vec![
        V::ReservedBits,
        V::ReservedOpCode,
        V::FragmentedControl,
        V::UnexpectedContinuation,
        V::InterruptedMessage,
        masking,
        V::ControlTooLong,
        V::LengthTopBit,
        V::LengthNotMinimal,
        V::InvalidUtf8,
        V::TruncatedCloseCode,
        V::InvalidCloseCode,
    ];
    if limits.payload < LONGEST {
        kinds.push(V::PayloadTooLong);
    }
    if limits.message <= limits.payload {
        kinds.push(V::MessageTooLong);
    }
    if limits.fragments <= 256 {
        kinds.push(V::TooManyFragments);
    }
    kinds
}

/// As [`broken`], always by breaking this rule.
///
/// # Panics
/// Where the rule is not one of the [`breakable`].
pub fn broken_by(kind: ViolationKind, role: Role, limits: Limits) -> impl Strategy<Value = Case> {
    use ViolationKind as V;
    assert!(breakable(role, &limits).contains(&kind), "{kind} cannot be broken for this reader");
    let fault = match kind {
        V::InvalidUtf8 => prop_oneof![2 => invalid_utf8(role), 1 => bad_close(kind, role)].boxed(),
        V::MessageTooLong => message_too_long(role, limits).boxed(),
        V::TooManyFragments => too_many_fragments(role, limits).boxed(),
        V::TruncatedCloseCode | V::InvalidCloseCode => bad_close(kind, role).boxed(),
        _ => bad_header(kind, role, limits).boxed(),
    };
    (valid::units(role), fault, valid::units(role)).prop_map(move |(before, fault, behind)| {
        let (mut frames, mut events) = join(before);
        let offset = (super::encode(&frames).len() + fault.offset) as u64;
        frames.extend(fault.frames);
        frames.extend(join(behind).0);
        events.extend(fault.events);
        let verdict = Verdict::Violation(Violation { kind, offset });
        Case { frames, expected: Outcome { events, verdict } }
    })
}

/// The longest payload that a header can declare. (RFC 6455, section 5.2)
const LONGEST: u64 = (1 << 63) - 1;

/// Frames of which one breaks a rule.
#[derive(Clone, Debug)]
struct Faulty {
    frames: Vec<RawFrame>,
    /// The events before the violation.
    events: Vec<Event>,
    /// Where the byte at fault is, from the beginning of these frames.
    offset: usize,
}

impl Faulty {
    /// A frame at fault behind others, in the byte at `offset` of it.
    fn behind((mut frames, events): Unit, frame: RawFrame, offset: usize) -> Self {
        let offset = super::encode(&frames).len() + offset;
        frames.push(frame);
        Self { frames, events, offset }
    }
}

/// The beginning of a message that is not finished: one fragment, then perhaps a control frame.
fn opening(role: Role) -> impl Strategy<Value = Unit> {
    let first = (any::<bool>(), "[a-z]{0,9}", mask(role)).prop_map(|(is_text, payload, mask)| {
        let frame = RawFrame::new(if is_text { TEXT } else { BINARY }, payload);
        (vec![frame.fin(false).mask(mask)], Vec::new())
    });
    (first, prop::option::of(valid::control(role)))
        .prop_map(|(first, control)| join([first].into_iter().chain(control).collect()))
}

/// A rule that a frame's header breaks.
fn bad_header(kind: ViolationKind, role: Role, limits: Limits) -> impl Strategy<Value = Faulty> {
    use ViolationKind as V;
    let open = match kind {
        V::UnexpectedContinuation => Just(None).boxed(),
        V::InterruptedMessage => opening(role).prop_map(Some).boxed(),
        _ => prop::option::of(opening(role)).boxed(),
    };
    (open, any::<Index>(), any::<bool>(), "[a-z]{0,125}", 126..300_usize, mask(role)).prop_map(
        move |(open, pick, flag, short, long, mask)| {
            let one_of = |opcodes: &[u8]| opcodes[pick.index(opcodes.len())];
            let control = one_of(&[CLOSE, PING, PONG]);
            let data = if open.is_some() { CONTINUATION } else { one_of(&[TEXT, BINARY]) };
            let any_opcode = if flag { control } else { data };
            let frame = |opcode| RawFrame::new(opcode, short.as_str()).mask(mask);
            let longer = |opcode| RawFrame::new(opcode, vec![b'x'; long]).mask(mask);

            let (frame, offset) = match kind {
                V::ReservedBits => (frame(any_opcode).rsv(one_of(&[0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70])), 0),
                V::ReservedOpCode => (frame(one_of(&[3, 4, 5, 6, 7, 0xB, 0xC, 0xD, 0xE, 0xF])).fin(flag), 0),
                V::FragmentedControl => (frame(control).fin(false), 0),
                V::UnexpectedContinuation => (frame(CONTINUATION).fin(flag), 0),
                V::InterruptedMessage => (frame(one_of(&[TEXT, BINARY])).fin(flag), 0),
                V::Masked => (frame(any_opcode).mask([1, 2, 3, 4]), 1),
                V::Unmasked => (frame(any_opcode).mask(None), 1),
                V::ControlTooLong => (longer(control), 1),
                V::LengthTopBit => {
                    let length = 1 << 63 | if flag { short.len() as u64 } else { LONGEST };
                    (frame(data).length(LengthForm::Declared64(length)), 2)
                }
                V::LengthNotMinimal if flag => (frame(data).length(LengthForm::Forced16), 2),
                V::LengthNotMinimal => (longer(data).length(LengthForm::Forced64), 2),
                V::PayloadTooLong => {
                    let extra = if flag { 1 } else { long as u64 };
                    let length = limits.payload.saturating_add(extra).min(LONGEST);
                    let offset = if length <= 125 { 1 } else { 2 };
                    (frame(data).length(LengthForm::Declared(length)), offset)
                }
                V::MessageTooLong
                | V::TooManyFragments
                | V::InvalidUtf8
                | V::TruncatedCloseCode
                | V::InvalidCloseCode => unreachable!("{kind} is not in a header"),
            };
            Faulty::behind(open.unwrap_or_default(), frame, offset)
        },
    )
}

/// A Close frame with half a code, a forbidden code or a broken reason.
fn bad_close(kind: ViolationKind, role: Role) -> impl Strategy<Value = Faulty> {
    let open = prop::option::of(opening(role)).prop_map(Option::unwrap_or_default);
    let code = any::<u16>().prop_filter("a code that may not be sent", |code| !model::may_be_sent(*code));
    let edges = select(vec![0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, u16::MAX]);
    let code = prop_oneof![edges, code];
    (open, any::<u8>(), code, "[a-z]{0,9}", bad_text(), mask(role)).prop_map(
        move |(open, byte, code, reason, bad, mask)| {
            let (payload, offset) = match kind {
                ViolationKind::TruncatedCloseCode => (vec![byte], 0),
                ViolationKind::InvalidCloseCode => ([&code.to_be_bytes(), reason.as_bytes()].concat(), 0),
                _ => ([&1000_u16.to_be_bytes()[..], &bad.bytes].concat(), 2 + bad.start),
            };
            let frame = RawFrame::new(CLOSE, payload).mask(mask);
            let offset = frame.header_len() + offset;
            Faulty::behind(open, frame, offset)
        },
    )
}

/// A text that is not UTF-8.
#[derive(Clone, Debug)]
struct BadText {
    bytes: Vec<u8>,
    /// Where the sequence begins that is no character.
    start: usize,
    /// The first byte that cannot be right; `None` where only the end of the text cannot.
    proof: Option<usize>,
}

/// A text of at most 96 bytes that is not UTF-8 at one place.
fn bad_text() -> impl Strategy<Value = BadText> {
    // Each with the number of bytes before the first one that cannot be right. (RFC 3629, section 4)
    let sequences: Vec<(&[u8], usize)> = vec![
        (b"\x80", 0),
        (b"\xBF", 0),
        (b"\xC0\x80", 0),
        (b"\xC1\xBF", 0),
        (b"\xF5\x80\x80\x80", 0),
        (b"\xFE", 0),
        (b"\xFF", 0),
        (b"\xC3a", 1),
        (b"\xC3\xC3", 1),
        (b"\xE0\x80\x80", 1),
        (b"\xE0\x9F\xBF", 1),
        (b"\xED\xA0\x80", 1),
        (b"\xED\xBF\xBF", 1),
        (b"\xF0\x8F\xBF\xBF", 1),
        (b"\xF4\x90\x80\x80", 1),
        (b"\xE2\x82a", 2),
        (b"\xF0\x9F\x98a", 3),
        (b"\xF0\x9F\x98\xF0", 3),
    ];
    let cut_short: Vec<&[u8]> = vec![b"\xC3", b"\xE2", b"\xE2\x82", b"\xF0", b"\xF0\x9F", b"\xF0\x9F\x98"];
    let good = || vec(any::<char>(), 0..10).prop_map(String::from_iter);
    prop_oneof![
        3 => (good(), select(sequences), good()).prop_map(|(before, (bad, proof), behind)| BadText {
            bytes: [before.as_bytes(), bad, behind.as_bytes()].concat(),
            start: before.len(),
            proof: Some(before.len() + proof),
        }),
        1 => (good(), select(cut_short)).prop_map(|(before, bad)| BadText {
            bytes: [before.as_bytes(), bad].concat(),
            start: before.len(),
            proof: None,
        }),
    ]
}

/// A text message that is not UTF-8, in fragments.
fn invalid_utf8(role: Role) -> impl Strategy<Value = Faulty> {
    (bad_text(), valid::fragments(role)).prop_map(|(bad, fragments)| {
        let mut faulty = Faulty { frames: Vec::new(), events: Vec::new(), offset: 0 };
        let mut text_before = 0;
        for (frames, events) in fragments.of(TEXT, &bad.bytes) {
            // The reader stops at the proof, so the events of later control frames are never seen.
            if bad.proof.is_none_or(|proof| text_before <= proof) {
                faulty.events.extend(events);
            }
            for frame in frames {
                let text = if frame.is_control() { 0 } else { frame.payload.len() };
                if (text_before..text_before + text).contains(&bad.start) {
                    faulty.offset = super::encode(&faulty.frames).len() + frame.header_len() + bad.start - text_before;
                }
                text_before += text;
                faulty.frames.push(frame);
            }
        }
        faulty
    })
}

/// A second fragment that declares one byte more than the message may still have.
fn message_too_long(role: Role, limits: Limits) -> impl Strategy<Value = Faulty> {
    (1..40_u64, any::<bool>(), vec(mask(role), 2)).prop_map(move |(first, fin, masks)| {
        let payload: Vec<u8> = (0..first.min(limits.message)).map(|_| b'x').collect();
        let left = limits.message - payload.len() as u64;
        let first = RawFrame::binary(payload).fin(false).mask(masks[0]);
        let second = RawFrame::continuation("x").fin(fin).mask(masks[1]).length(LengthForm::Declared(left + 1));
        Faulty::behind((vec![first], Vec::new()), second, 0)
    })
}

/// One fragment more than a message may have.
fn too_many_fragments(role: Role, limits: Limits) -> impl Strategy<Value = Faulty> {
    let payload = prop_oneof![Just(""), Just("x")];
    (payload, any::<bool>(), mask(role)).prop_map(move |(payload, fin, mask)| {
        let fragment = RawFrame::continuation(payload).fin(false).mask(mask);
        let mut frames = vec![RawFrame::text(payload).fin(false).mask(mask)];
        frames.extend((1..limits.fragments).map(|_| fragment.clone()));
        Faulty::behind((frames, Vec::new()), fragment.fin(fin), 0)
    })
}
