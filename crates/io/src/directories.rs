//! Where things are: `OARLOCK_HOME`, else the platform's directories.

use crate::Environment;
use std::path::{Path, PathBuf};

/// Paths of our files; nothing is created or checked here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directories {
    /// The file `config.toml`.
    pub config_file: PathBuf,
    /// The directory with one file for each account.
    pub credentials: PathBuf,
    /// The directory of the sockets.
    pub runtime: PathBuf,
}

impl Directories {
    /// The directories of `app`, which is "oarlock" unless a CLI author has a name of their own.
    ///
    /// | | configuration | credentials | sockets |
    /// |---|---|---|---|
    /// | `OARLOCK_HOME=D` | `D/config.toml` | `D/credentials` | `D/run` |
    /// | the same, another `app` | `D/APP/config.toml` | `D/APP/credentials` | `D/APP/run` |
    /// | Unix | `$XDG_CONFIG_HOME/APP/config.toml` | `$XDG_STATE_HOME/APP/credentials` | `$XDG_RUNTIME_DIR/APP` |
    /// | … where those are not set | `~/.config/…` | `~/.local/state/…` | `~/.local/state/APP/run` |
    /// | Windows | `%APPDATA%\APP\config.toml` | `%LOCALAPPDATA%\APP\credentials` | `%LOCALAPPDATA%\APP\run` |
    ///
    /// # Errors
    /// No home directory is known; a path that is not absolute; an `app` that is not a plain name.
    pub fn from_environment(
        environment: &Environment,
        app: &str,
    ) -> Result<Self, DirectoriesError> {
        if app.is_empty() || app.starts_with('.') || app.contains(['/', '\\', ':', '\0']) {
            return Err(DirectoriesError::App(app.to_owned()));
        }
        if let Some(home) = absolute(environment, "OARLOCK_HOME")? {
            // Programs of others keep apart from ours, so that equal names do not meet.
            let home = if app == "oarlock" {
                home
            } else {
                home.join(app)
            };
            return Ok(Self::below(&home));
        }
        if cfg!(windows) {
            Self::windows(environment, app)
        } else {
            Self::xdg(environment, app)
        }
    }

    fn below(home: &Path) -> Self {
        Self {
            config_file: home.join("config.toml"),
            credentials: home.join("credentials"),
            runtime: home.join("run"),
        }
    }

    fn xdg(environment: &Environment, app: &str) -> Result<Self, DirectoriesError> {
        let or_home = |variable, below: &str| match absolute(environment, variable)? {
            Some(path) => Ok(path),
            None => absolute(environment, "HOME")?
                .map(|home| home.join(below))
                .ok_or(DirectoriesError::NoHome),
        };
        let config = or_home("XDG_CONFIG_HOME", ".config")?.join(app);
        let state = or_home("XDG_STATE_HOME", ".local/state")?.join(app);
        let runtime = match absolute(environment, "XDG_RUNTIME_DIR")? {
            Some(path) => path.join(app),
            None => state.join("run"),
        };
        Ok(Self {
            config_file: config.join("config.toml"),
            credentials: state.join("credentials"),
            runtime,
        })
    }

    fn windows(environment: &Environment, app: &str) -> Result<Self, DirectoriesError> {
        let or_profile = |variable, below: &str| match absolute(environment, variable)? {
            Some(path) => Ok(path.join(app)),
            None => absolute(environment, "USERPROFILE")?
                .map(|home| home.join("AppData").join(below).join(app))
                .ok_or(DirectoriesError::NoHome),
        };
        let local = Self::below(&or_profile("LOCALAPPDATA", "Local")?);
        Ok(Self {
            config_file: or_profile("APPDATA", "Roaming")?.join("config.toml"),
            ..local
        })
    }
}

/// A variable that holds a path. A relative one is an error, also where the XDG specification would
/// have it ignored: credentials must not land where nobody looks for them.
fn absolute(
    environment: &Environment,
    variable: &'static str,
) -> Result<Option<PathBuf>, DirectoriesError> {
    match environment.get(variable) {
        None => Ok(None),
        Some(value) if Path::new(value).is_absolute() => Ok(Some(PathBuf::from(value))),
        Some(value) => Err(DirectoriesError::Relative {
            variable,
            value: value.to_owned(),
        }),
    }
}

/// No place to put things.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoriesError {
    /// No home directory is known.
    #[error("no home directory is known; set OARLOCK_HOME to an absolute path")]
    NoHome,
    /// A path that is not absolute.
    #[error("{variable} must be an absolute path, not {value:?}")]
    Relative {
        /// Name of the variable.
        variable: &'static str,
        /// Its value.
        value: String,
    },
    /// The name of the application cannot be the name of a directory.
    #[error("{0:?} cannot name a directory; take a plain name such as \"oarlock\"")]
    App(String),
}

#[cfg(all(test, unix))]
mod tests {
    use super::{Directories, DirectoriesError};
    use crate::Environment;
    use std::path::Path;

    fn of(pairs: &[(&str, &str)], app: &str) -> Result<Directories, DirectoriesError> {
        let environment = Environment::from_pairs(pairs.iter().map(|&(k, v)| (k, v)));
        Directories::from_environment(&environment, app)
    }

    #[test]
    fn oarlock_home_moves_everything() {
        let found = of(
            &[("OARLOCK_HOME", "/d"), ("XDG_STATE_HOME", "/s")],
            "oarlock",
        )
        .unwrap();
        assert_eq!(found.config_file, Path::new("/d/config.toml"));
        assert_eq!(found.credentials, Path::new("/d/credentials"));
        assert_eq!(found.runtime, Path::new("/d/run"));
        let other = of(&[("OARLOCK_HOME", "/d")], "acme").unwrap();
        assert_eq!(other.credentials, Path::new("/d/acme/credentials"));
    }

    #[test]
    fn xdg_directories_then_home() {
        let pairs = [
            ("XDG_CONFIG_HOME", "/c"),
            ("XDG_STATE_HOME", "/s"),
            ("XDG_RUNTIME_DIR", "/r"),
        ];
        let found = of(&pairs, "oarlock").unwrap();
        assert_eq!(found.config_file, Path::new("/c/oarlock/config.toml"));
        assert_eq!(found.credentials, Path::new("/s/oarlock/credentials"));
        assert_eq!(found.runtime, Path::new("/r/oarlock"));
        let found = of(&[("HOME", "/h")], "oarlock").unwrap();
        assert_eq!(
            found.config_file,
            Path::new("/h/.config/oarlock/config.toml")
        );
        assert_eq!(
            found.credentials,
            Path::new("/h/.local/state/oarlock/credentials")
        );
        assert_eq!(found.runtime, Path::new("/h/.local/state/oarlock/run"));
    }

    #[test]
    fn errors_say_what_to_do() {
        let text = |pairs: &[(&str, &str)], app: &str| of(pairs, app).unwrap_err().to_string();
        assert!(text(&[], "oarlock").contains("set OARLOCK_HOME"));
        let relative = text(&[("OARLOCK_HOME", "here")], "oarlock");
        assert_eq!(
            relative,
            "OARLOCK_HOME must be an absolute path, not \"here\""
        );
        assert!(
            text(&[("HOME", "/h"), ("XDG_STATE_HOME", "s")], "oarlock").contains("XDG_STATE_HOME")
        );
        for bad in ["", "../x", "a/b", ".hidden"] {
            assert!(
                matches!(of(&[("HOME", "/h")], bad), Err(DirectoriesError::App(_))),
                "{bad}"
            );
        }
    }
}
