//! A folder for the demo alone.

use std::path::{Path, PathBuf};

use oarlock_io::{entropy, private};

use crate::failure::Failure;

/// Removed when it is dropped, with all that is in it.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// A new one, 0700, with a name nobody can guess.
    pub(super) fn new() -> Result<Self, Failure> {
        let [a, b, c, d, ..] = entropy::random()?;
        let name = format!("oarlock-demo-{:08x}", u32::from_ne_bytes([a, b, c, d]));
        let path = std::env::temp_dir().join(name);
        let failed = |reason: &dyn std::fmt::Display| {
            Failure::failed(format!("cannot make a folder for the demo: {reason}"))
                .with_hint("Name another place for it with TMPDIR")
        };
        if path.exists() {
            return Err(failed(&format!("{} is there already", path.display())));
        }
        private::ensure_directory(&path).map_err(|error| failed(&error))?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Removes it, and says if it cannot be.
    pub(super) fn remove(self) -> Result<(), Failure> {
        std::fs::remove_dir_all(&self.0).map_err(|error| {
            Failure::failed(format!(
                "cannot remove the demo's folder {}: {error}",
                self.0.display()
            ))
        })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Gone already where `remove` was called.
        drop(std::fs::remove_dir_all(&self.0));
    }
}
