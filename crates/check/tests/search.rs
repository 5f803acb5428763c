//! The search itself: it looks at the same states each time, and finds what is there to be found.

use check::{Assumption, Broken, Limits, Setting, search};

fn limits(depth: u32) -> Limits {
    Limits {
        depth,
        states: 200_000,
        liveness: false,
    }
}

#[test]
fn nothing_is_wrong_within_six_steps_and_twice_the_same_is_seen() {
    let look = || search(&Setting::default(), limits(6), |_, _| {});
    let (first, second) = (look(), look());
    assert_eq!(first.broken, None);
    assert_eq!(first.depth, 6);
    assert!(!first.complete);
    assert!(first.states > 10_000, "{} states", first.states);
    assert_eq!(
        (first.states, first.steps, first.parts),
        (second.states, second.steps, second.parts)
    );
}

#[test]
fn what_is_said_before_it_is_on_disk_gives_an_address_to_two() {
    let setting = Setting {
        without: Some(Assumption::DurableFirst),
        crashes: 2,
        ..Setting::default()
    };
    let report = search(&setting, limits(8), |_, _| {});
    let (broken, way) = report.broken.expect("a lease that a crash took back");
    assert_eq!(broken, Broken::HeldTwice(0));
    assert!(way.iter().any(|line| line.contains("dies")), "{way:#?}");
}

/// All servers find back to NORMAL when nothing befalls them any more.
#[test]
fn every_state_leads_back_to_normal() {
    let setting = Setting {
        release: false,
        decline: false,
        reuse: false,
        ..Setting::default()
    };
    let limits = Limits {
        liveness: true,
        ..limits(5)
    };
    let report = search(&setting, limits, |_, _| {});
    assert_eq!(report.broken, None);
    assert!(report.healed > 0);
}
