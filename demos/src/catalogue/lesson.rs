//! **What is to be learned from a chapter?** What the course says of it, the lines of
//! its text that matter, and what to try next: told by `demos explain`.
//!
//! The text is the one that was compiled, and an [`Excerpt`] is found in it by its
//! first and its last line, so that it can't quote what is no longer there: a test
//! looks for every one.

/// What `demos explain` tells of a chapter.
pub(crate) struct Lesson {
    /// What the course says of it, in a paragraph or two.
    pub(crate) says: &'static str,
    /// The dozen lines that matter, in the order in which to read them.
    pub(crate) excerpts: &'static [Excerpt],
    /// What to try next, and what is to be seen then: a command line, a sentence.
    pub(crate) experiments: &'static [(&'static str, &'static str)],
}

/// Lines of a source file, with a sentence on why they matter.
pub(crate) struct Excerpt {
    /// Its path from the workspace's root.
    pub(crate) file: &'static str,
    /// The whole file.
    pub(crate) text: &'static str,
    /// A part of the first line; nowhere before in the file.
    pub(crate) from: &'static str,
    /// A part of the last line, the first from there on that has it; with a `^` before
    /// it, how that line begins.
    pub(crate) to: &'static str,
    /// Why to read them.
    pub(crate) why: &'static str,
}

impl Excerpt {
    /// The number of the first line, and the lines; `None` if they aren't there.
    pub(crate) fn lines(&self) -> Option<(usize, Vec<&'static str>)> {
        let lines: Vec<_> = self.text.lines().collect();
        let first = lines.iter().position(|line| line.contains(self.from))?;
        let is_last = |line: &&str| match self.to.strip_prefix('^') {
            Some(beginning) => line.starts_with(beginning),
            None => line.contains(self.to),
        };
        let more = lines[first..].iter().position(is_last)?;
        Some((first + 1, lines[first..=first + more].to_vec()))
    }
}

/// An [`Excerpt`] of a file under `demos/src`: `lines!("course/count.rs", from .. to, why)`.
macro_rules! lines {
    ($file:literal, $from:literal .. $to:literal, $why:literal $(,)?) => {
        $crate::catalogue::Excerpt {
            file: concat!("demos/src/", $file),
            text: include_str!(concat!("../", $file)),
            from: $from,
            to: $to,
            why: $why,
        }
    };
}
pub(super) use lines;
