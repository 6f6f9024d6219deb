//! The program on a real pseudo-terminal: selections, pasting, narrow windows.

use std::{process::Command, time::Duration};

use expectrl::{Eof, Expect as _, Session, session::OsSession};
use oarlock_testkit::{
    AuthorizationServer, DEFAULT_CLIENT_ID, Endpoint, FakeBrowser, Fault, Faults, Server,
};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::sandbox::{Sandbox, StoredLogin, server};

/// The program in a terminal of so many columns; at its end the terminal shows the exit code, and whether it is not
/// as it was.
fn in_terminal(sandbox: &Sandbox, columns: u16, arguments: &str) -> OsSession {
    let mut command = Command::new("/bin/sh");
    // The size is set from outside while it waits.
    let script = format!(
        "read go; before=$(stty -g); \"$OARLOCK\" {arguments}; code=$?; \
         [ \"$(stty -g)\" = \"$before\" ] || echo 'the terminal is not as it was'; echo \"exit $code.\""
    );
    command.args(["-c", &script]).env_clear();
    command
        .env("PATH", "/usr/bin:/bin")
        .env("TERM", "xterm-256color")
        .env("OARLOCK", env!("CARGO_BIN_EXE_oarlock"))
        .env("OARLOCK_HOME", sandbox.home())
        .env("TMPDIR", sandbox.path(""));
    let mut session = Session::spawn(command).unwrap();
    session.set_expect_timeout(Some(Duration::from_secs(60)));
    let size = Winsize {
        ws_row: 40,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(session.get_stream(), size).unwrap();
    type_keys(&mut session, "\n");
    session
}

/// What the terminal shows until the end, without colours, line by line.
fn rest(session: &mut OsSession) -> Vec<String> {
    let found = session.expect(Eof).unwrap();
    let shown: Vec<String> = plain(&String::from_utf8_lossy(found.as_bytes()))
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    assert!(
        !shown
            .iter()
            .any(|line| line == "the terminal is not as it was"),
        "{shown:#?}"
    );
    shown
}

/// Without control sequences (`ESC [ … letter`).
fn plain(text: &str) -> String {
    let mut shown = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' => {
                let _ = characters.by_ref().skip(1).find(char::is_ascii_alphabetic);
            }
            '\r' => {}
            other => shown.push(other),
        }
    }
    shown
}

fn type_keys(session: &mut OsSession, keys: &str) {
    use std::io::Write as _;
    session.write_all(keys.as_bytes()).unwrap();
    session.flush().unwrap();
}

/// Two providers of one's own at one server.
fn two_providers(sandbox: &Sandbox, server: &Server) {
    let provider = |name: &str, title: &str| {
        let issuer = server.issuer();
        format!(
            "[providers.{name}]\ntitle = \"{title}\"\nissuer = \"{issuer}\"\nclient_id = \"{DEFAULT_CLIENT_ID}\"\n"
        )
    };
    sandbox
        .configure(&(provider("aaa", "The first office") + &provider("work", "The second office")));
}

#[test]
fn a_provider_is_chosen_and_who_is_logged_in_is_said() {
    let (sandbox, server) = (Sandbox::new(), server());
    two_providers(&sandbox, &server);
    StoredLogin::at(&server).write(&sandbox);
    let mut session = in_terminal(
        &sandbox,
        80,
        "login --flow loopback --no-browser --timeout 30s",
    );
    session
        .expect("The second office – logged in as alice@example.com")
        .unwrap();
    // By typing a part of it.
    type_keys(&mut session, "second\r");
    let address = address(&mut session);
    FakeBrowser::new()
        .user("bob")
        .visit_blocking(&address)
        .unwrap();
    let shown = rest(&mut session);
    assert!(
        shown
            .iter()
            .any(|line| line.contains("Logged in to The second office as bob@example.com.")),
        "{shown:#?}"
    );
    assert_eq!(shown.last().unwrap(), "exit 0.");
    assert_eq!(sandbox.stored()["identity"], "bob@example.com");
}

/// The address that a login shows.
fn address(session: &mut OsSession) -> url::Url {
    let found = session
        .expect(expectrl::Regex("http://[^ \r\n]*code_challenge[^ \r\n]*"))
        .unwrap();
    let text = String::from_utf8_lossy(found.get(0).unwrap()).into_owned();
    url::Url::parse(&text).unwrap()
}

#[test]
fn arrows_move_and_escape_leaves() {
    let (sandbox, server) = (Sandbox::new(), server());
    two_providers(&sandbox, &server);
    let mut session = in_terminal(
        &sandbox,
        80,
        "login --flow loopback --no-browser --timeout 1s",
    );
    session.expect("Esc to leave").unwrap();
    type_keys(&mut session, "\u{1b}[B\u{1b}[A\r");
    let shown = rest(&mut session);
    assert!(
        shown.iter().any(|line| line.contains("The first office")),
        "{shown:#?}"
    );
    assert_eq!(shown.last().unwrap(), "exit 6.", "{shown:#?}");
    for key in ["\u{1b}", "\u{3}"] {
        let mut session = in_terminal(&sandbox, 80, "login");
        session.expect("Esc to leave").unwrap();
        type_keys(&mut session, key);
        let shown = rest(&mut session);
        assert_eq!(shown.last().unwrap(), "exit 130.", "{shown:#?}");
    }
    assert_eq!(server.count(Endpoint::Authorize), 0);
}

#[test]
fn only_what_is_logged_in_can_be_logged_out() {
    let (sandbox, server) = (Sandbox::new(), server());
    two_providers(&sandbox, &server);
    for account in ["ada", "bob"] {
        StoredLogin::at(&server)
            .account(account)
            .with("identity", account.into())
            .write(&sandbox);
    }
    let mut session = in_terminal(&sandbox, 80, "logout");
    let before = session.expect("Esc to leave").unwrap();
    let shown = String::from_utf8_lossy(before.before()).into_owned();
    assert!(
        shown.contains("work – ada") && shown.contains("work – bob") && !shown.contains("first"),
        "{shown}"
    );
    type_keys(&mut session, "bob\r");
    let shown = rest(&mut session);
    assert_eq!(shown.last().unwrap(), "exit 0.", "{shown:#?}");
    assert_eq!(
        sandbox
            .credential_names()
            .into_iter()
            .filter(|name| name.ends_with(".json"))
            .collect::<Vec<_>>(),
        ["work@ada.json"]
    );
}

#[test]
fn what_is_pasted_is_taken_and_not_shown() {
    let sandbox = Sandbox::new();
    let server = AuthorizationServer::builder()
        .without(Endpoint::DeviceAuthorization)
        .start_blocking()
        .unwrap();
    two_providers(&sandbox, &server);
    // Nothing says that a browser is near: the listener and the paste race.
    for flow in ["auto", "paste"] {
        let mut session = in_terminal(
            &sandbox,
            80,
            &format!("login work --flow {flow} --timeout 30s"),
        );
        let address = address(&mut session);
        // Bracketed paste is on: the program reads.
        session.expect("\u{1b}[?2004h").unwrap();
        let redirect = FakeBrowser::new()
            .stop_at_redirect()
            .visit_blocking(&address)
            .unwrap()
            .redirect
            .unwrap();
        type_keys(&mut session, &format!("\u{1b}[200~{redirect}\u{1b}[201~\r"));
        let shown = rest(&mut session);
        let code = redirect
            .query_pairs()
            .find(|(name, _)| name == "code")
            .unwrap()
            .1
            .into_owned();
        assert!(
            !shown.iter().any(|line| line.contains(&code)),
            "{flow}: {shown:#?}"
        );
        assert_eq!(shown.last().unwrap(), "exit 0.", "{flow}: {shown:#?}");
    }
}

#[test]
fn a_second_paste_may_be_right() {
    let (sandbox, server) = (Sandbox::new(), server());
    two_providers(&sandbox, &server);
    let mut session = in_terminal(&sandbox, 80, "login work --flow paste --timeout 30s");
    let address = address(&mut session);
    session.expect("\u{1b}[?2004h").unwrap();
    type_keys(
        &mut session,
        "http://127.0.0.1:1/callback?code=x&state=of-another\r",
    );
    session.expect("Please paste again").unwrap();
    session.expect("\u{1b}[?2004h").unwrap();
    let redirect = FakeBrowser::new()
        .stop_at_redirect()
        .visit_blocking(&address)
        .unwrap()
        .redirect
        .unwrap();
    type_keys(&mut session, &format!("{redirect}\r"));
    assert_eq!(rest(&mut session).last().unwrap(), "exit 0.");
}

#[test]
fn the_terminal_is_as_it_was_after_ctrl_c() {
    let (sandbox, server) = (Sandbox::new(), server());
    two_providers(&sandbox, &server);
    let mut session = in_terminal(&sandbox, 80, "login work --flow paste");
    session.expect("\u{1b}[?2004h").unwrap();
    type_keys(&mut session, "half a co\u{3}");
    let shown = rest(&mut session);
    assert_eq!(shown.last().unwrap(), "exit 130.", "{shown:#?}");
}

/// Lines that are longer than the terminal, but for one word that cannot be broken (an address, a path) and for
/// commands that are to be copied.
fn too_long(shown: &[String], columns: usize) -> Vec<&String> {
    let whole = |line: &str| {
        line.split_whitespace().count() <= 1
            || line.trim_start().starts_with("oarlock ")
            || line.trim_start().starts_with("chmod ")
    };
    let longest_word = |line: &str| {
        line.split_whitespace()
            .map(|word| word.chars().count())
            .max()
            .unwrap_or(0)
    };
    shown
        .iter()
        .filter(|line| {
            line.chars().count() > columns && !whole(line) && longest_word(line) < columns - 12
        })
        .collect()
}

#[test]
fn a_narrow_terminal_is_enough() {
    let (sandbox, server) = (Sandbox::new(), server());
    two_providers(&sandbox, &server);
    StoredLogin::at(&server)
        .expired()
        .without_refresh_token()
        .write(&sandbox);
    for (arguments, last) in [
        ("doctor work", "exit 1."),
        ("demo --no-browser", "exit 0."),
        (
            "login work --flow loopback --no-browser --timeout 1s",
            "exit 6.",
        ),
    ] {
        let mut shown = rest(&mut in_terminal(&sandbox, 40, arguments));
        assert_eq!(shown.last().unwrap(), last, "{shown:#?}");
        // An error and its hint are left to the terminal to break: they hold what is copied.
        shown.truncate(
            shown
                .iter()
                .position(|line| line.starts_with("error: "))
                .unwrap_or(shown.len()),
        );
        assert_eq!(
            too_long(&shown, 40),
            Vec::<&String>::new(),
            "{arguments}: {shown:#?}"
        );
        assert!(shown.len() > 6, "{arguments}: {shown:#?}");
    }
}

#[test]
fn a_terminal_without_a_cursor_gets_no_selection() {
    let (sandbox, server) = (Sandbox::new(), server());
    two_providers(&sandbox, &server);
    let mut session = in_terminal(&sandbox, 80, "login; TERM=dumb \"$OARLOCK\" login");
    // The first is a selection; Escape leaves it.
    session.expect("Log in to").unwrap();
    type_keys(&mut session, "\u{1b}");
    let shown = rest(&mut session);
    assert!(
        shown
            .iter()
            .any(|line| line.contains("no provider was named")),
        "{shown:#?}"
    );
}

#[test]
fn what_follows_an_answer_stands_on_its_own_line() {
    let (sandbox, server) = (Sandbox::new(), server());
    StoredLogin::at(&server).write(&sandbox);
    server.set_faults(Faults::none().and_at(Fault::Prose500, Endpoint::Resource));
    let request = format!("request {}", server.at("/api/whoami"));
    let shown = rest(&mut in_terminal(&sandbox, 80, &request));
    assert!(
        shown.iter().any(|line| line.starts_with("HTTP 500")),
        "{shown:#?}"
    );
}

#[test]
fn a_person_is_removed_when_somebody_says_yes() {
    let sandbox = Sandbox::new();
    let ada = crate::operator::with_somebody_signed_in(&sandbox);
    for (keys, code) in [("\r", 130), ("n\r", 130), ("\u{1b}", 130), ("y\r", 0)] {
        let mut session = in_terminal(&sandbox, 80, &format!("user remove {ada}"));
        session
            .expect("Remove ada@example.com (dev) with all sessions?")
            .unwrap();
        type_keys(&mut session, keys);
        let shown = rest(&mut session);
        assert!(
            shown.contains(&format!("exit {code}.")),
            "{keys:?}: {shown:#?}"
        );
    }
    let mut session = in_terminal(&sandbox, 80, &format!("user remove {ada} --yes"));
    let shown = rest(&mut session);
    assert!(
        shown.contains(&"exit 1.".to_owned()),
        "there is nobody to ask for: {shown:#?}"
    );
}
