//! `oarlock man`.

use std::{path::Path, process::ExitCode};

use clap::CommandFactory;

use crate::{
    arguments::{Arguments, ManArguments},
    failure::Failure,
    output, reference,
};

const FILES: [(&str, &str); 4] = [
    (
        "$XDG_CONFIG_HOME/oarlock/config.toml",
        "Configuration: providers of your own, and how logins go. Usually ~/.config/oarlock/config.toml.",
    ),
    (
        "$XDG_CONFIG_HOME/oarlock/server.toml",
        "Settings of oarlock serve. Usually ~/.config/oarlock/server.toml.",
    ),
    (
        "$XDG_STATE_HOME/oarlock/credentials/",
        "One file for each login, readable by you alone. Usually ~/.local/state/oarlock/credentials/.",
    ),
    (
        "$XDG_STATE_HOME/oarlock/server.db, server.keys",
        "Users, sessions and keys of a broker. Usually in ~/.local/state/oarlock/.",
    ),
];

pub(super) fn run(arguments: &ManArguments) -> Result<ExitCode, Failure> {
    let page = page()?;
    let Some(directory) = &arguments.directory else {
        output::write(&page)?;
        return Ok(ExitCode::SUCCESS);
    };
    pages(directory, &page).map_err(|error| {
        Failure::failed(format!("cannot write pages into {directory:?}: {error}"))
    })?;
    Ok(ExitCode::SUCCESS)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a manual is for everybody to read, not a private file"
)]
fn pages(directory: &Path, page: &str) -> std::io::Result<()> {
    std::fs::create_dir_all(directory)?;
    clap_mangen::generate_to(Arguments::command(), directory)?;
    std::fs::write(directory.join("oarlock.1"), page)
}

/// The program's own page, which alone says what all commands share.
fn page() -> Result<String, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Arguments::command().disable_help_subcommand(true)).render(&mut page)?;
    let mut page = String::from_utf8_lossy(&page).into_owned();
    page.push_str(&section("FILES", &FILES));
    page.push_str(&section("ENVIRONMENT", reference::VARIABLES));
    Ok(page)
}

fn section(title: &str, entries: &[(&str, &str)]) -> String {
    let mut text = format!(".SH {title}\n");
    for (name, meaning) in entries {
        text.push_str(&format!(
            ".TP\n\\fB{}\\fR\n{}\n",
            escaped(name),
            escaped(meaning)
        ));
    }
    text
}

/// A dash is a hyphen in roff unless it is escaped, and could then not be copied.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\e")
        .replace('-', "\\-")
        .replace('`', "")
}
