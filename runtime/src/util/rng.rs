//! **Where does a loop get its random numbers?** From a xorshift of its own:
//! fairness needs dice, not secrets.
//!
//! [`FastRand`] is Marsaglia's xorshift64* with the multiply of Vigna (2016).
//! Each thread has one for `select!`; a seed makes a run repeatable.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

/// One xorshift64* generator.
#[derive(Clone, Debug)]
pub(crate) struct FastRand(u64);

impl FastRand {
    pub(crate) const fn from_seed(seed: u64) -> Self {
        // Zero is the one state that a xorshift never leaves.
        Self(if seed == 0 {
            0x9E37_79B9_7F4A_7C15
        } else {
            seed
        })
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number in `0..n`, by Lemire's multiply instead of a division.
    pub(crate) fn below(&mut self, n: u32) -> u32 {
        let high = self.next() >> 32;
        ((high * u64::from(n)) >> 32) as u32
    }
}

/// A seed that differs between runs, from std's hash keys.
pub(crate) fn fresh_seed() -> u64 {
    RandomState::new().hash_one(0u8)
}

thread_local! {
    /// 0 means "not seeded yet".
    static RNG: Cell<u64> = const { Cell::new(0) };
}

/// A number in `0..n` from this thread's generator.
pub(crate) fn thread_below(n: u32) -> u32 {
    RNG.with(|cell| {
        let state = cell.get();
        let mut rng = FastRand::from_seed(if state == 0 { fresh_seed() } else { state });
        let drawn = rng.below(n);
        cell.set(rng.0);
        drawn
    })
}

/// Seeds this thread's generator; returns the state to put back later.
#[cfg(all(test, not(loom)))]
pub(crate) fn reseed_thread(state: u64) -> u64 {
    RNG.with(|cell| cell.replace(state))
}
