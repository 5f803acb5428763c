//! Expressions (dhcp-eval(5)) as they were read: what is computed anew for each client.
//!
//! Each kind of value has a type of its own, so that what was accepted can't go wrong by type, but for variables and
//! functions: what those hold shows when they are asked. Any expression may come to nothing (*null*): an option that
//! the client didn't send, a variable that isn't set.

use std::sync::Arc;

use super::{OptionId, Pattern};

/// An expression of any type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// Bytes.
    Data(Data),
    /// A number.
    Number(Number),
    /// True or false.
    Boolean(Boolean),
    /// The value of a variable, of whatever type it is.
    Variable(Arc<str>),
    /// What a function returns.
    Call(Call),
}

/// `NAME(ARGUMENT, …)`: a call of a function that `define` made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The function's name.
    pub name: Arc<str>,
    /// Its arguments, in order.
    pub arguments: Vec<Expr>,
}

/// An expression whose value is bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// A string, or octets in hexadecimal.
    Constant(Vec<u8>),
    /// `substring (DATA, OFFSET, LENGTH)`
    Substring {
        /// What it is a part of.
        of: Box<Self>,
        /// Bytes to leave out before it.
        offset: Box<Number>,
        /// Bytes to take, at most.
        length: Box<Number>,
    },
    /// `suffix (DATA, LENGTH)`
    Suffix {
        /// What it is the end of.
        of: Box<Self>,
        /// Bytes to take, at most.
        length: Box<Number>,
    },
    /// `lcase (DATA)`, for ASCII.
    Lowercase(Box<Self>),
    /// `ucase (DATA)`, for ASCII.
    Uppercase(Box<Self>),
    /// `concat (DATA, DATA, …)`; null if a part of it is.
    Concat(Vec<Self>),
    /// `option NAME`: what the client sent.
    Option(OptionId),
    /// `config-option NAME`: what is configured for the client so far.
    ConfigOption(OptionId),
    /// `hardware`: the hardware type in one byte, then the address.
    Hardware,
    /// `packet (OFFSET, LENGTH)`: bytes of the client's message.
    Packet {
        /// The first byte, from 0.
        offset: Box<Number>,
        /// Bytes to take, at most.
        length: Box<Number>,
    },
    /// `leased-address`
    LeasedAddress,
    /// `filename`: the field `file` of the client's message.
    Filename,
    /// `server-name`: the field `sname` of the client's message.
    ServerName,
    /// `host-decl-name`: the name of the host declaration whose fixed address the client gets.
    HostDeclName,
    /// `null`
    Null,
    /// `gethostname ()`: the name of this machine.
    HostName,
    /// `binary-to-ascii (BASE, WIDTH, SEPARATOR, DATA)`
    BinaryToAscii {
        /// The base to write numbers in.
        base: Box<Number>,
        /// Bits in each number: 8, 16 or 32.
        width: Box<Number>,
        /// What stands between two numbers.
        separator: Box<Self>,
        /// The numbers, most significant byte first.
        of: Box<Self>,
    },
    /// `reverse (WIDTH, DATA)`: the groups of `width` bytes from the last to the first.
    Reverse {
        /// Bytes in a group.
        width: Box<Number>,
        /// What is turned round.
        of: Box<Self>,
    },
    /// `encode-int (NUMBER, WIDTH)`
    EncodeInt {
        /// The number.
        of: Box<Number>,
        /// Bytes to write, most significant first: 1, 2 or 4.
        bytes: u8,
    },
    /// `pick-first-value (DATA, …)`, or `pick`: the first that isn't null.
    PickFirstValue(Vec<Self>),
    /// `v6relay (RELAY, DATA)`: in DHCPv4 there are no such relays, but relay 0 is the message itself.
    V6Relay {
        /// Which relay.
        relay: Box<Number>,
        /// What is asked of it.
        of: Box<Self>,
    },
    /// A variable that should hold bytes.
    Variable(Arc<str>),
    /// A function that should return bytes.
    Call(Call),
}

/// An expression whose value is a number: 64 bits, and what goes beyond is lost, as in ISC dhcpd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Number {
    /// A number as it stands.
    Constant(u64),
    /// `extract-int (DATA, WIDTH)`
    ExtractInt {
        /// Where it stands at the start, most significant byte first.
        of: Box<Data>,
        /// How many bytes: 1, 2 or 4.
        bytes: u8,
    },
    /// `lease-time`: seconds that the lease has left.
    LeaseTime,
    /// `client-state`, which only dhclient has.
    ClientState,
    /// Two numbers and an operator.
    Arithmetic {
        /// What to do.
        operator: Arithmetic,
        /// The first number.
        left: Box<Self>,
        /// The second one.
        right: Box<Self>,
    },
    /// A variable that should hold a number.
    Variable(Arc<str>),
    /// A function that should return a number.
    Call(Call),
}

/// An operator on numbers. (There is no `-`: ISC's lexer takes it for the start of a number.)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arithmetic {
    /// `+`
    Add,
    /// `*`
    Multiply,
    /// `/`; null if the divisor is 0.
    Divide,
    /// `%`; null if the divisor is 0.
    Remainder,
    /// `&`
    And,
    /// `|`
    Or,
    /// `^`
    Xor,
}

/// An expression that is true or false.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Boolean {
    /// `A = B`, `A != B`. Two nulls are equal, and nothing else is equal to null.
    Equal {
        /// Whether it is `!=`.
        negated: bool,
        /// The one side.
        left: Box<Expr>,
        /// The other side.
        right: Box<Expr>,
    },
    /// `A ~= B`, `A ~~ B`
    Matches {
        /// What is searched.
        subject: Box<Data>,
        /// What it is searched for.
        pattern: Box<Data>,
        /// Whether the case of letters doesn't matter (`~~`).
        any_case: bool,
        /// The pattern, compiled beforehand if it is a constant that is a regular expression.
        compiled: Option<Pattern>,
    },
    /// `A and B`. Null if one is, even if the other is false: `not` of that is null too.
    And(Box<Self>, Box<Self>),
    /// `A or B`
    Or(Box<Self>, Box<Self>),
    /// `not A`
    Not(Box<Self>),
    /// `exists NAME`: whether the client sent this option.
    Exists(OptionId),
    /// `known`: whether a host declaration matches the client.
    Known,
    /// `static`: whether the client gets a fixed address.
    Static,
    /// `defined (NAME)`: whether this variable is set.
    Defined(Arc<str>),
    /// A variable that should be true or false.
    Variable(Arc<str>),
    /// A function that should return true or false.
    Call(Call),
}

impl Data {
    /// The value, if it is the same for every client.
    #[must_use]
    pub fn constant(&self) -> Option<&[u8]> {
        match self {
            Self::Constant(bytes) => Some(bytes),
            _ => None,
        }
    }
}

impl Expr {
    /// The expression where bytes are wanted; the expression itself, if it is of another type.
    pub(super) fn into_data(self) -> Result<Data, Self> {
        match self {
            Self::Data(data) => Ok(data),
            Self::Variable(name) => Ok(Data::Variable(name)),
            Self::Call(call) => Ok(Data::Call(call)),
            other => Err(other),
        }
    }

    /// As [`into_data`](Self::into_data), where a number is wanted.
    pub(super) fn into_number(self) -> Result<Number, Self> {
        match self {
            Self::Number(number) => Ok(number),
            Self::Variable(name) => Ok(Number::Variable(name)),
            Self::Call(call) => Ok(Number::Call(call)),
            other => Err(other),
        }
    }

    /// As [`into_data`](Self::into_data), where true or false is wanted.
    pub(super) fn into_boolean(self) -> Result<Boolean, Self> {
        match self {
            Self::Boolean(boolean) => Ok(boolean),
            Self::Variable(name) => Ok(Boolean::Variable(name)),
            Self::Call(call) => Ok(Boolean::Call(call)),
            other => Err(other),
        }
    }
}
