//! One run of the program, with a deadline and both streams kept.

use std::{
    fmt,
    io::{BufRead as _, BufReader, Read, Write as _},
    path::Path,
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::{Arc, Condvar, Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

use rustix::{
    io::Errno,
    process::{Pid, Signal, kill_process},
};

/// Long enough for a loaded machine, short enough to see that something hangs.
const DEADLINE: Duration = Duration::from_secs(60);

/// A run to be.
pub(crate) struct Call {
    command: Command,
    input: Option<Vec<u8>>,
}

impl Call {
    pub(crate) fn new(program: &Path) -> Self {
        let mut command = if ignores_ctrl_c() {
            let mut command = Command::new("/usr/bin/env");
            command.arg("--default-signal").arg(program);
            command
        } else {
            Command::new(program)
        };
        command.env_clear();
        Self {
            command,
            input: None,
        }
    }

    pub(crate) fn arguments<'a>(
        &mut self,
        arguments: impl IntoIterator<Item = &'a str>,
    ) -> &mut Self {
        self.command.args(arguments);
        self
    }

    pub(crate) fn environment(&mut self, name: &str, value: &str) -> &mut Self {
        self.command.env(name, value);
        self
    }

    /// Where it runs.
    pub(crate) fn directory(&mut self, path: &Path) -> &mut Self {
        self.command.current_dir(path);
        self
    }

    /// What standard input holds; without it there is none.
    pub(crate) fn input(&mut self, text: &str) -> &mut Self {
        self.input = Some(text.as_bytes().to_vec());
        self
    }

    /// Runs to the end.
    pub(crate) fn run(&mut self) -> Finished {
        self.spawn().finish()
    }

    /// Runs with standard output going elsewhere.
    pub(crate) fn run_into(&mut self, output: impl Into<Stdio>) -> Finished {
        self.start(output.into()).finish()
    }

    pub(crate) fn spawn(&mut self) -> Running {
        self.start(Stdio::piped())
    }

    /// The same, under way.
    pub(crate) fn spawn_into(&mut self, output: impl Into<Stdio>) -> Running {
        self.start(output.into())
    }

    /// Runs with a standard input that stays open, for [`Running::type_line`].
    pub(crate) fn spawn_with_input(&mut self) -> Running {
        self.input("").spawn()
    }

    fn start(&mut self, output: Stdio) -> Running {
        let input = if self.input.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        };
        let mut child = self
            .command
            .stdin(input)
            .stdout(output)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        let mut running = Running::new(child);
        match (stdin, self.input.take()) {
            (Some(stdin), Some(text)) if text.is_empty() => running.stdin = Some(stdin),
            (Some(mut stdin), Some(text)) => {
                // A program that reads less than it is given is free to.
                drop(thread::spawn(move || drop(stdin.write_all(&text))));
            }
            _ => {}
        }
        running
    }
}

/// Whether Ctrl-C is ignored here, as in a shell's background jobs: what we start would ignore it too.
fn ignores_ctrl_c() -> bool {
    const INTERRUPT: u64 = 1 << 1;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & INTERRUPT != 0)
}

/// A run under way; killed when dropped.
pub(crate) struct Running {
    pid: Pid,
    stdout: Stream,
    stderr: Stream,
    ended: mpsc::Receiver<ExitStatus>,
    status: Option<ExitStatus>,
    stdin: Option<ChildStdin>,
}

/// How a run ended.
pub(crate) struct Finished {
    status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Running {
    fn new(mut child: Child) -> Self {
        let pid = Pid::from_child(&child);
        let stdout = Stream::of(child.stdout.take());
        let stderr = Stream::of(child.stderr.take());
        let (sender, ended) = mpsc::channel();
        // Nobody may be there to hear it.
        thread::spawn(move || sender.send(child.wait().unwrap()).is_ok());
        Self {
            pid,
            stdout,
            stderr,
            ended,
            status: None,
            stdin: None,
        }
    }

    /// Waits for a line of standard error from which `find` makes something.
    pub(crate) fn told<T>(&self, find: impl Fn(&str) -> Option<T>) -> T {
        match self.stderr.wait_for(find) {
            Some(found) => found,
            None => panic!("standard error never told it: {}", self.stderr.text()),
        }
    }

    /// The same of standard output.
    pub(crate) fn told_on_stdout<T>(&self, find: impl Fn(&str) -> Option<T>) -> T {
        match self.stdout.wait_for(find) {
            Some(found) => found,
            None => panic!("standard output never told it: {}", self.stdout.text()),
        }
    }

    /// The address that a login shows.
    pub(crate) fn login_address(&self) -> url::Url {
        self.told(|line| {
            url::Url::parse(line.trim())
                .ok()
                .filter(|url| url.query().is_some())
        })
    }

    /// Types a line into an input that stays open.
    pub(crate) fn type_line(&mut self, text: &str) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(format!("{text}\n").as_bytes()).unwrap();
        stdin.flush().unwrap();
    }

    /// Its process id.
    pub(crate) fn id(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    /// Sends a signal; a run that is over hears none.
    pub(crate) fn signal(&self, signal: Signal) {
        match kill_process(self.pid, signal) {
            Ok(()) | Err(Errno::SRCH) => {}
            Err(error) => panic!("no signal can be sent: {error}"),
        }
    }

    /// Waits for the end, and for all that was written.
    pub(crate) fn finish(mut self) -> Finished {
        let Ok(status) = self.ended.recv_timeout(DEADLINE) else {
            panic!(
                "it did not end within {DEADLINE:?}\nstdout: {}\nstderr: {}",
                self.stdout.text(),
                self.stderr.text()
            );
        };
        self.status = Some(status);
        Finished {
            status,
            stdout: self.stdout.whole(),
            stderr: self.stderr.whole(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Not reaped before its status was sent, so the number is still its own.
        if self.status.is_none() && self.ended.try_recv().is_err() {
            kill_process(self.pid, Signal::KILL).ok();
        }
    }
}

impl Finished {
    /// The exit code; of a run that a signal ended, 128 and the signal, as a shell says it.
    pub(crate) fn code(&self) -> i32 {
        use std::os::unix::process::ExitStatusExt as _;
        self.status
            .code()
            .unwrap_or_else(|| 128 + self.status.signal().unwrap_or_default())
    }

    /// Insists on an exit code.
    #[track_caller]
    pub(crate) fn ended_with(self, code: i32) -> Self {
        assert_eq!(self.code(), code, "{self:?}");
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Insists that a secret is not on standard error.
    #[track_caller]
    pub(crate) fn keeps_secret_on_stderr(&self, secret: &str) {
        assert!(
            !self.stderr.contains(secret),
            "a secret is on standard error: {self:?}"
        );
    }

    /// Insists that a secret is in neither stream.
    #[track_caller]
    pub(crate) fn keeps_secret(&self, secret: &str) {
        assert!(!secret.is_empty());
        assert!(
            !self.stdout.contains(secret),
            "a secret is on standard output: {self:?}"
        );
        assert!(
            !self.stderr.contains(secret),
            "a secret is on standard error: {self:?}"
        );
    }
}

impl fmt::Debug for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}\n--- stdout\n{}\n--- stderr\n{}",
            self.status, self.stdout, self.stderr
        )
    }
}

/// What came out so far.
#[derive(Clone, Default)]
struct Stream(Arc<(Mutex<Written>, Condvar)>);

#[derive(Default)]
struct Written {
    text: String,
    ended: bool,
}

impl Stream {
    fn of(pipe: Option<impl Read + Send + 'static>) -> Self {
        let stream = Self::default();
        let writer = stream.clone();
        match pipe {
            Some(pipe) => drop(thread::spawn(move || writer.fill(pipe))),
            None => writer.end(),
        }
        stream
    }

    fn fill(&self, pipe: impl Read) {
        let mut lines = BufReader::new(pipe);
        let mut line = Vec::new();
        while lines
            .read_until(b'\n', &mut line)
            .is_ok_and(|length| length > 0)
        {
            self.0
                .0
                .lock()
                .unwrap()
                .text
                .push_str(&String::from_utf8_lossy(&line));
            self.0.1.notify_all();
            line.clear();
        }
        self.end();
    }

    fn end(&self) {
        self.0.0.lock().unwrap().ended = true;
        self.0.1.notify_all();
    }

    fn text(&self) -> String {
        self.0
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .text
            .clone()
    }

    /// Waits until `find` makes something of a line; `None` at the end or the deadline.
    fn wait_for<T>(&self, find: impl Fn(&str) -> Option<T>) -> Option<T> {
        let mut found = None;
        let written = self.0.0.lock().unwrap();
        let look = |written: &mut Written| {
            found = written.text.lines().find_map(&find);
            found.is_none() && !written.ended
        };
        drop(
            self.0
                .1
                .wait_timeout_while(written, DEADLINE, look)
                .unwrap(),
        );
        found
    }

    /// All of it, once the other side has closed it.
    fn whole(&self) -> String {
        self.wait_for(|_| None::<()>);
        self.text()
    }
}
