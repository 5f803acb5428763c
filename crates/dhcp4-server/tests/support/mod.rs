//! Puts the packets of a conformance script to a server, in virtual time, and compares the answers with those recorded
//! from ISC dhcpd. A script names its packets' fields; what chance decides is left out of the comparison.

pub(crate) mod packet;
pub(crate) mod reply;
pub(crate) mod run;
