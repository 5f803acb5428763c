//! The option codes by name, and the lengths each definition allows.
//!
//! Names and codes are those of ISC dhcpd 4.4.3's `dhcp` option space (`man dhcp-options`), lengths
//! those of the RFC that defines the option.

use crate::code::OptionCode;
use core::fmt;

/// The lengths that the definition of an option allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LengthRule {
    /// Shortest, in bytes.
    pub min: u8,
    /// Is `min` the only length? Otherwise there is no upper bound, since RFC 3396 joins fragments.
    pub exact: bool,
    /// The length is a multiple of this: 1, 2, 4 or 8.
    pub multiple: u8,
}

impl LengthRule {
    /// Any length: the rule of options we know nothing about.
    pub const ANY: Self = at_least(0);

    /// Equality where `==` cannot be used: in constants.
    pub(crate) const fn same(self, other: Self) -> bool {
        self.min == other.min && self.exact == other.exact && self.multiple == other.multiple
    }

    /// Does a value of `len` bytes fit the definition?
    #[must_use]
    pub const fn allows(self, len: usize) -> bool {
        let min = self.min as usize;
        len >= min && (!self.exact || len == min) && len.is_multiple_of(self.multiple as usize)
    }
}

/// "exactly 4 bytes", "at least 4 bytes, a multiple of 4".
impl fmt::Display for LengthRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.exact {
            return write!(f, "exactly {} bytes", self.min);
        }
        write!(f, "at least {} bytes", self.min)?;
        if self.multiple > 1 {
            write!(f, ", a multiple of {}", self.multiple)?;
        }
        Ok(())
    }
}

const fn exact(min: u8) -> LengthRule {
    LengthRule {
        min,
        exact: true,
        multiple: 1,
    }
}

const fn at_least(min: u8) -> LengthRule {
    LengthRule {
        min,
        exact: false,
        multiple: 1,
    }
}

/// One or more items of `size` bytes.
const fn list(size: u8) -> LengthRule {
    LengthRule {
        min: size,
        exact: false,
        multiple: size,
    }
}

/// Any number of items of `size` bytes.
const fn list_or_none(size: u8) -> LengthRule {
    LengthRule {
        min: 0,
        exact: false,
        multiple: size,
    }
}

macro_rules! options {
    ($($code:literal $const:ident $name:literal $rule:expr, $source:literal;)*) => {
        /// The well-known option codes.
        impl OptionCode {
            $(
                #[doc = concat!("`", $name, "` (", $source, ")")]
                pub const $const: Self = Self($code);
            )*

            /// The name in ISC dhcpd's configuration, if it has one.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($code => Some($name),)*
                    _ => None,
                }
            }

            /// The lengths that the definition of this option allows.
            #[must_use]
            pub const fn length_rule(self) -> LengthRule {
                match self.0 {
                    $($code => $rule,)*
                    _ => LengthRule::ANY,
                }
            }
        }

        const BY_NAME: &[(&str, OptionCode)] = &[$(($name, OptionCode($code)),)*];
    };
}

/// Codes that dhcpd has no name for.
impl OptionCode {
    /// RFC 2132 §3.1: one byte without length or value, between options.
    pub const PAD: Self = Self(0);
    /// RFC 4039: an option without a value.
    pub const RAPID_COMMIT: Self = Self(80);
    /// RFC 3442; sites define it in dhcpd's configuration under names of their own.
    pub const CLASSLESS_STATIC_ROUTES: Self = Self(121);
    /// RFC 2132 §3.2: one byte without length or value, after the last option of a field.
    pub const END: Self = Self(255);

    /// The code of a name in ISC dhcpd's configuration, in lower case as dhcpd's manual has it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        BY_NAME
            .iter()
            .find(|(known, _)| *known == name)
            .map(|&(_, code)| code)
    }
}

options! {
    1 SUBNET_MASK "subnet-mask" exact(4), "RFC 2132 §3.3";
    2 TIME_OFFSET "time-offset" exact(4), "RFC 2132 §3.4";
    3 ROUTERS "routers" list(4), "RFC 2132 §3.5";
    4 TIME_SERVERS "time-servers" list(4), "RFC 2132 §3.6";
    5 IEN116_NAME_SERVERS "ien116-name-servers" list(4), "RFC 2132 §3.7";
    6 DOMAIN_NAME_SERVERS "domain-name-servers" list(4), "RFC 2132 §3.8";
    7 LOG_SERVERS "log-servers" list(4), "RFC 2132 §3.9";
    8 COOKIE_SERVERS "cookie-servers" list(4), "RFC 2132 §3.10";
    9 LPR_SERVERS "lpr-servers" list(4), "RFC 2132 §3.11";
    10 IMPRESS_SERVERS "impress-servers" list(4), "RFC 2132 §3.12";
    11 RESOURCE_LOCATION_SERVERS "resource-location-servers" list(4), "RFC 2132 §3.13";
    12 HOST_NAME "host-name" at_least(1), "RFC 2132 §3.14";
    13 BOOT_SIZE "boot-size" exact(2), "RFC 2132 §3.15";
    14 MERIT_DUMP "merit-dump" at_least(1), "RFC 2132 §3.16";
    15 DOMAIN_NAME "domain-name" at_least(1), "RFC 2132 §3.17";
    16 SWAP_SERVER "swap-server" exact(4), "RFC 2132 §3.18";
    17 ROOT_PATH "root-path" at_least(1), "RFC 2132 §3.19";
    18 EXTENSIONS_PATH "extensions-path" at_least(1), "RFC 2132 §3.20";
    19 IP_FORWARDING "ip-forwarding" exact(1), "RFC 2132 §4.1";
    20 NON_LOCAL_SOURCE_ROUTING "non-local-source-routing" exact(1), "RFC 2132 §4.2";
    21 POLICY_FILTER "policy-filter" list(8), "RFC 2132 §4.3";
    22 MAX_DGRAM_REASSEMBLY "max-dgram-reassembly" exact(2), "RFC 2132 §4.4";
    23 DEFAULT_IP_TTL "default-ip-ttl" exact(1), "RFC 2132 §4.5";
    24 PATH_MTU_AGING_TIMEOUT "path-mtu-aging-timeout" exact(4), "RFC 2132 §4.6";
    25 PATH_MTU_PLATEAU_TABLE "path-mtu-plateau-table" list(2), "RFC 2132 §4.7";
    26 INTERFACE_MTU "interface-mtu" exact(2), "RFC 2132 §5.1";
    27 ALL_SUBNETS_LOCAL "all-subnets-local" exact(1), "RFC 2132 §5.2";
    28 BROADCAST_ADDRESS "broadcast-address" exact(4), "RFC 2132 §5.3";
    29 PERFORM_MASK_DISCOVERY "perform-mask-discovery" exact(1), "RFC 2132 §5.4";
    30 MASK_SUPPLIER "mask-supplier" exact(1), "RFC 2132 §5.5";
    31 ROUTER_DISCOVERY "router-discovery" exact(1), "RFC 2132 §5.6";
    32 ROUTER_SOLICITATION_ADDRESS "router-solicitation-address" exact(4), "RFC 2132 §5.7";
    33 STATIC_ROUTES "static-routes" list(8), "RFC 2132 §5.8";
    34 TRAILER_ENCAPSULATION "trailer-encapsulation" exact(1), "RFC 2132 §6.1";
    35 ARP_CACHE_TIMEOUT "arp-cache-timeout" exact(4), "RFC 2132 §6.2";
    36 IEEE802_3_ENCAPSULATION "ieee802-3-encapsulation" exact(1), "RFC 2132 §6.3";
    37 DEFAULT_TCP_TTL "default-tcp-ttl" exact(1), "RFC 2132 §7.1";
    38 TCP_KEEPALIVE_INTERVAL "tcp-keepalive-interval" exact(4), "RFC 2132 §7.2";
    39 TCP_KEEPALIVE_GARBAGE "tcp-keepalive-garbage" exact(1), "RFC 2132 §7.3";
    40 NIS_DOMAIN "nis-domain" at_least(1), "RFC 2132 §8.1";
    41 NIS_SERVERS "nis-servers" list(4), "RFC 2132 §8.2";
    42 NTP_SERVERS "ntp-servers" list(4), "RFC 2132 §8.3";
    43 VENDOR_ENCAPSULATED_OPTIONS "vendor-encapsulated-options" at_least(1), "RFC 2132 §8.4";
    44 NETBIOS_NAME_SERVERS "netbios-name-servers" list(4), "RFC 2132 §8.5";
    45 NETBIOS_DD_SERVER "netbios-dd-server" list(4), "RFC 2132 §8.6";
    46 NETBIOS_NODE_TYPE "netbios-node-type" exact(1), "RFC 2132 §8.7";
    47 NETBIOS_SCOPE "netbios-scope" at_least(1), "RFC 2132 §8.8";
    48 FONT_SERVERS "font-servers" list(4), "RFC 2132 §8.9";
    49 X_DISPLAY_MANAGER "x-display-manager" list(4), "RFC 2132 §8.10";
    50 DHCP_REQUESTED_ADDRESS "dhcp-requested-address" exact(4), "RFC 2132 §9.1";
    51 DHCP_LEASE_TIME "dhcp-lease-time" exact(4), "RFC 2132 §9.2";
    52 DHCP_OPTION_OVERLOAD "dhcp-option-overload" exact(1), "RFC 2132 §9.3";
    53 DHCP_MESSAGE_TYPE "dhcp-message-type" exact(1), "RFC 2132 §9.6";
    54 DHCP_SERVER_IDENTIFIER "dhcp-server-identifier" exact(4), "RFC 2132 §9.7";
    55 DHCP_PARAMETER_REQUEST_LIST "dhcp-parameter-request-list" at_least(1), "RFC 2132 §9.8";
    56 DHCP_MESSAGE "dhcp-message" at_least(1), "RFC 2132 §9.9";
    57 DHCP_MAX_MESSAGE_SIZE "dhcp-max-message-size" exact(2), "RFC 2132 §9.10";
    58 DHCP_RENEWAL_TIME "dhcp-renewal-time" exact(4), "RFC 2132 §9.11";
    59 DHCP_REBINDING_TIME "dhcp-rebinding-time" exact(4), "RFC 2132 §9.12";
    60 VENDOR_CLASS_IDENTIFIER "vendor-class-identifier" at_least(1), "RFC 2132 §9.13";
    61 DHCP_CLIENT_IDENTIFIER "dhcp-client-identifier" at_least(2), "RFC 2132 §9.14";
    62 NWIP_DOMAIN "nwip-domain" at_least(1), "RFC 2242 §2";
    63 NWIP_SUBOPTIONS "nwip-suboptions" at_least(1), "RFC 2242 §3";
    64 NISPLUS_DOMAIN "nisplus-domain" at_least(1), "RFC 2132 §8.11";
    65 NISPLUS_SERVERS "nisplus-servers" list(4), "RFC 2132 §8.12";
    66 TFTP_SERVER_NAME "tftp-server-name" at_least(1), "RFC 2132 §9.4";
    67 BOOTFILE_NAME "bootfile-name" at_least(1), "RFC 2132 §9.5";
    68 MOBILE_IP_HOME_AGENT "mobile-ip-home-agent" list_or_none(4), "RFC 2132 §8.13";
    69 SMTP_SERVER "smtp-server" list(4), "RFC 2132 §8.14";
    70 POP_SERVER "pop-server" list(4), "RFC 2132 §8.15";
    71 NNTP_SERVER "nntp-server" list(4), "RFC 2132 §8.16";
    72 WWW_SERVER "www-server" list(4), "RFC 2132 §8.17";
    73 FINGER_SERVER "finger-server" list(4), "RFC 2132 §8.18";
    74 IRC_SERVER "irc-server" list(4), "RFC 2132 §8.19";
    75 STREETTALK_SERVER "streettalk-server" list(4), "RFC 2132 §8.20";
    76 STREETTALK_DIRECTORY_ASSISTANCE_SERVER "streettalk-directory-assistance-server" list(4),
        "RFC 2132 §8.21";
    77 USER_CLASS "user-class" at_least(1), "RFC 3004";
    78 SLP_DIRECTORY_AGENT "slp-directory-agent" at_least(1), "RFC 2610 §3";
    79 SLP_SERVICE_SCOPE "slp-service-scope" at_least(1), "RFC 2610 §4";
    81 FQDN "fqdn" at_least(3), "RFC 4702";
    82 RELAY_AGENT_INFORMATION "relay-agent-information" at_least(2), "RFC 3046";
    85 NDS_SERVERS "nds-servers" list(4), "RFC 2241 §2";
    86 NDS_TREE_NAME "nds-tree-name" at_least(1), "RFC 2241 §3";
    87 NDS_CONTEXT "nds-context" at_least(1), "RFC 2241 §4";
    88 BCMS_CONTROLLER_NAMES "bcms-controller-names" at_least(1), "RFC 4280 §4.1";
    89 BCMS_CONTROLLER_ADDRESS "bcms-controller-address" list(4), "RFC 4280 §4.3";
    91 CLIENT_LAST_TRANSACTION_TIME "client-last-transaction-time" exact(4), "RFC 4388 §6.1";
    92 ASSOCIATED_IP "associated-ip" list(4), "RFC 4388 §6.1";
    93 PXE_SYSTEM_TYPE "pxe-system-type" list(2), "RFC 4578 §2.1";
    94 PXE_INTERFACE_ID "pxe-interface-id" exact(3), "RFC 4578 §2.2";
    97 PXE_CLIENT_ID "pxe-client-id" at_least(1), "RFC 4578 §2.3";
    98 UAP_SERVERS "uap-servers" at_least(1), "RFC 2485";
    99 GEOCONF_CIVIC "geoconf-civic" at_least(3), "RFC 4776";
    100 PCODE "pcode" at_least(1), "RFC 4833";
    101 TCODE "tcode" at_least(1), "RFC 4833";
    108 V6_ONLY_PREFERRED "v6-only-preferred" exact(4), "RFC 8925";
    112 NETINFO_SERVER_ADDRESS "netinfo-server-address" list(4), "RFC 3679";
    113 NETINFO_SERVER_TAG "netinfo-server-tag" at_least(1), "RFC 3679";
    114 DEFAULT_URL "default-url" at_least(1), "RFC 3679; since RFC 8910 the captive portal";
    116 AUTO_CONFIG "auto-config" exact(1), "RFC 2563";
    117 NAME_SERVICE_SEARCH "name-service-search" list(2), "RFC 2937";
    118 SUBNET_SELECTION "subnet-selection" exact(4), "RFC 3011";
    119 DOMAIN_SEARCH "domain-search" at_least(1), "RFC 3397";
    124 VIVCO "vivco" at_least(5), "RFC 3925 §3";
    125 VIVSO "vivso" at_least(5), "RFC 3925 §4";
    136 PANA_AGENT "pana-agent" list(4), "RFC 5192";
    137 V4_LOST "v4-lost" at_least(1), "RFC 5223";
    138 CAPWAP_AC_V4 "capwap-ac-v4" list(4), "RFC 5417";
    141 SIP_UA_CS_DOMAINS "sip-ua-cs-domains" at_least(1), "RFC 6011";
    142 IPV4_ADDRESS_ANDSF "ipv4-address-andsf" list(4), "RFC 6153";
    146 RDNSS_SELECTION "rdnss-selection" at_least(9), "RFC 6731";
    150 TFTP_SERVER_ADDRESS "tftp-server-address" list(4), "RFC 5859";
    159 V4_PORTPARAMS "v4-portparams" exact(4), "RFC 7618";
    160 V4_CAPTIVE_PORTAL "v4-captive-portal" at_least(1), "RFC 7710";
    209 LOADER_CONFIGFILE "loader-configfile" at_least(1), "RFC 5071 §4";
    210 LOADER_PATHPREFIX "loader-pathprefix" at_least(1), "RFC 5071 §5";
    211 LOADER_REBOOTTIME "loader-reboottime" exact(4), "RFC 5071 §6";
    212 OPTION_6RD "option-6rd" at_least(22), "RFC 5969";
    213 V4_ACCESS_DOMAIN "v4-access-domain" at_least(1), "RFC 5986";
}
