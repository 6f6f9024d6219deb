//! Programs of the operating system, through apt where that is possible.

use std::{path::Path, process::Command};

use crate::failure::Failure;
use crate::process;

struct Program {
    name: &'static str,
    packages: &'static [&'static str],
    purpose: &'static str,
}

/// Debian has a part of Python in a package of its own.
const VENV: &str = "python3 -m venv";

const PROGRAMS: &[Program] = &[
    Program {
        name: "cc",
        packages: &["gcc", "libc6-dev"],
        purpose: "to compile aws-lc, the cryptographic library",
    },
    Program {
        name: "c++",
        packages: &["g++"],
        purpose: "to compile libFuzzer",
    },
    Program {
        name: "python3",
        packages: &["python3"],
        purpose: "to wait at the relay and to log in as programs in Python do",
    },
    Program {
        name: VENV,
        packages: &["python3-venv"],
        purpose: "to install packages for those programs",
    },
    Program {
        name: "node",
        packages: &["nodejs"],
        purpose: "to run the certified OpenID provider",
    },
    Program {
        name: "npm",
        packages: &["npm"],
        purpose: "to install the certified OpenID provider",
    },
    Program {
        name: "chromium",
        packages: &["chromium"],
        purpose: "to log in with a real browser",
    },
    Program {
        name: "chromedriver",
        packages: &["chromium-driver"],
        purpose: "to drive the browser",
    },
    Program {
        name: "nginx",
        packages: &["nginx"],
        purpose: "to stand before the relay",
    },
    Program {
        // The server itself is not on the path.
        name: "pg_ctlcluster",
        packages: &["postgresql"],
        purpose: "to read the broker's SQL",
    },
];

pub(super) fn install() -> Result<(), Failure> {
    let missing = missing();
    if missing.is_empty() {
        println!("nothing is missing");
        return Ok(());
    }
    for program in &missing {
        println!("missing: {} ({})", program.name, program.purpose);
    }
    let packages: Vec<&str> = missing
        .iter()
        .flat_map(|program| program.packages)
        .copied()
        .collect();
    if process::find("apt-get").is_none() {
        let names: Vec<&str> = missing.iter().map(|program| program.name).collect();
        return Err(Failure::new(format!(
            "install these programs, then run this again: {}",
            names.join(" ")
        )));
    }
    if !is_root()? {
        return Err(Failure::new(format!(
            "run this, then this again:\n    {}",
            command_line(&packages)
        )));
    }
    process::run(apt_get().args(["update", "-qq"]))?;
    process::run(
        apt_get()
            .args(["install", "-qq", "-y", "--no-install-recommends"])
            .args(&packages),
    )?;
    match self::missing().first() {
        None => Ok(()),
        Some(program) => Err(Failure::new(format!(
            "{} is still missing after its package was installed",
            program.name
        ))),
    }
}

fn missing() -> Vec<&'static Program> {
    PROGRAMS
        .iter()
        .filter(|program| !is_there(program.name))
        .collect()
}

fn is_there(name: &str) -> bool {
    match name {
        VENV => process::output(Command::new("python3").args(["-c", "import ensurepip"])).is_ok(),
        _ => process::find(name).is_some() || is_server(name),
    }
}

/// Servers are where only root's `PATH` leads.
fn is_server(name: &str) -> bool {
    Path::new("/usr/sbin").join(name).exists()
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn is_root() -> Result<bool, Failure> {
    Ok(process::output(Command::new("id").arg("-u"))?.trim() == "0")
}

fn command_line(packages: &[&str]) -> String {
    format!(
        "sudo apt-get update && sudo apt-get install -y {}",
        packages.join(" ")
    )
}
