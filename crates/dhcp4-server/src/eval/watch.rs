//! Which leases have something to do when they end, and which classes they are billed to.

use core::net::Ipv4Addr;
use std::collections::BTreeMap;
use std::sync::Arc;

use dhcp_failover::{Binding, BindingStatus, Client, Extra, Record};

use crate::ddns::Lapsed;
use crate::journal;

/// Whom a lease is billed to: a class by its name, and the value of a subclass.
pub(crate) type Account = (Vec<u8>, Option<Vec<u8>>);

/// What ended a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Its client gave it back.
    Release,
    /// It ran out.
    Expiry,
}

/// A lease that is over, and has something to do now.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    pub(crate) address: Ipv4Addr,
    pub(crate) client: Client,
    pub(crate) ending: Ending,
    pub(crate) extra: Arc<Extra>,
}

/// The leases that are billed, or that have something to do when they end.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    leases: BTreeMap<Ipv4Addr, Watched>,
    billed: BTreeMap<Account, u32>,
    ended: Vec<Ended>,
    /// Names in DNS that nobody has any more.
    lapsed: Vec<Lapsed>,
}

#[derive(Debug)]
struct Watched {
    account: Option<Account>,
    client: Client,
    extra: Arc<Extra>,
    released: bool,
    /// What was to be done when it ends was done.
    done: bool,
}

impl Watch {
    /// Looks at a binding as it is now.
    ///
    /// As in ISC a lease that is shared with a partner ends when both know of it: when it is free again.
    pub(crate) fn observe(&mut self, address: Ipv4Addr, binding: &Binding) {
        if binding.extra.is_some() || !self.leases.is_empty() {
            self.observe_names(address, binding);
        }
        let former = match binding.extra.as_ref().filter(|extra| is_watched(extra)) {
            None => self.take(address),
            Some(extra) => {
                let idle = is_idle(binding.status);
                let lasting = matches!(
                    binding.status,
                    BindingStatus::Active | BindingStatus::Expired | BindingStatus::Released
                );
                let former = self.take(address);
                if lasting {
                    self.put(address, binding, extra, former.as_ref());
                }
                former.filter(|_| idle)
            }
        };
        let Some(former) = former else {
            return;
        };
        if is_idle(binding.status) && !former.done {
            let ending = match former.released {
                true => Ending::Release,
                false => Ending::Expiry,
            };
            self.ended.push(Ended {
                address,
                client: former.client,
                ending,
                extra: former.extra,
            });
        }
    }

    /// As in ISC a name goes when its client gives the address up, or when both servers know that its lease has run out;
    /// and, where that was missed, when the address is another client's.
    fn observe_names(&mut self, address: Ipv4Addr, binding: &Binding) {
        use BindingStatus::{Active, Expired};
        let names = binding
            .extra
            .as_ref()
            .and_then(|extra| extra.names.as_deref());
        let over = !matches!(binding.status, Active | Expired);
        let lapsed = match names {
            Some(names) if over => Some((&binding.client, names)),
            _ => self.leases.get(&address).and_then(|former| {
                let gone = !over && !former.client.is_same(&binding.client);
                let former_names = former.extra.names.as_deref().filter(|_| gone)?;
                (Some(former_names) != names).then_some((&former.client, former_names))
            }),
        };
        if let Some((client, names)) = lapsed {
            self.lapsed.push(Lapsed {
                address,
                client: client.clone(),
                names: names.clone(),
            });
        }
    }

    fn put(
        &mut self,
        address: Ipv4Addr,
        binding: &Binding,
        extra: &Arc<Extra>,
        former: Option<&Watched>,
    ) {
        let active = binding.status == BindingStatus::Active;
        let account = journal::account(extra);
        if let Some(account) = &account {
            *self.billed.entry(account.clone()).or_default() += 1;
        }
        let watched = Watched {
            account,
            client: binding.client.clone(),
            extra: Arc::clone(extra),
            released: binding.status == BindingStatus::Released
                || former.is_some_and(|former| former.released && !active),
            done: former.is_some_and(|former| former.done && !active),
        };
        self.leases.insert(address, watched);
    }

    fn take(&mut self, address: Ipv4Addr) -> Option<Watched> {
        let watched = self.leases.remove(&address)?;
        if let Some(account) = &watched.account
            && let Some(count) = self.billed.get_mut(account)
        {
            *count -= 1;
            if *count == 0 {
                self.billed.remove(account);
            }
        }
        Some(watched)
    }

    /// How many leases are billed to an account.
    pub(crate) fn billed(&self, account: &Account) -> u32 {
        self.billed.get(account).copied().unwrap_or(0)
    }

    /// The account of a lease.
    pub(crate) fn account(&self, address: Ipv4Addr) -> Option<&Account> {
        self.leases.get(&address)?.account.as_ref()
    }

    /// What is to be done at the end of this lease was done.
    pub(crate) fn done(&mut self, address: Ipv4Addr) {
        if let Some(watched) = self.leases.get_mut(&address) {
            watched.done = true;
        }
    }

    /// Takes the names that nobody has any more.
    pub(crate) fn take_lapsed(&mut self) -> Vec<Lapsed> {
        core::mem::take(&mut self.lapsed)
    }

    /// Takes the leases that have ended.
    pub(crate) fn take_ended(&mut self) -> Vec<Ended> {
        core::mem::take(&mut self.ended)
    }
}

/// Nobody has an address in this state.
fn is_idle(status: BindingStatus) -> bool {
    matches!(status, BindingStatus::Free | BindingStatus::Backup)
}

fn is_watched(extra: &Extra) -> bool {
    extra.names.is_some() || extra.statements.iter().any(|s| is_for_tenancy(s))
}

/// Whether a statement of a record is over with the lease: who it is billed to, and what is to be done at its end.
fn is_for_tenancy(statement: &str) -> bool {
    statement.starts_with("on ") || statement.starts_with("billing ")
}

/// A record as the lease file has it: of a lease that is over, without what was over with it.
pub(crate) fn settled(record: Record) -> Record {
    let Record::Binding(address, mut binding) = record else {
        return record;
    };
    let over = is_idle(binding.status);
    if let Some(extra) = binding
        .extra
        .as_ref()
        .filter(|extra| over && is_watched(extra))
    {
        let mut extra = (**extra).clone();
        extra.statements.retain(|s| !is_for_tenancy(s));
        let empty = extra == Extra::default();
        binding.extra = (!empty).then(|| Arc::new(extra));
    }
    Record::Binding(address, binding)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);

    fn binding(status: BindingStatus, statements: &[&str]) -> Binding {
        let extra = Extra {
            statements: statements.iter().map(|s| (*s).to_owned()).collect(),
            ..Extra::default()
        };
        Binding {
            extra: Some(Arc::new(extra)),
            ..Binding::unused(status)
        }
    }

    const BILLED: &str = "billing subclass \"c\" 01:02;";
    const ON: &str = "on expiry or release { }";

    #[test]
    fn leases_are_billed_while_they_last() {
        let account: Account = (b"c".to_vec(), Some(vec![1, 2]));
        let mut watch = Watch::default();
        watch.observe(ADDRESS, &binding(BindingStatus::Active, &[BILLED]));
        watch.observe(ADDRESS, &binding(BindingStatus::Active, &[BILLED]));
        assert_eq!(watch.billed(&account), 1);
        assert_eq!(watch.account(ADDRESS), Some(&account));
        watch.observe(ADDRESS, &binding(BindingStatus::Released, &[BILLED]));
        assert_eq!(watch.billed(&account), 1, "until the partner knows");
        watch.observe(ADDRESS, &binding(BindingStatus::Free, &[BILLED]));
        assert_eq!(watch.billed(&account), 0);
    }

    #[test]
    fn what_ended_a_lease_is_told_once() {
        let mut watch = Watch::default();
        for (way, told) in [
            (&[BindingStatus::Free][..], Some(Ending::Expiry)),
            (
                &[BindingStatus::Released, BindingStatus::Free],
                Some(Ending::Release),
            ),
            (
                &[BindingStatus::Expired, BindingStatus::Backup],
                Some(Ending::Expiry),
            ),
            (&[BindingStatus::Abandoned, BindingStatus::Free], None),
        ] {
            watch.observe(ADDRESS, &binding(BindingStatus::Active, &[ON]));
            for status in way {
                watch.observe(ADDRESS, &binding(*status, &[ON]));
            }
            watch.observe(ADDRESS, &binding(BindingStatus::Free, &[ON]));
            let ended = watch.take_ended();
            assert_eq!(ended.len(), usize::from(told.is_some()), "{way:?}");
            assert_eq!(ended.first().map(|ended| ended.ending), told);
        }
    }

    #[test]
    fn what_is_over_is_not_written() {
        let statements = ["set x = \"1\";", BILLED, ON];
        let of = |status| {
            let record = settled(Record::Binding(ADDRESS, binding(status, &statements)));
            let Record::Binding(_, binding) = record else {
                panic!("it is a binding")
            };
            binding.extra.unwrap().statements.len()
        };
        assert_eq!(of(BindingStatus::Active), 3);
        assert_eq!(of(BindingStatus::Free), 1);
    }
}
