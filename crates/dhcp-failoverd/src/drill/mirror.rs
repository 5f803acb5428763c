//! The partner's configuration, where the operator hasn't given it: the same with the sides exchanged.

use dhcpd_text::conf::{AddressOrName, Config, FailoverPeer, Role, hba_from_split};

/// What a secondary's file can't say, and most pairs have: an hour.
const MCLT: u32 = 3600;
/// Likewise: half of the clients each.
const SPLIT: u16 = 128;

/// The other side of a configuration with one relationship, and what had to be assumed.
pub(super) fn mirror(conf: &Config) -> (Config, Vec<String>) {
    let mut mirrored = conf.clone();
    let mut notes = Vec::new();
    for peer in &mut mirrored.failover_peers {
        exchange(peer, &mut notes);
    }
    (mirrored, notes)
}

fn exchange(peer: &mut FailoverPeer, notes: &mut Vec<String>) {
    let unknown = || AddressOrName::Name("unknown".into());
    let ours = peer.address.clone().unwrap_or_else(unknown);
    peer.address = Some(std::mem::replace(&mut peer.peer_address, ours));
    std::mem::swap(&mut peer.port, &mut peer.peer_port);
    // What is said of the partner is what the partner says of itself, and the other way round.
    let delay = peer
        .peer_max_response_delay
        .replace(peer.max_response_delay);
    peer.max_response_delay = delay.unwrap_or(peer.max_response_delay);
    let unacked = peer
        .peer_max_unacked_updates
        .replace(peer.max_unacked_updates);
    peer.max_unacked_updates = unacked.unwrap_or(peer.max_unacked_updates);
    match peer.role {
        Role::Primary => {
            peer.role = Role::Secondary;
            (peer.mclt, peer.split, peer.hba) = (None, None, None);
        }
        Role::Secondary => {
            peer.role = Role::Primary;
            if peer.mclt.unwrap_or(0) == 0 {
                peer.mclt = Some(MCLT);
                notes.push(format!("mclt is the primary's to say: {MCLT} is assumed"));
            }
            peer.split = Some(SPLIT);
            peer.hba = Some(hba_from_split(SPLIT));
            notes.push(format!("split is the primary's to say: {SPLIT} is assumed"));
        }
    }
}
