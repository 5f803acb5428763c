//! What is under way for one address: names are removed, then others put there, one message after the other, in ISC's
//! order.
//!
//! A name is put there only if it is unused, or its guard says that it is this client's (RFC 4703 §5.3). Removal takes
//! the address from it if the guard says so too, then the guard if no address is left.

use core::net::Ipv4Addr;

use bytes::Bytes;
use dhcp_failover::{Client, Names};

use super::guard::Guard;
use super::message::{DnsAnswer, DnsChange, DnsData, DnsPrerequisite, DnsRecordType};
use super::name::DnsName;
use crate::config::Detection;
use crate::event::Level;

/// Whose names these are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    /// The tenant of an address of a pool: what DNS has is kept with the lease.
    Tenant(Client),
    /// A host with a fixed address, of which nothing is kept.
    Fixed,
}

/// What a client is to be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    /// The name, with dots.
    pub(crate) forward: Bytes,
    /// Whose it is; `None` if the client sees to its A record itself.
    pub(crate) guard: Option<Guard>,
    /// The name of the PTR record, if it is to have one.
    pub(crate) reverse: Option<Bytes>,
    /// Seconds.
    pub(crate) ttl: u32,
}

/// The step whose message is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    RemoveForward,
    RemoveGuard,
    /// As `RemoveForward` where a guard of the other style stands for ours.
    RemoveBeside,
    RemoveReverse,
    AddNew,
    AddOver,
    /// As `AddNew` beside records of IPv6 that a guard of the other style stands for.
    AddBeside,
    AddReverse,
}

/// A message without its envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) name: DnsName,
    pub(crate) prerequisites: Vec<DnsPrerequisite>,
    pub(crate) changes: Vec<DnsChange>,
}

/// Everything under way for one address.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) address: Ipv4Addr,
    pub(crate) holder: Holder,
    /// What the lease says that DNS has.
    pub(crate) known: Option<Names>,
    /// What DNS has as far as this operation knows.
    pub(crate) names: Names,
    pub(crate) wish: Option<Wish>,
    step: Option<Step>,
    /// The removal went well: the wish can follow.
    clean: bool,
    /// Lines for the log.
    pub(crate) said: Vec<(Level, String)>,
}

impl Operation {
    /// Removes what is to go, then does what is wished; `known` is what the lease says. [`message`](Self::message) says how
    /// it begins.
    pub(crate) fn new(
        address: Ipv4Addr,
        holder: Holder,
        known: Option<Names>,
        remove: Option<Names>,
        wish: Option<Wish>,
    ) -> Self {
        let removes = remove.is_some();
        let names = remove.or_else(|| known.clone()).unwrap_or_default();
        let mut operation = Self {
            address,
            holder,
            known,
            names,
            wish,
            step: None,
            clean: true,
            said: Vec::new(),
        };
        operation.step = match removes {
            true => operation.first_removal(),
            false => operation.first_addition(),
        };
        operation
    }

    /// The message of the present step; `None` when all is done.
    ///
    /// # Errors
    /// A name that can't be put on the wire: to be given to [`answered`](Self::answered) as a failure.
    pub(crate) fn message(&self, detection: Detection) -> Option<Result<Message, String>> {
        let step = self.step?;
        let text = match step {
            Step::RemoveReverse => self.names.reverse.as_ref(),
            Step::AddReverse => self.wish.as_ref().and_then(|wish| wish.reverse.as_ref()),
            Step::RemoveForward | Step::RemoveGuard | Step::RemoveBeside => {
                self.names.forward.as_ref()
            }
            Step::AddNew | Step::AddOver | Step::AddBeside => {
                self.wish.as_ref().map(|wish| &wish.forward)
            }
        };
        let message = text.and_then(|text| {
            let name = DnsName::from_text(text)?;
            let (prerequisites, changes) = self.contents(step, detection)?;
            Some(Message {
                name,
                prerequisites,
                changes,
            })
        });
        Some(message.ok_or_else(|| "not a domain name".to_owned()))
    }

    fn contents(
        &self,
        step: Step,
        detection: Detection,
    ) -> Option<(Vec<DnsPrerequisite>, Vec<DnsChange>)> {
        match step {
            Step::RemoveForward | Step::RemoveGuard | Step::RemoveBeside => {
                Some(self.removal(step, &Guard::in_names(&self.names)?, detection))
            }
            Step::RemoveReverse => {
                // Only the record that is ours: by now the address may have another tenant, put there by the partner.
                let name = self
                    .names
                    .forward
                    .as_ref()
                    .or(self.names.client_fqdn.as_ref());
                let change = match name.and_then(|name| DnsName::from_text(name)) {
                    Some(name) => DnsChange::Remove(DnsData::Ptr(name)),
                    None => DnsChange::RemoveAll(DnsRecordType::Ptr),
                };
                Some((Vec::new(), vec![change]))
            }
            Step::AddNew | Step::AddOver | Step::AddBeside => {
                let wish = self.wish.as_ref()?;
                Some(self.addition(step, wish.guard.as_ref()?, wish.ttl, detection))
            }
            Step::AddReverse => {
                let wish = self.wish.as_ref()?;
                let data = DnsData::Ptr(DnsName::from_text(&wish.forward)?);
                let add = DnsChange::Add {
                    data,
                    ttl: wish.ttl,
                };
                let remove = DnsChange::RemoveAll(DnsRecordType::Ptr);
                Some((Vec::new(), vec![remove, add]))
            }
        }
    }

    fn removal(
        &self,
        step: Step,
        guard: &Guard,
        detection: Detection,
    ) -> (Vec<DnsPrerequisite>, Vec<DnsChange>) {
        let address = DnsChange::Remove(DnsData::A(self.address));
        match step {
            Step::RemoveForward => {
                let guarded = detection.conflict.then(|| detection.is_guarded(guard));
                (guarded.into_iter().collect(), vec![address])
            }
            Step::RemoveBeside => {
                let absent = DnsPrerequisite::Absent(guard.record_type());
                let other = DnsPrerequisite::Exists(guard.other_type());
                (vec![absent, other], vec![address])
            }
            _ => {
                let mut absent = vec![DnsPrerequisite::Absent(DnsRecordType::A)];
                if !detection.dual_stack {
                    absent.push(DnsPrerequisite::Absent(DnsRecordType::Aaaa));
                }
                let change = match detection.guard_must_match {
                    true => DnsChange::Remove(guard.data()),
                    false => DnsChange::RemoveAll(guard.record_type()),
                };
                (absent, vec![change])
            }
        }
    }

    fn addition(
        &self,
        step: Step,
        guard: &Guard,
        ttl: u32,
        detection: Detection,
    ) -> (Vec<DnsPrerequisite>, Vec<DnsChange>) {
        let add = |data| DnsChange::Add { data, ttl };
        let address = || add(DnsData::A(self.address));
        let no_address = || DnsChange::RemoveAll(DnsRecordType::A);
        match step {
            Step::AddOver if detection.conflict => (
                vec![detection.is_guarded(guard)],
                vec![no_address(), address()],
            ),
            Step::AddOver => (
                Vec::new(),
                vec![
                    DnsChange::RemoveAll(guard.record_type()),
                    add(guard.data()),
                    no_address(),
                    address(),
                ],
            ),
            Step::AddBeside if detection.other_guard_is_dynamic => (
                vec![DnsPrerequisite::Exists(guard.other_type())],
                vec![no_address(), address(), add(guard.data())],
            ),
            Step::AddBeside => (
                vec![
                    DnsPrerequisite::Absent(DnsRecordType::A),
                    DnsPrerequisite::Absent(guard.record_type()),
                    DnsPrerequisite::Exists(guard.other_type()),
                ],
                vec![address(), add(guard.data())],
            ),
            _ => (
                vec![DnsPrerequisite::Unused],
                vec![address(), add(guard.data())],
            ),
        }
    }

    /// Takes the answer to [`message`](Self::message) and goes on to the next step.
    pub(crate) fn answered(&mut self, answer: &DnsAnswer, detection: Detection) {
        let Some(step) = self.step else {
            return;
        };
        self.step = match step {
            Step::RemoveForward => self.forward_removed(answer, detection),
            Step::RemoveGuard | Step::RemoveBeside => self.guard_removed(answer),
            Step::RemoveReverse => self.reverse_removed(answer),
            Step::AddNew | Step::AddOver | Step::AddBeside => {
                self.forward_added(step, answer, detection)
            }
            Step::AddReverse => self.reverse_added(answer),
        };
    }

    fn first_removal(&self) -> Option<Step> {
        match Guard::in_names(&self.names) {
            Some(_) if self.names.forward.is_some() => Some(Step::RemoveForward),
            _ => self.removal_of_reverse(),
        }
    }

    fn removal_of_reverse(&self) -> Option<Step> {
        match self.names.reverse {
            Some(_) => Some(Step::RemoveReverse),
            None => self.first_addition(),
        }
    }

    fn first_addition(&self) -> Option<Step> {
        let wish = self.wish.as_ref().filter(|_| self.clean)?;
        match wish.guard {
            Some(_) => Some(Step::AddNew),
            None => wish.reverse.as_ref().map(|_| Step::AddReverse),
        }
    }

    fn forward_removed(&mut self, answer: &DnsAnswer, detection: Detection) -> Option<Step> {
        match answer {
            DnsAnswer::Done => {
                let name = shown(self.names.forward.as_deref());
                let line = format!("Removed forward map from {name} to {}", self.address);
                self.said.push((Level::Info, line));
                return Some(Step::RemoveGuard);
            }
            // It isn't there, or isn't ours.
            DnsAnswer::NxRrset | DnsAnswer::NxDomain => {
                if detection.dual_stack && detection.other_guard_is_dynamic {
                    return Some(Step::RemoveBeside);
                }
                self.forget_forward();
            }
            failure => self.not_removed(failure),
        }
        self.removal_of_reverse()
    }

    fn guard_removed(&mut self, answer: &DnsAnswer) -> Option<Step> {
        match answer {
            // The guard stays where it guards another address.
            DnsAnswer::Done | DnsAnswer::YxRrset => self.forget_forward(),
            failure => self.not_removed(failure),
        }
        self.removal_of_reverse()
    }

    fn not_removed(&mut self, failure: &DnsAnswer) {
        self.clean = false;
        let name = shown(self.names.forward.as_deref());
        let line = format!(
            "Can't remove forward map from {name} to {}: {failure}",
            self.address
        );
        self.said.push((Level::Error, line));
    }

    /// The PTR record goes by the name that it has: that is kept until it is gone.
    fn forget_forward(&mut self) {
        (self.names.txt, self.names.dhcid) = (None, None);
        let forward = self.names.forward.take();
        if self.names.reverse.is_some() {
            self.names.client_fqdn = self.names.client_fqdn.take().or(forward);
        }
    }

    fn reverse_removed(&mut self, answer: &DnsAnswer) -> Option<Step> {
        let name = shown(self.names.reverse.as_deref());
        match answer {
            DnsAnswer::Done => {
                let line = format!("Removed reverse map on {name}");
                self.said.push((Level::Info, line));
                self.forget_reverse();
            }
            DnsAnswer::NxRrset | DnsAnswer::NxDomain => self.forget_reverse(),
            failure => {
                self.clean = false;
                let line = format!("Can't remove reverse map on {name}: {failure}");
                self.said.push((Level::Error, line));
            }
        }
        self.first_addition()
    }

    fn forget_reverse(&mut self) {
        (self.names.reverse, self.names.client_fqdn) = (None, None);
    }

    fn forward_added(
        &mut self,
        step: Step,
        answer: &DnsAnswer,
        detection: Detection,
    ) -> Option<Step> {
        let wish = self.wish.as_ref()?;
        let (name, address) = (shown(Some(&wish.forward)), self.address);
        let beside = step == Step::AddBeside;
        let why = match answer {
            DnsAnswer::Done => {
                let line = format!("Added new forward map from {name} to {address}");
                self.said.push((Level::Info, line));
                self.names.forward = Some(wish.forward.clone());
                self.names.client_fqdn = None;
                if let Some(guard) = &wish.guard {
                    guard.store(&mut self.names);
                }
                return wish.reverse.as_ref().map(|_| Step::AddReverse);
            }
            DnsAnswer::YxDomain if step == Step::AddNew => return Some(Step::AddOver),
            failure if step == Step::AddNew => {
                let line = format!("Unable to add forward map from {name} to {address}: {failure}");
                self.said.push((Level::Error, line));
                return None;
            }
            DnsAnswer::YxRrset if beside => {
                "an entry that is either static or owned by another client exists.".to_owned()
            }
            DnsAnswer::NxRrset if beside => {
                "static entry of the other protocol type exists.".to_owned()
            }
            DnsAnswer::YxRrset | DnsAnswer::YxDomain if !beside => {
                "DHCID mismatch, belongs to another client.".to_owned()
            }
            DnsAnswer::NxRrset | DnsAnswer::NxDomain if !beside => {
                if detection.dual_stack {
                    return Some(Step::AddBeside);
                }
                "Has an address record but no DHCID, not mine.".to_owned()
            }
            failure => failure.to_string(),
        };
        let line = format!("Forward map from {name} to {address} FAILED: {why}");
        self.said.push((Level::Error, line));
        None
    }

    fn reverse_added(&mut self, answer: &DnsAnswer) -> Option<Step> {
        let wish = self.wish.as_ref()?;
        let reverse = shown(wish.reverse.as_deref());
        let forward = shown(Some(&wish.forward));
        if *answer == DnsAnswer::Done {
            let line = format!("Added reverse map from {reverse} to {forward}");
            self.said.push((Level::Info, line));
            self.names.reverse = wish.reverse.clone();
            if wish.guard.is_none() {
                self.names.client_fqdn = Some(wish.forward.clone());
            }
        } else {
            let line = format!("Unable to add reverse map from {reverse} to {forward}: {answer}");
            self.said.push((Level::Error, line));
        }
        None
    }
}

impl Detection {
    /// What must hold of a name so that it may be changed.
    fn is_guarded(self, guard: &Guard) -> DnsPrerequisite {
        match self.guard_must_match {
            true => DnsPrerequisite::Is(guard.data()),
            false => DnsPrerequisite::Exists(guard.record_type()),
        }
    }
}

fn shown(name: Option<&[u8]>) -> String {
    String::from_utf8_lossy(name.unwrap_or_default()).into_owned()
}
