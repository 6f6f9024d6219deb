//! SIGKILL at any moment of a refresh.

use std::{fs, time::Duration};

use oarlock_io::{Clock as _, SystemClock};
use oarlock_testkit::{AuthorizationServer, Endpoint};
use rustix::process::Signal;
use serde_json::Value;

use crate::sandbox::{Sandbox, StoredLogin, mode};

const SANDBOXES: u64 = 4;
const KILLS: u64 = 150;

/// Numbers that look random, the same ones each time (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// The file is whole, for us alone, and holds tokens that this server gave.
fn check(sandbox: &Sandbox) -> Value {
    let file = sandbox.credential_file();
    let stored = sandbox.stored();
    assert_eq!(mode(&file), 0o600);
    for member in ["access_token", "refresh_token"] {
        let token = stored[member].as_str().unwrap();
        assert_eq!(token.len(), 46, "{member} is whole");
    }
    assert!(fs::read_to_string(&file).unwrap().ends_with("}\n"));
    stored
}

#[test]
fn hostile_27_kill_9_during_refresh_or_write() {
    std::thread::scope(|scope| {
        for seed in 0..SANDBOXES {
            scope.spawn(move || kill_again_and_again(seed));
        }
    });
}

fn kill_again_and_again(seed: u64) {
    let sandbox = Sandbox::new();
    // The old refresh token stays good, so that a kill between answer and write loses nothing.
    let server = AuthorizationServer::builder()
        .refresh_rotation(false)
        .start_blocking()
        .unwrap();
    let login = StoredLogin::at(&server).write(&sandbox);
    let mut dice = Dice(seed);
    let mut longest = typical_run(&sandbox);
    let (mut killed, mut changed, mut last) = (0, 0, check(&sandbox));
    for _ in 0..KILLS {
        let running = sandbox.oarlock(["token", "--force-refresh"]).spawn();
        std::thread::sleep(Duration::from_micros(dice.below(longest)));
        running.signal(Signal::KILL);
        killed += u32::from(running.finish().code() == 137);
        let now = check(&sandbox);
        assert_eq!(now["refresh_token"], login.refresh_token());
        let is_new = now["access_token"] != last["access_token"];
        changed += u32::from(is_new);
        last = now;
        // Earlier after one that came too late, later after one that came too early: around the write.
        longest = if is_new {
            longest * 9 / 10
        } else {
            longest * 21 / 20
        };
    }
    assert!(killed > 20, "many were hit while they ran: {killed}");
    assert!(changed > 20, "many were hit after the write: {changed}");
    assert!(server.count(Endpoint::Token) > 0);
    // Locks of the dead hold nobody up, and what they left lying is no credential.
    let finished = sandbox.run(["token", "--force-refresh"]).ended_with(0);
    assert!(server.takes_access_token(finished.stdout.trim_end()));
    let names = sandbox.credential_names();
    assert!(
        names
            .iter()
            .all(|name| name.starts_with("work@default.json")
                || name.starts_with("work@default.lock")
                || name.starts_with(".oarlock-")),
        "{names:?}"
    );
    eprintln!("sandbox {seed}: {killed} killed, {changed} times a new credential");
}

/// How long a whole refresh takes here, in microseconds; a little more, so that late kills happen too.
fn typical_run(sandbox: &Sandbox) -> u64 {
    let start = SystemClock.monotonic();
    sandbox.run(["token", "--force-refresh"]).ended_with(0);
    u64::try_from((SystemClock.monotonic() - start).as_micros())
        .unwrap()
        .max(2_000)
}

#[test]
fn hostile_27_a_kill_before_the_first_login_is_saved_leaves_no_credential() {
    let sandbox = Sandbox::new();
    let server = AuthorizationServer::builder().start_blocking().unwrap();
    let running = sandbox
        .oarlock([
            "login",
            server.issuer(),
            "--flow",
            "loopback",
            "--no-browser",
        ])
        .spawn();
    running.login_address();
    running.signal(Signal::KILL);
    running.finish().ended_with(137);
    assert!(
        sandbox
            .credential_names()
            .iter()
            .all(|name| !name.ends_with(".json"))
    );
    sandbox.run(["status"]).ended_with(0);
}
