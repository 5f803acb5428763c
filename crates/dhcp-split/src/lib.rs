//! dhcp-split

#![forbid(unsafe_code)]
