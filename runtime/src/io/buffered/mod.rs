//! **How are many small reads and writes made few large ones?** By a buffer
//! between the program and the source.
//!
//! ```text
//!   program  <── lines, segments, bytes ──  BufReader  <── 8 KiB at a time ──  source
//!   program  ──  small writes  ──────────>  BufWriter  ──  full buffers  ───>  sink
//! ```
//!
//! Reads and writes that are as large as the buffer go around it. A `BufStream`
//! is one of each about one stream. What reads up to a delimiter works on anything
//! that lends its buffer ([`AsyncBufRead`](crate::io::AsyncBufRead)): it looks for
//! the delimiter in there, and takes only what comes before.
//!
//! The buffers take no unit of the cooperative budget; the source below them does.
//! So a unit buys up to a buffer of lines, not one line, as in tokio.
//!
//! Names and semantics are tokio's, and through it std's.
//!
//! Read next: `reader.rs`, then `read_until.rs`.

mod fill_buf;
mod lines;
mod read_ext;
mod read_line;
mod read_until;
mod reader;
#[cfg(all(test, not(loom)))]
mod script;
mod split;
mod stream;
mod writer;

pub use lines::Lines;
pub use read_ext::AsyncBufReadExt;
pub use reader::BufReader;
pub use split::Split;
pub use stream::BufStream;
pub use writer::BufWriter;

/// What a buffer holds unless its user says otherwise.
const CAPACITY: usize = 8 * 1024;
