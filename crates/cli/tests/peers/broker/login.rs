//! `oarlock login` at our own broker, by every way there is.

use oarlock_testkit::FakeBrowser;

use super::{Broker, person::between, upstream::userinfo};
use crate::{
    call::Finished,
    sandbox::{Sandbox, fake_browser},
};

/// What can be done with a login, and that nothing is left of it after a logout.
#[track_caller]
fn is_a_login(sandbox: &Sandbox, broker: &Broker, login: &Finished) {
    assert_eq!(login.stdout, "", "{login:?}");
    assert!(login.stderr.contains("as ada@example.com"), "{login:?}");
    let sessions = broker.sessions_of_programs();
    assert_eq!(sessions.len(), 1, "{sessions:?}");
    assert_eq!(sessions[0]["client_id"], "oarlock");
    assert_eq!(sessions[0]["who"], "ada@example.com");

    let token = sandbox.token();
    assert_eq!(userinfo(sandbox, broker)["sub"], sessions[0]["user"]);
    let status = sandbox.run(["status", "--json"]).ended_with(0).json();
    let shown = &status["logins"][0];
    assert_eq!(shown["identity"], "ada@example.com");
    assert_eq!(shown["state"], "fresh");
    assert_eq!(shown["refreshable"], true);
    sandbox.run(["token", "--force-refresh"]).ended_with(0);
    assert_ne!(sandbox.token(), token);
    assert_eq!(
        broker.sessions_of_programs().len(),
        1,
        "it is the same login"
    );

    let refresh = sandbox.secret("refresh_token");
    let logout = sandbox.run(["logout"]).ended_with(0);
    assert!(sandbox.credential_files().is_empty(), "{logout:?}");
    assert!(broker.sessions_of_programs().is_empty(), "{logout:?}");
    for secret in [&token, &refresh] {
        login.keeps_secret(secret);
        logout.keeps_secret(secret);
    }
    sandbox.run(["token"]).ended_with(4);
}

#[test]
fn by_loopback() {
    let (broker, sandbox) = (Broker::of_made_up_people(""), Sandbox::new());
    let browser = fake_browser("--user ada");
    let login = sandbox.run(["login", &broker.url(), "--browser", &browser]);
    is_a_login(&sandbox, &broker, &login.ended_with(0));
}

#[test]
fn by_a_code_that_is_pasted() {
    let (broker, sandbox) = (Broker::of_made_up_people(""), Sandbox::new());
    let login = ["login", &broker.url(), "--flow", "paste", "--no-browser"];
    let mut login = sandbox.oarlock(login).spawn_with_input();
    let browser = FakeBrowser::new().user("ada");
    let visit = browser.visit_blocking(&login.login_address()).unwrap();
    assert_eq!((visit.status, visit.url.path()), (200, "/code"));
    let field = between(&visit.page, "<textarea", "</textarea>").unwrap();
    let (_, code) = field.split_once('>').unwrap();
    login.type_line(code);
    is_a_login(&sandbox, &broker, &login.finish().ended_with(0));
}

#[test]
fn by_device() {
    let settings = "[lifetimes]\ndevice_interval = 1\n";
    let (broker, sandbox) = (Broker::of_made_up_people(settings), Sandbox::new());
    let browser = fake_browser("--user ada");
    let login = [
        "login",
        &broker.url(),
        "--flow",
        "device",
        "--browser",
        &browser,
    ];
    let login = sandbox.run(login).ended_with(0);
    is_a_login(&sandbox, &broker, &login);
}

/// Whoever says no says it to the terminal too.
#[test]
fn a_no_ends_the_login_by_every_way() {
    let settings = "[lifetimes]\ndevice_interval = 1\n";
    let (broker, sandbox) = (Broker::of_made_up_people(settings), Sandbox::new());
    let browser = fake_browser("--deny");
    for flow in ["loopback", "device"] {
        let login = [
            "login",
            &broker.url(),
            "--flow",
            flow,
            "--browser",
            &browser,
        ];
        let login = sandbox.run(login).ended_with(5);
        assert!(login.stderr.contains("denied"), "{login:?}");
    }
    assert!(sandbox.credential_files().is_empty());
    assert!(broker.sessions_of_programs().is_empty());
}

#[test]
fn the_operator_ends_a_login_and_the_program_says_how_to_log_in_again() {
    let (broker, sandbox) = (Broker::of_made_up_people(""), Sandbox::new());
    let browser = fake_browser("--user ada");
    let login = ["login", &broker.url(), "--browser", &browser];
    sandbox.run(login).ended_with(0);
    broker.revoke(&broker.sessions_of_programs()[0]);
    let request = sandbox
        .run(["request", &broker.at("/userinfo")])
        .ended_with(4);
    assert!(request.stderr.contains("oarlock login"), "{request:?}");
    sandbox.run(login).ended_with(0);
    userinfo(&sandbox, &broker);
}
