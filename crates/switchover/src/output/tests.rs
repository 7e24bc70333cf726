use super::*;
use alloc::vec;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Copy(Vec<u8>),
    Share(Vec<u8>),
    Pong(u8),
    Advance(usize),
    Lend,
    GiveBack,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40).prop_map(Step::Copy),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(Step::Share),
        any::<u8>().prop_map(|byte| Step::Copy(vec![byte; 20_000])),
        any::<u8>().prop_map(Step::Pong),
        any::<u8>().prop_map(Step::Pong),
        (0..60usize).prop_map(Step::Advance),
        (0..30_000usize).prop_map(Step::Advance),
        Just(Step::Lend),
        Just(Step::GiveBack),
    ]
}

proptest! {
    /// Whatever is queued and however it is drained, the bytes come out once and in order, Pongs among them, and no more
    /// memory is held than the queue needs.
    #[test]
    fn is_a_queue(steps in prop::collection::vec(step(), 0..100)) {
        let mut output = Output::new(1);
        let mut buffer = Vec::new();
        let mut expected = VecDeque::new();
        // The Pongs in the queue: how many bytes to their ends. And the one that waits.
        let (mut pongs, mut waiting) = (Vec::<usize>::new(), None);
        for step in steps {
            match step {
                Step::Copy(bytes) => {
                    output.copied().extend_from_slice(&bytes);
                    expected.extend(bytes);
                }
                Step::Share(bytes) => {
                    output.push_shared(bytes.clone().into());
                    expected.extend(bytes);
                }
                Step::Pong(byte) => {
                    let frame = [byte; 1000];
                    output.push_pong(&frame);
                    if pongs.len() < 5 && waiting.is_none() {
                        expected.extend(frame);
                        pongs.push(expected.len());
                    } else {
                        waiting = Some(frame);
                    }
                }
                Step::Advance(n) => {
                    let n = n.min(output.remaining());
                    output.moved();
                    output.advance(n);
                    prop_assert_eq!(output.moved(), n > 0);
                    expected.drain(..n);
                    if pongs.last().is_none_or(|end| *end <= n) {
                        pongs.clear();
                        if let Some(frame) = waiting.take() {
                            expected.extend(frame);
                            pongs.push(expected.len());
                        }
                    } else {
                        pongs.iter_mut().for_each(|end| *end = end.saturating_sub(n));
                    }
                }
                Step::Lend => output.lend(&mut buffer),
                Step::GiveBack => output.give_back(&mut buffer),
            }
            let mut slices = [&[][..]; 200];
            let filled = output.slices(&mut slices);
            let bytes = slices[..filled].concat();
            prop_assert_eq!(&bytes, &expected.iter().copied().collect::<Vec<u8>>());
            prop_assert_eq!(output.remaining(), bytes.len());
            prop_assert!(slices[..filled].iter().all(|slice| !slice.is_empty()));
            prop_assert_eq!(output.chunk(), slices[0]);
            prop_assert!(output.taken < 16_384 || output.taken * 2 < output.copied.len());
            prop_assert!(!output.is_empty() || output.lent || output.copied.capacity() == 0);
        }
    }
}

/// A long queue that is never quite drained holds no more than some multiple of what is in it.
#[test]
fn a_backlog_gives_memory_back() {
    let mut output = Output::new(1);
    output.copied().extend_from_slice(&vec![0; 1 << 20]);
    output.advance((1 << 20) - 10);
    assert!(output.copied.capacity() < 100, "{}", output.copied.capacity());
    for _ in 0..1_000 {
        output.copied().extend_from_slice(&[0; 1_000]);
        output.advance(1_000);
        assert!(output.copied.capacity() <= 4 * RECLAIM, "{}", output.copied.capacity());
    }
}

#[test]
fn drained_it_owns_no_heap() {
    let mut output = Output::new(1);
    output.copied().extend_from_slice(b"header");
    output.push_shared(Bytes::from_static(b"payload"));
    output.advance(13);
    assert_eq!((output.copied.capacity(), output.rare.is_none()), (0, true));
}

#[test]
fn a_lent_buffer_comes_back() {
    let mut output = Output::new(1);
    let mut buffer = vec![0; 100];
    output.lend(&mut buffer);
    output.copied().push(1);
    output.advance(1);
    output.give_back(&mut buffer);
    assert!(buffer.is_empty() && buffer.capacity() >= 100);

    output.lend(&mut buffer);
    output.copied().extend_from_slice(&[1, 2]);
    output.push_shared(Bytes::from_static(b"3"));
    output.advance(1);
    output.give_back(&mut buffer);
    assert!(buffer.capacity() >= 100 && output.copied.capacity() == 1);
    assert_eq!(output.copy_to_bytes(2), b"\x023"[..]);

    // What waits by reference is no reason to take the buffer.
    output.push_shared(Bytes::from_static(b"3"));
    output.lend(&mut buffer);
    assert!(buffer.capacity() >= 100 && !output.lent);
}
