//! **The floor of bytes per parked task**: the future in a `Box`, which malloc
//! rounds up.

use crate::alloc::live_bytes_of;

/// Bytes per boxed future of `WORDS` words, besides the words.
pub(super) fn bytes_per_box<const WORDS: usize>(tasks: u64) -> f64 {
    let mut boxes = Vec::with_capacity(tasks as usize);
    let live = live_bytes_of(|| {
        for i in 0..tasks {
            boxes.push(Box::new([i; WORDS]));
        }
    });
    live as f64 / tasks as f64 - (WORDS * 8) as f64
}
