//! The strategies for frames and the model are written independently: each checks the other.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use switchover_testkit::frames::{self, Event, RawFrame, Role, Verdict, Violation, ViolationKind};
use switchover_testkit::model::{self, Limits};

const SMALL: Limits = Limits { payload: 300, message: 300, fragments: 7 };

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Client), Just(Role::Server)]
}

fn role_and<S: Strategy>(strategy: impl Fn(Role) -> S + Clone) -> impl Strategy<Value = (Role, S::Value)>
where
    S::Value: Clone,
{
    role().prop_flat_map(move |role| (Just(role), strategy(role)))
}

proptest! {
    #[test]
    fn valid_streams_are_valid((role, case) in role_and(frames::valid)) {
        for limits in [Limits::default(), SMALL] {
            prop_assert_eq!(&model::read(&case.bytes(), role, &limits), &case.expected);
        }
    }

    #[test]
    fn nothing_follows_a_close((role, case) in role_and(frames::valid), trailing: Vec<u8>) {
        let mut stream = case.bytes();
        if let Verdict::Ended(_) = case.expected.verdict {
            stream.extend(trailing);
        }
        prop_assert_eq!(model::read(&stream, role, &SMALL), case.expected);
    }

    #[test]
    fn lengths_at_a_boundary_are_valid((role, case) in role_and(frames::boundary)) {
        prop_assert_eq!(model::read(&case.bytes(), role, &Limits::default()), case.expected);
    }

    /// The events of a prefix are a prefix of the events, and a verdict other than "need more" stays.
    #[test]
    fn the_model_judges_a_prefix_as_far_as_it_goes(
        (role, case) in role_and(|role| frames::broken(role, SMALL)),
        cut: prop::sample::Index,
    ) {
        let stream = case.bytes();
        let prefix = model::read(&stream[..cut.index(stream.len() + 1)], role, &SMALL);
        prop_assert!(case.expected.events.starts_with(&prefix.events));
        if prefix.verdict != Verdict::NeedMore {
            prop_assert_eq!(prefix, case.expected);
        }
    }

    #[test]
    fn the_model_takes_any_bytes(role in role(), soup: Vec<u8>) {
        let outcome = model::read(&soup, role, &SMALL);
        if let Verdict::Violation(Violation { offset, .. }) = outcome.verdict {
            prop_assert!(offset < soup.len() as u64);
        }
    }
}

/// Each rule that can be broken is, for both roles, and is found where it was broken.
#[test]
fn broken_streams_are_broken_where_they_should_be() {
    for role in [Role::Client, Role::Server] {
        for limits in [Limits::default(), SMALL] {
            for kind in frames::breakable(role, &limits) {
                TestRunner::new(Config::with_cases(128))
                    .run(&frames::broken_by(kind, role, limits), |case| {
                        let Verdict::Violation(violation) = case.expected.verdict else {
                            panic!("{kind} is no violation")
                        };
                        prop_assert_eq!(violation.kind, kind);
                        prop_assert_eq!(model::read(&case.bytes(), role, &limits), case.expected);
                        Ok(())
                    })
                    .unwrap_or_else(|error| panic!("{role:?} with {limits:?}, {kind}: {error}"));
            }
        }
    }
}

/// Together the strategies break every rule there is.
#[test]
fn every_rule_can_be_broken() {
    let both = [Role::Client, Role::Server].map(|role| frames::breakable(role, &SMALL));
    let kinds: std::collections::HashSet<ViolationKind> = both.concat().into_iter().collect();
    assert_eq!(kinds.len(), 16);
}

/// Each limit admits what is exactly as long as it.
#[test]
fn limits_are_the_longest_that_is_accepted() {
    let read = |frames: &[RawFrame]| model::read(&frames::encode(frames), Role::Client, &SMALL);
    let first = RawFrame::binary([0; 200]).fin(false);
    let accepted = read(&[first.clone(), RawFrame::continuation([0; 100])]);
    assert_eq!(accepted.events, [Event::Binary(vec![0; 300])]);
    let refused = read(&[first, RawFrame::continuation([0; 101])]);
    let violation = Violation { kind: ViolationKind::MessageTooLong, offset: 204 };
    assert_eq!(refused.verdict, Verdict::Violation(violation));

    assert_eq!(read(&[RawFrame::binary([0; 300])]).events.len(), 1);
    let refused = read(&[RawFrame::binary([0; 301])]);
    let violation = Violation { kind: ViolationKind::PayloadTooLong, offset: 2 };
    assert_eq!(refused.verdict, Verdict::Violation(violation));

    // A length of 7 bits is blamed where it stands.
    let short = Limits { payload: 100, ..SMALL };
    let refused = model::read(&RawFrame::binary([0; 101]).encode(), Role::Client, &short);
    let violation = Violation { kind: ViolationKind::PayloadTooLong, offset: 1 };
    assert_eq!(refused.verdict, Verdict::Violation(violation));

    let fragments = |count: usize| {
        let mut frames = vec![RawFrame::continuation("").fin(false); count];
        frames[0].opcode = frames::TEXT;
        frames[count - 1].fin = true;
        read(&frames)
    };
    assert_eq!(fragments(7).events, [Event::Text(String::new())]);
    let violation = Violation { kind: ViolationKind::TooManyFragments, offset: 14 };
    assert_eq!(fragments(8).verdict, Verdict::Violation(violation));
}

/// The close codes, one by one. (RFC 6455, section 7.4, and the IANA registry)
#[test]
fn close_codes() {
    let sendable: Vec<u16> = (0..=u16::MAX).filter(|code| model::may_be_sent(*code)).collect();
    let expected: Vec<u16> = (1000..=1003).chain(1007..=1014).chain(3000..=4999).collect();
    assert_eq!(sendable, expected);
    for code in [1000, 1005, 2999, 3000] {
        let outcome = model::read(&RawFrame::close(code, "x").encode(), Role::Client, &SMALL);
        assert_eq!(matches!(outcome.verdict, Verdict::Ended(_)), model::may_be_sent(code), "{code}");
    }
}
