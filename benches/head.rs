//! Criterion over the jobs of `switchover_benches::head`.

fn main() {
    switchover_benches::criterion(switchover_benches::head::groups());
}
