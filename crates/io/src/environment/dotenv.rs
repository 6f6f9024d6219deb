//! A `.env` file beside the program, which stands in for variables that are not set.
//!
//! Whoever writes the file says where codes are waited for, so it must be the user's own or root's, and only the names
//! of relay and server are taken from it.

use std::path::{Path, PathBuf};

use super::{Environment, canonical};
use crate::private::{self, PrivateError};

/// Name of the file.
const FILE: &str = ".env";
/// Its largest size in bytes.
const LIMIT: u64 = 64 * 1024;
/// What is taken from it: the relay's names, …
const PREFIXES: [&str; 2] = ["OARLOCK_RELAY_", "OAUTH_"];
/// … and the server's, with where a program finds the relay.
const NAMES: [&str; 6] = [
    "OARLOCK_RELAY",
    "OARLOCK_LISTEN",
    "OARLOCK_PUBLIC_URL",
    "OARLOCK_TRUSTED_PROXIES",
    "OARLOCK_METRICS_LISTEN",
    "OARLOCK_LOG_FORMAT",
];
/// What is not: the file would have any other file of the user sent away.
const NEVER: &str = "_FILE";

/// Why a `.env` file is refused; no value is quoted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DotenvError {
    /// Somebody else could say with it where codes go, or it cannot be read.
    #[error(transparent)]
    File(#[from] PrivateError),
    /// It cannot be read as settings.
    #[error("{path}, line {line}: {problem}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where, counted from 1.
        line: usize,
        /// What is wrong.
        problem: &'static str,
    },
}

impl Environment {
    /// Adds what the file `.env` of a directory says of relay and server, where neither the variable itself nor the
    /// one of the same meaning (`OARLOCK_RELAY_X`, `OAUTH_X`) is set. No file: nothing is added.
    ///
    /// `NAME=value`, `export NAME=value`, `# comment`; single quotes keep everything, double quotes know `\n`, `\r`, `\t`,
    /// `\"`, `\\` and `\$`. Nothing is expanded or run. The last of two equal names counts.
    ///
    /// # Errors
    /// It belongs to somebody else, others can write it, it is over 64 KiB, it cannot be read.
    pub fn with_dotenv(mut self, directory: &Path) -> Result<Self, DotenvError> {
        let path = directory.join(FILE);
        let Some(text) = read(&path)? else {
            return Ok(self);
        };
        let assignments = Reader::new(&text)
            .assignments()
            .map_err(|(line, problem)| DotenvError::Malformed {
                path,
                line,
                problem,
            })?;
        for (name, value) in assignments {
            let name = canonical(name);
            if is_ours(&name) && !self.is_set(&name) {
                self.variables.insert(name.clone(), value);
                self.from_file.insert(name);
            }
        }
        Ok(self)
    }

    /// Whether a variable's value comes from the `.env` file: less than the user's own word, because it comes with whatever
    /// was unpacked there.
    pub fn is_from_dotenv(&self, name: &str) -> bool {
        self.from_file.contains(&canonical(name.to_owned()))
    }

    /// Whether the process has the variable, or its other name.
    fn is_set(&self, name: &str) -> bool {
        let twin = name
            .strip_prefix("OARLOCK_RELAY_")
            .map(|rest| format!("OAUTH_{rest}"))
            .or_else(|| {
                name.strip_prefix("OAUTH_")
                    .map(|rest| format!("OARLOCK_RELAY_{rest}"))
            });
        let by_process =
            |name: &str| self.variables.contains_key(name) && !self.from_file.contains(name);
        by_process(name) || twin.is_some_and(|twin| by_process(&twin))
    }
}

fn is_ours(name: &str) -> bool {
    let named = NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    named && !name.ends_with(NEVER)
}

fn read(path: &Path) -> Result<Option<String>, DotenvError> {
    // A directory of that name is somebody's Python.
    if path.is_dir() {
        return Ok(None);
    }
    let Some(content) = private::read_trusted(path, LIMIT)? else {
        return Ok(None);
    };
    let text = String::from_utf8(content).map_err(|error| DotenvError::Malformed {
        path: path.to_owned(),
        line: line_of(error.as_bytes(), error.utf8_error().valid_up_to()),
        problem: "this is not UTF-8",
    })?;
    // Editors of Windows put a mark before the text.
    Ok(Some(text.strip_prefix('\u{feff}').unwrap_or(&text).into()))
}

fn line_of(content: &[u8], place: usize) -> usize {
    let before = content.iter().take(place);
    before.filter(|byte| **byte == b'\n').count() + 1
}

/// Reads assignments; what is none is passed over to the end of its line.
struct Reader<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    line: usize,
}

type Problem = (usize, &'static str);

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            rest: text.chars().peekable(),
            line: 1,
        }
    }

    fn assignments(mut self) -> Result<Vec<(String, String)>, Problem> {
        let mut found = Vec::new();
        while self.rest.peek().is_some() {
            let name = self.name();
            if self.rest.next_if_eq(&'=').is_some() {
                let value = self.value()?;
                if is_name(&name) {
                    found.push((name, value));
                }
            }
            self.pass_line();
        }
        Ok(found)
    }

    fn next(&mut self) -> Option<char> {
        let character = self.rest.next();
        if character == Some('\n') {
            self.line += 1;
        }
        character
    }

    fn pass_line(&mut self) {
        while self.next().is_some_and(|character| character != '\n') {}
    }

    fn pass_blanks(&mut self) {
        while self
            .rest
            .next_if(|character| matches!(character, ' ' | '\t'))
            .is_some()
        {}
    }

    fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(character) = self
            .rest
            .next_if(|character| !matches!(character, '=' | '\n' | '#'))
        {
            name.push(character);
        }
        let name = name.trim();
        let bare = name
            .strip_prefix("export")
            .filter(|rest| rest.starts_with([' ', '\t']));
        bare.unwrap_or(name).trim_start().to_owned()
    }

    fn value(&mut self) -> Result<String, Problem> {
        self.pass_blanks();
        let start = self.line;
        let Some(quote) = self
            .rest
            .next_if(|character| matches!(character, '\'' | '"'))
        else {
            return Ok(self.plain());
        };
        let value = self
            .quoted(quote)
            .ok_or((start, "the quote does not end"))?;
        self.pass_blanks();
        match self.rest.peek() {
            None | Some('\n' | '\r' | '#') => Ok(value),
            Some(_) => Err((self.line, "something follows the quoted value")),
        }
    }

    /// To the end of the line, or a comment after white space.
    fn plain(&mut self) -> String {
        let mut value = String::new();
        while let Some(&character) = self.rest.peek() {
            let comment = character == '#' && (value.is_empty() || value.ends_with([' ', '\t']));
            if character == '\n' || comment {
                break;
            }
            value.push(character);
            self.rest.next();
        }
        value.trim_end().to_owned()
    }

    fn quoted(&mut self, quote: char) -> Option<String> {
        let mut value = String::new();
        loop {
            let character = self.next()?;
            if character == quote {
                return Some(value);
            }
            if character != '\\' || quote == '\'' {
                value.push(character);
                continue;
            }
            match self.next()? {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                escaped @ ('"' | '\\' | '$') => value.push(escaped),
                other => value.extend(['\\', other]),
            }
        }
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || character == '_')
}

#[cfg(test)]
mod tests;
