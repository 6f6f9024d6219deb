//! What was checked, and what came out.

use oarlock::ErrorKind;
use serde::{Serialize, Serializer, ser::SerializeStruct};

use crate::{
    layout::{columns, wrapped},
    output,
};

const INDENT: &str = "  ";

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Outcome {
    /// As it should be.
    Ok,
    /// A login may work all the same.
    Warning,
    /// A login would fail, or what is stored cannot be used.
    Problem,
    /// It could not be checked, and why.
    Skipped,
}

/// One check.
#[derive(Debug, Serialize)]
pub(super) struct Check {
    /// A name that stays the same between versions.
    check: &'static str,
    result: Outcome,
    detail: String,
    /// What to do about it.
    advice: Option<String>,
    /// What to run, whole, so that it can be copied.
    command: Option<String>,
    #[serde(skip)]
    kind: ErrorKind,
    #[serde(skip)]
    section: &'static str,
}

/// All checks, in the order they were made.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// The provider that was looked at.
    pub(super) provider: Option<String>,
    checks: Vec<Check>,
    section: &'static str,
}

impl Check {
    /// What was found.
    pub(super) fn detail(&mut self, detail: impl Into<String>) -> &mut Self {
        self.detail = detail.into();
        self
    }

    pub(super) fn advice(&mut self, advice: impl Into<String>) -> &mut Self {
        self.advice = Some(advice.into());
        self
    }

    pub(super) fn command(&mut self, command: impl Into<String>) -> &mut Self {
        self.command = Some(command.into());
        self
    }

    /// Which exit code the problem would have elsewhere.
    pub(super) fn kind(&mut self, kind: ErrorKind) -> &mut Self {
        self.kind = kind;
        self
    }
}

impl Report {
    /// What follows belongs together, for people.
    pub(super) fn section(&mut self, section: &'static str) {
        self.section = section;
    }

    pub(super) fn ok(&mut self, check: &'static str, detail: impl Into<String>) -> &mut Check {
        self.add(check, Outcome::Ok, detail.into())
    }

    pub(super) fn warning(&mut self, check: &'static str, detail: impl Into<String>) -> &mut Check {
        self.add(check, Outcome::Warning, detail.into())
    }

    pub(super) fn problem(&mut self, check: &'static str, detail: impl Into<String>) -> &mut Check {
        self.add(check, Outcome::Problem, detail.into())
    }

    pub(super) fn skipped(&mut self, check: &'static str, detail: impl Into<String>) {
        self.add(check, Outcome::Skipped, detail.into());
    }

    /// An error of the library, with its own hint.
    pub(super) fn error(&mut self, check: &'static str, error: &oarlock::Error) -> &mut Check {
        let found = self
            .problem(check, sentence(&error.to_string()))
            .kind(error.kind());
        found.advice = error.hint();
        found
    }

    fn add(&mut self, check: &'static str, result: Outcome, detail: String) -> &mut Check {
        let section = self.section;
        self.checks.push_mut(Check {
            check,
            result,
            detail,
            advice: None,
            command: None,
            kind: ErrorKind::Failed,
            section,
        })
    }

    fn count(&self, outcome: Outcome) -> usize {
        self.checks
            .iter()
            .filter(|check| check.result == outcome)
            .count()
    }

    /// The kind of the first problem, that of a wrong configuration before all others; `None` without a problem.
    pub(super) fn worst_kind(&self) -> Option<ErrorKind> {
        let mut kinds = self
            .checks
            .iter()
            .filter(|check| check.result == Outcome::Problem)
            .map(|check| check.kind);
        let first = kinds.next()?;
        Some(if kinds.any(|kind| kind == ErrorKind::Usage) {
            ErrorKind::Usage
        } else {
            first
        })
    }

    /// Lines for people, on a narrow terminal too.
    pub(super) fn render(&self) -> String {
        let columns = columns();
        self.lines(columns, columns.is_some())
    }

    fn lines(&self, width: Option<usize>, colour: bool) -> String {
        let mut text = String::new();
        let mut section = "";
        for check in &self.checks {
            if check.section != section {
                section = check.section;
                text.push_str(&format!(
                    "{}{section}\n",
                    if text.is_empty() { "" } else { "\n" }
                ));
            }
            check.write(&mut text, width, colour);
        }
        text.push_str(&format!("\n{}\n", self.summary()));
        text
    }

    fn summary(&self) -> String {
        let counted = |count: usize, what: &str| {
            format!("{count} {what}{}", if count == 1 { "" } else { "s" })
        };
        match (self.count(Outcome::Problem), self.count(Outcome::Warning)) {
            (0, 0) => "No problem was found.".into(),
            (0, warnings) => format!("No problem was found; {}.", counted(warnings, "warning")),
            (problems, 0) => format!("{} found.", counted(problems, "problem")),
            (problems, warnings) => format!(
                "{} and {} found.",
                counted(problems, "problem"),
                counted(warnings, "warning")
            ),
        }
    }
}

impl Check {
    fn write(&self, text: &mut String, width: Option<usize>, colour: bool) {
        let (word, paint) = match self.result {
            Outcome::Ok => ("ok", "32"),
            Outcome::Warning => ("warning", "33"),
            Outcome::Problem => ("PROBLEM", "31"),
            Outcome::Skipped => ("skipped", "2"),
        };
        let title = self.check.replace('-', " ");
        let mut lines = wrapped(&format!("{word}: {title}: {}", self.detail), INDENT, width);
        if colour && let Some(first) = lines.first_mut() {
            *first = first.replacen(word, &output::paint(word, paint), 1);
        }
        if let Some(advice) = &self.advice {
            for line in advice.lines() {
                lines.extend(wrapped(&format!("{INDENT}{line}"), INDENT, width));
            }
        }
        // Whole: the terminal breaks it, and it is copied in one piece.
        lines.extend(
            self.command
                .as_ref()
                .map(|command| format!("{INDENT}{command}")),
        );
        for line in lines {
            text.push_str(&line);
            text.push('\n');
        }
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Report", 4)?;
        object.serialize_field("provider", &self.provider)?;
        object.serialize_field("problems", &self.count(Outcome::Problem))?;
        object.serialize_field("warnings", &self.count(Outcome::Warning))?;
        object.serialize_field("checks", &self.checks)?;
        object.end()
    }
}

/// A message of an error as a sentence of its own.
pub(super) fn sentence(message: &str) -> String {
    let mut characters = message.chars();
    let text: String = match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    };
    if text.ends_with(['.', '!', '?']) {
        text
    } else {
        format!("{text}.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let mut report = Report::default();
        report.section("This machine");
        report.ok("terminal", "Input and output are a terminal.");
        report.section("Files");
        report
            .problem("credential-files", "'/home/ada/.local/state/oarlock/credentials/github@default.json' can be read by others.")
            .advice("Take that right from them:")
            .command("chmod 600 '/home/ada/.local/state/oarlock/credentials/github@default.json'");
        report.warning("clock", "The server's clock is 45 seconds ahead.");
        report
    }

    #[test]
    fn lines_fit_forty_columns_but_for_what_is_copied() {
        let text = report().lines(Some(40), false);
        let long: Vec<&str> = text
            .lines()
            .filter(|line| line.chars().count() > 40)
            .collect();
        assert!(
            long.iter().all(|line| line.contains("github@default.json")),
            "{long:?}"
        );
        assert_eq!(long.len(), 2, "the path and the command: {text}");
        assert!(text.starts_with("This machine\nok: terminal: Input and output are a\n  terminal.\n\nFiles\nPROBLEM: credential files:\n"), "{text}");
        assert!(
            text.ends_with("\n1 problem and 1 warning found.\n"),
            "{text}"
        );
    }

    #[test]
    fn without_a_terminal_a_check_is_one_line() {
        let text = report().lines(None, false);
        assert!(
            text.contains("\nwarning: clock: The server's clock is 45 seconds ahead.\n"),
            "{text}"
        );
    }

    #[test]
    fn json_has_the_documented_members() {
        let json = serde_json::to_value(report()).unwrap();
        assert_eq!(json["problems"], 1);
        assert_eq!(json["warnings"], 1);
        assert_eq!(json["provider"], serde_json::Value::Null);
        let check = &json["checks"][1];
        assert_eq!(check["check"], "credential-files");
        assert_eq!(check["result"], "problem");
        let mut members: Vec<&str> = check
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        members.sort_unstable();
        assert_eq!(members, ["advice", "check", "command", "detail", "result"]);
    }

    #[test]
    fn a_wrong_configuration_decides_the_exit_code() {
        let mut report = report();
        assert_eq!(report.worst_kind(), Some(ErrorKind::Failed));
        report.problem("configuration", "no").kind(ErrorKind::Usage);
        assert_eq!(report.worst_kind(), Some(ErrorKind::Usage));
        assert_eq!(Report::default().worst_kind(), None);
    }

    #[test]
    fn a_message_becomes_a_sentence() {
        assert_eq!(sentence("there is none"), "There is none.");
        assert_eq!(sentence("Why?"), "Why?");
        assert_eq!(sentence(""), ".");
    }
}
