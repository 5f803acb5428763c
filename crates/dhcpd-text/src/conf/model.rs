//! What a dhcpd.conf says: the tree of networks, and the scopes that options and settings stand in.

use std::net::Ipv4Addr;
use std::sync::Arc;

use super::code::{Action, Operation, OptionAction, OptionValue, Statement};
use super::{Class, FailoverPeer, OptionId, ServerSettings, Settings, SpaceId, Spaces};

/// A whole configuration.
///
/// Options and settings do not sit in the networks themselves but in [`Scope`]s, each of which names the scope around
/// it; walking from a pool's or host's scope to the root gives the order in which ISC looks for a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// All scopes; `scopes[0]` is the root. A scope's parent always has a smaller index.
    pub scopes: Vec<Scope>,
    /// The failover relationships, in the order of the file. Names are unique.
    pub failover_peers: Vec<FailoverPeer>,
    /// The shared networks; a subnet that stands alone has an implicit one of its own, as in ISC.
    pub shared_networks: Vec<SharedNetwork>,
    /// All hosts: in ISC they are global wherever they are declared; only their scope depends on the place.
    pub hosts: Vec<Host>,
    /// The classes, in the order of the file.
    pub classes: Vec<Class>,
    /// The option spaces, and which options there are.
    pub spaces: Spaces,
    /// What concerns the server as a whole.
    pub server: ServerSettings,
    /// The names of the files read, the main one first; [`Location::file`] is an index here.
    pub files: Vec<String>,
}

/// Index into [`Config::scopes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScopeId(pub usize);

impl ScopeId {
    /// The scope of statements that stand outside all braces.
    pub const ROOT: Self = Self(0);
}

/// Where a declaration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Location {
    /// Index into [`Config::files`].
    pub file: usize,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// The statements of one pair of braces, or of the file outside all braces.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    /// The scope around this one; `None` for the root only.
    pub parent: Option<ScopeId>,
    /// What is executed for each client, in the order of the file; what follows are the parts of this that are the same for every client.
    pub statements: Vec<Statement>,
    /// Options of DHCP itself with a constant value, in the order of the file. Each code stands once: the last one of a scope wins, in the place of the first.
    pub options: Vec<OptionSetting>,
    /// The parameters with a constant value.
    pub settings: Settings,
}

impl Scope {
    /// Whether its [`options`](Self::options) and [`settings`](Self::settings) say it all: it holds nothing but constant
    /// options of DHCP itself and parameters, and no option space is put into an option.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.settings.vendor_option_space.is_none()
            && self.settings.site_option_space.is_none()
            && self
                .statements
                .iter()
                .all(|statement| match &statement.action {
                    Action::Option(OptionAction {
                        option,
                        operation: Operation::Supersede,
                        value: OptionValue::Bytes(_),
                    }) => matches!(option.space, SpaceId::DHCP | SpaceId::SERVER),
                    _ => false,
                })
    }

    /// Whether it gives every client the same.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        self.statements
            .iter()
            .all(|statement| statement.action.is_constant())
    }
}

/// One `option NAME VALUE;` of the space `dhcp`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionSetting {
    /// The DHCP option code.
    pub code: u8,
    /// The value as it goes on the wire, which may be more than 255 bytes.
    pub data: Arc<[u8]>,
    /// Where it is set.
    pub at: Location,
}

/// A `shared-network`, or the one that ISC makes around a subnet that stands alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedNetwork {
    /// Its name; of an implicit one `NETWORK/PREFIX`, such as `192.168.1.0/24`, as in ISC's log lines.
    pub name: String,
    /// Its scope. An implicit one shares its subnet's scope, as in ISC.
    pub scope: ScopeId,
    /// Its subnets, in the order of the file.
    pub subnets: Vec<Subnet>,
    /// Pools that stand in the shared network itself, outside its subnets.
    pub pools: Vec<Pool>,
    /// `failover peer "x";` in the shared network: what [`PoolFailover::Inherit`] refers to.
    pub failover_peer: Option<String>,
    /// True if made for a subnet that stands alone.
    pub implicit: bool,
    /// `interface NAME;`, which ties the network to one interface.
    pub interface: Option<String>,
    /// Where it is declared.
    pub at: Location,
}

/// A `subnet`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subnet {
    /// The network number; no bit outside the mask is set.
    pub network: Ipv4Addr,
    /// The mask, ones before zeros.
    pub netmask: Ipv4Addr,
    /// Its scope.
    pub scope: ScopeId,
    /// Its pools. Ranges directly in the subnet make a pool of their own, whose scope is the subnet's.
    pub pools: Vec<Pool>,
    /// Where it is declared.
    pub at: Location,
}

impl Subnet {
    /// True if `address` lies in this subnet.
    #[must_use]
    pub fn contains(&self, address: Ipv4Addr) -> bool {
        address.to_bits() & self.netmask.to_bits() == self.network.to_bits()
    }
}

/// A `pool`, or the ranges that stand directly in a subnet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// The addresses; never empty, and no address is in two ranges of a configuration.
    pub ranges: Vec<Range>,
    /// Its scope. The parent is the scope of the braces around the pool. For a pool in the shared network itself, the scope of the subnet
    /// that an address is in comes between the two.
    pub scope: ScopeId,
    /// `allow …` statements of the pool, in the order of the file. Not empty means: only those.
    pub permits: Vec<Permit>,
    /// `deny …` statements of the pool.
    pub prohibits: Vec<Permit>,
    /// Which relationship the addresses belong to.
    pub failover: PoolFailover,
    /// Where it is declared.
    pub at: Location,
}

/// `range [dynamic-bootp] LOW [HIGH];`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first address.
    pub low: Ipv4Addr,
    /// The last address, not below `low` (a range written backwards is turned round).
    pub high: Ipv4Addr,
    /// BOOTP clients may have addresses of this range (`dynamic-bootp`).
    pub dynamic_bootp: bool,
}

/// Which failover relationship a pool belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PoolFailover {
    /// The shared network's [`failover_peer`](SharedNetwork::failover_peer), which was given before the pool.
    Inherit,
    /// None: nothing is said anywhere, or `no failover peer`, or the ranges stand directly in a subnet.
    None,
    /// `failover peer "NAME";`
    Peer(String),
}

/// Whom an `allow` or `deny` of a pool is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permit {
    /// `known-clients`: a host declaration matches.
    KnownClients,
    /// `unknown-clients`: none does.
    UnknownClients,
    /// `authenticated clients` (ISC: never true).
    AuthenticatedClients,
    /// `unauthenticated clients` (ISC: always true).
    UnauthenticatedClients,
    /// `all clients`
    AllClients,
    /// `dynamic bootp clients`
    DynamicBootpClients,
    /// `members of "CLASS"`: an index into [`Config::classes`].
    Members(usize),
    /// `after TIME`: from this moment on, in Unix seconds.
    After(u64),
}

/// A `host`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Its name in the file.
    pub name: String,
    /// Its scope; the scopes of the groups around it are the parents.
    pub scope: ScopeId,
    /// `hardware TYPE ADDRESS;`
    pub hardware: Option<Hardware>,
    /// `host-identifier option NAME VALUE;`: found by what the client sent in an option.
    pub identifier: Option<(OptionId, Vec<u8>)>,
    /// `option dhcp-client-identifier VALUE;` directly in the host. It is among the scope's options too, as in ISC.
    pub client_identifier: Option<Vec<u8>>,
    /// `fixed-address A, B…;`
    pub fixed_addresses: Vec<Ipv4Addr>,
    /// Where it is declared.
    pub at: Location,
}

/// A link-layer address as ISC writes it: `ethernet 02:00:00:00:00:01`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Hardware {
    /// The hardware type (`htype` of RFC 2131): 1 is Ethernet.
    pub htype: u8,
    /// The address, at most 20 bytes.
    pub address: Vec<u8>,
}
