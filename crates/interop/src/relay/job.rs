//! What clients do, how they behave, and what comes of it.

use std::net::Ipv4Addr;
use std::time::Duration;

/// A hardware address of a client: number `index` of crowd `crowd`.
pub fn mac(crowd: u8, index: u32) -> [u8; 6] {
    let [_, b, c, d] = index.to_be_bytes();
    [2, 0xdf, crowd, b, c, d]
}

/// An address that a client was given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lease {
    /// The client.
    pub client: [u8; 6],
    /// Its address.
    pub address: Ipv4Addr,
    /// The server that it is from.
    pub server: Ipv4Addr,
    /// For how long.
    pub seconds: u32,
}

/// What a client does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Job {
    /// DISCOVER, OFFER, REQUEST, ACK.
    Get([u8; 6]),
    /// REQUEST in the RENEWING state, ACK.
    Renew(Lease),
}

/// How the crowd behaves.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Exchanges under way at a time, at most 65 536.
    pub window: usize,
    /// Exchanges begun per second; as many as the window allows if `None`.
    pub rate: Option<f64>,
    /// How long a client waits for an answer before it repeats itself or gives up.
    pub timeout: Duration,
    /// How often a message is sent.
    pub tries: u32,
}

impl Pace {
    /// Patient clients, all at once.
    pub const PATIENT: Self = Self {
        window: 512,
        rate: None,
        timeout: Duration::from_secs(3),
        tries: 5,
    };
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The leases, in the order of their ACKs.
    pub leases: Vec<Lease>,
    /// Exchanges given up.
    pub lost: usize,
    /// NAKs.
    pub refused: usize,
    /// Microseconds from each DISCOVER to its OFFER, ascending.
    pub offer_times: Vec<u32>,
    /// Microseconds from each REQUEST to its ACK, ascending.
    pub ack_times: Vec<u32>,
    /// From the first message to the last ACK.
    pub elapsed: Duration,
}

impl Outcome {
    /// Exchanges done per second.
    pub fn rate(&self) -> f64 {
        self.leases.len() as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }
}

/// The `part` (0 to 1) percentile of ascending `times`; 0 of none.
pub fn percentile(times: &[u32], part: f64) -> u32 {
    let last = times.len().saturating_sub(1);
    times
        .get((last as f64 * part).round() as usize)
        .copied()
        .unwrap_or(0)
}
