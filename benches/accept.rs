//! Criterion over the jobs of `switchover_benches::accept`.

fn main() {
    switchover_benches::criterion(switchover_benches::accept::groups());
}
