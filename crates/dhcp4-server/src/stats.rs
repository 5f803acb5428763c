//! Plain counters.

/// How often things happened since the server was made. Counters wrap at 2⁶⁴.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// DHCPDISCOVERs received.
    pub discover: u64,
    /// DHCPREQUESTs received.
    pub request: u64,
    /// DHCPRELEASEs received.
    pub release: u64,
    /// DHCPDECLINEs received.
    pub decline: u64,
    /// DHCPINFORMs received.
    pub inform: u64,
    /// BOOTP requests received.
    pub bootp: u64,
    /// Messages of a type that a server doesn't answer.
    pub other: u64,
    /// Packets that are no DHCP message, or a damaged one.
    pub malformed: u64,
    /// Packets from a network that isn't configured.
    pub unknown_network: u64,
    /// DHCPOFFERs sent.
    pub offer: u64,
    /// DHCPACKs sent, those to DHCPINFORM among them.
    pub ack: u64,
    /// DHCPNAKs sent.
    pub nak: u64,
    /// BOOTP replies sent.
    pub boot_reply: u64,
    /// ACKs that told the client what is left of its lease (`dhcp-cache-threshold`): nothing was stored.
    pub reused: u64,
    /// DHCPDISCOVERs left to the partner.
    pub load_balanced: u64,
    /// DHCPDISCOVERs that no address was free for.
    pub no_free_lease: u64,
    /// Probes sent before an offer (`ping-check`).
    pub probes: u64,
    /// Probes that were answered: the address was abandoned.
    pub probes_answered: u64,
    /// Offers forgotten because too many were held.
    pub offers_dropped: u64,
    /// Lease records that lie in no pool; they are kept in the file as they were.
    pub foreign_leases: u64,
}
