//! `oarlock demo`: the whole thing on loopback, each step said.
//!
//! Everything lives in a folder of its own, which is removed however the demo ends; the user's configuration and
//! credentials are neither read nor written. The story is the result, so it goes to standard output.

mod clock;
mod folder;
mod server;
mod stage;
mod story;
mod visitor;

use std::{process::ExitCode, time::Duration};

use oarlock_io::shutdown::Signals;

use crate::{arguments::DemoArguments, failure::Failure};
use folder::Folder;

/// What may still run when the story is over: a thread that writes a file.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) fn run(arguments: &DemoArguments) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (folder, result) = runtime.block_on(async {
        // Before there is anything to clean up.
        let mut signals = Signals::listen()?;
        let folder = Folder::new()?;
        let result = tokio::select! {
            result = story::tell(&folder, arguments.no_browser) => result,
            _ = signals.next() => Err(Failure::cancelled()),
        };
        Ok::<_, Failure>((folder, result))
    })?;
    runtime.shutdown_timeout(PATIENCE);
    let removed = folder.remove();
    result?;
    removed?;
    Ok(ExitCode::SUCCESS)
}
