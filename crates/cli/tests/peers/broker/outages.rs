//! Servers that die in the middle of a login.

use std::{
    io::{ErrorKind, Read as _},
    net::{TcpListener, TcpStream},
};

use http::{Request, header};
use oarlock_testkit::plain;
use serde_json::json;

use super::{
    Broker, COMPANY, company,
    person::Person,
    upstream::{log_in, sign_in, to_the_provider, userinfo, waiting},
};
use crate::{provider::OidcProvider, sandbox::Sandbox};

#[test]
fn a_provider_that_dies_before_its_code_is_redeemed_is_told_to_person_and_program() {
    let provider = OidcProvider::start(&json!({}));
    let broker = Broker::before(&provider, "", "");
    let (sandbox, mut person) = (Sandbox::new(), Person::default());
    let login = waiting(&sandbox, &broker);
    let page = to_the_provider(&mut person, &login, &provider);
    person.end_at(&broker.at("/redirect"));
    let back = sign_in(&mut person, &page);
    drop(provider);
    let page = person.open(&back.url);
    assert!(
        page.html.contains("the provider cannot be reached now"),
        "{}",
        page.html
    );
    let login = login.finish().ended_with(3);
    assert!(
        login.stderr.contains("the provider cannot be reached now"),
        "{login:?}"
    );
    assert!(sandbox.credential_files().is_empty());
    // The code is not tried a second time.
    let again = person.open(&back.url);
    assert_eq!(again.status, 409, "{}", again.html);
    assert!(broker.users().is_empty());
}

#[test]
fn a_provider_that_is_not_there_is_told_to_the_person_who_can_try_again() {
    let provider = OidcProvider::start(&json!({}));
    let broker = Broker::before(&provider, "", "");
    drop(provider);
    let (sandbox, mut person) = (Sandbox::new(), Person::default());
    let login = waiting(&sandbox, &broker);
    let sign_in = person.open(&login.login_address());
    for _ in 0..2 {
        let page = person.press(&sign_in, COMPANY);
        assert_eq!(page.status, 502, "{}", page.html);
    }
    // The program still waits: there may be another provider, and there is a button that says no.
    let page = person.press(&sign_in, "yes");
    assert!(page.url.path().ends_with("/callback"), "{}", page.url);
    login.finish().ended_with(5);
}

#[test]
fn a_provider_that_hangs_is_waited_for_no_longer_than_its_deadline_and_holds_up_nobody_else() {
    let (provider, mute) = (OidcProvider::start(&json!({})), Mute::start());
    let names = company(&provider).replace(
        &format!("\"{COMPANY}\"]"),
        &format!("\"{COMPANY}\", \"dev\"]"),
    );
    let broker = Broker::start(&format!(
        "{names}{}\ndeadline = 2\n",
        mute.as_token_endpoint()
    ));
    let (sandbox, mut person) = (Sandbox::new(), Person::default());
    let login = waiting(&sandbox, &broker);
    let page = to_the_provider(&mut person, &login, &provider);
    std::thread::scope(|scope| {
        let visit = scope.spawn(|| sign_in(&mut person, &page));
        let _asked = mute.is_asked();
        log_in(&Sandbox::new(), &broker, "dev");
        assert!(!visit.is_finished(), "it still waits");
        visit.join().unwrap();
    });
    let login = login.finish().ended_with(3);
    assert!(
        login.stderr.contains("the provider cannot be reached now"),
        "{login:?}"
    );
}

#[test]
fn hostile_34_a_login_goes_on_after_its_broker_was_killed_at_each_of_its_pages() {
    let provider = OidcProvider::start(&json!({}));
    // Consent is asked of programs that are not built in.
    let mytool = "[clients.mytool]\nredirect_uris = [\"http://127.0.0.1/callback\"]\n";
    let broker = Broker::before(&provider, "", mytool);
    let (earlier, sandbox, mut person) = (Sandbox::new(), Sandbox::new(), Person::default());
    log_in(&earlier, &broker, "grace");
    let url = broker.url();
    let login = ["login", &url, "--flow", "loopback", "--no-browser"];
    let login = login.into_iter().chain(["--client-id", "mytool"]);
    let login = sandbox.oarlock(login).spawn();
    let address = login.login_address();
    let page = person.open(&address);
    let broker = broker.killed_and_started_again();
    let page = person.press(&page, COMPANY);
    let broker = broker.killed_and_started_again();
    person.end_at(&broker.at("/redirect"));
    let back = sign_in(&mut person, &page);
    let broker = broker.killed_and_started_again();
    let consent = person.open(&back.url);
    assert_eq!(consent.url.path(), "/consent", "{}", consent.html);
    let broker = broker.killed_and_started_again();
    let mut query = address.query_pairs();
    let (_, callback) = query.find(|(name, _)| name == "redirect_uri").unwrap();
    person.end_at(&callback);
    let code = person.press(&consent, "allow");
    let broker = broker.killed_and_started_again();
    person.open(&code.url);
    login.finish().ended_with(0);
    assert_eq!(userinfo(&sandbox, &broker)["email"], "ada@example.test");
    // What was there before is there still, and the one code was redeemed once.
    assert_eq!(userinfo(&earlier, &broker)["email"], "grace@example.test");
    assert_eq!(broker.users().len(), 2);
    assert_eq!(broker.sessions_of_programs().len(), 2);
    assert_eq!(provider.count("token authorization_code 200"), 2);
    let broker = broker.killed_and_started_again();
    earlier.run(["token", "--force-refresh"]).ended_with(0);
    assert_eq!(userinfo(&sandbox, &broker)["email"], "ada@example.test");
}

/// Whether the provider has taken the code by then, nobody knows, so it is never sent again.
#[test]
fn hostile_34_a_broker_that_dies_while_it_asks_the_provider_says_so_and_asks_no_second_time() {
    let provider = OidcProvider::start(&json!({}));
    let mute = Mute::start();
    let broker = Broker::before(&provider, &mute.as_token_endpoint(), "");
    let (sandbox, mut person) = (Sandbox::new(), Person::default());
    let login = waiting(&sandbox, &broker);
    let page = to_the_provider(&mut person, &login, &provider);
    person.end_at(&broker.at("/redirect"));
    let back = sign_in(&mut person, &page);
    let visit = Request::get(back.url.as_str());
    let visit = visit.header(header::COOKIE, person.cookies(&back.url));
    let visit = visit.body(Vec::new()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let broker = std::thread::scope(|scope| {
        let visit = scope.spawn(|| runtime.block_on(plain::send(visit)));
        let _asked = mute.is_asked();
        let broker = broker.killed_and_started_again();
        visit.join().unwrap().unwrap_err();
        broker
    });
    let page = person.open(&back.url);
    assert_eq!(page.status, 409, "{}", page.html);
    assert!(mute.is_left_alone());
    assert!(broker.users().is_empty() && broker.sessions_of_programs().is_empty());
    drop(login);
}

/// A token endpoint that takes requests and never answers.
struct Mute(TcpListener);

impl Mute {
    fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    fn as_token_endpoint(&self) -> String {
        format!(
            "token_endpoint = \"http://{}/token\"",
            self.0.local_addr().unwrap()
        )
    }

    /// Waits for a whole request, and keeps its connection open.
    fn is_asked(&self) -> TcpStream {
        let (mut connection, _) = self.0.accept().unwrap();
        let mut request = Vec::new();
        let mut part = [0; 4096];
        while !request.windows(5).any(|window| window == b"code=") {
            let read = connection.read(&mut part).unwrap();
            assert_ne!(read, 0, "the request is whole");
            request.extend_from_slice(&part[..read]);
        }
        connection
    }

    /// Whether nobody has come since.
    fn is_left_alone(&self) -> bool {
        self.0.set_nonblocking(true).unwrap();
        self.0
            .accept()
            .is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }
}
