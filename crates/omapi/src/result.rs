//! Results as numbers, those of ISC's library.

use core::fmt;

/// How a request ended, as a STATUS message says it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ResultCode(pub u32);

impl ResultCode {
    /// Done.
    pub const SUCCESS: Self = Self(0);
    /// Not allowed.
    pub const NO_PERMISSION: Self = Self(6);
    /// There is such an object already.
    pub const EXISTS: Self = Self(18);
    /// No such object, or no such attribute.
    pub const NOT_FOUND: Self = Self(23);
    /// Not for this type of object, or not at all.
    pub const NOT_IMPLEMENTED: Self = Self(27);
    /// A value that it can't be.
    pub const INVALID_ARGUMENT: Self = Self(0x6_0003);
    /// What identifies the object contradicts itself.
    pub const KEY_CONFLICT: Self = Self(0x6_0007);
    /// The message isn't signed and has to be, or nothing identifies the object.
    pub const NO_KEYS: Self = Self(0x6_0009);
    /// The wrong key, or a wrong signature.
    pub const INVALID_KEY: Self = Self(0x6_000b);
}

impl fmt::Display for ResultCode {
    /// As omshell puts it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match *self {
            Self::SUCCESS => "success",
            Self::NO_PERMISSION => "permission denied",
            Self::EXISTS => "already exists",
            Self::NOT_FOUND => "not found",
            Self::NOT_IMPLEMENTED => "not implemented",
            Self::INVALID_ARGUMENT => "invalid argument",
            Self::KEY_CONFLICT => "key conflict",
            Self::NO_KEYS => "no key specified",
            Self::INVALID_KEY => "invalid TSIG key",
            Self(number) => return write!(f, "result {number:#x}"),
        })
    }
}
