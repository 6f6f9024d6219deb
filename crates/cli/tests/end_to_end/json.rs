//! What `--json` prints has exactly the members that the reference names.

use std::collections::BTreeSet;

use oarlock_cli::reference::json::{JsonObject, OBJECTS};
use oarlock_testkit::FakeBrowser;
use serde_json::Value;

use crate::sandbox::{Sandbox, StoredLogin, server};

/// The values a pointer means, with `-` for every element of a list.
fn values<'a>(whole: &'a Value, pointer: &str) -> Vec<&'a Value> {
    let mut values = vec![whole];
    for step in pointer.split('/').skip(1) {
        values = values
            .into_iter()
            .flat_map(|value| match step {
                "-" => value.as_array().unwrap().iter().collect::<Vec<_>>(),
                member => vec![&value[member]],
            })
            .collect();
    }
    values
}

#[track_caller]
fn agrees(printed: &Value, object: &JsonObject) {
    let documented: BTreeSet<&str> = object.members.iter().map(|(member, _)| *member).collect();
    let found = values(printed, object.pointer);
    assert!(
        !found.is_empty(),
        "{} {}: {printed:#}",
        object.command,
        object.pointer
    );
    for value in found {
        let members: BTreeSet<&str> = value
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(members, documented, "{} {}", object.command, object.pointer);
    }
}

#[test]
fn the_reference_names_every_member() {
    let (sandbox, server) = (Sandbox::new(), server());
    StoredLogin::at(&server).write(&sandbox);
    let ada = crate::operator::with_somebody_signed_in(&sandbox);
    let mut commands: Vec<&str> = OBJECTS.iter().map(|object| object.command).collect();
    commands.dedup();
    for command in commands {
        let words = command.split_whitespace();
        let printed = match command {
            "login --json" => {
                let mut call = sandbox.oarlock(words);
                let running = call
                    .arguments([server.issuer(), "--flow", "loopback", "--no-browser"])
                    .spawn();
                FakeBrowser::new()
                    .visit_blocking(&running.login_address())
                    .unwrap();
                running.finish()
            }
            "provider test --json" | "doctor --json" => {
                sandbox.oarlock(words).arguments(["work"]).run()
            }
            "user show --json" => sandbox.run(["user", "show", &ada, "--json"]),
            "wait --json" => crate::relay::printed_as_json(&sandbox),
            "token --json" => sandbox.oarlock(words).arguments(["work"]).run(),
            _ => sandbox.run(words),
        };
        let printed = printed.ended_with(0).json();
        for object in OBJECTS.iter().filter(|object| object.command == command) {
            agrees(&printed, object);
        }
    }
}
