//! Lease limits of classes (ISC `bill_class`).

use dhcp_failover::BindingStatus;

use super::Member;
use super::watch::Account;
use crate::answer::Kind;
use crate::exchange::{Exchange, Lease};

/// Who pays for a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Billing {
    /// Nobody has to.
    Free,
    /// This account; `changed` if it didn't before, so that the lease can't stay as it is.
    Account { account: Account, changed: bool },
}

/// Every class of the client that has a limit has as many leases as it may have: the name of the last of them.
pub(crate) struct Exhausted(pub(crate) String);

impl Exchange<'_> {
    /// Finds a class of the client's that has a lease left.
    pub(crate) fn bill(&self, kind: Kind, lease: Lease) -> Result<Billing, Exhausted> {
        let language = &self.config.language;
        let Lease::Dynamic(address) = lease else {
            return Ok(Billing::Free);
        };
        if !language.limits {
            return Ok(Billing::Free);
        }
        let watch = &self.state.out.watch;
        let own: Vec<(&Member, Account)> = self
            .members
            .iter()
            .map(|member| (member, self.account(member)))
            .collect();
        let former = watch.account(address);
        if let Some(account) = former.filter(|former| own.iter().any(|(_, own)| own == *former)) {
            return Ok(Billing::Account {
                account: account.clone(),
                changed: false,
            });
        }
        let mut full = None;
        for (member, account) in own {
            if member.lease_limit == 0 {
                continue;
            }
            if watch.billed(&account) >= member.lease_limit {
                full = Some(account.0);
                continue;
            }
            let active = self.status(address) == Some(BindingStatus::Active);
            if kind == Kind::Offer && !active {
                // It isn't the client's yet: its request will be billed.
                return Ok(Billing::Free);
            }
            return Ok(Billing::Account {
                account,
                changed: true,
            });
        }
        match full {
            Some(name) => Err(Exhausted(String::from_utf8_lossy(&name).into_owned())),
            None => Ok(Billing::Free),
        }
    }

    fn account(&self, member: &Member) -> Account {
        let class = &self.config.language.classes[member.class];
        (class.name.clone().into_bytes(), member.value.clone())
    }
}
