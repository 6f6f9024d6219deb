//! A relay for programs that are not ours.

use std::fs;

use crate::{call::Running, sandbox::Sandbox};

/// A running `oarlock serve`; it ends when this is dropped.
pub(super) struct Relay {
    _running: Running,
    sandbox: Sandbox,
    url: String,
    programs: String,
    token: String,
}

impl Relay {
    /// One that takes programs on a Unix socket, with these further lines in the table `relay`.
    pub(super) fn on_a_unix_socket(lines: &str) -> Self {
        Self::start(lines)
    }

    /// The same on a port of loopback.
    pub(super) fn on_tcp(lines: &str) -> Self {
        Self::start(&format!("use_tcp = true\ntcp_fallback_port = 0\n{lines}"))
    }

    fn start(lines: &str) -> Self {
        let sandbox = Sandbox::new();
        let made = sandbox
            .run(["serve", "--new-token", "python"])
            .ended_with(0);
        let (_, table) = made.stderr.split_once("\n\n").unwrap();
        let file = sandbox.secret_file(
            "server.toml",
            &format!("listen = \"127.0.0.1:0\"\n[relay]\n{lines}\n{table}"),
        );
        let running = sandbox.oarlock(["serve", "--config", &file]).spawn();
        let told = |name: &'static str| {
            running.told(move |line| {
                let place = line.strip_prefix("  ")?.strip_prefix(name)?;
                Some(place.split_whitespace().next()?.to_owned())
            })
        };
        Self {
            url: format!("http://{}", told("HTTP")),
            programs: told("Programs"),
            token: made.stdout.trim().to_owned(),
            _running: running,
            sandbox,
        }
    }

    /// Where browsers come, without a path.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Where programs come: the path of a socket, or host and port.
    pub(super) fn programs(&self) -> &str {
        &self.programs
    }

    /// A bearer token that this relay knows.
    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// A folder for what a test needs.
    pub(super) fn folder(&self, name: &str) -> String {
        let folder = self.sandbox.path(name);
        fs::create_dir(&folder).unwrap();
        folder.to_str().unwrap().to_owned()
    }
}
