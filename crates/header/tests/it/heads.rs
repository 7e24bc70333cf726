//! Random heads, valid and broken at one place, from the test kit's own idea of the grammar.

use proptest::prelude::*;
use switchover_header::{Framing, HeadError, HeadErrorKind, Limits, RequestScan, Status, Step, Version, write};
use switchover_testkit::{
    heads::{self, Body, BrokenHead, FieldLine},
    split,
};

use crate::common::{Outcome, Request, Response, TRAILING, scan_request, scan_response};

fn found(fields: &[FieldLine]) -> Vec<(String, Vec<u8>)> {
    fields.iter().map(|field| (field.name.clone(), field.value.clone())).collect()
}

fn version(minor: u8) -> Version {
    if minor == 0 { Version::Http10 } else { Version::Http11 }
}

fn pieces_with_trailing(bytes: &[u8]) -> Vec<u8> {
    split::with_trailing(bytes, TRAILING)
}

fn assert_verdict(head: &BrokenHead, error: &HeadError) -> Result<(), TestCaseError> {
    let kind = match error.kind() {
        HeadErrorKind::Framing(kind) => format!("{kind:?}"),
        kind => format!("{kind:?}"),
    };
    prop_assert_eq!((kind, error.offset()), (head.fault.to_string(), head.offset), "{}", head.bytes.escape_ascii());
    Ok(())
}

proptest! {
    #[test]
    fn valid_requests_are_read(request in heads::requests(), cuts in split::random_cuts()) {
        let bytes = request.bytes();
        let stream = pieces_with_trailing(&bytes);
        let Outcome::Head { head, consumed } = scan_request(&cuts.pieces(&stream), Limits::default()) else {
            panic!("refused")
        };
        prop_assert_eq!(consumed, bytes.len());
        let framing = match request.body {
            Body::None => Framing::None,
            Body::Length(length) => Framing::Length(length),
            Body::Chunked => Framing::Chunked,
        };
        // The path is checked by vectors; here by where it comes from.
        prop_assert!(request.target.ends_with(&head.path));
        prop_assert!(head.authority.as_deref().is_none_or(|authority| request.target.contains(authority)));
        prop_assert_eq!(head.scheme.as_deref(), request.target.starts_with("http://").then_some("http"));
        let Request { path, scheme, authority, .. } = head.clone();
        prop_assert_eq!(head, Request {
            method: request.method, target: request.target, path, scheme, authority,
            version: version(request.minor_version), fields: found(&request.fields), framing,
        });
    }

    #[test]
    fn valid_responses_are_read(response in heads::responses(), cuts in split::random_cuts()) {
        let bytes = response.bytes();
        let stream = pieces_with_trailing(&bytes);
        let Outcome::Head { head, consumed } = scan_response(&cuts.pieces(&stream), Limits::default()) else {
            panic!("refused")
        };
        prop_assert_eq!(consumed, bytes.len());
        prop_assert_eq!(head, Response {
            status: response.status, reason: response.reason,
            version: version(response.minor_version), fields: found(&response.fields),
        });
    }

    #[test]
    fn broken_requests_get_their_verdict(broken in heads::broken_requests(), cuts in split::random_cuts()) {
        let stream = pieces_with_trailing(&broken.bytes);
        let Outcome::Error(error) = scan_request(&cuts.pieces(&stream), Limits::default()) else {
            panic!("{} accepted: {}", broken.fault, broken.bytes.escape_ascii())
        };
        assert_verdict(&broken, &error)?;
        prop_assert_eq!(error.status().as_u16(), broken.fault.status());
    }

    #[test]
    fn broken_responses_get_their_verdict(broken in heads::broken_responses(), cuts in split::random_cuts()) {
        let stream = pieces_with_trailing(&broken.bytes);
        let Outcome::Error(error) = scan_response(&cuts.pieces(&stream), Limits::default()) else {
            panic!("{} accepted: {}", broken.fault, broken.bytes.escape_ascii())
        };
        assert_verdict(&broken, &error)?;
        prop_assert_eq!(error.status(), Status::BAD_GATEWAY);
    }

    #[test]
    fn written_requests_are_read_back(request in heads::requests()) {
        let mut bytes = Vec::new();
        let mut writer = write::request(&mut bytes, &request.method, &request.target).unwrap();
        for field in &request.fields {
            writer = writer.field(&field.name, &field.value).unwrap();
        }
        writer.end().unwrap();
        let mut store = Vec::new();
        let mut scan = RequestScan::new(Limits::default());
        let Ok(Step::Done { value: head, consumed }) = scan.scan(&bytes, &mut store) else { panic!("refused") };
        prop_assert_eq!(consumed, bytes.len());
        prop_assert_eq!((head.method(), head.target()), (&*request.method, &*request.target));
        prop_assert_eq!(Request::from(head).fields, found(&request.fields));
    }

    #[test]
    fn written_responses_are_read_back(response in heads::responses()) {
        let mut bytes = Vec::new();
        let status = Status::new(response.status).unwrap();
        let mut writer = write::response_with_reason(&mut bytes, status, &response.reason).unwrap();
        for field in &response.fields {
            writer = writer.field(&field.name, &field.value).unwrap();
        }
        writer.end().unwrap();
        let Outcome::Head { head, consumed } = scan_response(&[&bytes], Limits::default()) else { panic!("refused") };
        prop_assert_eq!(consumed, bytes.len());
        prop_assert_eq!((head.status, head.reason, head.fields), (response.status, response.reason, found(&response.fields)));
    }

    /// Whatever is put into the writer, it writes the one head that was meant or refuses.
    #[test]
    fn nothing_can_be_injected(
        method in ".{0,4}", target in ".{0,6}", name in ".{0,6}", value in prop::collection::vec(any::<u8>(), 0..8),
    ) {
        let mut bytes = Vec::new();
        let written = write::request(&mut bytes, &method, &target)
            .and_then(|writer| writer.field("Host", "a"))
            .and_then(|writer| writer.field(&name, &value))
            .and_then(write::HeadWriter::end);
        if written.is_ok() {
            let mut store = Vec::new();
            let mut scan = RequestScan::new(Limits::default());
            match scan.scan(&bytes, &mut store) {
                Ok(Step::Done { value: head, consumed }) => {
                    prop_assert_eq!(consumed, bytes.len());
                    prop_assert_eq!((head.method(), head.target()), (&*method, &*target));
                    prop_assert_eq!(Request::from(head).fields, vec![("Host".to_owned(), b"a".to_vec()), (name, value)]);
                }
                Ok(Step::NeedMore { .. }) => panic!("incomplete"),
                // The bytes are right; what they say together need not be.
                Err(error) => prop_assert!(matches!(
                    error.kind(),
                    HeadErrorKind::TargetForm | HeadErrorKind::DuplicateHost | HeadErrorKind::Framing(_)
                )),
            }
        }
    }
}
