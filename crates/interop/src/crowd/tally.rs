//! What clients went through.

use std::time::Duration;

/// A client's wait for an answer: from the first message of an exchange, over all repetitions, to the ACK.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Wait {
    /// How long.
    pub time: Duration,
    /// Who waited.
    pub client: [u8; 6],
    /// Is there still no answer?
    pub unanswered: bool,
}

/// What happened to a crowd.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// ACKs of clients that had no lease.
    pub given: usize,
    /// ACKs of renewals.
    pub renewed: usize,
    /// NAKs.
    pub refused: usize,
    /// Leases that ran out while their clients asked for more time.
    pub ran_out: usize,
    /// Clients that got another address than they had last.
    pub moved: usize,
    /// The longest wait of a client that had a lease.
    pub longest_renewal: Wait,
    /// The longest wait of a client that had none.
    pub longest_start: Wait,
}

impl Tally {
    /// Adds what another says.
    pub fn add(&mut self, other: &Self) {
        self.given += other.given;
        self.renewed += other.renewed;
        self.refused += other.refused;
        self.ran_out += other.ran_out;
        self.moved += other.moved;
        self.longest_renewal = self.longest_renewal.max(other.longest_renewal);
        self.longest_start = self.longest_start.max(other.longest_start);
    }

    /// The longest wait of all.
    pub fn longest(&self) -> Wait {
        self.longest_renewal.max(self.longest_start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_longest() {
        let wait = |seconds| Wait {
            time: Duration::from_secs(seconds),
            ..Wait::default()
        };
        let mut sum = Tally {
            given: 1,
            longest_renewal: wait(3),
            ..Tally::default()
        };
        sum.add(&Tally {
            given: 2,
            refused: 1,
            longest_renewal: wait(2),
            longest_start: wait(5),
            ..Tally::default()
        });
        assert_eq!((sum.given, sum.refused, sum.renewed), (3, 1, 0));
        assert_eq!(sum.longest_renewal, wait(3));
        assert_eq!(sum.longest(), wait(5));
    }
}
