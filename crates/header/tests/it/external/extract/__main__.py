"""Makes the data files beside this folder out of the public packages they come from.

    python3 extract --download PACKAGES   # by pip and cargo, into the folder PACKAGES
    python3 extract PACKAGES RFCS         # RFCS has rfc9110.txt and rfc9112.txt

Python 3.11 or later, its standard library alone. The same packages give the same files, byte for
byte. Nothing of a package is run: its tests are read as text.
"""

import subprocess
import sys
import tarfile
from collections import Counter
from pathlib import Path

import aiohttp
import c_sources
import llhttp
import python_sources
import rust_sources
import texts
from case import LONGEST, Case

PYPI = {"aiohttp": "3.14.5", "gunicorn": "27.0.1", "h11": "0.16.0", "httptools": "0.9.0", "tornado": "6.6.1"}
CRATES = {"actix-http": "3.20.0", "httparse": "1.10.1", "hyper": "1.12.0", "picohttpparser-sys": "1.0.0"}

# In this order: of two cases that are the same bytes, the first one is kept. Each source has the function that reads
# it, where it is in the packages, what its files say of it, and whether field names keep their case there.
SOURCES = [
    ("llhttp", llhttp.cases, "pypi/aiohttp-{aiohttp}/vendor/llhttp/test",
     "llhttp 9.4.2, in PyPI: aiohttp {aiohttp} (MIT). Its strict mode.", "exact"),
    ("http-parser", c_sources.http_parser, "pypi/httptools-{httptools}/vendor/http-parser",
     "http-parser 2.9.4, in PyPI: httptools {httptools} (MIT). Its strict mode.", "exact"),
    ("picohttpparser", c_sources.picohttpparser, "crates/picohttpparser-sys-{picohttpparser-sys}/deps/picohttpparser",
     "picohttpparser, in crate picohttpparser-sys {picohttpparser-sys} (MIT or Perl).", "exact"),
    ("httparse", rust_sources.httparse, "crates/httparse-{httparse}",
     "Crate httparse {httparse} (MIT or Apache-2.0).", "exact"),
    ("hyper", rust_sources.hyper, "crates/hyper-{hyper}", "Crate hyper {hyper} (MIT).", "exact"),
    ("actix-http", rust_sources.actix_http, "crates/actix-http-{actix-http}",
     "Crate actix-http {actix-http} (MIT or Apache-2.0).", "exact"),
    ("gunicorn", python_sources.gunicorn, "pypi/gunicorn-{gunicorn}", "PyPI: gunicorn {gunicorn} (MIT).", "any-case"),
    ("h11", python_sources.h11, "pypi/h11-{h11}", "PyPI: h11 {h11} (MIT).", "any-case"),
    ("tornado", python_sources.tornado, "pypi/tornado-{tornado}", "PyPI: tornado {tornado} (Apache-2.0).", "any-case"),
    ("aiohttp", aiohttp.cases, "pypi/aiohttp-{aiohttp}", "PyPI: aiohttp {aiohttp} (Apache-2.0).", "exact"),
    ("rfc", texts.rfc, None, "Examples in the text of RFC 9110 and RFC 9112.", "exact"),
    ("wpt", texts.wpt, None, "The rules of WPT's fetch/h1-parsing and fetch/content-length, restated.", "exact"),
]


def main() -> None:
    if sys.argv[1] == "--download":
        download(Path(sys.argv[2]))
        return
    packages, rfcs = Path(sys.argv[1]), Path(sys.argv[2])
    folder = Path(__file__).parent.parent
    seen: dict[tuple, Case] = {}
    for name, read, place, origin, case in SOURCES:
        kept: dict[str, list[Case]] = {"heads": [], "chunked": []}
        said = Counter()
        names = Counter()
        root = rfcs if place is None else packages / place.format(**PYPI, **CRATES)
        for found in read(root):
            if len(found.data) > LONGEST:
                said["too long"] += 1
            elif found.key() in seen:
                said["seen before"] += 1
            else:
                seen[found.key()] = found
                names[found.kind, found.name] += 1
                if (count := names[found.kind, found.name]) > 1:
                    found.name += f"-{count}"
                kept["chunked" if found.kind == "chunked" else "heads"].append(found)
        for kind, cases in kept.items():
            path = folder / kind / f"{name}.txt"
            path.unlink(missing_ok=True)
            if cases:
                path.parent.mkdir(exist_ok=True)
                path.write_text(header(origin, case) + "\n".join(one.text() for one in cases), encoding="ascii")
                said[kind] = len(cases)
        print(f"{name}: " + ", ".join(f"{count} {what}" for what, count in sorted(said.items())))


def header(origin: str, case: str) -> str:
    origin = origin.format(**PYPI, **CRATES)
    return f"# {origin}\n# Made by extract; the licence is in LICENSES.md.\nnames {case}\n\n"


def download(packages: Path) -> None:
    """By pip and cargo; cargo brings what the crates depend on as well."""
    pypi = packages / "pypi"
    pypi.mkdir(parents=True, exist_ok=True)
    for name, version in PYPI.items():
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", name, f"{name}=={version}"]
        subprocess.run(command, cwd=pypi, check=True)
        with tarfile.open(pypi / f"{name}-{version}.tar.gz") as archive:
            archive.extractall(pypi, filter="data")
    lines = [f'{name} = "={version}"' for name, version in CRATES.items()]
    manifest = '[package]\nname = "packages"\nversion = "0.0.0"\nedition = "2021"\n[dependencies]\n'
    (packages / "src").mkdir(exist_ok=True)
    (packages / "src/lib.rs").touch()
    (packages / "Cargo.toml").write_text(manifest + "\n".join(lines) + "\n")
    command = ["cargo", "vendor", "--quiet", "--versioned-dirs", "crates"]
    subprocess.run(command, cwd=packages, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
