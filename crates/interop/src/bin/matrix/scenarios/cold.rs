//! S1: starts.

use super::Scenario;
use crate::pair::{A, B};
use crate::setup::Setup;
use crate::stage::Stage;

const SETUP: Setup = Setup {
    mclt: 30,
    ..Setup::USUAL
};

pub(super) const ALL: &[Scenario] = &[
    Scenario {
        name: "S1",
        what: "both start for the first time, the primary 2 s before the secondary",
        setup: SETUP,
        seconds: 20,
        quick: true,
        run: |stage| {
            stage.start(A);
            stage.pause(2);
            stage.start(B);
            stage.both_normal(90);
            stage.pause(12);
        },
    },
    Scenario {
        name: "S1b",
        what: "the same, the secondary before the primary",
        setup: SETUP,
        seconds: 20,
        quick: false,
        run: |stage| {
            stage.start(B);
            stage.pause(2);
            stage.start(A);
            stage.both_normal(90);
            stage.pause(12);
        },
    },
    Scenario {
        name: "S1c",
        what: "the primary is alone for 25 s, and leaves STARTUP by itself, before the secondary starts",
        setup: SETUP,
        seconds: 40,
        quick: false,
        run: late_partner,
    },
    Scenario {
        name: "S1d",
        what: "both start, stop on SIGTERM, and start again on what they remember",
        setup: SETUP,
        seconds: 20,
        quick: true,
        run: warm,
    },
];

fn late_partner(stage: &mut Stage) {
    stage.start(A);
    stage.want(A, "recover", 40);
    stage.pause(10);
    stage.start(B);
    stage.both_normal(90);
    stage.pause(5);
}

fn warm(stage: &mut Stage) {
    stage.begin();
    stage.terminate(A);
    stage.terminate(B);
    stage.pause(2);
    stage.start(A);
    stage.start(B);
    stage.both_normal(60);
    stage.pause(5);
}
