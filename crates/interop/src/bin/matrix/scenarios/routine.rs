//! S2: what clients do all day.

use interop::run;

use super::Scenario;
use crate::setup::{SERVERS, Setup};
use crate::stage::Stage;

pub(super) const ALL: &[Scenario] = &[
    Scenario {
        name: "S2",
        what: "20 clients get leases and renew them; 4 release, 3 decline, 6 vanish and run out, 3 of these return",
        setup: Setup {
            mclt: 30,
            lease: 60,
            ..Setup::USUAL
        },
        seconds: 160,
        quick: true,
        run: a_day,
    },
    Scenario {
        name: "S2b",
        what: "unicast renewals are lost, so clients rebind by broadcast and both servers answer",
        setup: Setup {
            mclt: 30,
            lease: 40,
            ..Setup::USUAL
        },
        seconds: 90,
        quick: false,
        run: rebinding,
    },
];

fn a_day(stage: &mut Stage) {
    stage.begin();
    stage.bind(1, 20);
    // Renewals come at half of MCLT, then at half of the lease.
    stage.pause(45);
    stage.release(1, 4);
    stage.decline(31, 3);
    stage.forget(5, 6);
    stage.pause(75);
    stage.bind(5, 3);
    stage.pause(5);
}

fn rebinding(stage: &mut Stage) {
    stage.begin();
    stage.bind(1, 6);
    stage.lab.step("unicast to the servers is lost");
    let rule = format!(
        "table inet lost {{ chain out {{ type filter hook output priority 0; \
         ip daddr {{ {} }} udp dport 67 drop; }}; }}",
        SERVERS.join(", ")
    );
    run(stage.lab.clients.command("nft").arg(rule));
    stage.pause(75);
}
