//! The data files: what another implementation, or a standard's text, says of some bytes.
//!
//! A file begins with a line `names exact`, or `names any-case` where its source does not keep the
//! case of field names. A case is the line `case NAME`, its kind, its bytes in lines behind `| `
//! which are joined with nothing between, the verdict (`accept`, `reject` or `partial`: incomplete),
//! and then as much as the source says of what is found. `\r`, `\n`, `\t`, `\\` and `\xHH` are
//! escapes everywhere.
//!
//! `consumed` is the length of a head, or of a body with its trailers.

use std::{fs, path::Path};

/// One case.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) bytes: Vec<u8>,
    pub(crate) verdict: Verdict,
    /// Why the source refuses it, in its own words; often empty.
    pub(crate) note: String,
    /// The method that a response answers.
    pub(crate) asked: String,
    /// What else is said: a word, and what stands behind it. Fields are apart.
    pub(crate) found: Vec<(String, Vec<u8>)>,
    pub(crate) fields: Option<Vec<(String, Vec<u8>)>>,
    pub(crate) names: Names,
    /// How many fields there are to be.
    count: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Request,
    Response,
    /// A body in the chunked coding, from its first byte.
    Chunked,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Accept,
    Reject,
    Partial,
}

/// Whether a source gives field names as they were sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    Exact,
    AnyCase,
}

/// All cases in the files of a folder beside this file, by name of file.
pub(crate) fn cases(folder: &str) -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/external").join(folder);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().flat_map(|path| parse(&fs::read_to_string(path).unwrap())).collect()
}

fn parse(text: &str) -> Vec<Case> {
    let mut names = None;
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match (word, cases.last_mut()) {
            ("names", None) => {
                names = Some(if rest == "any-case" { Names::AnyCase } else { Names::Exact });
            }
            ("case", _) => cases.push(Case {
                name: rest.to_owned(),
                kind: Kind::Request,
                bytes: Vec::new(),
                verdict: Verdict::Partial,
                note: String::new(),
                asked: "GET".to_owned(),
                found: Vec::new(),
                fields: None,
                names: names.expect("names are said first"),
                count: 0,
            }),
            (_, Some(case)) => case.read(word, rest),
            _ => panic!("{line}"),
        }
    }
    for case in &cases {
        assert_eq!(case.fields.as_ref().map_or(0, Vec::len), case.count, "fields of {}", case.name);
    }
    cases
}

impl Case {
    fn read(&mut self, word: &str, rest: &str) {
        match word {
            "request" => self.kind = Kind::Request,
            "response" => self.kind = Kind::Response,
            "chunked" => self.kind = Kind::Chunked,
            "|" => self.bytes.extend(unescaped(rest)),
            "accept" => self.verdict = Verdict::Accept,
            "reject" => self.verdict = Verdict::Reject,
            "partial" => self.verdict = Verdict::Partial,
            "asked" => rest.clone_into(&mut self.asked),
            "note" => rest.clone_into(&mut self.note),
            "fields" => {
                self.count = rest.parse().unwrap();
                self.fields = Some(Vec::new());
            }
            "field" => {
                let (name, value) = rest.split_once(':').unwrap();
                let line = (name.to_owned(), unescaped(value.strip_prefix(' ').unwrap_or(value)));
                self.fields.as_mut().unwrap().push(line);
            }
            "method" | "target" | "status" | "reason" | "version" | "framing" | "consumed" | "body" => {
                self.found.push((word.to_owned(), unescaped(rest)));
            }
            _ => panic!("{}: {word}", self.name),
        }
    }
}

fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        bytes.push(match rest.next().unwrap() {
            b'r' => b'\r',
            b'n' => b'\n',
            b't' => b'\t',
            b'\\' => b'\\',
            b'x' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            other => panic!("{text}: {other}"),
        });
    }
    bytes
}
