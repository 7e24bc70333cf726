//! The table of `docs/performance.md`: every job in rounds in which the libraries take turns, medians of many rounds, and the
//! ratio to the best peer of the same rounds. Arguments choose jobs by a part of their name.

use switchover_benches::{accept, head, mask, receive, send};
use switchover_benches_head::measure;

fn main() {
    let groups =
        head::groups().chain(mask::groups()).chain(receive::groups()).chain(send::groups()).chain(accept::groups());
    measure::table(groups, ROUNDS);
}

/// Rounds a group: some jobs take milliseconds.
const ROUNDS: usize = 31;
