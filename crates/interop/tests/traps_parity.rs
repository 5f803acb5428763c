//! The state machine of a real dhcpd: what a partner's announced state does to each of its own.
//!
//! dhcpd is started with its state in its lease file; a scripted partner connects and announces a state, with or without
//! the STARTUP flag: as the first one, while dhcpd is in STARTUP itself, or as the second one, when it has left that. What
//! dhcpd moves to is compared with the ISC column of [`TABLE`], which our own table is made from.
//!
//! `PARITY=full` walks everything; without it a sample is taken that has every state in it, and every exit.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use failover_wire::{ServerFlags, ServerState};
use interop::scripted::{Scripted, Solo};
use interop::{Kind, until};

/// dhcpd processes at a time.
const AT_A_TIME: usize = 8;
/// Of all cases, one in so many is taken where not everything is asked for. Prime to the number of columns and variants, so
/// that a sample goes through all of them.
const SAMPLE: usize = 13;

/// What dhcpd comes to, by its own state (rows) beside the announced one (columns): `-` stays, `!` ends its process.
///
/// In STARTUP the row is that of the saved state; where it stays, it moves to the saved state.
const TABLE: &str = "
     N   CI  PD  PC  R   PA  SD  RD  RI  CD  RW
N    -   -   PC  SD  PD  CI  PD  -   SD  SD  -
CI   N   N   PC  PC  PD  -   PD  N   PC  PC  N
PD   PC  PC  PC  PC  -   -   -   N   PC  PC  -
PC   SD  -   -   -   R   -   PD  -   -   -   -
RI   PC  PC  PC  PC  PC  -   PD  PC  PC  PC  PC
CD   N   !   !   -   !   !   SD  !   -   !   !
R    PC  -   -   PC  -   -   PD  -   PC  PC  -
RW   -   -   -   -   -   -   -   -   -   -   -
RD   N   -   -   -   -   -   PD  N   -   -   -
SD   -   -   -   -   -   -   -   -   -   -   -
PA   -   -   -   -   -   -   -   -   -   -   -
";

/// The table's names.
const STATES: [(&str, ServerState); 11] = [
    ("N", ServerState::Normal),
    ("CI", ServerState::CommunicationsInterrupted),
    ("PD", ServerState::PartnerDown),
    ("PC", ServerState::PotentialConflict),
    ("R", ServerState::Recover),
    ("PA", ServerState::Paused),
    ("SD", ServerState::Shutdown),
    ("RD", ServerState::RecoverDone),
    ("RI", ServerState::ResolutionInterrupted),
    ("CD", ServerState::ConflictDone),
    ("RW", ServerState::RecoverWait),
];

/// One thing to provoke.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Case {
    primary: bool,
    mine: ServerState,
    theirs: ServerState,
    /// The partner says that it is in STARTUP.
    flag: bool,
    /// dhcpd is in STARTUP.
    starting: bool,
}

/// What came of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Outcome {
    In(ServerState),
    Exit,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            primary,
            mine,
            theirs,
            flag,
            starting,
        } = self;
        let role = if *primary { "primary" } else { "secondary" };
        let starting = if *starting { ", starting" } else { "" };
        let flag = if *flag { " with the STARTUP flag" } else { "" };
        write!(
            f,
            "{role} in {mine}{starting}; partner announces {theirs}{flag}"
        )
    }
}

impl Case {
    fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for (_, mine) in STATES {
            for (_, theirs) in STATES {
                for bits in 0..8 {
                    let (primary, flag, starting) = (bits & 1 == 0, bits & 2 != 0, bits & 4 != 0);
                    all.push(Self {
                        primary,
                        mine,
                        theirs,
                        flag,
                        starting,
                    });
                }
            }
        }
        all
    }

    /// The state that dhcpd has on file for its partner: another one than is announced.
    fn recorded(&self) -> ServerState {
        match self.theirs {
            ServerState::RecoverWait => ServerState::Paused,
            _ => ServerState::RecoverWait,
        }
    }

    fn expected(&self, table: &BTreeMap<(ServerState, ServerState), Option<Outcome>>) -> Outcome {
        // Left by way of its own state when that is announced a second time (see `provoke`).
        let interrupted = self.mine == ServerState::ResolutionInterrupted && !self.starting;
        let mine = if interrupted {
            ServerState::PotentialConflict
        } else {
            self.mine
        };
        if self.starting && mine == ServerState::Normal && self.theirs == ServerState::PartnerDown {
            return Outcome::In(ServerState::Recover);
        }
        if mine == ServerState::PartnerDown && self.flag {
            return Outcome::In(mine);
        }
        table[&(mine, self.theirs)].unwrap_or(Outcome::In(mine))
    }

    /// Starts dhcpd in this case, and sees what comes of it.
    fn provoke(&self) -> (Outcome, String) {
        let mut solo = Solo::new(Kind::Isc, self.primary);
        solo.write_leases(self.mine, self.recorded(), 10, "");
        solo.server.start();
        let mut partner = solo.dial();
        partner.shake_hands(&solo.terms());
        if !self.starting {
            // What is on file already moves a server out of STARTUP, and nothing else.
            partner.say_state(self.recorded(), ServerFlags(0));
            assert!(partner.fence(), "{self}: gone before its time");
        }
        let flags = if self.flag {
            ServerFlags::STARTUP
        } else {
            ServerFlags(0)
        };
        partner.say_state(self.theirs, flags);
        let stands = partner.fence();
        let outcome = if stands {
            self.settled(&solo, &partner)
        } else {
            self.ended(&mut solo)
        };
        let moves = solo.server.log.since(0);
        let moves: Vec<_> = moves
            .iter()
            .filter(|line| line.contains(" move"))
            .cloned()
            .collect();
        (outcome, moves.join("\n    "))
    }

    /// Where it says it is, on the wire and in its log.
    fn settled(&self, solo: &Solo, partner: &Scripted) -> Outcome {
        let said = partner.states().last().copied();
        let Some((state, false)) = said else {
            panic!("{self}: it never left STARTUP: {said:?}")
        };
        let logged = until(Duration::from_secs(5), || {
            let logged = solo.server.state(interop::conf::PEER).local;
            (logged == state.to_string()).then_some(())
        });
        assert!(
            logged.is_some(),
            "{self}: it says {state} and logs\n{}",
            solo.server.tail(20)
        );
        Outcome::In(state)
    }

    fn ended(&self, solo: &mut Solo) -> Outcome {
        let ended = until(Duration::from_secs(5), || {
            (!solo.server.is_running()).then_some(())
        });
        assert!(
            ended.is_some(),
            "{self}: it has closed the link and runs on\n{}",
            solo.server.tail(20)
        );
        Outcome::Exit
    }
}

fn table() -> BTreeMap<(ServerState, ServerState), Option<Outcome>> {
    let named = |name: &str| {
        let found = STATES.iter().find(|(short, _)| *short == name);
        found.unwrap_or_else(|| panic!("no state {name}")).1
    };
    let mut lines = TABLE.trim().lines();
    let columns: Vec<_> = lines
        .next()
        .expect("a first line")
        .split_whitespace()
        .map(named)
        .collect();
    let mut table = BTreeMap::new();
    for line in lines {
        let mut words = line.split_whitespace();
        let mine = named(words.next().expect("a row's name"));
        for (theirs, word) in columns.iter().zip(words) {
            let outcome = match word {
                "-" => None,
                "!" => Some(Outcome::Exit),
                name => Some(Outcome::In(named(name))),
            };
            table.insert((mine, *theirs), outcome);
        }
    }
    assert_eq!(table.len(), STATES.len() * STATES.len());
    table
}

#[test]
#[ignore = "needs root and peers: scripts/test runs it"]
fn dhcpd_does_what_the_table_says() {
    let full = std::env::var("PARITY").is_ok_and(|how| how == "full");
    let table = table();
    let cases: Vec<Case> = Case::all()
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
                    let expected = case.expected(&table);
                    if outcome != expected {
                        let line =
                            format!("{case}: {outcome:?}, expected {expected:?}\n    {moves}");
                        eprintln!("{line}");
                        wrong.lock().expect("nobody panics with it").push(line);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("nobody panics with it");
    assert!(
        wrong.is_empty(),
        "{} of {} cases:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}
