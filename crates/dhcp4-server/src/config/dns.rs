//! What the configuration says of DNS updates as a whole.

use core::net::Ipv4Addr;

use dhcpd_text::conf::{Config, DdnsUpdateStyle, Key, ScopeId, Zone};

use crate::ddns::DnsName;

/// DNS updates are made, in this way.
#[derive(Clone, Debug)]
pub(crate) struct DnsConfig {
    /// `ddns-update-style standard`; else `interim`.
    pub(crate) standard: bool,
    pub(crate) detection: Detection,
    pub(crate) zones: Vec<DnsZone>,
    pub(crate) source: Option<Ipv4Addr>,
}

/// Whose names are left alone. ISC looks for these outside of all braces only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Detection {
    /// `update-conflict-detection`
    pub(crate) conflict: bool,
    /// `ddns-guard-id-must-match`
    pub(crate) guard_must_match: bool,
    /// `ddns-dual-stack-mixed-mode`
    pub(crate) dual_stack: bool,
    /// `ddns-other-guard-is-dynamic`
    pub(crate) other_guard_is_dynamic: bool,
}

/// A zone whose names this server may change.
#[derive(Clone, Debug)]
pub struct DnsZone {
    /// Its name.
    pub name: DnsName,
    /// Its servers, and the name of its key, as declared.
    pub declared: Zone,
    /// The key that updates are signed with, if it has one.
    pub key: Option<Key>,
}

impl DnsConfig {
    pub(super) fn new(conf: &Config) -> Option<Self> {
        let standard = match conf.server.ddns_update_style? {
            DdnsUpdateStyle::Standard => true,
            DdnsUpdateStyle::Interim => false,
            DdnsUpdateStyle::None | DdnsUpdateStyle::AdHoc => return None,
        };
        let root = &conf.scopes[ScopeId::ROOT.0].settings;
        let conflict = root.update_conflict_detection.unwrap_or(true);
        let detection = Detection {
            conflict,
            guard_must_match: conflict && root.ddns_guard_id_must_match.unwrap_or(true),
            dual_stack: conflict && root.ddns_dual_stack_mixed_mode.unwrap_or(false),
            other_guard_is_dynamic: conflict && root.ddns_other_guard_is_dynamic.unwrap_or(false),
        };
        let keys = &conf.server.keys;
        let zones = conf.server.zones.iter().filter_map(|zone| {
            Some(DnsZone {
                name: DnsName::from_text(zone.name.as_bytes())?,
                key: zone
                    .key
                    .as_ref()
                    .and_then(|name| keys.iter().find(|key| key.name == *name))
                    .cloned(),
                declared: zone.clone(),
            })
        });
        Some(Self {
            standard,
            detection,
            zones: zones.collect(),
            source: root.ddns_local_address4,
        })
    }

    /// The innermost declared zone that a name is in.
    pub(crate) fn zone_of(&self, name: &DnsName) -> Option<usize> {
        let zones = self.zones.iter().enumerate();
        zones
            .filter(|(_, zone)| name.is_within(&zone.name))
            .max_by_key(|(_, zone)| zone.name.as_wire().len())
            .map(|(index, _)| index)
    }
}
