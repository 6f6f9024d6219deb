//! What README and the pages for operators tell people to type is what there is, and the files they show are right.

use std::{path::Path, process::Command};

use clap::Parser as _;
use oarlock_cli::arguments::Arguments;

use crate::{
    sandbox::{Finished, Sandbox, write_private},
    serve::place,
};

const README: &str = include_str!("../../../../README.md");
const BROKER: &str = include_str!("../../../../docs/broker.md");
const RELAY: &str = include_str!("../../../../docs/relay.md");
const SERVICE: &str = include_str!("../../../../deploy/systemd/server.toml");
const CONTAINER: &str = include_str!("../../../../deploy/docker/compose.broker.yaml");

/// Where both pages have the broker.
const HERE: &str = "http://127.0.0.1:5001";
const REDIRECT: &str = "https://login.example.com/redirect";

/// What stands between fences of a language, without what it is indented by.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}");
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if line.trim() == fence {
            let block = lines.by_ref().take_while(|line| line.trim() != "```");
            blocks.push(block.map(|line| line.trim().to_owned() + "\n").collect());
        }
    }
    blocks
}

/// Its command lines of ours, without comments.
fn commands(page: &str) -> Vec<String> {
    let lines = blocks(page, "sh").join("");
    lines
        .lines()
        .map(|line| line.split(" #").next().unwrap_or(line).trim())
        .map(|line| line.strip_prefix("runuser -u oarlock -- ").unwrap_or(line))
        .filter(|line| line.starts_with("oarlock "))
        .map(str::to_owned)
        .collect()
}

/// What the server says of a file that it is to serve.
fn checked(text: &str, variables: &[(&str, &str)]) -> Finished {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("etc");
    for secret in ["github.secret", "company.secret"] {
        write_private(&folder.join(secret), "secret\n");
    }
    let file = folder.join("server.toml");
    let text = ["/run/credentials/oarlock.service", "/etc/oarlock"]
        .iter()
        .fold(text.to_owned(), |text, place| {
            text.replace(place, folder.to_str().unwrap())
        });
    write_private(&file, &text);
    let mut call = sandbox.oarlock(["serve", "--check", "--config", file.to_str().unwrap()]);
    for (name, value) in variables {
        call.environment(name, value);
    }
    call.run()
}

#[test]
fn cargo_run_means_the_program() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
        .current_dir(root)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let defaults = metadata["workspace_default_members"].as_array().unwrap();
    let programs: Vec<&str> = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|package| defaults.contains(&package["id"]))
        .flat_map(|package| package["targets"].as_array().unwrap())
        .filter(|target| target["kind"][0] == "bin")
        .map(|target| target["name"].as_str().unwrap())
        .collect();
    assert_eq!(programs, ["oarlock"], "`cargo run -- demo` has to choose");
}

#[test]
fn every_line_of_the_pages_is_a_command_line() {
    for (page, least) in [(README, 16), (BROKER, 12), (RELAY, 4)] {
        let lines = commands(page);
        assert!(lines.len() >= least, "{lines:?}");
        for line in lines {
            let words = line.split_whitespace().map(|word| word.trim_matches('"'));
            if let Err(error) = Arguments::try_parse_from(words) {
                panic!("{line}: {error}");
            }
        }
    }
}

#[test]
fn the_servers_files_are_right() {
    let of = |page: &str| {
        let files = blocks(page, "toml");
        let whole = files
            .iter()
            .find(|file| file.contains("[upstreams.github]"));
        whole.unwrap().clone()
    };
    for file in [of(README), of(BROKER)] {
        let said = checked(&file, &[]).ended_with(0);
        assert!(said.stdout.contains(REDIRECT), "{said:?}");
        assert!(!said.stderr.contains("warning"), "{said:?}");
    }
    let own_tls = blocks(BROKER, "toml")
        .into_iter()
        .find(|file| file.contains("[tls]"))
        .unwrap();
    // All of it is read before the certificate, which is not there.
    let said = checked(
        &format!("upstream = [\"github\"]\n{own_tls}"),
        &[("OARLOCK_CLIENT_ID_GITHUB", "an-id")],
    )
    .ended_with(2);
    assert!(said.stderr.contains("there is no certificate"), "{said:?}");
}

#[test]
fn the_files_to_deploy_are_right() {
    let relay = checked(SERVICE, &[]).ended_with(0);
    assert!(relay.stdout.starts_with("OAuth relay."), "{relay:?}");
    // What is offered in comments; sentences have a space there.
    let both: String = SERVICE
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(offered) if !offered.starts_with(' ') => format!("{offered}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let broker = checked(&both, &[]).ended_with(0);
    assert!(broker.stdout.starts_with("OAuth broker.\n"), "{broker:?}");
    assert!(broker.stdout.contains(REDIRECT), "{broker:?}");

    let (_, content) = CONTAINER.split_once("content: |\n").unwrap();
    let (content, _) = content.split_once("\nvolumes:").unwrap();
    let variables = [
        ("OARLOCK_LISTEN", "0.0.0.0:5001"),
        ("OARLOCK_CLIENT_SECRET_GITHUB", "secret"),
    ];
    let container = checked(content, &variables).ended_with(0);
    assert!(container.stdout.contains(REDIRECT), "{container:?}");
}

#[test]
fn two_commands_are_a_broker_and_a_login() {
    for page in [README, BROKER] {
        let sandbox = Sandbox::new();
        let lines = commands(page);
        let words = |begin: &str| {
            let line = lines.iter().find(|line| line.starts_with(begin)).unwrap();
            line.split_whitespace().skip(1).map(str::to_owned).collect()
        };
        let run = |words: &[String]| sandbox.run(words.iter().map(String::as_str)).ended_with(0);
        let mut serve: Vec<String> = words("oarlock serve --upstream dev");
        serve.extend(["--listen", "127.0.0.1:0"].map(str::to_owned));
        let server = sandbox.oarlock(serve.iter().map(String::as_str)).spawn();
        let url = place(&server, "Broker");

        let mut login: Vec<String> = words(&format!("oarlock login {HERE}"));
        login[1].clone_from(&url);
        let browser = oarlock_testkit::program("oarlock-fake-browser").unwrap();
        let browser = format!("{} %s --user ada", browser.display());
        login.extend(["--browser".to_owned(), browser]);
        run(&login);
        let person = run(&["request".to_owned(), format!("{url}/userinfo")]);
        assert!(person.stdout.contains("ada@example.com"), "{person:?}");
        let sessions = run(&words("oarlock session list"));
        assert!(sessions.stdout.contains("ada@example.com"), "{sessions:?}");
    }
}
