//! Signals of the operating system, as something to await.
