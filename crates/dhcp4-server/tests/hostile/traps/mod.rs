//! What kills, wedges or misleads ISC dhcpd, as a scripted partner; the table is in `interop/tests/traps`.

mod leases;
mod link;
mod states;
mod window;

/// Pause before a server dials again, seconds.
const REDIAL: u32 = 5;
