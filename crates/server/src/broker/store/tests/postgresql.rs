//! Every statement and migration on a real PostgreSQL. `cargo xtask setup` brings it; without it this test fails and says so.
#![cfg(unix)]

use std::{
    fs,
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::broker::store::{migrations::MIGRATIONS, statements::ALL};

/// The user whom the package makes: root may not run it.
const USER: &str = "postgres";
const PATIENCE: Duration = Duration::from_secs(60);

/// A server with a folder of its own and no address but a socket in it; it ends when this is dropped.
struct Server {
    process: Child,
    folder: TempDir,
}

impl Server {
    fn start() -> Self {
        // A socket's name may have 107 bytes.
        let folder = tempfile::Builder::new()
            .prefix("oarlock-pg-")
            .tempdir_in("/tmp")
            .unwrap();
        if is_root() {
            let id = |flag| -> u32 {
                let id = output(Command::new("id").args([flag, USER]));
                id.trim().parse().unwrap()
            };
            chown(folder.path(), Some(id("-u")), Some(id("-g"))).unwrap();
        }
        let data = folder.path().join("data");
        let data = data.to_str().unwrap();
        let fast = [
            "--auth=trust",
            "--no-sync",
            "--encoding=UTF8",
            "--locale=C",
            "--username=postgres",
        ];
        output(as_user(&program("initdb")).args(fast).args(["-D", data]));
        let mut process = as_user(&program("postgres"));
        process
            .args([
                "-D",
                data,
                "-c",
                "listen_addresses=",
                "-c",
                "fsync=off",
                "-k",
            ])
            .arg(folder.path())
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.path().join("log")).unwrap());
        let server = Self {
            process: process.spawn().unwrap(),
            folder,
        };
        let begun = now();
        while server.ask("SELECT 1").is_err() {
            let log = || fs::read_to_string(server.folder.path().join("log"));
            assert!(begun.elapsed() < PATIENCE, "{:?}", log());
            thread::sleep(Duration::from_millis(20));
        }
        server
    }

    /// Runs SQL; `Err`: what the server said.
    fn ask(&self, sql: &str) -> Result<String, String> {
        let output = Command::new(program("psql"))
            .args([
                "--no-psqlrc",
                "--quiet",
                "--tuples-only",
                "--no-align",
                "--set=ON_ERROR_STOP=1",
                "--username=postgres",
                "--dbname=postgres",
            ])
            .args(["--single-transaction", "--command", sql, "--host"])
            .arg(self.folder.path())
            .output()
            .unwrap();
        if output.status.success() {
            Ok(String::from_utf8(output.stdout).unwrap())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its children end when it does; SIGINT is its fast shutdown.
        let id = self.process.id().to_string();
        let asked = Command::new("kill").args(["-INT", &id]).status();
        assert!(asked.is_ok_and(|asked| asked.success()));
        self.process.wait().unwrap();
    }
}

fn is_root() -> bool {
    output(Command::new("id").arg("-u")).trim() == "0"
}

#[expect(clippy::disallowed_methods, reason = "how long the test waits")]
fn now() -> Instant {
    Instant::now()
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {text}");
    String::from_utf8(output.stdout).unwrap()
}

/// A command that is not root: as the same process, so that ending it ends the server.
fn as_user(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid", USER, "--regid", USER, "--clear-groups", "--"])
        .arg(program);
    // Where it is allowed to be.
    command.current_dir("/");
    command
}

/// Debian puts the server's programs in a folder for each version.
fn program(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut found: Vec<_> = versions
        .filter_map(|version| Some(version.ok()?.path().join("bin").join(name)))
        .filter(|path| path.exists())
        .collect();
    found.sort();
    found
        .pop()
        .or_else(|| {
            let path = oarlock_io::Environment::capture();
            let folders = path.get("PATH").unwrap_or_default();
            let mut folders = folders
                .split(':')
                .map(|folder| Path::new(folder).join(name));
            folders.find(|path| path.exists())
        })
        .unwrap_or_else(|| {
            panic!("there is no {name}: run `cargo xtask setup`, which installs PostgreSQL")
        })
}

#[test]
fn every_statement_is_one_that_postgresql_takes() {
    let server = Server::start();
    for migration in MIGRATIONS {
        let done = server.ask(migration.sql);
        assert!(
            done.is_ok(),
            "migration {}: {}",
            migration.version,
            done.unwrap_err()
        );
    }
    let failures: Vec<_> = ALL
        .iter()
        .filter_map(|(name, sql)| {
            let prepared = server.ask(&format!("PREPARE statement AS {sql}"));
            Some(format!("{name}: {}", prepared.err()?))
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
