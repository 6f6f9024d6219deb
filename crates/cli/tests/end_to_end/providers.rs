//! `oarlock provider …`.

use oarlock_testkit::{AuthorizationServer, DEFAULT_CLIENT_ID, Endpoint, Fault};

use crate::sandbox::{Sandbox, StoredLogin, mode, server};

#[test]
fn a_provider_is_added_shown_listed_and_removed() {
    let sandbox = Sandbox::new();
    let finished = sandbox
        .run([
            "provider",
            "add",
            "work",
            "--issuer",
            "https://login.example.com",
            "--client-id",
            "abc",
            "--scope",
            "openid",
            "--scope",
            "email",
            "--set",
            "title=The office",
            "--set",
            "pkce=\"optional\"",
        ])
        .ended_with(0);
    assert_eq!(finished.stdout, "");
    assert!(
        finished.stderr.contains("oarlock login work"),
        "{finished:?}"
    );
    assert_eq!(mode(&sandbox.home().join("config.toml")), 0o600);
    let show = sandbox.run(["provider", "show", "work"]).ended_with(0);
    for line in [
        "issuer = https://login.example.com",
        "client_id = abc",
        "scopes = openid email",
        "title = The office",
        "pkce = optional",
    ] {
        assert!(
            show.stdout.lines().any(|shown| shown == line),
            "{line}: {show:?}"
        );
    }
    let json = sandbox
        .run(["provider", "show", "work", "--json"])
        .ended_with(0)
        .json();
    assert_eq!(json["client_id"], "abc");
    let list = sandbox
        .run(["provider", "list", "--json"])
        .ended_with(0)
        .json();
    let work = list
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["name"] == "work")
        .unwrap();
    assert_eq!(
        (&work["origin"], &work["client_id"], &work["logged_in"]),
        (&"configuration".into(), &true.into(), &false.into())
    );
    assert!(
        list.as_array()
            .unwrap()
            .iter()
            .any(|row| row["name"] == "github" && row["origin"] == "built-in")
    );
    sandbox.run(["provider", "remove", "work"]).ended_with(0);
    sandbox.run(["provider", "remove", "work"]).ended_with(2);
    sandbox.run(["provider", "show", "work"]).ended_with(2);
}

#[test]
fn what_the_user_wrote_in_the_file_stays() {
    let sandbox = Sandbox::new();
    sandbox.configure("# mine\n[providers.home]\nissuer = \"https://a.example\" # at home\n");
    sandbox
        .run([
            "provider",
            "add",
            "work",
            "--issuer",
            "https://b.example",
            "--default",
        ])
        .ended_with(0);
    let text = std::fs::read_to_string(sandbox.home().join("config.toml")).unwrap();
    assert!(
        text.starts_with("default_provider = \"work\"\n")
            || text.contains("\ndefault_provider = \"work\"\n"),
        "{text}"
    );
    assert!(
        text.contains("# mine\n") && text.contains(" # at home\n"),
        "{text}"
    );
    sandbox.run(["provider", "remove", "work"]).ended_with(0);
    let text = std::fs::read_to_string(sandbox.home().join("config.toml")).unwrap();
    assert!(!text.contains("work"), "{text}");
    assert!(
        text.contains("# mine\n") && text.contains(" # at home\n"),
        "{text}"
    );
}

#[test]
fn comments_beside_what_changes_stay_too() {
    let sandbox = Sandbox::new();
    sandbox.configure(
        "# mine\ndefault_provider = \"home\" # for now\n[providers.home]\nissuer = \"https://a.example\"\n# asked for in May\nclient_id = \"a\" # old\n",
    );
    sandbox
        .run(["provider", "add", "home", "--client-id", "b", "--default"])
        .ended_with(0);
    assert_eq!(
        std::fs::read_to_string(sandbox.home().join("config.toml")).unwrap(),
        "# mine\ndefault_provider = \"home\" # for now\n[providers.home]\nissuer = \"https://a.example\"\n# asked for in May\nclient_id = \"b\" # old\n",
    );
}

#[test]
fn a_provider_that_could_not_be_read_again_is_not_saved() {
    let sandbox = Sandbox::new();
    sandbox.configure("# as it was\n");
    for wrong in [
        vec!["provider", "add", "work"],
        vec!["provider", "add", "Work", "--issuer", "https://a.example"],
        vec![
            "provider",
            "add",
            "../work",
            "--issuer",
            "https://a.example",
        ],
        vec!["provider", "add", "work", "--issuer", "http://a.example"],
        vec![
            "provider",
            "add",
            "work",
            "--issuer",
            "https://a.example?x=1",
        ],
        vec![
            "provider",
            "add",
            "work",
            "--issuer",
            "https://a.example",
            "--set",
            "titel=x",
        ],
        vec![
            "provider",
            "add",
            "work",
            "--issuer",
            "https://a.example",
            "--set",
            "pkce=never",
        ],
        vec!["provider", "add", "work", "--extends", "gihub"],
        // Defined by the environment, and hidden by it.
        vec!["provider", "add", "env", "--issuer", "https://a.example"],
        vec![
            "provider",
            "add",
            "github",
            "--client-secret-env",
            "the-s3cret itself",
        ],
        vec![
            "provider",
            "add",
            "work",
            "--issuer",
            "https://a.example",
            "--set",
            "authorization_parameters={state=\"x\"}",
        ],
    ] {
        let finished = sandbox.run(wrong.iter().copied()).ended_with(2);
        assert!(
            finished.stderr.contains("error: "),
            "{wrong:?}: {finished:?}"
        );
        for hidden in [".draft", "s3cret"] {
            assert!(!finished.stderr.contains(hidden), "{wrong:?}: {finished:?}");
        }
    }
    assert_eq!(
        std::fs::read_to_string(sandbox.home().join("config.toml")).unwrap(),
        "# as it was\n"
    );
    let mut left: Vec<_> = std::fs::read_dir(sandbox.home())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["config.lock", "config.toml"], "no draft is left");
}

#[test]
fn a_client_id_is_added_to_a_built_in_provider() {
    let sandbox = Sandbox::new();
    sandbox
        .run(["provider", "add", "github", "--client-id", "Iv1.mine"])
        .ended_with(0);
    let json = sandbox
        .run(["provider", "show", "github", "--json"])
        .ended_with(0)
        .json();
    assert_eq!(json["client_id"], "Iv1.mine");
    assert!(
        json["token_endpoint"]
            .as_str()
            .unwrap()
            .starts_with("https://github.com/"),
        "the catalogue's word stays: {json}"
    );
}

#[test]
fn a_secret_is_named_not_shown() {
    let sandbox = Sandbox::new();
    crate::sandbox::write_private(&sandbox.home().join("secret"), "canary-secret\n");
    sandbox
        .run([
            "provider",
            "add",
            "work",
            "--issuer",
            "https://a.example",
            "--client-id",
            "x",
            "--client-secret-file",
            "secret",
        ])
        .ended_with(0);
    for arguments in [
        vec!["provider", "show", "work"],
        vec!["provider", "show", "work", "--json"],
        vec!["provider", "list"],
    ] {
        let finished = sandbox.run(arguments).ended_with(0);
        finished.keeps_secret("canary-secret");
    }
    assert!(
        sandbox
            .run(["provider", "show", "work"])
            .stdout
            .contains("(set, not shown)")
    );
}

#[test]
fn a_test_asks_every_address_and_logs_nobody_in() {
    let (sandbox, server) = (Sandbox::new(), server());
    sandbox.configure(&format!(
        "[providers.work]\nissuer = \"{}\"\nclient_id = \"{DEFAULT_CLIENT_ID}\"\n",
        server.issuer()
    ));
    let finished = sandbox.run(["provider", "test", "work"]).ended_with(0);
    assert!(
        finished.stdout.lines().all(|line| line.starts_with("ok ")),
        "{finished:?}"
    );
    let json = sandbox
        .run(["provider", "test", server.issuer(), "--json"])
        .ended_with(0)
        .json();
    assert!(
        json["checks"]
            .as_array()
            .unwrap()
            .iter()
            .all(|check| check["ok"] == true),
        "{json}"
    );
    assert!(sandbox.credential_names().is_empty());
    assert_eq!(
        server.count(Endpoint::Authorize) + server.count(Endpoint::Register),
        0
    );
    server.set_faults(Fault::MetadataWrongIssuer);
    let finished = sandbox.run(["provider", "test", "work"]).ended_with(1);
    assert!(finished.stdout.contains("FAIL metadata: "), "{finished:?}");
}

#[test]
fn a_test_without_a_client_id_says_so() {
    let sandbox = Sandbox::new();
    let server = AuthorizationServer::builder()
        .without(Endpoint::Register)
        .start_blocking()
        .unwrap();
    let finished = sandbox
        .run(["provider", "test", server.issuer()])
        .ended_with(1);
    assert!(finished.stdout.contains("--client-id"), "{finished:?}");
}

#[test]
fn a_login_outlives_its_configuration() {
    let (sandbox, server) = (Sandbox::new(), server());
    let login = StoredLogin::at(&server).expired().write(&sandbox);
    let list = sandbox.run(["provider", "list"]).ended_with(0);
    assert!(
        list.stdout
            .lines()
            .any(|line| line.starts_with("work ") && line.contains("logged in")),
        "{list:?}"
    );
    let token = sandbox.run(["token", "work"]).ended_with(0);
    assert_ne!(token.stdout.trim_end(), login.access_token());
}
