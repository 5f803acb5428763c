//! Statements that are executed for each client ("executable statements" in ISC's sources).

use std::sync::Arc;

use super::expr::{Boolean, Data, Expr};
use super::{Location, OptionId};

/// A statement, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Where it stands.
    pub at: Location,
    /// What it does.
    pub action: Action,
}

/// What a statement does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Sets an option, or a parameter: parameters are the options of the space `server`.
    Option(OptionAction),
    /// `if … elsif … else …`
    If {
        /// Conditions in the order in which they are tried; null counts as false.
        branches: Vec<(Boolean, Vec<Statement>)>,
        /// What is done if none is true.
        otherwise: Vec<Statement>,
    },
    /// `switch (VALUE) { … }`: goes on behind the first `case` of that value, or else behind `default`.
    Switch {
        /// Bytes or a number.
        value: Expr,
        /// Statements, [`Case`](Self::Case) and [`Default`](Self::Default) among them.
        body: Vec<Statement>,
    },
    /// `case VALUE:`
    Case(Expr),
    /// `default:`
    Default,
    /// `break;`: leaves the statements that it stands among.
    Break,
    /// `set NAME = VALUE;`
    Set {
        /// The variable.
        name: Arc<str>,
        /// Its value; a null unsets it.
        value: Expr,
    },
    /// `define NAME (ARGUMENT, …) { … }`
    Define {
        /// The function's name.
        name: Arc<str>,
        /// What it does.
        function: Arc<Function>,
    },
    /// `unset NAME;`
    Unset(Arc<str>),
    /// `eval VALUE;`, or just a function's name and its arguments.
    Eval(Expr),
    /// `return VALUE;`
    Return(Expr),
    /// `log (PRIORITY, MESSAGE);`
    Log {
        /// How grave it is.
        priority: Priority,
        /// What it says.
        message: Data,
    },
    /// `execute (PROGRAM, ARGUMENT, …);`
    Execute {
        /// The program: a path, or a name to be looked for.
        program: Vec<u8>,
        /// Its arguments.
        arguments: Vec<Data>,
    },
    /// `add CLASS;`: makes the client a member of a class, an index into the configuration's.
    Add(usize),
    /// `on EVENT { … }`: what is done when something happens to the lease.
    On(Arc<OnStatement>),
    /// `parse-vendor-option;`: reads the client's option 43 by the vendor option space that is configured.
    ParseVendorOption,
}

/// Sets one option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionAction {
    /// Which.
    pub option: OptionId,
    /// How.
    pub operation: Operation,
    /// To what.
    pub value: OptionValue,
}

/// How an option is set that may be set already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `option`, `supersede`, `send`: it replaces what was set.
    Supersede,
    /// `default`: only if it isn't set yet.
    Default,
    /// `append`: behind what is set.
    Append,
    /// `prepend`: before what is set.
    Prepend,
}

/// The value of an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OptionValue {
    /// Bytes as they go on the wire, which may be more than 255.
    Bytes(Arc<[u8]>),
    /// What this comes to for the client.
    Expr(Arc<Data>),
}

/// A function that `define` made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// The names that its arguments have within.
    pub parameters: Vec<Arc<str>>,
    /// What it does; its value is that of the first `return`.
    pub body: Vec<Statement>,
}

/// How grave a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// `fatal`, at which ISC dhcpd ends.
    Fatal,
    /// `error`
    Error,
    /// `debug`, also if nothing is said.
    Debug,
    /// `info`
    Info,
}

/// `on EVENT or EVENT… { … }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnStatement {
    /// At which events.
    pub events: Events,
    /// What is done.
    pub body: Vec<Statement>,
    /// The body as text, from its `{` to its `}`, without comments: what a lease file keeps.
    pub text: String,
}

/// What may happen to a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Events {
    /// It is granted or renewed.
    pub commit: bool,
    /// Its client gives it back.
    pub release: bool,
    /// It runs out.
    pub expiry: bool,
}

impl Action {
    /// Whether it does the same for every client, and nothing but setting options.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        matches!(
            self,
            Self::Option(OptionAction {
                value: OptionValue::Bytes(_),
                ..
            })
        )
    }
}
