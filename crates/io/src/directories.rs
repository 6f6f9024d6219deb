//! Where things are: `OARLOCK_HOME`, else the platform's directories.
use crate::Environment;
use std::path::PathBuf;
/// Paths; nothing is created or checked here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directories { /// `config.toml`.
    pub config_file: PathBuf, /// One file per account.
    pub credentials: PathBuf, /// Sockets.
    pub runtime: PathBuf }
impl Directories {
    /// From `OARLOCK_HOME`, `XDG_*`, `HOME`; `app` is "oarlock" unless a CLI author has their own.
    /// # Errors
    /// Neither `OARLOCK_HOME` nor a home directory is known; a path that is not absolute.
    pub fn from_environment(environment: &Environment, app: &str) -> Result<Self, DirectoriesError> { let _ = (environment, app); todo!() }
}
/// No place to put things.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoriesError { /// No home.
    #[error("no home directory is known; set OARLOCK_HOME to an absolute path")]
    NoHome, /// Not absolute.
    #[error("{variable} must be an absolute path, not {value:?}")]
    Relative { /// Name.
        variable: &'static str, /// Value.
        value: String } }
