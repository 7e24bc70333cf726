//! The heads' part of the tables of `docs/performance.md`, built in seconds. Arguments choose jobs by a part of their name
//! (`warm`, `mixed`, `cold`, `Chrome`); `backends` gives a lane to each backend.

use switchover_benches_head::{head, measure};

fn main() {
    if std::env::args().any(|argument| argument == "backends") {
        measure::table(head::groups_by_backend(), measure::ROUNDS);
    } else {
        measure::table(head::groups(), measure::ROUNDS);
    }
}
