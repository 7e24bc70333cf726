#!/usr/bin/env bash
# Scanning a head is linear work however its bytes arrive: counts instructions for heads of n, 2n and 4n bytes, prints what
# they cost next to httparse, and fails where ours grows by more than MOST for a doubling. Needs valgrind.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

GUNGRAUN=0.20.0 # that of benches/counts/Cargo.toml
MOST=2.1

[ "$(gungraun-runner --version 2>/dev/null)" = "gungraun-runner $GUNGRAUN" ] ||
    cargo install --quiet --locked gungraun-runner --version "$GUNGRAUN"
judge=$(
    cat <<'PYTHON'
import json, re, sys

most = float(sys.argv[1])
counts = {}  # of instructions, by (who and way, shape, bytes)
for line in sys.stdin:
    run = json.loads(line)
    shape, size = re.fullmatch(r"\((\w+)\(([\d_]+)\)\)", run["description"]).groups()
    [profile] = run["profiles"]
    counts[run["function_name"], shape, int(size)] = profile["data"]["total"]["metrics"]["Ir"]["values"]["new"]

series = {}
for (name, shape, size), count in sorted(counts.items()):
    series.setdefault((name, shape), []).append((size, count))
print(f"{'instructions':<18} {'head of':<8} {'n':>11} {'2n':>11} {'4n':>11}   growth")
growth = []
for (name, shape), points in series.items():
    [(n, a), (twice, b), (four_times, c)] = points
    assert (twice, four_times) == (2 * n, 4 * n), points
    print(f"{name:<18} {shape:<8} {a:>11,} {b:>11,} {c:>11,}   {b / a:.2f}, {c / b:.2f}   n = {n:,}")
    if name in ("ours_bytewise", "ours_by_64"):
        growth.append((b / a, c / b))
first, second = (max(column) for column in zip(*growth))

print(f"{'a head of 10,000 bytes':<24} {'ours':>11} {'httparse':>11}   ratio")
for way in ("bytewise", "by_64", "whole"):
    ours, httparse = (counts[f"{who}_{way}", "lines", 10_000] for who in ("ours", "httparse"))
    print(f"{way:<24} {ours:>11,} {httparse:>11,}   {ours / httparse:.3f}")

print(f"{len(counts)} counts, growth {first:.2f}, {second:.2f} (at most {most})")
sys.exit(max(first, second) > most)
PYTHON
)

cargo bench --quiet --locked --package switchover-benches-counts --bench linear -- --output-format=json |
    python3 -c "$judge" "$MOST"
