//! Is what came of a run what was to be expected?

use std::collections::BTreeSet;

use interop::Kind;

use crate::answers;
use crate::outcome::{Outcome, Service};
use crate::pair::{Pair, Side};
use crate::reference::{Expected, Reference};

/// Messages that are about no lease, in one second, that nobody can call a flood: a handshake is five.
const CALM: usize = 20;

/// Dials in one second; a SYN that is dropped is repeated each second.
const CALM_DIALS: usize = 5;

/// All that is wrong, in words; empty if nothing is.
pub(crate) fn judge(
    expected: &Expected,
    scenario: &str,
    pair: Pair,
    outcome: &Outcome,
) -> Vec<String> {
    if let Some(side) = outcome.probed {
        let kind = pair.kind(side);
        let answers = outcome.answers.iter();
        let wrong =
            answers.filter_map(|(case, answer)| answers::judge(scenario, kind, case, answer));
        let all = outcome.broken.iter().chain(&outcome.died).cloned();
        return all.chain(wrong).collect();
    }
    let Some(reference) = expected.references.get(scenario) else {
        return vec!["two dhcpd were never seen in it: --pair isc-isc --record".into()];
    };
    let mut wrong: Vec<String> = outcome.broken.iter().cloned().collect();
    wrong.extend(outcome.died.iter().cloned());
    for side in Side::BOTH {
        wrong.extend(path(expected, reference, scenario, pair, side, outcome));
        wrong.extend(wire(reference, pair, side, outcome));
    }
    for service in &outcome.services {
        wrong.extend(service_of(reference, service));
    }
    if !reference.differ && !outcome.differences.is_empty() {
        wrong.push(format!(
            "lease files differ:\n{}",
            outcome.differences.join("\n")
        ));
    }
    if !reference.twice && !outcome.twice.is_empty() {
        wrong.push(format!(
            "addresses given twice:\n{}",
            outcome.twice.join("\n")
        ));
    }
    if outcome.naks > reference.naks {
        wrong.push(format!(
            "{} DHCPNAKs, {} from two dhcpd",
            outcome.naks, reference.naks
        ));
    }
    wrong
}

fn path(
    expected: &Expected,
    reference: &Reference,
    scenario: &str,
    pair: Pair,
    side: Side,
    outcome: &Outcome,
) -> Option<String> {
    let path = &outcome.paths[side.index()];
    let known = &reference.paths[side.index()];
    let deviates = expected
        .deviations(scenario, pair, side)
        .any(|deviation| deviation.path == *path);
    (!known.contains(path) && !deviates).then(|| {
        let known: Vec<_> = known.iter().map(ToString::to_string).collect();
        format!(
            "states of {side} ({:?}): {path}\nof dhcpd: {}",
            pair.kind(side),
            known.join("\nor: ")
        )
    })
}

fn wire(
    reference: &Reference,
    pair: Pair,
    side: Side,
    outcome: &Outcome,
) -> impl Iterator<Item = String> {
    let (index, wire) = (side.index(), &outcome.wire);
    let malformed = &wire.malformed[index];
    // What dhcpd itself sends is not to be judged here.
    let bad = (pair.kind(side) == Kind::Ours && !malformed.is_empty())
        .then(|| format!("tshark calls frames of {side} malformed: {malformed:?}"));
    let busy = wire.busiest[index];
    let flood = (busy > CALM.max(reference.busiest))
        .then(|| format!("{side} sent {busy} messages about no lease in one second"));
    let dials = wire.dials[index];
    let dialing = (dials > CALM_DIALS.max(reference.dials))
        .then(|| format!("{side} dialled {dials} times in one second"));
    let unacked = outcome.unacked[index];
    let leak = (unacked > reference.unacked)
        .then(|| format!("{side} waits for {unacked} answers that don't come"));
    [bad, flood, dialing, leak].into_iter().flatten()
}

fn service_of(reference: &Reference, service: &Service) -> Option<String> {
    let nobody = BTreeSet::new();
    let never = reference.unserved.get(&service.name).unwrap_or(&nobody);
    let missing: Vec<_> = service.unserved.difference(never).collect();
    (!missing.is_empty()).then(|| {
        format!(
            "clients {}: {missing:?} got no lease, and from two dhcpd they do",
            service.name
        )
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::outcome::Path;
    use crate::pair::{A, B};
    use crate::reference::Deviation;

    fn expected() -> Expected {
        let reference = Reference {
            paths: [
                BTreeSet::from([Path::from("startup > normal")]),
                BTreeSet::from([Path::from("startup > normal")]),
            ],
            unserved: BTreeMap::from([("1-4".into(), BTreeSet::from([2]))]),
            ..Reference::default()
        };
        Expected {
            references: BTreeMap::from([("S1".into(), reference)]),
            deviations: vec![Deviation {
                scenario: "S1",
                pairs: vec![Pair([Kind::Ours, Kind::Isc])],
                side: A,
                path: "startup > recover".into(),
                reason: "of this test",
            }],
        }
    }

    fn good() -> Outcome {
        Outcome {
            paths: [
                Path::from("startup > normal"),
                Path::from("startup > normal"),
            ],
            ..Outcome::default()
        }
    }

    fn wrong(change: impl FnOnce(&mut Outcome)) -> usize {
        let mut outcome = good();
        change(&mut outcome);
        judge(&expected(), "S1", Pair([Kind::Ours, Kind::Isc]), &outcome).len()
    }

    #[test]
    fn each_kind_of_wrong_is_found() {
        assert_eq!(wrong(|_| {}), 0);
        assert_eq!(wrong(|run| run.broken = Some("it broke".into())), 1);
        assert_eq!(wrong(|run| run.died = vec!["a".into()]), 1);
        assert_eq!(wrong(|run| run.paths[0] = "startup".into()), 1);
        assert_eq!(wrong(|run| run.differences = vec!["x".into()]), 1);
        assert_eq!(wrong(|run| run.twice = vec!["x".into()]), 1);
        assert_eq!(wrong(|run| run.naks = 1), 1);
        assert_eq!(wrong(|run| run.unacked[1] = 1), 1);
        assert_eq!(wrong(|run| run.wire.busiest[1] = CALM + 1), 1);
        assert_eq!(wrong(|run| run.wire.dials[1] = CALM_DIALS + 1), 1);
        assert_eq!(wrong(|run| run.wire.malformed[0] = vec![1]), 1);
        assert_eq!(wrong(|run| run.wire.malformed[1] = vec![1]), 0, "dhcpd's");
    }

    #[test]
    fn a_deviation_holds_where_it_is_said_to() {
        assert_eq!(wrong(|run| run.paths[0] = "startup > recover".into()), 0);
        assert_eq!(wrong(|run| run.paths[1] = "startup > recover".into()), 1);
        let mut outcome = good();
        outcome.paths[A.index()] = "startup > recover".into();
        assert_eq!(judge(&expected(), "S1", Pair::REFERENCE, &outcome).len(), 1);
        assert_eq!(B.other(), A);
    }

    #[test]
    fn clients_that_dhcpd_does_not_serve_need_no_lease() {
        let service = |unserved: &[u32]| Service {
            name: "1-4".into(),
            asked: 4,
            unserved: unserved.iter().copied().collect(),
        };
        assert_eq!(wrong(|run| run.services = vec![service(&[2])]), 0);
        assert_eq!(wrong(|run| run.services = vec![service(&[2, 3])]), 1);
    }
}
