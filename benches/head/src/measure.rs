//! Rounds in which the libraries take turns, and the table of what they took.

use crate::{Group, Lane};
use std::{
    hint::black_box,
    time::{Duration, Instant},
};

/// Rounds a group, where a run takes microseconds.
pub const ROUNDS: usize = 301;

/// How long one lane runs in one round, about.
const TURN: Duration = Duration::from_micros(400);

/// The same where the predictor forgets between runs, which takes some twenty times as long.
const COLD_TURN: Duration = Duration::from_micros(60);

/// Nanoseconds that a lane takes to do its job once.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// The median of the rounds.
    pub median: f64,
    /// The fastest round.
    pub least: f64,
}

/// Measures the groups that the process's arguments choose, all without any, and prints a line for each of our lanes:
/// the ratio of the medians to the best peer, and to each peer those of the medians and of the fastest rounds.
pub fn table(groups: impl Iterator<Item = Group>, rounds: usize) {
    let chosen: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-') && argument != "backends").collect();
    println!("| job | lane | ratio | best peer | ns | to each peer: medians (fastest rounds) |");
    println!("|---|---|--:|---|--:|---|");
    for mut group in groups {
        if chosen.is_empty() || chosen.iter().any(|part| group.name.contains(part)) {
            group.check();
            report(&mut group, rounds);
        }
    }
}

fn report(group: &mut Group, rounds: usize) {
    let times = measure(group, rounds);
    let (ours, peers): (Vec<_>, Vec<_>) = group.lanes.iter().zip(&times).partition(|(lane, _)| lane.is_ours());
    let Some((best, best_times)) = peers.iter().min_by(|a, b| a.1.median.total_cmp(&b.1.median)) else {
        return;
    };
    for (lane, Times { median, least }) in ours {
        let ratios: Vec<String> = peers
            .iter()
            .map(|(peer, times)| format!("{} {:.2} ({:.2})", peer.library, median / times.median, least / times.least))
            .collect();
        println!(
            "| {} | {} | {:.2} | {} | {median:.1} | {} |",
            group.name,
            lane.library,
            median / best_times.median,
            best.library,
            ratios.join(", ")
        );
    }
    let peers: Vec<String> =
        peers.iter().map(|(lane, times)| format!("{} {:.1}", lane.library, times.median)).collect();
    eprintln!("{}: {}", group.name, peers.join(", "));
}

/// What each lane takes, in the order of the lanes.
pub fn measure(group: &mut Group, rounds: usize) -> Vec<Times> {
    let Group { times, lanes, cold, .. } = group;
    let mut taken = vec![Vec::with_capacity(rounds); lanes.len()];
    let runs: Vec<u32> = lanes.iter_mut().map(|lane| runs_in_a_turn(lane, *cold)).collect();
    for round in 0..rounds {
        for turn in 0..lanes.len() {
            // Another one begins every round, so that none is always behind the same neighbour.
            let number = (turn + round) % lanes.len();
            let runs = runs[number];
            let turn = time(&mut lanes[number], runs, *cold);
            taken[number].push(turn.as_nanos() as f64 / f64::from(runs) / *times as f64);
        }
    }
    taken.iter_mut().map(|times| summary(times)).collect()
}

/// How long the runs of a lane take, without what is done between them.
pub fn time(lane: &mut Lane, runs: u32, cold: bool) -> Duration {
    if cold {
        return (0..runs).map(|number| cold_run(lane, number)).sum();
    }
    let start = Instant::now();
    for _ in 0..runs {
        black_box(lane.run());
    }
    start.elapsed()
}

fn cold_run(lane: &mut Lane, number: u32) -> Duration {
    black_box(forget(number));
    let start = Instant::now();
    black_box(lane.run());
    start.elapsed()
}

/// How many runs fill a turn, at least one.
fn runs_in_a_turn(lane: &mut Lane, cold: bool) -> u32 {
    let turn = if cold { COLD_TURN } else { TURN };
    let mut taken = Duration::ZERO;
    let mut runs = 0;
    while taken < turn {
        taken += time(lane, 1, cold);
        runs += 1;
    }
    runs
}

fn summary(times: &mut [f64]) -> Times {
    times.sort_unstable_by(f64::total_cmp);
    Times { median: times[times.len() / 2], least: times[0] }
}

/// Branches that have nothing to do with any job, and go either way at random: the branch predictor learns them in place of
/// what it knew. An interpreter of random operations, since a predictor tells branches apart by those before.
fn forget(seed: u32) -> u64 {
    let mut random = u64::from(seed);
    let mut value = 0u64;
    for _ in 0..FORGOTTEN {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let bits = (random >> 32) ^ (random >> 47);
        macro_rules! operations {
            ($($number:literal)*) => {
                match bits & 15 {
                    $($number => {
                        // Each a branch of its own: `black_box` keeps it from becoming arithmetic.
                        if bits & 16 != 0 { value ^= black_box($number); }
                        if bits & 32 != 0 { value = value.rotate_left(black_box($number)); }
                        if bits & 64 != 0 { value = value.wrapping_add(black_box($number)); }
                        if bits & 128 != 0 { value ^= black_box(value) >> $number; }
                    })*
                    _ => value = black_box(!value),
                }
            };
        }
        operations!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14);
    }
    value
}

/// Operations that make a predictor forget.
const FORGOTTEN: u32 = 2_000;
