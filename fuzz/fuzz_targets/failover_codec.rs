//! Failover messages from a TCP stream.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| failover_wire::checks::failover_codec(bytes));
