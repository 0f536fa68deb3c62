//! Does the counting allocator count what malloc gives? Alone in its process:
//! the counter is the process's.

use std::hint::black_box;

use kolo_benches::alloc::{CountingAlloc, live_bytes_of};

#[global_allocator]
static COUNTED: CountingAlloc = CountingAlloc;

#[test]
fn what_is_kept_is_counted_as_malloc_rounds_it() {
    let mut kept: Vec<Box<[u8]>> = Vec::with_capacity(1000);
    let live = live_bytes_of(|| {
        for _ in 0..1000 {
            kept.push(vec![1; 100].into());
            drop(black_box(vec![1u8; 5000]));
        }
    });
    assert_eq!(live, 1000 * 104, "glibc gives 104 bytes for 100");

    let live = live_bytes_of(|| kept.clear());
    assert_eq!(live, -1000 * 104);

    let mut grown = vec![1u8; 24];
    let live = live_bytes_of(|| grown.resize(1000, 1));
    assert_eq!(live, 1000 - 24, "moved, not added");
}
