//! **A whole file in one trip to the pool.**

use std::io;
use std::path::Path;

use super::on_pool;

/// Reads a whole file.
///
/// # Errors
///
/// As [`std::fs::read`]; [more](crate::fs#errors).
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let zeros = kolo::fs::read("/dev/null").await?;
/// assert!(zeros.is_empty());
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub async fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let path = path.as_ref().to_owned();
    on_pool(move || std::fs::read(path)).await
}

/// Reads a whole file of text.
///
/// # Errors
///
/// As [`std::fs::read_to_string`], so also if the file is not UTF-8;
/// [more](crate::fs#errors).
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let missing = kolo::fs::read_to_string("/no/such/file").await;
/// assert_eq!(missing.unwrap_err().kind(), std::io::ErrorKind::NotFound);
/// # });
/// ```
pub async fn read_to_string(path: impl AsRef<Path>) -> io::Result<String> {
    let path = path.as_ref().to_owned();
    on_pool(move || std::fs::read_to_string(path)).await
}

/// Writes a whole file, in place of the one that may be there.
///
/// The contents are copied once, to go along to the pool.
///
/// # Errors
///
/// As [`std::fs::write`]; [more](crate::fs#errors).
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use kolo::fs;
///
/// let path = std::env::temp_dir().join(format!("kolo-doc-write-{}", std::process::id()));
/// fs::write(&path, "three\nlines\nof text\n").await?;
/// assert_eq!(fs::read_to_string(&path).await?.lines().count(), 3);
/// fs::remove_file(&path).await?;
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub async fn write(path: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    let contents = owned(contents);
    on_pool(move || std::fs::write(path, contents)).await
}

/// Lets go of the original before the pool begins.
fn owned(contents: impl AsRef<[u8]>) -> Vec<u8> {
    contents.as_ref().to_vec()
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::super::testing::{Scratch, block_on};
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let scratch = Scratch::new();
        let path = scratch.path("file");
        block_on(async {
            write(&path, "one longer text").await.unwrap();
            write(&path, b"bytes \xff").await.unwrap();
            assert_eq!(read(&path).await.unwrap(), b"bytes \xff");
            let not_text = read_to_string(&path).await.unwrap_err();
            assert_eq!(not_text.kind(), io::ErrorKind::InvalidData);
            write(&path, vec![b'a'; 3]).await.unwrap();
            assert_eq!(read_to_string(&path).await.unwrap(), "aaa");
        });
    }
}
