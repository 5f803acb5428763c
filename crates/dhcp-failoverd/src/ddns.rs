//! DNS updates (RFC 2136): from the server's words to name servers and back, in a thread of its own, so that a name server
//! that is slow or gone holds up nobody.

mod exchange;
mod message;
#[cfg(test)]
mod tests;
mod tsig;

use std::io;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;

use dhcp4_server::{DnsAnswer, DnsUpdate, DnsZone, ServerConfig};
use tokio::runtime::Builder;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{LocalSet, spawn_local};

use crate::log::Log;
use crate::omapi_key::{self, KeyError};
use exchange::{Server, exchange};

/// Updates that wait for an answer at the same time: what a name server takes without losing any.
const MAX_ASKED: usize = 256;

/// An answer, and what it is to.
type Answered = (u64, DnsAnswer);

/// The thread, once there was an update.
pub(crate) struct Updater {
    zones: Arc<[DnsZone]>,
    source: Option<Ipv4Addr>,
    /// No bound of its own: the server has one message under way for each of a bounded number of addresses.
    jobs: Option<UnboundedSender<DnsUpdate>>,
    answers: (UnboundedSender<Answered>, UnboundedReceiver<Answered>),
    /// Received, not yet taken.
    waiting: Vec<Answered>,
}

/// The keys of the zones can all be used.
///
/// # Errors
/// One of them can't.
pub(crate) fn check(config: &ServerConfig) -> Result<(), KeyError> {
    let mut keys = config
        .dns_zones()
        .iter()
        .filter_map(|zone| zone.key.as_ref());
    keys.try_for_each(|key| omapi_key::key(key).map(drop))
}

impl Updater {
    /// For the zones of a configuration.
    pub(crate) fn new(config: &ServerConfig) -> Self {
        Self {
            zones: config.dns_zones().into(),
            source: config.dns_source(),
            jobs: None,
            answers: unbounded_channel(),
            waiting: Vec::new(),
        }
    }

    /// Sends an update. Whatever becomes of it, there will be an answer.
    pub(crate) fn send(&mut self, update: DnsUpdate, log: &mut Log) {
        let jobs = match self.jobs.take() {
            Some(jobs) => Ok(jobs),
            None => self.spawn(),
        };
        let failed = match jobs {
            Err(error) => Some((update.id, error.to_string())),
            Ok(jobs) => {
                let failed = jobs.send(update).err();
                self.jobs = Some(jobs);
                failed.map(|update| (update.0.id, "the thread has ended".to_owned()))
            }
        };
        if let Some((id, reason)) = failed {
            log.error(format_args!("DDNS: {reason}"));
            _ = self.answers.0.send((id, DnsAnswer::Failed(reason))); // we hold the other end
        }
    }

    /// Ready when there are answers.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Poll::Ready(Some(answer)) = self.answers.1.poll_recv(cx) {
            self.waiting.push(answer);
        }
        match self.waiting.is_empty() {
            true => Poll::Pending,
            false => Poll::Ready(()),
        }
    }

    /// Takes the answers.
    pub(crate) fn take(&mut self) -> Vec<Answered> {
        std::mem::take(&mut self.waiting)
    }

    fn spawn(&self) -> io::Result<UnboundedSender<DnsUpdate>> {
        let (jobs, waiting) = unbounded_channel();
        let (zones, source) = (Arc::clone(&self.zones), self.source);
        let answers = self.answers.0.clone();
        let runtime = Builder::new_current_thread().enable_all().build()?;
        thread::Builder::new().name("ddns".into()).spawn(move || {
            let servers = zones.iter().map(|zone| Server::new(zone, source)).collect();
            LocalSet::new().block_on(&runtime, work(servers, waiting, answers));
        })?;
        Ok(jobs)
    }
}

async fn work(
    servers: Vec<Server>,
    mut jobs: UnboundedReceiver<DnsUpdate>,
    answers: UnboundedSender<Answered>,
) {
    let servers = Rc::new(servers);
    let places = Arc::new(Semaphore::new(MAX_ASKED));
    while let Some(update) = jobs.recv().await {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let (servers, answers) = (Rc::clone(&servers), answers.clone());
        spawn_local(async move {
            let answer = match servers.get(update.zone) {
                Some(server) => exchange(server, &update).await,
                None => DnsAnswer::Failed("no such zone".into()),
            };
            _ = answers.send((update.id, answer)); // the server may be stopping
            drop(place);
        });
    }
}
