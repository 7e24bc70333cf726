//! Heads that nobody here wrote: the test data of other implementations and the examples of the standards, in
//! `external/`. Each is read by every backend whole, byte by byte, cut at every place, and with other bytes behind it.
//! Where this crate and the source differ, `external/disagreements.txt` names the section that decides, and
//! `external/faults.txt` the section that is against this crate. A difference that is in neither is a failure, and so is
//! a line that is no longer true.

mod corpus;

use std::collections::{BTreeMap, HashSet};

use corpus::{Case, Kind, Names, Verdict, cases};
use switchover_header::{FieldTable, Framing, HeadErrorKind, Leniency, Limits, ResponseScan, Step, Version};

use crate::common::{Outcome, Request, Response, request_with, response_with};

/// Fewer external cases than this are a failure: some were lost.
const LEAST: usize = 1_200;

const DISAGREEMENTS: &str = include_str!("external/disagreements.txt");
const FAULTS: &str = include_str!("external/faults.txt");

#[test]
fn external_heads_get_the_verdict_of_their_source_or_of_the_standard() {
    let cases = cases("heads");
    let distinct: HashSet<_> = cases.iter().map(|case| (case.kind as u8, &case.bytes, &case.asked)).collect();
    assert_eq!(distinct.len(), cases.len(), "cases that are the same bytes");
    let names: HashSet<_> = cases.iter().map(|case| &case.name).collect();
    assert_eq!(names.len(), cases.len(), "cases of the same name");

    let mut listed = listed();
    let mut unexplained = Vec::new();
    let mut by_source = BTreeMap::<_, (usize, usize)>::new();
    let (mut explained, mut faults) = (0, 0);
    for case in &cases {
        let difference = difference(case);
        let (run, agree) = by_source.entry(case.name.split('/').next().unwrap()).or_default();
        *run += 1;
        *agree += usize::from(difference.is_none());
        match (difference, listed.remove(&*case.name)) {
            (None, None) => {}
            (Some(ours), Some((listed, why))) if ours == listed => match why {
                Why::Explained => explained += 1,
                Why::Fault => faults += 1,
            },
            (ours, listed) => unexplained.push(format!(
                "{} | {} | {:?} by its source, {}",
                case.name,
                ours.as_deref().unwrap_or("agrees"),
                case.verdict,
                listed.map_or("not listed".to_owned(), |(listed, _)| format!("listed as {listed}")),
            )),
        }
    }
    for (source, (run, agree)) in &by_source {
        println!("{source}: {run} run, {agree} agree");
    }
    println!(
        "external cases: {} run, {} agree, {explained} explained disagreements, {faults} faults, {} unexplained",
        cases.len(),
        by_source.values().map(|(_, agree)| agree).sum::<usize>(),
        unexplained.len(),
    );
    assert!(unexplained.is_empty(), "unexplained:\n{}", unexplained.join("\n"));
    assert!(listed.is_empty(), "no such case: {:?}", listed.keys());
    assert!(cases.len() >= LEAST, "only {} cases", cases.len());
}

/// What a source accepts of a response and this crate by default does not, for a LF alone or for a fold, leniency
/// accepts, and finds in it what the source says. (RFC 9112, sections 2.2 and 5.2)
#[test]
fn leniency_reads_responses_as_their_sources_do() {
    let leniency = Leniency { bare_lf: true, space_before_colon: true };
    let listed = listed();
    let mut read = 0;
    for case in cases("heads").iter().filter(|case| case.kind == Kind::Response && case.verdict == Verdict::Accept) {
        let Some(("BareLf" | "ObsFold", _)) = listed.get(&*case.name) else { continue };
        let _named = NameOnPanic(&case.name);
        let mut bytes = case.bytes.clone();
        let mut fields = FieldTable::<8>::new();
        let mut scan = ResponseScan::new(Limits::default()).with_leniency(leniency);
        let Ok(Step::Done { value: head, consumed }) = scan.scan_unfolding(&mut bytes, &mut fields) else {
            panic!("refused")
        };
        let mut found = Found::response(head.into(), consumed, head.framing(&case.asked).unwrap());
        for (_, value) in &mut found.fields {
            *value = one_space(value);
        }
        let mut said = case.clone();
        said.fields = case.fields.as_deref().map(unfolded);
        assert_eq!(found.difference(&said, 0), None);
        read += 1;
    }
    assert_eq!(read, 8);
}

/// One source gives a folded line as one more field, without a name.
fn unfolded(fields: &[(String, Vec<u8>)]) -> Vec<(String, Vec<u8>)> {
    let mut unfolded = Vec::<(String, Vec<u8>)>::new();
    for (name, value) in fields {
        match unfolded.last_mut() {
            Some((_, last)) if name.is_empty() => *last = one_space(&[last, &b" "[..], value].concat()),
            _ => unfolded.push((name.clone(), one_space(value))),
        }
    }
    unfolded
}

/// One or more SP stand for a fold: as many as they may be, one to compare.
fn one_space(value: &[u8]) -> Vec<u8> {
    let words = value.split(|byte| b" \t".contains(byte)).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(&b' ')
}

/// Bodies in the chunked coding wait in `external/chunked/`; here they are only kept readable.
#[test]
fn chunked_cases_are_readable() {
    let cases = cases("chunked");
    let distinct: HashSet<_> = cases.iter().map(|case| &case.bytes).collect();
    assert_eq!(distinct.len(), cases.len());
    assert!(cases.iter().all(|case| case.kind == Kind::Chunked && !case.bytes.is_empty()));
}

/// Whom the standard agrees with where this crate and the source of a case do not.
#[derive(Clone, Copy)]
enum Why {
    /// This crate, or either of them.
    Explained,
    /// The source.
    Fault,
}

/// The lines `CASE | OURS | SECTION | REASON` of both files, by case: what this crate says of it.
fn listed() -> BTreeMap<&'static str, (&'static str, Why)> {
    let mut listed = BTreeMap::new();
    for (text, why) in [(DISAGREEMENTS, Why::Explained), (FAULTS, Why::Fault)] {
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let [case, ours, section, reason] = line.split(" | ").collect::<Vec<_>>()[..] else { panic!("{line}") };
            assert!(section.starts_with("RFC ") && !reason.is_empty(), "{line}");
            assert!(listed.insert(case, (ours, why)).is_none(), "twice: {case}");
        }
    }
    listed
}

/// Where this crate and the source part: the kind of our error, `accepted`, `incomplete`, or what
/// was found otherwise in a head that both accept.
fn difference(case: &Case) -> Option<String> {
    let _named = NameOnPanic(&case.name);
    let (verdict, found) = ours(case, &case.bytes);
    match (verdict, case.verdict) {
        (Ok(()), Verdict::Accept) => found.unwrap().difference(case, 0),
        (Ok(()), _) => Some("accepted".to_owned()),
        (Err(None), Verdict::Partial) => None,
        (Err(None), _) => Some("incomplete".to_owned()),
        // Host is looked for last: a head that lacks nothing else is not refused for its source's reason.
        (Err(Some(HeadErrorKind::MissingHost)), Verdict::Reject) => {
            (!case.note.to_lowercase().contains("host")).then(|| "accepted with a Host".to_owned())
        }
        (Err(Some(_)), Verdict::Reject) => None,
        // And of a head that its source accepts, all the rest can still be compared.
        (Err(Some(HeadErrorKind::MissingHost)), Verdict::Accept) => {
            Some(match with_host(case).difference(case, HOST.len()) {
                None => "MissingHost".to_owned(),
                Some(other) => format!("MissingHost, {other}"),
            })
        }
        (Err(Some(kind)), _) => Some(format!("{kind:?}")),
    }
}

const HOST: &[u8] = b"Host: a\r\n";

/// What is found in a request that lacks nothing but its Host, with one behind its field lines.
fn with_host(case: &Case) -> Found {
    let lines = case.bytes.strip_suffix(b"\r\n").unwrap();
    let (verdict, found) = ours(case, &[lines, HOST, b"\r\n"].concat());
    assert_eq!(verdict, Ok(()));
    let mut found = found.unwrap();
    assert_eq!(found.fields.pop(), Some(("Host".to_owned(), b"a".to_vec())));
    found
}

/// The error, `None` where it is incomplete; and what is found.
type Ours = (Result<(), Option<HeadErrorKind>>, Option<Found>);

fn ours(case: &Case, bytes: &[u8]) -> Ours {
    match case.kind {
        Kind::Request => match request_with(bytes, Limits::default()) {
            Outcome::Head { head, consumed } => (Ok(()), Some(Found::request(head, consumed))),
            Outcome::Error(error) => (Err(Some(error.kind())), None),
            Outcome::NeedMore => (Err(None), None),
        },
        Kind::Response => match response_with(bytes, Limits::default()) {
            Outcome::Head { head, consumed } => match framing(bytes, &case.asked) {
                Ok(framing) => (Ok(()), Some(Found::response(head, consumed, framing))),
                Err(kind) => (Err(Some(kind)), None),
            },
            Outcome::Error(error) => (Err(Some(error.kind())), None),
            Outcome::NeedMore => (Err(None), None),
        },
        Kind::Chunked => panic!("a body among the heads"),
    }
}

/// The framing of a response that answers `asked`: a part of the verdict on its head.
fn framing(bytes: &[u8], asked: &str) -> Result<Framing, HeadErrorKind> {
    let mut fields = FieldTable::<8>::new();
    match ResponseScan::new(Limits::default()).scan(bytes, &mut fields) {
        Ok(Step::Done { value: head, .. }) => head.framing(asked).map_err(|error| error.kind()),
        other => panic!("accepted before: {other:?}"),
    }
}

/// What is found in a head, as far as a source may speak of it.
struct Found {
    texts: Vec<(&'static str, Vec<u8>)>,
    version: Version,
    framing: Framing,
    fields: Vec<(String, Vec<u8>)>,
    consumed: usize,
}

impl Found {
    fn request(head: Request, consumed: usize) -> Self {
        let Request { method, target, version, fields, framing, .. } = head;
        let texts = vec![("method", method.into_bytes()), ("target", target.into_bytes())];
        Self { texts, version, framing, fields, consumed }
    }

    fn response(head: Response, consumed: usize, framing: Framing) -> Self {
        let Response { status, reason, version, fields } = head;
        let texts = vec![("status", status.to_string().into_bytes()), ("reason", reason)];
        Self { texts, version, framing, fields, consumed }
    }

    /// The first word of the source's that this is not. `added` bytes are not the source's.
    fn difference(&self, case: &Case, added: usize) -> Option<String> {
        let same = |(word, said): &&(String, Vec<u8>)| match &**word {
            "version" => (&**said == b"1.0") == (self.version == Version::Http10) && said.starts_with(b"1."),
            "consumed" => *said == (self.consumed - added).to_string().into_bytes(),
            "framing" => match &**said {
                b"empty" => matches!(self.framing, Framing::None | Framing::Length(0)),
                b"chunked" => self.framing == Framing::Chunked,
                b"close" => self.framing == Framing::UntilClose,
                said => {
                    matches!(self.framing, Framing::Length(length) if said == format!("length {length}").as_bytes())
                }
            },
            word => self.texts.iter().any(|(own, found)| *own == word && found == said),
        };
        if let Some((word, _)) = case.found.iter().find(|said| !same(said)) {
            return Some(word.clone());
        }
        let fields = case.fields.as_ref()?;
        let same_name = |ours: &str, theirs: &str| match case.names {
            Names::Exact => ours == theirs,
            Names::AnyCase => ours.eq_ignore_ascii_case(theirs),
        };
        let same = self.fields.len() == fields.len()
            && self.fields.iter().zip(fields).all(|(ours, theirs)| same_name(&ours.0, &theirs.0) && ours.1 == theirs.1);
        (!same).then(|| "fields".to_owned())
    }
}

struct NameOnPanic<'a>(&'a str);

impl Drop for NameOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the case was {}", self.0);
        }
    }
}
