//! What happened to one state, as `herd.py` tells it.

use serde::Deserialize;
use serde_json::Value;

/// One state, its programs one after the other, and its browsers.
#[derive(Debug, Deserialize)]
pub(super) struct Life {
    pub(super) scene: String,
    /// Why it was not played to its end.
    pub(super) fault: String,
    pub(super) protocol: u8,
    pub(super) state: String,
    pub(super) code: String,
    pub(super) processes: Vec<Program>,
    pub(super) answers: Vec<Answer>,
}

/// A program, and what is known of it after its death. Moments are seconds of one clock.
#[derive(Debug, Deserialize)]
pub(super) struct Program {
    pub(super) owner: String,
    pub(super) born: f64,
    pub(super) signal: i32,
    pub(super) step: String,
    /// Protocol 2: when it had put the callback away.
    pub(super) kept: Option<f64>,
    pub(super) fault: String,
    /// Everything that the kernel handed to it.
    pub(super) lines: String,
}

/// What a browser was told.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    pub(super) sent: f64,
    pub(super) answered: f64,
    pub(super) status: u16,
    pub(super) page: String,
    pub(super) broken: String,
}

impl Life {
    /// All of it, for whoever has to find out.
    pub(super) fn story(&self, seed: u64) -> String {
        let story = format!("{self:#?}").replace(&"x".repeat(100), "");
        format!("seed {seed}: {story}")
    }
}

impl Program {
    /// The callback as it was delivered, where the whole line is there.
    pub(super) fn delivered(&self) -> Option<Value> {
        let whole = self
            .lines
            .split_inclusive('\n')
            .filter(|line| line.ends_with('\n'));
        let mut frames = whole.map(|line| serde_json::from_str::<Value>(line).unwrap());
        frames.find(|frame| frame["type"] == "DELIVER")
    }

    /// Whether anything of it is there.
    pub(super) fn was_handed_something(&self) -> bool {
        let mut lines = self.lines.split_inclusive('\n');
        lines.any(|line| line.starts_with(r#"{"type":"D"#))
    }

    /// Whether it waited, as far as the program knows.
    pub(super) fn waited(&self, protocol: u8) -> bool {
        let before: &[&str] = match protocol {
            1 => &["unborn", "born", "connected", "registering"],
            _ => &["unborn", "born", "connected", "registering", "asked"],
        };
        !before.contains(&self.step.as_str())
    }
}

impl Answer {
    /// Which page it was, or that there was none.
    pub(super) fn page(&self) -> &str {
        if self.broken.is_empty() {
            &self.page
        } else {
            "broken"
        }
    }

    pub(super) fn is_complete(&self) -> bool {
        // A page that says so counts, whatever the connection did then.
        self.page == "complete" || self.status == 200
    }
}
