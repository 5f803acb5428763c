//! An operator's own configuration in the simulator.

use std::net::Ipv4Addr;

use dhcp_failover::ServerState;
use dhcpd_text::conf::{self, Config};
use sim::{Drill, Sighting, Site, Trace};

const ADDRESSES: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 9, 0, 1), Ipv4Addr::new(10, 9, 0, 2)];
const SECOND: u64 = 1000;

fn config(role: &str, ours: Ipv4Addr, partner: Ipv4Addr) -> Config {
    let text = format!(
        "default-lease-time 600; max-lease-time 600; ping-check false;\n\
         failover peer \"p\" {{ {role} address {ours}; peer address {partner};\n\
         max-response-delay 30; load balance max seconds 3; }}\n\
         subnet 10.9.0.0 netmask 255.255.255.0 {{ pool {{ failover peer \"p\"; range 10.9.0.10 10.9.0.19; }} }}"
    );
    let load = &mut |_: &str| Err::<String, _>("no includes".into());
    conf::parse("dhcpd.conf", &text, load)
        .expect("it is right")
        .config
}

fn drill(seed: u64) -> Drill {
    let [a, b] = ADDRESSES;
    let primary = config("primary; mclt 300; split 128;", a, b);
    let secondary = config("secondary;", b, a);
    let relays = vec![Ipv4Addr::new(10, 9, 0, 254); 4];
    let site = Site::new([&primary, &secondary], ADDRESSES, relays).expect("they belong together");
    Drill::new(site, seed, Trace::new(None))
}

#[test]
fn a_server_is_lost_and_comes_back() {
    let mut drill = drill(1);
    (0..2).for_each(|node| drill.start(node).unwrap());
    drill.run_until(60 * SECOND).unwrap();
    assert!(drill.is_settled());
    (0..3).for_each(|client| drill.arrive(client));
    drill.run_until(90 * SECOND).unwrap();
    let taken = |sightings: Vec<Sighting>| {
        let taken = sightings.into_iter().filter_map(|sighting| match sighting {
            Sighting::Take { client, .. } => Some(client),
            _ => None,
        });
        taken.collect::<Vec<_>>()
    };
    let mut first = taken(drill.sightings());
    first.sort_unstable();
    assert_eq!(first, [0, 1, 2]);
    let left = [0, 1].map(|node| drill.available(node).expect("it runs")[0]);
    assert_eq!(left.iter().sum::<u32>(), 7);

    drill.power_off(0);
    drill.leave(0);
    drill.arrive(3);
    drill.run_until(150 * SECOND).unwrap();
    assert_eq!(drill.state(0), None);
    assert_eq!(drill.state(1), Some(ServerState::CommunicationsInterrupted));
    assert_eq!(taken(drill.sightings()), [3]);
    assert!(drill.partner_down(1).unwrap());
    assert_eq!(drill.available(0), None);
    let own = drill.available(1).unwrap()[0];
    drill.run_until(1000 * SECOND).unwrap();
    assert!(
        drill.available(1).unwrap()[0] > own,
        "the partner's too, after MCLT"
    );

    drill.start(0).unwrap();
    drill.run_until(2000 * SECOND).unwrap();
    assert!(drill.is_settled(), "{:?}", drill.state(0));
    let sightings = drill.sightings();
    assert!(sightings.iter().any(|sighting| matches!(
        sighting,
        Sighting::State {
            node: 0,
            state: ServerState::Recover,
            ..
        }
    )));
    assert!(
        taken(sightings).iter().all(|client| *client != 0),
        "it left"
    );
}

#[test]
fn the_same_seed_sees_the_same() {
    let seen = |seed| {
        let mut drill = drill(seed);
        (0..2).for_each(|node| drill.start(node).unwrap());
        drill.run_until(60 * SECOND).unwrap();
        (0..4).for_each(|client| drill.arrive(client));
        drill.cut();
        drill.run_until(900 * SECOND).unwrap();
        drill.heal();
        drill.run_until(1200 * SECOND).unwrap();
        drill.sightings()
    };
    assert_eq!(seen(1), seen(1));
    assert_ne!(seen(1), seen(2));
}

#[test]
fn a_site_needs_a_relationship_that_can_be() {
    let [a, b] = ADDRESSES;
    let secondary = config("secondary;", b, a);
    let error = Site::new([&secondary, &secondary], ADDRESSES, Vec::new()).unwrap_err();
    assert_eq!((error.node, error.messages[0].line), (0, 2));
    assert!(error.messages[0].message.contains("mclt"), "{error:?}");
}
