//! A folder for `OARLOCK_HOME` with one credential in it, and the program started on it.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Doing, Failure};
use crate::workspace::Workspace;

pub(super) const PROVIDER: &str = "bench";

pub(super) struct Home {
    folder: PathBuf,
    program: PathBuf,
}

/// What the credential says.
pub(super) struct Credential<'a> {
    pub(super) access_token: &'a str,
    pub(super) refresh_token: &'a str,
    /// RFC 3339, UTC.
    pub(super) issued_at: &'a str,
    pub(super) expires_at: &'a str,
    pub(super) token_endpoint: &'a str,
}

impl Home {
    /// A new, empty one; what an earlier run left is removed.
    pub(super) fn new(workspace: &Workspace, name: &str) -> Result<Self, Failure> {
        let folder = workspace.target.join("bench").join(name);
        if folder.exists() {
            std::fs::remove_dir_all(&folder).doing(format_args!("remove {}", folder.display()))?;
        }
        let mut private = DirBuilder::new();
        private.recursive(true).mode(0o700);
        private
            .create(folder.join("credentials"))
            .doing(format_args!("make {}", folder.display()))?;
        let program = install(workspace, &folder, "oarlock")?;
        Ok(Self { folder, program })
    }

    /// Another program of the release build, installed as ours is.
    pub(super) fn install(&self, workspace: &Workspace, name: &str) -> Result<PathBuf, Failure> {
        install(workspace, &self.folder, name)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn credential_file(&self) -> PathBuf {
        self.folder
            .join(format!("credentials/{PROVIDER}@default.json"))
    }

    /// Replaces the credential.
    pub(super) fn store(&self, credential: &Credential<'_>) -> Result<(), Failure> {
        private_file(&self.credential_file(), &json(credential))
    }

    /// Writes a file of the folder, for us alone.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<PathBuf, Failure> {
        let path = self.folder.join(name);
        private_file(&path, text)?;
        Ok(path)
    }

    /// `oarlock`, with nothing in its environment but where home is.
    pub(super) fn oarlock(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env_clear()
            .env("OARLOCK_HOME", &self.folder)
            .env("HOME", &self.folder);
        command
    }

    /// `oarlock token`.
    pub(super) fn token(&self) -> Command {
        let mut command = self.oarlock();
        command.args(["token", PROVIDER]);
        command
    }
}

fn private_file(path: &Path, text: &str) -> Result<(), Failure> {
    let doing = format!("write {}", path.display());
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .doing(&doing)?;
    file.write_all(text.as_bytes()).doing(&doing)
}

/// A copy, as an installation makes one. What the linker itself wrote lies in the page cache in smaller pieces, and starts a fifth
/// slower; nobody runs that file.
fn install(workspace: &Workspace, folder: &Path, name: &str) -> Result<PathBuf, Failure> {
    let (from, to) = (
        workspace.target.join("release").join(name),
        folder.join(name),
    );
    std::fs::copy(&from, &to).doing(format_args!("copy {}", from.display()))?;
    Ok(to)
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            println!("{} is left: {error}", self.folder.display());
        }
    }
}

fn json(credential: &Credential<'_>) -> String {
    let Credential {
        access_token,
        refresh_token,
        issued_at,
        expires_at,
        token_endpoint,
    } = credential;
    format!(
        r#"{{
  "access_token": "{access_token}",
  "refresh_token": "{refresh_token}",
  "issued_at": "{issued_at}",
  "expires_at": "{expires_at}",
  "token_type": "Bearer",
  "scope": "openid profile email",
  "provider": "{PROVIDER}",
  "account": "default",
  "profile": {{ "name": "{PROVIDER}", "client_id": "bench", "token_endpoint": "{token_endpoint}" }}
}}
"#
    )
}
