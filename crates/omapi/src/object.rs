//! What clients may look at and change.

use crate::failover_state::{FailoverState, IGNORED};
use crate::key::full_algorithm;
use crate::values::{Value, Values, number};
use crate::{Keyring, ResultCode};

/// The state that the `control` object is set to in order to stop the server.
pub const SHUTDOWN: u32 = 2;

/// The server behind the session.
pub trait Objects {
    /// The relationship of this name, as an index.
    fn find_relationship(&self, name: &[u8]) -> Option<usize>;

    /// The relationship of this index, if there is one.
    fn failover_state(&self, relationship: usize) -> Option<FailoverState>;

    /// Puts a relationship into the state of this number.
    ///
    /// # Errors
    ///
    /// It is no state, or none to be set: [`ResultCode::INVALID_ARGUMENT`].
    fn set_local_state(&mut self, relationship: usize, state: u32) -> Result<(), ResultCode>;

    /// Stops the server, after telling its partners. Repeated, it has no further effect.
    fn shut_down(&mut self);

    /// Whether it is stopping.
    fn is_shutting_down(&self) -> bool;
}

/// An object, found.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Object {
    /// The one `control` object.
    Control,
    /// The `authenticator` of this index in the keyring.
    Authenticator(usize),
    /// The `failover-state` of this relationship.
    FailoverState(usize),
}

/// The types that can be looked up.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Type {
    Control,
    Authenticator,
    FailoverState,
}

/// Types that dhcpd has and this server doesn't show; answered as dhcpd answers for its inner types, below the line.
const UNSEARCHABLE: [&str; 20] = [
    "lease",
    "host",
    "group",
    "class",
    "subclass",
    "pool",
    "subnet",
    "shared-network",
    "interface",
    // Those that dhcpd says this of.
    "connection",
    "listener",
    "io",
    "generic",
    "protocol",
    "protocol-listener",
    "message",
    "waiter",
    "failover-link",
    "failover-listener",
    "datagram",
];

impl Type {
    /// The type of this name; `None` for a name that dhcpd doesn't know either.
    ///
    /// # Errors
    ///
    /// The objects of that type can't be looked up.
    pub(crate) fn find(name: &[u8]) -> Result<Option<Self>, Unsearchable> {
        Ok(Some(match name {
            b"control" => Self::Control,
            b"authenticator" => Self::Authenticator,
            b"failover-state" => Self::FailoverState,
            _ if UNSEARCHABLE.iter().any(|known| known.as_bytes() == name) => {
                return Err(Unsearchable);
            }
            _ => return Ok(None),
        }))
    }
}

/// A type whose objects can't be looked up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Unsearchable;

/// How looking an object up may end.
pub(crate) enum Found {
    /// It is there.
    Object(Object),
    /// Nothing says which; an attempt to make it is what follows, in dhcpd.
    Unnamed,
    /// There is none.
    Nothing,
}

impl Object {
    /// Names the object on the wire. Handles never change, and no connection makes new ones: there is nothing to use up.
    pub(crate) fn handle(self, keys: &Keyring) -> u32 {
        let number = match self {
            Self::Control => 1,
            Self::Authenticator(index) => 2 + index,
            Self::FailoverState(index) => 2 + keys.len() + index,
        };
        number as u32
    }

    /// The object of this handle.
    pub(crate) fn by_handle(handle: u32, keys: &Keyring, objects: &dyn Objects) -> Option<Self> {
        let index = (handle as usize).checked_sub(1)?;
        let Some(index) = index.checked_sub(1) else {
            return Some(Self::Control);
        };
        let Some(relationship) = index.checked_sub(keys.len()) else {
            return Some(Self::Authenticator(index));
        };
        objects
            .failover_state(relationship)
            .map(|_| Self::FailoverState(relationship))
    }

    /// The object of type `kind` that `values` describe.
    ///
    /// # Errors
    ///
    /// They contradict themselves, or can't be.
    pub(crate) fn look_up(
        kind: Type,
        values: Values<'_>,
        keys: &Keyring,
        objects: &dyn Objects,
    ) -> Result<Found, ResultCode> {
        if kind == Type::Authenticator {
            return Ok(authenticator(values, keys));
        }
        let by_handle = match values.get("handle") {
            None => None,
            Some(handle) => {
                let handle = number(handle).ok_or(ResultCode::INVALID_ARGUMENT)?;
                let Some(object) = Self::by_handle(handle, keys, objects) else {
                    return Ok(Found::Nothing);
                };
                if object.kind() != kind {
                    return Err(ResultCode::INVALID_ARGUMENT);
                }
                Some(object)
            }
        };
        if kind == Type::Control {
            return Ok(Found::Object(Self::Control));
        }
        let Some(name) = values.get("name") else {
            return Ok(by_handle.map_or(Found::Unnamed, Found::Object));
        };
        let by_name = objects.find_relationship(name).map(Self::FailoverState);
        if by_handle.is_some() && by_handle != by_name {
            return Err(ResultCode::KEY_CONFLICT);
        }
        Ok(by_name.map_or(Found::Nothing, Found::Object))
    }

    fn kind(self) -> Type {
        match self {
            Self::Control => Type::Control,
            Self::Authenticator(_) => Type::Authenticator,
            Self::FailoverState(_) => Type::FailoverState,
        }
    }

    /// Its attributes. Never a secret.
    pub(crate) fn attributes(
        self,
        keys: &Keyring,
        objects: &dyn Objects,
    ) -> Vec<(&'static str, Value)> {
        match self {
            // dhcpd shows 0 as long as it runs, although it means to show 1.
            Self::Control => {
                let state = if objects.is_shutting_down() {
                    SHUTDOWN
                } else {
                    0
                };
                vec![("state", state.into())]
            }
            Self::Authenticator(index) => keys.get(index).map_or_else(Vec::new, |key| {
                let algorithm = full_algorithm(key.algorithm());
                vec![
                    ("name", key.name().into()),
                    ("algorithm", algorithm.as_str().into()),
                ]
            }),
            Self::FailoverState(index) => objects
                .failover_state(index)
                .map_or_else(Vec::new, |state| state.attributes()),
        }
    }

    /// Sets attributes, one after the other up to the first that can't be set.
    ///
    /// # Errors
    ///
    /// An attribute that there isn't, a value that it can't have, or no attribute at all.
    pub(crate) fn update(
        self,
        values: Values<'_>,
        objects: &mut dyn Objects,
    ) -> Result<(), ResultCode> {
        if values.is_empty() {
            return Err(ResultCode::INVALID_ARGUMENT);
        }
        values
            .last_of_each()
            .try_for_each(|(name, value)| self.set(name, value, objects))
    }

    fn set(self, name: &[u8], value: &[u8], objects: &mut dyn Objects) -> Result<(), ResultCode> {
        let state = number(value).ok_or(ResultCode::INVALID_ARGUMENT);
        match (self, name) {
            (Self::Control, b"state") => {
                if state? != SHUTDOWN {
                    return Err(ResultCode::INVALID_ARGUMENT);
                }
                objects.shut_down();
                Ok(())
            }
            (Self::FailoverState(index), b"local-state") => objects.set_local_state(index, state?),
            (Self::FailoverState(_), _) if IGNORED.iter().any(|n| n.as_bytes() == name) => Ok(()),
            (Self::Authenticator(_), _) => Err(ResultCode::NO_PERMISSION),
            _ => Err(ResultCode::NOT_FOUND),
        }
    }
}

fn authenticator(values: Values<'_>, keys: &Keyring) -> Found {
    if keys.len() > 0 && values.is_empty() {
        return Found::Unnamed;
    }
    let named = values.get("name").zip(values.get("algorithm"));
    named
        .and_then(|(name, algorithm)| keys.find(name, algorithm))
        .map_or(Found::Nothing, |index| {
            Found::Object(Object::Authenticator(index))
        })
}
