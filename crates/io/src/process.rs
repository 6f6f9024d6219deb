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

/// Keeps what this process holds to itself: no core of it is written, and no other process of its user can look into it.
///
/// # Errors
/// The system refuses.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn keep_memory_private() -> std::io::Result<()> {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none)?;
    // A limit alone does not hold a program back that the kernel pipes cores to (core(5)).
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

/// Keeps what this process holds to itself, as far as that can be done here: no core of it is written.
///
/// # Errors
/// The system refuses.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn keep_memory_private() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let none = Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        setrlimit(Resource::Core, none)?;
    }
    Ok(())
}
