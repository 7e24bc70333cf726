"""llhttp: cases in Markdown, each with the log of the callbacks that the parser makes.

Only those in the default, strict mode are taken. What a log says behind the end of the first head
is no business of a head's reader, except the errors in framing.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from case import Case, head_of

TYPES = {"request": "request", "response": "response"}
# Errors that come behind "headers complete" and are still about the head.
FRAMING = ("Transfer-Encoding", "Content-Length")
SPAN = re.compile(r"off=(\d+) len=(\d+) span\[(\w+)\]=")


def cases(root: Path) -> Iterator[Case]:
    for path in sorted(root.glob("re[qs]*/*.md")):
        seen: dict[str, int] = {}
        for title, kind, text, log in blocks(path.read_text(encoding="utf-8")):
            name = f"llhttp/{path.parent.name}/{path.stem}/{slug(title)}"
            seen[name] = seen.get(name, 0) + 1
            if seen[name] > 1:
                name += f"-{seen[name]}"
            # The preface of HTTP/2 is not a request, and is neither accepted nor refused there.
            if kind in TYPES and "pri-request" not in name:
                data = wire(text)
                yield case(name, TYPES[kind], data, log)
                yield from body(name, data, log)


def blocks(text: str) -> Iterator[tuple[str, str, str, list[str]]]:
    """Title, type, input and log of each test."""
    title, kind, source = "", None, ""
    fences = re.compile(r"^#+ ([^\n]+)$|^<!-- *meta=(\{.*?\}) *-->$|^```(http|log)\n(.*?)^```$", re.M | re.S)
    for found in fences.finditer(text):
        if found[1] is not None:
            title, kind = found[1], None
        elif found[2] is not None:
            kind = re.search(r'"type": *"([\w-]+)"', found[2])
        elif found[3] == "http":
            source = found[4].removesuffix("\n")
        elif kind is not None:
            yield title, kind[1], source, found[4].splitlines()


def slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def wire(text: str) -> bytes:
    """The bytes that llhttp's own runner makes of a block."""
    text = re.sub(r"\\\n", "", text)
    text = text.replace("\n", "\r\n")
    text = text.replace("\\r", "\r").replace("\\n", "\n").replace("\\t", "\t").replace("\\f", "\f")
    text = re.sub(r"\\x([0-9a-fA-F]+)", lambda found: chr(int(found[1], 16)), text)
    text = re.sub(r"\\([0-7]{1,3})", lambda found: chr(int(found[1], 8)), text)
    text = re.sub(r"\$\{'(.)'\.repeat\((\d+)\)\}", lambda found: found[1] * int(found[2]), text)
    return text.encode("utf-8")


def case(name: str, kind: str, data: bytes, log: list[str]) -> Case:
    result = Case(name, kind, head_of(data), "partial")
    for line in log:
        if (span := SPAN.match(line)) is not None:
            take(result, span[3], data[int(span[1]) : int(span[1]) + int(span[2])])
        elif "version complete" in line or "message begin" in line:
            if result.verdict == "accept":
                break  # the next message
        elif "headers complete" in line:
            result.verdict = "accept"
            if (status := re.search(r"status=(\d+)", line)) is not None and kind == "response":
                result.status = int(status[1])
        elif (error := re.search(r'error code=(\d+) reason="(.*)"', line)) is not None:
            if result.verdict == "partial" or any(word in error[2] for word in FRAMING):
                result.verdict, result.note = "reject", error[2]
            break
    if result.verdict == "accept":
        result.fields = [(name, value.rstrip(b" \t")) for name, value in folded(log, data)]
    return result


def body(name: str, data: bytes, log: list[str]) -> Iterator[Case]:
    """The body of the first message, where it is in the chunked coding."""
    start = next((int(re.match(r"off=(\d+)", line)[1]) for line in log if "headers complete" in line), None)
    if start is None or not re.search(rb"\r\ntransfer-encoding:([^\r\n]*,)? *chunked\r\n", data[:start], re.I):
        return
    result = Case(name, "chunked", data[start:], "partial", body=b"")
    for line in log[log.index(next(line for line in log if "headers complete" in line)) + 1 :]:
        offset = int(re.match(r"off=(\d+)", line)[1])
        if (span := SPAN.match(line)) is not None and span[3] == "body":
            result.body += data[offset : offset + int(span[2])]
        elif (error := re.search(r'error code=\d+ reason="(.*)"', line)) is not None:
            result.verdict, result.note = "reject", error[1]
            break
        elif "message complete" in line:
            result.verdict, result.consumed = "accept", offset - start
            result.data = data[start:offset]
            break
    if result.data:
        yield result


def take(result: Case, what: str, data: bytes) -> None:
    if result.verdict != "partial":
        return
    match what:
        case "method":
            result.method = (result.method or b"") + data
        case "url":
            result.target = (result.target or b"") + data
        case "version":
            result.version = (result.version or "") + data.decode()
        case "status":
            result.reason = (result.reason or b"") + data


def folded(log: list[str], data: bytes) -> list[tuple[bytes, bytes]]:
    """The field lines before the end of the first head, names and values joined from their spans."""
    lines: list[tuple[bytes, bytes]] = []
    name = value = b""
    for line in log:
        if "headers complete" in line:
            break
        span = SPAN.match(line)
        if span is not None and span[3] in ("header_field", "header_value"):
            part = data[int(span[1]) : int(span[1]) + int(span[2])]
            name, value = (name + part, value) if span[3] == "header_field" else (name, value + part)
        elif "header_value complete" in line:
            lines.append((name, value))
            name = value = b""
    return lines
