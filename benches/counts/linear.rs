//! What a head costs that arrives byte by byte, in pieces of 64 bytes and whole, and what it costs when it gets twice and four
//! times as long. `benches/linear.sh` runs this and judges it.
#![allow(missing_docs, reason = "what gungraun's macros write has none")]

use gungraun::{Callgrind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main};
use switchover_benches_counts::{blank, httparse, lines, ours, target, value};

#[library_benchmark]
#[benches::lines(args = [2_500, 5_000, 10_000], setup = lines)]
#[benches::value(args = [2_500, 5_000, 10_000], setup = value)]
#[benches::blank(args = [2_500, 5_000, 10_000], setup = blank)]
#[benches::target(args = [2_000, 4_000, 8_000], setup = target)]
fn ours_bytewise(head: Vec<u8>) {
    ours(&head, 1);
}

#[library_benchmark]
#[benches::lines(args = [2_500, 5_000, 10_000], setup = lines)]
#[benches::value(args = [2_500, 5_000, 10_000], setup = value)]
#[benches::blank(args = [2_500, 5_000, 10_000], setup = blank)]
#[benches::target(args = [2_000, 4_000, 8_000], setup = target)]
fn ours_by_64(head: Vec<u8>) {
    ours(&head, 64);
}

#[library_benchmark]
#[benches::lines(args = [2_500, 5_000, 10_000], setup = lines)]
fn ours_whole(head: Vec<u8>) {
    ours(&head, head.len());
}

#[library_benchmark]
#[benches::lines(args = [2_500, 5_000, 10_000], setup = lines)]
fn httparse_bytewise(head: Vec<u8>) {
    httparse(&head, 1);
}

#[library_benchmark]
#[benches::lines(args = [2_500, 5_000, 10_000], setup = lines)]
fn httparse_by_64(head: Vec<u8>) {
    httparse(&head, 64);
}

#[library_benchmark]
#[benches::lines(args = [2_500, 5_000, 10_000], setup = lines)]
fn httparse_whole(head: Vec<u8>) {
    httparse(&head, head.len());
}

library_benchmark_group!(
    name = linear,
    benchmarks = [ours_bytewise, ours_by_64, ours_whole, httparse_bytewise, httparse_by_64, httparse_whole]
);

main!(
    config = LibraryBenchmarkConfig::default().tool(Callgrind::with_args(["--cache-sim=no"])),
    library_benchmark_groups = linear
);
