"""httparse, hyper and actix-http: tests in Rust."""

import re
from collections.abc import Iterator
from pathlib import Path

from case import Case, head_ends, head_of
from literals import RUST_STRING, rust, without_comments
from llhttp import slug


def httparse(root: Path) -> Iterator[Case]:
    for stem, path in [("lib", "src/lib.rs"), ("uri", "tests/uri.rs")]:
        source = without_comments((root / path).read_text(encoding="utf-8"))
        static = rf"static (\w+): &\[u8\] =\s*{RUST_STRING}"
        statics = {found[1]: rust(found[2]) for found in re.finditer(static, source)}
        macros = re.finditer(
            rf"(req|res)! \{{\s*(\w+),\s*(?:{RUST_STRING}|(\w+)),\s*(?:((?:Ok|Err)\([^|]*?\)),\s*)?"
            r"\|\w+\| *\{(.*?)\}\s*\}", source, re.S)
        for found in macros:
            data = rust(found[3]) if found[3] is not None else statics[found[4]]
            kind = "request" if found[1] == "req" else "response"
            yield httparse_case(f"httparse/{stem}/{slug(found[2])}", kind, data, found[5] or "", found[6])
        for function in re.finditer(r"fn (test_\w+)\(\) \{\n(.*?)\n    \}", source, re.S):
            call = re.search(r"\b(re\w+)\.parse\((\w+)\);", function[2])
            if call is not None and call[2] in statics and "ParserConfig" not in function[2]:
                kind = "request" if call[1].startswith("req") else "response"
                outcome = re.search(r"assert_eq!\(result, (.*?)\);", function[2])[1]
                name = f"httparse/{stem}/{slug(function[1])}"
                yield httparse_case(name, kind, statics[call[2]], outcome, function[2])


def httparse_case(name: str, kind: str, data: bytes, outcome: str, checks: str) -> Case:
    if outcome.startswith("Err"):
        return Case(name, kind, data, "reject", note=outcome.removeprefix("Err(crate::").removeprefix("Err(")[:-1])
    if "Partial" in outcome:
        return Case(name, kind, data, "partial")
    result = Case(name, kind, data, "accept", consumed=len(data))
    for what, value in re.findall(r"assert_eq!\(re[qs]\.(\w+)\.unwrap\(\), (.*?)\);", checks):
        literal = re.fullmatch(RUST_STRING, value)
        match what:
            case "method":
                result.method = rust(literal[1])
            case "path":
                result.target = rust(literal[1])
            case "version":
                result.version = f"1.{value}"
            case "code":
                result.status = int(value)
            case "reason" if data.isascii():  # it gives obs-text as an empty one
                result.reason = rust(literal[1])
    if (count := re.search(r"headers\.len\(\), (\d+)\)", checks)) is not None:
        names, values = (
            re.findall(rf"headers\[\d+\]\.{part}, &?{RUST_STRING}", checks) for part in ("name", "value")
        )
        if len(names) == len(values) == int(count[1]):
            result.fields = [(rust(field), rust(value)) for field, value in zip(names, values)]
    return result


LENGTHS = {"ZERO": "empty", "CHUNKED": "chunked", "CLOSE_DELIMITED": "close"}


def hyper(root: Path) -> Iterator[Case]:
    source = without_comments((root / "src/proto/h1/role.rs").read_text(encoding="utf-8"))
    tests = re.split(r"\n    fn (?=test_)", source)[1:]
    for test in tests:
        name = re.match(r"\w+", test)[0]
        if name in ("test_decoder_request", "test_decoder_response"):
            yield from hyper_framing(f"hyper/{slug(name)}", name.rpartition("_")[2], test)
        else:
            yield from hyper_parse(f"hyper/{slug(name)}", test)


def hyper_framing(name: str, kind: str, test: str) -> Iterator[Case]:
    calls = re.finditer(
        rf"\b(parse\w*)\(\s*{RUST_STRING},?\s*(?:Method::(\w+),?|\"[^\"]*\",?)?\s*\)"
        rf"(?:\s*\.decode,\s*DecodedLength::(\w+)(?:\((\d+)\))?)?", test)
    for number, call in enumerate(calls):
        data = rust(call[2])
        if call[1] == "parse_err":
            yield Case(f"{name}/{number:02}", kind, data, "reject")
            continue
        result = Case(f"{name}/{number:02}", kind, data, "accept", consumed=len(data), asked=call[3])
        if call[4] is not None:
            result.framing = f"length {call[5]}" if call[4] == "new" else LENGTHS[call[4]]
        yield result


def hyper_parse(name: str, test: str) -> Iterator[Case]:
    ours = "h1_parser_config: Default::default()" in test and "h09_responses: true" not in test
    if not ours or "Some(" in re.sub(r"Some\((?:crate::)?Method::\w+\)", "", test):
        return
    heads = re.finditer(rf"BytesMut::from\(\s*{RUST_STRING}\s*,?\s*\);(.*?)(?=BytesMut::from|$)", test, re.S)
    for number, found in enumerate(heads):
        data = rust(found[1])
        if b"HTTP" in data and re.search(r"(Server|Client)::parse", found[2]):
            kind = "request" if "Server::parse" in found[2] else "response"
            refused = re.search(r"unwrap_err|expect_err|is_err", found[2]) is not None
            verdict = "reject" if refused else "accept" if head_ends(data) else "partial"
            yield Case(f"{name}/{number:02}", kind, data if refused else head_of(data), verdict)


def actix_http(root: Path) -> Iterator[Case]:
    source = without_comments((root / "src/h1/decoder.rs").read_text(encoding="utf-8"))
    source = source[source.index("mod tests {") :]
    for test in re.split(r"\n    fn ", source)[1:]:
        name = "actix-http/" + slug(re.match(r"\w+", test)[0])
        pieces = re.split(rf"BytesMut::from\(\s*{RUST_STRING}\s*,?\s*\)", test)
        for number, (before, literal, after) in enumerate(zip(pieces[::2], pieces[1::2], pieces[2::2])):
            data = rust(literal)
            data += b"".join(rust(more) for more in re.findall(rf"buf\.extend\({RUST_STRING}\)", after))
            if b"HTTP" not in data or "ResponseHead" in test or "Response" in before:
                continue
            refused = re.search(r"expect_parse_err!\(&mut *$", before) or re.search(
                r"^[^;]*;[^}]*?(expect_parse_err!\(&mut buf|reader\.decode\(&mut buf\)\.unwrap_err)", after)
            verdict = "reject" if refused else "accept" if head_ends(data) else "partial"
            said = name.partition("/")[2] if refused else None
            yield Case(f"{name}/{number:02}", "request", head_of(data), verdict, note=said)
