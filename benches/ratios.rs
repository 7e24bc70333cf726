//! The table of `docs/performance.md`: every job in rounds in which the libraries take turns, medians of many rounds, and the
//! ratio to the best peer of the same rounds. Arguments choose jobs by a part of their name.

use std::time::{Duration, Instant};
use switchover_benches::{Group, Lane, accept, head, mask, receive, send};

/// Rounds a group.
const ROUNDS: usize = 31;

/// How long one lane runs in one round, about.
const TURN: Duration = Duration::from_micros(400);

fn main() {
    let chosen: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    println!("| job | lane | ratio | best peer | ns |");
    println!("|---|---|--:|---|--:|");
    for mut group in
        head::groups().chain(mask::groups()).chain(receive::groups()).chain(send::groups()).chain(accept::groups())
    {
        if chosen.is_empty() || chosen.iter().any(|part| group.name.contains(part)) {
            group.check();
            report(&mut group);
        }
    }
}

/// Prints a line for each of our lanes, and what all the peers took.
fn report(group: &mut Group) {
    let times: Vec<f64> = measure(group);
    let lanes = || group.lanes.iter().zip(&times);
    let Some((best, best_time)) = lanes().filter(|(lane, _)| !lane.is_ours()).min_by(|a, b| a.1.total_cmp(b.1)) else {
        return;
    };
    for (lane, time) in lanes().filter(|(lane, _)| lane.is_ours()) {
        println!("| {} | {} | {:.2} | {} | {time:.1} |", group.name, lane.library, time / best_time, best.library);
    }
    let peers: Vec<String> =
        lanes().filter(|(lane, _)| !lane.is_ours()).map(|(lane, time)| format!("{} {time:.1}", lane.library)).collect();
    eprintln!("{}: {}", group.name, peers.join(", "));
}

/// Nanoseconds that each lane takes to do the job once: the median of the rounds.
fn measure(group: &mut Group) -> Vec<f64> {
    let mut rounds = vec![Vec::with_capacity(ROUNDS); group.lanes.len()];
    let runs: Vec<u32> = group.lanes.iter_mut().map(runs_in_a_turn).collect();
    for round in 0..ROUNDS {
        for turn in 0..group.lanes.len() {
            // Another one begins every round, so that none is always behind the same neighbour.
            let number = (turn + round) % group.lanes.len();
            let lane = &mut group.lanes[number];
            rounds[number].push(time(runs[number], || lane.run()) / group.times as f64);
        }
    }
    rounds.iter_mut().map(|times| median(times)).collect()
}

/// How many runs fill a turn, at least one.
fn runs_in_a_turn(lane: &mut Lane) -> u32 {
    let start = Instant::now();
    let mut runs = 0;
    while start.elapsed() < TURN {
        std::hint::black_box(lane.run());
        runs += 1;
    }
    runs
}

/// Nanoseconds a run.
fn time(runs: u32, mut run: impl FnMut() -> u64) -> f64 {
    let start = Instant::now();
    for _ in 0..runs {
        std::hint::black_box(run());
    }
    start.elapsed().as_nanos() as f64 / f64::from(runs)
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times[times.len() / 2]
}
