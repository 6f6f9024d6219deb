//! npm packages of `peers/*`, installed under `target/peers`, and a Node.js that is new enough for them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Doing, Failure};
use crate::process;
use crate::workspace::Workspace;

use super::peers_with;

/// What oidc-provider asks for.
const OLDEST_NODE: u32 = 22;

/// The peer that is Node.js itself.
const NODE_PEER: &str = "node";

pub(super) fn install(workspace: &Workspace) -> Result<(), Failure> {
    provide_node(workspace)?;
    for peer in peers_with(workspace, "package.json")? {
        if peer != NODE_PEER {
            install_peer(workspace, &peer)?;
        }
    }
    Ok(())
}

/// Makes `target/peers/bin/node` a link to the machine's Node.js, or to npm's where that is too old.
fn provide_node(workspace: &Workspace) -> Result<(), Failure> {
    let found = process::find("node").ok_or_else(|| Failure::new("node is not on PATH"))?;
    // Our own folder may be on PATH already; a link must not come to point to itself.
    let found = found
        .canonicalize()
        .doing(format_args!("follow {}", found.display()))?;
    let version = node_version(&found)?;
    let node = if major(&version).is_some_and(|major| major >= OLDEST_NODE) {
        println!("node on PATH is {version}");
        found
    } else {
        println!("node on PATH is {version}, older than {OLDEST_NODE}: npm's is used");
        install_peer(workspace, NODE_PEER)?;
        packaged_node(&workspace.peers().join(NODE_PEER))?
    };
    let folder = workspace.peers().join("bin");
    std::fs::create_dir_all(&folder).doing(format_args!("make {}", folder.display()))?;
    link(&node, &folder.join("node"))
}

fn node_version(node: &Path) -> Result<String, Failure> {
    Ok(process::output(Command::new(node).arg("--version"))?
        .trim()
        .to_owned())
}

fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

fn packaged_node(peer: &Path) -> Result<PathBuf, Failure> {
    let modules = peer.join("node_modules");
    let entries = std::fs::read_dir(&modules).doing(format_args!("read {}", modules.display()))?;
    entries
        .flatten()
        .map(|entry| entry.path().join("bin/node"))
        .find(|node| node.is_file())
        .ok_or_else(|| {
            Failure::new(format!(
                "npm has no Node.js for this machine; install Node.js {OLDEST_NODE} or later"
            ))
        })
}

fn link(target: &Path, link: &Path) -> Result<(), Failure> {
    if std::fs::read_link(link).is_ok_and(|found| found == target) {
        return Ok(());
    }
    if link.symlink_metadata().is_ok() {
        std::fs::remove_file(link).doing(format_args!("remove {}", link.display()))?;
    }
    std::os::unix::fs::symlink(target, link).doing(format_args!("link {}", link.display()))
}

/// Installs one peer, unless its lock file is the one that was installed last.
fn install_peer(workspace: &Workspace, name: &str) -> Result<(), Failure> {
    let from = workspace.root.join("peers").join(name);
    let to = workspace.peers().join(name);
    let lock = workspace.read(from.join("package-lock.json"))?;
    let installed = to.join("installed-lock.json");
    if std::fs::read_to_string(&installed).is_ok_and(|found| found == lock) {
        println!("{name}: installed");
        return Ok(());
    }
    std::fs::create_dir_all(&to).doing(format_args!("make {}", to.display()))?;
    for file in ["package.json", "package-lock.json", ".npmrc"] {
        std::fs::copy(from.join(file), to.join(file))
            .doing(format_args!("copy {file} of peer {name}"))?;
    }
    // No install scripts: nothing of these packages runs before a test starts it.
    process::run(
        Command::new("npm")
            .args([
                "ci",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--loglevel=error",
            ])
            .current_dir(&to),
    )?;
    std::fs::write(&installed, lock).doing(format_args!("write {}", installed.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read() {
        assert_eq!(major("v22.23.3"), Some(22));
        assert_eq!(major("v9"), Some(9));
        assert_eq!(major("22.1.0"), None);
    }
}
