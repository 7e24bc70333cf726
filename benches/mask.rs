//! Criterion over the jobs of `switchover_benches::mask`.

fn main() {
    switchover_benches::criterion(switchover_benches::mask::groups());
}
