//! S8: something is wrong with the configuration, or with a clock.

use super::Scenario;
use crate::pair::{A, B};
use crate::setup::{Other, Setup};
use crate::stage::Stage;

/// As usual, but for the second server.
const fn with(b: Other) -> Setup {
    Setup { b, ..Setup::USUAL }
}

/// Both run for a while; whether they find each other is up to them.
fn run_for(stage: &mut Stage, seconds: u64) {
    stage.start(A);
    stage.start(B);
    stage.pause(seconds);
}

pub(super) const ALL: &[Scenario] = &[
    Scenario {
        name: "S8a",
        what: "the relationship has another name at the secondary",
        setup: with(Other::named("other")),
        seconds: 35,
        quick: true,
        run: |stage| run_for(stage, 25),
    },
    Scenario {
        name: "S8b",
        what: "both are primary",
        setup: with(Other::PRIMARY),
        seconds: 40,
        quick: true,
        run: |stage| run_for(stage, 30),
    },
    Scenario {
        name: "S8c",
        what: "both are secondary",
        setup: Setup {
            a_is_secondary: true,
            ..Setup::USUAL
        },
        seconds: 50,
        quick: false,
        run: |stage| run_for(stage, 40),
    },
    Scenario {
        name: "S8d",
        what: "the secondary's clock is 90 s ahead, more than is allowed",
        setup: with(Other::ahead(90)),
        seconds: 35,
        quick: false,
        run: |stage| run_for(stage, 25),
    },
    Scenario {
        name: "S8e",
        what: "the secondary's clock is 50 s ahead, which is allowed",
        setup: Setup {
            mclt: 30,
            ..with(Other::ahead(50))
        },
        seconds: 35,
        quick: true,
        run: |stage| {
            stage.begin();
            stage.bind(1, 6);
            stage.pause(20);
        },
    },
    Scenario {
        name: "S8f",
        what: "the secondary has an MCLT of its own",
        setup: with(Other::saying("mclt 999;")),
        seconds: 25,
        quick: false,
        run: |stage| run_for(stage, 15),
    },
    Scenario {
        name: "S8i",
        what: "the secondary's pool is smaller",
        setup: Setup {
            mclt: 30,
            ..with(Other::pool_to("10.77.0.129"))
        },
        seconds: 25,
        quick: false,
        run: |stage| {
            stage.begin();
            stage.bind(1, 6);
            stage.pause(5);
        },
    },
];
