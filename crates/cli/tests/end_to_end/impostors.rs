//! Servers that are not who they say, answers that were not asked for, addresses that lead elsewhere.

use oarlock_testkit::{DEFAULT_CLIENT_ID, Endpoint, FakeBrowser, Fault, Faults, Server};

use crate::sandbox::{Finished, Sandbox, server};

fn configured(server: &Server) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.configure(&format!(
        "[providers.work]\nissuer = \"{}\"\nclient_id = \"{DEFAULT_CLIENT_ID}\"\n",
        server.issuer()
    ));
    sandbox
}

/// A login by loopback with a browser that does everything right.
fn log_in(sandbox: &Sandbox) -> Finished {
    let running = sandbox
        .oarlock([
            "login",
            "work",
            "--flow",
            "loopback",
            "--no-browser",
            "--timeout",
            "20s",
        ])
        .spawn();
    // A login that is refused may end before the browser has its page.
    drop(FakeBrowser::new().visit_blocking(&running.login_address()));
    running.finish()
}

#[track_caller]
fn is_refused(sandbox: &Sandbox, finished: &Finished, what: impl std::fmt::Display) {
    assert_eq!(finished.code(), 1, "{what}: {finished:?}");
    assert!(finished.stderr.contains("error: "), "{what}: {finished:?}");
    assert!(
        sandbox
            .credential_names()
            .iter()
            .all(|name| !name.ends_with(".json")),
        "{what}: nothing is stored"
    );
}

#[test]
fn hostile_12_an_answer_of_another_issuer_is_refused_and_no_code_exchanged() {
    for fault in [Fault::WrongIss, Fault::NormalisedIss] {
        let server = server();
        let sandbox = configured(&server);
        server.set_faults(fault);
        is_refused(&sandbox, &log_in(&sandbox), fault);
        assert_eq!(server.count(Endpoint::Token), 0, "{fault}");
    }
}

#[test]
fn hostile_12_metadata_of_another_issuer_is_refused_before_anything_is_opened() {
    let server = server();
    let sandbox = configured(&server);
    server.set_faults(Fault::MetadataWrongIssuer);
    let finished = sandbox.run(["login", "work", "--flow", "loopback", "--no-browser"]);
    is_refused(&sandbox, &finished, "metadata-wrong-issuer");
    assert!(
        finished.stderr.contains("https://impostor.example"),
        "{finished:?}"
    );
    assert_eq!(server.count(Endpoint::Authorize), 0);
}

#[test]
fn hostile_04_an_answer_that_is_not_this_logins_is_not_waited_for_in_vain() {
    for fault in [
        Fault::MissingIss,
        Fault::StateDropped,
        Fault::StateChanged,
        Fault::DuplicateParameters,
        Fault::CodeAndError,
    ] {
        let server = server();
        let sandbox = configured(&server);
        server.set_faults(fault);
        let running = sandbox
            .oarlock([
                "login",
                "work",
                "--flow",
                "loopback",
                "--no-browser",
                "--timeout",
                "3s",
            ])
            .spawn();
        let visit = FakeBrowser::new()
            .visit_blocking(&running.login_address())
            .unwrap();
        assert!(
            visit.status >= 400,
            "{fault}: the page does not say that it worked"
        );
        let finished = running.finish();
        assert!([1, 6].contains(&finished.code()), "{fault}: {finished:?}");
        assert_eq!(server.count(Endpoint::Token), 0, "{fault}");
    }
}

#[test]
fn hostile_13_an_id_token_that_was_not_signed_by_the_issuer_is_refused() {
    for fault in [
        Fault::AlgNone,
        Fault::Hs256WithPublicKey,
        Fault::BadSignature,
        Fault::UnknownKid,
        Fault::IdTokenCrit,
        Fault::IdTokenJku,
    ] {
        let server = server();
        let sandbox = configured(&server);
        server.set_faults(fault);
        is_refused(&sandbox, &log_in(&sandbox), fault);
        assert!(
            server.count(Endpoint::Jwks) <= 2,
            "{fault}: no storm of key requests"
        );
        assert_eq!(server.count(Endpoint::Elsewhere), 0, "{fault}");
    }
}

#[test]
fn hostile_14_an_id_token_for_somebody_else_is_refused() {
    for fault in [
        Fault::WrongNonce,
        Fault::WrongAud,
        Fault::WrongAzp,
        Fault::WrongIdTokenIssuer,
        Fault::ExpiredIdToken,
    ] {
        let server = server();
        let sandbox = configured(&server);
        server.set_faults(fault);
        is_refused(&sandbox, &log_in(&sandbox), fault);
    }
}

#[test]
fn hostile_14_userinfo_about_another_person_is_not_believed() {
    let server = server();
    let sandbox = configured(&server);
    // The ID token names nobody, so userinfo is asked.
    sandbox.configure(&format!(
        "[providers.work]\nissuer = \"{}\"\nclient_id = \"{DEFAULT_CLIENT_ID}\"\nscopes = [\"openid\"]\n",
        server.issuer()
    ));
    server.set_faults(Fault::UserinfoWrongSubject);
    log_in(&sandbox).ended_with(0);
    assert_eq!(server.count(Endpoint::Userinfo), 1, "it was asked");
    let status = sandbox.run(["status"]).ended_with(0);
    assert!(!status.stdout.contains("somebody-else"), "{status:?}");
}

#[test]
fn hostile_15_a_server_without_pkce_is_refused() {
    let server = server();
    let sandbox = configured(&server);
    server.set_faults(Fault::PkceNotSupported);
    let finished = sandbox.run(["login", "work", "--flow", "loopback", "--no-browser"]);
    is_refused(&sandbox, &finished, "pkce-not-supported");
    assert!(finished.stderr.contains("PKCE"), "{finished:?}");
    assert_eq!(server.count(Endpoint::Authorize), 0);
}

#[test]
fn hostile_16_metadata_that_points_to_private_addresses_is_not_followed() {
    let server = server();
    let sandbox = configured(&server);
    server.set_faults(Fault::MetadataPrivateEndpoints);
    let finished = log_in(&sandbox).ended_with(2);
    assert!(
        finished.stderr.contains("has a private address"),
        "{finished:?}"
    );
    assert!(
        finished.stderr.contains("allow_private_hosts"),
        "{finished:?}"
    );
    assert!(
        sandbox
            .credential_names()
            .iter()
            .all(|name| !name.ends_with(".json"))
    );
}

#[test]
fn hostile_16_no_browser_is_sent_to_a_private_address_that_a_server_named() {
    for (fault, flow) in [
        (Fault::MetadataPrivateAuthorization, "loopback"),
        (Fault::DevicePrivateVerificationUri, "device"),
    ] {
        let server = server();
        let sandbox = configured(&server);
        server.set_faults(fault);
        let opened = sandbox.path("opened");
        let browser = format!("/bin/sh -c 'echo \"$1\" >> {}' sh %s", opened.display());
        let arguments = [
            "login",
            "work",
            "--flow",
            flow,
            "--timeout",
            "3s",
            "--browser",
            &browser,
        ];
        let finished = sandbox.run(arguments).ended_with(2);
        assert!(
            finished.stderr.contains("has a private address")
                && !finished.stderr.contains("open this address"),
            "{fault}: {finished:?}"
        );
        assert!(!opened.exists(), "{fault}");
    }
}

#[test]
fn hostile_16_discovery_that_redirects_elsewhere_is_not_followed() {
    for fault in [Fault::DiscoveryRedirectToPrivate, Fault::RedirectElsewhere] {
        let server = server();
        let sandbox = configured(&server);
        server.set_faults(fault);
        let finished = sandbox.run(["login", "work", "--flow", "loopback", "--no-browser"]);
        is_refused(&sandbox, &finished, fault);
        assert!(
            finished.stderr.contains("redirects elsewhere"),
            "{finished:?}"
        );
        assert_eq!(server.count(Endpoint::Elsewhere), 0, "{fault}");
    }
}

#[test]
fn hostile_07_a_token_request_is_not_sent_on_to_another_origin() {
    let server = server();
    let sandbox = configured(&server);
    server.set_faults(Fault::RedirectTokenToOtherOrigin);
    is_refused(
        &sandbox,
        &log_in(&sandbox),
        "redirect-token-to-other-origin",
    );
    assert_eq!(server.count(Endpoint::Elsewhere), 0);
}

#[test]
fn hostile_26_an_address_that_is_none_reaches_no_browser() {
    let opened = |sandbox: &Sandbox| sandbox.path("opened");
    let with_browser = |sandbox: &Sandbox, flow: &str| {
        let browser = format!(
            "/bin/sh -c 'echo \"$1\" >> {}' sh %s",
            opened(sandbox).display()
        );
        sandbox.run([
            "login",
            "work",
            "--flow",
            flow,
            "--browser",
            &browser,
            "--timeout",
            "3s",
        ])
    };
    for (fault, flow) in [
        (Fault::MetadataHostileEndpoint, "loopback"),
        (Fault::DeviceHostileVerificationUri, "device"),
    ] {
        let server = server();
        let sandbox = configured(&server);
        server.set_faults(fault);
        let finished = with_browser(&sandbox, flow);
        is_refused(&sandbox, &finished, fault);
        assert!(!opened(&sandbox).exists(), "{fault}");
        assert!(
            !finished.stderr.contains("renderer-cmd-prefix"),
            "{fault}: {finished:?}"
        );
    }
    // The same command does open a proper address, as one argument.
    let server = server();
    let sandbox = configured(&server);
    with_browser(&sandbox, "loopback").ended_with(6);
    let address = std::fs::read_to_string(opened(&sandbox)).unwrap();
    assert_eq!(address.lines().count(), 1);
    assert!(
        address.starts_with(server.issuer()) && address.contains("code_challenge="),
        "{address}"
    );
}

#[test]
fn a_token_that_is_no_bearer_token_is_refused() {
    let server = server();
    let sandbox = configured(&server);
    server.set_faults(Fault::TokenTypeMac);
    is_refused(&sandbox, &log_in(&sandbox), "token-type-mac");
}

#[test]
fn a_login_whose_answer_hangs_ends_by_itself() {
    let server = server();
    let sandbox = configured(&server);
    sandbox.configure(&format!(
        "[network]\ntimeout = 2\n[providers.work]\nissuer = \"{}\"\nclient_id = \"{DEFAULT_CLIENT_ID}\"\n",
        server.issuer()
    ));
    server.set_faults(Faults::from(Fault::Hang));
    let finished = log_in(&sandbox).ended_with(3);
    assert!(
        finished.stderr.contains("did not answer within"),
        "{finished:?}"
    );
}
