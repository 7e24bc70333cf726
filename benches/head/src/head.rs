//! Tokenizing one whole head: the same again and again, and always another one.

use crate::{
    Group, Lane, OURS,
    corpus::{self, Kind},
    picohttpparser,
};
use std::{hint::black_box, iter::repeat_n, mem::MaybeUninit, rc::Rc};
use switchover_header::{Backend, FieldTable, Limits, RequestScan, ResponseScan, Step};

/// Room for field lines, the same for all parsers.
pub const SLOTS: usize = 32;

/// All heads, by our scans and by the peers, in three states of the branch predictor:
///
/// * warm: the same head again and again, of which it knows every branch;
/// * mixed: several hundred heads, in another order each time;
/// * cold: the same in small runs, with something else in between.
pub fn groups() -> impl Iterator<Item = Group> {
    groups_with(vec![(OURS, None)])
}

/// The same with a lane of ours for each backend that the processor has.
pub fn groups_by_backend() -> impl Iterator<Item = Group> {
    groups_with(Backend::available().map(|backend| (lane_of(backend), Some(backend))).collect())
}

fn lane_of(backend: Backend) -> &'static str {
    format!("{OURS}, {}", backend.name()).leak()
}

fn groups_with(backends: Vec<(&'static str, Option<Backend>)>) -> impl Iterator<Item = Group> {
    Kind::ALL.into_iter().flat_map(move |kind| {
        let one = kind.example().as_bytes();
        let heads = corpus::heads(kind, kind.count());
        let average = heads.iter().map(|head| head.len()).sum::<usize>() / heads.len();
        let warm = Visits { heads: repeat_n(one, RUN).collect(), at: 0, run: RUN };
        let mixed = Visits { heads: corpus::shuffles(&heads, RUN).into(), at: 0, run: RUN };
        let cold = Visits { run: COLD_RUN, ..mixed.clone() };
        let name = |state, len| format!("head, {kind}, {len} B, {state}");
        [
            Group::new(name("warm", one.len()), RUN as u64, lanes(kind, &warm, &backends)),
            Group::new(name("mixed", average), RUN as u64, lanes(kind, &mixed, &backends)),
            Group { cold: true, ..Group::new(name("cold", average), COLD_RUN as u64, lanes(kind, &cold, &backends)) },
        ]
    })
}

/// Heads that a run reads.
const RUN: usize = 100;

/// The same of a run behind which the predictor forgets. The clock costs a run some 25 ns.
const COLD_RUN: usize = 10;

/// Heads in the order in which they are read, over and over.
#[derive(Clone)]
struct Visits {
    heads: Rc<[&'static [u8]]>,
    at: usize,
    /// `heads` holds a multiple of this many.
    run: usize,
}

impl Visits {
    /// The heads of the next run.
    fn next_run(&mut self) -> &[&'static [u8]] {
        let start = self.at;
        let end = start + self.run;
        self.at = if end == self.heads.len() { 0 } else { end };
        &self.heads[start..end]
    }
}

fn lanes(kind: Kind, visits: &Visits, backends: &[(&'static str, Option<Backend>)]) -> Vec<Lane> {
    let ours = backends.iter().map(|(name, backend)| match kind {
        Kind::Answer => lane(name, visits, response(*backend)),
        _ => lane(name, visits, request(*backend)),
    });
    let peers = match kind {
        Kind::Answer => {
            [lane("httparse", visits, httparse_response), lane("picohttpparser", visits, picohttpparser::response)]
        }
        _ => [lane("httparse", visits, httparse_request), lane("picohttpparser", visits, picohttpparser::request)],
    };
    ours.chain(peers).collect()
}

/// A library that reads one head after another: `parse` gives its length, or nothing if it is none.
fn lane(
    library: &'static str,
    visits: &Visits,
    mut parse: impl FnMut(&'static [u8]) -> Option<usize> + 'static,
) -> Lane {
    let mut visits = visits.clone();
    Lane::new(library, move || {
        let mut seen = 0;
        for head in visits.next_run() {
            let Some(consumed) = parse(black_box(head)) else { unreachable!("it is a head") };
            seen += consumed as u64;
        }
        seen
    })
}

/// Ours, as a server does it: the table is used again. A backend that is given costs the copy of a scan.
fn request(backend: Option<Backend>) -> Box<dyn FnMut(&'static [u8]) -> Option<usize>> {
    fn parse(scan: &mut RequestScan, head: &[u8], fields: &mut FieldTable<SLOTS>) -> Option<usize> {
        let Ok(Step::Done { value, consumed }) = scan.scan(head, fields) else { return None };
        black_box((value.method(), value.target(), value.spans()));
        Some(consumed)
    }

    let mut fields = FieldTable::new();
    match backend {
        None => Box::new(move |head| parse(&mut RequestScan::new(Limits::default()), head, &mut fields)),
        Some(backend) => Box::new(move |head| {
            parse(&mut RequestScan::new(Limits::default()).with_backend(backend), head, &mut fields)
        }),
    }
}

fn response(backend: Option<Backend>) -> Box<dyn FnMut(&'static [u8]) -> Option<usize>> {
    fn parse(scan: &mut ResponseScan, head: &[u8], fields: &mut FieldTable<SLOTS>) -> Option<usize> {
        let Ok(Step::Done { value, consumed }) = scan.scan(head, fields) else { return None };
        black_box((value.status(), value.reason(), value.spans()));
        Some(consumed)
    }

    let mut fields = FieldTable::new();
    match backend {
        None => Box::new(move |head| parse(&mut ResponseScan::new(Limits::default()), head, &mut fields)),
        Some(backend) => Box::new(move |head| {
            parse(&mut ResponseScan::new(Limits::default()).with_backend(backend), head, &mut fields)
        }),
    }
}

fn httparse_request(head: &[u8]) -> Option<usize> {
    let mut headers = [const { MaybeUninit::uninit() }; SLOTS];
    let mut request = httparse::Request::new(&mut []);
    let Ok(httparse::Status::Complete(consumed)) = request.parse_with_uninit_headers(head, &mut headers) else {
        return None;
    };
    black_box((request.method, request.path, request.headers));
    Some(consumed)
}

fn httparse_response(head: &[u8]) -> Option<usize> {
    let mut headers = [const { MaybeUninit::uninit() }; SLOTS];
    let mut response = httparse::Response::new(&mut []);
    let config = httparse::ParserConfig::default();
    let Ok(httparse::Status::Complete(consumed)) =
        config.parse_response_with_uninit_headers(&mut response, head, &mut headers)
    else {
        return None;
    };
    black_box((response.code, response.reason, response.headers));
    Some(consumed)
}
