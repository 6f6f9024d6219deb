//! How many files and connections this process may have open.

use std::io;

/// Raises the limit to what the administrator allows (the hard limit), and returns it.
///
/// `u64::MAX` where there is none.
///
/// # Errors
/// The system refuses.
pub fn raise() -> io::Result<u64> {
    platform::raise()
}

#[cfg(unix)]
mod platform {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    use std::io;

    /// macOS says "unlimited" and refuses more than its `OPEN_MAX`.
    const CEILING: Option<u64> = if cfg!(target_vendor = "apple") {
        Some(10_240)
    } else {
        None
    };

    pub(super) fn raise() -> io::Result<u64> {
        let limit = getrlimit(Resource::Nofile);
        let wanted = match (limit.maximum, CEILING) {
            (Some(maximum), Some(ceiling)) => Some(maximum.min(ceiling)),
            (maximum, ceiling) => maximum.or(ceiling),
        };
        let reached = |at: Option<u64>| at.unwrap_or(u64::MAX);
        if reached(limit.current) >= reached(wanted) {
            return Ok(reached(limit.current));
        }
        let raised = Rlimit {
            current: wanted,
            maximum: limit.maximum,
        };
        setrlimit(Resource::Nofile, raised)?;
        Ok(reached(wanted))
    }
}

#[cfg(not(unix))]
mod platform {
    pub(super) fn raise() -> std::io::Result<u64> {
        Ok(u64::MAX)
    }
}
