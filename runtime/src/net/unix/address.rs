//! **What is a Unix socket's address?** A path, on Linux also a name that is no
//! path ("abstract"), or, for a socket that was never bound, nothing.

use std::fmt;
use std::io;
use std::path::Path;

#[cfg(target_os = "android")]
use std::os::android::net::SocketAddrExt;
#[cfg(target_os = "linux")]
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::SocketAddr as StdSocketAddr;

/// The address of a Unix socket.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let (one, _other) = kolo::net::UnixStream::pair()?;
/// assert!(one.local_addr()?.is_unnamed());
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct SocketAddr(pub(super) StdSocketAddr);

impl SocketAddr {
    /// Was the socket not bound to anything?
    #[must_use]
    pub fn is_unnamed(&self) -> bool {
        self.0.is_unnamed()
    }

    /// The path that the socket is bound to, if it is one.
    #[must_use]
    pub fn as_pathname(&self) -> Option<&Path> {
        self.0.as_pathname()
    }

    /// The abstract name that the socket is bound to, if it is one, without the zero
    /// byte before it.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[must_use]
    pub fn as_abstract_name(&self) -> Option<&[u8]> {
        self.0.as_abstract_name()
    }

    /// The address that a path spells. On Linux, one that begins with a zero byte
    /// is an abstract name.
    pub(super) fn of_path(path: &Path) -> io::Result<Self> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if let [0, name @ ..] = path.as_os_str().as_bytes() {
            return StdSocketAddr::from_abstract_name(name).map(Self);
        }
        StdSocketAddr::from_pathname(path).map(Self)
    }

    /// The address of who sent something, or the unnamed one where std can't spell
    /// it: a path that fills the system's record, without the zero byte at its end.
    /// No error, as what was sent has been taken from the socket by now.
    pub(super) fn of_sender(sender: &socket2::SockAddr) -> io::Result<Self> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if let Some(name) = sender.as_abstract_namespace() {
            return StdSocketAddr::from_abstract_name(name).map(Self);
        }
        // std's unnamed address is that of the empty path.
        let unnamed = Path::new("");
        let path = sender.as_pathname().unwrap_or(unnamed);
        StdSocketAddr::from_pathname(path)
            .or_else(|_| StdSocketAddr::from_pathname(unnamed))
            .map(Self)
    }
}

impl fmt::Debug for SocketAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<StdSocketAddr> for SocketAddr {
    fn from(address: StdSocketAddr) -> Self {
        Self(address)
    }
}

impl From<SocketAddr> for StdSocketAddr {
    fn from(address: SocketAddr) -> Self {
        address.0
    }
}
