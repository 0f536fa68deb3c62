//! **Which times does a file bear?** Those that [`File::set_times`] writes.
//!
//! [`File::set_times`]: super::File::set_times

use std::time::SystemTime;

/// Times to give to a file by [`File::set_times`](super::File::set_times); what is not set stays.
#[derive(Clone, Debug, Default)]
#[must_use = "must be applied to a file via `File::set_times` to have any effect"]
pub struct FileTimes {
    std: std::fs::FileTimes,
}

impl FileTimes {
    /// Changes nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// When it was last read.
    pub fn set_accessed(self, t: SystemTime) -> Self {
        Self {
            std: self.std.set_accessed(t),
        }
    }

    /// When it was last written.
    pub fn set_modified(self, t: SystemTime) -> Self {
        Self {
            std: self.std.set_modified(t),
        }
    }

    pub(super) fn into_std(self) -> std::fs::FileTimes {
        self.std
    }
}
