//! What an operator tells a server.

use std::fs;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use failover_wire::ServerState;

use super::{Kind, Server, binary, write};
use crate::netns::output;

/// Port of OMAPI in every configuration of a server that is given orders with omshell.
const OMAPI_PORT: u16 = 7911;

/// dhcpd takes 12 to 17 s from the order to its end.
const PATIENCE_TO_SHUT_DOWN: Duration = Duration::from_secs(40);

impl Server {
    /// Tells the server that its partner in `peer` is down.
    ///
    /// # Panics
    ///
    /// It refuses.
    pub fn partner_down(&self, peer: &str) {
        self.log.add(&format!("-- partner-down {peer}"));
        match self.kind {
            Kind::Ours => {
                let answer = self.ask(&["partner-down", peer]);
                assert!(
                    answer.status.success(),
                    "partner-down {peer}: {}",
                    String::from_utf8_lossy(&answer.stderr)
                );
            }
            Kind::Isc => self.set_state(peer, "partner-down"),
        }
    }

    /// What our server's `status --json` prints.
    ///
    /// # Panics
    ///
    /// It doesn't answer.
    pub fn status(&self) -> String {
        let answer = self.ask(&["status", "--json"]);
        let said = String::from_utf8_lossy(&answer.stderr).into_owned();
        assert!(answer.status.success(), "status --json: {said}");
        String::from_utf8_lossy(&answer.stdout).into_owned()
    }

    /// Our server's own client.
    pub(super) fn ask(&self, words: &[&str]) -> Output {
        output(
            Command::new(binary())
                .args(words)
                .arg("--control")
                .arg(self.control()),
        )
    }

    /// Puts the server into `state` (ISC's word) in `peer`, by OMAPI as an operator may. Whether it obeys is the caller's
    /// to see.
    ///
    /// # Panics
    ///
    /// There is no such state.
    pub fn set_state(&self, peer: &str, state: &str) {
        self.log.add(&format!("-- set-state {peer} {state}"));
        // The failover-state object has the protocol's numbers (omapi(3)).
        let number = state.parse::<ServerState>().expect("a state's name") as u8;
        self.omshell(peer, &format!("set local-state = {number}\nupdate\n"));
    }

    /// Orders the shutdown that the partner is told of, by OMAPI's control object, and waits for the end.
    ///
    /// # Panics
    ///
    /// It isn't running, or doesn't end.
    pub fn shut_down(&mut self) {
        assert!(
            self.is_running(),
            "{} ended by itself:\n{}",
            self.namespace.name(),
            self.tail(20)
        );
        self.log.add("-- shutdown by OMAPI");
        self.omshell_run("new control\nopen\nset state = 2\nupdate\n");
        self.wait_ended("OMAPI's shutdown", PATIENCE_TO_SHUT_DOWN);
    }

    /// Updates of `peer` that were sent and that the partner has yet to answer; `None` if the server doesn't say.
    pub fn unacked(&self, peer: &str) -> Option<usize> {
        if self.kind == Kind::Ours {
            return self.state(peer).pending;
        }
        let said = self.omshell(peer, "");
        let value = said.split("cur-unacked-updates = ").nth(1)?;
        let hex: String = value.lines().next()?.trim().split(':').collect();
        usize::from_str_radix(&hex, 16).ok()
    }

    /// Opens the failover-state object of `peer` with omshell, then gives it `orders`.
    fn omshell(&self, peer: &str, orders: &str) -> String {
        self.omshell_run(&format!(
            "new failover-state\nset name = \"{peer}\"\nopen\n{orders}"
        ))
    }

    /// Connects omshell and gives it `orders`; answers what it says.
    fn omshell_run(&self, orders: &str) -> String {
        let script = self.folder.join("omshell.in");
        let connect = format!("server 127.0.0.1\nport {OMAPI_PORT}\nconnect\n");
        write(&script, format!("{connect}{orders}").as_bytes());
        let input =
            fs::File::open(&script).unwrap_or_else(|error| panic!("{}: {error}", script.display()));
        let mut command = self.namespace.command("omshell");
        // It ends well whatever comes of it: the state is looked at by the caller.
        let answer = command.stdin(input).stderr(Stdio::null()).output();
        let answer =
            answer.unwrap_or_else(|error| panic!("{command:?}: {error}; scripts/test installs it"));
        String::from_utf8_lossy(&answer.stdout).into_owned()
    }
}
