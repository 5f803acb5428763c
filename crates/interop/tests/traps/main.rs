//! What kills, wedges or misleads ISC dhcpd, live: `dhcpd` shows each trap with a scripted partner, `pairs` has our server
//! beside a real dhcpd that is about to fall into one, `parity` walks dhcpd's state machine.
//!
//! | trap | dhcpd falls into it | ours: survives, and doesn't set it |
//! |---|---|---|
//! | window leak: updates unanswered when a link is lost in RECOVER, RECOVER-WAIT or RECOVER-DONE are counted for good | `dhcpd::a_window_leaks` | `pairs::a_leaked_window_is_cured`; `dhcp4-server/tests/hostile`: `traps::window::a_leaked_window_is_cured` |
//! | address and xid of unanswered updates, over a reconnect | `dhcpd::old_xids_cure_a_leak` | as above |
//! | stale BNDACKs, within 2 s on the next link | `dhcpd::acknowledgements_come_late` | `traps::window::a_stale_acknowledgement_is_of_no_update_on_this_link` |
//! | CONNECT refused by a bare close | `dhcpd::refusals_that_are_bare_closes` | `traps::link::a_refusal_that_is_a_bare_close_is_met_with_patience` |
//! | STATE behind a refused CONNECTACK is executed | `dhcpd::a_state_behind_a_refused_acknowledgement_is_executed` | `traps::link::a_state_behind_a_refused_acknowledgement_is_not_read`, `traps::link::our_state_waits_for_the_primarys` |
//! | receive-timer or max-unacked missing: a flood of CONTACT, or no updates | `dhcpd::missing_numbers_make_a_flood_and_silence` | `traps::link::flow_control_numbers_that_are_missing`, `handshake::receive_timers_out_of_range` |
//! | CONFLICT-DONE bears few states, and exits | `parity` | `pairs::a_primary_in_conflict_done_lives`; `traps::states::what_a_primary_in_conflict_done_bears` |
//! | NORMAL hears of a conflict, and parks itself in SHUTDOWN | `parity` | `pairs::a_partner_in_normal_is_not_parked`; `traps::states::what_a_partner_in_normal_bears` |
//! | an echoed stale `tstp` | `dhcpd::an_echo_is_stale` | `traps::leases::an_echo_lowers_nothing` |
//! | EXPIRED refused until 65 s before the end | `dhcpd::expired_is_refused_until_65_seconds_before_the_end` | `traps::leases::ours_says_expired_at_the_end_and_not_before`, `traps::leases::expired_is_taken_no_earlier_than_65_seconds_before_the_end` |
//! | the partner's state silences a server, and takes its STARTUP flag | `dhcpd::the_startup_flag_is_missing_beside_some_partners` | `traps::states::the_partners_state_silences_us`, `traps::states::the_startup_flag_is_said_beside_any_partner` |
//! | several UPDREQALL in a row: the last is answered | `dhcpd::the_last_of_several_requests_is_answered` | `traps::link::several_requests_for_all_are_answered_by_the_last`, `traps::states::states_that_come_twice_are_asked_about_once` |
//! | one relationship per remote address | read in its source | `traps::link::two_relationships_with_one_address` |
//! | options that it chokes on | | `traps::leases::what_dhcpd_chokes_on_is_never_said` |

mod dhcpd;
mod pairs;
mod parity;
