//! Python packages of `peers/*`, each in a virtual environment `target/peers/NAME/python`.

use std::process::Command;

use crate::failure::{Doing, Failure};
use crate::process;
use crate::workspace::Workspace;

use super::peers_with;

const REQUIREMENTS: &str = "requirements.txt";
/// The packages were locked for this one and later ones.
const OLDEST: &str = "import sys; sys.exit(sys.version_info < (3, 11))";

pub(super) fn install(workspace: &Workspace) -> Result<(), Failure> {
    for peer in peers_with(workspace, REQUIREMENTS)? {
        install_peer(workspace, &peer)?;
    }
    Ok(())
}

/// Installs one peer, unless its requirements are those that were installed last.
fn install_peer(workspace: &Workspace, name: &str) -> Result<(), Failure> {
    let from = workspace.root.join("peers").join(name).join(REQUIREMENTS);
    let to = workspace.peers().join(name);
    let wanted = workspace.read(&from)?;
    let installed = to.join("installed-requirements.txt");
    if std::fs::read_to_string(&installed).is_ok_and(|found| found == wanted) {
        println!("{name}: installed");
        return Ok(());
    }
    process::run(Command::new("python3").args(["-c", OLDEST]))
        .map_err(|_| Failure::new("python3 is missing or older than 3.11"))?;
    std::fs::create_dir_all(&to).doing(format_args!("make {}", to.display()))?;
    let environment = to.join("python");
    process::run(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&environment),
    )?;
    // Wheels with known checksums alone: nothing of these packages runs before a test starts it.
    process::run(
        Command::new(environment.join("bin/python"))
            .args([
                "-m",
                "pip",
                "--disable-pip-version-check",
                "install",
                "--quiet",
            ])
            .args([
                "--require-hashes",
                "--only-binary",
                ":all:",
                "--requirement",
            ])
            .arg(&from),
    )?;
    std::fs::write(&installed, wanted).doing(format_args!("write {}", installed.display()))
}
