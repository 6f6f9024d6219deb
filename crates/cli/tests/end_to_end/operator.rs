//! What an operator does beside a running broker: `session`, `user`, `key`, `serve --backup`.

use std::{fs, os::unix::fs::PermissionsExt as _, time::Duration};

use rustix::process::Signal;
use serde_json::Value;

use crate::{
    person::Person,
    sandbox::{Call, Finished, Running, Sandbox, mode, write_private},
    serve::{ask, place},
};

const PAIRCODE: &str = "a-paircode-of-more-than-22-characters";

/// A broker that runs, with the upstream `dev`.
struct Broker {
    running: Running,
    url: String,
}

impl Broker {
    fn start(sandbox: &Sandbox) -> Self {
        Self::of(&mut sandbox.oarlock([
            "serve",
            "--upstream",
            "dev",
            "--listen",
            "127.0.0.1:0",
            "--no-relay",
        ]))
    }

    fn of(call: &mut Call) -> Self {
        let running = call.spawn();
        let url = place(&running, "Broker");
        Self { running, url }
    }

    fn address(&self) -> &str {
        self.url.strip_prefix("http://").unwrap()
    }

    fn get(&self, path: &str, header: &str) -> (u16, String) {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\n{header}Connection: close\r\n\r\n",
            self.address()
        );
        ask(self.address(), &request)
    }

    /// Logs a program of the older face in; its cookie.
    fn pair(&self, who: &str) -> String {
        let body = |(status, answer): (u16, String)| {
            assert_eq!(status, 200, "{answer}");
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            (head.to_owned(), body.trim().to_owned())
        };
        let paircode = format!("{PAIRCODE}-{who}");
        let (_, login) = body(self.get(&format!("/cli_login?paircode={paircode}"), ""));
        let done = Person::default().sign_in(&login, who);
        assert_eq!(done.status, 200, "{}", done.body);
        let (head, id) = body(self.get(&format!("/token?paircode={paircode}"), ""));
        assert!(!id.is_empty());
        let cookie = head
            .lines()
            .find_map(|line| line.strip_prefix("set-cookie: "))
            .unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }

    /// Whether a cookie still opens something.
    fn knows(&self, cookie: &str) -> bool {
        let (status, answer) = self.get("/secured", &format!("Cookie: {cookie}\r\n"));
        assert!([200, 401].contains(&status), "{answer}");
        status == 200
    }
}

/// A store where Ada signed in once; her id.
pub(crate) fn with_somebody_signed_in(sandbox: &Sandbox) -> String {
    Broker::start(sandbox).pair("ada");
    let users = json(sandbox, &["user", "list"]);
    users[0]["id"].as_str().unwrap().to_owned()
}

fn json(sandbox: &Sandbox, words: &[&str]) -> Value {
    let arguments = words.iter().chain(&["--json"]).copied();
    sandbox.run(arguments).ended_with(0).json()
}

fn run(sandbox: &Sandbox, words: &[&str]) -> Finished {
    sandbox.run(words.iter().copied())
}

#[test]
fn sessions_are_listed_and_ended_beside_the_server() {
    let sandbox = Sandbox::new();
    let audit = sandbox.path("audit.jsonl");
    let file = format!("[audit]\nfile = \"{}\"\n", audit.display());
    write_private(&sandbox.home().join("server.toml"), &file);
    let broker = Broker::start(&sandbox);
    let (ada, grace) = (broker.pair("ada"), broker.pair("grace"));
    assert!(broker.knows(&ada) && broker.knows(&grace));

    let sessions = json(&sandbox, &["session", "list"]);
    let sessions = sessions.as_array().unwrap();
    // A browser's and a program's of each.
    assert_eq!(sessions.len(), 4, "{sessions:#?}");
    let of_ada =
        |session: &&Value| session["who"] == "ada@example.com" && session["kind"] == "pairing";
    let session = sessions.iter().find(of_ada).unwrap();
    assert_eq!(session["alive"], true);
    assert_eq!(session["provider"], "dev");
    assert_eq!(session["from"], "127.0.0.1");
    let id = session["id"].as_str().unwrap();
    let table = run(&sandbox, &["session", "list"]).ended_with(0).stdout;
    let row = table.lines().find(|line| line.starts_with(id)).unwrap();
    assert!(
        row.contains("ada@example.com") && row.contains("a program"),
        "{table}"
    );

    let ended = run(&sandbox, &["session", "revoke", id]).ended_with(0);
    assert!(ended.stderr.contains("ada@example.com"), "{ended:?}");
    assert!(!broker.knows(&ada), "its cookie opens nothing");
    assert!(broker.knows(&grace), "others are not touched");
    let again = run(&sandbox, &["session", "revoke", id]).ended_with(0);
    assert!(again.stderr.contains("had ended before"), "{again:?}");
    assert_eq!(
        json(&sandbox, &["session", "list"])
            .as_array()
            .unwrap()
            .len(),
        3
    );
    let all = json(&sandbox, &["session", "list", "--all"]);
    let gone = all
        .as_array()
        .unwrap()
        .iter()
        .find(|session| session["id"] == id)
        .unwrap();
    assert!(
        gone["alive"] == false && gone["revoked_at"].is_string(),
        "{gone}"
    );

    let log = fs::read_to_string(&audit).unwrap();
    let lines = log
        .lines()
        .filter(|line| line.contains(id) && line.contains("operator"));
    assert_eq!(lines.count(), 1, "it is noted once: {log}");
    for cookie in [&ada, &grace] {
        let secret = cookie.split_once('=').unwrap().1;
        assert!(!log.contains(secret) && !table.contains(secret));
    }
    assert_eq!(mode(&audit), 0o600);
}

#[test]
fn people_are_listed_shown_and_removed() {
    let sandbox = Sandbox::new();
    let broker = Broker::start(&sandbox);
    let (ada, grace) = (broker.pair("ada"), broker.pair("grace"));
    let users = json(&sandbox, &["user", "list"]);
    let users = users.as_array().unwrap();
    assert_eq!(users.len(), 2);
    let found = users.iter().find(|user| user["subject"] == "ada").unwrap();
    assert_eq!(found["name"], "Ada Example");
    assert_eq!(found["email_verified"], true);
    let id = found["id"].as_str().unwrap();
    let table = run(&sandbox, &["user", "list"]).ended_with(0).stdout;
    assert!(table.starts_with("USER ") && table.contains(id), "{table}");

    let shown = json(&sandbox, &["user", "show", id]);
    assert_eq!(shown["sessions"].as_array().unwrap().len(), 2);
    let text = run(&sandbox, &["user", "show", id]).ended_with(0).stdout;
    assert!(
        text.contains("Ada Example") && text.contains("SESSION"),
        "{text}"
    );
    let only = json(&sandbox, &["session", "list", "--user", id]);
    assert_eq!(only.as_array().unwrap().len(), 2);
    let few = run(&sandbox, &["session", "list", "--limit", "1"]).ended_with(0);
    assert!(few.stderr.contains("more than 1"), "{few:?}");

    // Nobody is there to be asked.
    let unasked = run(&sandbox, &["user", "remove", id]).ended_with(2);
    assert!(unasked.stderr.contains("--yes"), "{unasked:?}");
    let removed = run(&sandbox, &["user", "remove", id, "--yes"]).ended_with(0);
    assert!(
        removed.stderr.contains("Removed ada@example.com"),
        "{removed:?}"
    );
    assert!(!broker.knows(&ada) && broker.knows(&grace));
    assert_eq!(
        json(&sandbox, &["user", "list"]).as_array().unwrap().len(),
        1
    );
    let back = broker.pair("ada");
    assert!(
        broker.knows(&back),
        "who may sign in comes back as somebody new"
    );
}

#[test]
fn what_is_not_there_is_said() {
    let sandbox = Sandbox::new();
    let none = run(&sandbox, &["session", "list"]).ended_with(1);
    assert!(
        none.stderr.contains("there is no store") && none.stderr.contains("--store"),
        "{none:?}"
    );
    assert!(!sandbox.home().join("server.db").exists(), "none is made");
    let broker = Broker::start(&sandbox);
    assert_eq!(
        run(&sandbox, &["session", "list"]).ended_with(0).stdout,
        "There are no sessions.\n"
    );
    assert_eq!(
        run(&sandbox, &["user", "list"]).ended_with(0).stdout,
        "Nobody has signed in yet.\n"
    );
    assert_eq!(
        json(&sandbox, &["session", "list"]),
        Value::Array(Vec::new())
    );
    for (words, said) in [
        (
            &["session", "revoke", "nobody\u{1b}[2J"][..],
            "there is no session",
        ),
        (&["user", "show", "nobody"], "there is no user \"nobody\""),
        (
            &["user", "remove", "nobody", "--yes"],
            "there is no user \"nobody\"",
        ),
        (
            &["session", "list", "--user", "nobody"],
            "oarlock user list",
        ),
    ] {
        let finished = run(&sandbox, words).ended_with(1);
        assert!(
            finished.stderr.contains(said) && !finished.stderr.contains('\u{1b}'),
            "{finished:?}"
        );
        assert_eq!(finished.stdout, "");
    }
    let wrong = run(&sandbox, &["user", "list", "--store", "server.db"]).ended_with(2);
    assert!(wrong.stderr.contains("write sqlite:"), "{wrong:?}");
    drop(broker);
}

#[test]
fn the_store_is_the_one_of_the_servers_configuration() {
    let sandbox = Sandbox::new();
    let store = format!("sqlite:{}", sandbox.path("elsewhere/broker.db").display());
    let file = sandbox.path("other.toml");
    write_private(
        &file,
        &format!(
            "upstream = [\"dev\"]\nstore = \"{store}\"\nlisten = \"127.0.0.1:0\"\nrelay.enabled = false\n"
        ),
    );
    let file = file.to_str().unwrap();
    let broker = Broker::of(&mut sandbox.oarlock(["serve", "--config", file]));
    assert_eq!(
        place(&broker.running, "Store"),
        store.strip_prefix("sqlite:").unwrap()
    );
    broker.pair("ada");
    run(&sandbox, &["user", "list"]).ended_with(1);
    for place in [["--config", file], ["--store", &store]] {
        let words = ["user", "list"]
            .iter()
            .chain(&place)
            .copied()
            .collect::<Vec<_>>();
        assert_eq!(json(&sandbox, &words).as_array().unwrap().len(), 1);
    }
    let mut call = sandbox.oarlock(["user", "list", "--json"]);
    let listed = call
        .environment("OARLOCK_STORE", &store)
        .run()
        .ended_with(0);
    assert_eq!(listed.json().as_array().unwrap().len(), 1);
    assert_eq!(mode(&sandbox.path("elsewhere/broker.db")), 0o600);
    assert_eq!(mode(&sandbox.path("elsewhere/broker.keys")), 0o600);
}

#[test]
fn keys_are_made_anew_on_schedule_or_at_once() {
    let sandbox = Sandbox::new();
    let broker = Broker::start(&sandbox);
    let first = json(&sandbox, &["key", "list"]);
    assert_eq!(first.as_array().unwrap().len(), 1);
    assert_eq!(first[0]["state"], "signing");
    let rotated = run(&sandbox, &["key", "rotate"]).ended_with(0);
    let next = rotated.stdout.trim();
    assert!(rotated.stderr.contains("signs in "), "{rotated:?}");
    let keys = json(&sandbox, &["key", "list"]);
    let state = |id: &str| {
        let keys = keys.as_array().unwrap();
        keys.iter().find(|key| key["id"] == id).unwrap()["state"].clone()
    };
    assert_eq!(state(next), "next");
    assert_eq!(state(first[0]["id"].as_str().unwrap()), "signing");
    let table = run(&sandbox, &["key", "list"]).ended_with(0).stdout;
    assert!(
        table.contains("signs in ") && table.contains("ES256"),
        "{table}"
    );

    let leaked = run(&sandbox, &["key", "rotate", "--now"]).ended_with(0);
    let keys = json(&sandbox, &["key", "list"]);
    assert_eq!(
        keys.as_array().unwrap().len(),
        1,
        "every other one is withdrawn: {keys}"
    );
    assert_eq!(keys[0]["id"], leaked.stdout.trim());
    // The server takes it up by itself.
    let published = || broker.get("/jwks.json", "").1;
    let until = std::time::Instant::now() + Duration::from_secs(60);
    while !published().contains(leaked.stdout.trim()) {
        assert!(std::time::Instant::now() < until, "{}", published());
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_copy_of_the_store_is_a_store() {
    let sandbox = Sandbox::new();
    let broker = Broker::start(&sandbox);
    let cookie = broker.pair("ada");
    let copy = sandbox.path("backup/copy.db");
    fs::create_dir(copy.parent().unwrap()).unwrap();
    fs::set_permissions(copy.parent().unwrap(), fs::Permissions::from_mode(0o700)).unwrap();
    let name = copy.to_str().unwrap();
    let made = run(&sandbox, &["serve", "--backup", name]).ended_with(0);
    assert!(made.stderr.contains("home/server.keys"), "{made:?}");
    assert_eq!(mode(&copy), 0o600);
    let again = run(&sandbox, &["serve", "--backup", name]).ended_with(1);
    assert!(again.stderr.contains("is there already"), "{again:?}");
    // What came later is not in it.
    broker.pair("grace");
    let store = format!("sqlite:{name}");
    let users = json(&sandbox, &["user", "list", "--store", &store]);
    assert_eq!(users.as_array().unwrap().len(), 1);
    assert!(broker.knows(&cookie));
    let restored = Broker::of(&mut sandbox.oarlock([
        "serve",
        "--upstream",
        "dev",
        "--listen",
        "127.0.0.1:0",
        "--no-relay",
        "--store",
        &store,
    ]));
    assert!(restored.knows(&cookie));
    let none = run(
        &sandbox,
        &["serve", "--backup", name, "--store", "sqlite:/no/such.db"],
    );
    assert!(none.ended_with(1).stderr.contains("there is no store"));
    // Nobody is told to close a directory that everybody uses.
    let open = sandbox.path("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    let name = open.join("copy.db");
    let refused = run(&sandbox, &["serve", "--backup", name.to_str().unwrap()]).ended_with(1);
    assert!(
        refused.stderr.contains("yours alone") && !refused.stderr.contains("chmod"),
        "{refused:?}"
    );
    assert!(!name.exists());
}

#[test]
fn a_restart_knows_whom_the_last_one_knew() {
    let sandbox = Sandbox::new();
    let first = Broker::start(&sandbox);
    let cookie = first.pair("ada");
    first.running.signal(Signal::TERM);
    first.running.finish().ended_with(0);
    let second = Broker::start(&sandbox);
    assert!(second.knows(&cookie));
}
