//! failover-wire

#![forbid(unsafe_code)]
