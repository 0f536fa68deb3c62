//! **Directories are made and removed**: std's functions, on the pool.

use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use super::on_pool;

/// Makes a directory in one that exists.
///
/// # Errors
///
/// As [`std::fs::create_dir`]; [more](crate::fs#errors).
pub async fn create_dir(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    on_pool(move || std::fs::create_dir(path)).await
}

/// Makes a directory, and those above it that are missing.
///
/// # Errors
///
/// As [`std::fs::create_dir_all`]; [more](crate::fs#errors).
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use kolo::fs;
///
/// let top = std::env::temp_dir().join(format!("kolo-doc-dirs-{}", std::process::id()));
/// fs::create_dir_all(top.join("a/b/c")).await?;
/// fs::remove_dir(top.join("a/b/c")).await?; // an empty one
/// fs::remove_dir_all(&top).await?;
/// assert!(!fs::try_exists(&top).await?);
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub async fn create_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    on_pool(move || std::fs::create_dir_all(path)).await
}

/// Removes an empty directory.
///
/// # Errors
///
/// As [`std::fs::remove_dir`]; [more](crate::fs#errors).
pub async fn remove_dir(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    on_pool(move || std::fs::remove_dir(path)).await
}

/// Removes a directory and all that is in it; links are removed, not followed.
///
/// # Errors
///
/// As [`std::fs::remove_dir_all`]; [more](crate::fs#errors).
pub async fn remove_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    on_pool(move || std::fs::remove_dir_all(path)).await
}

/// How a directory is to be made.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use kolo::fs::{self, DirBuilder};
///
/// let private = std::env::temp_dir().join(format!("kolo-doc-private-{}", std::process::id()));
/// DirBuilder::new().recursive(true).mode(0o700).create(private.join("own")).await?;
/// fs::remove_dir_all(&private).await?;
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[derive(Debug)]
pub struct DirBuilder {
    recursive: bool,
    mode: u32,
}

impl DirBuilder {
    /// One directory, in one that exists.
    #[must_use]
    pub fn new() -> Self {
        DirBuilder {
            recursive: false,
            mode: 0o777,
        }
    }

    /// Makes those above it too, and minds none that exists.
    pub fn recursive(&mut self, recursive: bool) -> &mut Self {
        self.recursive = recursive;
        self
    }

    /// The permission bits of what is made, less those of the process's umask;
    /// `0o777` if not set.
    pub fn mode(&mut self, mode: u32) -> &mut Self {
        self.mode = mode;
        self
    }

    /// Makes the directory.
    ///
    /// # Errors
    ///
    /// As [`std::fs::DirBuilder::create`]; [more](crate::fs#errors).
    pub async fn create(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let (how, path) = (self.to_std(), path.as_ref().to_owned());
        on_pool(move || how.create(path)).await
    }

    fn to_std(&self) -> std::fs::DirBuilder {
        let mut how = std::fs::DirBuilder::new();
        how.recursive(self.recursive).mode(self.mode);
        how
    }
}

impl Default for DirBuilder {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::io::ErrorKind;
    use std::os::unix::fs::PermissionsExt;

    use super::super::testing::{Scratch, block_on};
    use super::*;

    #[test]
    fn one_level_or_all() {
        let scratch = Scratch::new();
        let (top, deep) = (scratch.path("top"), scratch.path("top/middle/deep"));
        block_on(async {
            let missing = create_dir(&deep).await.unwrap_err();
            assert_eq!(missing.kind(), ErrorKind::NotFound);
            create_dir(&top).await.unwrap();
            create_dir_all(&deep).await.unwrap();
            create_dir_all(&deep).await.unwrap();
            let there = create_dir(&deep).await.unwrap_err();
            assert_eq!(there.kind(), ErrorKind::AlreadyExists);
            let full = remove_dir(&top).await.unwrap_err();
            assert_eq!(full.kind(), ErrorKind::DirectoryNotEmpty);
            remove_dir(&deep).await.unwrap();
            remove_dir_all(&top).await.unwrap();
            assert!(!top.exists());
        });
    }

    #[test]
    fn the_builder_does_as_told() {
        let scratch = Scratch::new();
        let deep = scratch.path("top/deep");
        block_on(async {
            let flat = DirBuilder::new().create(&deep).await.unwrap_err();
            assert_eq!(flat.kind(), ErrorKind::NotFound);
            let mut builder = DirBuilder::new();
            builder.recursive(true).mode(0o500);
            // The directory above must be writable for the one below.
            builder.mode(0o700).create(&deep).await.unwrap();
        });
        let mode = deep.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
