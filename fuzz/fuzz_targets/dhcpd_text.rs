//! Lease files and configurations.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| dhcpd_text::checks::dhcpd_text(bytes));
