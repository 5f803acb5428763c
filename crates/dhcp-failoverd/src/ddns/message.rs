//! Updates on the wire (RFC 2136 §2).

use dhcp4_server::{DnsChange, DnsData, DnsName, DnsPrerequisite, DnsRecordType, DnsUpdate};
use hickory_proto::op::{Message, MessageType, OpCode, Query};
use hickory_proto::rr::rdata::{A, NULL, PTR, TXT};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};

/// DHCID (RFC 4701 §3.1), which the library carries unread.
const DHCID: RecordType = RecordType::Unknown(49);

/// The message of an update. `None` if it holds a name that can't be said.
pub(super) fn message(id: u16, zone: &DnsName, update: &DnsUpdate) -> Option<Message> {
    let mut message = Message::new(id, MessageType::Query, OpCode::Update);
    let mut query = Query::query(name(zone)?, RecordType::SOA);
    query.set_query_class(DNSClass::IN);
    message.queries.push(query);
    let owner = name(&update.name)?;
    let prerequisites = update.prerequisites.iter();
    message.answers = prerequisites
        .map(|prerequisite| required(&owner, prerequisite))
        .collect::<Option<_>>()?;
    let changes = update.changes.iter();
    message.authorities = changes
        .map(|change| changed(&owner, change))
        .collect::<Option<_>>()?;
    Some(message)
}

/// RFC 2136 §2.4.
fn required(owner: &Name, prerequisite: &DnsPrerequisite) -> Option<Record> {
    Some(match prerequisite {
        DnsPrerequisite::Unused => empty(owner, RecordType::ANY, DNSClass::NONE),
        DnsPrerequisite::Absent(kind) => empty(owner, record_type(*kind), DNSClass::NONE),
        DnsPrerequisite::Exists(kind) => empty(owner, record_type(*kind), DNSClass::ANY),
        DnsPrerequisite::Is(data) => full(owner, data, DNSClass::IN, 0)?,
    })
}

/// RFC 2136 §2.5.
fn changed(owner: &Name, change: &DnsChange) -> Option<Record> {
    Some(match change {
        DnsChange::Add { data, ttl } => full(owner, data, DNSClass::IN, *ttl)?,
        DnsChange::Remove(data) => full(owner, data, DNSClass::NONE, 0)?,
        DnsChange::RemoveAll(kind) => empty(owner, record_type(*kind), DNSClass::ANY),
    })
}

fn empty(owner: &Name, kind: RecordType, class: DNSClass) -> Record {
    let mut record = Record::update0(owner.clone(), 0, kind);
    record.dns_class = class;
    record
}

fn full(owner: &Name, data: &DnsData, class: DNSClass, ttl: u32) -> Option<Record> {
    let data = match data {
        DnsData::A(address) => RData::A(A(*address)),
        DnsData::Txt(text) => RData::TXT(TXT::from_bytes(vec![text])),
        DnsData::Ptr(target) => RData::PTR(PTR(name(target)?)),
        DnsData::Dhcid(data) => RData::Unknown {
            code: DHCID,
            rdata: NULL::with(data.to_vec()),
        },
    };
    let mut record = Record::from_rdata(owner.clone(), ttl, data);
    record.dns_class = class;
    Some(record)
}

fn record_type(kind: DnsRecordType) -> RecordType {
    match kind {
        DnsRecordType::A => RecordType::A,
        DnsRecordType::Aaaa => RecordType::AAAA,
        DnsRecordType::Txt => RecordType::TXT,
        DnsRecordType::Dhcid => DHCID,
        DnsRecordType::Ptr => RecordType::PTR,
    }
}

pub(super) fn name(name: &DnsName) -> Option<Name> {
    let mut name = Name::from_labels(name.labels()).ok()?;
    name.set_fqdn(true);
    Some(name)
}
