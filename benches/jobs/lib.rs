//! Jobs that this project and its peers do on the same bytes, for criterion and for a table of ratios.
//!
//! Each job is a [`Group`] of [`Lane`]s: one library each, by the fastest public API that it has for the job, over memory in
//! the place of a socket. All lanes of a group copy what a socket would have copied, and no more.

pub mod accept;
pub mod head;
pub mod mask;
pub mod receive;
pub mod send;

mod io;

use criterion::{Criterion, Throughput};

/// One job, done by several libraries.
pub struct Group {
    /// What is done, with its size.
    pub name: String,
    /// How often one run of a lane does it.
    pub times: u64,
    /// The libraries.
    pub lanes: Vec<Lane>,
}

/// One library at one job.
pub struct Lane {
    /// Its name; this project's begin with [`OURS`].
    pub library: &'static str,
    run: Box<dyn FnMut() -> u64>,
}

/// What the names of this project's lanes begin with.
pub const OURS: &str = "switchover";

impl Lane {
    /// A library whose `run` does the job as often as its group says, and gives the bytes that it has seen, which are the
    /// same for all lanes of a group.
    pub fn new(library: &'static str, run: impl FnMut() -> u64 + 'static) -> Self {
        Self { library, run: Box::new(run) }
    }

    /// Does the job once or more often, as the group says.
    pub fn run(&mut self) -> u64 {
        (self.run)()
    }

    /// Whether this is the project's own.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.library.starts_with(OURS)
    }
}

impl Group {
    /// Checks that all lanes do the same.
    ///
    /// # Panics
    /// Where one does not.
    pub fn check(&mut self) {
        for turn in 0..3 {
            let seen: Vec<u64> = self.lanes.iter_mut().map(Lane::run).collect();
            assert!(seen.iter().all(|bytes| *bytes == seen[0]), "{}, turn {turn}: {seen:?}", self.name);
        }
    }
}

/// Runs the groups as criterion benches.
pub fn criterion(groups: impl Iterator<Item = Group>) {
    let mut criterion = Criterion::default().configure_from_args();
    for mut group in groups {
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
