//! Who signs in, and whether the same one always comes out.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use crate::Fault;

/// So many different ones come, in turns.
const PEOPLE: usize = 1_000;

/// What each was called by the server.
#[derive(Default)]
pub(crate) struct People(Mutex<Known>);

#[derive(Default)]
struct Known {
    names: HashMap<usize, String>,
    owners: HashMap<String, usize>,
}

impl People {
    /// Who comes for a login.
    pub(crate) fn of(&self, number: usize) -> usize {
        number % PEOPLE
    }

    /// That a person is called as before, and nobody else so.
    pub(crate) fn check(&self, person: usize, name: &str) -> Result<(), Fault> {
        let name = name.trim().trim_matches('"');
        if name.is_empty() {
            return Err("the login is not ready, and should be".into());
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = known.names.get(&person) {
            return if before == name {
                Ok(())
            } else {
                Err("somebody else came out".into())
            };
        }
        if known.owners.insert(name.to_owned(), person).is_some() {
            return Err("two people are one".into());
        }
        known.names.insert(person, name.to_owned());
        Ok(())
    }
}
