//! Runs another program in our place.

use std::{io, process::Command};

/// Runs a program with `set` added to and `remove` taken from our environment, never through a shell.
///
/// On Unix the program replaces this process, so that signals, the terminal and the exit code are
/// its own, and the function does not come back; files and locks of ours are closed. On Windows it
/// runs as a child, and its exit code is returned.
///
/// # Errors
/// The program cannot be started. `NotFound` and `PermissionDenied` mean what a shell's exit codes
/// 127 and 126 mean.
pub fn exec(
    program: &str,
    arguments: &[String],
    set: &[(String, String)],
    remove: &[&str],
) -> io::Result<i32> {
    let mut command = Command::new(program);
    command.args(arguments);
    for name in remove {
        command.env_remove(name);
    }
    // Last, so that what is set wins over what is removed.
    command.envs(set.iter().map(|(name, value)| (name, value)));
    replace(command)
}

#[cfg(unix)]
fn replace(mut command: Command) -> io::Result<i32> {
    use std::os::unix::process::CommandExt as _;
    Err(command.exec())
}

#[cfg(not(unix))]
fn replace(mut command: Command) -> io::Result<i32> {
    let status = command.status()?;
    Ok(status.code().unwrap_or(1))
}
