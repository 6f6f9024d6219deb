//! Sockets, their files and their other sides.

mod connecting;
mod files;
mod limits;
mod reading;
mod strangers;

pub(crate) use files::listen_when_told;
pub(crate) use limits::accept_with_few_descriptors;
pub(crate) use reading::read_when_told;
pub(crate) use strangers::{be_a_stranger, listen_shared_when_told};

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// A child that is told what to do, line by line, and answers each. It is killed when the test ends, however that ends.
pub(crate) struct Companion {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Companion {
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        Self {
            input: child.stdin.take().unwrap(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    pub(crate) fn tell(&mut self, what: &str) {
        writeln!(self.input, "{what}").unwrap();
    }

    /// The next answer; lines of the test harness are passed over.
    pub(crate) fn hear(&mut self) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(
                self.output.read_line(&mut line).unwrap(),
                0,
                "the child ended"
            );
            if let Some((_, answer)) = line.split_once(ANSWER) {
                return answer.trim_end().to_owned();
            }
        }
    }

    pub(crate) fn ask(&mut self, what: &str) -> String {
        self.tell(what);
        self.hear()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL, and everything it had open is closed.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Companion {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

const ANSWER: &str = "answer: ";

/// The other side of it: a child answers each line it is told until there are no more.
pub(crate) fn answer_each(mut answer: impl FnMut(&str) -> String) {
    for line in std::io::stdin().lines() {
        println!("{ANSWER}{}", answer(&line.unwrap()));
    }
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}
