//! How jobs are measured, and the jobs that tokenize heads.
//!
//! A job is a [`Group`] of [`Lane`]s: one library each, by the fastest public API that it has for the job.

pub mod corpus;
pub mod head;
pub mod measure;

mod picohttpparser;

/// One job, done by several libraries.
pub struct Group {
    /// What is done, with its size.
    pub name: String,
    /// How often one run of a lane does it.
    pub times: u64,
    /// The libraries.
    pub lanes: Vec<Lane>,
    /// Whether the branch predictor forgets between two runs; that takes time which is not measured.
    pub cold: bool,
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
    /// A job whose runs follow one another.
    pub fn new(name: impl Into<String>, times: u64, lanes: Vec<Lane>) -> Self {
        Self { name: name.into(), times, lanes, cold: false }
    }

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
