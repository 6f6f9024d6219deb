//! The older face: programs of FastHTML's example, and a stand-in that asks as they do.
//!
//! `OARLOCK_TEST_FASTHTML` may name a folder with `client-login.py`, `client-do.py` and `cli-client.py`, which are then used in place of
//! the stand-in; `OARLOCK_TEST_PYTHON` an interpreter that has what they need.

use std::{env, fs};

use serde_json::json;

use super::Broker;
use crate::{
    call::Finished,
    provider::OidcProvider,
    relay_python::{python, repository},
    sandbox::{Sandbox, fake_browser},
};

/// Runs one of the example's scripts, or what stands in for it, to its end.
#[track_caller]
fn run(name: &str, folder: &Sandbox, broker: &Broker) -> Finished {
    let stand_in = repository("peers/broker-clients/paircode.py");
    let host = broker.host();
    let named = env::var("OARLOCK_TEST_FASTHTML").ok();
    let scripts = named.iter().flat_map(|folder| ["--scripts", folder]);
    let arguments = [stand_in.as_str(), name, "--host", &host];
    let mut call = python(arguments.into_iter().chain(scripts));
    // Python puts the address where %s is.
    let browser = format!("{} %s", fake_browser("--user ada"));
    call.environment("BROWSER", &browser);
    call.directory(&folder.home());
    call.run().ended_with(0)
}

fn saved(folder: &Sandbox) -> String {
    fs::read_to_string(folder.home().join("auth_token.txt")).unwrap()
}

#[test]
fn a_script_logs_in_and_another_is_known_by_its_cookie() {
    let (broker, folder) = (Broker::of_made_up_people(""), Sandbox::new());
    let login = run("client-login.py", &folder, &broker);
    assert!(
        login.stdout.contains("Token saved to auth_token.txt"),
        "{login:?}"
    );
    let sessions = broker.sessions_of_programs();
    assert_eq!(sessions.len(), 1);
    assert_eq!(sessions[0]["kind"], "pairing");
    let id = sessions[0]["user"].as_str().unwrap();
    let done = run("client-do.py", &folder, &broker);
    assert_eq!(done.stdout, format!("You are authenticated as: {id}\n"));
    // The file holds the cookie and no more than that.
    let cookies: serde_json::Value = serde_json::from_str(&saved(&folder)).unwrap();
    let cookies = cookies.as_object().unwrap();
    assert_eq!(cookies.keys().collect::<Vec<_>>(), ["oarlock-session"]);
    let secret = cookies["oarlock-session"].as_str().unwrap();

    broker.revoke(&sessions[0]);
    let done = run("client-do.py", &folder, &broker);
    assert!(!done.stdout.contains(id), "{done:?}");
    broker.stop().keeps_secret(secret);
}

#[test]
fn a_scripts_login_outlives_its_broker() {
    let (broker, folder) = (Broker::of_made_up_people(""), Sandbox::new());
    run("client-login.py", &folder, &broker);
    let done = run("client-do.py", &folder, &broker);
    let broker = broker.killed_and_started_again();
    assert_eq!(run("client-do.py", &folder, &broker).stdout, done.stdout);
}

/// What the example's first version asked for.
#[test]
fn a_script_gets_the_providers_access_token_where_that_is_allowed() {
    let provider = OidcProvider::start(&json!({}));
    let pairing = "[pairing]\nreturns = \"access_token\"\n";
    let broker = Broker::before(&provider, "hand_out_tokens = true", pairing);
    let folder = Sandbox::new();
    let login = run("cli-client.py", &folder, &broker);
    assert!(
        login.stdout.contains("Authentication successful!"),
        "{login:?}"
    );
    let token = saved(&folder);
    assert_eq!(provider.userinfo(&token).body["email"], "ada@example.test");
    login.keeps_secret(&token);
    broker.stop().keeps_secret(&token);
}
