"""aiohttp: the tests of its HTTP parser, followed statement by statement.

Only what can be told from literals, parameters and conditions on them is followed; a test that
does more is left out. Nothing of the package is run.
"""

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

from case import Case, head_ends, head_of
from literals import Unknown, python
from llhttp import slug

KINDS = {"parser": "request", "response": "response"}
RAISES, NULL = "raises", ("null", None)
# Refused behind the head: by its body, or by a limit or a switch of aiohttp's own.
BODY = ("chunk", "trailer", "payload", "too_large", "limit", "line_size", "field_size", "max_", "websocket_key1")


class Stop(Exception):
    """The test goes on in a way that is not followed."""


class End(Exception):
    """The rest of the test does not matter."""


def cases(root: Path) -> Iterator[Case]:
    module = ast.parse((root / "tests/test_http_parser.py").read_text(encoding="utf-8"))
    names: dict = {}
    for item in module.body:
        match item:
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                try:
                    names[name] = value_of(item.value, names)
                except (Unknown, AttributeError):
                    pass
            case ast.FunctionDef() | ast.AsyncFunctionDef() if item.name.startswith("test_"):
                yield from test(item, names)


def value_of(node: ast.AST, names: dict):
    match node:
        case ast.Dict():
            return {value_of(key, names): value_of(value, names) for key, value in zip(node.keys, node.values)}
        case ast.Call(func=ast.Attribute(attr="keys", value=value)):
            return list(value_of(value, names))
        case ast.Call(func=ast.Attribute(attr="raises"), keywords=keywords):
            said = [keyword.value.value for keyword in keywords if isinstance(keyword.value, ast.Constant)]
            return (RAISES, said[0] if said else None)
        case ast.Call(func=ast.Name(id="nullcontext")):
            return NULL
        case ast.Call(func=ast.Attribute(attr="param"), args=[value]):
            return value_of(value, names)
        case ast.Call(func=ast.Attribute(attr="lower", value=value)):
            return value_of(value, names).lower()
        case ast.IfExp():
            return value_of(node.body if value_of(node.test, names) else node.orelse, names)
        case ast.BoolOp():
            values = [value_of(value, names) for value in node.values]
            return all(values) if isinstance(node.op, ast.And) else any(values)
        case ast.Compare():
            values = [value_of(value, names) for value in [node.left, *node.comparators]]
            return all(compared(*it) for it in zip(node.ops, values, values[1:]))
        case ast.Tuple() | ast.List():
            return [value_of(item, names) for item in node.elts]
        case _:
            return python(node, names)


def compared(operator: ast.AST, left, right) -> bool:
    match operator:
        case ast.Eq():
            return left == right
        case ast.NotEq():
            return left != right
        case ast.In():
            return left in right
        case _:
            raise Unknown


def test(function: ast.FunctionDef, names: dict) -> Iterator[Case]:
    parameters: list[list[dict]] = []
    try:
        for decorator in function.decorator_list:
            if isinstance(decorator, ast.Call) and getattr(decorator.func, "attr", "") == "parametrize":
                parameters.append(rows(decorator, names))
    except (Unknown, TypeError, AttributeError):
        return
    stem = f"aiohttp/{slug(function.name.removeprefix('test_'))}"
    if any(word in function.name for word in BODY) and "_te_" not in function.name:
        return
    for number, row in enumerate(itertools.product(*reversed(parameters))):
        local = dict(names)
        for values in row:
            local |= values
        try:
            yield from follow(stem if not parameters else f"{stem}/{number:02}", function, local)
        except (Unknown, Stop, TypeError, ValueError, AttributeError, UnicodeError):
            continue


def rows(decorator: ast.Call, names: dict) -> list[dict]:
    keys, values = (value_of(argument, names) for argument in decorator.args)
    keys = [key.strip() for key in keys.split(",")] if isinstance(keys, str) else keys
    return [dict(zip(keys, value if len(keys) > 1 else [value])) for value in values]


def follow(name: str, function: ast.FunctionDef, names: dict) -> Iterator[Case]:
    fed: list[tuple[str, bytes]] = []
    refused = False
    said: str | None = None
    checks: list[ast.Compare] = []
    # A parser that the test makes itself.
    kinds = dict(KINDS)

    def run(body: list[ast.stmt]) -> None:
        nonlocal refused, said
        for statement in body:
            match statement:
                case ast.Assign(value=ast.Call(func=ast.Name(id=made))) if "Parser" in made:
                    kinds[statement.targets[0].id] = "response" if "Response" in made else "request"
                case ast.Assign(targets=[ast.Name(id=target)]):
                    feeds(statement)
                    try:
                        names[target] = value_of(statement.value, names)
                    except (Unknown, AttributeError):
                        names.pop(target, None)
                case ast.Assign(targets=[ast.Tuple(elts=targets)], value=value) if not fed_in(statement):
                    assign(targets, value)
                case ast.If():
                    run(statement.body if value_of(statement.test, names) else statement.orelse)
                case ast.With(items=[item]):
                    kind, before = value_of(item.context_expr, names), len(fed)
                    run(statement.body)
                    if kind[0] == RAISES:
                        refused, said = len(fed) > before, kind[1]
                        raise End
                case ast.Assert(test=ast.Compare() as check):
                    checks.append(check)
                case ast.For() | ast.While() | ast.Try():
                    raise Stop
                case _:
                    feeds(statement)

    def assign(targets: list[ast.expr], value: ast.expr) -> None:
        try:
            items = value_of(value, names)
        except (Unknown, AttributeError):
            return
        for target, item in zip(targets, items):
            names[target.id] = item

    def feeds(statement: ast.stmt) -> None:
        for call in fed_in(statement):
            if isinstance(call.func.value, ast.Name) and call.func.value.id in kinds:
                fed.append((kinds[call.func.value.id], value_of(call.args[0], names)))

    # What is fed behind the end of the first head is not asked for.
    try:
        run(function.body)
    except End:
        pass
    except Unknown:
        if not fed or not head_ends(b"".join(data for _, data in fed)):
            raise
    if not fed:
        return
    kind, data = fed[0][0], b"".join(data for _, data in fed)
    head = head_of(data)
    coding = re.search(rb"\r\ntransfer-encoding: chunked\r\n", head, re.I)
    if refused and coding is not None and head != data and b"content-length" not in head.lower():
        yield Case(name, kind, head, "accept", note="refused behind the head")
        yield Case(name, "chunked", data[len(head) :], "reject")
    elif refused and "after_close" not in function.name:
        yield Case(name, kind, head, "reject", note=said)
    else:
        result = Case(name, kind, head, "accept" if head_ends(data) else "partial")
        for check in checks:
            note(result, check)
        yield result


def fed_in(statement: ast.stmt) -> list[ast.Call]:
    return [node for node in ast.walk(statement)
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "feed_data"]


def note(result: Case, check: ast.Compare) -> None:
    """An assertion on the message: what its method, its fields and so on are."""
    match check:
        case ast.Compare(left=ast.Attribute(value=ast.Name(id="msg"), attr=attr), ops=[ast.Eq()], comparators=[value]):
            try:
                found = python(value, {})
            except Unknown:
                return
        case _:
            return
    match attr:
        case "method":
            result.method = found.encode()
        case "path":
            result.target = found.encode("utf-8", "surrogateescape")
        case "version":
            result.version = ".".join(str(part) for part in found)
        case "code":
            result.status = found
        case "reason":
            result.reason = found.encode("utf-8", "surrogateescape")
        case "raw_headers":
            result.fields = [tuple(line) for line in found]
