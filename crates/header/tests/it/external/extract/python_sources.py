"""gunicorn, h11 and tornado: requests in Python's test files, read as syntax and never run."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from case import Case, head_ends, head_of
from literals import Unknown, python
from llhttp import slug


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


# What gunicorn raises over a body, or for a setting of its own.
GUNICORN_BODY = {"InvalidChunkSize", "ChunkMissingTerminator", "InvalidChunkExtension"}
GUNICORN_OWN = {"InvalidProxyLine", "InvalidSchemeHeaders", "LimitRequestLine", "LimitRequestHeaders"}


def gunicorn(root: Path) -> Iterator[Case]:
    for path in sorted((root / "tests/requests").glob("*/*.http")):
        name = f"gunicorn/{path.parent.name}/{path.stem}"
        expected = tree(path.with_suffix(".py"))
        if any(isinstance(node, ast.Attribute) and node.attr == "set" for node in ast.walk(expected)):
            continue  # another grammar, by a setting
        data = gunicorn_bytes(path.read_bytes())
        names = {"uri": lambda raw: raw}
        for node in expected.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                names[node.targets[0].id] = node.value
        yield from gunicorn_case(name, data, names)


def gunicorn_bytes(data: bytes) -> bytes:
    data = data.replace(b"\n", b"").replace(b"\\r\\n", b"\r\n")
    data = data.replace(b"\\0", b"\0").replace(b"\\n", b"\n").replace(b"\\t", b"\t")
    return re.sub(rb"\\x([0-9A-Fa-f]{2})", lambda found: bytes([int(found[1], 16)]), data)


def gunicorn_case(name: str, data: bytes, names: dict) -> Iterator[Case]:
    request = names["request"]
    if isinstance(request, ast.Name) and request.id in names:
        request = names[request.id]
    if isinstance(request, ast.List):
        request = names[request.elts[0].id] if isinstance(request.elts[0], ast.Name) else request.elts[0]
    if isinstance(request, ast.Dict):
        yield gunicorn_request(name, data, request)
    elif request.id in GUNICORN_OWN:
        return
    elif request.id in GUNICORN_BODY or "trailer" in name:
        yield Case(name, "request", head_of(data), "accept", note=f"{request.id}, behind the head")
        yield Case(name, "chunked", data[len(head_of(data)) :], "reject", note=request.id)
    elif request.id == "NoMoreData":
        yield Case(name, "request", data, "partial", note=request.id)
    else:
        yield Case(name, "request", head_of(data), "reject", note=request.id)


def gunicorn_request(name: str, data: bytes, request: ast.Dict) -> Case:
    result = Case(name, "request", head_of(data), "accept")
    for key, value in zip(request.keys, request.values):
        match key.value:
            case "method":
                result.method = value.value.encode()
            case "uri":
                result.target = value.args[0].value.encode("latin-1")
            case "version":
                result.version = ".".join(str(part.value) for part in value.elts)
            case "headers":
                lines = python(value, {})
                result.fields = [(name.encode("latin-1"), line.encode("latin-1")) for name, line in lines]
    return result


def h11(root: Path) -> Iterator[Case]:
    for test in ["test_io", "test_connection"]:
        for function in tree(root / f"h11/tests/{test}.py").body:
            yield from h11_calls(f"h11/{test}/{getattr(function, 'name', 'simple_cases')}", function)
            if getattr(function, "name", "") == "test_ChunkedReader":
                yield from h11_bodies(function)
    for function in tree(root / "h11/tests/test_headers.py").body:
        if isinstance(function, ast.FunctionDef) and function.name == "test_normalize_and_validate":
            yield from h11_values(function)


def h11_values(function: ast.FunctionDef) -> Iterator[Case]:
    """Field lines alone: the name and the value of each go into a response."""
    for number, (call, raises) in enumerate(calls(function, "normalize_and_validate")):
        try:
            lines = [[part.encode() if isinstance(part, str) else part for part in line]
                     for line in python(call.args[0], {})]
        except Unknown:
            continue
        data = b"HTTP/1.1 200 OK\r\n" + b"".join(b": ".join(line) + b"\r\n" for line in lines) + b"\r\n"
        # White space around a value is h11's rule for what it is given, not for what it reads.
        if any(line[1] != line[1].strip() for line in lines):
            continue
        name = f"h11/test_headers/{number:02}"
        yield Case(name, "response", data, "reject" if raises else "accept")


def calls(function: ast.AST, called: str) -> Iterator[tuple[ast.Call, bool]]:
    """The calls of a function, and whether `pytest.raises` is around them."""

    def walk(node: ast.AST, raises: bool) -> Iterator[tuple[ast.Call, bool]]:
        if isinstance(node, ast.With):
            raises = raises or any("raises" in ast.dump(item.context_expr) for item in node.items)
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", None)) == called:
            yield node, raises
        for child in ast.iter_child_nodes(node):
            yield from walk(child, raises)

    yield from walk(function, False)


H11_EVENTS = {"Request": "request", "Response": "response", "InformationalResponse": "response"}


def h11_calls(name: str, function: ast.AST) -> Iterator[Case]:
    number = 0
    if isinstance(function, (ast.Assign, ast.AnnAssign)) and isinstance(function.value, ast.List):
        for item in function.value.elts:
            if isinstance(item, ast.Tuple) and len(item.elts) == 3:
                yield h11_event(f"{name}/{number:02}", item.elts[1], python(item.elts[2], {}))
                number += 1
        return
    for call, raises in calls(function, "tr"):
        if "READERS" in ast.dump(call.args[0]):
            kind = "request" if "CLIENT" in ast.dump(call.args[0]) else "response"
            try:
                data = python(call.args[1], {})
            except Unknown:
                continue  # the loop over the cases above, or bytes made in a loop
            if raises:
                yield Case(f"{name}/{number:02}", kind, data, "reject")
            else:
                yield h11_event(f"{name}/{number:02}", call.args[2], data)
            number += 1
    for call, raises in calls(function, "receive_and_get"):
        try:
            data = python(call.args[1], {})
        except Unknown:
            continue
        kind = "response" if data.startswith(b"HTTP/") else "request"
        if data.startswith((b"HTTP/", b"GET", b"POST")) and head_ends(data) and not raises:
            yield Case(f"{name}/{number:02}", kind, head_of(data), "accept")
            number += 1


def h11_bodies(function: ast.FunctionDef) -> Iterator[Case]:
    for number, (call, _) in enumerate(calls(function, "t_body_reader")):
        data = python(call.args[1], {})
        result = Case(f"h11/{function.name}/{number:02}", "chunked", data, "partial", body=b"")
        for event in call.args[2].elts:
            if isinstance(event, ast.Name):
                result.verdict = "reject"
            elif event.func.id == "Data":
                result.body += python(event.keywords[0].value, {})
            else:
                result.verdict, result.consumed = "accept", len(data)
        yield result


def h11_event(name: str, event: ast.Call, data: bytes) -> Case:
    result = Case(name, H11_EVENTS[event.func.id], data, "accept", consumed=len(data))
    for keyword in event.keywords:
        value = python(keyword.value, {})
        match keyword.arg:
            case "method":
                result.method = value.encode()
            case "target":
                result.target = value.encode()
            case "status_code":
                result.status = value
            case "reason":
                result.reason = value.encode() if isinstance(value, str) else value
            case "http_version":
                result.version = value
            case "headers":
                result.fields = [(line[0].encode(), line[1].encode()) for line in value]
    return result


def tornado(root: Path) -> Iterator[Case]:
    """The requests that have broken a release, and the status that they get since."""
    module = tree(root / "tornado/test/security_corpus_test.py")
    names = {"request": tornado_request, "post": lambda *_: b"", "multipart": lambda *_: b"",
             "ws_handshake": lambda headers: tornado_request("GET", "/ws", TORNADO_UPGRADE + headers)}
    seen: dict[str, int] = {}
    for call, _ in calls(module, "Case"):
        try:
            advisory, title, data, status = (python(argument, names) for argument in call.args[:4])
        except (Unknown, ValueError):
            continue
        name = f"tornado/{slug(advisory)}/{slug(title)}"
        seen[name] = seen.get(name, 0) + 1
        name += f"-{seen[name]}" if seen[name] > 1 else ""
        if not data:
            continue
        # 400 is the parser's answer in these two releases; elsewhere a resource says what it likes.
        refused = status == 400 and advisory in ("6.3.3", "6.4.1")
        head, body = head_of(data), data[len(head_of(data)) :]
        if "chunk size" in title:
            yield Case(name, "chunked", body, "reject", note=title)
            refused = False
        yield Case(name, "request", head, "reject" if refused else "accept", note=f"status {status}")


TORNADO_UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


def tornado_request(method: str, target: str, headers: str = "", body: bytes | None = None) -> bytes:
    """The function of the same name there."""
    head = f"{method} {target} HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n"
    if body is not None and "Transfer-Encoding" not in headers:
        head += f"Content-Length: {len(body)}\r\n"
    return (head + headers + "\r\n").encode("latin1") + (body or b"")
