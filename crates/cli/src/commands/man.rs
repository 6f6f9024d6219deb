//! `oarlock man`.

use std::process::ExitCode;

use clap::CommandFactory;

use crate::{
    arguments::{Arguments, ManArguments},
    failure::Failure,
    output,
};

pub(super) fn run(arguments: &ManArguments) -> Result<ExitCode, Failure> {
    if let Some(directory) = &arguments.directory {
        std::fs::create_dir_all(directory)?;
        clap_mangen::generate_to(Arguments::command(), directory)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(Arguments::command()).render(&mut page)?;
    output::write(&String::from_utf8_lossy(&page))?;
    Ok(ExitCode::SUCCESS)
}
