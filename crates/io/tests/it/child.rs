//! Other processes: this test program, run again in a role.

use crate::{
    disk, http_client, http_server, lock, open_files, private, programs, service_manager, socket,
    terminal, web_server,
};
use oarlock_io::Environment;
use std::{
    ffi::OsStr,
    process::{Command, Stdio},
};

const ROLE: &str = "OARLOCK_TEST_ROLE";

/// Not a test: the entry of the children. As a test of its own it only sees that it has no role.
#[test]
fn entry() {
    let environment = Environment::capture();
    let Some(role) = environment.get(ROLE) else {
        return;
    };
    let argument = |name: &str| environment.get(name).unwrap_or_default().to_owned();
    match role {
        "write for ever" => private::write_for_ever(&argument("TARGET")),
        "write with odd umasks" => private::with_odd_umasks(&argument("TARGET")),
        "hold the lock" => lock::hold(&argument("TARGET")),
        "count under the lock" => lock::count(&argument("TARGET")),
        "full disk" => disk::on_a_full_disk(&argument("TARGET"), &argument("FALLBACK")),
        "read-only disk" => disk::on_a_read_only_disk(&argument("TARGET")),
        "look up private names" => http_client::look_up_private(),
        "use the environment's proxy" => http_client::by_environment(),
        "serve with few descriptors" => {
            http_server::serve_with_few_descriptors(&argument("TARGET"))
        }
        "serve the web with few descriptors" => {
            web_server::serve_web_with_few_descriptors(&argument("TARGET"))
        }
        "read pasted" => terminal::read_pasted(),
        "read twice" => terminal::read_twice(),
        "tell the width" => terminal::width(),
        "print much" => terminal::print_much(),
        "exec" => programs::exec(),
        "hear signals" => programs::signals(),
        "log" => programs::log(),
        "listen when told" => socket::listen_when_told(&argument("TARGET")),
        "listen shared when told" => socket::listen_shared_when_told(&argument("TARGET")),
        "read when told" => socket::read_when_told(&argument("TARGET")),
        "be a stranger" => socket::be_a_stranger(),
        "accept with few descriptors" => {
            socket::accept_with_few_descriptors(&argument("TARGET"));
        }
        "take passed sockets" => service_manager::take_passed_sockets(),
        "raise the limit" => open_files::raise_the_limit(),
        other => panic!("no role {other:?}"),
    }
}

/// This program in a role, with its output piped or shown as the caller likes.
pub(crate) fn command(role: &str, arguments: &[(&str, &OsStr)]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    as_role(&mut command, role, arguments);
    command
}

/// The same in a mount namespace of its own, after `setup` (a shell script) has run in it.
///
/// As root that needs `CAP_SYS_ADMIN`, as somebody else unprivileged user namespaces.
pub(crate) fn in_namespace(setup: &str, role: &str, arguments: &[(&str, &OsStr)]) -> Command {
    let flags = ["-rm", "-m"].into_iter().find(|flags| {
        let tried = Command::new("unshare")
            .args([flags, "true"])
            .stderr(Stdio::null())
            .status();
        tried.is_ok_and(|status| status.success())
    });
    let flags = flags.expect(
        "this test needs a mount namespace: `unshare -rm true` must work (util-linux, and user namespaces or root)",
    );
    let mut command = Command::new("unshare");
    let script = format!("set -e; {setup}; exec \"$0\" \"$@\"");
    command
        .args([flags, "sh", "-c", &script])
        .arg(std::env::current_exe().unwrap());
    as_role(&mut command, role, arguments);
    command
}

/// The role for a command that starts this program by another way.
pub(crate) fn as_role(command: &mut Command, role: &str, arguments: &[(&str, &OsStr)]) {
    command
        .args(["--exact", "child::entry", "--nocapture"])
        .env(ROLE, role)
        .envs(arguments.iter().copied());
}
