//! A DHCPv4 packet from the wire.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dhcp4_wire::checks::packet(data));
