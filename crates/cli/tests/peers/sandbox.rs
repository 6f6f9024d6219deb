//! A home of its own for each test, and the program in an otherwise empty environment.

use std::{
    fs,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    call::{Call, Finished},
    provider::OidcProvider,
};

/// The provider's public client.
pub(crate) const CLIENT: &str = "oarlock-test";

/// A home that goes when this is dropped.
pub(crate) struct Sandbox {
    folder: TempDir,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("oarlock-peers-")
            .tempdir()
            .unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let sandbox = Self { folder };
        fs::DirBuilder::new()
            .mode(0o700)
            .create(sandbox.home())
            .unwrap();
        sandbox
    }

    /// A path beside the home, for what else a test needs.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What `OARLOCK_HOME` is.
    pub(crate) fn home(&self) -> PathBuf {
        self.path("home")
    }

    /// A file that its owner alone can read, and its path as an argument.
    pub(crate) fn secret_file(&self, name: &str, text: &str) -> String {
        let file = self.path(name);
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        file.to_str().unwrap().to_owned()
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

    /// `ada` logs in to the provider's public client.
    #[track_caller]
    pub(crate) fn log_in(&self, provider: &OidcProvider) -> Finished {
        let browser = fake_browser("--user ada");
        let arguments = ["login", provider.issuer(), "--client-id", CLIENT];
        self.run(arguments.into_iter().chain(["--browser", &browser]))
            .ended_with(0)
    }

    /// `oarlock token`.
    #[track_caller]
    pub(crate) fn token(&self) -> String {
        let finished = self.run(["token"]).ended_with(0);
        assert_eq!(finished.stdout.lines().count(), 1, "{finished:?}");
        finished.stdout.trim_end().to_owned()
    }

    /// The files of the logins.
    pub(crate) fn credential_files(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.home().join("credentials")) else {
            return Vec::new();
        };
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        files.retain(|file| {
            file.extension()
                .is_some_and(|extension| extension == "json")
        });
        files
    }

    /// The file of the only login.
    #[track_caller]
    pub(crate) fn credential_file(&self) -> PathBuf {
        let files = self.credential_files();
        let [file] = files.as_slice() else {
            panic!("one login was expected: {files:?}");
        };
        file.clone()
    }

    /// What the file of the only login holds.
    #[track_caller]
    pub(crate) fn credential(&self) -> Value {
        serde_json::from_slice(&fs::read(self.credential_file()).unwrap()).unwrap()
    }

    /// A secret of the only login.
    #[track_caller]
    pub(crate) fn secret(&self, member: &str) -> String {
        self.credential()[member].as_str().unwrap().to_owned()
    }

    /// Lets the only login's access token expire an hour ago, as far as the file says.
    pub(crate) fn expire(&self) {
        self.shift(&["issued_at", "expires_at"], -2);
    }

    /// Lets the file say that the only login's access token lives hours longer than the provider says.
    pub(crate) fn outlive(&self) {
        self.shift(&["expires_at"], 2);
    }

    fn shift(&self, members: &[&str], hours: i64) {
        let mut credential = self.credential();
        for member in members {
            let moment: jiff::Timestamp = credential[*member].as_str().unwrap().parse().unwrap();
            let moment = moment + jiff::SignedDuration::from_hours(hours);
            credential[*member] = moment.to_string().into();
        }
        fs::write(self.credential_file(), credential.to_string()).unwrap();
    }
}

/// A `--browser` command: the testkit's browser without a screen, with these options.
pub(crate) fn fake_browser(options: &str) -> String {
    let program = oarlock_testkit::program("oarlock-fake-browser").unwrap();
    format!("{} {options}", program.display())
}
