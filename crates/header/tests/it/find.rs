//! Several fields looked for at once: the same as one after the other, by every view.

use proptest::prelude::*;
use switchover_header::{FieldTable, FieldsView, Found, Limits, Names, RequestScan, ResponseScan, Step};

/// Names of which some have their length, some their first byte, and some both in common.
const POOL: [&str; 10] = [
    "Host",
    "Origin",
    "Cookie",
    "Sec-Fetch-Mode",
    "Sec-Fetch-Site",
    "Sec-Fetch-Dest",
    "Sec-WebSocket-Key",
    "X",
    "~",
    "X-A-Name-That-Is-Longer-Than-Any-Other-By-The-Sixty-Four-Bytes-Of-All-Classes",
];

const NAMES: Names<8> = Names::new([POOL[1], POOL[3], POOL[4], POOL[5], POOL[6], POOL[7], POOL[8], POOL[9]]);
const ONE: Names<1> = Names::new([POOL[2]]);
const NONE: Names<0> = Names::new([]);

/// What one look-up for each name says.
fn plain<'v, const N: usize>(view: &'v impl FieldsView, names: &'v Names<N>) -> Vec<Found<'v>> {
    (0..N)
        .map(|number| {
            let values = view.values(names.get(number).unwrap()).collect::<Vec<_>>();
            match values[..] {
                [] => Found::Missing,
                [value] => Found::Once(value),
                _ => Found::Repeated,
            }
        })
        .collect()
}

fn check<const N: usize>(view: &impl FieldsView, names: &Names<N>) {
    let found = view.find(names);
    assert_eq!((0..N).map(&found).collect::<Vec<_>>(), plain(view, names));
    assert_eq!((found(N), found(usize::MAX)), (Found::Missing, Found::Missing));
    let found = FieldsView::find(&view, names);
    assert_eq!((0..N).map(found).collect::<Vec<_>>(), plain(view, names));
}

fn check_all(view: &impl FieldsView) {
    check(view, &NAMES);
    check(view, &ONE);
    check(view, &NONE);
}

/// A view that has no way of its own to look for several.
struct Plain<V>(V);

impl<V: FieldsView> FieldsView for Plain<V> {
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + Clone + 'a {
        self.0.values(name)
    }

    fn lines(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.lines()
    }
}

/// A name of the pool in any case, or with another byte in one place.
fn name() -> impl Strategy<Value = String> {
    let case = (proptest::sample::select(&POOL[1..]), any::<u128>()).prop_map(|(name, upper)| {
        let change = |(place, letter): (usize, char)| match upper >> (place % 128) & 1 {
            0 => letter.to_ascii_lowercase(),
            _ => letter.to_ascii_uppercase(),
        };
        name.char_indices().map(change).collect::<String>()
    });
    let spelled = proptest::sample::select(&POOL[1..]).prop_map(str::to_owned);
    let other = (case.clone(), any::<proptest::sample::Index>()).prop_map(|(name, place)| {
        let place = place.index(name.len());
        name[..place].to_owned() + "z" + &name[place + 1..]
    });
    prop_oneof![3 => spelled, 3 => case, 1 => other]
}

proptest! {
    #[test]
    fn at_once_is_as_one_by_one(lines in prop::collection::vec((name(), "[a-z]{0,3}"), 0..24)) {
        let lines: String = lines.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let mut fields = FieldTable::<16>::new();

        let request = format!("GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n");
        let mut scan = RequestScan::new(Limits::default());
        let Ok(Step::Done { value: head, .. }) = scan.scan(request.as_bytes(), &mut fields) else { panic!("{request}") };
        check_all(&head);
        check_all(&Plain(head));
        #[cfg(feature = "http")]
        check_all(&head.to_http(&request.clone().into(), http::HeaderMap::new()).unwrap());

        let response = format!("HTTP/1.1 200 \r\n{lines}\r\n");
        let mut scan = ResponseScan::new(Limits::default());
        let Ok(Step::Done { value: head, .. }) = scan.scan(response.as_bytes(), &mut fields) else { panic!("{response}") };
        check_all(&head);
    }
}
