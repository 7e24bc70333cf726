//! Criterion over the jobs of `switchover_benches::send`.

fn main() {
    switchover_benches::criterion(switchover_benches::send::groups());
}
