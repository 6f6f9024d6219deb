//! `--backup`: a copy of the store, whole, made while the server runs.

use std::{path::Path, process::ExitCode};

use crate::{arguments::ServeArguments, failure::Failure};

pub(super) fn make(arguments: &ServeArguments, file: &Path) -> Result<ExitCode, Failure> {
    let kept = super::kept(arguments)?;
    Err(Failure::failed(format!("{kept:?} {file:?}")))
}
