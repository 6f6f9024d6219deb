//! Finds the kit's own programs, for tests of other crates that start processes.
use std::{env, io, path::PathBuf};

/// The path of `oarlock-testkit-server` or `oarlock-fake-browser`.
///
/// Cargo builds them beside the test that asks, in the folder above its own; `cargo nextest run`
/// of the whole workspace does so by itself.
///
/// # Errors
/// It is not built; the message says how.
pub fn program(name: &str) -> io::Result<PathBuf> {
    let test = env::current_exe()?;
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    let found = test
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(&file))
        .find(|path| path.is_file());
    found.ok_or_else(|| {
        let message = format!("{name} is not built; run: cargo build -p oarlock-testkit --bins");
        io::Error::new(io::ErrorKind::NotFound, message)
    })
}
