//! dhcp4-server

#![forbid(unsafe_code)]
