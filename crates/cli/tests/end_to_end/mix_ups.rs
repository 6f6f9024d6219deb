//! Names, accounts and servers that could be taken for one another: no token comes from, or goes to, the wrong one.

use oarlock_testkit::{DEFAULT_CLIENT_ID, Endpoint, Server};
use serde_json::json;

use crate::sandbox::{Sandbox, StoredLogin, server};

fn configure(sandbox: &Sandbox, server: &Server, more: &str) {
    sandbox.configure(&format!(
        "[providers.work]\nissuer = \"{}\"\nclient_id = \"{DEFAULT_CLIENT_ID}\"\n{more}",
        server.issuer()
    ));
}

#[test]
fn hostile_12_a_login_serves_only_the_server_it_was_made_at() {
    let (sandbox, old, new) = (Sandbox::new(), server(), server());
    let login = StoredLogin::at(&old).write(&sandbox);
    // The same client id: nothing but the server tells the two apart.
    configure(&sandbox, &new, "");
    let whoami = new.at("/api/whoami");
    for login in [login, StoredLogin::at(&old).expired().write(&sandbox)] {
        for arguments in [
            vec!["token", "work"],
            vec!["token", "work", "--force-refresh"],
            vec!["request", "-p", "work", whoami.as_str()],
            vec!["request", whoami.as_str()],
            vec!["exec", "-p", "work", "--", "/bin/echo", "ran"],
            vec![
                "login",
                "work",
                "--flow",
                "loopback",
                "--no-browser",
                "--timeout",
                "2s",
            ],
        ] {
            let finished = sandbox.run(arguments.iter().copied()).ended_with(2);
            assert!(
                finished
                    .stderr
                    .contains(&format!("work is logged in at {}", old.issuer())),
                "{arguments:?}: {finished:?}"
            );
            assert!(
                finished.stderr.contains("oarlock logout work"),
                "{arguments:?}: {finished:?}"
            );
            finished.keeps_secret(&login.access_token());
        }
    }
    assert!(new.requests().is_empty() && old.requests().is_empty());
    let status = sandbox.run(["status"]).ended_with(0);
    assert!(
        status.stdout.contains("not used: work is logged in at"),
        "{status:?}"
    );
    // It can still be ended, where it was begun.
    sandbox.run(["logout", "work"]).ended_with(0);
    assert!(old.count(Endpoint::Revoke) > 0 && new.requests().is_empty());
}

#[test]
fn hostile_12_two_issuers_that_make_one_name_are_told_apart() {
    let (sandbox, server) = (Sandbox::new(), server());
    let name = server.issuer().strip_prefix("http://").unwrap();
    let name = format!("{}-staff", name.replace(':', "-"));
    let login = StoredLogin::at(&server)
        .provider(&name)
        .with_profile("issuer", json!(format!("{}/Staff", server.issuer())))
        .write(&sandbox);
    let right = format!("{}/Staff/", server.issuer());
    let finished = sandbox.run(["token", &right]).ended_with(0);
    assert_eq!(finished.stdout.trim_end(), login.access_token());
    let other = format!("{}/staff", server.issuer());
    let finished = sandbox.run(["token", &other]).ended_with(2);
    assert!(finished.stderr.contains("is logged in at"), "{finished:?}");
    finished.keeps_secret(&login.access_token());
    let finished = sandbox.run(["logout", &other]).ended_with(2);
    assert!(finished.stderr.contains("is logged in at"), "{finished:?}");
    assert!(server.requests().is_empty());
}

#[test]
fn an_account_that_is_named_gets_its_own_token_or_none() {
    let (sandbox, server) = (Sandbox::new(), server());
    configure(
        &sandbox,
        &server,
        "token_variables = [\"OFFICE_TOKEN\"]\napi_key_variables = [\"OFFICE_KEY\"]\n",
    );
    let call = |arguments: &[&str]| {
        let mut call = sandbox.oarlock(arguments.iter().copied());
        call.environment("OFFICE_TOKEN", "somebodys")
            .environment("OARLOCK_TOKEN_WORK", "somebodys")
            .environment("OFFICE_KEY", "somebodys");
        call
    };
    for arguments in [
        &["token", "work", "-a", "ada"][..],
        &["exec", "-p", "work", "-a", "ada", "--", "/bin/echo", "ran"],
        &[
            "request",
            "-p",
            "work",
            "-a",
            "ada",
            server.at("/api/whoami").as_str(),
        ],
    ] {
        let finished = call(arguments).run().ended_with(4);
        assert_eq!(finished.stdout, "", "{arguments:?}");
        assert!(
            finished.stderr.contains("oarlock login work -a ada"),
            "{finished:?}"
        );
    }
    let login = StoredLogin::at(&server).account("ada").write(&sandbox);
    let finished = call(&["token", "work", "-a", "ada"]).run().ended_with(0);
    assert_eq!(finished.stdout.trim_end(), login.access_token());
    // A refresh that fails is no reason to hand out another's token either.
    StoredLogin::at(&server)
        .account("ada")
        .expired()
        .write(&sandbox);
    server.revoke_all();
    let finished = call(&["token", "work", "-a", "ada"]).run().ended_with(4);
    assert_eq!(finished.stdout, "");
    assert_eq!(server.count(Endpoint::Resource), 0);
}

#[test]
fn an_account_in_the_environment_is_not_replaced_by_an_api_key_in_silence() {
    let (sandbox, server) = (Sandbox::new(), server());
    configure(&sandbox, &server, "api_key_variables = [\"OFFICE_KEY\"]\n");
    let finished = sandbox
        .oarlock(["token", "work"])
        .environment("OARLOCK_ACCOUNT", "ada")
        .environment("OFFICE_KEY", "the-key")
        .run()
        .ended_with(0);
    assert_eq!(finished.stdout, "the-key\n");
    assert!(
        finished.stderr.contains("Not logged in to work as \"ada\"")
            && finished.stderr.contains("OFFICE_KEY was used instead"),
        "{finished:?}"
    );
}

#[test]
fn a_request_says_when_the_api_key_stands_in_for_the_login() {
    let (sandbox, server) = (Sandbox::new(), server());
    configure(&sandbox, &server, "api_key_variables = [\"OFFICE_KEY\"]\n");
    StoredLogin::at(&server).expired().write(&sandbox);
    server.revoke_all();
    let finished = sandbox
        .oarlock(["request", "-p", "work", server.at("/api/echo").as_str()])
        .environment("OFFICE_KEY", "the-key")
        .run();
    assert!(
        finished.stderr.contains("OFFICE_KEY") && finished.stderr.contains("used instead"),
        "{finished:?}"
    );
    finished.keeps_secret_on_stderr("the-key");
}

#[test]
fn hostile_16_what_metadata_named_is_not_trusted_at_a_refresh_or_logout() {
    let (sandbox, named, stranger) = (Sandbox::new(), server(), server());
    let login = || {
        StoredLogin::at(&named)
            .expired()
            .with_profile("token_endpoint", json!(stranger.at("/token")))
            .with_profile("revocation_endpoint", json!(stranger.at("/revoke")))
    };
    let login_by_metadata = login().write(&sandbox);
    let finished = sandbox.run(["token"]).ended_with(2);
    assert!(
        finished.stderr.contains("has a private address"),
        "{finished:?}"
    );
    finished.keeps_secret(&login_by_metadata.refresh_token());
    let finished = sandbox.run(["logout", "work"]).ended_with(0);
    assert!(
        finished.stderr.contains("has a private address"),
        "{finished:?}"
    );
    assert!(stranger.requests().is_empty());
    // What the user named at login may be anywhere.
    login()
        .with("named", json!(["token_endpoint"]))
        .write(&sandbox);
    sandbox.run(["token"]).ended_with(4);
    assert_eq!(stranger.count(Endpoint::Token), 1);
}

#[test]
fn hostile_16_a_login_remembers_what_the_user_named() {
    let (sandbox, server) = (Sandbox::new(), server());
    configure(
        &sandbox,
        &server,
        &format!("token_endpoint = \"{}\"\n", server.at("/token")),
    );
    let running = sandbox
        .oarlock(["login", "work", "--flow", "loopback", "--no-browser"])
        .spawn();
    oarlock_testkit::FakeBrowser::new()
        .visit_blocking(&running.login_address())
        .unwrap();
    running.finish().ended_with(0);
    let stored = sandbox.stored();
    assert_eq!(stored["named"], json!(["token_endpoint"]));
    assert!(stored["profile"]["jwks_uri"].is_string());
}

#[test]
fn a_logout_ends_the_account_that_was_named_and_no_other() {
    let (sandbox, server) = (Sandbox::new(), server());
    StoredLogin::at(&server).write(&sandbox);
    let mut by_variable = sandbox.oarlock(["logout"]);
    by_variable.environment("OARLOCK_ACCOUNT", "ada");
    for call in [
        &mut sandbox.oarlock(["logout", "-a", "ada"]),
        &mut by_variable,
    ] {
        let finished = call.run().ended_with(0);
        assert!(
            finished
                .stderr
                .contains("Nobody was logged in to work as ada"),
            "{finished:?}"
        );
    }
    assert!(sandbox.credential_file().exists());
    sandbox.run(["logout", "-a", "default"]).ended_with(0);
    assert!(!sandbox.credential_file().exists());
}

#[test]
fn the_way_back_names_the_account() {
    let (sandbox, server) = (Sandbox::new(), server());
    StoredLogin::at(&server)
        .account("ada")
        .expired()
        .without_refresh_token()
        .write(&sandbox);
    let status = sandbox.run(["status"]).ended_with(0);
    assert!(
        status
            .stdout
            .contains("log in again: oarlock login work -a ada\n"),
        "{status:?}"
    );
}
