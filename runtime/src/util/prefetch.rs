//! **How is memory there before it is needed?** The processor is told of it while there
//! is something else to do. With a thousand connections, what belongs to one of them has
//! left the caches by the time its next message comes, and to wait for that took longer
//! than the hundreds of instructions that kolo spends on a message.
//!
//! A hint and no more: it reads nothing that the program could see, and nothing happens
//! where the address is bad. Only x86-64 is told: for others Rust has no stable name for
//! it, or they were not measured.

/// What a hint is about: a cache line, on the processors that are told.
#[cfg(target_arch = "x86_64")]
const LINE: usize = 64;

/// The `lines` cache lines from there on will be needed soon.
#[inline]
pub(crate) fn prefetch<T>(from: *const T, lines: usize) {
    #[cfg(target_arch = "x86_64")]
    for line in 0..lines {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a hint, valid for any address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(from.cast::<i8>().wrapping_add(line * LINE)) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (from, lines);
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::ptr;

    use super::*;

    #[test]
    fn any_address_will_do() {
        prefetch(ptr::null::<u8>(), 3);
        prefetch(ptr::dangling::<u64>(), 1);
        prefetch(ptr::without_provenance::<u8>(usize::MAX), 2);
    }
}
