//! S4: the primary is killed.

use super::Scenario;
use crate::pair::{A, B};
use crate::setup::Setup;
use crate::stage::Stage;

/// With an MCLT of so many seconds.
const fn setup(mclt: u32) -> Setup {
    Setup {
        mclt,
        lease: 120,
        ..Setup::USUAL
    }
}

pub(super) const ALL: &[Scenario] = &[
    Scenario {
        name: "S4",
        what: "the primary is killed; the secondary is told so, gives out all addresses once MCLT has passed, and has its partner back",
        setup: setup(30),
        seconds: 85,
        quick: false,
        run: long_gone,
    },
    Scenario {
        name: "S4b",
        what: "the primary is killed; the secondary is told so, and the primary is back at once",
        setup: setup(45),
        seconds: 70,
        quick: true,
        run: back_at_once,
    },
    Scenario {
        name: "S4c",
        what: "the primary is killed and comes back, and nobody was told anything",
        setup: setup(45),
        seconds: 25,
        quick: false,
        run: unnoticed,
    },
    Scenario {
        name: "S4d",
        what: "the primary is killed; auto-partner-down: the secondary takes over by itself",
        setup: Setup {
            auto_partner_down: Some(8),
            ..setup(30)
        },
        seconds: 45,
        quick: true,
        run: automatic,
    },
];

fn killed(stage: &mut Stage) {
    stage.kill(A);
    stage.want(B, "communications-interrupted", 30);
}

fn long_gone(stage: &mut Stage) {
    stage.begin();
    stage.bind(1, 8);
    stage.pause(3);
    killed(stage);
    stage.bind(11, 4);
    stage.partner_down(B);
    stage.bind(21, 4);
    // MCLT, and then the primary's free addresses are the secondary's.
    stage.pause(35);
    stage.bind(31, 20);
    stage.start(A);
    stage.both_normal(90);
    stage.pause(3);
    stage.bind(61, 3);
    stage.pause(5);
}

fn back_at_once(stage: &mut Stage) {
    stage.begin();
    stage.bind(1, 6);
    killed(stage);
    stage.partner_down(B);
    stage.bind(21, 4);
    stage.start(A);
    stage.want(A, "recover-wait", 20);
    stage.bind(31, 4);
    stage.both_normal(90);
    stage.pause(5);
}

fn unnoticed(stage: &mut Stage) {
    stage.begin();
    stage.bind(1, 6);
    killed(stage);
    stage.bind(11, 6);
    stage.start(A);
    stage.both_normal(60);
    stage.pause(5);
}

fn automatic(stage: &mut Stage) {
    stage.begin();
    stage.bind(1, 2);
    stage.kill(A);
    stage.want(B, "partner-down", 40);
    stage.bind(11, 2);
    stage.start(A);
    stage.both_normal(60);
    stage.pause(3);
}
