"""One case, and the text it is written as."""

from dataclasses import dataclass

LONGEST = 2_000


@dataclass
class Case:
    """What a source says of some bytes. `None` is what it does not say."""

    name: str
    kind: str  # request, response or chunked
    data: bytes
    verdict: str  # accept, reject or partial
    note: str | None = None
    asked: str | None = None  # the method that a response answers
    method: bytes | None = None
    target: bytes | None = None
    status: int | None = None
    reason: bytes | None = None
    version: str | None = None
    fields: list[tuple[bytes, bytes]] | None = None
    framing: str | None = None  # none, length N, chunked or close
    consumed: int | None = None
    body: bytes | None = None  # of a chunked case

    def key(self) -> tuple:
        """Two cases with the same key are one."""
        return (self.kind, self.data, self.asked)

    def text(self) -> str:
        lines = [f"case {self.name}", self.kind]
        lines += [f"| {line}" for line in broken(self.data)]
        lines.append(self.verdict)
        if self.note is not None:
            lines.append(f"note {escaped(self.note.encode())}")
        if self.verdict == "accept":
            lines += self.found()
        elif self.asked is not None:
            lines.append(f"asked {self.asked}")
        return "\n".join(lines) + "\n"

    def found(self) -> list[str]:
        lines = []
        for word in ["asked", "status", "version", "framing", "consumed"]:
            if (value := getattr(self, word)) is not None:
                lines.append(f"{word} {value}")
        for word in ["method", "target", "reason", "body"]:
            if (value := getattr(self, word)) is not None:
                lines.append(f"{word} {escaped(value)}".rstrip())
        if self.fields is not None:
            lines.append(f"fields {len(self.fields)}")
            lines += [f"field {escaped(name)}: {escaped(value)}".rstrip() for name, value in self.fields]
        return lines


def escaped(data: bytes) -> str:
    """Printable ASCII as it is, all else as an escape; no space at the end."""
    simple = {0x0D: "\\r", 0x0A: "\\n", 0x09: "\\t", 0x5C: "\\\\"}
    text = "".join(simple.get(byte) or (chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02X}") for byte in data)
    return text[:-1] + "\\x20" if text.endswith(" ") else text


def broken(data: bytes) -> list[str]:
    """The bytes as lines of text, each to be read without anything between."""
    lines = [escaped(line + b"\n") for line in data.split(b"\n")]
    lines[-1] = escaped(data.split(b"\n")[-1])
    return lines if lines[-1] else lines[:-1]


def head_of(data: bytes) -> bytes:
    """The bytes up to the first empty line behind a line, or all of them."""
    start = len(data) - len(data.lstrip(b"\r\n"))
    ends = [at + len(end) for end in [b"\r\n\r\n", b"\n\n", b"\n\r\n"] if (at := data.find(end, start)) >= 0]
    return data[: min(ends)] if ends else data


def head_ends(data: bytes) -> bool:
    return head_of(data) != data or data.endswith((b"\r\n\r\n", b"\n\n", b"\n\r\n"))
