//! S7: who serves whom, and pools that run dry.

use super::Scenario;
use crate::pair::{A, B};
use crate::setup::Setup;
use crate::stage::Stage;

/// Pools are balanced again after 5 to 10 s.
const EAGER: &str = "min-balance 5; max-balance 10;";

pub(super) const ALL: &[Scenario] = &[
    Scenario {
        name: "S7",
        what: "split 255: nearly all clients are the primary's, whose share runs out twice",
        setup: Setup {
            mclt: 30,
            split: 255,
            failover: EAGER,
            ..Setup::USUAL
        },
        seconds: 65,
        quick: false,
        run: |stage| {
            stage.begin();
            stage.bind(1, 16);
            stage.pause(15);
            stage.bind(21, 10);
            stage.pause(15);
            stage.bind(41, 6);
            stage.pause(15);
        },
    },
    Scenario {
        name: "S7b",
        what: "split 256: all clients are the primary's, until it is killed; it returns",
        setup: Setup {
            mclt: 30,
            split: 256,
            ..Setup::USUAL
        },
        seconds: 25,
        quick: true,
        run: killed,
    },
    Scenario {
        name: "S7c",
        what: "split 0: all clients are the secondary's, whose share runs out",
        setup: Setup {
            mclt: 30,
            split: 0,
            failover: EAGER,
            ..Setup::USUAL
        },
        seconds: 50,
        quick: true,
        run: |stage| {
            stage.begin();
            stage.bind(1, 18);
            stage.pause(15);
            stage.bind(31, 8);
            stage.pause(15);
        },
    },
];

fn killed(stage: &mut Stage) {
    stage.begin();
    stage.bind(1, 8);
    stage.kill(A);
    stage.want(B, "communications-interrupted", 30);
    stage.bind(11, 6);
    stage.start(A);
    stage.both_normal(60);
    stage.pause(5);
}
