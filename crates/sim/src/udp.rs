//! The network between clients and servers: each datagram on its own.

use crate::clock::Time;
use crate::fault::{Fault, Faults};
use crate::random::Stream;

/// Longest delay of a datagram that isn't late, ms.
const LATENCY: u64 = 3;
/// Longest delay of a late one, ms: old enough to meet another exchange of its client.
const LATE: u64 = 20_000;

/// Decides what becomes of datagrams.
#[derive(Clone, Debug)]
pub(crate) struct Udp {
    latency: Stream,
    loss: Chance,
    duplicate: Chance,
    late: Chance,
    /// Datagrams lost, doubled and late.
    pub(crate) counts: [u64; 3],
}

/// A fault that strikes one datagram in so many.
#[derive(Clone, Debug)]
struct Chance {
    stream: Stream,
    per_mille: u32,
}

impl Chance {
    fn new(seed: u64, fault: Fault, faults: &Faults, most: u64) -> Self {
        let mut stream = Stream::new(seed, fault.name());
        let drawn = stream.spread(5, most) as u32;
        Self {
            stream,
            per_mille: if faults.has(fault) { drawn } else { 0 },
        }
    }

    fn strikes(&mut self) -> bool {
        self.stream.chance(self.per_mille)
    }
}

impl Udp {
    /// The network of a seed.
    #[must_use]
    pub(crate) fn new(seed: u64, faults: &Faults) -> Self {
        Self {
            latency: Stream::new(seed, "udp-latency"),
            loss: Chance::new(seed, Fault::UdpLoss, faults, 300),
            duplicate: Chance::new(seed, Fault::UdpDuplicate, faults, 200),
            late: Chance::new(seed, Fault::UdpDelay, faults, 200),
            counts: [0; 3],
        }
    }

    /// No more faults.
    pub(crate) fn heal(&mut self) {
        [&mut self.loss, &mut self.duplicate, &mut self.late]
            .into_iter()
            .for_each(|chance| chance.per_mille = 0);
    }

    /// The delays after which a datagram arrives, ms: none if it is lost, two if it is doubled.
    pub(crate) fn send(&mut self) -> impl Iterator<Item = Time> + use<> {
        let lost = self.loss.strikes();
        let doubled = self.duplicate.strikes();
        let late = self.late.strikes();
        self.counts[0] += u64::from(lost);
        self.counts[1] += u64::from(doubled && !lost);
        self.counts[2] += u64::from(late && !lost);
        let first = 1
            + self.latency.below(LATENCY)
            + if late {
                self.late.stream.spread(1, LATE)
            } else {
                0
            };
        let second = doubled.then(|| 1 + self.duplicate.stream.spread(1, LATE));
        Some(first)
            .filter(|_| !lost)
            .into_iter()
            .chain(second.filter(|_| !lost))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_without_faults_delivers_everything_once() {
        let mut udp = Udp::new(1, &Faults::none());
        for _ in 0..1000 {
            let delays: Vec<_> = udp.send().collect();
            assert!(delays.len() == 1 && delays[0] <= LATENCY, "{delays:?}");
        }
    }

    #[test]
    fn faults_strike_until_it_is_healed() {
        let mut faults = Faults::none();
        for fault in [Fault::UdpLoss, Fault::UdpDuplicate, Fault::UdpDelay] {
            faults.set(fault, true);
        }
        let mut udp = Udp::new(1, &faults);
        for _ in 0..10_000 {
            _ = udp.send();
        }
        assert!(
            udp.counts.iter().all(|count| *count > 0),
            "{:?}",
            udp.counts
        );
        let before = udp.counts;
        udp.heal();
        (0..1000).for_each(|_| assert_eq!(udp.send().count(), 1));
        assert_eq!(udp.counts, before);
    }
}
