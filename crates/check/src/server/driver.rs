//! Between the machine and the world: inputs go in, outputs are performed, in order.

use core::net::Ipv4Addr;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::BytesMut;
use dhcp_failover::{BindingStatus, Client, Command, Core, Grant, Output};
use failover_wire::Frame;

use super::{CONN, Disk, Flaw, Input, Outcome, PATIENCE, Server};
use crate::age::{Aging, NOW};
use crate::setting::{Assumption, ID, Setting};

/// Lets something happen to a server. `frames` knows the message of [`Input::Frame`].
///
/// `None` if it can't happen now, or nothing would come of it that isn't explored anyway.
pub(crate) fn happen(
    server: &Server,
    input: Input,
    setting: &Setting,
    frame: Option<&Frame>,
) -> Result<Option<Outcome<Server, Frame>>, Flaw> {
    let mut driver = Driver {
        server: server.clone(),
        setting,
        out: Vec::new(),
    };
    let done = catch_unwind(AssertUnwindSafe(|| driver.input(input, frame)));
    match done {
        Ok(Some(told)) => driver.outcome(input, told).map(Some),
        Ok(None) => Ok(None),
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
            Err(Flaw::Panic(text.unwrap_or_default()))
        }
    }
}

struct Driver<'a> {
    server: Server,
    setting: &'a Setting,
    out: Vec<Output>,
}

impl Driver<'_> {
    /// Applies the input; what a client was told, if it was. `None` if it isn't possible.
    fn input(&mut self, input: Input, frame: Option<&Frame>) -> Option<Option<u32>> {
        let setting = self.setting;
        match input {
            Input::Tick => {
                // Records linger for a quarter of a second.
                self.server.sync(setting);
                self.server.age(1, setting);
            }
            Input::Crash { kept } => {
                self.server.unsynced.truncate(kept.into());
                self.server.sync(setting);
                self.server.core = None;
            }
            Input::Lose => self.server = Server::down(self.server.side, Disk::lost(setting)),
            Input::Start => self.start(),
            _ => return self.feed(input, frame),
        }
        Some(None)
    }

    fn start(&mut self) {
        let disk = &self.server.disk;
        let bindings = disk.load(self.setting);
        let record = disk.relationship.clone();
        let core = self
            .setting
            .core_with(self.server.side, bindings, record, NOW, &mut self.out);
        self.server.core = Some(Box::new(core));
    }

    fn feed(&mut self, input: Input, frame: Option<&Frame>) -> Option<Option<u32>> {
        let setting = self.setting;
        let out = &mut self.out;
        let serves = self.server.serves();
        let core = self.server.core.as_mut()?;
        let partner = core.endpoint(ID).config().peer_address;
        match input {
            Input::Timeout => core.handle_timeout(NOW, out),
            Input::Connected => core.handle_accepted(CONN, partner, NOW, out),
            Input::Lost => core.handle_disconnected(CONN, NOW, out),
            Input::Silence => core.handle_dial_failed(ID, false, NOW, out),
            Input::Frame(_) => deliver(core, frame?, out),
            Input::PartnerDown => {
                let command = Command::PartnerDown {
                    id: ID,
                    force: false,
                };
                core.handle_command(command, NOW, out).ok()?;
            }
            Input::Ask { client, address } => {
                let grant = Grant {
                    address: setting.address(address),
                    client: setting.client(client),
                    desired: setting.lease,
                    bootp: false,
                    extra: None,
                };
                return Some(Some(core.grant(grant, NOW, out).ok()?.length));
            }
            Input::Repeat { client, address } => {
                let (client, address) = (setting.client(client), setting.address(address));
                return repeat(core, serves, &client, address, out).map(Some);
            }
            Input::Release { address } => {
                let address = setting.address(address);
                let binding = core.bindings().get(address)?;
                let active = binding.status == BindingStatus::Active && binding.ends > NOW.unix;
                (active && serves).then_some(())?;
                core.release(address, NOW, out);
            }
            Input::Decline { client, address } => {
                serves.then_some(())?;
                let by = setting.client(client);
                core.abandon(setting.address(address), Some(&by), NOW, out);
            }
            Input::Tick | Input::Crash { .. } | Input::Lose | Input::Start => {}
        }
        Some(None)
    }

    /// Performs the outputs: a record is on disk before anything after it is said.
    fn outcome(mut self, input: Input, told: Option<u32>) -> Result<Outcome<Server, Frame>, Flaw> {
        let setting = self.setting;
        let aging = Aging::new(0, setting);
        let records = self
            .out
            .iter()
            .filter(|output| matches!(output, Output::Store(_)))
            .count();
        let mut disk = Server {
            core: None,
            ..self.server.clone()
        };
        let (mut sent, mut torn, mut closed, mut stored) = (Vec::new(), Vec::new(), false, 0);
        for output in std::mem::take(&mut self.out) {
            match output {
                Output::Store(record) => {
                    self.server.unsynced.push(record.clone());
                    disk.unsynced.push(record);
                    stored += 1;
                    if stored < records {
                        let mut torn_off = disk.clone();
                        torn_off.sync(setting);
                        torn_off.age(0, setting);
                        torn.push((torn_off, sent.clone()));
                    }
                }
                Output::Send(_, mut frame) => {
                    if setting.without != Some(Assumption::DurableFirst) {
                        self.server.sync(setting);
                    }
                    aging.frame(&mut frame);
                    sent.push(frame);
                }
                Output::Close(_) => closed = true,
                Output::Dial(_) | Output::Event(_) => {}
            }
        }
        let durable = setting.without != Some(Assumption::DurableFirst);
        if (told.is_some() || closed) && durable {
            self.server.sync(setting);
        }
        self.server.age(0, setting);
        if input == Input::Timeout && self.server.is_due() {
            let placeholder = Server::down(self.server.side, Disk::lost(setting));
            return self.serve_again(Outcome {
                server: placeholder,
                sent,
                closed,
                told,
                torn,
            });
        }
        Ok(Outcome {
            server: self.server,
            sent,
            closed,
            told,
            torn,
        })
    }

    /// Timers that are due at once after others were served.
    fn serve_again(self, mut sum: Outcome<Server, Frame>) -> Result<Outcome<Server, Frame>, Flaw> {
        let mut server = self.server;
        for _ in 0..PATIENCE {
            if !server.is_due() {
                sum.server = server;
                return Ok(sum);
            }
            let mut driver = Driver {
                server,
                setting: self.setting,
                out: Vec::new(),
            };
            driver.feed(Input::Timeout, None);
            // Not a timeout by name, so that this doesn't begin anew.
            let next = driver.outcome(Input::Silence, None)?;
            server = next.server;
            let before = sum.sent.clone();
            sum.torn.extend(
                next.torn
                    .into_iter()
                    .map(|(torn, sent)| (torn, before.iter().cloned().chain(sent).collect())),
            );
            sum.sent.extend(next.sent);
            sum.closed |= next.closed;
        }
        Err(Flaw::Spin)
    }
}

/// A message as bytes, as it arrives.
fn deliver(core: &mut Core, frame: &Frame, out: &mut Vec<Output>) {
    let mut bytes = BytesMut::new();
    let frame = Frame {
        time: NOW.unix,
        ..frame.clone()
    };
    frame.encode(&mut bytes).expect("short enough");
    core.handle_peer_bytes(CONN, &bytes, NOW, out);
}

/// `dhcp-cache-threshold`: the client is told what is left of a young lease.
fn repeat(
    core: &mut Core,
    serves: bool,
    client: &Client,
    address: Ipv4Addr,
    out: &mut Vec<Output>,
) -> Option<u32> {
    let binding = core.bindings().get(address)?;
    let running = binding.status == BindingStatus::Active
        && binding.client == *client
        && binding.ends > NOW.unix;
    (serves && running).then_some(())?;
    let left = binding.ends.saturating_sub(NOW.unix);
    core.touch(address, true, NOW, out);
    Some(left)
}
