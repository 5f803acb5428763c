//! An operator's TCP connection.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| omapi::checks::omapi(bytes));
