//! **Which user is at the other end?** The system notes it when a stream is
//! connected, and nobody can pretend to be another.

use std::io;
use std::os::fd::{AsFd, AsRawFd};

use super::{gid_t, pid_t, uid_t};

/// The user, the group and the process at the other end of a
/// [`UnixStream`](crate::net::UnixStream); see
/// [`peer_cred`](crate::net::UnixStream::peer_cred).
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub struct UCred {
    /// `None` where the system does not say.
    pid: Option<pid_t>,
    uid: uid_t,
    gid: gid_t,
}

impl UCred {
    /// The user's number.
    #[must_use]
    pub fn uid(&self) -> uid_t {
        self.uid
    }

    /// The group's number.
    #[must_use]
    pub fn gid(&self) -> gid_t {
        self.gid
    }

    /// The process's number, where the system says it: on Linux.
    #[must_use]
    pub fn pid(&self) -> Option<pid_t> {
        self.pid
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn of_peer(socket: &impl AsFd) -> io::Result<UCred> {
    let mut peer = libc::ucred {
        pid: 0,
        uid: 0,
        gid: 0,
    };
    let mut size = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: both pointers are to locals that live across the call, and `size` says
    // how much of the first may be written.
    let got = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut peer).cast(),
            &raw mut size,
        )
    };
    if got != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(UCred {
        pid: Some(peer.pid),
        uid: peer.uid,
        gid: peer.gid,
    })
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn of_peer(socket: &impl AsFd) -> io::Result<UCred> {
    let (mut uid, mut gid) = (0, 0);
    // SAFETY: both pointers are to locals that live across the call.
    let got = unsafe { libc::getpeereid(socket.as_fd().as_raw_fd(), &raw mut uid, &raw mut gid) };
    if got != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(UCred {
        pid: None,
        uid,
        gid,
    })
}
