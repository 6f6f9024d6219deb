//! A configuration file that is not `config.toml`: the same syntax, the same errors, other keys.

use std::path::{Path, PathBuf};

use oarlock_io::private;
use toml::{Table, Value};

use super::{
    ConfigError, file,
    keys::{check_keys, value_error},
};

/// A TOML file that was read whole. `Debug` shows its path alone.
#[derive(Clone)]
pub struct Document {
    path: PathBuf,
    table: Table,
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Document").field(&self.path).finish()
    }
}

impl Document {
    /// Reads a file that only we or root can have written ([`private::read_trusted`]); `None` where there is none.
    ///
    /// # Errors
    /// It is refused, or is not TOML.
    pub fn read_trusted(path: &Path) -> Result<Option<Self>, ConfigError> {
        let Some(bytes) = private::read_trusted(path, file::LARGEST)? else {
            return Ok(None);
        };
        Self::parse(path, &file::utf8(path, bytes)?).map(Some)
    }

    /// The same of a text that is taken for the file's.
    ///
    /// # Errors
    /// It is not TOML.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        Ok(Self {
            path: path.into(),
            table: file::parse(path, text)?,
        })
    }

    /// Where it was.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Checks that a table (`""`: the whole) has known keys alone.
    ///
    /// # Errors
    /// An unknown key, with the nearest known one; no table.
    pub fn check_keys(&self, table: &str, known: &[&str]) -> Result<(), ConfigError> {
        if table.is_empty() {
            return check_keys(&self.path, "", self.table.keys(), known);
        }
        match self.value(table) {
            None => Ok(()),
            Some(Value::Table(inner)) => {
                check_keys(&self.path, &format!("{table}."), inner.keys(), known)
            }
            Some(_) => {
                let message = format!("this is a table: write [{table}] on a line of its own");
                Err(value_error(&self.path, table, &message))
            }
        }
    }

    /// The value of a key, with its tables: `relay.grace`.
    pub fn value(&self, key: &str) -> Option<&Value> {
        let mut names = key.split('.');
        let first = self.table.get(names.next()?)?;
        names.try_fold(first, |value, name| value.as_table()?.get(name))
    }

    /// The tables of `[[key]]`, with known keys alone; each with its place for errors.
    ///
    /// # Errors
    /// No such tables, an unknown key.
    pub fn tables(&self, key: &str, known: &[&str]) -> Result<Vec<(String, &Table)>, ConfigError> {
        let Some(value) = self.value(key) else {
            return Ok(Vec::new());
        };
        let advice = format!("write [[{key}]] on a line of its own");
        let entries = value.as_array();
        let entries = entries.ok_or_else(|| self.value_error(key, &advice))?;
        let mut found = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            let place = format!("{key}[{index}]");
            let table = entry.as_table();
            let table = table.ok_or_else(|| self.value_error(&place, &advice))?;
            check_keys(&self.path, &format!("{place}."), table.keys(), known)?;
            found.push((place, table));
        }
        Ok(found)
    }

    /// Why the value of a key does not serve, and what would be right.
    pub fn value_error(&self, key: &str, message: &str) -> ConfigError {
        value_error(&self.path, key, message)
    }
}
