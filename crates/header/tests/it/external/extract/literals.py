"""String literals of C, Rust and Python, and the expressions they stand in."""

import ast
import re

SIMPLE = {"n": b"\n", "r": b"\r", "t": b"\t", "0": b"\0", "\\": b"\\", '"': b'"', "'": b"'", "f": b"\f", "v": b"\v",
          "b": b"\b", "a": b"\a"}


def rust(text: str) -> bytes:
    """The inside of a Rust string or byte string literal."""
    text = re.sub(r"\\\n\s*", "", text)
    return re.sub(
        rb'\\(x[0-9A-Fa-f]{2}|u\{[0-9A-Fa-f]+\}|.)',
        lambda found: rust_escape(found[1].decode()),
        text.encode(),
        flags=re.S,
    )


def rust_escape(escape: str) -> bytes:
    if escape[0] == "x":
        return bytes([int(escape[1:], 16)])
    if escape[0] == "u":
        return chr(int(escape[2:-1], 16)).encode()
    return SIMPLE[escape]


def c(text: str) -> bytes:
    """The inside of one C string literal."""
    return re.sub(rb"\\([0-7]{1,3}|x[0-9A-Fa-f]+|.)", lambda found: c_escape(found[1].decode()), text.encode())


def c_escape(escape: str) -> bytes:
    if escape[0] in "01234567":
        return bytes([int(escape, 8) & 0xFF])
    if escape[0] == "x":
        return bytes([int(escape[1:], 16) & 0xFF])
    return SIMPLE[escape]


C_STRING = r'"((?:[^"\\\n]|\\.)*)"'
RUST_STRING = r'b?"((?:[^"\\]|\\[\s\S])*)"'


def c_strings(text: str) -> bytes:
    """Adjacent C literals, joined, whatever comments stand between them."""
    text = re.sub(r'("(?:[^"\\\n]|\\.)*")|/\*.*?\*/|//[^\n]*', lambda found: found[1] or "", text, flags=re.S)
    return b"".join(c(literal) for literal in re.findall(C_STRING, text))


def without_comments(text: str) -> str:
    """C or Rust source without its comments."""
    literal = r'("(?:[^"\\]|\\.)*")'
    return re.sub(literal + r"|/\*.*?\*/|//[^\n]*", lambda found: found[1] or "", text, flags=re.S)


class Unknown(Exception):
    """An expression that cannot be told without running the program it is in."""


def python(node: ast.AST, names: dict):
    """The value of a Python expression of literals, or `Unknown`."""
    match node:
        case ast.Constant():
            return node.value
        case ast.Name() if node.id in names:
            return names[node.id]
        case ast.Tuple() | ast.List():
            return [python(item, names) for item in node.elts]
        case ast.BinOp(op=ast.Add()):
            left, right = python(node.left, names), python(node.right, names)
            if type(left) is not type(right):
                raise Unknown
            return left + right
        case ast.BinOp(op=ast.Mult()):
            left, right = python(node.left, names), python(node.right, names)
            if not (isinstance(left, int) or isinstance(right, int)):
                raise Unknown
            return left * right
        case ast.BinOp(op=ast.Mod()):
            value = python(node.right, names)
            return python(node.left, names) % (tuple(value) if isinstance(value, list) else value)
        case ast.JoinedStr():
            return "".join(joined(part, names) for part in node.values)
        case ast.Call(func=ast.Attribute(attr="encode" | "decode" as attr, value=value)):
            arguments = [python(argument, names) for argument in node.args]
            text = python(value, names)
            if not isinstance(text, str if attr == "encode" else bytes):
                raise Unknown
            return getattr(text, attr)(*arguments)
        case ast.Call(func=ast.Attribute(attr="format", value=value), keywords=[]):
            return python(value, names).format(*[python(argument, names) for argument in node.args])
        case ast.Call(func=ast.Attribute(attr="join", value=value), args=[items]):
            return python(value, names).join(python(items, names))
        case ast.Call(func=ast.Name(id=function)) if callable(names.get(function)):
            keywords = {keyword.arg: python(keyword.value, names) for keyword in node.keywords}
            return names[function](*[python(argument, names) for argument in node.args], **keywords)
        case _:
            raise Unknown


def joined(part: ast.AST, names: dict) -> str:
    match part:
        case ast.Constant():
            return part.value
        case ast.FormattedValue(conversion=-1, format_spec=None):
            return str(python(part.value, names))
        case _:
            raise Unknown
