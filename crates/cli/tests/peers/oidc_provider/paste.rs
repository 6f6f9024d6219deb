//! Pasting the address at which the browser ended.

use oarlock_testkit::FakeBrowser;
use serde_json::json;

use crate::{
    provider::OidcProvider,
    sandbox::{CLIENT, Sandbox},
};

#[test]
fn the_person_can_paste_the_address_at_which_the_browser_ended() {
    let (sandbox, provider) = (Sandbox::new(), OidcProvider::start(&json!({})));
    let arguments = [
        "login",
        provider.issuer(),
        "--client-id",
        CLIENT,
        "--flow",
        "paste",
        "--no-browser",
    ];
    let mut login = sandbox.oarlock(arguments).spawn_with_input();
    let visit = FakeBrowser::new().user("ada").stop_at_redirect();
    let visit = visit.visit_blocking(&login.login_address()).unwrap();
    let redirect = visit.redirect.expect("the provider redirects");
    assert!(
        std::net::TcpStream::connect(("127.0.0.1", redirect.port().unwrap())).is_err(),
        "nobody listens where the browser ends"
    );
    login.type_line(redirect.as_str());
    let login = login.finish().ended_with(0);
    assert!(login.stderr.contains("as ada@example.test"), "{login:?}");
    assert_eq!(provider.userinfo(&sandbox.token()).body["sub"], "ada");
}

#[test]
fn another_logins_answer_cannot_be_pasted() {
    let (sandbox, provider) = (Sandbox::new(), OidcProvider::start(&json!({})));
    let arguments = [
        "login",
        provider.issuer(),
        "--client-id",
        CLIENT,
        "--flow",
        "paste",
        "--no-browser",
    ];
    let (first, mut second) = (
        sandbox.oarlock(arguments).spawn_with_input(),
        sandbox.oarlock(arguments).spawn_with_input(),
    );
    let visit = FakeBrowser::new().stop_at_redirect();
    let visit = visit.visit_blocking(&first.login_address()).unwrap();
    second.login_address();
    second.type_line(visit.redirect.unwrap().as_str());
    let second = second.finish().ended_with(1);
    assert!(
        second.stderr.contains("belongs to another login"),
        "{second:?}"
    );
    assert_eq!(
        provider.count("token authorization_code 200"),
        0,
        "the code was not sent on"
    );
    assert!(sandbox.credential_files().is_empty());
}
