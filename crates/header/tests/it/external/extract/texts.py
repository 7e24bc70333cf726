"""The examples in the text of RFC 9110 and RFC 9112, and the rules of WPT's h1-parsing, restated."""

import re
from collections.abc import Iterator
from pathlib import Path

from case import Case

START = re.compile(r"(?:[A-Z]+ \S+ HTTP/1\.[01]|HTTP/1\.[01] \d{3} .*)$")
FIELD = re.compile(r"(?!Note:)([A-Z][A-Za-z0-9-]*): ?(.*)$")


def rfc(folder: Path) -> Iterator[Case]:
    for number in ["9110", "9112"]:
        text = (folder / f"rfc{number}.txt").read_text(encoding="utf-8")
        section, count = "0", {}
        for paragraph in re.split(r"\n[ \t]*\n", text):
            lines = [line.rstrip() for line in paragraph.strip("\n").splitlines()]
            if lines and (heading := re.match(r"(\d+(?:\.\d+)*|[A-Z](?:\.\d+)+)\. +[A-Z]", lines[0])) is not None:
                section = heading[1]
            for result in example(lines):
                count[section] = count.get(section, 0) + 1
                result.name = f"rfc{number}/section-{section}/{count[section]}"
                yield result


def example(lines: list[str]) -> Iterator[Case]:
    """A paragraph that is a message, or one that is field lines and nothing else."""
    lines = [line.strip() for line in lines]
    if not lines or not all(line.isascii() for line in lines):
        return
    start, rest = (lines[0], lines[1:]) if START.match(lines[0]) else (None, lines)
    fields = [FIELD.match(line) for line in rest]
    if not all(fields) or (start is None and not fields):
        return
    found = [(field[1].encode(), field[2].encode()) for field in fields]
    # Field lines alone stand in a request of ours, and a request line alone gets its Host.
    if (start is None or not found) and not any(name == b"Host" for name, _ in found):
        found.insert(0, (b"Host", b"www.example.org"))
    start = start or "GET / HTTP/1.1"
    wire = start.encode() + b"\r\n" + b"".join(name + b": " + value + b"\r\n" for name, value in found) + b"\r\n"
    result = Case("", "response" if start.startswith("HTTP/") else "request", wire, "accept")
    result.fields, result.consumed = found, len(wire)
    if result.kind == "request":
        result.method, result.target = (part.encode() for part in start.split(" ")[:2])
    else:
        result.status = int(start.split(" ")[1])
    yield result


# h1-parsing: one byte more at one place of a response, each a network error.
PLACES = (
    "<first>HT<in-http>TP<before-slash>/<after-slash>1<before-dot>.<after-dot>1<after-ver> "
    "<before-num>200<after-num> <before-reason>OK<after-reason>\r\n"
    "<leading>X-Frame<in-name>-Options<before-colon>:<after-colon>DE<in-value>NY<after-value>\r\n"
    "Content-Length: 5\r\n\r\n"
)
BYTES = {"lf": "\n", "cr": "\r", "nul": "\0", "sp": " ", "tab": "\t", "colon": ":"}
STATUS_LINES = [  # status-code: what stands behind the version, and the status or a network error
    ("", None), ("BLAH", None), ("0 OK", 0), ("1 OK", 1), ("99 NOT OK", 99), ("099 HELLO", 99),
    ("999 DOES IT MATTER", 999), ("1000 BOO", None), ("65736 NOT 200 OR SOME SUCH", None), ("131072 HI", None),
]
LONE_CR = [  # lone-cr, with CRLF at the ends of lines: a network error each
    "HTTP/1.1\r200 OK\r\n\r\n", "HTTP/1.1 200\rOK\r\n\r\n", "HTTP/1.1 200 OK\r\n\rHeader: Value\r\n\r\n",
    "HTTP/1.1 200 OK\r\nHeader\r: Value\r\n\r\n", "HTTP/1.1 200 OK\r\nHeader:\r Value\r\n\r\n",
    "HTTP/1.1 200 OK\r\nHeader: Value\r\r\n\r\n", "HTTP/1.1 200 OK\r\nHeader: Value\rHeader2: Value2\r\n\r\n",
]
# content-length: the lines, and the length, a network error, or a field that is ignored.
IGNORED = "close"
LENGTHS = [
    ("42", 42), ("42,42", 42), ("42\r\nContent-Length: 42", 42), ("42\r\nContent-Length: 42,42", 42),
    ("42,30", None), ("30,42", None), ("42\r\nContent-Length: 30", None), ("30,", None), (",30", None),
    ("30\r\nContent-Length: \t", None), ("\r\nContent-Length: 30", None), ("aaaah\r\nContent-Length: nah", None),
    ("aaaah, nah", None), ("030", 30), ("030\r\nContent-Length: 30", None), ("030, 30", None),
    ("aaaah", IGNORED), ("aaaah\r\nContent-Length: aaaah", IGNORED), ("aaaah, aaaah", IGNORED), ("42s", IGNORED),
    ("-1", IGNORED), ("0x20", IGNORED),
]


def wpt(_: Path) -> Iterator[Case]:
    for name, byte in BYTES.items():
        for place in re.findall(r"<([\w-]+)>", PLACES):
            wire = re.sub(r"<[\w-]+>", "", PLACES.replace(f"<{place}>", byte)).encode()
            yield Case(f"wpt/h1-parsing/{name}-{place}", "response", wire, "reject", note="network error")
    for number, (behind, status) in enumerate(STATUS_LINES):
        wire = f"HTTP/1.1 {behind}\r\nheader-parsing: is sad\r\n\r\n".encode()
        verdict = "reject" if status is None else "accept"
        yield Case(f"wpt/status-code/{number:02}", "response", wire, verdict, status=status)
    for number, text in enumerate(LONE_CR):
        yield Case(f"wpt/lone-cr/{number:02}", "response", text.encode(), "reject", note="network error")
    for number, (value, length) in enumerate(LENGTHS):
        wire = f"HTTP/1.1 200 OK\r\nContent-Length: {value}\r\n\r\n".encode()
        framing = {None: None, IGNORED: IGNORED}.get(length, f"length {length}")
        verdict = "reject" if length is None else "accept"
        yield Case(f"wpt/content-length/{number:02}", "response", wire, verdict, framing=framing)
