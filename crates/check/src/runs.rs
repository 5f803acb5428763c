//! The runs that have a name.

use crate::search::Limits;
use crate::setting::Setting;

/// A setting worth exploring, and how far.
#[derive(Clone, Debug)]
pub struct Run {
    /// What it covers.
    pub name: &'static str,
    /// The size of the world.
    pub setting: Setting,
    /// Where it stops.
    pub limits: Limits,
    /// Whether the run has to look at everything, or else it has failed.
    pub complete: bool,
}

const ALL: Limits = Limits {
    depth: u32::MAX,
    states: u32::MAX,
    liveness: false,
};

/// Nothing happens but leases, renewals and their ends.
const QUIET: Setting = Setting {
    clients: 2,
    addresses: 1,
    crashes: 0,
    losses: 0,
    lease: 2,
    mclt: 1,
    abandon: 1,
    window: 2,
    prompt: false,
    cuts: false,
    half_open: false,
    release: false,
    decline: false,
    reuse: false,
    operator: true,
    without: None,
};

/// One crash, with and without the loss of the disk, and an operator.
pub(crate) const ONE_CRASH: Setting = Setting {
    crashes: 1,
    losses: 1,
    ..QUIET
};

fn run(name: &'static str, setting: Setting) -> Run {
    Run {
        name,
        setting,
        limits: ALL,
        complete: true,
    }
}

fn to_depth(name: &'static str, setting: Setting, depth: u32) -> Run {
    let limits = Limits { depth, ..ALL };
    Run {
        limits,
        complete: false,
        ..run(name, setting)
    }
}

/// What runs with every change: a minute or so.
pub fn quick() -> Vec<Run> {
    let prompt = Setting {
        prompt: true,
        ..ONE_CRASH
    };
    let cuts = Setting {
        crashes: 0,
        ..Setting::default()
    };
    let everything = Setting {
        losses: 1,
        ..Setting::default()
    };
    vec![
        run("one crash, with and without the disk", prompt),
        to_depth("no crash: releases, declines, repetitions, cuts", cuts, 9),
        to_depth("all of it, and a crash", everything, 8),
    ]
}
