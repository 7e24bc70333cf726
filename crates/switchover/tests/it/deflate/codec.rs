//! The codec of permessage-deflate alone: against an inflater that is obviously right, at every window, level and cut.

use proptest::prelude::*;
use switchover::deflate::{Deflater, Inflater, InvalidDeflate, Settings, TAIL};
use switchover_testkit::{
    alloc::measure,
    inflate::{End, inflate},
    split,
};

/// Inflates pieces through an output of `room` bytes; what came out before an error comes with it.
fn inflate_pieces(inflater: &mut Inflater, pieces: &[&[u8]], room: usize) -> (Vec<u8>, bool) {
    let mut inflated = Vec::new();
    let mut output = vec![0; room];
    for piece in pieces {
        let mut input = *piece;
        loop {
            match inflater.inflate(&mut input, &mut output) {
                Ok(written) => {
                    inflated.extend_from_slice(&output[..written]);
                    if written < room {
                        assert!(input.is_empty(), "all of the input is taken");
                        break;
                    }
                }
                Err(InvalidDeflate { written }) => {
                    inflated.extend_from_slice(&output[..written]);
                    assert_eq!(inflater.inflate(&mut input, &mut output), Err(InvalidDeflate { written: 0 }));
                    return (inflated, false);
                }
            }
        }
    }
    (inflated, true)
}

fn message(inflater: &mut Inflater, payload: &[u8]) -> Vec<u8> {
    let (inflated, is_valid) = inflate_pieces(inflater, &[payload], 1 << 10);
    assert!(is_valid);
    inflater.finish().unwrap();
    inflated
}

/// Bytes that look random.
fn noise(seed: u32, len: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_be_bytes()[0]
    };
    (0..len).map(next).collect()
}

fn settings() -> impl Strategy<Value = Settings> {
    (8..=15_u8, 0..=9_u8, 1..=9_u8).prop_map(|(window_bits, level, memory)| Settings { window_bits, level, memory })
}

/// Pieces of 16 to 400 bytes that look random, which return after any distance; and runs of one byte.
fn payload() -> impl Strategy<Value = Vec<u8>> {
    let piece = (0..400_u32, 16..400_usize, any::<bool>()).prop_map(|(seed, len, is_run)| {
        let mut state = seed.wrapping_mul(0x9E37_79B9) | 1;
        let next = |_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state.to_le_bytes()[if is_run { 3 } else { 0 }] & if is_run { 0x80 } else { 0xFF }
        };
        (0..len).map(next).collect::<Vec<u8>>()
    });
    prop_oneof![
        4 => prop::collection::vec(piece, 0..6),
        1 => prop::collection::vec((0..180_u32).prop_map(|seed| seed.to_be_bytes().repeat(75)), 100..400),
    ]
    .prop_map(|pieces| pieces.concat())
}

/// RFC 7692, section 7.2.3, the examples: what the payloads are, one after the other, with the window taken over.
const EXAMPLES: [(&str, &[&[u8]]); 6] = [
    ("7.2.3.1, one block", &[&[0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]]),
    ("7.2.3.2, sharing the window", &[&[0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00], &[0xF2, 0x00, 0x11, 0x00, 0x00]]),
    ("7.2.3.3, no compression", &[&[0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00]]),
    ("7.2.3.4, BFINAL", &[&[0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00]]),
    (
        "7.2.3.4, BFINAL, and another message behind it",
        &[&[0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00], &[0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]],
    ),
    ("7.2.3.5, two blocks", &[&[0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00]]),
];

#[test]
fn the_examples_of_the_standard() {
    for (name, payloads) in EXAMPLES {
        for room in [1, 2, 3, 100] {
            let mut window = Vec::new();
            for payload in payloads {
                let mut inflater = Inflater::new();
                split::for_every_split(payload, |pieces| {
                    inflater.set_window(&window);
                    assert_eq!(inflate_pieces(&mut inflater, pieces, room), (b"Hello".to_vec(), true), "{name}");
                    inflater.finish().unwrap();
                });
                window = inflater.take_window(15);
            }
        }
    }
}

/// Section 7.2.3.4: a message may end with its last block, without the byte of an empty one behind it.
#[test]
fn a_message_may_end_with_a_last_block() {
    let payload = &EXAMPLES[3].1[0][..7];
    let mut inflater = Inflater::new();
    split::for_every_split(payload, |pieces| {
        for room in [1, 5, 100] {
            assert_eq!(inflate_pieces(&mut inflater, pieces, room), (b"Hello".to_vec(), true));
            inflater.finish().unwrap();
            // What comes behind it refers to nothing before, and ends as any message.
            assert_eq!(message(&mut inflater, EXAMPLES[0].1[0]), b"Hello");
            assert_eq!(inflater.take_window(15), b"Hello");
        }
    });
}

/// Section 7.2.3.6: an empty message, and an empty last fragment, is one byte.
#[test]
fn nothing_is_one_byte() {
    let mut deflater = Deflater::new(Settings { window_bits: 15, level: 6, memory: 8 });
    let mut inflater = Inflater::new();
    for _ in 0..2 {
        let mut payload = Vec::new();
        deflater.deflate(b"", true, &mut payload);
        assert_eq!((&payload[..], &message(&mut inflater, &payload)[..]), (&[0][..], &b""[..]));

        let mut payload = Vec::new();
        deflater.deflate(b"", false, &mut payload);
        assert!(payload.is_empty());
        deflater.deflate(b"Hello", false, &mut payload);
        assert!(payload.ends_with(&TAIL));
        let before = payload.len();
        deflater.deflate(b"", true, &mut payload);
        assert_eq!((&payload[before..], &message(&mut inflater, &payload)[..]), (&[0][..], &b"Hello"[..]));
    }
}

/// The standard's own bytes for "Hello", and for the second one.
#[test]
fn deflating_the_examples() {
    let mut deflater = Deflater::new(Settings { window_bits: 15, level: 6, memory: 8 });
    for (_, payloads) in &EXAMPLES[1..2] {
        for expected in *payloads {
            let mut payload = Vec::new();
            deflater.deflate(b"Hello", true, &mut payload);
            assert_eq!(&payload, expected);
        }
    }
    deflater.reset();
    let mut payload = Vec::new();
    deflater.deflate(b"Hello", true, &mut payload);
    assert_eq!(payload, EXAMPLES[0].1[0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    /// Every window, level and memory, fragments, with and without takeover, in pieces of any size through outputs of any size:
    /// what was deflated is inflated, by the naive inflater too, and no match reaches back farther than the window.
    #[test]
    fn round_trip(
        settings in settings(),
        takeover in any::<bool>(),
        messages in prop::collection::vec((payload(), split::random_cuts()), 1..5),
        cuts in split::random_cuts(),
        room in prop_oneof![1..20_usize, 100..70_000_usize],
    ) {
        let mut deflater = Deflater::new(settings);
        let mut inflater = Inflater::new();
        let mut sent = Vec::new();
        for (payload, fragments) in messages {
            if !takeover {
                deflater.reset();
                inflater.reset();
                sent.clear();
            }
            let mut deflated = Vec::new();
            let pieces = fragments.pieces(&payload);
            for (index, fragment) in pieces.iter().enumerate() {
                deflater.deflate(fragment, index + 1 == pieces.len(), &mut deflated);
                // All of a fragment can be inflated from what came of it and of those before it.
                let so_far: usize = pieces[..=index].iter().map(|piece| piece.len()).sum();
                if payload.len() < 2_000 && index + 1 < pieces.len() {
                    prop_assert_eq!(inflate(&deflated, &sent).bytes.len(), so_far);
                }
            }
            prop_assert!(deflated.len() <= payload.len() + payload.len() / 8 + 16 * pieces.len());
            let expected = inflate(&[&deflated[..], &TAIL].concat(), &sent);
            prop_assert_eq!(expected.end, End::Block { last: false });
            prop_assert!(expected.bytes == payload);
            prop_assert!(expected.farthest <= 1 << settings.window_bits, "{}", expected.farthest);
            let (inflated, is_valid) = inflate_pieces(&mut inflater, &cuts.pieces(&deflated), room);
            prop_assert!(is_valid && inflated == payload && inflater.finish().is_ok());
            sent.extend(payload);
        }
    }

    /// The window can be taken out between messages, and no more of it than the agreed size is needed to go on.
    #[test]
    fn a_window_can_be_put_aside(
        settings in settings(),
        messages in prop::collection::vec(payload(), 1..6),
    ) {
        let mut deflater = Deflater::new(settings);
        let mut window = Vec::new();
        let mut sent = Vec::new();
        for payload in messages {
            let mut deflated = Vec::new();
            deflater.deflate(&payload, true, &mut deflated);
            let mut inflater = Inflater::with_window(&window);
            prop_assert!(message(&mut inflater, &deflated) == payload);
            window = inflater.take_window(settings.window_bits);
            sent.extend(payload);
            let len = sent.len().min(1 << settings.window_bits);
            prop_assert!(window == sent[sent.len() - len..]);
        }
    }

    /// A deflater may forget its window at any time, in the middle of a message too; the other side need not know.
    #[test]
    fn a_deflater_may_forget(
        settings in settings(),
        fragments in prop::collection::vec((payload(), any::<bool>(), any::<bool>()), 1..8),
    ) {
        let mut deflater = Deflater::new(settings);
        let mut inflater = Inflater::new();
        let (mut deflated, mut expected) = (Vec::new(), Vec::new());
        for (fragment, last, forgets) in fragments {
            deflater.deflate(&fragment, last, &mut deflated);
            expected.extend(fragment);
            if last {
                prop_assert!(message(&mut inflater, &core::mem::take(&mut deflated)) == core::mem::take(&mut expected));
            }
            if forgets {
                deflater.reset();
            }
        }
    }

    /// Any bytes, in any pieces: as far as the naive inflater gets, and the same verdict.
    #[test]
    fn any_bytes(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            prop::collection::vec(any::<u8>(), 0..4),
            prop::collection::vec(prop::sample::select(&[0x00, 0x01, 0x02, 0x03, 0x05, 0xFF][..]), 0..12),
        ],
        window in prop::collection::vec(any::<u8>(), 0..40),
        room in 1..50_usize,
    ) {
        check(&bytes, &window, room);
    }

    /// A stream that was valid before one bit of it was turned.
    #[test]
    fn a_turned_bit(
        settings in settings(),
        text in "[a-e]{0,80}",
        bit in any::<prop::sample::Index>(),
        room in 1..50_usize,
    ) {
        let mut deflated = Vec::new();
        Deflater::new(settings).deflate(text.as_bytes(), false, &mut deflated);
        if !deflated.is_empty() {
            let bit = bit.index(8 * deflated.len());
            deflated[bit / 8] ^= 1 << (bit % 8);
        }
        check(&deflated, b"", room);
    }
}

/// A message whose last block reads the tail as its codes, and ends one bit before the tail does. That bit is no block's
/// beginning: what it would make of the next message is anything.
#[test]
fn a_message_ends_with_a_byte() {
    let mut bits = Vec::new();
    let mut put = |value: u32, count: u32| bits.extend((0..count).map(|place| value >> place & 1 == 1));
    // Not the last block, its codes in front of it; 257 and 1 of them, and 19 lengths of the code for their lengths, in the
    // order of RFC 1951, section 3.2.7: 18 is one bit, 0; 0 and 1 are seven bits, 1111110 and 1111111.
    [(0b100, 3), (0, 5), (0, 5), (15, 4)].into_iter().for_each(|(value, count)| put(value, count));
    [3, 2, 1, 7, 4, 5, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0].into_iter().for_each(|length| put(length, 3));
    let zeros = |count: u32| (count - 11) << 1;
    put(zeros(97), 8);
    put(0b111_1111, 7); // the letter a: one bit
    put(0b011_1111, 7); // a letter without a code
    put(zeros(135), 8);
    // The tail goes on with 22 zeros, one bit for the end of the block and one for a distance, and the end of the block: 31 bits.
    let payload: Vec<u8> =
        bits.chunks(8).map(|byte| byte.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit))).collect();
    assert_eq!((bits.len(), inflate(&payload, b"").end), (8 * payload.len(), End::Input));
    check(&payload, b"", 1);
    let mut inflater = Inflater::new();
    assert_eq!(inflate_pieces(&mut inflater, &[&payload], 100), (Vec::new(), true));
    assert_eq!(inflater.finish(), Err(InvalidDeflate { written: 0 }));
}

/// A header whose code for the lengths of codes has no code at all: zlib takes each bit for a length of 0, and then misses the
/// end of the block.
#[test]
fn a_code_without_codes_is_wrong_where_zlib_says() {
    // Not the last block, its codes in front of it (0b10), 257 and 1 of them, and of the code for their lengths 4 lengths: 0.
    // Behind these 29 bits, the 258 lengths.
    let header = [&[0b0000_0100][..], &[0; 36]].concat();
    let (whole, _) = header.split_at((29 + 258_usize).div_ceil(8));
    assert_eq!((inflate(&header, b"").end, inflate(whole, b"").end), (End::Invalid, End::Invalid));
    assert_eq!(inflate(&whole[..whole.len() - 1], b"").end, End::Input);
    check(whole, b"", 1);
    check(&whole[..whole.len() - 1], b"", 1);
}

fn check(bytes: &[u8], window: &[u8], room: usize) {
    let expected = inflate(bytes, window);
    // A message may end with a last block, or with an empty block without compression less its last bytes.
    let with_tail = inflate(&[bytes, &TAIL].concat(), window);
    let is_message = matches!(expected.end, End::Block { last: true })
        || matches!(with_tail.end, End::Block { .. }) && with_tail.bytes.len() == expected.bytes.len();
    let mut inflater = Inflater::new();
    split::for_every_split(bytes, |pieces| {
        inflater.set_window(window);
        let (inflated, is_valid) = inflate_pieces(&mut inflater, pieces, room);
        assert_eq!((&inflated, is_valid), (&expected.bytes, expected.end != End::Invalid));
        if is_valid {
            assert_eq!(inflater.finish().is_ok(), is_message && !bytes.is_empty());
        }
    });
}

/// Deflate 5, 7, 30. What returns after the size of the window is a match as long as the window holds it, and never one that
/// reaches back farther: not farther than 256 bytes for the window of 8 bits either, which zlib itself does not have.
#[test]
fn windows_are_used_and_not_exceeded() {
    let noise: Vec<u8> =
        (0..1_u64 << 17).map(|at| at.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29).to_le_bytes()[0]).collect();
    for window_bits in 8..=15_u8 {
        for level in 1..=9 {
            let window = 1 << window_bits;
            let mut farthest = 0;
            for period in [window.max(316) - 300, window.max(300) - 263, window, window + 1, window + 258] {
                let payload = noise[..period].repeat(3);
                let mut deflated = Vec::new();
                Deflater::new(Settings { window_bits, level, memory: 8 }).deflate(&payload, false, &mut deflated);
                let inflated = inflate(&deflated, b"");
                assert!(inflated.bytes == payload);
                farthest = farthest.max(inflated.farthest);
            }
            assert!(farthest <= window, "window {window_bits}, level {level}: {farthest}");
            assert!(farthest + 300 >= window, "window {window_bits}, level {level}: {farthest}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// What cannot be compressed grows by the headers of blocks without compression (RFC 1951, section 3.2.4) and of the empty one
    /// at the end, whatever the settings, in fragments too, and it is in the window all the same.
    #[test]
    fn what_cannot_be_compressed_hardly_grows(
        settings in settings(),
        fragments in prop::collection::vec((any::<u32>(), prop_oneof![0..10_000_usize, 65_000..66_000_usize], any::<bool>()), 1..5),
    ) {
        let mut deflater = Deflater::new(settings);
        let mut inflater = Inflater::new();
        for (seed, len, last) in fragments {
            let noise = noise(seed, len);
            let mut deflated = Vec::new();
            deflater.deflate(&noise, last, &mut deflated);
            let end = if last { 1 } else { 5 };
            prop_assert!(deflated.len() <= len + 5 * len.div_ceil(65_535) + end, "{len} to {}", deflated.len());
            let (inflated, is_valid) = inflate_pieces(&mut inflater, &[&deflated], 1 << 15);
            prop_assert!(is_valid && inflated == noise);
            if last {
                inflater.finish().unwrap();
            }
            // Its end is found in the window.
            let again = &noise[len - len.min(200)..];
            deflated.clear();
            deflater.deflate(again, true, &mut deflated);
            prop_assert!(settings.level < 2 || again.len() < 100 || deflated.len() < again.len() / 2, "{}", deflated.len());
            prop_assert!(message(&mut inflater, &deflated) == again);
        }
    }
}

/// What was deflated elsewhere is in the window as if it had been deflated here, of any length and behind anything, and no match
/// reaches back farther than before.
#[test]
fn another_deflater_is_followed() {
    let noise: Vec<u8> = (0..70_000_u32).map(|at| (at ^ at >> 7).wrapping_mul(0x9E37_79B9).to_be_bytes()[0]).collect();
    for level in 0..=9 {
        for (window_bits, window) in [(8, 250), (9, 250), (12, 3_834), (15, 32_506)] {
            let mut deflater = Deflater::new(Settings { window_bits, level, memory: 8 });
            let mut history = Vec::new();
            for (at, len) in [100, 200, 3, 5_000, 40_000, 0, 33_000, 32_768, 1_000].into_iter().enumerate() {
                let followed = &noise[at * 1_000..at * 1_000 + len];
                deflater.follow(followed);
                history.extend_from_slice(followed);
                // The end of it once more, and what stood far before that.
                let end = history.len();
                let message = [&history[end.saturating_sub(window)..], &history[end.saturating_sub(20)..]].concat();
                let mut payload = Vec::new();
                deflater.deflate(&message, true, &mut payload);
                let inflated = inflate(&[&payload[..], &TAIL].concat(), &history);
                assert!(inflated.bytes == message, "level {level}, {window_bits} bits, {len}");
                assert!(inflated.farthest <= 1 << window_bits);
                if level > 1 && len > 20 {
                    assert!(
                        payload.len() < message.len() / 2 + 30,
                        "level {level}, {window_bits} bits: {}",
                        payload.len()
                    );
                }
                history.extend_from_slice(&message);
            }
        }
    }
}

/// Within a message there is no window to take: what the inflater would be asked for it stands in the middle of a block.
#[test]
fn a_window_is_taken_between_messages_only() {
    let noise = noise(7, 300);
    let stored = [&[0x00, 0x58, 0x02, 0xA7, 0xFD][..], &noise].concat(); // 300 of 600 bytes
    let compressed = {
        let mut payload = Vec::new();
        Deflater::new(Settings { window_bits: 15, level: 6, memory: 8 }).deflate(
            &b"abc".repeat(100),
            true,
            &mut payload,
        );
        payload.truncate(payload.len() - 2);
        payload
    };
    for part in [stored, compressed] {
        let mut inflater = Inflater::new();
        let (inflated, is_valid) = inflate_pieces(&mut inflater, &[&part], 1 << 10);
        assert!(is_valid && inflated.len() >= 258);
        assert_eq!(inflater.take_window(15), b"");
        // It is at its beginning, as if there had been nothing.
        assert_eq!(message(&mut inflater, EXAMPLES[0].1[0]), b"Hello");
        assert_eq!(inflater.take_window(15), b"Hello");
    }
}

/// What the codec costs, as its documentation says.
#[test]
fn memory() {
    let (inflater, allocations) = measure(Inflater::new);
    println!("an inflater: {} bytes", allocations.peak);
    assert!(allocations.peak <= 49 << 10, "{allocations:?}");
    drop(inflater);
    for (window_bits, memory) in [(15, 8), (15, 5), (12, 5), (9, 1)] {
        let (deflater, allocations) = measure(|| Deflater::new(Settings { window_bits, level: 6, memory }));
        println!("a deflater of window {window_bits} and memory {memory}: {} bytes", allocations.peak);
        let documented = (128 << 10) + (4 << window_bits) + (448 << memory);
        assert!(allocations.peak <= documented + (4 << 10), "{allocations:?}");
        drop(deflater);
    }
}

/// With buffers that are large enough nothing is allocated for a message.
#[test]
fn no_allocations() {
    let mut deflater = Deflater::new(Settings { window_bits: 12, level: 6, memory: 5 });
    let mut inflater = Inflater::new();
    let (mut deflated, mut inflated) = (Vec::with_capacity(4096), vec![0; 4096]);
    let ((), allocations) = measure(|| {
        for number in 0..1_000_u32 {
            let payload = [&number.to_be_bytes()[..], &[7; 1_000]].concat();
            deflated.clear();
            deflater.deflate(&payload, true, &mut deflated);
            assert_eq!(inflater.inflate(&mut &deflated[..], &mut inflated), Ok(payload.len()));
            inflater.finish().unwrap();
            assert_eq!(inflated[..payload.len()], payload);
        }
    });
    // One for each payload.
    assert_eq!((allocations.count, allocations.live), (1_000, 0));
}
