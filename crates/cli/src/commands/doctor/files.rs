//! Directories, the configuration file, and what lies among the credentials.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use oarlock::{
    ErrorKind,
    account::AccountKey,
    config::{Config, ConfigError},
    store::CredentialStore,
};
use oarlock_io::{
    Directories,
    lock::FileLock,
    private::{self, PrivateError, Reservation},
};

use super::report::{Report, sentence};

/// What a login takes on the disk before it asks for tokens.
const ROOM: u64 = 96 * 1024;
/// Beside the credentials while it is tried whether files can be made, locked and given room; removed again.
const TRIAL: &str = "doctor";

/// Directories and credential files; nothing stays changed.
pub(super) fn examine(directories: &Directories, report: &mut Report) {
    // Where no file of ours is yet, the configuration's directory is only one of many.
    if let Some(parent) = directories
        .config_file
        .parent()
        .filter(|parent| exists(parent))
    {
        configuration_directory(parent, report);
    }
    let usable = credentials_directory(directories, report);
    for directory in [
        &directories.credentials,
        store(directories).recovery_directory(),
    ] {
        recovery_copies(directory, report);
    }
    if usable {
        credential_files(directories, report);
    } else {
        report.skipped("credential-files", "The directory must be right first.");
    }
}

/// What is in a configuration that could be read.
pub(super) fn configuration(config: &Config, report: &mut Report) {
    let path = config.path.display();
    if !exists(&config.path) {
        report.ok(
            "configuration",
            format!("There is no {path}, and none is needed."),
        );
        return;
    }
    let own = config
        .providers
        .keys()
        .filter(|name| *name != oarlock::config::ENVIRONMENT_PROVIDER)
        .count();
    let providers = if own == 1 {
        "1 provider".to_owned()
    } else {
        format!("{own} providers")
    };
    report.ok(
        "configuration",
        format!("{path} is yours alone and valid; it has {providers}."),
    );
}

/// Why the configuration cannot be used.
pub(super) fn wrong_configuration(error: ConfigError, report: &mut Report) {
    const CHECK: &str = "configuration";
    match &error {
        ConfigError::File(error) => {
            refused(report.problem(CHECK, "").kind(ErrorKind::Usage), error);
        }
        error => {
            report
                .problem(CHECK, sentence(&error.to_string()))
                .kind(ErrorKind::Usage)
                .advice("No command goes on until that is right.");
        }
    }
}

fn configuration_directory(directory: &Path, report: &mut Report) {
    const CHECK: &str = "configuration-directory";
    match private::list(directory) {
        Ok(_) => {
            report.ok(CHECK, format!("{} is yours alone.", directory.display()));
        }
        // The file itself is checked on its own; only changing it needs more.
        Err(error) => {
            refused(report.warning(CHECK, ""), &error);
        }
    }
}

/// Whether the directory is there, or can be made, and takes locks and files.
fn credentials_directory(directories: &Directories, report: &mut Report) -> bool {
    const CHECK: &str = "credentials-directory";
    let directory = &directories.credentials;
    let missing = missing_directories(directory);
    let tried = try_out(directory);
    // Deepest first. Another program may have put something there meanwhile: then it stays.
    for made in &missing {
        if let Err(error) = std::fs::remove_dir(made) {
            tracing::debug!(%error, "a directory stays");
        }
    }
    match tried {
        Ok(()) if missing.is_empty() => {
            report.ok(
                CHECK,
                format!(
                    "{} is yours alone, and takes files and locks.",
                    directory.display()
                ),
            );
            true
        }
        Ok(()) => {
            report.ok(
                CHECK,
                format!(
                    "{} is not there yet; the first login makes it.",
                    directory.display()
                ),
            );
            true
        }
        Err(error) => {
            refused(report.problem(CHECK, "").kind(ErrorKind::Store), &error);
            // A full disk does not keep anybody from reading.
            private::list(directory).is_ok()
        }
    }
}

/// Directories that have to be made, the deepest first.
fn missing_directories(directory: &Path) -> Vec<PathBuf> {
    directory
        .ancestors()
        .take_while(|path| !exists(path))
        .map(Path::to_path_buf)
        .collect()
}

fn exists(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}

/// Makes a lock and takes room as a login would, and takes both away again.
fn try_out(directory: &Path) -> Result<(), PrivateError> {
    private::ensure_directory(directory)?;
    let lock_file = directory.join(format!("{TRIAL}.lock"));
    let locked = FileLock::acquire(&lock_file, Duration::ZERO);
    let room = Reservation::new(&directory.join(TRIAL), ROOM);
    let removed = private::remove(&lock_file);
    drop(room?);
    removed?;
    match locked {
        Ok(_) => Ok(()),
        Err(oarlock_io::lock::LockError::File(error)) => Err(error),
        Err(error) => Err(PrivateError::Io {
            action: "lock files in",
            path: directory.into(),
            source: io::Error::other(error),
        }),
    }
}

fn store(directories: &Directories) -> CredentialStore {
    CredentialStore::new(directories.credentials.clone(), &directories.runtime)
}

/// Copies that a full disk left behind; they are taken up when there is room.
fn recovery_copies(directory: &Path, report: &mut Report) {
    const CHECK: &str = "recovery-copies";
    let Ok(names) = private::list(directory) else {
        return;
    };
    for name in names.iter().filter(|name| name.contains(".json.recovery")) {
        let path = directory.join(name);
        let found = report.warning(
            CHECK,
            format!(
                "{} is a newer credential that could not be saved.",
                path.display()
            ),
        );
        match name
            .strip_suffix(".json.recovery")
            .and_then(|stem| stem.parse::<AccountKey>().ok())
        {
            Some(key) => found
                .advice("It is taken up by the next command that renews this login, for example:")
                .command(format!(
                    "oarlock token {} -a {} --force-refresh",
                    key.provider(),
                    key.account()
                )),
            None => found
                .advice("Nothing takes it up by itself. Once you are logged in again, remove it."),
        };
    }
}

/// Modes, owners and content of every credential file.
fn credential_files(directories: &Directories, report: &mut Report) {
    const CHECK: &str = "credential-files";
    let names = match private::list(&directories.credentials) {
        Ok(names) => names,
        Err(error) => {
            refused(report.problem(CHECK, "").kind(ErrorKind::Store), &error);
            return;
        }
    };
    let store = store(directories);
    let mut well = 0_usize;
    for name in names.iter().filter_map(|name| name.strip_suffix(".json")) {
        let path = directories.credentials.join(format!("{name}.json"));
        let Ok(key) = name.parse::<AccountKey>() else {
            report
                .warning(
                    CHECK,
                    format!(
                        "{} has a name that no login has; it is not used.",
                        path.display()
                    ),
                )
                .advice("A credential's file is called PROVIDER@ACCOUNT.json.");
            continue;
        };
        match store.load(&key) {
            Ok(_) => well += 1,
            Err(oarlock::store::StoreError::File(error)) => {
                refused(report.problem(CHECK, "").kind(ErrorKind::Store), &error);
            }
            Err(error) => {
                report
                    .problem(CHECK, sentence(&error.to_string()))
                    .kind(ErrorKind::Store);
            }
        }
    }
    match well {
        0 => {}
        1 => {
            report.ok(CHECK, "1 login is stored, in a file that is yours alone.");
        }
        _ => {
            report.ok(
                CHECK,
                format!("{well} logins are stored, in files that are yours alone."),
            );
        }
    }
}

/// Says why something was refused, and what to run where one command is enough.
fn refused<'a>(
    check: &'a mut super::report::Check,
    error: &PrivateError,
) -> &'a mut super::report::Check {
    match error {
        PrivateError::Mode { path, mode, right } => check
            .detail(format!(
                "{} can be accessed by others (mode {mode:03o}).",
                path.display()
            ))
            .advice("Take that right from them:")
            .command(format!("chmod {right:03o} '{}'", path.display())),
        PrivateError::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => check
            .detail(sentence(&error.to_string()))
            .advice("Make room on that disk, or move the files with OARLOCK_HOME."),
        PrivateError::Io { source, .. } if source.kind() == io::ErrorKind::ReadOnlyFilesystem => {
            check
                .detail(sentence(&error.to_string()))
                .advice("Move the files to a disk that can be written, with OARLOCK_HOME.")
        }
        _ => check.detail(sentence(&error.to_string())),
    }
}
