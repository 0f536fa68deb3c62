//! **How many instructions does an operation take?** A count that hardly
//! changes from run to run, where time does.
//!
//! Valgrind's callgrind counts the user instructions of a whole process. Two
//! processes that differ only in their size, taken one from the other, leave
//! what the additional operations took: start-up and shutdown cancel.
//!
//! What the kernel does is not in it, nor what a cache miss costs.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};

/// Is valgrind there to be asked?
#[must_use]
pub fn installed() -> bool {
    Command::new("valgrind")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// User instructions for each operation by which the two sizes differ, where `arguments`
/// are those that `program` takes for a size.
///
/// # Errors
///
/// In words, what valgrind or the program said.
pub fn difference(
    program: &Path,
    arguments: impl Fn(u64) -> Vec<OsString>,
    [small, large]: [u64; 2],
) -> Result<f64, String> {
    let count = |size| instructions(program, &arguments(size));
    let (fewer, more) = (count(small)?, count(large)?);
    Ok((more as f64 - fewer as f64) / (large - small) as f64)
}

fn instructions(program: &Path, arguments: &[OsString]) -> Result<u64, String> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!(
            "under valgrind: {}",
            said.trim().lines().last().unwrap_or_default()
        ));
    }
    collected(&said).ok_or_else(|| "valgrind said nothing of what it collected".into())
}

/// The number in callgrind's line `==1== Collected : 123`.
fn collected(said: &str) -> Option<u64> {
    said.lines()
        .find_map(|line| line.split_once("Collected :"))
        .and_then(|(_, number)| number.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_found_among_the_rest() {
        let said = "==7== Events    : Ir\n==7== Collected : 53460372\n==7== \n";
        assert_eq!(collected(said), Some(53_460_372));
        assert_eq!(collected("==7== Events    : Ir\n"), None);
    }
}
