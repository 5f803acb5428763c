//! Names: the client's own and those in DNS that stand for an address. Servers of our kind tell each other; to any
//! other nothing is said of them, as ISC says nothing.
//!
//! The client's name goes where the draft has it, among the options that the client sent
//! (client-request-options, §12). The names in DNS go into vendor-specific-options, whose meaning is that of the
//! vendor class in CONNECT. The draft's own DDNS option has no room for the guard, and makes ISC drop the link.

use core::net::Ipv4Addr;
use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use failover_wire::{BindingStatus, BindingUpdate, OptionCode, UnknownOption};

use crate::binding::{Binding, Client, Extra};
use crate::core::Core;
use crate::endpoint::Endpoint;
use crate::output::Output;
use crate::time::Now;

/// DHCP option 12, the client's name.
const HOST_NAME: u8 = 12;
/// Longest identifier beside which names are sent, bytes: with four names of 255 bytes the message stays
/// below its limit of 2048.
const MAX_IDENTIFIER: usize = 512;

/// Names in DNS that stand for an address: what dhcpd keeps in the `ddns-…` variables of a lease. Each has at
/// most 255 bytes.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Names {
    /// `ddns-fwd-name`: the name that has an A record, with dots, as it was put together.
    pub forward: Option<Bytes>,
    /// `ddns-client-fqdn`: the name that the client sees to itself, so that only its PTR record is ours.
    pub client_fqdn: Option<Bytes>,
    /// `ddns-rev-name`: the name that has the PTR record.
    pub reverse: Option<Bytes>,
    /// `ddns-txt`: the text of the TXT record that says whose the forward name is.
    pub txt: Option<Bytes>,
    /// `ddns-dhcid`: the data of the DHCID record that says so (RFC 4701).
    pub dhcid: Option<Bytes>,
}

impl Names {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn fields(&self) -> [&Option<Bytes>; 5] {
        [
            &self.forward,
            &self.client_fqdn,
            &self.reverse,
            &self.txt,
            &self.dhcid,
        ]
    }

    fn fields_mut(&mut self) -> [&mut Option<Bytes>; 5] {
        [
            &mut self.forward,
            &mut self.client_fqdn,
            &mut self.reverse,
            &mut self.txt,
            &mut self.dhcid,
        ]
    }
}

/// What a partner of our kind says of names with an update.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Told {
    hostname: Option<Bytes>,
    names: Option<Names>,
}

impl Told {
    /// Takes over what the partner says. `before` is the binding as it was.
    pub(crate) fn adopt(self, before: &Binding, binding: &mut Binding) {
        if self.hostname.is_none() && self.names.is_none() {
            return;
        }
        let mut extra = binding.extra.as_deref().cloned().unwrap_or_default();
        if binding.status == BindingStatus::Active {
            extra.client_hostname = self.hostname.or(extra.client_hostname);
            extra.names = self.names.map(Arc::new).or(extra.names);
        } else if before.status == BindingStatus::Active
            && extra.names.as_deref() == self.names.as_ref()
        {
            // The partner ended the tenancy and knows the names: it removes them. With both at it, the
            // later one could take away what the next tenancy has put there.
            extra.names = None;
        }
        binding.extra = (extra != Extra::default()).then(|| Arc::new(extra));
    }
}

/// What is left of a tenancy whose names nobody has removed yet.
pub(crate) fn names_only(extra: Option<&Extra>) -> Option<Arc<Extra>> {
    let names = extra?.names.clone()?;
    Some(Arc::new(Extra {
        names: Some(names),
        ..Extra::default()
    }))
}

impl Endpoint {
    fn knows_names(&self) -> bool {
        self.links
            .live
            .as_ref()
            .is_some_and(|live| live.is_our_kind)
    }

    /// What came with an update from a partner of our kind.
    pub(crate) fn told(&self, update: &BindingUpdate, unknown: &[UnknownOption]) -> Told {
        if !self.knows_names() {
            return Told::default();
        }
        let request = update.client_request_options.as_deref();
        let vendor = unknown
            .iter()
            .find(|option| option.code == OptionCode::VENDOR_SPECIFIC_OPTIONS);
        Told {
            hostname: request.and_then(|options| sub_option(options, HOST_NAME)),
            names: vendor.and_then(|option| names_of(&option.data)),
        }
    }

    /// Adds what a partner of our kind is told of names.
    pub(crate) fn tell(&self, binding: &Binding, update: &mut BindingUpdate) -> Vec<UnknownOption> {
        let Some(extra) = binding.extra.as_deref() else {
            return Vec::new();
        };
        if !self.knows_names() || binding.client.uid.len() > MAX_IDENTIFIER {
            return Vec::new();
        }
        let mut options = BytesMut::new();
        if let Some(hostname) = &extra.client_hostname {
            put(HOST_NAME, hostname, &mut options);
        }
        update.client_request_options = (!options.is_empty()).then(|| options.freeze());
        let names = extra.names.iter().map(|names| UnknownOption {
            code: OptionCode::VENDOR_SPECIFIC_OPTIONS,
            data: bytes_of(names),
        });
        names.collect()
    }
}

impl Core {
    /// DNS has names for an address now, or has them no more: stored, and told to a partner of our kind.
    ///
    /// Does nothing and returns false if the address isn't this client's any more, or its names aren't `from`.
    pub fn replace_names(
        &mut self,
        address: Ipv4Addr,
        client: &Client,
        from: Option<&Names>,
        to: Option<Names>,
        now: Now,
        out: &mut Vec<Output>,
    ) -> bool {
        let Some(slot) = self.bindings.slot(address) else {
            return false;
        };
        let binding = self.bindings.at(slot);
        let known = binding
            .extra
            .as_ref()
            .and_then(|extra| extra.names.as_deref());
        if known != from || !(binding.client == *client || binding.client.is_same(client)) {
            return false;
        }
        let mut binding = binding.clone();
        let mut extra = binding.extra.as_deref().cloned().unwrap_or_default();
        extra.names = to.map(Arc::new);
        binding.extra = (extra != Extra::default()).then(|| Arc::new(extra));
        let id = self.bindings.relationship_of(address);
        let partner = id.filter(|id| {
            binding.status == BindingStatus::Active && self.endpoint(*id).knows_names()
        });
        let Some(id) = partner else {
            self.bindings.apply(slot, binding, out);
            return true;
        };
        binding.pending = true;
        binding.tstp = binding.tstp.max(binding.tsfp());
        let (endpoint, mut cx) = self.split(usize::from(id.0), now, out);
        cx.bindings.apply(slot, binding, cx.out);
        endpoint.queue_update(slot, &mut cx);
        endpoint.transmit(&mut cx);
        true
    }
}

/// The names as sub-options 1 to 5, each of one byte of code and one of length.
fn bytes_of(names: &Names) -> Bytes {
    let mut bytes = BytesMut::new();
    for (code, name) in (1..).zip(names.fields()) {
        if let Some(name) = name {
            put(code, name, &mut bytes);
        }
    }
    bytes.freeze()
}

fn names_of(bytes: &[u8]) -> Option<Names> {
    let mut names = Names::default();
    for (code, name) in (1..).zip(names.fields_mut()) {
        *name = sub_option(bytes, code);
    }
    (!names.is_empty()).then_some(names)
}

/// Puts a sub-option; one that is too long isn't said.
fn put(code: u8, value: &[u8], out: &mut BytesMut) {
    if let Ok(length) = u8::try_from(value.len()) {
        out.put_slice(&[code, length]);
        out.put_slice(value);
    }
}

/// The first sub-option of a code, in a buffer of its own. What runs over the end is none.
fn sub_option(mut bytes: &[u8], code: u8) -> Option<Bytes> {
    loop {
        let [tag, length, rest @ ..] = bytes else {
            return None;
        };
        let (value, rest) = rest.split_at_checked(usize::from(*length))?;
        if *tag == code && !value.is_empty() {
            return Some(Bytes::copy_from_slice(value));
        }
        bytes = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let bytes = |text: &'static str| Some(Bytes::from_static(text.as_bytes()));
        Names {
            forward: bytes("pc1.example.org"),
            client_fqdn: None,
            reverse: bytes("1.0.0.10.in-addr.arpa."),
            txt: bytes("31abcd"),
            dhcid: None,
        }
    }

    #[test]
    fn names_come_back_as_they_went_out() {
        assert_eq!(names_of(&bytes_of(&names())), Some(names()));
        assert_eq!(names_of(&[]), None);
        assert_eq!(names_of(&[1, 200, 1]), None, "runs over the end");
        assert_eq!(names_of(&[9, 1, 1]), None, "unknown");
    }

    #[test]
    fn of_two_that_know_the_names_the_one_that_ended_the_lease_removes_them() {
        let extra = Extra {
            names: Some(Arc::new(names())),
            ..Extra::default()
        };
        let before = Binding {
            extra: Some(Arc::new(extra)),
            ..Binding::unused(BindingStatus::Active)
        };
        let told = |names| Told {
            hostname: None,
            names,
        };
        for (said, kept) in [
            (Some(names()), false),
            (None, true),
            (Some(Names::default()), true),
        ] {
            let mut binding = before.clone();
            binding.status = BindingStatus::Released;
            told(said).adopt(&before, &mut binding);
            assert_eq!(binding.extra.is_some(), kept);
        }
        let mut binding = before.clone();
        let other = Names {
            forward: Some(Bytes::from_static(b"other")),
            ..names()
        };
        told(Some(other.clone())).adopt(&before, &mut binding);
        assert_eq!(binding.extra.unwrap().names.as_deref(), Some(&other));
    }
}
