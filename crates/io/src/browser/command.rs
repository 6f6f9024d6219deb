//! A browser's command line, split and started.

use super::BrowserError;
use std::process::{Command, Stdio};
use url::Url;

/// A command in words.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Words {
    program: String,
    arguments: Vec<String>,
}

impl Words {
    /// The words of a command that needs no splitting.
    #[cfg(all(unix, not(target_vendor = "apple")))]
    pub(super) fn new(words: &[&str]) -> Self {
        let mut words = words.iter().map(|word| (*word).to_owned());
        Self {
            program: words.next().unwrap_or_default(),
            arguments: words.collect(),
        }
    }

    /// Splits as a POSIX shell does: blanks, `'…'`, `"…"`, backslashes; nothing is expanded. On
    /// Windows a backslash is an ordinary character.
    pub(super) fn split(command: &str) -> Result<Self, BrowserError> {
        let wrong = |reason| BrowserError::Command {
            command: command.to_owned(),
            reason,
        };
        if command.contains('\0') {
            return Err(wrong("there is a NUL in it"));
        }
        let mut words = Splitter::default()
            .run(command)
            .ok_or_else(|| wrong("a quotation mark is not closed"))?
            .into_iter();
        match words.next() {
            Some(program) if !program.is_empty() => Ok(Self {
                program,
                arguments: words.collect(),
            }),
            _ => Err(wrong("it names no program")),
        }
    }

    /// The arguments with the URL in place of `%s`, else behind them. `%%` is a percent sign.
    fn with(&self, url: &str) -> Vec<String> {
        let mut placed = false;
        let mut arguments: Vec<String> = self
            .arguments
            .iter()
            .map(|argument| {
                let mut parts = argument.split("%%").map(|part| {
                    placed |= part.contains("%s");
                    part.replace("%s", url)
                });
                let first = parts.next().unwrap_or_default();
                parts.fold(first, |whole, part| whole + "%" + &part)
            })
            .collect();
        if !placed {
            arguments.push(url.to_owned());
        }
        arguments
    }
}

#[derive(Default)]
struct Splitter {
    words: Vec<String>,
    word: Option<String>,
}

impl Splitter {
    /// `None`: a quotation mark is not closed.
    fn run(mut self, command: &str) -> Option<Vec<String>> {
        let escapes = !cfg!(windows);
        let mut rest = command.chars();
        while let Some(character) = rest.next() {
            match character {
                ' ' | '\t' | '\n' | '\r' => self.words.extend(self.word.take()),
                '\'' => loop {
                    match rest.next()? {
                        '\'' => break self.push(None),
                        other => self.push(Some(other)),
                    }
                },
                '"' => loop {
                    match rest.next()? {
                        '"' => break self.push(None),
                        '\\' if escapes => match rest.next()? {
                            escaped @ ('"' | '\\' | '$' | '`') => self.push(Some(escaped)),
                            other => {
                                self.push(Some('\\'));
                                self.push(Some(other));
                            }
                        },
                        other => self.push(Some(other)),
                    }
                },
                '\\' if escapes => {
                    let escaped = rest.next()?;
                    self.push(Some(escaped));
                }
                other => self.push(Some(other)),
            }
        }
        self.words.extend(self.word.take());
        Some(self.words)
    }

    /// Begins a word where there is none (an empty pair of quotes is one), and adds to it.
    fn push(&mut self, character: Option<char>) {
        self.word.get_or_insert_default().extend(character);
    }
}

/// Starts the program, apart from us; a thread waits for its end, so that it does not become a zombie.
pub(super) fn start(words: &Words, url: &Url) -> Result<(), BrowserError> {
    let failed = |source| BrowserError::Start {
        command: words.program.clone(),
        source,
    };
    let mut command = Command::new(&words.program);
    command
        .args(words.with(url.as_str()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    apart(&mut command);
    let mut child = command.spawn().map_err(failed)?;
    let program = words.program.clone();
    let waiter = std::thread::Builder::new().name("browser".to_owned());
    let waiting = waiter.spawn(move || match child.wait() {
        Ok(status) if status.success() => {}
        Ok(status) => tracing::debug!(%program, %status, "the browser ended"),
        Err(error) => tracing::debug!(%program, %error, "the browser is lost"),
    });
    // Without the thread it is only a zombie until we end.
    if let Err(error) = waiting {
        tracing::debug!(%error, "nobody waits for the browser");
    }
    Ok(())
}

#[cfg(unix)]
fn apart(command: &mut Command) {
    use std::os::unix::process::CommandExt as _;
    command.process_group(0);
}

#[cfg(windows)]
fn apart(command: &mut Command) {
    use std::os::windows::process::CommandExt as _;
    const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;
    command.creation_flags(CREATE_NEW_PROCESS_GROUP);
}

#[cfg(not(any(unix, windows)))]
fn apart(_: &mut Command) {}

#[cfg(test)]
mod tests {
    use super::Words;

    fn words(command: &str) -> Vec<String> {
        let words = Words::split(command).unwrap();
        let mut all = vec![words.program];
        all.extend(words.arguments);
        all
    }

    #[test]
    fn words_are_split_without_a_shell() {
        assert_eq!(words("firefox"), ["firefox"]);
        assert_eq!(
            words("  firefox  -P work\t%s "),
            ["firefox", "-P", "work", "%s"]
        );
        assert_eq!(
            words("open -a 'Google Chrome'"),
            ["open", "-a", "Google Chrome"]
        );
        assert_eq!(words("a \"b c\"d '' e"), ["a", "b cd", "", "e"]);
        assert_eq!(
            words("a $HOME `id` $(id) ; b | c > d && *"),
            [
                "a", "$HOME", "`id`", "$(id)", ";", "b", "|", "c", ">", "d", "&&", "*",
            ]
        );
    }

    #[cfg(not(windows))]
    #[test]
    fn backslashes() {
        assert_eq!(
            words(r#"a b\ c "d\"e\f" '\g'"#),
            ["a", "b c", r#"d"e\f"#, r"\g"]
        );
        assert!(Words::split("a \\").is_err());
    }

    #[test]
    fn broken_commands_are_refused() {
        for broken in ["", "  ", "a 'b", "a \"b", "'' a", "a\0b"] {
            assert!(Words::split(broken).is_err(), "{broken:?}");
        }
    }

    #[test]
    fn hostile_26_the_url_is_one_word_whatever_is_in_it() {
        let url = "https://a.example/?q='$(id)`id`;--x&%s%%";
        let with = |command| Words::split(command).unwrap().with(url);
        assert_eq!(with("b"), [url]);
        assert_eq!(with("b -n"), ["-n", url]);
        assert_eq!(
            with("b --url=%s x"),
            [format!("--url={url}"), "x".to_owned()]
        );
        assert_eq!(with("b 100%% %s"), ["100%".to_owned(), url.to_owned()]);
        assert_eq!(with("b %%s"), ["%s".to_owned(), url.to_owned()]);
    }
}
