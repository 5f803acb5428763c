//! dhcpd-text

#![forbid(unsafe_code)]
