//! S10: servers are stopped by their operator.

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
        name: "S10",
        what: "OMAPI's shutdown of the secondary, which comes back; then of the primary",
        setup: Setup {
            max_response_delay: 30,
            ..SETUP
        },
        seconds: 130,
        quick: false,
        run: shut_down,
    },
    Scenario {
        name: "S10b",
        what: "SIGTERM to the secondary, which comes back",
        setup: SETUP,
        seconds: 25,
        quick: true,
        run: terminated,
    },
    Scenario {
        name: "S10c",
        what: "the secondary is put into SHUTDOWN while it runs, and then into RECOVER",
        setup: SETUP,
        seconds: 60,
        quick: true,
        run: put_down,
    },
];

fn shut_down(stage: &mut Stage) {
    stage.begin();
    stage.bind(1, 4);
    stage.shut_down(B);
    stage.pause(5);
    stage.bind(11, 2);
    stage.start(B);
    stage.both_normal(90);
    stage.shut_down(A);
    stage.pause(5);
    stage.start(A);
    stage.both_normal(90);
    stage.pause(5);
}

fn terminated(stage: &mut Stage) {
    stage.begin();
    stage.bind(1, 4);
    stage.terminate(B);
    stage.pause(3);
    stage.start(B);
    stage.both_normal(60);
    stage.pause(5);
}

fn put_down(stage: &mut Stage) {
    stage.begin();
    stage.bind(1, 4);
    stage.set_state(B, "shutdown");
    stage.pause(5);
    stage.bind(11, 2);
    stage.set_state(B, "recover");
    stage.both_normal(90);
    stage.pause(5);
}
