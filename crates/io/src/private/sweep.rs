//! Removes temporary files that dead processes left behind.

use super::{PrivateError, failed, is_temporary, platform::Directory};
use crate::{Clock as _, SystemClock};
use std::path::Path;

/// Removes temporary files of ours from a private directory: named by our pattern, ours alone,
/// older than an hour, and not held by a process that lives. Returns how many were removed.
///
/// # Errors
/// The directory is refused or cannot be read.
pub fn sweep(path: &Path) -> Result<usize, PrivateError> {
    let Some(directory) = Directory::open(path)? else {
        return Ok(0);
    };
    let mut removed = 0;
    for entry in std::fs::read_dir(path).map_err(failed("list", path))? {
        let name = entry.map_err(failed("list", path))?.file_name();
        if !name.to_str().is_some_and(is_temporary) {
            continue;
        }
        let Some((file, modified)) = directory.open_temporary(&name) else {
            continue;
        };
        let old = jiff::Timestamp::try_from(modified)
            .is_ok_and(|modified| SystemClock.now().duration_since(modified).as_secs() > 3600);
        // Its owner holds a lock as long as it lives, even through a long suspension.
        if old && file.try_lock().is_ok() && directory.unlink(&name).is_ok() {
            removed += 1;
        }
    }
    Ok(removed)
}
