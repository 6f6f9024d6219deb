//! The terminal, by way of real pseudo-terminals.

mod pipes;

pub(crate) use pipes::{print_much, read_twice};

use crate::child;
use expectrl::{Eof, Expect as _, Session, session::OsSession};
use oarlock_io::{Environment, terminal};
use rustix::termios::{LocalModes, tcgetattr, tcsetwinsize};
use std::{
    io::{self, Write as _},
    process::Stdio,
    time::Duration,
};

/// A text as long as a code can be, whose end shows whether all of it came.
fn long_text(length: usize) -> String {
    let mut text: String = (0..)
        .map(|number: u32| format!("{number:x}."))
        .take(length)
        .collect();
    text.truncate(length - 3);
    text + "END"
}

/// Says what became of reading, without the text itself.
fn report(result: io::Result<String>) {
    match result {
        Ok(text) if text == long_text(text.len().max(4)) => {
            println!("whole text of {}", text.len())
        }
        Ok(text) => println!(
            "text of {}: {}",
            text.len(),
            text.chars().rev().collect::<String>()
        ),
        Err(error) => println!("error {:?}: {error}", error.kind()),
    }
}

/// A child of these tests: reads one pasted text, and sees that the terminal is as it was.
pub(crate) fn read_pasted() {
    let environment = Environment::capture();
    let seconds = environment
        .get("GIVE_UP_AFTER")
        .map_or(60, |seconds| seconds.parse().unwrap());
    let before = tcgetattr(io::stdin())
        .ok()
        .map(|termios| format!("{termios:?}"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let noticing = async {
            for number in 0.. {
                tokio::time::sleep(Duration::from_millis(50)).await;
                if environment.get("NOTICES").is_some() {
                    terminal::notice(&format!("notice {number}"));
                }
            }
        };
        tokio::select! {
            result = terminal::read_pasted() => report(result),
            () = tokio::time::sleep(Duration::from_secs(seconds)) => println!("gave up"),
            () = noticing => {}
        }
    });
    let after = tcgetattr(io::stdin())
        .ok()
        .map(|termios| format!("{termios:?}"));
    assert_eq!(before, after, "the terminal is not as it was");
    if before.is_some() {
        // What is left would be for the shell.
        let stdin = io::stdin();
        let mut watched = [rustix::event::PollFd::new(
            &stdin,
            rustix::event::PollFlags::IN,
        )];
        let soon = rustix::event::Timespec {
            tv_sec: 0,
            tv_nsec: 100_000_000,
        };
        let left = rustix::event::poll(&mut watched, Some(&soon)).unwrap();
        assert_eq!(left, 0, "input is left for the shell");
    }
    println!("restored");
}

/// A terminal in which the child waits for input.
fn waiting(arguments: &[(&str, &str)]) -> OsSession {
    let mut command = child::command("read pasted", &[]);
    command.envs(arguments.iter().copied());
    let mut session = Session::spawn(command).unwrap();
    session.set_expect_timeout(Some(Duration::from_secs(60)));
    // Bracketed paste goes on when the terminal is ready.
    session.expect("\x1b[?2004h").unwrap();
    session
}

/// Types, and returns what the terminal shows from then on.
fn shown_after(session: &mut OsSession, input: &[u8]) -> String {
    session.write_all(input).unwrap();
    session.flush().unwrap();
    rest(session)
}

fn rest(session: &mut OsSession) -> String {
    let found = session.expect(Eof).unwrap();
    let shown = String::from_utf8_lossy(found.as_bytes()).into_owned();
    assert!(shown.contains("restored"), "{shown}");
    assert!(
        shown.contains("\x1b[?2004l"),
        "bracketed paste stays on: {shown}"
    );
    shown
}

#[test]
fn a_long_bracketed_paste_arrives_whole_and_unseen() {
    let text = long_text(60 * 1024);
    let shown = shown_after(
        &mut waiting(&[]),
        format!("\x1b[200~{text}\x1b[201~\r").as_bytes(),
    );
    assert!(
        shown.contains(&format!("whole text of {}", text.len())),
        "{shown}"
    );
    assert!(shown.contains('•'), "{shown}");
    assert!(!shown.contains("1f.20."), "the text is shown: {shown}");
}

#[test]
fn a_bracketed_paste_with_a_line_break_needs_no_enter() {
    let text = long_text(5000);
    let shown = shown_after(
        &mut waiting(&[]),
        format!("\x1b[200~{text}\n\x1b[201~").as_bytes(),
    );
    assert!(shown.contains("whole text of 5000"), "{shown}");
}

#[test]
fn a_long_paste_without_brackets_arrives_whole() {
    let text = long_text(60 * 1024);
    let shown = shown_after(&mut waiting(&[]), format!("{text}\r").as_bytes());
    assert!(
        shown.contains(&format!("whole text of {}", text.len())),
        "{shown}"
    );
}

#[test]
fn what_follows_the_text_does_not_reach_the_shell() {
    // The child looks whether anything is left.
    let shown = shown_after(&mut waiting(&[]), b"code\rrm -rf x\rmore\r");
    assert!(shown.contains("text of 4: edoc"), "{shown}");
    // Far more than a terminal holds: most of it is on its way when the text ends.
    let lines = "rm -rf x\r".repeat(5000);
    let shown = shown_after(&mut waiting(&[]), format!("code\r{lines}").as_bytes());
    assert!(shown.contains("text of 4: edoc"), "{shown}");
}

#[test]
fn corrections_and_keys() {
    let shown = shown_after(&mut waiting(&[]), b"wrong\x15abX\x7f\x1b[Dc\r");
    assert!(shown.contains("text of 3: cba"), "{shown}");
}

#[test]
fn ways_to_cancel() {
    for (keys, expected) in [
        ("abc\x03", "error Interrupted: cancelled"),
        ("\x1b", "error Interrupted: cancelled"),
        ("\x04", "error UnexpectedEof"),
    ] {
        let shown = shown_after(&mut waiting(&[]), keys.as_bytes());
        assert!(shown.contains(expected), "{keys:?}: {shown}");
    }
}

#[test]
fn a_text_that_is_too_long_is_refused_whole() {
    let text = "x".repeat(64 * 1024 + 1);
    let shown = shown_after(
        &mut waiting(&[]),
        format!("\x1b[200~{text}\ny\x1b[201~\r").as_bytes(),
    );
    assert!(shown.contains("error InvalidData"), "{shown}");
}

#[test]
fn dropping_the_future_restores_the_terminal() {
    let mut session = waiting(&[("GIVE_UP_AFTER", "1")]);
    // Half a code is on its way when the login ends otherwise.
    let shown = shown_after(&mut session, &[b'x'; 100]);
    assert!(shown.contains("gave up"), "{shown}");
}

#[test]
fn notices_do_not_disturb_the_input() {
    let mut session = waiting(&[("NOTICES", "1")]);
    session.write_all(&[b'x'; 32]).unwrap();
    session.expect("••").unwrap();
    let line = session.expect("notice 3\r\n").unwrap();
    let before = String::from_utf8_lossy(line.as_bytes()).into_owned();
    // The echo is taken away before a notice, and put below it.
    assert!(before.contains("\r\x1b[Knotice 3\r\n"), "{before:?}");
    session.expect("••").unwrap();
    session.write_all(b"y\r").unwrap();
    assert!(rest(&mut session).contains("text of 33: yxxx"));
}

/// The child of [`the_width_of_the_terminal`].
pub(crate) fn width() {
    if terminal::input_is_terminal() {
        let size = |columns| rustix::termios::Winsize {
            ws_row: 10,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(io::stdin(), size(133)).unwrap();
        assert_eq!(terminal::width(), 133);
        tcsetwinsize(io::stdin(), size(0)).unwrap();
        assert!(terminal::is_terminal());
    } else {
        assert!(!terminal::is_terminal());
    }
    assert_eq!(terminal::width(), 80);
    println!("width checked");
}

#[test]
fn the_width_of_the_terminal() {
    let mut session = Session::spawn(child::command("tell the width", &[])).unwrap();
    session.expect("width checked").unwrap();
    let mut piped = child::command("tell the width", &[]);
    piped.stdin(Stdio::null()).stderr(Stdio::piped());
    assert!(piped.output().unwrap().status.success());
}

#[test]
fn line_mode_is_what_the_tests_take_it_for() {
    // The checks above compare settings: they must be able to differ.
    let pseudo = Session::spawn(std::process::Command::new("cat")).unwrap();
    let mut settings = tcgetattr(pseudo.get_stream()).unwrap();
    assert!(settings.local_modes.contains(LocalModes::ICANON));
    let before = format!("{settings:?}");
    settings.local_modes -= LocalModes::ICANON;
    assert_ne!(before, format!("{settings:?}"));
}
