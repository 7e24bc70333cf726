//! The example runs, and asserts what it answers.

#[path = "../../examples/no_alloc_loop.rs"]
mod example;

#[test]
fn the_no_alloc_loop_works_with_any_receive_buffer() {
    example::main();
}
