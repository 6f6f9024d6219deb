//! A relay that says exactly what a test tells it to.

use std::{sync::Arc, time::Duration};

use oarlock::{
    oauth::secret::State,
    relay::{RelayError, RelaySettings, Waiter},
};
use oarlock_io::{Clock, SystemClock};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

/// Longer than anything here takes; only a test that fails waits for it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
pub(crate) const CALLBACK: &str = "https://relay.example/oauth/callback";
pub(crate) const STATE: &str = "a-state-of-43-characters-or-thereabouts";

pub(crate) struct ScriptedRelay {
    listener: TcpListener,
}

impl ScriptedRelay {
    pub(crate) async fn start() -> Self {
        Self {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
        }
    }

    pub(crate) fn address(&self) -> String {
        format!("tcp://{}", self.listener.local_addr().unwrap())
    }

    pub(crate) fn settings(&self) -> RelaySettings {
        RelaySettings::new(self.address().parse().unwrap())
    }

    /// The next program that comes.
    pub(crate) async fn program(&self) -> Program {
        let accepted = tokio::time::timeout(PATIENCE, self.listener.accept()).await;
        let (stream, _) = accepted.expect("nobody comes").unwrap();
        Program(BufReader::new(stream))
    }

    /// The next one, registered; also what it said.
    pub(crate) async fn registered(&self) -> (Program, Value) {
        let mut program = self.program().await;
        let register = program.hears().await;
        assert_eq!(register["type"], "REGISTER", "{register}");
        program.says(&registered(CALLBACK, false)).await;
        (program, register)
    }

    /// The one that comes back.
    pub(crate) async fn resumed(&self) -> (Program, Value) {
        let mut program = self.program().await;
        let register = program.hears().await;
        program.says(&registered(CALLBACK, true)).await;
        (program, register)
    }
}

/// A program at the other side of a connection.
pub(crate) struct Program(BufReader<TcpStream>);

impl Program {
    /// The next frame; null at the end.
    pub(crate) async fn hears(&mut self) -> Value {
        let mut line = String::new();
        let read = tokio::time::timeout(PATIENCE, self.0.read_line(&mut line)).await;
        match read.expect("nothing is said") {
            Ok(0) | Err(_) => Value::Null,
            Ok(_) => serde_json::from_str(&line).unwrap(),
        }
    }

    pub(crate) async fn says(&mut self, frame: &Value) {
        self.writes(format!("{frame}\n").as_bytes()).await;
    }

    /// Bytes as they are; a program that has gone reads none.
    pub(crate) async fn writes(&mut self, bytes: &[u8]) {
        drop(self.0.get_mut().write_all(bytes).await);
    }

    /// Closes by a reset, as a machine that went away.
    pub(crate) fn resets(self) {
        self.0.get_ref().set_zero_linger().unwrap();
    }

    /// Everything that is said until the connection ends.
    pub(crate) async fn rest(mut self) -> String {
        let mut rest = String::new();
        let read = tokio::time::timeout(PATIENCE, self.0.read_to_string(&mut rest)).await;
        drop(read.expect("the connection stays open"));
        rest
    }
}

pub(crate) fn registered(callback: &str, resumed: bool) -> Value {
    json!({"type": "REGISTERED", "protocol": 2, "callback_url": callback, "expires_in": 300, "heartbeat": 30, "grace": 3,
        "resumed": resumed})
}

pub(crate) fn deliver(state: Option<&str>) -> Value {
    let parameters = json!({"code": "canary-code", "state": state, "iss": "https://op.example"});
    json!({"type": "DELIVER", "delivery": "d-1", "state": state, "code": "canary-code", "parameters": parameters})
}

pub(crate) fn close(reason: &str) -> Value {
    json!({"type": "CLOSE", "reason": reason})
}

pub(crate) fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

/// Registers for [`STATE`] while the test plays the relay.
pub(crate) fn register(
    settings: RelaySettings,
) -> tokio::task::JoinHandle<Result<Waiter, RelayError>> {
    tokio::spawn(async move {
        let state = State::new(STATE);
        Waiter::register(&settings, &clock(), Some(&state), Duration::from_secs(300)).await
    })
}

/// A waiter and its connection.
pub(crate) async fn waiter(relay: &ScriptedRelay) -> (Waiter, Program, Value) {
    let waiting = register(relay.settings());
    let (program, register) = relay.registered().await;
    (waiting.await.unwrap().unwrap(), program, register)
}
