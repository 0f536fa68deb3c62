//! **How is a file to be opened?** As std's options say; the opening itself is a
//! job on the pool.

use std::fs::OpenOptions as StdOptions;
use std::io;
#[cfg(unix)]
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::{File, on_pool};

/// How a file is to be opened; all is off at first.
///
/// Options that this lacks come by `From<std::fs::OpenOptions>`.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use kolo::fs::{self, OpenOptions};
///
/// let path = std::env::temp_dir().join(format!("kolo-doc-open-{}", std::process::id()));
/// let log = OpenOptions::new().append(true).create(true).mode(0o600).open(&path).await?;
/// assert_eq!(log.metadata().await?.len(), 0);
/// let again = OpenOptions::new().write(true).create_new(true).open(&path).await;
/// assert_eq!(again.unwrap_err().kind(), std::io::ErrorKind::AlreadyExists);
/// fs::remove_file(&path).await?;
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct OpenOptions {
    std: StdOptions,
}

impl OpenOptions {
    /// Everything off.
    #[must_use]
    pub fn new() -> Self {
        Self {
            std: StdOptions::new(),
        }
    }

    /// For reading.
    pub fn read(&mut self, read: bool) -> &mut Self {
        self.std.read(read);
        self
    }

    /// For writing, over what is there.
    pub fn write(&mut self, write: bool) -> &mut Self {
        self.std.write(write);
        self
    }

    /// For writing, each write at the end, wherever that is by then.
    pub fn append(&mut self, append: bool) -> &mut Self {
        self.std.append(append);
        self
    }

    /// Emptied when opened; needs `write`.
    pub fn truncate(&mut self, truncate: bool) -> &mut Self {
        self.std.truncate(truncate);
        self
    }

    /// Made if it is missing; needs `write` or `append`.
    pub fn create(&mut self, create: bool) -> &mut Self {
        self.std.create(create);
        self
    }

    /// Made, and an error if it is there; `create` and `truncate` don't count then.
    pub fn create_new(&mut self, create_new: bool) -> &mut Self {
        self.std.create_new(create_new);
        self
    }

    /// The permission bits of a file that is made, less those of the process's
    /// umask; `0o666` if not set.
    #[cfg(unix)]
    pub fn mode(&mut self, mode: u32) -> &mut Self {
        self.std.mode(mode);
        self
    }

    /// More flags for `open(2)`; those that say how the file is accessed don't count.
    #[cfg(unix)]
    pub fn custom_flags(&mut self, flags: i32) -> &mut Self {
        self.std.custom_flags(flags);
        self
    }

    /// Opens the file.
    ///
    /// # Errors
    ///
    /// As [`std::fs::OpenOptions::open`]; [more](crate::fs#errors).
    ///
    /// # Cancel safety
    ///
    /// A file that is opened after all is closed again; if it was made or emptied
    /// for that, it stays so.
    pub async fn open(&self, path: impl AsRef<Path>) -> io::Result<File> {
        let path = path.as_ref().to_owned();
        let options = self.std.clone();
        on_pool(move || options.open(path))
            .await
            .map(File::from_std)
    }
}

impl From<StdOptions> for OpenOptions {
    fn from(std: StdOptions) -> Self {
        Self { std }
    }
}

impl Default for OpenOptions {
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

    /// Options tell what they hold only by their Debug.
    #[test]
    fn each_option_is_passed_on() {
        type Set<O> = fn(&mut O) -> &mut O;
        let sets: [(Set<OpenOptions>, Set<StdOptions>); 8] = [
            (|o| o.read(true), |o| o.read(true)),
            (|o| o.write(true), |o| o.write(true)),
            (|o| o.append(true), |o| o.append(true)),
            (|o| o.truncate(true), |o| o.truncate(true)),
            (|o| o.create(true), |o| o.create(true)),
            (|o| o.create_new(true), |o| o.create_new(true)),
            (|o| o.mode(0o644), |o| o.mode(0o644)),
            (|o| o.custom_flags(2), |o| o.custom_flags(2)),
        ];
        let off = format!("{:?}", StdOptions::new());
        assert_eq!(format!("{:?}", OpenOptions::default().std), off);
        for (ours, std) in sets {
            let mut options = OpenOptions::new();
            let said = format!("{:?}", ours(&mut options).std);
            assert_eq!(said, format!("{:?}", std(&mut StdOptions::new())));
            assert_ne!(said, off);
        }
    }

    #[test]
    fn flags_and_mode_reach_the_system() {
        let scratch = Scratch::new();
        let [file, link] = ["file", "link"].map(|name| scratch.path(name));
        std::os::unix::fs::symlink(&file, &link).unwrap();
        block_on(async {
            let mut options = OpenOptions::new();
            options.write(true).create_new(true).mode(0o600);
            let made = options.open(&file).await.unwrap();
            let mode = made.metadata().await.unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);

            let mut options = std::fs::OpenOptions::new();
            options.read(true).custom_flags(libc::O_NOFOLLOW);
            let refused = OpenOptions::from(options).open(&link).await;
            assert_eq!(refused.unwrap_err().raw_os_error(), Some(libc::ELOOP));
            let nothing = OpenOptions::new().open(&file).await;
            assert_eq!(nothing.unwrap_err().kind(), ErrorKind::InvalidInput);
        });
    }
}
