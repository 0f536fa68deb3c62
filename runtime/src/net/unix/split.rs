//! **Who may read and who may write one Unix stream?** Its halves: an instance of
//! `net/halves.rs`.
//!
//! Read next: `net/halves.rs`.

use super::SocketAddr;
use super::stream::UnixStream;
use crate::net::halves::split_halves;

split_halves!(UnixStream, "UnixStream", mio::net::UnixStream, SocketAddr);
