//! **What is done to what a path names**: std's functions, on the pool.

use std::fs::{Metadata, Permissions};
use std::io;
use std::path::{Path, PathBuf};

use super::on_pool;

/// The absolute path, with every symbolic link resolved.
///
/// # Errors
///
/// As [`std::fs::canonicalize`]; [more](crate::fs#errors).
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let here = kolo::fs::canonicalize(".").await?;
/// assert!(here.is_absolute());
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub async fn canonicalize(path: impl AsRef<Path>) -> io::Result<PathBuf> {
    let path = path.as_ref().to_owned();
    on_pool(move || std::fs::canonicalize(path)).await
}

/// Copies a file's contents and permissions; says how many bytes.
///
/// # Errors
///
/// As [`std::fs::copy`]; [more](crate::fs#errors).
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use kolo::fs;
///
/// let path = |name| std::env::temp_dir().join(format!("kolo-doc-copy-{name}-{}", std::process::id()));
/// fs::write(path("a"), "text").await?;
/// assert_eq!(fs::copy(path("a"), path("b")).await?, 4);
/// fs::rename(path("b"), path("c")).await?;
/// assert!(!fs::try_exists(path("b")).await?);
/// assert_eq!(fs::metadata(path("c")).await?.len(), 4);
/// fs::remove_file(path("a")).await?;
/// fs::remove_file(path("c")).await?;
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub async fn copy(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<u64> {
    let from = from.as_ref().to_owned();
    let to = to.as_ref().to_owned();
    on_pool(move || std::fs::copy(from, to)).await
}

/// Gives the file `original` a second name, `link`, in the same file system.
///
/// # Errors
///
/// As [`std::fs::hard_link`]; [more](crate::fs#errors).
pub async fn hard_link(original: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    let original = original.as_ref().to_owned();
    let link = link.as_ref().to_owned();
    on_pool(move || std::fs::hard_link(original, link)).await
}

/// Makes the symbolic link `link`, which points to `original`.
///
/// # Errors
///
/// As [`std::os::unix::fs::symlink`]; [more](crate::fs#errors).
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use kolo::fs;
///
/// let link = std::env::temp_dir().join(format!("kolo-doc-symlink-{}", std::process::id()));
/// fs::symlink("/no/such/file", &link).await?;
/// assert!(fs::symlink_metadata(&link).await?.is_symlink());
/// assert_eq!(fs::read_link(&link).await?.to_str(), Some("/no/such/file"));
/// assert!(!fs::try_exists(&link).await?); // looks where the link points
/// fs::remove_file(&link).await?;
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[cfg(unix)]
pub async fn symlink(original: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    let original = original.as_ref().to_owned();
    let link = link.as_ref().to_owned();
    on_pool(move || std::os::unix::fs::symlink(original, link)).await
}

/// Where a symbolic link points.
///
/// # Errors
///
/// As [`std::fs::read_link`]; [more](crate::fs#errors).
pub async fn read_link(path: impl AsRef<Path>) -> io::Result<PathBuf> {
    let path = path.as_ref().to_owned();
    on_pool(move || std::fs::read_link(path)).await
}

/// What the system knows about a file or directory; links are followed.
///
/// # Errors
///
/// As [`std::fs::metadata`]; [more](crate::fs#errors).
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// assert!(kolo::fs::metadata("/").await?.is_dir());
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub async fn metadata(path: impl AsRef<Path>) -> io::Result<Metadata> {
    let path = path.as_ref().to_owned();
    on_pool(move || std::fs::metadata(path)).await
}

/// As [`metadata`], of a link itself.
///
/// # Errors
///
/// As [`std::fs::symlink_metadata`]; [more](crate::fs#errors).
pub async fn symlink_metadata(path: impl AsRef<Path>) -> io::Result<Metadata> {
    let path = path.as_ref().to_owned();
    on_pool(move || std::fs::symlink_metadata(path)).await
}

/// Is there something? A link that points nowhere is nothing.
///
/// # Errors
///
/// As [`std::fs::exists`]: where nobody can say; [more](crate::fs#errors).
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// assert!(kolo::fs::try_exists("/").await?);
/// assert!(!kolo::fs::try_exists("/no/such/file").await?);
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub async fn try_exists(path: impl AsRef<Path>) -> io::Result<bool> {
    let path = path.as_ref().to_owned();
    on_pool(move || std::fs::exists(path)).await
}

/// Renames a file or directory, within a file system, in place of what may be there.
///
/// # Errors
///
/// As [`std::fs::rename`]; [more](crate::fs#errors).
pub async fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
    let from = from.as_ref().to_owned();
    let to = to.as_ref().to_owned();
    on_pool(move || std::fs::rename(from, to)).await
}

/// Removes a file, or a link. It is gone for good once nobody has it open.
///
/// # Errors
///
/// As [`std::fs::remove_file`]; [more](crate::fs#errors).
pub async fn remove_file(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    on_pool(move || std::fs::remove_file(path)).await
}

/// Says who may do what with a file or directory.
///
/// # Errors
///
/// As [`std::fs::set_permissions`]; [more](crate::fs#errors).
pub async fn set_permissions(path: impl AsRef<Path>, perm: Permissions) -> io::Result<()> {
    let path = path.as_ref().to_owned();
    on_pool(move || std::fs::set_permissions(path, perm)).await
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::io::ErrorKind;
    use std::os::unix::fs::MetadataExt;

    use super::super::testing::{Scratch, block_on};
    use super::*;

    #[test]
    fn a_hard_link_is_the_same_file_and_a_symlink_is_not() {
        let scratch = Scratch::new();
        let [file, hard, soft] = ["file", "hard", "soft"].map(|name| scratch.path(name));
        std::fs::write(&file, "text").unwrap();
        block_on(async {
            hard_link(&file, &hard).await.unwrap();
            symlink(&file, &soft).await.unwrap();
            let inode = metadata(&file).await.unwrap().ino();
            assert_eq!(symlink_metadata(&hard).await.unwrap().ino(), inode);
            assert_ne!(symlink_metadata(&soft).await.unwrap().ino(), inode);
            assert_eq!(metadata(&soft).await.unwrap().ino(), inode);
            assert_eq!(read_link(&soft).await.unwrap(), file);
            let resolved = canonicalize(&soft).await.unwrap();
            assert_eq!(resolved, std::fs::canonicalize(&file).unwrap());

            remove_file(&file).await.unwrap();
            assert!(try_exists(&hard).await.unwrap());
            assert!(!try_exists(&soft).await.unwrap());
        });
    }

    #[test]
    fn permissions_go_along_with_a_copy() {
        let scratch = Scratch::new();
        let [from, to] = ["from", "to"].map(|name| scratch.path(name));
        std::fs::write(&from, "text").unwrap();
        block_on(async {
            let mut permissions = metadata(&from).await.unwrap().permissions();
            permissions.set_readonly(true);
            set_permissions(&from, permissions).await.unwrap();
            assert_eq!(copy(&from, &to).await.unwrap(), 4);
            assert!(metadata(&to).await.unwrap().permissions().readonly());
            rename(&to, &from).await.unwrap();
            let gone = metadata(&to).await.unwrap_err();
            assert_eq!(gone.kind(), ErrorKind::NotFound);
        });
    }

    #[test]
    fn nobody_can_say_whether_a_file_has_entries() {
        let scratch = Scratch::new();
        let file = scratch.path("file");
        std::fs::write(&file, "text").unwrap();
        block_on(async {
            let below = try_exists(file.join("entry")).await;
            assert_eq!(below.unwrap_err().kind(), ErrorKind::NotADirectory);
        });
    }
}
