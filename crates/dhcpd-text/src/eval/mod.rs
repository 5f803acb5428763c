//! Executes the statements of a configuration for one client.
//!
//! A [`Run`] goes over the statements of one scope after the other, outermost first, as ISC dhcpd does; the options and
//! parameters that they set, and what they want to be done, are asked of it afterwards. What is known of the client comes
//! through [`Client`]. Nothing else is looked at, and every bound holds whatever the statements and the client say:
//! [`MAX_STEPS`], [`MAX_DEPTH`], [`MAX_VALUE`]. What goes beyond comes to nothing (*null*).
//!
//! ```
//! use dhcpd_text::conf;
//! use dhcpd_text::eval::{Client, Run};
//!
//! struct Phone;
//! impl Client for Phone {
//!     fn option(&self, code: u8) -> Option<Vec<u8>> {
//!         (code == 60).then(|| b"PHONE-7".to_vec())
//!     }
//! }
//!
//! let text = r#"
//!   if substring (option vendor-class-identifier, 0, 5) = "PHONE" {
//!     option domain-name = concat ("p", suffix (option vendor-class-identifier, 1), ".voice.example");
//!     default-lease-time 7200;
//!   }
//! "#;
//! let config = conf::parse("dhcpd.conf", text, &mut |_| Ok("")).unwrap().config;
//! let mut run = Run::new(&config.spaces, &Phone);
//! run.execute(&config.scopes[0].statements);
//! assert_eq!(run.settings().default_lease_time, Some(7200));
//! assert_eq!(run.options().get(15), Some(&b"p7.voice.example"[..]));
//! ```

mod boolean;
mod data;
mod encapsulate;
mod number;
mod received;
mod statements;
mod table;
mod variables;

pub use received::fqdn_part;
pub use table::OptionList;
pub use variables::{Value, Variables};

use std::net::Ipv4Addr;
use std::sync::Arc;

use crate::conf::code::{OnStatement, Priority, Statement};
use crate::conf::expr::{Boolean, Data};
use crate::conf::{Location, OptionId, Settings, SpaceId, Spaces};
use table::Table;

/// Statements and operations in one run: a thousand times what configurations have.
pub const MAX_STEPS: u32 = 100_000;

/// How deep statements, expressions and calls may stand in each other, together: more than the parser lets pass without
/// calls, and little stack.
pub const MAX_DEPTH: u32 = 300;

/// Longest value, bytes: more than any reply can carry.
pub const MAX_VALUE: usize = 8192;

/// Log lines and programs of one run, each. More are left out: a client must not be able to fill a disk.
pub const MAX_EFFECTS: usize = 64;

/// What is known of the client and its lease. Whatever isn't known is null to expressions.
pub trait Client {
    /// What the client sent in an option of DHCP itself, all its parts together; for option 82 what its relay agent
    /// said.
    fn option(&self, code: u8) -> Option<Vec<u8>> {
        let _ = code;
        None
    }

    /// The client's whole message.
    fn message(&self) -> Option<&[u8]> {
        None
    }

    /// The client's hardware type and address.
    fn hardware(&self) -> Option<(u8, &[u8])> {
        None
    }

    /// Whether a host declaration matches the client.
    fn is_known(&self) -> Option<bool> {
        None
    }

    /// Whether the lease is the fixed address of a host declaration.
    fn is_static(&self) -> bool {
        false
    }

    /// The address of the lease.
    fn leased_address(&self) -> Option<Ipv4Addr> {
        None
    }

    /// Seconds that the lease has left.
    fn lease_time(&self) -> Option<u32> {
        None
    }

    /// The name of the host declaration that the lease is for.
    fn host_decl_name(&self) -> Option<&str> {
        None
    }

    /// The name of the machine that the server runs on.
    fn host_name(&self) -> Option<&[u8]> {
        None
    }
}

/// Nobody: what holds for every client.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nobody;

impl Client for Nobody {}

/// What statements want to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// A line for the log.
    Log {
        /// How grave it is.
        priority: Priority,
        /// What it says; any bytes.
        message: Vec<u8>,
    },
    /// A program to run, without a shell.
    Execute {
        /// A path, or a name to be looked for.
        program: Vec<u8>,
        /// Its arguments, in order; any bytes but zero.
        arguments: Vec<Vec<u8>>,
    },
}

/// What is to be done when something happens to the lease, as the statements have set it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Handlers {
    /// When it is granted or renewed.
    pub commit: Option<Arc<OnStatement>>,
    /// When its client gives it back.
    pub release: Option<Arc<OnStatement>>,
    /// When it runs out.
    pub expiry: Option<Arc<OnStatement>>,
}

/// The statements of a configuration being executed for one client.
pub struct Run<'a> {
    spaces: &'a Spaces,
    client: &'a dyn Client,
    table: Table,
    variables: Variables,
    handlers: Handlers,
    effects: Vec<Effect>,
    /// Classes that `add` has made the client a member of.
    added: Vec<usize>,
    /// By which space `parse-vendor-option` reads the client's option 43.
    vendor_space: Option<SpaceId>,
    steps: u32,
    depth: u32,
}

impl<'a> Run<'a> {
    /// Nothing is set yet.
    #[must_use]
    pub fn new(spaces: &'a Spaces, client: &'a dyn Client) -> Self {
        Self {
            spaces,
            client,
            table: Table::default(),
            variables: Variables::default(),
            handlers: Handlers::default(),
            effects: Vec::new(),
            added: Vec::new(),
            vendor_space: None,
            steps: 0,
            depth: 0,
        }
    }

    /// Starts with these variables.
    #[must_use]
    pub fn with_variables(mut self, variables: Variables) -> Self {
        self.variables = variables;
        self
    }

    /// Executes the statements of one scope. Scopes are to be executed from the outermost to the innermost.
    pub fn execute(&mut self, statements: &[Statement]) {
        self.run(statements, &mut None);
    }

    /// Whether a condition holds; null is no.
    pub fn holds(&mut self, condition: &Boolean) -> bool {
        self.boolean(condition) == Some(true)
    }

    /// The value of an expression.
    pub fn value(&mut self, expression: &Data) -> Option<Vec<u8>> {
        self.data(expression)
    }

    /// What the client sent in an option of any space.
    pub fn received(&mut self, option: OptionId) -> Option<Vec<u8>> {
        self.received_option(option)
    }

    /// The parameters as they are set now.
    pub fn settings(&mut self) -> Settings {
        let mut settings = Settings::default();
        for code in self.table.codes(SpaceId::SERVER) {
            let option = OptionId {
                space: SpaceId::SERVER,
                code,
            };
            let value = self.configured(option).unwrap_or_default();
            settings.set(code, &value);
        }
        settings
    }

    /// The options as they are set now, those in it that hold option spaces included.
    pub fn options(&mut self) -> OptionList {
        self.option_list()
    }

    /// Where each option and parameter that is set now was set last.
    pub fn origins(&self) -> impl Iterator<Item = (OptionId, Location)> {
        self.table.origins()
    }

    /// The classes that `add` has made the client a member of, in order.
    #[must_use]
    pub fn added(&self) -> &[usize] {
        &self.added
    }

    /// The variables as they are set now.
    #[must_use]
    pub fn variables(&self) -> &Variables {
        &self.variables
    }

    /// Puts other variables in the place of those that are set now, which it answers.
    pub fn replace_variables(&mut self, variables: Variables) -> Variables {
        core::mem::replace(&mut self.variables, variables)
    }

    /// What is to be done at events, as of what was executed so far.
    #[must_use]
    pub fn handlers(&self) -> &Handlers {
        &self.handlers
    }

    /// Takes what the statements wanted to be done, in order.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        core::mem::take(&mut self.effects)
    }

    /// Counts a step, and that it is one deeper; answers whether that is within bounds. If it is, [`leave`](Self::leave)
    /// follows.
    fn enter(&mut self) -> bool {
        let within = self.steps < MAX_STEPS && self.depth < MAX_DEPTH;
        if within {
            self.steps += 1;
            self.depth += 1;
        }
        within
    }

    fn leave(&mut self) {
        self.depth -= 1;
    }

    fn effect(&mut self, effect: Effect) {
        if self.effects.len() < MAX_EFFECTS {
            self.effects.push(effect);
        }
    }
}
