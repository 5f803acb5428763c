//! S9: more updates than may be under way.

use super::Scenario;
use crate::pair::Side;
use crate::setup::Setup;

pub(super) const ALL: &[Scenario] = &[Scenario {
    name: "S9",
    what: "max-unacked-updates 2, and 500 clients at 250 per second",
    setup: Setup {
        max_unacked: 2,
        prefix: 16,
        pool: ["10.77.10.0", "10.77.13.255"],
        ..Setup::USUAL
    },
    seconds: 60,
    quick: true,
    run: |stage| {
        stage.begin();
        stage.pause(3);
        stage.burst(0..500, 250.0, &Side::BOTH);
        stage.pause(5);
    },
}];
