//! Where a token comes from: variables, the login, API keys; and a provider made of variables alone.

use oarlock_testkit::{
    AuthorizationServer, Client, DEFAULT_CLIENT_ID, Endpoint, FakeBrowser, Fault, Server,
};

use crate::sandbox::{Call, Sandbox, StoredLogin, server};

/// A provider with one variable for tokens and one for keys.
fn configure(sandbox: &Sandbox, server: &Server) {
    sandbox.configure(&format!(
        "[providers.work]\nissuer = \"{}\"\nclient_id = \"{DEFAULT_CLIENT_ID}\"\ntoken_variables = [\"OFFICE_TOKEN\"]\napi_key_variables = [\"OFFICE_KEY\"]\n",
        server.issuer()
    ));
}

#[test]
fn the_only_configured_provider_needs_no_name() {
    let sandbox = Sandbox::new();
    sandbox.configure("[providers.work]\nissuer = \"https://work.example\"\n");
    let finished = sandbox.run(["token"]).ended_with(4);
    assert!(
        finished.stderr.contains("oarlock login work\n"),
        "{finished:?}"
    );
    let finished = sandbox
        .oarlock(["token"])
        .environment("OARLOCK_TOKEN_WORK", "given")
        .run()
        .ended_with(0);
    assert_eq!(finished.stdout, "given\n");
}

#[test]
fn the_first_that_has_one_wins() {
    let (sandbox, server) = (Sandbox::new(), server());
    configure(&sandbox, &server);
    let login = StoredLogin::at(&server).write(&sandbox);
    let with = |names: &[&str]| {
        let mut call = sandbox.oarlock(["token", "work"]);
        for name in names {
            call.environment(name, &format!("from-{name}"));
        }
        let finished = call.run().ended_with(0);
        assert_eq!(finished.stderr, "", "{names:?}");
        finished.stdout.trim_end().to_owned()
    };
    assert_eq!(
        with(&["OARLOCK_TOKEN_WORK", "OFFICE_TOKEN", "OFFICE_KEY"]),
        "from-OARLOCK_TOKEN_WORK"
    );
    assert_eq!(with(&["OFFICE_TOKEN", "OFFICE_KEY"]), "from-OFFICE_TOKEN");
    assert_eq!(with(&["OFFICE_KEY"]), login.access_token());
    assert_eq!(with(&[]), login.access_token());
    std::fs::remove_file(sandbox.credential_file()).unwrap();
    assert_eq!(with(&["OFFICE_KEY"]), "from-OFFICE_KEY");
    sandbox.run(["token", "work"]).ended_with(4);
    assert!(server.requests().is_empty());
}

#[test]
fn an_empty_variable_is_none() {
    let (sandbox, server) = (Sandbox::new(), server());
    configure(&sandbox, &server);
    let login = StoredLogin::at(&server).write(&sandbox);
    let finished = sandbox
        .oarlock(["token", "work"])
        .environment("OFFICE_TOKEN", "")
        .run()
        .ended_with(0);
    assert_eq!(finished.stdout.trim_end(), login.access_token());
}

#[test]
fn a_failed_refresh_falls_through_to_the_api_key_with_a_warning() {
    let (sandbox, server) = (Sandbox::new(), server());
    configure(&sandbox, &server);
    StoredLogin::at(&server).expired().write(&sandbox);
    for fault in [Fault::Unavailable503, Fault::Prose500] {
        server.set_faults(fault);
        let finished = sandbox
            .oarlock(["token", "work"])
            .environment("OFFICE_KEY", "the-key")
            .run()
            .ended_with(0);
        assert_eq!(finished.stdout, "the-key\n", "{fault}");
        assert!(
            finished.stderr.contains("warning: ") && finished.stderr.contains("OFFICE_KEY"),
            "{fault}: {finished:?}"
        );
        finished.keeps_secret_on_stderr("the-key");
    }
    server.set_faults([]);
    server.revoke_all();
    let finished = sandbox
        .oarlock(["token", "work", "--json"])
        .environment("OFFICE_KEY", "the-key")
        .run()
        .ended_with(0);
    assert_eq!(finished.json()["source"], "the API key in OFFICE_KEY");
    let finished = sandbox.run(["token", "work"]).ended_with(4);
    assert!(
        finished.stderr.contains("oarlock login work"),
        "{finished:?}"
    );
}

#[test]
fn a_store_that_cannot_be_used_is_not_answered_with_an_api_key() {
    let (sandbox, server) = (Sandbox::new(), server());
    configure(&sandbox, &server);
    StoredLogin::at(&server).write(&sandbox);
    std::fs::write(sandbox.credential_file(), "{").unwrap();
    sandbox
        .oarlock(["token", "work"])
        .environment("OFFICE_KEY", "the-key")
        .run()
        .ended_with(7);
}

#[test]
fn status_says_which_source_wins_and_why() {
    let (sandbox, server) = (Sandbox::new(), server());
    configure(&sandbox, &server);
    StoredLogin::at(&server).write(&sandbox);
    let mut call = sandbox.oarlock(["status"]);
    call.environment("OFFICE_TOKEN", "canary-token")
        .environment("OFFICE_KEY", "canary-key");
    let finished = call.run().ended_with(0);
    assert!(
        finished
            .stdout
            .contains("→ the variable OFFICE_TOKEN: used"),
        "{finished:?}"
    );
    assert!(
        finished
            .stdout
            .contains("the login to work: not used: the variable OFFICE_TOKEN comes first"),
        "{finished:?}"
    );
    finished.keeps_secret("canary");
}

/// A call with the environment's provider at this server.
fn with_provider(sandbox: &Sandbox, server: &Server, prefix: &str, arguments: &[&str]) -> Call {
    let mut call = sandbox.oarlock(arguments.iter().copied());
    call.environment(
        &format!("{prefix}AUTH_ENDPOINT"),
        server.at("/authorize").as_str(),
    )
    .environment(
        &format!("{prefix}TOKEN_ENDPOINT"),
        server.at("/token").as_str(),
    )
    .environment(
        &format!("{prefix}USERINFO_ENDPOINT"),
        server.at("/userinfo").as_str(),
    )
    .environment(&format!("{prefix}CLIENT_ID"), "fluid");
    call
}

#[test]
fn the_environment_alone_defines_a_provider() {
    for prefix in ["OARLOCK_OAUTH_", "FMCP_OAUTH_"] {
        let sandbox = Sandbox::new();
        let free = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let redirect = format!("http://localhost:{free}/callback");
        let server = AuthorizationServer::builder()
            .client(Client::public("fluid").redirect_uris([redirect.clone()]))
            .start_blocking()
            .unwrap();
        let mut call = with_provider(
            &sandbox,
            &server,
            prefix,
            &["login", "--flow", "loopback", "--no-browser"],
        );
        let running = call
            .environment(&format!("{prefix}REDIRECT_URI"), &redirect)
            .spawn();
        FakeBrowser::new()
            .visit_blocking(&running.login_address())
            .unwrap();
        running.finish().ended_with(0);
        assert_eq!(
            server.requests_to(Endpoint::Authorize)[0].query("scope"),
            Some("openid profile email")
        );
        for arguments in [&["token"][..], &["token", "env"]] {
            let token = with_provider(&sandbox, &server, prefix, arguments)
                .run()
                .ended_with(0);
            assert!(
                server.takes_access_token(token.stdout.trim_end()),
                "{prefix}{arguments:?}"
            );
        }
        with_provider(
            &sandbox,
            &server,
            prefix,
            &["request", server.at("/userinfo").as_str()],
        )
        .run()
        .ended_with(0);
    }
}

#[test]
fn half_a_provider_in_the_environment_is_refused() {
    let sandbox = Sandbox::new();
    let finished = sandbox
        .oarlock(["token", "env"])
        .environment("FMCP_OAUTH_CLIENT_ID", "fluid")
        .run()
        .ended_with(2);
    assert!(
        finished.stderr.contains("OAuth2 is not configured")
            && finished.stderr.contains("AUTH_ENDPOINT"),
        "{finished:?}"
    );
}

#[test]
fn a_token_in_the_environment_is_used_as_it_is() {
    let sandbox = Sandbox::new();
    for name in ["OARLOCK_OAUTH_ACCESS_TOKEN", "FMCP_OAUTH_ACCESS_TOKEN"] {
        for arguments in [&["token"][..], &["token", "env"]] {
            let finished = sandbox
                .oarlock(arguments.iter().copied())
                .environment(name, "manual-token")
                .run()
                .ended_with(0);
            assert_eq!(finished.stdout, "manual-token\n", "{name} {arguments:?}");
        }
    }
}
