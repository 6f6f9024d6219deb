//! Whether other users can exchange a directory on the way to a private one.

use super::{PrivateError, failed};
use rustix::fs::{Mode, Stat};
use std::path::Path;

/// What Linux shows for users that have no number here (user namespaces).
const OVERFLOW_UID: u32 = 65534;

/// Walks up from the directory `path`. Each may belong to us or root; others may
/// write to it only where the sticky bit keeps them from what is not theirs. Groups are trusted:
/// many systems give each user a group of their own and a umask of 002.
pub(super) fn check(path: &Path) -> Result<(), PrivateError> {
    if cfg!(target_os = "android") {
        // Everything above an app's directory belongs to a system user there.
        return Ok(());
    }
    let real = path.canonicalize().map_err(failed("find", path))?;
    let ours = rustix::process::geteuid().as_raw();
    for ancestor in real.ancestors() {
        let stat =
            rustix::fs::stat(ancestor).map_err(|error| failed("check", ancestor)(error.into()))?;
        if !is_safe(&stat, ours) {
            return Err(PrivateError::Ancestor {
                path: ancestor.to_owned(),
            });
        }
    }
    Ok(())
}

fn is_safe(stat: &Stat, ours: u32) -> bool {
    let mode = Mode::from_raw_mode(stat.st_mode);
    let trusted = stat.st_uid == ours
        || stat.st_uid == 0
        || (stat.st_uid == OVERFLOW_UID && !is_mapped(OVERFLOW_UID));
    trusted && (!mode.contains(Mode::WOTH) || mode.contains(Mode::SVTX))
}

/// Whether a user number means somebody in this user namespace; where it does not, it stands for
/// those outside, root among them.
fn is_mapped(uid: u32) -> bool {
    let Ok(map) = std::fs::read_to_string("/proc/self/uid_map") else {
        return true;
    };
    map.lines().any(|line| {
        let mut numbers = line.split_whitespace().map(str::parse::<u64>);
        match (numbers.next(), numbers.next(), numbers.next()) {
            (Some(Ok(first)), Some(Ok(_)), Some(Ok(count))) => {
                (first..first.saturating_add(count)).contains(&u64::from(uid))
            }
            _ => true,
        }
    })
}
