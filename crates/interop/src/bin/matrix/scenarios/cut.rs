//! S3: the connection is lost, and comes back.

use interop::Cut;

use super::Scenario;
use crate::setup::Setup;
use crate::stage::Stage;

pub(super) const ALL: &[Scenario] = &[
    Scenario {
        name: "S3",
        what: "the link is lost silently for 40 s: both serve alone, clients release and vanish; then both are joined again",
        setup: Setup {
            lease: 40,
            ..Setup::USUAL
        },
        seconds: 120,
        quick: false,
        run: silent,
    },
    Scenario {
        name: "S3b",
        what: "the link is cut by resets",
        setup: Setup {
            max_response_delay: 30,
            ..Setup::USUAL
        },
        seconds: 30,
        quick: true,
        run: reset,
    },
    Scenario {
        name: "S3c",
        what: "the link is lost silently for less than max-response-delay: nobody notices",
        setup: Setup {
            max_response_delay: 30,
            ..Setup::USUAL
        },
        seconds: 35,
        quick: true,
        run: short,
    },
];

fn silent(stage: &mut Stage) {
    stage.begin();
    stage.bind(1, 8);
    stage.pause(3);
    stage.cut(Cut::Drop);
    stage.both_interrupted(40);
    stage.bind(11, 8);
    stage.release(1, 2);
    stage.pause(25);
    stage.forget(3, 2);
    stage.heal();
    stage.both_normal(90);
    stage.pause(3);
    stage.bind(21, 4);
    stage.pause(45);
}

fn reset(stage: &mut Stage) {
    stage.begin();
    stage.bind(1, 4);
    stage.cut(Cut::Reset);
    stage.both_interrupted(60);
    stage.bind(11, 4);
    stage.pause(8);
    stage.heal();
    stage.both_normal(90);
    stage.pause(5);
}

fn short(stage: &mut Stage) {
    stage.begin();
    stage.bind(1, 2);
    stage.cut(Cut::Drop);
    stage.bind(11, 4);
    stage.pause(5);
    stage.heal();
    stage.pause(12);
    stage.bind(21, 2);
    stage.pause(5);
}
