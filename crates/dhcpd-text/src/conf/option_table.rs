//! The options that are always defined: ISC's names and types (dhcp-options(5), `common/tables.c`).

use super::SpaceId;
use super::format::{Field, Format};

/// A space and its options: code, name, type.
type Options = (SpaceId, &'static [(u32, &'static str, Format)]);

/// The options of each space.
pub(super) static BUILT_IN: [Options; 7] = [
    (SpaceId::DHCP, DHCP),
    (SpaceId::AGENT, AGENT),
    (SpaceId::FQDN, FQDN),
    (SpaceId::NWIP, NWIP),
    (SpaceId::VENDOR_CLASS, VENDOR_CLASS),
    (SpaceId::VENDOR, VENDOR),
    (SpaceId::ISC, ISC),
];

/// The type of an option that nobody has defined.
pub(super) const UNKNOWN: Format = OCTETS;

const ADDRESS: Format = Format::of(&[Field::Address]);
const ADDRESSES: Format = Format::array(&[Field::Address]);
const ADDRESS_PAIRS: Format = Format::array(&[Field::Address, Field::Address]);
const INT32: Format = Format::of(&[Field::Integer(4)]);
const INT16: Format = Format::of(&[Field::Integer(2)]);
const INT16S: Format = Format::array(&[Field::Integer(2)]);
const INT8: Format = Format::of(&[Field::Integer(1)]);
const INT8S: Format = Format::array(&[Field::Integer(1)]);
const TEXT: Format = Format::of(&[Field::Text]);
const FLAG: Format = Format::of(&[Field::Flag]);
const OCTETS: Format = Format::of(&[Field::Octets]);
const NAME: Format = Format::of(&[Field::DomainName]);
const NAMES: Format = Format::of(&[Field::DomainList { compressed: false }]);
const COMPRESSED_NAMES: Format = Format::of(&[Field::DomainList { compressed: true }]);
const SLP_AGENT: Format = Format::last_repeats(&[Field::Flag, Field::Address]);
const SLP_SCOPE: Format = Format::last_optional(&[Field::Flag, Field::Text]);
const THREE_INT8S: Format = Format::of(&[Field::Integer(1), Field::Integer(1), Field::Integer(1)]);
const TYPED_OCTETS: Format = Format::of(&[Field::Integer(1), Field::Octets]);
const RDNSS: Format = Format::of(&[
    Field::Integer(1),
    Field::Address,
    Field::Address,
    Field::DomainList { compressed: false },
]);
const PORT_PARAMS: Format = Format::of(&[Field::Integer(1), Field::Integer(1), Field::Integer(2)]);
const SIX_RD: Format = Format::last_repeats(&[
    Field::Integer(1),
    Field::Integer(1),
    Field::Address6,
    Field::Address,
]);

const NOTHING: Format = Format::of(&[Field::Nothing]);
const ISC_OPTIONS: Format = Format::of(&[Field::Encapsulate(SpaceId::ISC)]);

/// Code, name and type of each option, by code.
#[rustfmt::skip]
const DHCP: &[(u32, &str, Format)] = &[
    (1, "subnet-mask", ADDRESS),
    (2, "time-offset", INT32),
    (3, "routers", ADDRESSES),
    (4, "time-servers", ADDRESSES),
    (5, "ien116-name-servers", ADDRESSES),
    (6, "domain-name-servers", ADDRESSES),
    (7, "log-servers", ADDRESSES),
    (8, "cookie-servers", ADDRESSES),
    (9, "lpr-servers", ADDRESSES),
    (10, "impress-servers", ADDRESSES),
    (11, "resource-location-servers", ADDRESSES),
    (12, "host-name", TEXT),
    (13, "boot-size", INT16),
    (14, "merit-dump", TEXT),
    (15, "domain-name", TEXT),
    (16, "swap-server", ADDRESS),
    (17, "root-path", TEXT),
    (18, "extensions-path", TEXT),
    (19, "ip-forwarding", FLAG),
    (20, "non-local-source-routing", FLAG),
    (21, "policy-filter", ADDRESS_PAIRS),
    (22, "max-dgram-reassembly", INT16),
    (23, "default-ip-ttl", INT8),
    (24, "path-mtu-aging-timeout", INT32),
    (25, "path-mtu-plateau-table", INT16S),
    (26, "interface-mtu", INT16),
    (27, "all-subnets-local", FLAG),
    (28, "broadcast-address", ADDRESS),
    (29, "perform-mask-discovery", FLAG),
    (30, "mask-supplier", FLAG),
    (31, "router-discovery", FLAG),
    (32, "router-solicitation-address", ADDRESS),
    (33, "static-routes", ADDRESS_PAIRS),
    (34, "trailer-encapsulation", FLAG),
    (35, "arp-cache-timeout", INT32),
    (36, "ieee802-3-encapsulation", FLAG),
    (37, "default-tcp-ttl", INT8),
    (38, "tcp-keepalive-interval", INT32),
    (39, "tcp-keepalive-garbage", FLAG),
    (40, "nis-domain", TEXT),
    (41, "nis-servers", ADDRESSES),
    (42, "ntp-servers", ADDRESSES),
    (43, "vendor-encapsulated-options", OCTETS),
    (44, "netbios-name-servers", ADDRESSES),
    (45, "netbios-dd-server", ADDRESSES),
    (46, "netbios-node-type", INT8),
    (47, "netbios-scope", TEXT),
    (48, "font-servers", ADDRESSES),
    (49, "x-display-manager", ADDRESSES),
    (50, "dhcp-requested-address", ADDRESS),
    (51, "dhcp-lease-time", INT32),
    (52, "dhcp-option-overload", INT8),
    (53, "dhcp-message-type", INT8),
    (54, "dhcp-server-identifier", ADDRESS),
    (55, "dhcp-parameter-request-list", INT8S),
    (56, "dhcp-message", TEXT),
    (57, "dhcp-max-message-size", INT16),
    (58, "dhcp-renewal-time", INT32),
    (59, "dhcp-rebinding-time", INT32),
    (60, "vendor-class-identifier", OCTETS),
    (61, "dhcp-client-identifier", OCTETS),
    (62, "nwip-domain", TEXT),
    (63, "nwip-suboptions", OCTETS),
    (64, "nisplus-domain", TEXT),
    (65, "nisplus-servers", ADDRESSES),
    (66, "tftp-server-name", TEXT),
    (67, "bootfile-name", TEXT),
    (68, "mobile-ip-home-agent", ADDRESSES),
    (69, "smtp-server", ADDRESSES),
    (70, "pop-server", ADDRESSES),
    (71, "nntp-server", ADDRESSES),
    (72, "www-server", ADDRESSES),
    (73, "finger-server", ADDRESSES),
    (74, "irc-server", ADDRESSES),
    (75, "streettalk-server", ADDRESSES),
    (76, "streettalk-directory-assistance-server", ADDRESSES),
    (77, "user-class", TEXT),
    (78, "slp-directory-agent", SLP_AGENT),
    (79, "slp-service-scope", SLP_SCOPE),
    (81, "fqdn", OCTETS),
    (82, "relay-agent-information", OCTETS),
    (85, "nds-servers", ADDRESSES),
    (86, "nds-tree-name", TEXT),
    (87, "nds-context", TEXT),
    (88, "bcms-controller-names", NAMES),
    (89, "bcms-controller-address", ADDRESSES),
    (91, "client-last-transaction-time", INT32),
    (92, "associated-ip", ADDRESSES),
    (93, "pxe-system-type", INT16S),
    (94, "pxe-interface-id", THREE_INT8S),
    (97, "pxe-client-id", TYPED_OCTETS),
    (98, "uap-servers", TEXT),
    (99, "geoconf-civic", OCTETS),
    (100, "pcode", TEXT),
    (101, "tcode", TEXT),
    (108, "v6-only-preferred", INT32),
    (112, "netinfo-server-address", ADDRESSES),
    (113, "netinfo-server-tag", TEXT),
    (114, "default-url", TEXT),
    (116, "auto-config", INT8),
    (117, "name-service-search", INT16S),
    (118, "subnet-selection", ADDRESS),
    (119, "domain-search", COMPRESSED_NAMES),
    (124, "vivco", OCTETS),
    (125, "vivso", OCTETS),
    (136, "pana-agent", ADDRESSES),
    (137, "v4-lost", NAME),
    (138, "capwap-ac-v4", ADDRESSES),
    (141, "sip-ua-cs-domains", COMPRESSED_NAMES),
    (142, "ipv4-address-andsf", ADDRESSES),
    (146, "rdnss-selection", RDNSS),
    (150, "tftp-server-address", ADDRESSES),
    (159, "v4-portparams", PORT_PARAMS),
    (160, "v4-captive-portal", TEXT),
    (209, "loader-configfile", TEXT),
    (210, "loader-pathprefix", TEXT),
    (211, "loader-reboottime", INT32),
    (212, "option-6rd", SIX_RD),
    (213, "v4-access-domain", NAME),
];

#[rustfmt::skip]
const AGENT: &[(u32, &str, Format)] = &[
    (1, "circuit-id", OCTETS),
    (2, "remote-id", OCTETS),
    (3, "agent-id", ADDRESS),
    (4, "DOCSIS-device-class", INT32),
    (5, "link-selection", ADDRESS),
    (19, "relay-port", NOTHING),
];

#[rustfmt::skip]
const FQDN: &[(u32, &str, Format)] = &[
    (1, "no-client-update", FLAG),
    (2, "server-update", FLAG),
    (3, "encoded", FLAG),
    (4, "rcode1", INT8),
    (5, "rcode2", INT8),
    (6, "hostname", TEXT),
    (7, "domainname", TEXT),
    (8, "fqdn", TEXT),
];

#[rustfmt::skip]
const NWIP: &[(u32, &str, Format)] = &[
    (5, "nsq-broadcast", FLAG),
    (6, "preferred-dss", ADDRESSES),
    (7, "nearest-nwip-server", ADDRESSES),
    (8, "autoretries", INT8),
    (9, "autoretry-secs", INT8),
    (10, "nwip-1-1", FLAG),
    (11, "primary-dss", ADDRESS),
];

const VENDOR_CLASS: &[(u32, &str, Format)] = &[(2495, "isc", OCTETS)];
const VENDOR: &[(u32, &str, Format)] = &[(2495, "isc", ISC_OPTIONS)];
const ISC: &[(u32, &str, Format)] = &[(1, "media", TEXT), (2, "update-assist", OCTETS)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_ascend_and_names_are_unique() {
        for (space, options) in BUILT_IN {
            assert!(options.windows(2).all(|pair| pair[0].0 < pair[1].0));
            let mut names: Vec<_> = options.iter().map(|(_, name, _)| name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), options.len(), "{space:?}");
        }
    }
}
