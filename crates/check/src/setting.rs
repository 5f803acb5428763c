//! What is explored: how many of everything, and how long things last.

use core::net::Ipv4Addr;

use dhcp_failover::{
    BalanceParams, Client, Config, Core, HardwareAddress, Hba, PoolSpec, RelationshipId, Role,
    Timing,
};

/// The only relationship.
pub(crate) const ID: RelationshipId = RelationshipId(0);
/// Most clients, and most addresses.
pub(crate) const MOST: usize = 3;
/// What never comes, in seconds: longer than anything else lasts, and shorter than what the
/// machine takes for absurd.
const NEVER: u32 = 80_000;

/// The size of the world. One unit of time is one second of the servers' clocks.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Clients that contend for the addresses, 1 to 3.
    pub clients: u8,
    /// Addresses, 1 or 2; clients × addresses are at most 4.
    pub addresses: u8,
    /// Crashes, of both servers together, at most 3.
    pub crashes: u8,
    /// How many of the crashes may lose the disk.
    pub losses: u8,
    /// Length of lease that every client should get.
    pub lease: u32,
    /// MCLT.
    pub mclt: u32,
    /// How long a declined address stays out of use.
    pub abandon: u32,
    /// Clients act only while fewer messages than this are under way to the partner.
    pub window: u8,
    /// Whether every message arrives, and every cut is noticed, before time passes; else, before it
    /// passes twice.
    pub prompt: bool,
    /// Whether the link may be cut.
    pub cuts: bool,
    /// Whether one end may notice a cut before the other.
    pub half_open: bool,
    /// Whether clients release.
    pub release: bool,
    /// Whether clients decline.
    pub decline: bool,
    /// Whether servers repeat a young lease without a renewal.
    pub reuse: bool,
    /// Whether an operator may declare a dead partner down.
    pub operator: bool,
    /// An assumption that doesn't hold.
    pub without: Option<Assumption>,
}

/// What is assumed of those who run the servers, and of their driver.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Assumption {
    /// The driver has a record on disk before anything after it is said.
    DurableFirst,
    /// The operator declares down only a partner that is.
    HonestOperator,
    /// A server that starts while its partner serves alone reaches it before it serves.
    Reachable,
    /// The only server that is up to date keeps its disk.
    KeptDisk,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            clients: 2,
            addresses: 1,
            crashes: 1,
            losses: 0,
            lease: 2,
            mclt: 1,
            abandon: 1,
            window: 2,
            prompt: false,
            cuts: true,
            half_open: true,
            release: true,
            decline: true,
            reuse: true,
            operator: true,
            without: None,
        }
    }
}

impl Setting {
    /// The servers' configuration: the primary's for 0, the secondary's for 1.
    pub(crate) fn config(&self, server: usize) -> Config {
        let address = |last| Ipv4Addr::new(192, 0, 2, last);
        let config = match server {
            0 => Config::primary("pair", address(2), self.mclt, Hba::from_split(128)),
            _ => Config::secondary("pair", address(1)),
        };
        Config {
            max_response_delay: NEVER,
            // With one address: it goes to whoever its last client belongs to.
            balance: BalanceParams {
                max_lease_ownership: 100,
                min_balance: 0,
                max_balance: 0,
                ..BalanceParams::default()
            },
            timing: Timing {
                startup: NEVER,
                handshake: NEVER,
                redial: NEVER,
                retry: 1,
                listen: 1,
                max_skew: 1,
                max_clock_step: NEVER,
                expiry_fudge: 1,
                abandon_time: self.abandon,
                max_lease_time: self.lease,
                ..Timing::default()
            },
            ..config
        }
    }

    /// The pool, as both servers have it.
    pub(crate) fn pool(&self) -> PoolSpec {
        PoolSpec {
            ranges: vec![(self.address(0), self.address(self.addresses - 1))],
            relationship: Some(ID),
        }
    }

    /// An address of the pool.
    pub(crate) fn address(&self, index: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, 0, 0, 1 + index)
    }

    /// Its index.
    pub(crate) fn index(&self, address: Ipv4Addr) -> usize {
        usize::from(address.octets()[3]) - 1
    }

    /// A client. Even ones belong to the primary, odd ones to the secondary.
    pub(crate) fn client(&self, index: u8) -> Client {
        let role = [Role::Primary, Role::Secondary][usize::from(index % 2)];
        let hba = Hba::from_split(128);
        let hardware = |last| [2, 0, 0, 0, index, last];
        let last = (0..=u8::MAX)
            .find(|last| hba.server_of(dhcp_split::bucket(&hardware(*last))) == role)
            .expect("half of all keys are either server's");
        Client {
            hardware: HardwareAddress::new(1, &hardware(last)).expect("six bytes fit"),
            ..Client::default()
        }
    }

    /// Which client that is, if any.
    pub(crate) fn name_of(&self, client: &Client) -> Option<u8> {
        (0..self.clients).find(|index| client.hardware.as_wire().get(5) == Some(index))
    }

    pub(crate) fn core_with(
        &self,
        server: usize,
        bindings: dhcp_failover::Bindings,
        record: Option<dhcp_failover::RelationshipRecord>,
        now: dhcp_failover::Now,
        out: &mut Vec<dhcp_failover::Output>,
    ) -> Core {
        let records = record.into_iter().map(|record| (ID, record)).collect();
        let config = vec![self.config(server)];
        Core::new(bindings, config, &records, self.abandon, now, out)
    }
}
