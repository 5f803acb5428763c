//! The state machine of a real dhcpd: what a partner's announced state does to each of its own.
//!
//! dhcpd is started with its state in its lease file; a scripted partner connects and announces a state, with or without
//! the STARTUP flag: as the first one, while dhcpd is in STARTUP itself, or as the second one, when it has left that. What
//! dhcpd moves to and asks for is compared with the ISC column of the table that our own state machine is tested by.
//!
//! `PARITY=full` walks all of it, in both roles; without it a sample is taken.

use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use failover_wire::{Message, ServerFlags, ServerState, ServerStateCode, StateMessage};
use interop::conf::PEER;
use interop::scripted::{Scripted, Solo, now};
use interop::{Kind, until};

const TABLE: &str = include_str!("../../../dhcp-failover/tests/parity.tsv");
/// dhcpd processes at a time.
const AT_A_TIME: usize = 8;
/// Of all cases, one in so many is taken where not everything is asked for. Prime to the number of columns and variants, so
/// that a sample goes through all of them.
const SAMPLE: usize = 17;
/// No state at all, as the log has it; 0 on the wire.
const UNKNOWN: &str = "unknown-state";

/// One thing to provoke, and what dhcpd should do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Case {
    primary: bool,
    mine: &'static str,
    /// dhcpd is in STARTUP.
    starting: bool,
    theirs: &'static str,
    /// The partner says that it is in STARTUP.
    flag: bool,
    /// `stay`, a state, or `exit`; then what is asked for.
    isc: &'static str,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            primary,
            mine,
            starting,
            theirs,
            flag,
            isc,
        } = self;
        let role = if *primary { "primary" } else { "secondary" };
        let starting = if *starting { ", starting" } else { "" };
        let flag = if *flag { " with the STARTUP flag" } else { "" };
        write!(
            f,
            "{role} in {mine}{starting}; partner announces {theirs}{flag}; should be {isc}"
        )
    }
}

/// Every case, in the order of the table.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for line in TABLE.lines().skip(1) {
        let fields: Vec<_> = line.split('\t').collect();
        let [mine, starting, theirs, flag, isc, ..] = fields[..] else {
            panic!("{line:?}")
        };
        let flags: &[bool] = match flag {
            "any" => &[false, true],
            "clear" => &[false],
            "set" => &[true],
            other => panic!("{other:?} is no flag"),
        };
        for flag in flags {
            for primary in [true, false] {
                let starting = starting == "yes";
                let flag = *flag;
                cases.push(Case {
                    primary,
                    mine,
                    starting,
                    theirs,
                    flag,
                    isc,
                });
            }
        }
    }
    cases
}

fn code(state: &str) -> u8 {
    match state {
        UNKNOWN => 0,
        known => known.parse::<ServerState>().expect("a state's name") as u8,
    }
}

fn announce(partner: &mut Scripted, state: &str, flag: bool) {
    let flags = if flag {
        ServerFlags::STARTUP
    } else {
        ServerFlags(0)
    };
    partner.say(Message::State(StateMessage {
        state: Some(ServerStateCode(code(state))),
        flags: Some(flags),
        start_of_state: Some(now()),
    }));
}

impl Case {
    /// The state that dhcpd has on file for its partner: another one than is announced.
    fn recorded(&self) -> &'static str {
        match (self.mine, self.theirs) {
            (_, "recover-wait") => "paused",
            // It asks only a partner that resolved the conflict just now.
            ("potential-conflict", "conflict-done") => "potential-conflict",
            _ => "recover-wait",
        }
    }

    /// Starts dhcpd in this case; what it does, as the table has it, and what it logs.
    fn provoke(&self) -> (String, String) {
        let mut solo = Solo::new(Kind::Isc, self.primary);
        solo.write_leases(self.mine, self.recorded(), 10, "");
        solo.server.start();
        let mut partner = solo.dial();
        partner.shake_hands(&solo.terms());
        if !self.starting {
            self.settle(&solo, &mut partner);
        }
        let mark = partner.heard.len();
        announce(&mut partner, self.theirs, self.flag);
        let outcome = if partner.fence() {
            self.outcome(&solo, &partner, mark)
        } else {
            let ended = until(Duration::from_secs(5), || {
                (!solo.server.is_running()).then_some("exit")
            });
            ended.unwrap_or("close").to_owned()
        };
        let log = solo.server.log.since(0);
        let moves = log
            .iter()
            .filter(|line| line.contains(" move") || line.contains("rror"));
        (outcome, moves.cloned().collect::<Vec<_>>().join("\n    "))
    }

    /// Gets dhcpd out of STARTUP into its state.
    fn settle(&self, solo: &Solo, partner: &mut Scripted) {
        // What is on file already moves a server out of STARTUP, and nothing else; but for RESOLUTION-INTERRUPTED, which
        // an operator can put it back to.
        announce(partner, self.recorded(), false);
        assert!(partner.fence(), "{self}: gone before its time");
        if self.mine == "resolution-interrupted" {
            solo.server.set_state(PEER, self.mine);
            assert!(partner.fence(), "{self}: gone before its time");
        }
        let said = last_state(partner);
        assert_eq!(said, Some((code(self.mine), false)), "{self}");
    }

    fn outcome(&self, solo: &Solo, partner: &Scripted, mark: usize) -> String {
        // It repeats its state when it leaves STARTUP.
        let said = last_state(partner);
        let Some((said, false)) = said else {
            return format!("startup ({said:?})");
        };
        let logged = until(Duration::from_secs(5), || {
            let logged = solo.server.state(PEER).local;
            (code(&logged) == said).then_some(logged)
        });
        let Some(state) = logged else {
            return format!("state {said}, which isn't logged");
        };
        let mut outcome = if state == self.mine && !self.starting {
            "stay".to_owned()
        } else {
            state
        };
        let heard = &partner.heard[mark..];
        let asked = |message: &Message| heard.iter().any(|frame| frame.message == *message);
        if asked(&Message::UpdateRequestAll) {
            outcome += " updreqall";
        } else if asked(&Message::UpdateRequest) {
            outcome += " updreq";
        }
        outcome
    }

    fn is_met_by(&self, outcome: &str) -> bool {
        // In POTENTIAL-CONFLICT a primary asks first, and has asked already: the table has the secondary's requests.
        let resolving =
            self.mine == "potential-conflict" || self.isc.starts_with("potential-conflict");
        if self.primary && resolving {
            return outcome.split(' ').next() == self.isc.split(' ').next();
        }
        outcome == self.isc
    }
}

/// The code of the state last announced, and whether with the STARTUP flag.
fn last_state(partner: &Scripted) -> Option<(u8, bool)> {
    let mut states = partner
        .heard
        .iter()
        .rev()
        .filter_map(|frame| match &frame.message {
            Message::State(state) => Some((state.state?.0, state.is_startup())),
            _ => None,
        });
    states.next()
}

#[test]
#[ignore = "needs root and peers: scripts/test runs it"]
fn dhcpd_does_what_the_table_says() {
    let full = std::env::var("PARITY").is_ok_and(|how| how == "full");
    let cases: Vec<Case> = cases()
        .into_iter()
        .enumerate()
        .filter(|(number, _)| full || number % SAMPLE == 0)
        .map(|(_, case)| case)
        .collect();
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (outcome, moves) = case.provoke();
                    if !case.is_met_by(&outcome) {
                        let line = format!("{case}; is {outcome}\n    {moves}");
                        wrong.lock().expect("nobody panics with it").push(line);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("nobody panics with it");
    let (wrong, lines) = (wrong.len(), wrong.join("\n"));
    assert_eq!(wrong, 0, "of {} cases:\n{lines}", cases.len());
}
