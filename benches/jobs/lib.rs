//! Jobs that this project and its peers do on the same bytes, for criterion and for a table of ratios.
//!
//! Each job is a [`Group`] of [`Lane`]s: one library each, by the fastest public API that it has for the job, over memory in
//! the place of a socket. All lanes of a group copy what a socket would have copied, and no more.

pub mod accept;
pub mod mask;
pub mod receive;
pub mod send;

mod io;

use criterion::{Criterion, Throughput};
use switchover_benches_head::corpus;

pub use switchover_benches_head::{Group, Lane, head};

/// Runs the groups as criterion benches, but the cold ones: criterion counts no more than it measures.
pub fn criterion(groups: impl Iterator<Item = Group>) {
    let mut criterion = Criterion::default().configure_from_args();
    for mut group in groups.filter(|group| !group.cold) {
        group.check();
        let mut bench = criterion.benchmark_group(&group.name);
        bench.throughput(Throughput::Elements(group.times));
        for lane in &mut group.lanes {
            bench.bench_function(lane.library, |bencher| bencher.iter(|| lane.run()));
        }
        bench.finish();
    }
    criterion.final_summary();
}

/// `16 B`, `1 KiB`, `1 MiB`.
fn size(bytes: usize) -> String {
    match bytes {
        ..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KiB", bytes >> 10),
        _ => format!("{} MiB", bytes >> 20),
    }
}
