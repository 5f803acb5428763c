//! OMAPI as ISC dhcpd 4.4 speaks it: messages to and from bytes, and the server's side of a session.
//!
//! OMAPI is how an operator's program, usually `omshell`, looks into a running dhcpd and gives it orders, over TCP.
//! There is no standard of it; what is here is what omshell and dhcpd 4.4.3-P1 send each other.
//!
//! * [`decode`] and [`Outgoing`] are the messages: a header of six numbers, two lists of names and values, a signature.
//! * [`Session`] is the server's side of one connection: what [`Objects`] shows and does, behind the rules of the
//!   protocol. Answers are those of dhcpd, to the number and the word.
//! * [`Key`] is a shared secret. The algorithm is the caller's; there is no cryptography here.
//!
//! Pure: no sockets, no clock. Nothing a client sends can panic; a client makes us hold at most [`MAX_MESSAGE_LEN`]
//! bytes, and each message of its is answered by one of about a kilobyte at most.
//!
//! # What there is
//!
//! The `failover-state` objects, by name; the one `control` object; and `authenticator`. All other types that dhcpd has
//! (lease, host, group, class, subclass, pool and so on) are answered by dhcpd's words for a type without look-up: not
//! implemented, "unsearchable object type".
//!
//! # Where it is stricter than dhcpd
//!
//! * dhcpd takes a message that names an open authenticator for signed even if it has no signature, and an authenticator
//!   is opened without the secret: anybody who knows the key's name passes. Here the signature has to be there.
//! * dhcpd enters whatever number it is given as `local-state`, and dies of some. Here it has to be a state.
//! * An order to change an authenticator is refused as not permitted. dhcpd refuses it too, but calls that a success.
//! * Sizes are bounded.
//!
//! Signatures protect against neither replay nor eavesdropping, here as there.
//!
//! # Example
//!
//! ```
//! use std::rc::Rc;
//! use omapi::{FailoverState, Keyring, Objects, Operation, Outgoing, ResultCode, Session, Startup, decode};
//!
//! struct Server(FailoverState);
//!
//! impl Objects for Server {
//!     fn find_relationship(&self, name: &[u8]) -> Option<usize> {
//!         (name == self.0.name.as_bytes()).then_some(0)
//!     }
//!     fn failover_state(&self, relationship: usize) -> Option<FailoverState> {
//!         (relationship == 0).then(|| self.0.clone())
//!     }
//!     fn set_local_state(&mut self, _: usize, state: u32) -> Result<(), ResultCode> {
//!         self.0.local_state = state;
//!         Ok(())
//!     }
//!     fn shut_down(&mut self) {}
//!     fn is_shutting_down(&self) -> bool {
//!         false
//!     }
//! }
//!
//! # let state = FailoverState {
//! #     name: "lab".into(), partner_address: [10, 0, 0, 2].into(), partner_port: 647, local_address: [10, 0, 0, 1].into(),
//! #     local_port: 647, max_outstanding_updates: 10, mclt: 60, load_balance_max_secs: 3, load_balance_hba: None,
//! #     partner_state: 2, local_state: 2, partner_stos: 0, local_stos: 0, is_secondary: false, max_response_delay: 10,
//! #     cur_unacked_updates: 0,
//! # };
//! let mut server = Server(state);
//! let mut sent = Vec::new();
//! let mut session = Session::new(Rc::new(Keyring::open()), &mut sent);
//! sent.clear(); // our startup message
//!
//! // What omshell sends: its startup message, then `open` of the relationship "lab".
//! let mut request = Vec::new();
//! Startup::OURS.encode(&mut request);
//! let open = Outgoing {
//!     operation: Operation::Open,
//!     handle: 0,
//!     id: 7,
//!     response_to: 0,
//!     values: &[("type", "failover-state".into())],
//!     object: &[("name", "lab".into())],
//! };
//! open.encode(None, &mut request);
//! session.receive(&request);
//! session.handle(&mut server, &mut sent)?;
//!
//! let (answer, _) = decode(&sent, Startup::OURS.header_len)?.expect("it is whole");
//! assert_eq!(answer.response_to, 7);
//! assert_eq!(answer.object.get("local-state"), Some(&[0, 0, 0, 2][..]));
//! # Ok::<(), omapi::SessionError>(())
//! ```
#![forbid(unsafe_code)]

#[cfg(any(test, fuzzing))]
pub mod checks;

mod error;
mod failover_state;
mod key;
mod message;
mod object;
mod result;
mod session;
mod startup;
mod values;

pub use error::SessionError;
pub use failover_state::FailoverState;
pub use key::{Key, Keyring};
pub use message::{
    MAX_MESSAGE_LEN, MAX_SIGNATURE_LEN, MAX_VALUES, Message, Operation, Outgoing, decode,
};
pub use object::{Objects, SHUTDOWN};
pub use result::ResultCode;
pub use session::Session;
pub use startup::{HEADER_LEN, MAX_HEADER_LEN, Startup, VERSION};
pub use values::{Value, Values};
