//! The whole of a drill: one relationship, and every course that things can take.

use serde::Serialize;

use super::arguments::{Arguments, Kill};
use super::course::{hardware, run};
use super::pair::Pair;
use super::plan::Plan;
use super::record::{Course, Record};
use super::span::Span;

/// What a drill of one relationship found.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Report {
    /// The relationship's name.
    pub(super) relationship: String,
    /// Where it is declared, `FILE line N`.
    pub(super) place: String,
    /// What fails.
    pub(super) kill: Kill,
    /// How long the pair had been in service.
    pub(super) in_service: Span,
    /// When the partner is declared down.
    pub(super) declared: Span,
    /// MCLT, seconds.
    pub(super) mclt: u32,
    /// Addresses that strangers can get.
    pub(super) addresses: u32,
    /// Clients at a time.
    pub(super) clients: u32,
    /// New ones an hour.
    pub(super) new_an_hour: u32,
    /// What the rest follows from.
    pub(super) seed: u64,
    /// What the operator should know.
    pub(super) notes: Vec<String>,
    /// What came of it; first if nobody declares anything.
    pub(super) runs: Vec<Record>,
    /// The clients, in the order of their coming.
    pub(super) visits: Vec<Visitor>,
}

/// A client, so that the drill can be held with real ones.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub(super) struct Visitor {
    hardware: String,
    arrives: Span,
    leaves: Option<Span>,
}

impl Report {
    /// Holds the drill.
    ///
    /// # Errors
    /// Says where in which file what is wrong, or what of the command line.
    pub(super) fn of(pair: &Pair, arguments: &Arguments) -> Result<Self, String> {
        let failed =
            |error: String| format!("{}: failover peer \"{}\": {error}", pair.place, pair.name);
        let plan = Plan::new(arguments, &pair.networks).map_err(failed)?;
        // If only the link is down, whoever is declared down is alive.
        let courses: &[Course] = match arguments.kill {
            Kill::Link => &[Course::Wait, Course::Mistake],
            Kill::Primary | Kill::Secondary => {
                &[Course::Wait, Course::PartnerDown, Course::Mistake]
            }
        };
        let runs = courses.iter().map(|course| {
            let course = (*course, arguments.partner_down);
            run(pair, &plan, arguments.kill, course, arguments.seed)
        });
        let runs = runs.collect::<Result<_, _>>().map_err(failed)?;
        let from_failure = |at: u64| Span(at as i64 - plan.failure as i64);
        let visits = plan
            .visits
            .iter()
            .enumerate()
            .map(|(client, visit)| Visitor {
                hardware: hardware(client),
                arrives: from_failure(visit.arrives),
                leaves: visit.leaves.map(from_failure),
            });
        Ok(Self {
            relationship: pair.name.clone(),
            place: pair.place.clone(),
            kill: arguments.kill,
            in_service: Span(plan.failure as i64),
            declared: Span(arguments.partner_down as i64),
            mclt: pair.confs[0].failover_peers[0].mclt.unwrap_or_default(),
            addresses: pair.networks.iter().map(|network| network.size).sum(),
            clients: plan.clients,
            new_an_hour: plan.newcomers,
            seed: arguments.seed,
            notes: pair.notes.clone(),
            visits: visits.collect(),
            runs,
        })
    }
}
