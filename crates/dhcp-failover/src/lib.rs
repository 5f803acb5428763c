//! dhcp-failover

#![forbid(unsafe_code)]
