//! The classes of faults, and which of them a run has.

use core::fmt;
use core::str::FromStr;

use crate::random::Stream;

/// A class of faults. To add one: a variant here, with its name, and the place that makes it happen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Fault {
    /// Datagrams between clients and servers are lost.
    UdpLoss,
    /// They come twice.
    UdpDuplicate,
    /// They are late, and overtake each other.
    UdpDelay,
    /// The servers can't reach each other, and nobody tells them.
    LinkCut,
    /// Something on the way resets the servers' connections.
    LinkReset,
    /// What a server writes arrives in pieces cut anywhere.
    Segments,
    /// A server is killed, between any two of its outputs, and started again.
    Crash,
    /// A server's machine loses power, and comes back.
    PowerLoss,
    /// A server is told to stop, and started again.
    Stop,
    /// A server comes back without its lease file, while the partner has everything.
    DiskLoss,
    /// A disk takes seconds to sync.
    SlowDisk,
    /// The wall clocks are wrong, by up to a minute between them.
    ClockOffset,
    /// An operator declares a partner down that is down.
    PartnerDown,
    /// Clients find their address in use and decline it.
    Decline,
    /// Nothing goes wrong with the clients: they stay for hours, as most machines on most networks do.
    Steady,
    /// Networks have two or three pools.
    Pools,
    /// Nothing comes through from one server to the other; the other way all is well.
    OneWay,
    /// One end of the servers' connection is gone, and the other isn't told.
    HalfOpen,
    /// What the servers send each other takes seconds, and still arrives in order.
    SlowLink,
    /// A disk fails to sync, or is full: the server says nothing of what it wrote, and ends.
    SyncFails,
    /// A lease file comes back with a flipped byte or a missing record, while the partner has everything.
    Damage,
    /// A wall clock is set, by up to some minutes.
    ClockStep,
    /// A machine's clocks run too fast or too slow.
    ClockDrift,
    /// A machine sleeps for a while, and wakes up as if nothing had happened.
    Suspend,
    /// A client asks for addresses under one hardware address after the other.
    Starve,
    /// Two clients have the same identity.
    Clones,
    /// An operator declares a partner down that runs, while the link is cut.
    Lie,
    /// The servers declare each other down by themselves (`auto-partner-down`).
    Automatic,
    /// A server is started, or its link is cut, while its partner serves for both.
    LoneStart,
    /// A lease file is lost with leases in it that the partner doesn't know.
    LeaseLoss,
    /// A server is given its lease file as it was hours ago.
    OldBackup,
}

impl Fault {
    /// All classes.
    pub const ALL: [Self; 31] = [
        Self::UdpLoss,
        Self::UdpDuplicate,
        Self::UdpDelay,
        Self::LinkCut,
        Self::LinkReset,
        Self::Segments,
        Self::Crash,
        Self::PowerLoss,
        Self::Stop,
        Self::DiskLoss,
        Self::SlowDisk,
        Self::ClockOffset,
        Self::PartnerDown,
        Self::Decline,
        Self::Steady,
        Self::Pools,
        Self::OneWay,
        Self::HalfOpen,
        Self::SlowLink,
        Self::SyncFails,
        Self::Damage,
        Self::ClockStep,
        Self::ClockDrift,
        Self::Suspend,
        Self::Starve,
        Self::Clones,
        Self::Lie,
        Self::Automatic,
        Self::LoneStart,
        Self::LeaseLoss,
        Self::OldBackup,
    ];

    /// Classes that break what the protocol rests on: addresses may then be held twice.
    pub const LAWLESS: [Self; 6] = [
        Self::Clones,
        Self::Lie,
        Self::Automatic,
        Self::LoneStart,
        Self::LeaseLoss,
        Self::OldBackup,
    ];

    /// The name, on the command line and of its random stream.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UdpLoss => "udp-loss",
            Self::UdpDuplicate => "udp-duplicate",
            Self::UdpDelay => "udp-delay",
            Self::LinkCut => "link-cut",
            Self::LinkReset => "link-reset",
            Self::Segments => "segments",
            Self::Crash => "crash",
            Self::PowerLoss => "power-loss",
            Self::Stop => "stop",
            Self::DiskLoss => "disk-loss",
            Self::SlowDisk => "slow-disk",
            Self::ClockOffset => "clock-offset",
            Self::PartnerDown => "partner-down",
            Self::Decline => "decline",
            Self::Steady => "steady",
            Self::Pools => "pools",
            Self::OneWay => "one-way",
            Self::HalfOpen => "half-open",
            Self::SlowLink => "slow-link",
            Self::SyncFails => "sync-fails",
            Self::Damage => "damage",
            Self::ClockStep => "clock-step",
            Self::ClockDrift => "clock-drift",
            Self::Suspend => "suspend",
            Self::Starve => "starve",
            Self::Clones => "clones",
            Self::Lie => "lie",
            Self::Automatic => "automatic",
            Self::LoneStart => "lone-start",
            Self::LeaseLoss => "lease-loss",
            Self::OldBackup => "old-backup",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|fault| fault.name() == name)
            .ok_or_else(|| format!("no fault class {name}"))
    }
}

/// Which classes a run has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Faults([bool; Fault::ALL.len()]);

impl Faults {
    /// Each class in half of the seeds, those that excuse conflicts in fewer: a run with everything at once never gets far enough for the rare things.
    #[must_use]
    pub fn draw(seed: u64) -> Self {
        let mut stream = Stream::new(seed, "swarm");
        let mut faults = Self(Fault::ALL.map(|_| stream.chance(500)));
        if Stream::new(seed, "lawless").chance(700) {
            Fault::LAWLESS
                .iter()
                .for_each(|fault| faults.set(*fault, false));
        }
        faults
    }

    /// No faults.
    #[must_use]
    pub const fn none() -> Self {
        Self([false; Fault::ALL.len()])
    }

    /// Whether the run has this class.
    #[must_use]
    pub const fn has(&self, fault: Fault) -> bool {
        self.0[fault as usize]
    }

    /// With or without a class.
    pub fn set(&mut self, fault: Fault, on: bool) {
        self.0[fault as usize] = on;
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut on = Fault::ALL.into_iter().filter(|fault| self.has(*fault));
        match on.next() {
            None => return f.write_str("none"),
            Some(first) => write!(f, "{first}")?,
        }
        on.try_for_each(|fault| write!(f, " {fault}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back() {
        for (at, fault) in Fault::ALL.into_iter().enumerate() {
            assert_eq!(fault as usize, at);
            assert_eq!(fault.name().parse(), Ok(fault));
        }
        assert!("gremlins".parse::<Fault>().is_err());
    }

    #[test]
    fn every_class_is_off_in_about_half_of_the_seeds() {
        for fault in Fault::ALL {
            let expected = match Fault::LAWLESS.contains(&fault) {
                true => 110..190,
                false => 430..570,
            };
            let on = (0..1000)
                .filter(|seed| Faults::draw(*seed).has(fault))
                .count();
            assert!(expected.contains(&on), "{fault}: {on}");
        }
    }

    #[test]
    fn a_set_is_shown_by_its_names() {
        let mut faults = Faults::none();
        assert_eq!(faults.to_string(), "none");
        faults.set(Fault::Crash, true);
        faults.set(Fault::Segments, true);
        assert_eq!(faults.to_string(), "segments crash");
    }
}
