//! The parameters in force for a client, with ISC's defaults filled in.

use core::net::Ipv4Addr;
use std::sync::Arc;

use dhcpd_text::conf::{Permission, Settings};

/// ISC's `DEFAULT_DEFAULT_LEASE_TIME`, seconds.
const DEFAULT_LEASE_TIME: u32 = 43_200;
/// ISC's `DEFAULT_MAX_LEASE_TIME`, seconds.
pub(crate) const MAX_LEASE_TIME: u32 = 86_400;
/// ISC's `DEFAULT_MIN_LEASE_TIME`, seconds.
const MIN_LEASE_TIME: u32 = 300;
/// ISC's `DEFAULT_CACHE_THRESHOLD`, percent.
const CACHE_THRESHOLD: u8 = 25;
/// ISC's `DEFAULT_PING_TIMEOUT`, seconds.
const PING_TIMEOUT: u32 = 1;
/// ISC's `DEFAULT_PING_CLTT_SECS`.
const PING_CLTT_SECS: u32 = 60;

/// Parameters; each is the ISC statement of the same name.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) default_lease_time: u32,
    pub(crate) max_lease_time: u32,
    pub(crate) min_lease_time: u32,
    pub(crate) dynamic_bootp_lease_length: Option<u32>,
    pub(crate) adaptive_lease_time_threshold: Option<u8>,
    pub(crate) cache_threshold: u8,
    pub(crate) authoritative: bool,
    pub(crate) unknown_clients: Permission,
    pub(crate) bootp: Permission,
    pub(crate) booting: Permission,
    pub(crate) declines: Permission,
    pub(crate) duplicates: Permission,
    pub(crate) one_lease_per_client: bool,
    pub(crate) ignore_client_uids: bool,
    pub(crate) min_secs: u8,
    pub(crate) ping_check: bool,
    /// How long to wait for the answer to a probe, milliseconds.
    pub(crate) ping_timeout_ms: u32,
    pub(crate) ping_cltt_secs: u32,
    pub(crate) next_server: Option<Ipv4Addr>,
    pub(crate) filename: Option<Arc<[u8]>>,
    pub(crate) server_name: Option<Arc<[u8]>>,
    pub(crate) always_broadcast: bool,
    pub(crate) always_reply_rfc1048: bool,
    pub(crate) use_host_decl_names: bool,
    pub(crate) use_lease_addr_for_default_route: bool,
    pub(crate) echo_client_id: bool,
    pub(crate) stash_agent_options: bool,
}

impl Rules {
    /// What a chain of scopes says, given from the innermost to the outermost.
    pub(crate) fn resolve<'a>(chain: impl Iterator<Item = &'a Settings> + Clone) -> Self {
        let max_lease_time = first(&chain, |s| s.max_lease_time).unwrap_or(MAX_LEASE_TIME);
        let ping_timeout = first(&chain, |s| s.ping_timeout).unwrap_or(PING_TIMEOUT);
        let ping_timeout_ms = first(&chain, |s| s.ping_timeout_ms).filter(|&ms| ms > 0);
        let yes = |value: Option<bool>| value.unwrap_or(false);
        let allow = |value: Option<Permission>| value.unwrap_or(Permission::Allow);
        let bytes = |value: Option<&'a Vec<u8>>| value.map(|bytes| Arc::from(bytes.as_slice()));
        Self {
            default_lease_time: first(&chain, |s| s.default_lease_time)
                .unwrap_or(DEFAULT_LEASE_TIME),
            max_lease_time,
            // Only the built-in minimum yields to the maximum; a configured one wins over it.
            min_lease_time: first(&chain, |s| s.min_lease_time)
                .unwrap_or(MIN_LEASE_TIME.min(max_lease_time)),
            dynamic_bootp_lease_length: first(&chain, |s| s.dynamic_bootp_lease_length),
            adaptive_lease_time_threshold: first(&chain, |s| s.adaptive_lease_time_threshold)
                .filter(|percent| (1..100).contains(percent)),
            cache_threshold: first(&chain, |s| s.dhcp_cache_threshold)
                .filter(|&percent| percent < 100)
                .unwrap_or(CACHE_THRESHOLD),
            authoritative: yes(first(&chain, |s| s.authoritative)),
            unknown_clients: allow(first(&chain, |s| s.unknown_clients)),
            bootp: allow(first(&chain, |s| s.bootp)),
            booting: allow(first(&chain, |s| s.booting)),
            declines: allow(first(&chain, |s| s.declines)),
            duplicates: allow(first(&chain, |s| s.duplicates)),
            one_lease_per_client: yes(first(&chain, |s| s.one_lease_per_client)),
            ignore_client_uids: yes(first(&chain, |s| s.ignore_client_uids)),
            min_secs: first(&chain, |s| s.min_secs).unwrap_or(0),
            ping_check: first(&chain, |s| s.ping_check).unwrap_or(true),
            ping_timeout_ms: ping_timeout_ms.unwrap_or(ping_timeout.saturating_mul(1000)),
            ping_cltt_secs: first(&chain, |s| s.ping_cltt_secs).unwrap_or(PING_CLTT_SECS),
            next_server: first(&chain, |s| s.next_server),
            filename: bytes(first(&chain, |s| s.filename.as_ref())),
            server_name: bytes(first(&chain, |s| s.server_name.as_ref())),
            always_broadcast: yes(first(&chain, |s| s.always_broadcast)),
            always_reply_rfc1048: yes(first(&chain, |s| s.always_reply_rfc1048)),
            use_host_decl_names: yes(first(&chain, |s| s.use_host_decl_names)),
            use_lease_addr_for_default_route: yes(first(&chain, |s| {
                s.use_lease_addr_for_default_route
            })),
            echo_client_id: yes(first(&chain, |s| s.echo_client_id)),
            stash_agent_options: first(&chain, |s| s.stash_agent_options).unwrap_or(true),
        }
    }
}

/// The innermost value of a parameter.
fn first<'a, T>(
    chain: &(impl Iterator<Item = &'a Settings> + Clone),
    get: impl Fn(&'a Settings) -> Option<T>,
) -> Option<T> {
    chain.clone().find_map(get)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_said_means_isc_defaults() {
        let rules = Rules::resolve([].iter());
        assert_eq!(rules.default_lease_time, 43_200);
        assert_eq!((rules.min_lease_time, rules.max_lease_time), (300, 86_400));
        assert!(rules.ping_check && !rules.authoritative);
        assert_eq!(rules.ping_timeout_ms, 1000);
    }

    #[test]
    fn the_inner_scope_wins() {
        let inner = Settings {
            max_lease_time: Some(60),
            ..Settings::default()
        };
        let outer = Settings {
            max_lease_time: Some(900),
            authoritative: Some(true),
            ..Settings::default()
        };
        let rules = Rules::resolve([&inner, &outer].into_iter());
        assert_eq!(rules.max_lease_time, 60);
        assert_eq!(
            rules.min_lease_time, 60,
            "the built-in minimum yields to the maximum"
        );
        assert!(rules.authoritative);
    }

    #[test]
    fn a_configured_minimum_beats_the_maximum() {
        let scope = Settings {
            min_lease_time: Some(600),
            max_lease_time: Some(60),
            ..Settings::default()
        };
        assert_eq!(Rules::resolve([scope].iter()).min_lease_time, 600);
    }
}
