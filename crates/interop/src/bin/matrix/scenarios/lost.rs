//! S5: a server is killed and loses its lease file.

use super::Scenario;
use crate::pair::{A, B};
use crate::setup::Setup;
use crate::stage::Stage;

const SETUP: Setup = Setup {
    mclt: 30,
    lease: 120,
    ..Setup::USUAL
};

pub(super) const ALL: &[Scenario] = &[
    Scenario {
        name: "S5",
        what: "the secondary is killed and loses its lease file; clients come while it waits out MCLT",
        setup: SETUP,
        seconds: 65,
        quick: false,
        run: secondary,
    },
    Scenario {
        name: "S5b",
        what: "the primary is killed and loses its lease file",
        setup: SETUP,
        seconds: 60,
        quick: true,
        run: primary,
    },
];

fn secondary(stage: &mut Stage) {
    stage.begin();
    stage.bind(1, 10);
    stage.pause(3);
    stage.kill(B);
    stage.lose_leases(B);
    stage.want(A, "communications-interrupted", 30);
    stage.bind(11, 2);
    stage.start(B);
    stage.want(B, "recover-wait", 40);
    stage.bind(14, 2);
    stage.both_normal(90);
    stage.pause(3);
    stage.bind(21, 3);
    stage.pause(5);
}

fn primary(stage: &mut Stage) {
    stage.begin();
    stage.bind(1, 10);
    stage.pause(3);
    stage.kill(A);
    stage.lose_leases(A);
    stage.want(B, "communications-interrupted", 30);
    stage.start(A);
    stage.want(A, "recover-wait", 40);
    stage.both_normal(90);
    stage.pause(8);
}
