//! The parameters that there are: ISC's names and types (dhcpd.conf(5), `server/stables.c`).

use super::format::{Field, Format};
use super::parameters::{Parameter, ServerTarget, Target};

const DHCPV6: &str = "this server does not speak DHCPv6";

const TIME: Format = Format::of(&[Field::Time]);
const INT32: Format = Format::of(&[Field::Integer(4)]);
const FLAG: Format = Format::of(&[Field::Flag]);
const ADDRESS6: Format = Format::of(&[Field::Address6]);
const TEXT: Format = Format::of(&[Field::Text]);
const PREFIX_LENGTH_MODE: Format = Format::of(&[Field::Choice(&[
    "ignore", "prefer", "exact", "minimum", "maximum",
])]);

const fn parameter(name: &'static str, target: Target) -> Parameter {
    Parameter {
        name,
        target,
        note: None,
    }
}

/// A parameter that has no effect, for this reason.
const fn noted(name: &'static str, target: Target, note: &'static str) -> Parameter {
    Parameter {
        name,
        target,
        note: Some(note),
    }
}

#[rustfmt::skip]
pub(super) static PARAMETERS: &[Parameter] = &[
    parameter("default-lease-time", Target::Time(|s| &mut s.default_lease_time)),
    parameter("max-lease-time", Target::Time(|s| &mut s.max_lease_time)),
    parameter("min-lease-time", Target::Time(|s| &mut s.min_lease_time)),
    parameter("abandon-lease-time", Target::Time(|s| &mut s.abandon_lease_time)),
    parameter("ping-timeout", Target::Time(|s| &mut s.ping_timeout)),
    parameter("ping-timeout-ms", Target::Time(|s| &mut s.ping_timeout_ms)),
    parameter("ping-cltt-secs", Target::Time(|s| &mut s.ping_cltt_secs)),
    parameter("dynamic-bootp-lease-length", Target::Int32(|s| &mut s.dynamic_bootp_lease_length)),
    parameter("max-ack-delay", Target::Int32(|s| &mut s.max_ack_delay)),
    parameter("delayed-ack", Target::Int16(|s| &mut s.delayed_ack)),
    parameter("adaptive-lease-time-threshold", Target::Int8(|s| &mut s.adaptive_lease_time_threshold)),
    parameter("dhcp-cache-threshold", Target::Int8(|s| &mut s.dhcp_cache_threshold)),
    parameter("min-secs", Target::Int8(|s| &mut s.min_secs)),
    parameter("log-threshold-low", Target::Int8(|s| &mut s.log_threshold_low)),
    parameter("log-threshold-high", Target::Int8(|s| &mut s.log_threshold_high)),
    parameter("one-lease-per-client", Target::Flag(|s| &mut s.one_lease_per_client)),
    parameter("ignore-client-uids", Target::Flag(|s| &mut s.ignore_client_uids)),
    parameter("server-id-check", Target::Flag(|s| &mut s.server_id_check)),
    parameter("check-secs-byte-order", Target::Flag(|s| &mut s.check_secs_byte_order)),
    parameter("infinite-is-reserved", Target::Flag(|s| &mut s.infinite_is_reserved)),
    parameter("release-on-roam", Target::Flag(|s| &mut s.release_on_roam)),
    parameter("ping-check", Target::Flag(|s| &mut s.ping_check)),
    parameter("always-broadcast", Target::Flag(|s| &mut s.always_broadcast)),
    parameter("always-reply-rfc1048", Target::Flag(|s| &mut s.always_reply_rfc1048)),
    parameter("get-lease-hostnames", Target::Flag(|s| &mut s.get_lease_hostnames)),
    parameter("use-host-decl-names", Target::Flag(|s| &mut s.use_host_decl_names)),
    parameter("use-lease-addr-for-default-route", Target::Flag(|s| &mut s.use_lease_addr_for_default_route)),
    parameter("echo-client-id", Target::Flag(|s| &mut s.echo_client_id)),
    parameter("stash-agent-options", Target::Flag(|s| &mut s.stash_agent_options)),
    parameter("update-static-leases", Target::Flag(|s| &mut s.update_static_leases)),
    parameter("boot-unknown-clients", Target::Permission(|s| &mut s.unknown_clients)),
    parameter("allow-bootp", Target::Permission(|s| &mut s.bootp)),
    parameter("allow-booting", Target::Permission(|s| &mut s.booting)),
    parameter("dynamic-bootp", Target::Permission(|s| &mut s.dynamic_bootp)),
    parameter("duplicates", Target::Permission(|s| &mut s.duplicates)),
    parameter("declines", Target::Permission(|s| &mut s.declines)),
    parameter("client-updates", Target::Permission(|s| &mut s.client_updates)),
    parameter("leasequery", Target::Permission(|s| &mut s.leasequery)),
    parameter("next-server", Target::Address(|s| &mut s.next_server)),
    parameter("filename", Target::Text(|s| &mut s.filename)),
    parameter("server-name", Target::Text(|s| &mut s.server_name)),
    parameter("omapi-port", Target::Server(ServerTarget::Int16(|s| &mut s.omapi_port))),
    parameter("local-port", Target::Server(ServerTarget::Int16(|s| &mut s.local_port))),
    parameter("remote-port", Target::Server(ServerTarget::Int16(|s| &mut s.remote_port))),
    parameter("local-address", Target::Server(ServerTarget::Address(|s| &mut s.local_address))),
    parameter("limited-broadcast-address", Target::Server(ServerTarget::Address(|s| &mut s.limited_broadcast_address))),
    parameter("lease-file-name", Target::Server(ServerTarget::Text(|s| &mut s.lease_file_name))),
    parameter("pid-file-name", Target::Server(ServerTarget::Text(|s| &mut s.pid_file_name))),
    parameter("dont-use-fsync", Target::Server(ServerTarget::Flag(|s| &mut s.dont_use_fsync))),
    parameter("omapi-key", Target::Server(ServerTarget::KeyName)),
    parameter("log-facility", Target::Server(ServerTarget::LogFacility)),
    parameter("ddns-update-style", Target::Server(ServerTarget::DdnsUpdateStyle)),
    parameter("ddns-domainname", Target::Text(|s| &mut s.ddns_domainname)),
    parameter("ddns-hostname", Target::Text(|s| &mut s.ddns_hostname)),
    parameter("ddns-rev-domainname", Target::Text(|s| &mut s.ddns_rev_domainname)),
    parameter("ddns-ttl", Target::Time(|s| &mut s.ddns_ttl)),
    parameter("ddns-updates", Target::Flag(|s| &mut s.ddns_updates)),
    parameter("do-forward-updates", Target::Flag(|s| &mut s.do_forward_updates)),
    parameter("do-reverse-updates", Target::Flag(|s| &mut s.do_reverse_updates)),
    parameter("update-optimization", Target::Flag(|s| &mut s.update_optimization)),
    parameter("update-conflict-detection", Target::Flag(|s| &mut s.update_conflict_detection)),
    parameter("fqdn-reply", Target::Flag(|s| &mut s.fqdn_reply)),
    parameter("ddns-dual-stack-mixed-mode", Target::Flag(|s| &mut s.ddns_dual_stack_mixed_mode)),
    parameter("ddns-guard-id-must-match", Target::Flag(|s| &mut s.ddns_guard_id_must_match)),
    parameter("ddns-other-guard-is-dynamic", Target::Flag(|s| &mut s.ddns_other_guard_is_dynamic)),
    parameter("ddns-local-address4", Target::Address(|s| &mut s.ddns_local_address4)),
    parameter("ddns-local-address6", Target::NoEffect(ADDRESS6)),
    noted("preferred-lifetime", Target::NoEffect(TIME), DHCPV6),
    noted("dhcpv6-lease-file-name", Target::NoEffect(TEXT), DHCPV6),
    noted("dhcpv6-pid-file-name", Target::NoEffect(TEXT), DHCPV6),
    noted("prefix-length-mode", Target::NoEffect(PREFIX_LENGTH_MODE), DHCPV6),
    noted("limit-addrs-per-ia", Target::NoEffect(INT32), DHCPV6),
    noted("limit-prefs-per-ia", Target::NoEffect(INT32), DHCPV6),
    noted("dhcpv6-set-tee-times", Target::NoEffect(FLAG), DHCPV6),
    noted("bind-local-address6", Target::NoEffect(FLAG), DHCPV6),
    noted("local-address6", Target::NoEffect(ADDRESS6), DHCPV6),
    parameter("dynamic-bootp-lease-cutoff", Target::Time(|s| &mut s.dynamic_bootp_lease_cutoff)),
    parameter("vendor-option-space", Target::Word(|s| &mut s.vendor_option_space)),
    parameter("site-option-space", Target::Octets(|s| &mut s.site_option_space)),
];
