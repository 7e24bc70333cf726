//! Line folding in responses, where it is accepted. (RFC 9112, section 5.2)

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use switchover_header::{
    FieldSlots, FieldSpan, FieldStore, FieldTable, Framing, FramingErrorKind, HeadErrorKind as Kind, Limits,
    ResponseScan, Step, StoreFull,
};
use switchover_testkit::{heads, split};

use crate::common::Outcome;
use crate::common::profile::{
    ALL, BARE_LF, Profile, Read, SPACE, STRICT, UNFOLDING, accepted, fields, lf_alone, limits, one_space, pairs,
    profiles, read, read_everyhow, read_into, refused, refused_within, soup, step, without_folds,
};

/// A fold to put into a value: where, and what.
fn folds() -> impl Strategy<Value = Vec<(Index, Index, &'static [u8])>> {
    let fold = select(vec![&b"\r\n "[..], b"\r\n\t", b"\r\n  \t", b" \t\r\n\t \t", b"\r\n \r\n\t"]);
    vec((any::<Index>(), any::<Index>(), fold), 0..6)
}

/// The head with folds in its values, and with one SP in place of each.
fn folded(response: &heads::Response, folds: &[(Index, Index, &'static [u8])]) -> (Vec<u8>, Vec<(String, Vec<u8>)>) {
    let [mut folded, mut plain] = [response.clone(), response.clone()];
    for (line, place, fold) in folds.iter().filter(|_| !response.fields.is_empty()) {
        let line = line.index(response.fields.len());
        // The same place in both, counted without white space.
        let put = |field: &mut heads::FieldLine, what: &[u8]| {
            let visible: Vec<_> = (0..field.value.len()).filter(|at| !b" \t\r\n".contains(&field.value[*at])).collect();
            let place = place.index(visible.len() + 1);
            let at = visible.get(place).copied().unwrap_or(field.value.len());
            field.value.splice(at..at, what.iter().copied());
        };
        put(&mut folded.fields[line], fold);
        put(&mut plain.fields[line], b" ");
    }
    let fields = plain.fields.into_iter().map(|field| (field.name, one_space(&field.value))).collect();
    (folded.bytes(), fields)
}

proptest! {
    /// RFC 9112, section 5.2: to unfold is to read the SP that are put in place of folds, to the byte.
    #[test]
    fn folds_are_read_as_the_sp_in_their_place(bytes in soup(), profile in profiles(), limits in limits()) {
        let folding = Profile { unfolds: true, ..profile };
        let plain = Profile { unfolds: false, ..profile };
        let outcome = read(&[&bytes], folding, limits);
        match read(&[&bytes], plain, limits) {
            Outcome::Error(error) if error.kind() == Kind::ObsFold => match outcome {
                Outcome::Head { consumed, .. } => {
                    let model = without_folds(&bytes[..consumed], profile.leniency.bare_lf);
                    prop_assert_eq!(outcome, read(&[&model], plain, limits));
                }
                Outcome::Error(unfolding) => {
                    prop_assert_ne!(unfolding.kind(), Kind::ObsFold);
                    // Behind the fault there are no folds.
                    let at = if unfolding.kind() == Kind::ValueTooLong { bytes.len() } else { unfolding.offset() };
                    let model = [&without_folds(&bytes[..at], profile.leniency.bare_lf), &bytes[at..]].concat();
                    let model = match read(&[&model], plain, limits) {
                        Outcome::Error(model) => model,
                        model => panic!("{model:?}"),
                    };
                    prop_assert_eq!((unfolding.kind(), unfolding.offset()), (model.kind(), model.offset()));
                    prop_assert_eq!(unfolding.field(), model.field());
                }
                Outcome::NeedMore => {}
            },
            same => prop_assert_eq!(outcome, same),
        }
    }

    #[test]
    fn random_folds_in_valid_responses(
        response in heads::responses(), folds in folds(), cuts in split::random_cuts(), bare_lf: bool,
    ) {
        let (bytes, fields) = folded(&response, &folds);
        let bytes = if bare_lf { lf_alone(&bytes) } else { bytes };
        let profile = if bare_lf { ALL } else { UNFOLDING };
        let expected = read(&[&bytes], profile, Limits::default());
        let Outcome::Head { head, consumed } = &expected else { panic!("{expected:?}") };
        prop_assert_eq!(*consumed, bytes.len());
        let found: Vec<_> =
            head.head.fields.iter().map(|(name, value)| (name.clone(), one_space(value))).collect();
        prop_assert_eq!(found, fields);
        let bytes = split::with_trailing(&bytes, b"\r\n x\n y");
        prop_assert_eq!(&read(&cuts.pieces(&bytes), profile, Limits::default()), &expected);
        prop_assert_eq!(&read(&split::bytewise(&bytes), profile, Limits::default()), &expected);
        if bytes != split::with_trailing(&response.bytes(), b"\r\n x\n y") && !bare_lf {
            let plain = read(&[&bytes], STRICT, Limits::default());
            let Outcome::Error(error) = plain else { panic!("{plain:?}") };
            prop_assert_eq!(error.kind(), Kind::ObsFold);
            prop_assert_eq!(Some(error.offset() - 1), folds_at(&bytes));
        }
    }
}

/// The first LF of a fold.
fn folds_at(bytes: &[u8]) -> Option<usize> {
    bytes.windows(2).position(|pair| matches!(pair, [b'\n', b' ' | b'\t']))
}

/// RFC 9112, section 5.2
#[test]
fn a_fold_becomes_sp() {
    for (line, value) in [
        (&b"a: b\r\n c\r\n"[..], "b   c"),
        (b"a: b\r\n\tc\r\n", "b   c"),
        (b"a: b \t\r\n \t c\r\n", "b       c"),
        (b"a: b\r\n c\r\n d\r\n\te\r\n", "b   c   d   e"),
        // What is no fold stays.
        (b"a: b\tc\r\n d\te\r\n", "b\tc   d\te"),
        // Nothing before it, nothing behind it, nothing at all.
        (b"a:\r\n b\r\n", "b"),
        (b"a: \t\r\n \tb\r\n", "b"),
        (b"a:\r\n \r\n\t\r\n b \r\n", "b"),
        (b"a: b\r\n \r\n", "b"),
        (b"a: b\r\n \r\n\t\r\n", "b"),
        (b"a: b\r\n \r\n\tc\r\n", "b      c"),
        (b"a:\r\n \r\n", ""),
        (b"a: \r\n\t\r\n \r\n", ""),
    ] {
        let folded = [b"x: y\r\n", line, b"z:\r\n\r\n"].concat();
        assert_eq!(
            fields(&folded, UNFOLDING),
            pairs(&[("x", "y"), ("a", value), ("z", "")]),
            "{}",
            line.escape_ascii()
        );
        // In front of the empty line, and with each line end a LF.
        let folded = [line, b"\r\n"].concat();
        assert_eq!(fields(&folded, UNFOLDING), pairs(&[("a", value)]), "{}", line.escape_ascii());
        assert_eq!(fields(&folded, ALL), pairs(&[("a", value)]), "{}", line.escape_ascii());
        let read = accepted(&[b"HTTP/1.1 200\n", &lf_alone(&folded)[..]].concat(), ALL);
        assert_eq!(one_space(&read.head.fields[0].1), one_space(value.as_bytes()));
        // A scan of what is there now finds the same.
        let head = accepted(&[b"HTTP/1.1 200\r\n", &folded[..]].concat(), UNFOLDING);
        assert_eq!(accepted(&head.bytes, STRICT), head);
    }
    assert_eq!(fields(b"a : b\n c\r\n\td\n\n", ALL), pairs(&[("a", "b  c   d")]));
    let read = accepted(b"HTTP/1.1 200\r\na: b\t\r\n\t \tc\t\r\n\r\n", UNFOLDING);
    assert_eq!(read.bytes, b"HTTP/1.1 200\r\na: b      c\t\r\n\r\n");
}

/// RFC 9112, section 2.2: white space before the first field line is refused, or whole lines are left out; it is never
/// a fold. Nor is it one where folds are not asked for.
#[test]
fn what_is_no_fold_stays_an_error() {
    for profile in [STRICT, UNFOLDING, ALL] {
        for bytes in [&b"HTTP/1.1 200 OK\r\n a: b\r\n\r\n"[..], b"HTTP/1.1 200 OK\r\n\t\r\n\r\n"] {
            assert_eq!(refused(bytes, profile), (Kind::SpaceBeforeFields, 17, Some(0)));
        }
    }
    let bytes = b"HTTP/1.1 200 OK\r\na: b\r\n\tc\r\n\r\n";
    for profile in [STRICT, BARE_LF, SPACE, Profile { unfolds: false, ..ALL }] {
        assert_eq!(refused(bytes, profile), (Kind::ObsFold, 23, Some(1)));
    }
    // And what is refused stays so.
    let mut scan = ResponseScan::new(Limits::default());
    let mut fields = FieldTable::<2>::new();
    let error = scan.scan(bytes, &mut fields).unwrap_err();
    let mut input = bytes.to_vec();
    assert_eq!(scan.scan_unfolding(&mut input, &mut fields).unwrap_err(), error);
    assert_eq!(input, bytes);
}

/// A fault in a folded line is one in the field line that it is a part of.
#[test]
fn faults_behind_a_fold() {
    for (bytes, fault) in [
        (&b"HTTP/1.1 200 OK\r\na: b\r\n \0\r\n\r\n"[..], (Kind::Value, 24, Some(0))),
        (b"HTTP/1.1 200 OK\r\na: b\r\n c\n\r\n", (Kind::BareLf, 25, Some(0))),
        (b"HTTP/1.1 200 OK\r\na: b\r\n \rc\r\n\r\n", (Kind::BareCr, 24, Some(0))),
        (b"HTTP/1.1 200 OK\r\na: b\r\n c\r\nd\r\n\r\n", (Kind::MissingColon, 28, Some(1))),
        (b"HTTP/1.1 200 OK\r\na: b\r\n c\r\n\rd", (Kind::BareCr, 27, None)),
    ] {
        assert_eq!(refused(bytes, UNFOLDING), fault, "{}", bytes.escape_ascii());
    }
}

/// A response is framed by its values as they are without folds.
#[test]
fn folded_fields_that_frame_a_response() {
    let framing = |lines: &[u8]| {
        accepted(&[b"HTTP/1.1 200 OK\r\n", lines, b"\r\n"].concat(), UNFOLDING)
            .framing
            .map_err(|error| (error.kind(), error.offset()))
    };
    assert_eq!(framing(b"Transfer-Encoding:\r\n chunked\r\n"), Ok(Framing::Chunked));
    assert_eq!(framing(b"Transfer-Encoding: chunked\r\n \r\n"), Ok(Framing::Chunked));
    assert_eq!(framing(b"Content-Length: 1\r\n\t\r\n"), Ok(Framing::Length(1)));
    // Not 12, and not chunked.
    let fault = |kind, offset| Err((Kind::Framing(kind), offset));
    assert_eq!(framing(b"Content-Length: 1\r\n 2\r\n"), fault(FramingErrorKind::ContentLength, 34));
    assert_eq!(framing(b"Transfer-Encoding: chun\r\n ked\r\n"), fault(FramingErrorKind::TransferEncoding, 43));
    // In a value, what looks like a field is none.
    assert_eq!(framing(b"a:\r\n Content-Length: 1\r\n"), Ok(Framing::UntilClose));
}

#[test]
fn limits_hold_across_folds() {
    let defaults = Limits::default();
    let head = |lines: &str| format!("HTTP/1.1 200 OK\r\n{lines}\r\n\r\n").into_bytes();
    let reads = |bytes: &[u8], limits| matches!(read_everyhow(bytes, ALL, limits), Outcome::Head { .. });
    // From the colon to the end of the line, all of the fold included.
    for line in ["a: bc\r\n de", "a:\r\n bcdef", "a:\r\n \r\n ", "a:b\r\n     ", "a \t:b\r\n    c"] {
        let bytes = head(line);
        let colon = bytes.iter().position(|byte| *byte == b':').unwrap() + 1;
        let value = bytes.len() - 4 - colon;
        assert!(reads(&bytes, Limits { value, ..defaults }), "{line:?}");
        for value in 0..value {
            let fault = (Kind::ValueTooLong, colon + value, Some(0));
            assert_eq!(refused_within(&bytes, ALL, Limits { value, ..defaults }), fault, "{line:?}");
        }
        for end in 17..bytes.len() {
            let fault = (Kind::HeadTooLong, end, None);
            assert_eq!(refused_within(&bytes, ALL, Limits { head: end, ..defaults }), fault, "{line:?}");
        }
        assert!(reads(&bytes, Limits { head: bytes.len(), ..defaults }), "{line:?}");
    }
    // A folded line is one.
    let bytes = head("a: b\r\n c\r\nd: e\r\n\tf\r\n g");
    assert!(reads(&bytes, Limits { fields: 2, ..defaults }));
    assert_eq!(refused_within(&bytes, ALL, Limits { fields: 1, ..defaults }), (Kind::TooManyFields, 27, Some(1)));
    // A name with the white space behind it.
    for name in ["abc", "ab ", "a\t "] {
        let bytes = head(&format!("{name}: b"));
        assert!(reads(&bytes, Limits { name: 3, ..defaults }), "{name:?}");
        assert_eq!(refused_within(&bytes, ALL, Limits { name: 2, ..defaults }), (Kind::NameTooLong, 19, Some(0)));
        let bytes = head(&format!("{name} : b"));
        assert_eq!(refused_within(&bytes, ALL, Limits { name: 3, ..defaults }), (Kind::NameTooLong, 20, Some(0)));
    }
    // A status line with its LF.
    let bytes = b"HTTP/1.1 200 OK\n\n";
    assert!(reads(bytes, Limits { start_line: 16, ..defaults }));
    assert_eq!(refused_within(bytes, ALL, Limits { start_line: 15, ..defaults }), (Kind::StartLineTooLong, 15, None));
}

/// However a head arrives and whatever store there is; one that lost its spans costs a second look.
#[test]
fn stores_of_all_kinds_and_ones_that_lost_their_spans() {
    let head = b"HTTP/1.1 200 OK\r\na: b\r\n\tc\r\nd:\r\n \t\r\n e\r\nf: g\r\nh: i \r\n\t j\r\n\r\nbody\r\n x";
    let expected = read(&[head], UNFOLDING, Limits::default());
    let Outcome::Head { head: Read { head: found, .. }, .. } = &expected else { panic!("{expected:?}") };
    let values: Vec<_> = found.fields.iter().map(|(_, value)| one_space(value)).collect();
    assert_eq!(values, [&b"b c"[..], b"e", b"g", b"i j"]);
    split::for_every_split(head, |pieces| {
        let slots = &mut [FieldSpan::default(); 4];
        assert_eq!(read_into(pieces, UNFOLDING, Limits::default(), &mut FieldSlots::new(slots)), expected);
        assert_eq!(read_into(pieces, UNFOLDING, Limits::default(), &mut Vec::new()), expected);
        assert_eq!(read_into(pieces, UNFOLDING, Limits::default(), &mut FieldTable::<0>::new()), expected);
        assert_eq!(read_into(pieces, UNFOLDING, Limits::default(), &mut FieldTable::<8>::new()), expected);

        // The second kind has no spare places, so that all lines are read by the states.
        for has_spare in [true, false] {
            let mut scan = ResponseScan::new(Limits::default());
            let (mut input, mut last) = (Vec::new(), None);
            for piece in pieces {
                input.extend_from_slice(piece);
                last = Some(match has_spare {
                    true => step(&mut scan, UNFOLDING, &mut input, &mut FieldTable::<4>::new()).unwrap(),
                    false => step(&mut scan, UNFOLDING, &mut input, &mut Vec::new()).unwrap(),
                });
            }
            let Some(Step::Done { value, consumed }) = last else { panic!("{last:?}") };
            assert_eq!(Outcome::Head { head: value, consumed }, expected);
        }
    });
}

#[test]
fn stores_give_back_their_last_span() {
    fn check(store: &mut impl FieldStore) {
        let Outcome::Head { head, .. } =
            read_into(&[b"HTTP/1.1 200 OK\r\na:\r\nb:\r\nc:\r\n\r\n"], STRICT, Limits::default(), store)
        else {
            panic!("valid")
        };
        for _ in 0..2 {
            for count in (0..3).rev() {
                assert_eq!(store.pop(), Some(head.spans[count]));
                assert_eq!(store.spans(), &head.spans[..count]);
            }
            assert_eq!(store.pop(), None);
            for span in &head.spans {
                store.push(*span).unwrap();
            }
            assert_eq!(store.spans(), head.spans);
        }
    }
    check(&mut FieldTable::<0>::new());
    check(&mut FieldTable::<1>::new());
    check(&mut FieldTable::<2>::new());
    check(&mut FieldTable::<3>::new());
    check(&mut Vec::new());
    check(&mut FieldSlots::new(&mut [FieldSpan::default(); 3]));
}

/// A store that says what it was told to.
struct Liar(Vec<FieldSpan>);

impl FieldStore for Liar {
    fn clear(&mut self) {}

    fn push(&mut self, _: FieldSpan) -> Result<(), StoreFull> {
        Ok(())
    }

    fn pop(&mut self) -> Option<FieldSpan> {
        None
    }

    fn spans(&self) -> &[FieldSpan] {
        &self.0
    }
}

/// Not even a broken store, or an input that is not what it was, keeps a scan from an end.
#[test]
fn broken_stores_and_other_inputs_come_to_an_end() {
    let head = b"HTTP/1.1 200 OK\r\na: b\r\n c\r\n d\r\ne: f\r\n g\r\n\r\n";
    for count in 0..4 {
        let mut input = head.to_vec();
        let mut store = Liar(vec![FieldSpan::default(); count]);
        let _ = ResponseScan::new(Limits::default()).scan_unfolding(&mut input, &mut store);
        assert_eq!(input, without_folds(head, false));
    }
    // The folds are back, and the spans are gone.
    for cut in 0..head.len() {
        let mut scan = ResponseScan::new(Limits::default());
        assert!(matches!(
            scan.scan_unfolding(&mut head[..cut].to_vec(), &mut FieldTable::<2>::new()),
            Ok(Step::NeedMore { .. })
        ));
        let _ = scan.scan_unfolding(&mut head.to_vec(), &mut FieldTable::<2>::new());
    }
}

/// A line that is folded again and again is not looked at again and again.
#[test]
fn many_folds() {
    let limits = Limits { head: usize::MAX, value: usize::MAX, ..Limits::default() };
    let folds = 60_000;
    let head = [&b"HTTP/1.1 200 OK\r\na: b"[..], &b"\r\n ".repeat(folds), b"c\r\n\r\n"].concat();
    let whole = read(&[&head], UNFOLDING, limits);
    let Outcome::Head { head: found, .. } = &whole else { panic!("{whole:?}") };
    assert_eq!(found.spans[0].value(), 20..20 + 1 + 3 * folds + 1);
    assert_eq!(read(&split::chunks(&head, 7_919), UNFOLDING, limits), whole);
    // With nothing in it, too.
    let head = [&b"HTTP/1.1 200 OK\r\na:"[..], &b"\r\n ".repeat(folds), b"\r\n\r\n"].concat();
    let whole = read(&[&head], UNFOLDING, limits);
    let Outcome::Head { head: found, .. } = &whole else { panic!("{whole:?}") };
    assert!(found.spans[0].value().is_empty());
}

/// A head that was found is no longer there in a shorter input, and is again in the whole one.
#[test]
fn an_input_shorter_than_the_head_lacks_the_rest() {
    let mut input = b"HTTP/1.1 200 OK\r\na: b\r\n c\r\n\r\n".to_vec();
    let (mut scan, mut fields) = (ResponseScan::new(Limits::default()), FieldTable::<2>::new());
    let done = step(&mut scan, UNFOLDING, &mut input, &mut fields);
    assert!(matches!(done, Ok(Step::Done { consumed: 29, .. })));
    for len in 0..29 {
        let short = step(&mut scan, UNFOLDING, &mut input[..len], &mut fields);
        assert_eq!(short, Ok(Step::NeedMore { at_least: 29 - len }));
    }
    assert_eq!(step(&mut scan, UNFOLDING, &mut input, &mut fields), done);
}
