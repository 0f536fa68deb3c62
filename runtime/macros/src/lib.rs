//! kolo attribute macros.
