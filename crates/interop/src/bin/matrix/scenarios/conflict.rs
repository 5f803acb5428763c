//! S6: servers that worked alone, in PARTNER-DOWN, meet again.

use interop::{Cut, wait_for};
use std::time::Duration;

use super::Scenario;
use crate::pair::{A, B, Side};
use crate::setup::Setup;
use crate::stage::Stage;

const SETUP: Setup = Setup {
    mclt: 20,
    lease: 120,
    ..Setup::USUAL
};

pub(super) const ALL: &[Scenario] = &[
    Scenario {
        name: "S6",
        what: "both were in PARTNER-DOWN, and meet again",
        setup: SETUP,
        seconds: 80,
        quick: true,
        run: both,
    },
    Scenario {
        name: "S6b",
        what: "the secondary was in PARTNER-DOWN, the primary didn't know, and they meet again",
        setup: SETUP,
        seconds: 50,
        quick: false,
        run: one,
    },
    Scenario {
        name: "S6c",
        what: "both were in PARTNER-DOWN, and the link is lost again while they compare",
        setup: Setup {
            mclt: 20,
            max_unacked: 1,
            prefix: 16,
            pool: ["10.77.10.0", "10.77.11.127"],
            ..Setup::USUAL
        },
        seconds: 100,
        quick: false,
        run: cut_while_comparing,
    },
];

fn cut(stage: &mut Stage) {
    stage.cut(Cut::Drop);
    stage.both_interrupted(40);
}

fn both(stage: &mut Stage) {
    stage.begin();
    stage.bind(1, 6);
    cut(stage);
    stage.partner_down(A);
    stage.partner_down(B);
    stage.bind(11, 6);
    stage.pause(25);
    stage.bind(21, 6);
    stage.heal();
    stage.both_normal(60);
    stage.pause(3);
    stage.bind(31, 2);
    stage.pause(5);
}

fn one(stage: &mut Stage) {
    stage.begin();
    stage.bind(1, 6);
    cut(stage);
    stage.partner_down(B);
    stage.bind(11, 6);
    stage.heal();
    stage.both_normal(60);
    stage.pause(5);
}

fn cut_while_comparing(stage: &mut Stage) {
    stage.start(A);
    stage.start(B);
    stage.both_normal(300);
    // The secondary gets its share, one address at a time.
    stage.pause(5);
    cut(stage);
    stage.partner_down(A);
    stage.partner_down(B);
    // To one server each: where both answer, the quicker one would serve all.
    stage.burst(0..80, 100.0, &[A]);
    stage.burst(80..160, 100.0, &[B]);
    slow(
        stage,
        "add dev fo0 root tbf rate 64kbit burst 1600 latency 3s",
    );
    let marks = Side::BOTH.map(|side| stage.lab.servers[side.index()].log.len());
    stage.heal();
    wait_for("the conflict to be seen", Duration::from_secs(60), || {
        let log = &stage.lab.servers[A.index()].log;
        log.count(
            marks[A.index()],
            "I move from partner-down to potential-conflict",
        ) > 0
    });
    stage.cut(Cut::Drop);
    slow(stage, "del dev fo0 root");
    stage.pause(13);
    stage.heal();
    stage.both_normal(120);
    stage.pause(2);
}

/// `tc qdisc` on the failover link, at both ends.
fn slow(stage: &Stage, words: &str) {
    for server in &stage.lab.servers {
        let mut command = server.namespace.command("tc");
        interop::run(command.arg("qdisc").args(words.split(' ')));
    }
}
