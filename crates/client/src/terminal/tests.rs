use std::time::Duration;

use oarlock_oauth::{endpoint::Endpoint, text::Untrusted};
use url::Url;

use super::*;

const NARROW: Screen = Screen {
    colour: false,
    width: Some(40),
};
const WIDE: Screen = Screen {
    colour: false,
    width: Some(200),
};
const PIPE: Screen = Screen {
    colour: false,
    width: None,
};
const COLOUR: Screen = Screen {
    colour: true,
    width: Some(80),
};

fn long_url() -> Url {
    Url::parse(&format!(
        "https://op.example.com/authorize?response_type=code&client_id=client&state={}",
        "s".repeat(120)
    ))
    .unwrap()
}

/// Calls `see` with every event.
fn every(mut see: impl FnMut(&Event<'_>)) {
    let url = long_url();
    let user_code = Untrusted::new("WDJB-MJHT");
    let verification_uri = Endpoint::parse("https://op.example.com/device").unwrap();
    let direct = Url::parse("https://op.example.com/device?user_code=WDJB-MJHT").unwrap();
    let (expires_in, timeout) = (Duration::from_secs(900), Duration::from_secs(300));
    for event in [
        Event::OpenUrl { url: &url },
        Event::Compare { code: "WDJB-MJHT" },
        Event::AnswerByRelay {
            callback_url: "https://relay.example.com/oauth/callback",
        },
        Event::BrowserOpened,
        Event::BrowserFailed {
            reason: "there is no browser here",
        },
        Event::PasteInvited { hosted_page: false },
        Event::PasteInvited { hosted_page: true },
        Event::PasteRefused {
            reason: "nothing was pasted",
        },
        Event::DeviceCode {
            user_code: &user_code,
            verification_uri: &verification_uri,
            verification_uri_complete: None,
            qr: None,
            expires_in,
        },
        Event::DeviceCode {
            user_code: &user_code,
            verification_uri: &verification_uri,
            verification_uri_complete: Some(&direct),
            qr: Some("█▀▀▀█\n█ ▄ █\n▀▀▀▀▀"),
            expires_in,
        },
        Event::DeviceOffered,
        Event::Waiting { timeout },
        Event::ForeignAnswer {
            reason: "this answer belongs to another login (its state differs)",
        },
        Event::Exchanging,
        Event::FinishingRefresh,
        Event::Warning {
            message: "port 1455 is taken by another program; the answer must be pasted",
        },
    ] {
        see(&event);
    }
}

fn all(screen: Screen) -> String {
    let mut text = String::new();
    every(|event| {
        for line in screen.lines(event) {
            text.push_str(&line);
            text.push('\n');
        }
        text.push_str("--\n");
    });
    text
}

#[test]
fn it_reads_well_at_eighty_columns() {
    insta::assert_snapshot!(all(Screen {
        colour: false,
        width: Some(80)
    }));
}

#[test]
fn it_reads_well_at_forty_columns() {
    insta::assert_snapshot!(all(NARROW));
}

#[test]
fn sentences_fit_and_addresses_stay_whole() {
    for width in [20, 40, 60, 80, 200] {
        every(|event| {
            for line in (Screen {
                colour: false,
                width: Some(width),
            })
            .lines(event)
            {
                let is_address = line.starts_with("https://");
                assert!(
                    is_address || line.chars().count() <= width.min(WIDEST),
                    "{width}: {line:?}"
                );
            }
        });
    }
    let url = long_url();
    for screen in [NARROW, WIDE, PIPE, COLOUR] {
        let lines = screen.lines(&Event::OpenUrl { url: &url });
        assert!(
            lines.iter().any(|line| line == url.as_str()),
            "{screen:?}: {lines:?}"
        );
    }
}

#[test]
fn the_user_code_stands_alone_between_empty_lines() {
    let code = Untrusted::new("WDJB-MJHT");
    let verification_uri = Endpoint::parse("https://op.example.com/device").unwrap();
    let event = Event::DeviceCode {
        user_code: &code,
        verification_uri: &verification_uri,
        verification_uri_complete: None,
        qr: None,
        expires_in: Duration::from_secs(600),
    };
    let lines = NARROW.lines(&event);
    let at = lines.iter().position(|line| line == "WDJB-MJHT").unwrap();
    assert_eq!((lines[at - 1].as_str(), lines[at + 1].as_str()), ("", ""));
}

#[test]
fn without_colour_there_is_no_escape() {
    for screen in [NARROW, WIDE, PIPE] {
        assert!(!all(screen).contains('\u{1b}'));
    }
    assert!(all(COLOUR).contains('\u{1b}'));
}

#[test]
fn no_color_and_dumb_terminals_are_honoured() {
    for pair in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        assert!(
            !Terminal::new(&Environment::from_pairs([pair])).colour,
            "{pair:?}"
        );
    }
}

#[test]
fn a_drawing_that_does_not_fit_is_not_broken() {
    let drawing = "█".repeat(41);
    let lines = NARROW.draw(Line::Drawing(drawing.clone()));
    assert!(lines.iter().all(|line| !line.contains('█')), "{lines:?}");
    for screen in [WIDE, PIPE] {
        assert_eq!(
            screen.draw(Line::Drawing(drawing.clone())).concat(),
            drawing
        );
    }
}

#[test]
fn hostile_06_a_user_code_cannot_write_on_the_terminal() {
    let code = Untrusted::new("AB\u{1b}]0;owned\u{7}CD\u{202e}\r\nEF");
    let verification_uri = Endpoint::parse("https://op.example.com/device").unwrap();
    let event = Event::DeviceCode {
        user_code: &code,
        verification_uri: &verification_uri,
        verification_uri_complete: None,
        qr: None,
        expires_in: Duration::from_secs(600),
    };
    for line in WIDE.lines(&event) {
        assert!(
            !line.chars().any(|c| c.is_control() || c == '\u{202e}'),
            "{line:?}"
        );
    }
}

#[tokio::test]
async fn a_service_has_nobody_to_ask() {
    assert!(!Silent.can_paste());
    assert_eq!(
        Silent.paste().await.unwrap_err().kind(),
        io::ErrorKind::UnexpectedEof
    );
}
