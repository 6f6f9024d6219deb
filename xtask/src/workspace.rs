//! Where things are: the repository, the target directory, the files under version control.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Doing, Failure};
use crate::process;

pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
}

/// A text file under version control, or about to be.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// Relative to the repository, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Workspace {
    pub(crate) fn find() -> Result<Self, Failure> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = here
            .parent()
            .ok_or_else(|| Failure::new("xtask has no folder above it"))?
            .to_owned();
        let metadata = process::output(
            Command::new("cargo")
                .args([
                    "metadata",
                    "--no-deps",
                    "--offline",
                    "--format-version",
                    "1",
                ])
                .current_dir(&root),
        )?;
        let target = string_member(&metadata, "target_directory")
            .ok_or_else(|| Failure::new("cargo metadata names no target directory"))?;
        Ok(Self {
            root,
            target: PathBuf::from(target),
        })
    }

    /// `cargo`, in the root of the workspace, with our tools on `PATH`.
    pub(crate) fn cargo(&self) -> Command {
        self.program("cargo")
    }

    /// A program, in the root of the workspace, with our tools on `PATH`.
    pub(crate) fn program(&self, name: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(name);
        command
            .current_dir(&self.root)
            .env("PATH", self.path())
            .env("OARLOCK_PEERS", self.peers());
        command
    }

    /// `PATH` with the programs that `setup` brought first.
    pub(crate) fn path(&self) -> OsString {
        let ours = [self.peers().join("bin"), self.tools().join("bin")];
        let before = std::env::var_os("PATH").unwrap_or_default();
        let all = ours.into_iter().chain(std::env::split_paths(&before));
        std::env::join_paths(all).unwrap_or(before)
    }

    /// Where npm packages are installed.
    pub(crate) fn peers(&self) -> PathBuf {
        self.target.join("peers")
    }

    /// Where cargo's tools are installed.
    pub(crate) fn tools(&self) -> PathBuf {
        self.target.join("tools")
    }

    /// Every text file that is tracked, or would be if it were added.
    pub(crate) fn sources(&self) -> Result<Vec<Source>, Failure> {
        let list = process::output(
            Command::new("git")
                .args([
                    "ls-files",
                    "-z",
                    "--cached",
                    "--others",
                    "--exclude-standard",
                ])
                .current_dir(&self.root),
        )?;
        let mut sources = Vec::new();
        for path in list.split('\0').filter(|path| !path.is_empty()) {
            // A deleted file is still listed until the deletion is committed; a binary one is nobody's to read.
            if let Ok(text) = std::fs::read_to_string(self.root.join(path)) {
                sources.push(Source {
                    path: path.to_owned(),
                    text,
                });
            }
        }
        Ok(sources)
    }

    pub(crate) fn read(&self, path: impl AsRef<Path>) -> Result<String, Failure> {
        let path = self.root.join(path);
        std::fs::read_to_string(&path).doing(format_args!("read {}", path.display()))
    }
}

/// The first string member of that name in a JSON text whose strings hold no escapes but `\\`.
fn string_member(json: &str, name: &str) -> Option<String> {
    let (_, rest) = json.split_once(&format!("\"{name}\":\""))?;
    let (value, _) = rest.split_once('"')?;
    Some(value.replace("\\\\", "\\"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_member_is_found() {
        let json = r#"{"packages":[],"target_directory":"/some/where/target","version":1}"#;
        assert_eq!(
            string_member(json, "target_directory").as_deref(),
            Some("/some/where/target")
        );
        assert_eq!(string_member(json, "workspace_root"), None);
    }
}
