//! Criterion over the jobs of `switchover_benches::receive`.

fn main() {
    switchover_benches::criterion(switchover_benches::receive::groups());
}
