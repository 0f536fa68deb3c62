//! TCP, UDP and Unix sockets.

pub(crate) mod halves;
pub(crate) mod receive;
