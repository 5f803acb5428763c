//! The parameters that may stand in any scope.

use std::net::Ipv4Addr;

/// `allow`, `deny` or `ignore` before a keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// `allow KEYWORD;`
    Allow,
    /// `deny KEYWORD;`
    Deny,
    /// `ignore KEYWORD;`
    Ignore,
}

/// The parameters of one scope. `None` means that the scope does not say: ask its parent.
///
/// Names are ISC's statement names with underscores. Times are in seconds unless the name says otherwise; as in ISC,
/// `-1` and 4294967295 are the same number, which stands for "for ever".
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(
    missing_docs,
    reason = "each field is the ISC statement of the same name (dhcpd.conf(5))"
)]
pub struct Settings {
    // Lease times.
    pub default_lease_time: Option<u32>,
    pub max_lease_time: Option<u32>,
    pub min_lease_time: Option<u32>,
    pub dynamic_bootp_lease_length: Option<u32>,
    /// In percent of the pool.
    pub adaptive_lease_time_threshold: Option<u8>,
    /// In percent of the lease; 0 turns it off.
    pub dhcp_cache_threshold: Option<u8>,
    pub abandon_lease_time: Option<u32>,

    // Whom to serve: `allow`/`deny`/`ignore`, or the older statements of the same meaning.
    /// `authoritative;` or `not authoritative;`. ISC copies it at the opening brace, so a later statement of an outer scope does
    /// not reach a network that stands before it; every scope but the root therefore has its own.
    pub authoritative: Option<bool>,
    pub unknown_clients: Option<Permission>,
    pub bootp: Option<Permission>,
    pub booting: Option<Permission>,
    pub dynamic_bootp: Option<Permission>,
    pub duplicates: Option<Permission>,
    pub declines: Option<Permission>,
    pub client_updates: Option<Permission>,
    pub leasequery: Option<Permission>,
    pub one_lease_per_client: Option<bool>,
    pub ignore_client_uids: Option<bool>,
    /// Least `secs` of a client that is answered.
    pub min_secs: Option<u8>,
    pub server_id_check: Option<bool>,
    pub check_secs_byte_order: Option<bool>,
    pub infinite_is_reserved: Option<bool>,
    pub release_on_roam: Option<bool>,

    // Ping before an offer.
    pub ping_check: Option<bool>,
    pub ping_timeout: Option<u32>,
    pub ping_timeout_ms: Option<u32>,
    pub ping_cltt_secs: Option<u32>,

    // What goes into a reply.
    pub next_server: Option<Ipv4Addr>,
    pub filename: Option<Vec<u8>>,
    pub server_name: Option<Vec<u8>>,
    pub always_broadcast: Option<bool>,
    pub always_reply_rfc1048: Option<bool>,
    pub get_lease_hostnames: Option<bool>,
    pub use_host_decl_names: Option<bool>,
    pub use_lease_addr_for_default_route: Option<bool>,
    pub echo_client_id: Option<bool>,
    pub stash_agent_options: Option<bool>,

    // Delayed acknowledgements.
    /// Most ACKs that wait for one sync.
    pub delayed_ack: Option<u16>,
    /// In microseconds.
    pub max_ack_delay: Option<u32>,

    // Log lines about full pools, in percent of the pool.
    pub log_threshold_low: Option<u8>,
    pub log_threshold_high: Option<u8>,

    /// The option space whose options go into option 43.
    pub vendor_option_space: Option<Vec<u8>>,
    /// The option space that stands for the site-specific options.
    pub site_option_space: Option<Vec<u8>>,
    /// Unix time at which leases of BOOTP clients end.
    pub dynamic_bootp_lease_cutoff: Option<u32>,

    // DNS updates.
    pub ddns_updates: Option<bool>,
    pub ddns_hostname: Option<Vec<u8>>,
    pub ddns_domainname: Option<Vec<u8>>,
    pub ddns_rev_domainname: Option<Vec<u8>>,
    pub ddns_ttl: Option<u32>,
    pub ddns_local_address4: Option<Ipv4Addr>,
    pub ddns_dual_stack_mixed_mode: Option<bool>,
    pub ddns_guard_id_must_match: Option<bool>,
    pub ddns_other_guard_is_dynamic: Option<bool>,
    pub do_forward_updates: Option<bool>,
    pub do_reverse_updates: Option<bool>,
    pub update_optimization: Option<bool>,
    pub update_conflict_detection: Option<bool>,
    pub fqdn_reply: Option<bool>,

    /// `update-static-leases`, kept because it changes what is written for fixed addresses.
    pub update_static_leases: Option<bool>,
}
