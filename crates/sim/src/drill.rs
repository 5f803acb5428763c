//! An operator's pair put through a failure that is chosen, not drawn.

use dhcp_failover::{Client as Stranger, ServerState};
use dhcp4_server::{Command, Status};

use crate::clock::Time;
use crate::node::RELATIONSHIP;
use crate::scenario::Scenario;
use crate::sighting::Sighting;
use crate::site::Site;
use crate::trace::{Trace, Who};
use crate::world::World;

/// Two servers and their clients, none of which has begun yet.
///
/// Nothing goes wrong by itself. Time passes in [`run_until`](Self::run_until); all else happens at the present moment.
#[derive(Debug)]
pub struct Drill {
    world: World,
}

impl Drill {
    /// Both servers are off, and their disks empty; no client is there.
    #[must_use]
    pub fn new(site: Site, seed: u64, trace: Trace) -> Self {
        Self {
            world: World::new(Scenario::of_site(seed, site), trace, None),
        }
    }

    /// The hardware address of a client.
    #[must_use]
    pub fn hardware(client: usize) -> [u8; 6] {
        crate::client::Client::hardware(client)
    }

    /// The present moment, ms since the beginning.
    #[must_use]
    pub fn now(&self) -> Time {
        self.world.now()
    }

    /// Events handled so far.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.world.tally.events
    }

    /// Lets time pass.
    ///
    /// # Errors
    /// A server broke one of its own rules.
    pub fn run_until(&mut self, time: Time) -> Result<(), String> {
        Ok(self.world.run_until(time)?)
    }

    /// A server is started, with what is on its disk.
    ///
    /// # Errors
    /// It can't read what it wrote.
    pub fn start(&mut self, node: usize) -> Result<(), String> {
        self.world.start(node)?;
        if let Some(state) = self.world.nodes[node].state() {
            self.world.see(|at| Sighting::State { at, node, state });
        }
        Ok(())
    }

    /// A server's machine loses power: its partner isn't told.
    pub fn power_off(&mut self, node: usize) {
        self.note(Who::Node(node), "### power lost");
        self.world.nodes[node].crash(0);
        self.world.tcp.power_off(node);
    }

    /// The servers can't reach each other any more, and nobody tells them.
    pub fn cut(&mut self) {
        self.note(Who::World, "the link is cut");
        self.world.tcp.cut();
    }

    /// They can again.
    pub fn heal(&mut self) {
        self.note(Who::World, "the link is repaired");
        self.world.tcp.heal(&mut self.world.queue);
    }

    /// The operator tells a server that its partner is down; answers whether it took that.
    ///
    /// # Errors
    /// The server broke one of its own rules.
    pub fn partner_down(&mut self, node: usize) -> Result<bool, String> {
        let command = Command::PartnerDown {
            id: RELATIONSHIP,
            force: false,
        };
        let mut taken = false;
        self.world.input(node, |server, now| {
            taken = server.handle_command(command, now).is_ok();
        })?;
        Ok(taken)
    }

    /// A client is switched on, and stays.
    pub fn arrive(&mut self, client: usize) {
        let (now, mut steps) = (self.now(), Vec::new());
        self.world.clients[client].stay(now, &mut steps);
        self.world.client_steps(client, steps);
    }

    /// A client goes without a word, and for good.
    pub fn leave(&mut self, client: usize) {
        self.world.clients[client].vanish();
        self.world.set_timer(client);
    }

    /// What has been seen since this was asked last, in order.
    pub fn sightings(&mut self) -> Vec<Sighting> {
        self.world
            .sightings
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default()
    }

    /// A server's state, while it runs.
    #[must_use]
    pub fn state(&self, node: usize) -> Option<ServerState> {
        self.world.nodes[node].state()
    }

    /// What `status` would show, while the server runs.
    #[must_use]
    pub fn status(&self, node: usize) -> Option<Status> {
        let machine = &self.world.nodes[node];
        let process = machine.process.as_ref()?;
        Some(process.server.status(machine.clock.now(self.now())))
    }

    /// How many addresses of each pool a server could give to strangers now, while it runs; pools in the order of the
    /// configuration.
    #[must_use]
    pub fn available(&self, node: usize) -> Option<Vec<u32>> {
        let machine = &self.world.nodes[node];
        let core = machine.process.as_ref()?.server.core();
        let now = machine.clock.now(self.now());
        let bindings = core.bindings();
        let stranger = Stranger::default();
        let mut available = vec![0; bindings.pools().count()];
        for (address, _) in bindings.iter() {
            if let Some(pool) = bindings.pool_of(address)
                && core.may_give(address, &stranger, now)
            {
                available[pool.0 as usize] += 1;
            }
        }
        Some(available)
    }

    /// Whether both servers are NORMAL, and neither has an update left to send.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.world.nodes.iter().all(|node| {
            let endpoint = node.endpoint();
            endpoint.is_some_and(|endpoint| {
                endpoint.state() == ServerState::Normal && endpoint.queued_updates() == 0
            })
        })
    }

    fn note(&mut self, who: Who, what: &str) {
        let now = self.now();
        self.world.trace.line(now, who, format_args!("{what}"));
    }
}
