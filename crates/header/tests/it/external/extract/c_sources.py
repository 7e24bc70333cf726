"""http-parser and picohttpparser: test programs in C."""

import re
from collections.abc import Iterator
from pathlib import Path

from case import Case, head_ends, head_of
from literals import C_STRING, c, c_strings, without_comments
from llhttp import slug

# One literal or several, without a group.
STRINGS = r'(?:"(?:[^"\\\n]|\\.)*"\s*)+'


def http_parser(root: Path) -> Iterator[Case]:
    source = (root / "test.c").read_text(encoding="utf-8")
    # What only the lenient build accepts is not asked.
    source = re.sub(r"#if !HTTP_PARSER_STRICT\n.*?#endif[^\n]*\n", "", source, flags=re.S)
    source = re.sub(r"#if 0\n.*?#endif[^\n]*\n", "", source, flags=re.S)
    for kind, array in [("request", "requests"), ("response", "responses")]:
        body = re.search(rf"struct message {array}\[\] *=\n(.*?)\n *\}};", source, re.S)[1]
        for block in re.split(r"[{,] *\{ *\.name *= *", body)[1:]:
            yield message(kind, block)
    yield from simple(without_comments(source))


def message(kind: str, block: str) -> Case:
    def strings(key: str) -> bytes | None:
        found = re.search(rf"\.{key}= *((?:{C_STRING}|/\*.*?\*/|\s)+)", block, re.S)
        return None if found is None else c_strings(found[1])

    name = c(re.match(C_STRING, block)[1]).decode()
    result = Case(f"http-parser/{kind}/{slug(name)}", kind, head_of(strings("raw")), "accept")
    major, minor = (re.search(rf"\.http_{part}= *(\d+)", block)[1] for part in ("major", "minor"))
    result.version = f"{major}.{minor}"
    if kind == "request":
        method = re.search(r"\.method= *HTTP_(\w+)", block)[1]
        result.method = {"MSEARCH": "M-SEARCH"}.get(method, method).encode()
        result.target = strings("request_url")
    else:
        result.status = int(re.search(r"\.status_code= *(\d+)", block)[1])
        result.reason = strings("response_status")
    count = int(re.search(r"\.num_headers= *(\d+)", block)[1])
    lines = re.search(r"\.headers *=(.*?)(?:\n *,\.|$)", block, re.S)
    pairs = re.findall(rf"\{{ *{C_STRING} *, *({STRINGS})\}}", lines[1]) if lines else []
    result.fields = [(c(pair[0]), c_strings(pair[1])) for pair in pairs]
    assert len(result.fields) == count, (name, count, result.fields)
    return result


def simple(source: str) -> Iterator[Case]:
    """The calls of `test_simple` and its likes, which give an error or HPE_OK."""
    names = {found[1]: found[2] for found in re.finditer(rf"const char \*(\w+) *=\s*({STRINGS});", source)}
    calls = re.finditer(rf"test_simple(?:_type)?\(\s*({STRINGS}|\w+),\s*(HPE_\w+)(?:,\s*HTTP_(\w+))?\)", source)
    for number, call in enumerate(calls):
        text = names.get(call[1], call[1])
        if '"' in text:  # a literal, not a buffer that is filled in a loop
            yield verdict(f"http-parser/simple/{number:02}", (call[3] or "REQUEST").lower(), c_strings(text), call[2])
    for what, error in [("all_methods", "HPE_OK"), ("bad_methods", "HPE_INVALID_METHOD")]:
        listed = re.search(rf"{what}\[\] = \{{(.*?)\}};", source, re.S)[1]
        for method in re.findall(C_STRING, listed):
            data = c(method) + b" / HTTP/1.1\r\n\r\n"
            yield verdict(f"http-parser/{what}/{slug(method)}-{len(method)}", "request", data, error)
    starts = {"request": b"GET / HTTP/1.1\r\n", "response": b"HTTP/1.1 200 OK\r\n"}
    lines = re.findall(rf"test_invalid_header_(?:field|content)\(req, {C_STRING}\);", source)
    lines += re.findall(rf"buf = {C_STRING};\s*size_t buflen = strlen\(buf\);\s*parsed =", source)
    for kind, start in starts.items():
        for number, line in enumerate(lines):
            yield verdict(f"http-parser/lines/{kind}-{number:02}", kind, start + c(line), "refused by the function")


def verdict(name: str, kind: str, data: bytes, error: str) -> Case:
    if error != "HPE_OK":
        return Case(name, kind, data, "reject", note=error)
    return Case(name, kind, head_of(data), "accept" if head_ends(data) else "partial")


def picohttpparser(root: Path) -> Iterator[Case]:
    source = without_comments((root / "test.c").read_text(encoding="utf-8"))
    bodies = re.findall(r"static void (test_request|test_response)\(void\)\n\{(.*?)\n\}\n", source, re.S)
    for function, body in bodies:
        kind = function.removeprefix("test_")
        calls = re.split(rf"PARSE\({C_STRING}, (?:\d|strlen\([^;]*?\) - 1), (-?\d), {C_STRING}\);", body)
        for number, (data, outcome, comment, checks) in enumerate(zip(*(calls[at::4] for at in range(1, 5)))):
            yield parse(f"picohttpparser/{kind}/{number:02}-{slug(comment)}", kind, c(data), int(outcome), checks)
    # With 1, trailers belong to the body, as they do here.
    runs = re.findall(rf"chunked_test_runners\[i\]\(__LINE__, 1, {C_STRING}, {C_STRING}, (-?\d+)\)", source)
    for number, (data, decoded, outcome) in enumerate(runs):
        name, verdict = f"picohttpparser/chunked/{number:02}", "accept" if outcome == "0" else "partial"
        yield Case(name, "chunked", c(data), verdict, body=c(decoded), consumed=len(c(data)))
    failures = re.findall(rf"test_chunked_failure\(__LINE__, {C_STRING}, (-\d)\)", source)
    for number, (data, outcome) in enumerate(failures):
        name = f"picohttpparser/chunked/failure-{number}"
        yield Case(name, "chunked", c(data), "reject" if outcome == "-1" else "partial")


def parse(name: str, kind: str, data: bytes, outcome: int, checks: str) -> Case:
    result = Case(name, kind, data, {0: "accept", -1: "reject", -2: "partial"}[outcome])
    if outcome != 0:
        return result
    result.consumed = len(data)
    if (minor := re.search(r"minor_version == (\d)", checks)) is not None:
        result.version = f"1.{minor[1]}"
    if (status := re.search(r"status == (\d+)", checks)) is not None:
        result.status = int(status[1])
    texts = {found[1]: c(found[2]) for found in re.finditer(rf"bufis\((\w+), \w+, {C_STRING}\)", checks)}
    result.method, result.target, result.reason = texts.get("method"), texts.get("path"), texts.get("msg")
    if (count := re.search(r"num_headers == (\d)", checks)) is not None:
        found = {
            (int(line[1]), line[2]): c(line[3])
            for line in re.finditer(rf"bufis\(headers\[(\d)\]\.(name|value), .*?, {C_STRING}\)", checks)
        }
        lines = [(found.get((at, "name"), b""), found.get((at, "value"), b"")) for at in range(int(count[1]))]
        result.fields = lines
    return result
