//! dhcp-failoverd

fn main() {}
