//! What a session sees does not depend on how its input is cut, nor on the way of feeding, and is what the model sees.

use bytes::BytesMut;
use proptest::prelude::*;
use switchover::{Event, EventRef, Limits, PartRef};
use switchover_testkit::{
    frames::{self, Outcome, RawFrame, Role, Verdict, ViolationKind},
    model,
    session::Feeding,
    split,
};

use crate::common::{self, read};

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Server), Just(Role::Client)]
}

/// Small limits, so that the strategies reach them.
fn small() -> Limits {
    Limits { message: 300, fragments: 6, ..Limits::default() }
}

/// The outcome is the expected one under every split and every feeding, and so is the output.
fn check(role: Role, limits: &Limits, bytes: &[u8], expected: &Outcome) {
    let (_, output) = read(role, limits, Feeding::Owned, &[bytes]);
    split::for_every_split(bytes, |pieces| {
        for feeding in Feeding::ALL {
            let (outcome, wanted) = read(role, limits, feeding, pieces);
            assert_eq!(&outcome, expected, "{feeding:?}");
            assert_eq!(wanted, output, "{feeding:?}");
        }
    });
}

proptest! {
    #[test]
    fn valid_streams((role, case) in role().prop_flat_map(|role| (Just(role), frames::valid(role)))) {
        check(role, &Limits::default(), &case.bytes(), &case.expected);
    }

    #[test]
    fn broken_streams((role, case) in role().prop_flat_map(|role| {
        (Just(role), frames::broken(role, (&small()).into()))
    })) {
        check(role, &small(), &case.bytes(), &case.expected);
    }

    #[test]
    fn random_cuts((role, case, cuts) in role().prop_flat_map(|role| {
        (Just(role), frames::valid(role), split::random_cuts())
    })) {
        for feeding in Feeding::ALL {
            let (outcome, _) = read(role, &Limits::default(), feeding, &cuts.pieces(&case.bytes()));
            prop_assert_eq!(&outcome, &case.expected);
        }
    }

    #[test]
    fn byte_soup(role in role(), bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check(role, &small(), &bytes, &model::read(&bytes, role, &(&small()).into()));
    }

    /// Frames that are each plausible, in an order that mostly is not.
    #[test]
    fn frame_soup(
        role in role(),
        soup in prop::collection::vec((0..11_u8, any::<bool>(), prop::collection::vec(any::<u8>(), 0..130)), 0..8),
    ) {
        let mask = (role == Role::Server).then_some([1, 2, 3, 4]);
        let frames: Vec<RawFrame> =
            soup.into_iter().map(|(opcode, fin, payload)| RawFrame::new(opcode, payload).fin(fin).mask(mask)).collect();
        let bytes = frames::encode(&frames);
        check(role, &small(), &bytes, &model::read(&bytes, role, &(&small()).into()));
    }

    #[test]
    fn lengths_at_the_edges((role, case) in role().prop_flat_map(|role| (Just(role), frames::boundary(role)))) {
        let bytes = case.bytes();
        for feeding in Feeding::ALL {
            for pieces in [split::whole(&bytes), split::chunks(&bytes, 4096), split::chunks(&bytes, 61)] {
                prop_assert_eq!(&read(role, &Limits::default(), feeding, &pieces).0, &case.expected);
            }
        }
    }
}

/// A character across a fragment, a ping and a read: the offset of a bad one is that of its first byte.
#[test]
fn a_character_in_three_frames() {
    for (last, is_good) in [(&b"\xAC"[..], true), (b"x", false), (b"", false)] {
        let frames = vec![
            RawFrame::text(b"ab\xE2".to_vec()).fin(false),
            RawFrame::ping("!"),
            RawFrame::continuation(b"\x82".to_vec()).fin(false),
            RawFrame::continuation(last.to_vec()),
        ];
        let bytes = frames::encode(&frames);
        let expected = model::read(&bytes, Role::Client, &model::Limits::default());
        assert_eq!(matches!(expected.verdict, Verdict::NeedMore), is_good);
        check(Role::Client, &Limits::default(), &bytes, &expected);
    }
}

/// Fragments that add up to the limit are a message; one byte more is not.
#[test]
fn fragments_up_to_the_limit() {
    let limits = Limits { message: 10, ..Limits::default() };
    for (len, verdict) in [(4, None), (5, Some(ViolationKind::MessageTooLong))] {
        let bytes = frames::encode(&[RawFrame::text("sixsix").fin(false), RawFrame::continuation(vec![b'x'; len])]);
        let expected = model::read(&bytes, Role::Client, &(&limits).into());
        let found = if let Verdict::Violation(violation) = expected.verdict { Some(violation.kind) } else { None };
        assert_eq!(found, verdict);
        check(Role::Client, &limits, &bytes, &expected);
    }
}

/// Between messages the way of feeding may change, also behind a message that was lent out of the session.
#[test]
fn the_way_of_feeding_may_change_between_messages() {
    let mut session = common::server();
    let mask = [1, 2, 3, 4];
    let mut first = RawFrame::binary("OLD").mask(mask).encode();
    let (head, tail) = first.split_at_mut(7);
    let (mut head, mut tail) = (head, tail);
    assert!(session.receive(&mut head).is_none());
    assert!(matches!(session.receive(&mut tail), Some((EventRef::Binary(b"OLD"), _))));
    let second = [RawFrame::binary("n").fin(false).mask(mask), RawFrame::continuation("ew").mask(mask)];
    let mut input = BytesMut::from(&frames::encode(&second)[..]);
    assert_eq!(session.poll_event(&mut input), Some(Event::Binary(b"new"[..].into())));
    let mut third = RawFrame::text("again").mask(mask).encode();
    assert!(matches!(session.receive(&mut &mut third[..]), Some((EventRef::Text("again"), _))));
    // In parts, and back.
    for start in [&b"pa"[..], b""] {
        let fourth = [RawFrame::binary(start).fin(false).mask(mask), RawFrame::continuation("rt").mask(mask)];
        let mut bytes = frames::encode(&fourth);
        let mut input = &mut bytes[..];
        let mut parts = Vec::new();
        while let Some((PartRef::Binary { payload, last }, _)) = session.receive_part(&mut input) {
            parts.push((payload.to_vec(), last));
        }
        let whole = [(start.to_vec(), false), (b"rt".to_vec(), true)];
        assert_eq!(parts, whole[usize::from(start.is_empty())..], "no part is empty");
        assert_eq!(session.held(), 0);
        let mut input = BytesMut::from(&frames::encode(&second)[..]);
        assert_eq!(session.poll_event(&mut input), Some(Event::Binary(b"new"[..].into())));
    }
}

/// A message is delivered as it arrives, and none of it is held.
#[test]
fn parts_are_delivered_as_they_arrive() {
    let mut session = common::server();
    let mut bytes = RawFrame::text("Gr\u{fc}\u{df}e, ganz lange").mask([1, 2, 3, 4]).encode();
    let mut delivered = Vec::new();
    let header = 6;
    let len = bytes.len();
    for (at, byte) in bytes.iter_mut().enumerate() {
        let mut input = core::slice::from_mut(byte);
        match session.receive_part(&mut input) {
            Some((PartRef::Text { payload, last }, _)) => {
                assert!(at >= header && payload.len() == 1 && last == (at + 1 == len));
                delivered.extend_from_slice(payload);
            }
            other => assert!(at < header && other.is_none()),
        }
        assert_eq!(session.held(), 0);
    }
    assert_eq!(delivered, "Gr\u{fc}\u{df}e, ganz lange".as_bytes());
}
