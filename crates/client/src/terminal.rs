//! Logging in at a terminal: plain sentences on standard error, input from the keyboard.

use std::{future::ready, io};

use oarlock_io::{Environment, terminal};

use crate::{
    duration::spell,
    interaction::{Event, Interaction, PasteFuture},
};

/// Sentences are broken at this width even where the terminal is wider: longer lines are hard to read.
const WIDEST: usize = 78;

/// Shows a login on standard error and reads what is pasted from the terminal.
#[derive(Clone, Copy, Debug)]
pub struct Terminal {
    colour: bool,
}

/// Shows nothing and asks nothing, for services: nobody is there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Terminal {
    /// The terminal of this process; without colour where `NO_COLOR` is set, `TERM` is `dumb`, or standard error is no terminal.
    pub fn new(environment: &Environment) -> Self {
        let wanted =
            environment.get("NO_COLOR").is_none() && environment.get("TERM") != Some("dumb");
        Self {
            colour: wanted && terminal::is_terminal(),
        }
    }
}

impl Interaction for Terminal {
    fn notify(&self, event: &Event<'_>) {
        let screen = Screen {
            colour: self.colour,
            width: terminal::is_terminal().then(terminal::width),
        };
        for line in screen.lines(event) {
            terminal::notice(&line);
        }
    }

    fn paste(&self) -> PasteFuture<'_> {
        Box::pin(terminal::read_pasted())
    }

    /// Whether standard input is a terminal: a pipe may be meant for somebody else, and is read only when pasting was asked for.
    fn can_paste(&self) -> bool {
        terminal::input_is_terminal()
    }
}

impl Interaction for Silent {
    fn notify(&self, _event: &Event<'_>) {}

    fn paste(&self) -> PasteFuture<'_> {
        Box::pin(ready(Err(io::ErrorKind::UnexpectedEof.into())))
    }

    fn can_paste(&self) -> bool {
        false
    }
}

/// How things are written: the only place that knows colours and widths.
#[derive(Clone, Copy, Debug)]
struct Screen {
    colour: bool,
    /// Columns; `None` where lines are not broken (a file, a pipe).
    width: Option<usize>,
}

/// What a line is.
enum Line {
    /// May be broken between words.
    Sentence(String),
    /// A sentence that should not be overlooked.
    Alarm(String),
    /// An address: alone on its line, whole, unindented, so that it can be clicked and copied.
    Address(String),
    /// The code to type.
    Code(String),
    /// A QR code, line by line.
    Drawing(String),
    /// Nothing.
    Space,
}

impl Screen {
    fn lines(self, event: &Event<'_>) -> Vec<String> {
        lines_of(event)
            .into_iter()
            .flat_map(|line| self.draw(line))
            .collect()
    }

    fn draw(self, line: Line) -> Vec<String> {
        match line {
            Line::Sentence(text) => self.wrapped(&text),
            Line::Alarm(text) => self
                .wrapped(&text)
                .iter()
                .map(|line| self.coloured("33", line))
                .collect(),
            Line::Address(text) => vec![text],
            Line::Code(text) => vec![self.coloured("1", &text)],
            Line::Drawing(text) if self.has_room_for(&text) => {
                // White on black whatever the theme: most readers want dark modules on light.
                text.lines()
                    .map(|line| self.coloured("97;40", line))
                    .collect()
            }
            Line::Drawing(_) => self.wrapped("(The terminal is too narrow for the QR code.)"),
            Line::Space => vec![String::new()],
        }
    }

    fn has_room_for(self, drawing: &str) -> bool {
        let columns = drawing
            .lines()
            .map(|line| line.chars().count())
            .max()
            .unwrap_or(0);
        self.width.is_none_or(|width| columns <= width)
    }

    fn coloured(self, style: &str, text: &str) -> String {
        if self.colour {
            format!("\u{1b}[{style}m{text}\u{1b}[0m")
        } else {
            text.into()
        }
    }

    /// Breaks between words; a word that is too long stays whole.
    fn wrapped(self, text: &str) -> Vec<String> {
        let width = self.width.map_or(usize::MAX, |width| width.min(WIDEST));
        let mut lines: Vec<String> = Vec::new();
        for word in text.split(' ') {
            match lines.last_mut() {
                Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                    line.push(' ');
                    line.push_str(word);
                }
                _ => lines.push(word.into()),
            }
        }
        lines
    }
}

fn lines_of(event: &Event<'_>) -> Vec<Line> {
    match event {
        Event::OpenUrl { url } => vec![
            sentence("To log in, open this address in a browser:"),
            Line::Space,
            Line::Address(url.as_str().into()),
            Line::Space,
        ],
        Event::Compare { code } => vec![
            sentence(format!("Compare: {code}")),
            sentence(
                "The page must show the same code. If it does not, it is not yours: close it.",
            ),
            Line::Space,
        ],
        Event::BrowserOpened => vec![sentence("A browser was opened with it.")],
        Event::BrowserFailed { reason } => {
            vec![sentence(format!(
                "No browser could be opened ({reason}). Please open the address yourself."
            ))]
        }
        Event::PasteInvited { hosted_page: true } => {
            vec![sentence(
                "At the end the page shows a code. Paste it here and press Enter.",
            )]
        }
        Event::PasteInvited { hosted_page: false } => vec![sentence(
            "If the browser ends at a page that cannot be reached, paste the address of that page here and press Enter.",
        )],
        Event::PasteRefused { reason } => {
            vec![Line::Alarm(format!(
                "That does not serve: {reason}. Please paste again."
            ))]
        }
        Event::DeviceCode { .. } => device_code(event),
        Event::AnswerByRelay { callback_url } => {
            vec![sentence(format!(
                "The answer comes by the relay at {callback_url}, from a browser anywhere."
            ))]
        }
        Event::DeviceOffered => {
            vec![sentence(
                "No browser that reaches this machine? Press Ctrl-C and log in with --flow device.",
            )]
        }
        Event::Waiting { timeout } => {
            vec![sentence(format!(
                "Waiting for the login, at most {}. Ctrl-C cancels.",
                spell(*timeout)
            ))]
        }
        Event::ForeignAnswer { reason } => {
            vec![Line::Alarm(format!(
                "A request that is no answer to this login was refused: {reason}. Still waiting."
            ))]
        }
        Event::Exchanging => vec![sentence("The answer came. Finishing the login.")],
        Event::FinishingRefresh => {
            vec![sentence(
                "A refresh is under way. Waiting for its answer, so that the login is not lost.",
            )]
        }
        Event::Warning { message } => vec![Line::Alarm(format!("Warning: {message}."))],
    }
}

fn device_code(event: &Event<'_>) -> Vec<Line> {
    let Event::DeviceCode {
        user_code,
        verification_uri,
        verification_uri_complete,
        qr,
        expires_in,
    } = event
    else {
        return Vec::new();
    };
    let mut lines = vec![
        sentence("To log in, open this address on any device:"),
        Line::Space,
        Line::Address(verification_uri.url().as_str().into()),
        Line::Space,
        sentence("and enter this code:"),
        Line::Space,
        Line::Code(user_code.to_string()),
        Line::Space,
    ];
    if let Some(direct) = verification_uri_complete {
        lines.extend([
            sentence("This address has the code in it; check that the page shows the same one:"),
            Line::Space,
            Line::Address(direct.as_str().into()),
            Line::Space,
        ]);
    }
    if let Some(qr) = qr {
        lines.extend([Line::Drawing((*qr).into()), Line::Space]);
    }
    lines.push(sentence(format!(
        "The code is good for {}.",
        spell(*expires_in)
    )));
    lines
}

fn sentence(text: impl Into<String>) -> Line {
    Line::Sentence(text.into())
}

#[cfg(test)]
mod tests;
