//! Inputs and cases that the benchmarks share.

pub mod dhcp4_cases;
pub mod inputs_dhcp4;
pub mod paired;
