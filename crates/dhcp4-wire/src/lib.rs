//! dhcp4-wire

#![forbid(unsafe_code)]
