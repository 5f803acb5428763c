//! How a client behaves: most are well-behaved, some are rude.

use crate::clock::Time;
use crate::fault::{Fault, Faults};
use crate::random::Stream;
use crate::scenario::HOUR;

/// Shortest time that a client is there or away, ms.
const SHORT: Time = 5_000;

/// The habits of a client. Chances are per mille.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Habit {
    /// Time within which it comes first, ms.
    pub(crate) arrival: Time,
    /// It says good-bye when it goes.
    pub(crate) polite: u32,
    /// It has forgotten its lease when it comes back.
    pub(crate) forgetful: u32,
    /// It declines a new address.
    pub(crate) decline: u32,
    /// It sends a client identifier.
    pub(crate) identified: u32,
    /// It can't take unicast before it has an address.
    pub(crate) broadcast: bool,
    /// The lease time that it asks for, seconds.
    pub(crate) lease_time: Option<u32>,
    shortest_stay: Time,
    longest_stay: Time,
    longest_absence: Time,
}

impl Habit {
    /// It comes when it is told to, keeps its lease alive, and does nothing else.
    pub(crate) const GOOD: Self = Self {
        arrival: 0,
        polite: 0,
        forgetful: 0,
        decline: 0,
        identified: 1000,
        broadcast: false,
        lease_time: None,
        shortest_stay: 0,
        longest_stay: 0,
        longest_absence: 0,
    };

    /// Draws one. `longest` is the longest lease time, seconds: what a client asks for is about that.
    #[must_use]
    pub(crate) fn draw(stream: &mut Stream, faults: &Faults, longest: u32) -> Self {
        let rude = stream.chance(250);
        let restless = stream.chance(300);
        let longest_stay = if restless { HOUR / 6 } else { 12 * HOUR };
        let declines = stream.chance(150);
        let asks = stream.chance(200);
        let asked = stream.spread(30, 2 * u64::from(longest)) as u32;
        let drawn = Self {
            arrival: 1 + stream.spread(1000, HOUR),
            polite: if rude { 0 } else { 700 },
            forgetful: if rude { 600 } else { 100 },
            decline: if declines && faults.has(Fault::Decline) {
                100
            } else {
                0
            },
            identified: 400,
            broadcast: stream.chance(300),
            lease_time: asks.then_some(asked),
            shortest_stay: SHORT,
            longest_stay,
            longest_absence: stream.spread(60_000, 4 * HOUR),
        };
        if faults.has(Fault::Steady) {
            drawn.steady()
        } else {
            drawn
        }
    }

    /// One who stays for a working day and more, and goes without a word: most machines on most networks.
    #[must_use]
    fn steady(self) -> Self {
        Self {
            polite: 0,
            lease_time: None,
            longest_stay: 48 * HOUR,
            shortest_stay: 8 * HOUR,
            ..self
        }
    }

    /// How long it stays this time, ms.
    #[must_use]
    pub(crate) fn stay(&self, stream: &mut Stream) -> Time {
        stream.spread(self.shortest_stay, self.longest_stay)
    }

    /// How long it is away this time, ms.
    #[must_use]
    pub(crate) fn absence(&self, stream: &mut Stream) -> Time {
        stream.spread(SHORT, self.longest_absence)
    }
}
