//! What happens, in order.

use std::time::Duration;

use super::conf::{LEASE, MCLT};
use super::stage::{Failure, PRIMARY, SECONDARY, Stage};
use super::verdict::Verdict;

/// Clients in the story.
pub(super) const CLIENTS: u16 = 500;
/// A client comes, every so often.
const ARRIVAL: Duration = Duration::from_millis(20);
/// Each client is called in the roll call, every so often.
const CALL: Duration = Duration::from_millis(3);
/// How long the spectator may look before the next thing happens.
const BREATH: Duration = Duration::from_secs(1);
/// How long a thing may take that takes a moment, on a slow machine.
const SOON: Duration = Duration::from_secs(15);
/// How long until every lease of the dead server is extended by the other, and until it may serve again.
const LATER: Duration = Duration::from_secs(LEASE as u64 + MCLT as u64 + 8);

/// Plays it, and judges.
pub(super) fn play(stage: &mut Stage) -> Result<Verdict, Failure> {
    meet(stage)?;
    arrive(stage)?;
    die(stage)?;
    survive(stage)?;
    declare(stage)?;
    let (trail, recovery) = come_back(stage)?;
    call_the_roll(stage)?;
    Ok(Verdict {
        clients: usize::from(CLIENTS),
        served: stage.crowd.served(),
        longest_wait: stage.crowd.longest_wait(),
        lost: stage.crowd.lost().len(),
        held_twice: stage.crowd.ledger().held_twice(),
        states: [PRIMARY, SECONDARY].map(|member| stage.members[member].state()),
        known: [PRIMARY, SECONDARY].map(|member| stage.known(member)),
        trail,
        recovery,
    })
}

fn meet(stage: &mut Stage) -> Result<(), Failure> {
    stage
        .screen
        .caption("1. Two servers meet and divide the free addresses between them.");
    stage.start(PRIMARY)?;
    stage.start(SECONDARY)?;
    stage.until("both servers NORMAL", SOON, |stage| {
        let both_have_some = stage.members.iter().all(|member| {
            let pool = member.report().and_then(|report| report.pools.first());
            pool.is_some_and(|pool| pool.free > 0 && pool.backup > 0)
        });
        stage.both_normal() && both_have_some
    })?;
    stage.pass(BREATH / 2)
}

fn arrive(stage: &mut Stage) -> Result<(), Failure> {
    stage.screen.caption(&format!(
        "2. {CLIENTS} clients begin to come. Each server answers its half of them, by a\n   \
         hash of who they are."
    ));
    stage.crowd.invite(CLIENTS, ARRIVAL, stage.now());
    let primary = stage.members[PRIMARY].end.address;
    stage.until("half of the clients served", SOON, |stage| {
        stage.crowd.served() >= usize::from(CLIENTS / 2) && stage.crowd.is_asking(primary)
    })
}

fn die(stage: &mut Stage) -> Result<(), Failure> {
    stage.screen.caption(
        "3. While clients are in the middle of asking it, the primary is killed:\n   \
         SIGKILL, as if the power went.",
    );
    stage.members[PRIMARY].kill();
    stage.until("the survivor has seen it", SOON, |stage| {
        let survivor = stage.members[SECONDARY].relationship();
        survivor.is_some_and(|r| r.state == "communications-interrupted")
    })
}

fn survive(stage: &mut Stage) -> Result<(), Failure> {
    stage.screen.caption(
        "4. The survivor serves everyone: new clients from its own half of the addresses,\n   \
         and those of the dead server as they come to extend their leases.",
    );
    let survivor = stage.members[SECONDARY].end.address;
    stage.until("the survivor serves every client", LATER, |stage| {
        stage.crowd.served_by(survivor) == usize::from(CLIENTS)
    })
}

fn declare(stage: &mut Stage) -> Result<(), Failure> {
    stage
        .screen
        .caption("5. The operator knows that the primary is really down, and says so:");
    let command = stage.partner_down(SECONDARY)?;
    stage.screen.line(&format!("   $ {command}"));
    stage.until("the survivor in PARTNER-DOWN", SOON, |stage| {
        let survivor = stage.members[SECONDARY].relationship();
        survivor.is_some_and(|r| r.state == "partner-down")
    })?;
    stage.pass(BREATH)
}

/// Gives the states that the primary went through, and how long that took.
fn come_back(stage: &mut Stage) -> Result<(Vec<String>, Duration), Failure> {
    stage.screen.caption(&format!(
        "6. The primary comes back. It asks for all that it missed, waits until {MCLT} s (the\n   \
         MCLT) after the last lease it gave before it died, and takes up its half again."
    ));
    let returned = stage.now();
    stage.start(PRIMARY)?;
    stage.until("the pair back in NORMAL", LATER, |stage| {
        let arrived = stage.members[PRIMARY].trail().last();
        stage.both_normal() && arrived.is_some_and(|state| state == "normal")
    })?;
    let recovery = stage.now() - returned;
    let trail = stage.members[PRIMARY].trail().to_vec();
    stage.pass(BREATH / 2)?;
    Ok((trail, recovery))
}

fn call_the_roll(stage: &mut Stage) -> Result<(), Failure> {
    stage.screen.caption(
        "7. Roll call: every client extends its lease with the server that did not give\n   \
         it. Nothing may be missing there.",
    );
    let now = stage.now();
    let [primary, secondary] = [PRIMARY, SECONDARY].map(|member| stage.members[member].end.address);
    let other = |server| {
        if server == primary {
            secondary
        } else {
            primary
        }
    };
    stage.crowd.call_the_roll(other, CALL, now);
    stage.until("every client answered", SOON, |stage| {
        stage.crowd.all_bound_since(now)
    })?;
    stage.until("both databases equal", SOON, |stage| {
        let is_quiet = |member: usize| {
            let relationship = stage.members[member].relationship();
            relationship.is_some_and(|r| r.queued == 0 && r.unacked == 0)
        };
        let all = u32::from(CLIENTS);
        let has_all = |member: usize| stage.known(member) == all && is_quiet(member);
        has_all(PRIMARY) && has_all(SECONDARY) && stage.crowd.served() == usize::from(CLIENTS)
    })
}
