//! The loop: inputs in, records to the disk, outputs out.
//!
//! The one rule: what a record promises is said only once the record is on disk. Outputs gather in a batch; while
//! the disk has one batch the next one gathers, so that batches grow with the load and a lone packet waits for one
//! sync only. A batch without records, with nothing on its way to the disk before it, is performed at once. Records that
//! nothing waits for, such as that of an update which the partner has acknowledged, wait for company instead: a sync of
//! their own would only be in the way of the next packet's.

use std::future::{Future as _, poll_fn};
use std::io;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use dhcp4_server::journal::RecordWriter;
use dhcp4_server::{Instant, Now, Output, Server};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::admin::{Admin, Asked};
use crate::batch::{Batch, Held};
use crate::clock;
use crate::ddns::Updater;
use crate::dhcp::Dhcp;
use crate::icmp::Pinger;
use crate::log::Log;
use crate::obey::obey;
use crate::omapi::Omapi;
use crate::omapi_objects::{Leaving, Operated};
use crate::peer::{PeerInput, Peers};
use crate::programs::Programs;
use crate::rewrite::Rewriting;
use crate::sync::{Disk, Done, Job};

/// The longest sleep: a suspended machine's timers are looked at again this soon after it wakes.
const TICK: Duration = Duration::from_secs(1);
/// How often a syslog daemon that is not there is looked for.
const LOOK: Duration = Duration::from_secs(5);
/// How long records that nothing waits for stay in memory. A crash before that costs an update sent twice.
const LINGER: Duration = Duration::from_millis(250);
/// How often the lease file is written anew, as dhcpd does.
const REWRITE: Duration = Duration::from_secs(3600);
/// Bytes appended after which it is written anew before its time, so that the disk doesn't fill up.
const MAX_GROWN: u64 = 1 << 30;

/// Everything that the loop works with.
pub(crate) struct Daemon<'l> {
    /// The server itself.
    pub(crate) server: Server,
    /// Its log.
    pub(crate) log: &'l mut Log,
    /// UDP.
    pub(crate) dhcp: Dhcp,
    /// TCP.
    pub(crate) peers: Peers,
    /// ICMP, if it could be had.
    pub(crate) pinger: Option<Pinger>,
    /// The control socket.
    pub(crate) admin: Admin,
    /// OMAPI, if the configuration asks for it.
    pub(crate) omapi: Omapi,
    /// DNS updates.
    pub(crate) ddns: Updater,
    /// What `execute` statements run.
    pub(crate) programs: Programs,
    /// The lease file, in its thread.
    pub(crate) disk: Disk,
    /// Puts records into words.
    pub(crate) text: RecordWriter,
}

/// The lease file can't be written: nothing may be said any more.
#[derive(Debug, thiserror::Error)]
#[error("can't write the lease database: {0}")]
pub(crate) struct DiskFailed(#[from] io::Error);

struct Turns<'d, 'l> {
    daemon: &'d mut Daemon<'l>,
    batch: Batch,
    /// What waits for the job that the disk has.
    in_flight: Option<Vec<Held>>,
    /// A job that is done, not yet looked at.
    done: Option<Done>,
    rewriting: Option<Rewriting>,
    next_rewrite: Instant,
    next_look: Instant,
    grown: u64,
    /// When records that nothing waits for go to the disk all the same.
    linger: Option<Instant>,
    terminate: Signal,
    interrupt: Signal,
    /// An operator's order to stop, which partners are told of first.
    leaving: Option<Leaving>,
    stopping: bool,
}

/// Serves until SIGTERM, SIGINT or an operator's order, then finishes what was begun.
pub(crate) async fn run(daemon: &mut Daemon<'_>) -> Result<(), DiskFailed> {
    let mut turns = Turns {
        batch: Batch::default(),
        in_flight: None,
        done: None,
        rewriting: None,
        next_rewrite: clock::now().mono + REWRITE,
        next_look: clock::now().mono,
        grown: 0,
        linger: None,
        terminate: signal(SignalKind::terminate())?,
        interrupt: signal(SignalKind::interrupt())?,
        leaving: None,
        stopping: false,
        daemon,
    };
    turns.drain(); // the server's first words: dials
    while !turns.stopping || turns.in_flight.is_some() || !turns.batch.is_empty() {
        turns.turn()?;
        turns.wait().await;
    }
    Ok(())
}

impl Turns<'_, '_> {
    /// Waits until there is something to do.
    async fn wait(&mut self) {
        let mut sleep = pin!(tokio::time::sleep(self.until_timeout(clock::now())));
        poll_fn(|cx| {
            let daemon = &mut *self.daemon;
            let mut ready = false;
            if self.in_flight.is_some()
                && let Poll::Ready(done) = daemon.disk.poll_done(cx)
            {
                self.done = Some(done);
                ready = true;
            }
            if !self.stopping {
                if self.batch.has_room() {
                    ready |= daemon.dhcp.poll_ready(cx).is_ready();
                    ready |= daemon.peers.poll_ready(cx).is_ready();
                    ready |= daemon
                        .pinger
                        .as_ref()
                        .is_some_and(|pinger| pinger.poll_ready(cx).is_ready());
                    ready |= daemon.admin.poll_ready(cx).is_ready();
                    ready |= daemon.omapi.poll_ready(cx).is_ready();
                    ready |= daemon.ddns.poll_ready(cx).is_ready();
                    ready |= sleep.as_mut().poll(cx).is_ready();
                }
                let told = self.terminate.poll_recv(cx).is_ready()
                    || self.interrupt.poll_recv(cx).is_ready();
                self.stopping = told;
                ready |= told;
            }
            if ready || (self.stopping && self.in_flight.is_none()) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    fn until_timeout(&self, now: Now) -> Duration {
        let server = self.daemon.server.poll_timeout().map(|(at, _)| at);
        let next = server.into_iter().chain(self.linger).min();
        next.map_or(TICK, |at| at.since(now.mono).min(TICK))
    }

    /// Takes what has come in and gives away what is ready. Never waits.
    fn turn(&mut self) -> Result<(), DiskFailed> {
        if let Some(done) = self.done.take() {
            self.written(done)?;
        }
        let now = clock::now();
        if !self.stopping && self.batch.has_room() {
            self.timers(now);
            self.receive(now);
            self.names(now);
            self.answer(now);
            self.operate(now);
            self.leave(now);
        }
        if self.in_flight.is_none() {
            self.dispatch(now);
        }
        self.daemon.log.flush();
        Ok(())
    }

    fn timers(&mut self, now: Now) {
        if self
            .daemon
            .server
            .poll_timeout()
            .is_some_and(|(at, _)| at <= now.mono)
        {
            self.daemon.server.handle_timeout(now);
            self.drain();
        }
        let due = now.mono >= self.next_rewrite || self.grown > MAX_GROWN;
        if due && self.rewriting.is_none() {
            self.next_rewrite = now.mono + REWRITE;
            self.grown = 0;
            self.rewriting = Some(Rewriting::new(&self.daemon.server, now));
        }
        if now.mono >= self.next_look {
            self.next_look = now.mono + LOOK;
            self.daemon.log.look_for_syslog();
        }
        self.daemon.omapi.tend(now.mono, self.daemon.log);
    }

    fn receive(&mut self, now: Now) {
        let Daemon {
            server,
            log,
            dhcp,
            peers,
            pinger,
            text,
            ..
        } = &mut *self.daemon;
        let mut rewriting = self.rewriting.as_mut().map(|rewriting| &mut rewriting.text);
        let batch = &mut self.batch;
        let mut drain = |server: &mut Server| {
            while let Some(output) = server.poll_output() {
                batch.push(output, text, rewriting.as_deref_mut());
            }
        };
        peers.inputs(|input| {
            match input {
                PeerInput::Accepted(conn, from) => server.handle_peer_accepted(conn, from, now),
                PeerInput::Dialed(id, conn) => server.handle_peer_dialed(id, conn, now),
                PeerInput::DialFailed(id, refused) => server.handle_dial_failed(id, refused, now),
                PeerInput::Bytes(conn, bytes) => server.handle_peer_bytes(conn, bytes, now),
                PeerInput::Disconnected(conn) => server.handle_peer_disconnected(conn, now),
            }
            drain(server);
        });
        while let Some(address) = pinger.as_ref().and_then(Pinger::receive) {
            server.handle_probe_reply(address, now);
            drain(server);
        }
        let received = dhcp.receive(|packet, ingress| {
            server.handle_packet(packet, &ingress, now);
            drain(server);
        });
        if let Err(error) = received {
            log.error(format_args!("receive_packet failed: {error}"));
        }
    }

    fn drain(&mut self) {
        let Daemon { server, text, .. } = &mut *self.daemon;
        let mut rewriting = self.rewriting.as_mut().map(|rewriting| &mut rewriting.text);
        while let Some(output) = server.poll_output() {
            self.batch.push(output, text, rewriting.as_deref_mut());
        }
    }

    fn names(&mut self, now: Now) {
        for (id, answer) in self.daemon.ddns.take() {
            self.daemon.server.handle_dns_answer(id, &answer, now);
            self.drain();
        }
    }

    fn answer(&mut self, now: Now) {
        for Asked { request, answer } in self.daemon.admin.take() {
            let text = obey(&mut self.daemon.server, request, now);
            self.drain();
            self.batch.answer(answer, text);
        }
    }

    /// Does what clients of OMAPI ask for.
    fn operate(&mut self, now: Now) {
        let Daemon {
            server,
            omapi,
            text,
            ..
        } = &mut *self.daemon;
        let mut rewriting = self.rewriting.as_mut().map(|rewriting| &mut rewriting.text);
        let (batch, leaving) = (&mut self.batch, &mut self.leaving);
        omapi.requests(|connection, session| {
            let mut answer = Vec::new();
            let mut objects = Operated {
                server,
                leaving,
                now,
            };
            session.handle(&mut objects, &mut answer)?;
            while let Some(output) = server.poll_output() {
                batch.push(output, text, rewriting.as_deref_mut());
            }
            batch.operated(connection, answer); // said when it is on disk
            Ok(())
        });
    }

    /// Stops, if an operator has ordered it and partners have had their time.
    fn leave(&mut self, now: Now) {
        let server = &mut self.daemon.server;
        if self
            .leaving
            .is_some_and(|leaving| leaving.is_over(server, now))
        {
            self.daemon.log.info("Shutting down, as ordered.");
            server.end_shutdown(now);
            self.drain();
            self.stopping = true;
        }
    }

    /// The disk is done with a job: it gets the next one, and then what waited for this one is said.
    fn written(&mut self, done: Done) -> Result<(), DiskFailed> {
        done.result?;
        match done.rewritten {
            Some(Ok(())) => {
                if let Some(rewriting) = self.rewriting.take() {
                    self.daemon.log.info(format_args!(
                        "Wrote {} leases to leases file.",
                        rewriting.leases
                    ));
                    self.daemon.text = rewriting.text;
                    self.batch.records = std::mem::take(&mut self.batch.rewritten);
                }
            }
            Some(Err(error)) => {
                self.daemon.log.error(format_args!(
                    "can't rewrite the lease database, going on with the old: {error}"
                ));
                self.rewriting = None;
                self.batch.rewritten.clear();
            }
            None => {}
        }
        let held = self.in_flight.take().unwrap_or_default();
        let mut spare = done.records;
        if self.batch.records.is_empty() {
            self.batch.records = spare;
        } else if self.batch.urgent {
            self.submit(&mut spare);
        }
        self.perform(held);
        Ok(())
    }

    /// Nothing is with the disk: gives it the batch, or performs it if there is nothing to write.
    fn dispatch(&mut self, now: Now) {
        let rewriting = self.rewriting.is_some() && !self.stopping;
        if rewriting || (!self.batch.records.is_empty() && !self.may_linger(now)) {
            self.submit(&mut Vec::new());
        } else if self.batch.records.is_empty() && !self.batch.held.is_empty() {
            let held = self.batch.take_held();
            self.perform(held);
        }
    }

    /// Whether the batch's records can stay where they are for now.
    fn may_linger(&mut self, now: Now) -> bool {
        let until = *self.linger.get_or_insert(now.mono + LINGER);
        !self.batch.urgent && !self.stopping && self.batch.has_room() && now.mono < until
    }

    /// Hands the batch to the disk; the next one gathers in `spare`.
    fn submit(&mut self, spare: &mut Vec<u8>) {
        let server = &self.daemon.server;
        let stored = &mut self.batch.rewritten;
        let rewrite = self
            .rewriting
            .as_mut()
            .and_then(|rewriting| rewriting.step(server, stored));
        let records = std::mem::replace(&mut self.batch.records, std::mem::take(spare));
        self.grown += records.len() as u64;
        self.in_flight = Some(self.batch.take_held());
        self.linger = None;
        self.daemon.disk.submit(Job { records, rewrite });
    }

    fn perform(&mut self, mut held: Vec<Held>) {
        let Daemon {
            server,
            log,
            dhcp,
            peers,
            pinger,
            omapi,
            ddns,
            programs,
            ..
        } = &mut *self.daemon;
        programs.report(log);
        let mut spent = |buffer| server.recycle(buffer);
        for act in held.drain(..) {
            match act {
                Held::Output(Output::Reply { to, packet }) => dhcp.reply(&to, packet, &mut spent),
                Held::Output(Output::PeerBytes(conn, bytes)) => peers.send(conn, &bytes),
                Held::Output(Output::PeerClose(conn)) => peers.close(conn),
                Held::Output(Output::Dial(id)) => peers.dial(id),
                Held::Output(Output::Execute { program, arguments }) => {
                    programs.start(program, arguments, log);
                }
                Held::Output(Output::Dns(update)) => ddns.send(update, log),
                Held::Output(Output::Event(event)) => {
                    log.write(event.level().into(), format_args!("{event}"))
                }
                Held::Output(Output::Probe(address)) => {
                    if let Some(Err(error)) = pinger.as_ref().map(|pinger| pinger.probe(address)) {
                        log.error(format_args!("icmp_echorequest {address}: {error}"));
                    }
                }
                Held::Output(Output::Store(_)) => unreachable!("a batch puts records into words"),
                Held::Answer(answer, text) => _ = answer.send(text), // an asker that has gone needs none
                Held::Operated(connection, answer) => omapi.answer(connection, &answer),
            }
        }
        // First the partner, then the client, as dhcpd does: a server that is killed in between leaves no client with an
        // ACK that the partner will never hear of.
        peers.flush();
        dhcp.flush(&mut spent);
        omapi.flush();
        if dhcp.dropped > 0 {
            let dropped = std::mem::take(&mut dhcp.dropped);
            log.error(format_args!(
                "send_packet: {dropped} replies dropped: no buffer space"
            ));
        }
        for (to, error) in dhcp.failures.drain(..) {
            log.error(format_args!("send_packet to {to}: {error}"));
        }
        if self.batch.held.capacity() < held.capacity() && self.batch.held.is_empty() {
            self.batch.held = held;
        }
    }
}
