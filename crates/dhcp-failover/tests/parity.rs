//! The state machine beside ISC's, as data: `parity.tsv` says what each announcement of the partner
//! does in each state, there and here, and why where the two differ. All of it is walked through
//! the real [`Core`], and `docs/state-machine.md` shows it.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::Ipv4Addr;

use bytes::BytesMut;
use dhcp_failover::*;
use failover_wire::{
    Connect, ConnectAck, Message, ServerFlags, ServerStateCode, StateMessage, Xid,
};

const ID: RelationshipId = RelationshipId(0);
const START: u32 = 1_800_000_000;
const TABLE: &str = include_str!("parity.tsv");
/// The document, and the marks between which the table stands in it.
const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/state-machine.md");
const BEGIN: &str = "<!-- parity: begin -->\n";
const END: &str = "<!-- parity: end -->\n";

/// One line of the table.
#[derive(Clone, Debug)]
struct Row {
    mine: &'static str,
    starting: bool,
    peer: &'static str,
    /// The partner's STARTUP flag: `any`, `clear` or `set`.
    flag: &'static str,
    isc: &'static str,
    ours: &'static str,
    reason: &'static str,
}

fn rows() -> Vec<Row> {
    let mut lines = TABLE.lines();
    assert_eq!(
        lines.next(),
        Some("mine\tin-startup\tpeer\tpeer-startup-flag\tisc\tours\treason")
    );
    lines
        .map(|line| {
            let fields: Vec<_> = line.split('\t').collect();
            let [mine, starting, peer, flag, isc, ours, reason] = fields[..] else {
                panic!("{line:?} has seven fields")
            };
            Row {
                mine,
                starting: starting == "yes",
                peer,
                flag,
                isc,
                ours,
                reason,
            }
        })
        .collect()
}

/// A server and a scripted partner.
struct Walk {
    core: Core,
    role: Role,
    now: Now,
    conn: ConnId,
    xid: u32,
    closed: bool,
    said: Vec<Message>,
}

impl Walk {
    /// A server that was in `mine` when it stopped, with a partner last heard of in `partner`.
    fn new(role: Role, mine: ServerState, partner: ServerState) -> Self {
        let spec = PoolSpec {
            ranges: vec![(Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 9))],
            relationship: Some(ID),
        };
        let bindings = Bindings::new(vec![spec], [1, 2]).unwrap();
        let peer = Ipv4Addr::new(192, 0, 2, 1);
        let config = match role {
            Role::Primary => Config::primary("x", peer, 60, Hba::from_split(128)),
            Role::Secondary => Config::secondary("x", peer),
        };
        let record = RelationshipRecord {
            my_state: mine,
            my_stos: UnixTime(START),
            partner_state: Some(partner),
            partner_stos: UnixTime(START),
            mclt: Some(60),
            wait_mclt: 0,
        };
        let now = Now {
            mono: Instant::from_millis(1_000_000),
            unix: UnixTime(START + 1),
        };
        let mut out = Vec::new();
        let records = BTreeMap::from([(ID, record)]);
        let core = Core::new(bindings, vec![config], &records, 60, now, &mut out);
        Self {
            core,
            role,
            now,
            conn: ConnId(1),
            xid: 0,
            closed: false,
            said: Vec::new(),
        }
    }

    fn state(&self) -> ServerState {
        self.core.endpoint(ID).state()
    }

    fn with(&mut self, input: impl FnOnce(&mut Core, Now, &mut Vec<Output>)) {
        let mut out = Vec::new();
        input(&mut self.core, self.now, &mut out);
        for output in out {
            match output {
                Output::Close(_) => self.closed = true,
                Output::Send(_, frame) => self.said.push(frame.message),
                _ => {}
            }
        }
    }

    fn hears(&mut self, message: Message) {
        let mut bytes = BytesMut::new();
        Frame::new(self.now.unix, Xid(self.xid), message)
            .encode(&mut bytes)
            .unwrap();
        self.xid += 1;
        let conn = self.conn;
        self.with(|core, now, out| core.handle_peer_bytes(conn, &bytes, now, out));
    }

    fn hears_state(&mut self, code: u8, starting: bool) {
        let flags = if starting {
            ServerFlags::STARTUP
        } else {
            ServerFlags(0)
        };
        self.hears(Message::State(StateMessage {
            state: Some(ServerStateCode(code)),
            flags: Some(flags),
            start_of_state: Some(UnixTime(START)),
        }));
    }

    fn connects(&mut self) {
        let conn = self.conn;
        self.with(|core, now, out| core.handle_dialed(ID, conn, now, out));
        let name = Some(bytes::Bytes::from_static(b"x"));
        self.hears(match self.role {
            Role::Primary => Message::ConnectAck(ConnectAck {
                relationship_name: name,
                max_unacked: Some(10),
                receive_timer: Some(60),
                ..Default::default()
            }),
            Role::Secondary => Message::Connect(Connect {
                relationship_name: name,
                max_unacked: Some(10),
                receive_timer: Some(60),
                mclt: Some(60),
                hba: Some(bytes::Bytes::from_static(&[0xff; 32])),
                ..Default::default()
            }),
        });
    }

    /// STARTUP ends without the partner.
    fn waits(&mut self) {
        self.now.mono = self.now.mono.plus_secs(16);
        self.now.unix.0 += 16;
        self.with(|core, now, out| core.handle_timeout(now, out));
    }

    /// Gets to `mine`, on a live link, with a partner that hasn't said `peer` yet.
    fn settle(&mut self, mine: ServerState, peer: &str) {
        self.waits();
        self.connects();
        let code = |state: ServerState| state as u8;
        if matches!(mine, ServerState::Normal | ServerState::PotentialConflict) {
            // No link was ever lost in these states; an operator gets there.
            let other = if peer == "paused" {
                ServerState::RecoverWait
            } else {
                ServerState::Paused
            };
            self.hears_state(code(other), false);
            let command = Command::SetState {
                id: ID,
                state: mine,
            };
            self.with(|core, now, out| core.handle_command(command, now, out).unwrap());
        } else if peer != "paused" {
            self.hears_state(code(ServerState::Paused), false);
        }
        assert_eq!(self.state(), mine);
        assert!(!self.closed);
    }

    /// What came of it, as the table has it.
    fn outcome(&self, before: ServerState, starting: bool) -> String {
        if self.closed {
            return "close".into();
        }
        let state = self.state();
        let mut text = if state == before && !starting {
            "stay".into()
        } else {
            state.to_string()
        };
        if self.said.contains(&Message::UpdateRequestAll) {
            text += " updreqall";
        } else if self.said.contains(&Message::UpdateRequest) {
            text += " updreq";
        }
        text
    }
}

fn code_of(state: &str) -> u8 {
    match state {
        "unknown-state" => 0,
        known => known.parse::<ServerState>().unwrap() as u8,
    }
}

/// What the announcement does to a server of the role.
fn walk(role: Role, row: &Row, flag: bool) -> String {
    let mine: ServerState = row.mine.parse().unwrap();
    // Last heard of in another state, or it would be no news.
    let partner = if row.peer == "paused" {
        ServerState::RecoverWait
    } else {
        ServerState::Paused
    };
    let mut walk = Walk::new(role, mine, partner);
    if row.starting {
        walk.connects();
    } else {
        walk.settle(mine, row.peer);
    }
    walk.said.clear();
    walk.hears_state(code_of(row.peer), flag);
    walk.outcome(mine, row.starting)
}

fn flags(row: &Row) -> &'static [bool] {
    match row.flag {
        "any" => &[false, true],
        "clear" => &[false],
        "set" => &[true],
        other => panic!("{other:?} is no flag"),
    }
}

/// Only a primary is ever in CONFLICT-DONE.
fn roles(row: &Row) -> &'static [Role] {
    match (row.mine, row.peer) {
        ("conflict-done", _) => &[Role::Primary],
        (_, "conflict-done") => &[Role::Secondary],
        _ => &[Role::Secondary, Role::Primary],
    }
}

#[test]
fn every_cell_is_what_the_table_says() {
    let mut wrong = String::new();
    for row in rows().iter().filter(|row| row.mine != "unknown-state") {
        for flag in flags(row) {
            for role in roles(row) {
                let outcome = walk(*role, row, *flag);
                // In POTENTIAL-CONFLICT the primary asks first, and has asked already.
                let asks =
                    row.ours.contains("potential-conflict") || row.mine == "potential-conflict";
                let expected = if *role == Role::Primary && asks {
                    outcome.split(' ').next() == row.ours.split(' ').next()
                } else {
                    outcome == row.ours
                };
                if !expected {
                    writeln!(
                        wrong,
                        "{role:?} {} {} {} {flag}: {outcome}, not {}",
                        row.mine, row.starting, row.peer, row.ours
                    )
                    .unwrap();
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_table_is_complete_and_reasoned() {
    let mut seen = BTreeMap::new();
    for row in rows() {
        for flag in flags(&row) {
            let former = seen.insert((row.mine, row.starting, row.peer, *flag), ());
            assert_eq!(former, None, "{row:?} stands there twice");
        }
        assert_eq!(row.isc == row.ours, row.reason.is_empty(), "{row:?}");
    }
    // Thirteen states less STARTUP, in and out of it, beside thirteen, with both flags.
    assert_eq!(seen.len(), 12 * 2 * 13 * 2);
}

/// An announcement repeated tells settled states nothing, and any other as much as the first.
#[test]
fn news_is_what_was_not_known() {
    use ServerState as S;
    for row in rows().iter().filter(|row| !row.starting) {
        let Ok(mine) = row.mine.parse::<ServerState>() else {
            continue;
        };
        let Ok(peer) = row.peer.parse::<ServerState>() else {
            continue;
        };
        if peer == S::Startup {
            continue;
        }
        let mut walk = Walk::new(roles(row)[0], mine, peer);
        walk.waits();
        if walk.state() != mine {
            continue; // NORMAL and POTENTIAL-CONFLICT end without a link.
        }
        walk.connects();
        walk.said.clear();
        walk.hears_state(peer as u8, row.flag == "set");
        let settled = matches!(mine, S::Shutdown | S::Paused | S::RecoverWait);
        let expected = if settled { "stay" } else { row.ours };
        // The first word of a primary in CONFLICT-DONE finds a secondary resolving.
        if peer != S::ConflictDone {
            assert_eq!(walk.outcome(mine, false), expected, "{row:?}");
        }
    }
}

/// The table as it stands in the document.
fn rendered() -> String {
    let rows = rows();
    let mut text = String::new();
    let mut reasons: Vec<&str> = Vec::new();
    for (starting, title) in [(false, "Running"), (true, "In STARTUP, by the saved state")] {
        writeln!(text, "### {title}\n").unwrap();
        let peers: Vec<_> = rows[..13].iter().map(|row| row.peer).collect();
        writeln!(
            text,
            "| mine \\ partner | {} |",
            peers.map_short().join(" | ")
        )
        .unwrap();
        writeln!(text, "|---|{}", "---|".repeat(13)).unwrap();
        for line in rows.chunks(13).filter(|line| line[0].starting == starting) {
            let flag = match line[0].flag {
                "any" => "",
                "clear" => ", flag clear",
                _ => ", flag set",
            };
            write!(text, "| **{}**{flag} |", short(line[0].mine)).unwrap();
            for row in line {
                write!(text, " {}", cell(row.ours)).unwrap();
                if row.ours != row.isc {
                    let at = reasons.iter().position(|reason| *reason == row.reason);
                    let at = at.unwrap_or_else(|| {
                        reasons.push(row.reason);
                        reasons.len() - 1
                    });
                    write!(text, " ({}) [{}]", cell(row.isc), at + 1).unwrap();
                }
                text.push_str(" |");
            }
            text.push('\n');
        }
        text.push('\n');
    }
    for (at, reason) in reasons.iter().enumerate() {
        writeln!(text, "{}. {reason}", at + 1).unwrap();
    }
    text
}

trait Short {
    fn map_short(&self) -> Vec<String>;
}

impl Short for Vec<&'static str> {
    fn map_short(&self) -> Vec<String> {
        self.iter().map(|state| short(state)).collect()
    }
}

fn cell(outcome: &str) -> String {
    let mut words = outcome.split(' ');
    let state = match words.next().unwrap() {
        "stay" => "·".to_owned(),
        word @ ("close" | "exit" | "none") => format!("*{word}*"),
        state => short(state),
    };
    match words.next() {
        Some("updreqall") => format!("{state} +all"),
        Some("updreq") => format!("{state} +req"),
        _ => state,
    }
}

fn short(state: &str) -> String {
    let name = match state {
        "normal" => "N",
        "communications-interrupted" => "CI",
        "partner-down" => "PD",
        "potential-conflict" => "PC",
        "recover" => "R",
        "paused" => "PA",
        "shutdown" => "SD",
        "recover-done" => "RD",
        "resolution-interrupted" => "RI",
        "conflict-done" => "CD",
        "recover-wait" => "RW",
        "startup" => "ST",
        "unknown-state" => "U",
        other => panic!("{other:?} is no state"),
    };
    name.to_owned()
}

/// Written anew with `UPDATE_DOCS=1`.
#[test]
fn the_document_shows_the_table() {
    let document = std::fs::read_to_string(DOCUMENT).unwrap();
    let (before, rest) = document.split_once(BEGIN).expect("the mark");
    let (shown, after) = rest.split_once(END).expect("the other mark");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let document = format!("{before}{BEGIN}{}{END}{after}", rendered());
        std::fs::write(DOCUMENT, document).unwrap();
    } else {
        assert!(
            shown == rendered(),
            "UPDATE_DOCS=1 cargo test --test parity"
        );
    }
}
