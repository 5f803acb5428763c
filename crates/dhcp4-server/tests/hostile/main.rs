//! A hostile or broken failover partner: scripted, without sockets.
//!
//! Whatever it does, the server goes on: it never ends, never parks itself in SHUTDOWN, never grows without bound, serves
//! its clients, and is at once an honest partner's again ([`partner::Partner::assert_unharmed`]).
//!
//! | line | the partner | outcome | test |
//! |---|---|---|---|
//! | 1 | length 0, 1, 11, over 2048 | drop | `stream::lengths_that_no_message_has` |
//! | 2 | promised bytes withheld; one byte a second | dropped at the deadline, timers still fire | `stream::promised_bytes_withheld_before_the_handshake`, `stream::one_byte_a_second_on_the_link`; over TCP: `dhcp-failoverd/tests/hostile.rs` |
//! | 3 | payload offset < 12 or > length | drop | `stream::payload_offsets_outside_of_the_message` |
//! | 4 | payload offset > 12 | skip, accept | `stream::a_longer_header_is_skipped` |
//! | 5 | type 0, 13, 255 | drop | `stream::message_types_that_there_are_not` |
//! | 6 | option past the end, wrong size, twice | drop | `stream::options_out_of_shape` |
//! | 7 | unknown option | ignore | `stream::unknown_options_are_ignored` |
//! | 8 | digest, and none is configured (none can be) | reject 13 | `handshake::a_digest_that_nobody_configured` |
//! | 9 | connection from another address | close unread | `handshake::a_stranger_is_closed_unread`; over TCP: `dhcp-failoverd/tests/hostile.rs` |
//! | 10 | wrong relationship name | reject 8 | `handshake::a_wrong_name_is_refused`, `handshake::a_wrong_name_in_the_answer_is_refused` |
//! | 11 | second CONNECT; simultaneous ones | exactly one link | `handshake::a_second_connect_on_the_link_closes_it`, `handshake::a_second_link_beside_the_first`, `handshake::of_simultaneous_connections_one_is_the_link` |
//! | 12 | skew 59 s, 61 s | accept, reject 4 | `handshake::clocks_apart` |
//! | 13 | MCLT 0, 2^32-1; changed | reject 5; adopt, waits use the larger | `mclt::an_mclt_that_is_none`, `mclt::a_changed_mclt_is_adopted`, `mclt::a_smaller_mclt_shortens_no_wait`, `mclt::a_smaller_mclt_shortens_no_wait_after_a_restart` |
//! | 14 | max-unacked 0 | treat as 1 | `handshake::a_window_of_zero_is_one` |
//! | 15 | receive-timer 0, 2^32-1 | clamp | `handshake::receive_timers_out_of_range` |
//! | 16 | HBA not of 32 bytes | reject 18 | `handshake::an_hba_of_another_size` |
//! | 17 | BNDUPD for an unknown address | reject 1 | `updates::an_address_in_no_pool` |
//! | 18 | ACTIVE without chaddr | reject 3 | `updates::a_lease_of_nobody` |
//! | 19 | chaddr of 0 or > 17 bytes, huge client-id | bounded reject | `updates::identities_that_no_client_has` |
//! | 20 | times 0, past, 2038, 2^32-1 | no overflow | `updates::times_at_the_edges` |
//! | 21 | BNDACK with an unknown or repeated xid | ignore | `updates::acknowledgements_of_nothing` |
//! | 22 | late BNDACK for older content | stays unacknowledged | `updates::a_late_acknowledgement_is_not_of_the_newer_content` |
//! | 23 | unasked UPDDONE | ignore | `requests::an_unasked_update_done` |
//! | 24 | UPDREQALL or POOLREQ flood | one in progress | `requests::a_flood_of_update_requests`, `requests::a_flood_of_pool_requests` |
//! | 25 | STATE 0, 14, 255 | alarm, not SHUTDOWN | `states::states_that_there_are_not` |
//! | 26 | every state beside every state, STARTUP flag or not | by the table | `states::every_state_beside_every_state`; the table itself: `dhcp-failover/tests` |
//! | 27 | RST in mid-BNDUPD | idempotent resend | `updates::cut_in_the_middle_of_an_update`, `updates::ours_is_sent_again` |
//! | 28 | 1 000 links | capped, clients served | `handshake::a_thousand_connections`; over TCP: `dhcp-failoverd/tests/hostile.rs` |
//! | 29 | UPDREQ during UPDREQALL | treated as all | `requests::a_request_during_one_for_all` |
//!
//! `traps` holds what kills, wedges or misleads ISC dhcpd; its table is in `interop/tests/traps`.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod handshake;
mod mclt;
mod messages;
mod partner;
mod requests;
#[path = "../rig/mod.rs"]
mod rig;
mod states;
mod stream;
mod traps;
mod updates;
