//! A `.env` file beside the program, which stands in for variables that are not set.
//!
//! Whoever writes the file says where codes are waited for, so it must be the user's own or root's, and only the names
//! of relay and server are taken from it.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use super::{Environment, canonical};

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
    /// Somebody else could say with it where codes go.
    #[error(
        "{path} belongs to another user (uid {uid}); it is not used. Remove it, or start in another directory"
    )]
    Owner {
        /// The file.
        path: PathBuf,
        /// Its owner.
        uid: u32,
    },
    /// The same.
    #[error("{path} can be written by everybody; it is not used. Run: chmod o-w '{path}'")]
    Writable {
        /// The file.
        path: PathBuf,
    },
    /// A socket, device or pipe.
    #[error("{0} is not a plain file; remove it, or start in another directory")]
    Kind(PathBuf),
    /// Over 64 KiB.
    #[error("{0} is larger than 65536 bytes")]
    TooLarge(PathBuf),
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
    /// The system refuses.
    #[error("cannot read {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
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
    /// It belongs to somebody else, everybody can write it, it is too large, it cannot be read.
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
    let failed = |source| DotenvError::Io {
        path: path.to_owned(),
        source,
    };
    let Some(file) = open(path)? else {
        return Ok(None);
    };
    let mut content = Vec::new();
    file.take(LIMIT + 1)
        .read_to_end(&mut content)
        .map_err(failed)?;
    if u64::try_from(content.len()).map_or(true, |length| length > LIMIT) {
        return Err(DotenvError::TooLarge(path.to_owned()));
    }
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

/// Opens and checks it. A directory of that name is somebody's Python, and no file.
#[cfg(unix)]
fn open(path: &Path) -> Result<Option<File>, DotenvError> {
    use rustix::fs::{self, FileType, Mode, OFlags};

    let failed = |error: rustix::io::Errno| DotenvError::Io {
        path: path.to_owned(),
        source: error.into(),
    };
    // A pipe is not waited for.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    // Who made the name counts too: in /tmp somebody else's link could lead to another file of ours.
    let named = match fs::lstat(path) {
        Ok(named) => named,
        Err(rustix::io::Errno::NOENT) => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    trusted(path, named.st_uid)?;
    if FileType::from_raw_mode(named.st_mode) == FileType::Socket {
        return Err(DotenvError::Kind(path.to_owned()));
    }
    let opened = match fs::open(path, flags, Mode::empty()) {
        Ok(opened) => opened,
        Err(rustix::io::Errno::NOENT) => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let found = fs::fstat(&opened).map_err(failed)?;
    match FileType::from_raw_mode(found.st_mode) {
        FileType::RegularFile => {}
        FileType::Directory => return Ok(None),
        _ => return Err(DotenvError::Kind(path.to_owned())),
    }
    trusted(path, found.st_uid)?;
    if Mode::from_raw_mode(found.st_mode).contains(Mode::WOTH) {
        return Err(DotenvError::Writable {
            path: path.to_owned(),
        });
    }
    Ok(Some(File::from(opened)))
}

#[cfg(unix)]
fn trusted(path: &Path, uid: u32) -> Result<(), DotenvError> {
    if uid == 0 || uid == rustix::process::geteuid().as_raw() {
        return Ok(());
    }
    Err(DotenvError::Owner {
        path: path.to_owned(),
        uid,
    })
}

#[cfg(not(unix))]
fn open(path: &Path) -> Result<Option<File>, DotenvError> {
    let failed = |source| DotenvError::Io {
        path: path.to_owned(),
        source,
    };
    match std::fs::metadata(path) {
        Ok(found) if found.is_file() => File::open(path).map(Some).map_err(failed),
        Ok(found) if found.is_dir() => Ok(None),
        Ok(_) => Err(DotenvError::Kind(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error)),
    }
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
