//! A home of its own for each test, the program in an empty environment, and credentials that a test makes up.

mod call;
mod credential;

use std::{
    fs,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use oarlock_testkit::{AuthorizationServer, Server};
use tempfile::TempDir;

pub(crate) use call::{Call, Finished, Running};
pub(crate) use credential::{PROVIDER, StoredLogin};

/// A home that goes when this is dropped.
pub(crate) struct Sandbox {
    folder: TempDir,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("oarlock-test-")
            .tempdir()
            .unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        fs::DirBuilder::new()
            .mode(0o700)
            .create(folder.path().join("home"))
            .unwrap();
        Self { folder }
    }

    /// A folder beside the home, for what else a test needs.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What `OARLOCK_HOME` is.
    pub(crate) fn home(&self) -> PathBuf {
        self.path("home")
    }

    pub(crate) fn credentials(&self) -> PathBuf {
        self.home().join("credentials")
    }

    /// The file of the login that [`StoredLogin`] writes.
    pub(crate) fn credential_file(&self) -> PathBuf {
        self.credentials().join(format!("{PROVIDER}@default.json"))
    }

    /// Names in the credentials' directory, sorted.
    pub(crate) fn credential_names(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.credentials()) else {
            return Vec::new();
        };
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// Writes `config.toml`.
    pub(crate) fn configure(&self, text: &str) {
        write_private(&self.home().join("config.toml"), text);
    }

    /// The program with these arguments, in this home and an otherwise empty environment.
    pub(crate) fn oarlock<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Call {
        let mut call = Call::new(Path::new(env!("CARGO_BIN_EXE_oarlock")));
        call.environment("OARLOCK_HOME", self.home().to_str().unwrap());
        call.arguments(arguments);
        call
    }

    /// The same, run to its end.
    pub(crate) fn run<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Finished {
        self.oarlock(arguments).run()
    }
}

/// A file for its owner alone, in directories for their owner alone.
pub(crate) fn write_private(path: &Path, text: &str) {
    use std::io::Write as _;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path.parent().unwrap())
        .unwrap();
    let mut options = fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// The permission bits of a file.
pub(crate) fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// A server that behaves.
pub(crate) fn server() -> Server {
    AuthorizationServer::builder().start_blocking().unwrap()
}
