//! `--backup`: a copy of the store, whole, made while the server runs.

use std::{path::Path, process::ExitCode};

use oarlock_io::private::PrivateError;
use oarlock_server::{
    broker::store::sqlite::BackupError,
    config::broker::{KeysHome, StoreConfig},
};

use super::super::operator;
use crate::{arguments::ServeArguments, failure::Failure, output};

pub(super) fn make(arguments: &ServeArguments, file: &Path) -> Result<ExitCode, Failure> {
    let kept = super::kept(arguments)?;
    let StoreConfig::Sqlite(path) = &kept.store;
    operator::open(path)?.backup(file, false)?;
    output::notice(&format!("Copied {} to {}.", path.display(), file.display()));
    if let KeysHome::File(keys) = &kept.keys.home {
        output::notice(&format!(
            "The keys are not in it: keep a copy of {} too, apart from this one and as secret.",
            keys.display()
        ));
    }
    Ok(ExitCode::SUCCESS)
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Store(error) => error.into(),
            BackupError::Exists(path) => Self::failed(format!(
                "{} is there already; name a new file",
                path.display()
            )),
            // The directory's: the file is made here. `chmod` is not advised, for it may be /tmp.
            BackupError::Private(PrivateError::Mode { path, .. }) => Self::failed(format!(
                "others can look into {}, and people's names are in a copy",
                path.display()
            ))
            .with_hint(
                "Name a directory that is yours alone (0700); one that is not there yet is made so",
            ),
            error => Self::failed(error.to_string()),
        }
    }
}
