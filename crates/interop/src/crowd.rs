//! A crowd of clients that live on: each gets a lease, renews it again and again, and starts over when it has to.
//!
//! Unlike [`relay`](crate::relay), which runs a list of exchanges to their ends, a crowd runs beside the test, on a thread
//! of its own, until it is dropped. Its clients behave as RFC 2131 §4.4 has it: a renewal goes to the server that gave
//! the lease (RENEWING), and if that one says nothing, to all (REBINDING); a client whose lease is refused or has run
//! out starts over (INIT). They renew more often than real clients do, at a bounded rate.

mod client;
mod members;
mod tally;

use std::net::Ipv4Addr;
use std::sync::mpsc::{Sender, TryRecvError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::netns::Namespace;
use crate::relay::Lease;
use crate::wait::until;

use members::Members;
pub use tally::{Tally, Wait};

/// How clients behave.
#[derive(Clone, Copy, Debug)]
pub struct Habits {
    /// How often a client renews; before half of its lease is over in any case.
    pub interval: Duration,
    /// Renewals begun per second at most, all clients together. New clients come on top of that.
    pub rate: f64,
    /// How long a client waits for an answer before it repeats itself.
    pub timeout: Duration,
    /// How often it asks the server that gave its lease before it asks any; all in any case when 7/8 of it are over.
    pub alone: u32,
}

/// What the thread is asked to do with the clients.
type Order = Box<dyn FnOnce(&mut Members) + Send>;

/// Clients at work. They stop, without giving their leases back, when this is dropped.
#[derive(Debug)]
pub struct Crowd {
    /// Closed to end the thread.
    orders: Option<Sender<Order>>,
    thread: Option<JoinHandle<()>>,
}

impl Crowd {
    /// A crowd behind a relay agent at `giaddr` in `namespace`, which reaches `servers`; nobody yet.
    ///
    /// # Panics
    ///
    /// There is no such address, or another relay agent uses it.
    pub fn new(
        namespace: &Namespace,
        giaddr: Ipv4Addr,
        servers: &[Ipv4Addr],
        habits: Habits,
    ) -> Self {
        let mut members = Members::new(namespace, giaddr, servers, habits);
        let (orders, taken) = channel::<Order>();
        let thread = std::thread::spawn(move || {
            loop {
                match taken.try_recv() {
                    Ok(order) => order(&mut members),
                    Err(TryRecvError::Empty) => members.turn(),
                    Err(TryRecvError::Disconnected) => break,
                }
            }
        });
        Self {
            orders: Some(orders),
            thread: Some(thread),
        }
    }

    /// Clients that have leases already come, to renew them.
    pub fn take_over(&self, leases: &[Lease]) {
        let leases = leases.to_vec();
        self.order(move |members| members.take_over(&leases));
    }

    /// Clients without a lease come, and ask for one at once.
    pub fn arrive(&self, clients: impl IntoIterator<Item = [u8; 6]>) {
        let clients: Vec<_> = clients.into_iter().collect();
        self.order(move |members| {
            clients
                .into_iter()
                .for_each(|client| members.arrive(client))
        });
    }

    /// Up to `count` clients give their leases back and go; answers who.
    pub fn release(&self, count: usize) -> Vec<[u8; 6]> {
        self.order(move |members| members.go(count, true))
    }

    /// Up to `count` clients go without a word; answers who.
    pub fn leave(&self, count: usize) -> Vec<[u8; 6]> {
        self.order(move |members| members.go(count, false))
    }

    /// This client goes without a word.
    pub fn vanish(&self, client: [u8; 6]) {
        self.order(move |members| members.vanish(client));
    }

    /// No renewal is begun any more; waits for the exchanges under way to end. True if all did.
    pub fn pause(&self, patience: Duration) -> bool {
        self.order(|members| members.pause(true));
        until(patience, || {
            self.order(|members| members.at_rest()).then_some(())
        })
        .is_some()
    }

    /// Undoes [`pause`](Self::pause).
    pub fn resume(&self) {
        self.order(|members| members.pause(false));
    }

    /// The leases that clients have at the moment.
    pub fn leases(&self) -> Vec<Lease> {
        self.order(|members| members.leases())
    }

    /// What happened since this was last asked. An exchange that is still under way counts with the time that it has
    /// taken so far.
    pub fn tally(&self) -> Tally {
        self.order(|members| members.take_tally(Instant::now()))
    }

    /// Lets the thread do `work`, and waits for what it answers.
    fn order<T: Send + 'static>(&self, work: impl FnOnce(&mut Members) -> T + Send + 'static) -> T {
        let (answer, answered) = channel();
        let order: Order = Box::new(move |members| _ = answer.send(work(members)));
        let orders = self.orders.as_ref().expect("it is closed only by drop");
        orders
            .send(order)
            .ok()
            .and_then(|()| answered.recv().ok())
            .expect("the crowd's thread lives: it has said why not")
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            _ = thread.join();
        }
    }
}
