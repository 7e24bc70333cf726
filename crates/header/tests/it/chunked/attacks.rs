//! Chunked bodies that have hurt somebody.

use switchover_header::{BodyErrorKind as Kind, BodyItem, BodyLimits, FieldTable, Status, Step};
use switchover_testkit::split;

use super::assert_refused;
use crate::reference::{End, Outcome, body, chunked, limited, outcome_of, outcome_with};

#[test]
fn a_chunk_size_is_hex_digits_and_nothing_else() {
    for line in [
        "@@+5\r\nhello",
        "@@-5\r\nhello",
        "@@ 5\r\nhello",
        "@@\t5\r\nhello",
        "0@@x5\r\nhello",
        "@@x5\r\nhello",
        "5@@_0\r\nhello",
        "5@@h\r\nhello",
        "5@@,\r\nhello",
        "@@\"5\"\r\nhello",
        "@@;a\r\n\r\n",
        "@@\r\n\r\n",
        "@@g\r\nhello",
        "@@\0",
        "5@@\0",
        "@@\u{ff15}\r\nhello",
    ] {
        assert_eq!(assert_refused(line.as_bytes(), Kind::ChunkSize), b"");
    }
    assert_eq!(assert_refused(b"5\r\nhello\r\n@@\r\n\r\n", Kind::ChunkSize), b"hello");
}

/// Attack 17. Sizes that wrap, and leading zeros without an end.
#[test]
fn a_chunk_size_beyond_64_bits_is_refused() {
    assert_refused(b"1000000000000000@@0\r\n", Kind::ChunkSizeTooLong);
    assert_refused(b"1000000000000000@@5\r\nhello\r\n0\r\n\r\n", Kind::ChunkSizeTooLong);
    assert_refused(b"ffffffffffffffff@@f\r\n", Kind::ChunkSizeTooLong);
    assert_refused(b"0000000000000000@@0\r\n\r\n", Kind::ChunkSizeTooLong);
    assert_refused(b"0000000000000000@@5\r\nhello\r\n0\r\n\r\n", Kind::ChunkSizeTooLong);
    // Each size counts its own digits.
    assert_eq!(body(b"0000000000000001\r\nx\r\n0000000000000001\r\ny\r\n0000000000000000\r\n\r\n").0, b"xy");
}

/// The largest size is a size; nothing is reserved for it, and nothing wraps.
#[test]
fn the_largest_chunk_size_is_taken_at_its_word() {
    let bytes = b"FFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n";
    let outcome = outcome_with(bytes, &chunked);
    assert_eq!(outcome, Outcome { data: b"hello\r\n0\r\n\r\n".to_vec(), end: End::NeedMore });
}

/// Attack 17. Any two bytes were taken for the CRLF behind chunk-data. (h11 CVE-2025-43859)
#[test]
fn chunk_data_end_with_crlf_and_nothing_else() {
    assert_eq!(assert_refused(b"5\r\nhello@@XX0\r\n\r\n", Kind::ChunkDataEnd), b"hello");
    assert_eq!(assert_refused(b"3\r\nxxx@@xx\r\n0\r\n\r\n", Kind::ChunkDataEnd), b"xxx");
    assert_eq!(assert_refused(b"5\r\nhello@@0\r\n\r\n", Kind::ChunkDataEnd), b"hello");
    assert_eq!(assert_refused(b"5\r\nhello@@ \r\n0\r\n\r\n", Kind::ChunkDataEnd), b"hello");
    assert_eq!(assert_refused(b"5\r\nhello@@\rX0\r\n\r\n", Kind::BareCr), b"hello");
    assert_eq!(assert_refused(b"5\r\nhello@@\r\r\n0\r\n\r\n", Kind::BareCr), b"hello");
    assert_eq!(assert_refused(b"5\r\nhello@@\n0\r\n\r\n", Kind::BareLf), b"hello");
    assert_eq!(assert_refused(b"5\r\nhello@@\n\r0\r\n\r\n", Kind::BareLf), b"hello");
}

/// Attack 17. The line terminators of "Funky Chunks". (Go CVE-2025-22871)
#[test]
fn a_chunk_size_line_ends_with_crlf_and_nothing_else() {
    assert_refused(b"0@@\n\r\n", Kind::BareLf);
    assert_refused(b"5@@\nhello\r\n0\r\n\r\n", Kind::BareLf);
    assert_refused(b"0@@\r\r\n\r\n", Kind::BareCr);
    assert_refused(b"5@@\rhello\r\n0\r\n\r\n", Kind::BareCr);
    assert_refused(b"5@@\rX\nhello\r\n0\r\n\r\n", Kind::BareCr);
    assert_refused(b"@@\n0\r\n\r\n", Kind::BareLf);
    assert_refused(b"5\r\nhello\r\n@@\n0\r\n\r\n", Kind::BareLf);
}

/// Attack 17. A LF inside an extension ended the line for one and not for another. (Kestrel CVE-2025-55315)
#[test]
fn cr_and_lf_in_an_extension_are_refused() {
    assert_refused(b"2;@@\nxx\r\n4c\r\n0\r\n\r\n", Kind::BareLf);
    assert_refused(b"2;a@@\nxx\r\n0\r\n\r\n", Kind::BareLf);
    assert_refused(b"2;a @@\nxx\r\n0\r\n\r\n", Kind::BareLf);
    assert_refused(b"2 @@\nxx\r\n0\r\n\r\n", Kind::BareLf);
    assert_refused(b"2;a=@@\nxx\r\n0\r\n\r\n", Kind::BareLf);
    assert_refused(b"2;a=b@@\nxx\r\n0\r\n\r\n", Kind::BareLf);
    assert_refused(b"2;a=\"@@\n\"xx\r\n0\r\n\r\n", Kind::BareLf);
    assert_refused(b"2;a=\"\\@@\n\"xx\r\n0\r\n\r\n", Kind::BareLf);
    assert_refused(b"2;a=\"\"@@\nxx\r\n0\r\n\r\n", Kind::BareLf);
    assert_refused(b"2;a@@\rxx\r\n0\r\n\r\n", Kind::BareCr);
    assert_refused(b"2;a=b@@\r;c\nxx\r\n0\r\n\r\n", Kind::BareCr);
    assert_refused(b"2;a=\"b\"@@\rxx\r\n0\r\n\r\n", Kind::BareCr);
    assert_refused(b"2;a=\"b@@\r\n\"\r\nxx\r\n0\r\n\r\n", Kind::ChunkExtension);
}

/// Attack 17. Extensions cost their reader work and are nothing to anybody.
#[test]
fn a_flood_of_extensions_is_refused_at_the_limit() {
    let most = BodyLimits::default().extensions;
    // In one line.
    let line = [&b"5;"[..], &b"a".repeat(most)].concat();
    let outcome = outcome_of(&split::bytewise(&line), &chunked);
    let End::Error(error) = outcome.end else { panic!("accepted") };
    assert_eq!((error.kind(), error.offset(), error.byte()), (Kind::ExtensionsTooLong, most as u64 + 1, Some(b'a')));
    assert_eq!((error.status(), error.section()), (Status::BAD_REQUEST, "RFC 9112, section 7.1.1"));
    // Over all chunks: 4 bytes of each 10.
    let mut body = chunked();
    let mut fields = FieldTable::<0>::new();
    let (mut data, mut taken) = (0, 0);
    let error = 'flood: loop {
        let mut input = &b"1;a=b\r\nx\r\n"[..];
        loop {
            match body.decode(input, &mut fields) {
                Ok(Step::Done { value, consumed }) => {
                    data += usize::from(matches!(value, BodyItem::Data(_)));
                    taken += consumed;
                    input = &input[consumed..];
                }
                Ok(Step::NeedMore { .. }) => break,
                Err(error) => break 'flood error,
            }
        }
    };
    assert_eq!((error.kind(), data), (Kind::ExtensionsTooLong, most / 4));
    assert_eq!((taken, error.offset()), (most / 4 * 10, (most / 4 * 10 + 1) as u64));
}

/// White space, quotes and backslashes count like the rest, from behind the size to the CR.
#[test]
fn every_byte_of_an_extension_counts() {
    for extension in
        [" ;a", ";\ta", ";a\t;b", ";a =b", ";a= b", ";a=bc", ";a=b ;c", ";a=\"\"", ";a=\"\\b\"", ";a=\"b\";c"]
    {
        let bytes = format!("1{extension}\r\nx\r\n0\r\n\r\n");
        let limits = |extensions| BodyLimits { extensions, ..BodyLimits::default() };
        let end = outcome_with(bytes.as_bytes(), &limited(limits(extension.len()))).end;
        assert!(matches!(end, End::Body { .. }), "{extension}");
        for most in 0..extension.len() {
            let End::Error(error) = outcome_with(bytes.as_bytes(), &limited(limits(most))).end else {
                panic!("{extension}")
            };
            assert_eq!((error.kind(), error.offset()), (Kind::ExtensionsTooLong, most as u64 + 1), "{extension}");
        }
    }
    // What is wrong is wrong, not too long.
    let limits = BodyLimits { extensions: 1, ..BodyLimits::default() };
    let End::Error(error) = outcome_with(b"1;;", &limited(limits)).end else { panic!("accepted") };
    assert_eq!((error.kind(), error.offset()), (Kind::ChunkExtension, 2));
}
