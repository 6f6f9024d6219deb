//! A broker's address is all that is needed, from `login` to `logout`.

use oarlock_testkit::{AuthorizationServer, Endpoint};

use crate::sandbox::Sandbox;

#[test]
fn from_login_to_logout_by_the_address_alone() {
    let sandbox = Sandbox::new();
    let server = AuthorizationServer::builder()
        .built_in("oarlock-cli", "/code")
        .start_blocking()
        .unwrap();
    let browser = oarlock_testkit::program("oarlock-fake-browser").unwrap();
    let healthy = sandbox.run(["doctor", server.issuer()]).ended_with(0);
    assert!(
        healthy.stdout.contains("client id: There is one"),
        "{healthy:?}"
    );
    let login = [
        "login",
        server.issuer(),
        "--browser",
        browser.to_str().unwrap(),
    ];
    let finished = sandbox.run(login).ended_with(0);
    assert_eq!(server.count(Endpoint::Register), 0);
    let code = finished
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("Compare: "));
    let code = code.unwrap_or_else(|| panic!("{finished:?}"));
    assert!(
        code.len() == 9 && code.chars().nth(4) == Some('-'),
        "{code}"
    );

    let status = sandbox.run(["status"]).ended_with(0);
    assert!(
        status.stdout.contains(": alice@example.com\n"),
        "{status:?}"
    );
    let token = sandbox.run(["token", server.issuer()]).ended_with(0);
    assert!(server.takes_access_token(token.stdout.trim_end()));

    let ended = sandbox.run(["logout", server.issuer()]).ended_with(0);
    assert!(ended.stderr.contains("took the tokens back"), "{ended:?}");
    assert!(!server.takes_access_token(token.stdout.trim_end()));
}

#[test]
fn another_name_of_this_machine_is_told_with_the_right_one() {
    let sandbox = Sandbox::new();
    let server = AuthorizationServer::builder().start_blocking().unwrap();
    let alias = server.issuer().replace("127.0.0.1", "localhost");
    let finished = sandbox.run(["login", &alias]).ended_with(1);
    let advice = format!(
        "Use the address as the server writes it: {}",
        server.issuer()
    );
    assert!(finished.stderr.contains(&advice), "{finished:?}");
}
