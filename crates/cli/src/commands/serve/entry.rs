//! A table of the file with a name of its own, `[clients.mytool]`: its keys are read one by one, and errors say where.

use oarlock::config::{ConfigError, Document, nearest};
use toml::{Table, Value};

/// One table.
pub(super) struct Entry<'a> {
    document: &'a Document,
    place: String,
    pub(super) table: &'a Table,
}

impl<'a> Entry<'a> {
    /// All `[KEY.NAME]`, by name.
    ///
    /// # Errors
    /// Something there is no table.
    pub(super) fn all(
        document: Option<&'a Document>,
        key: &str,
    ) -> Result<Vec<(&'a str, Self)>, ConfigError> {
        let Some((document, value)) = document.and_then(|it| Some((it, it.value(key)?))) else {
            return Ok(Vec::new());
        };
        let advice = |place: &str| {
            let advice = format!("this is a table: write [{place}] on a line of its own");
            document.value_error(place, &advice)
        };
        let tables = value.as_table();
        let tables = tables.ok_or_else(|| advice(&format!("{key}.NAME")))?;
        let entry = |(name, value): (&'a String, &'a Value)| {
            let place = format!("{key}.{name}");
            let table = value.as_table().ok_or_else(|| advice(&place))?;
            let entry = Self {
                document,
                place,
                table,
            };
            Ok((name.as_str(), entry))
        };
        tables.iter().map(entry).collect()
    }

    /// The tables of `[[NAME.key]]` in this one.
    ///
    /// # Errors
    /// It is no list of tables.
    pub(super) fn list(&self, key: &str) -> Result<Vec<Self>, ConfigError> {
        let Some(value) = self.table.get(key) else {
            return Ok(Vec::new());
        };
        let advice = || {
            let advice = format!("write [[{}.{key}]] on a line of its own", self.place);
            self.error(key, &advice)
        };
        let entries = value.as_array().ok_or_else(advice)?;
        let entry = |(index, value): (usize, &'a Value)| {
            Ok(Self {
                document: self.document,
                place: format!("{}.{key}[{index}]", self.place),
                table: value.as_table().ok_or_else(advice)?,
            })
        };
        entries.iter().enumerate().map(entry).collect()
    }

    /// Checks that it has known keys alone.
    ///
    /// # Errors
    /// An unknown key, with the nearest known one.
    pub(super) fn check_keys<S: AsRef<str>>(&self, known: &[S]) -> Result<(), ConfigError> {
        let known = || known.iter().map(AsRef::as_ref);
        let unknown = |key: &&String| !known().any(|known| known == *key);
        match self.table.keys().find(unknown) {
            Some(key) => Err(ConfigError::UnknownKey {
                path: self.document.path().into(),
                key: format!("{}.{key}", self.place),
                suggestion: nearest(key, known()),
            }),
            None => Ok(()),
        }
    }

    /// The value of a key; `None` where it is not there.
    ///
    /// # Errors
    /// What would be right.
    pub(super) fn read<T>(
        &self,
        key: &str,
        read: impl Fn(&Value) -> Result<T, String>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.table.get(key) else {
            return Ok(None);
        };
        read(value)
            .map(Some)
            .map_err(|message| self.error(key, &message))
    }

    /// What is wrong with a key; with `""` of the whole.
    pub(super) fn error(&self, key: &str, message: &str) -> ConfigError {
        let place = match key {
            "" => self.place.clone(),
            key => format!("{}.{key}", self.place),
        };
        self.document.value_error(&place, message)
    }

    /// The file it is in.
    pub(super) fn document(&self) -> &'a Document {
        self.document
    }
}
