//! Which DHCPv4 failover server serves which client, and who owns which free address.
//!
//! Two independent questions, answered by pure arithmetic and exactly as ISC dhcpd answers them:
//!
//! * **Load balancing** (RFC 3074): both servers hash a client to one of 256 [buckets](bucket); the primary's [`Hba`]
//!   says which server serves the bucket. [`LoadBalance::decide`] is the server's decision, [`explain`]
//!   the same for people.
//! * **Pool balance**: both servers want about half of a pool's free addresses. [`Balance`] says how many to hand
//!   over and whether to ask for some; [`rebalance_delay`] says when to look again.
//!
//! # Example
//!
//! ```
//! use dhcp_split::{Balance, BalanceParams, Decision, Hba, LoadBalance, Request, Role, bucket};
//!
//! // `split 128; load balance max seconds 3;`
//! let balance = LoadBalance {
//!     hba: Some(Hba::from_split(128)),
//!     max_seconds: 3,
//!     check_secs_byte_order: false,
//! };
//! let client = [0x02, 0, 0, 0, 0, 0x01];
//! let request = Request { key: &client, secs: 0, peer_has_leases: true };
//! assert_eq!(bucket(&client).0, 133);
//! assert_eq!(balance.decide(Role::Primary, &request), Decision::Peers(bucket(&client)));
//! assert_eq!(balance.decide(Role::Secondary, &request), Decision::Ours(bucket(&client)));
//!
//! // The primary holds all 20 addresses of a new pool: it hands over ten.
//! let mut pool = Balance::new(Role::Primary, 20, 0, &BalanceParams::default());
//! let mut handed_over = 0;
//! while pool.gives(false) {
//!     pool.gave();
//!     handed_over += 1;
//! }
//! assert_eq!(handed_over, 10);
//! ```
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

mod balance;
mod explain;
mod hash;
mod hba;
mod load_balance;
mod role;

pub use balance::{Balance, BalanceParams, BalanceTimes, rebalance_delay};
pub use explain::{Explanation, Verdict, explain};
pub use hash::{Bucket, bucket, client_key};
pub use hba::{Hba, WrongHbaLength};
pub use load_balance::{Decision, LoadBalance, Request};
pub use role::Role;
