//! A relay that closes early, says nonsense, or nothing; and one that is somebody else's.

use std::time::Duration;

use oarlock::{
    Error, ErrorKind,
    oauth::secret::State,
    relay::{RelayError, RelayFault, RelaySettings, Waiter},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::scripted::{
    PATIENCE, Program, STATE, ScriptedRelay, clock, close, deliver, register, waiter,
};

/// What a registration ends with when the relay answers it so.
async fn answered(answer: &[u8]) -> RelayError {
    let relay = ScriptedRelay::start().await;
    let waiting = register(relay.settings());
    let mut program = relay.program().await;
    program.hears().await;
    program.writes(answer).await;
    drop(program);
    let ended = tokio::time::timeout(PATIENCE, waiting).await;
    ended.expect("it does not end").unwrap().unwrap_err()
}

/// What waiting ends with when the relay says so; and the program's last words.
async fn said(bytes: &[u8]) -> (RelayError, String) {
    let relay = ScriptedRelay::start().await;
    let (mut waiter, mut program, _) = waiter(&relay).await;
    program.writes(bytes).await;
    let waited = tokio::time::timeout(PATIENCE, waiter.wait()).await;
    let error = waited.expect("it does not end").unwrap_err();
    drop(waiter);
    (error, program.rest().await)
}

fn fault(error: &RelayError) -> &RelayFault {
    match error {
        RelayError::Relay { fault, .. } => fault,
        other => panic!("{other:?}"),
    }
}

fn line(frame: &Value) -> Vec<u8> {
    format!("{frame}\n").into_bytes()
}

#[tokio::test]
async fn nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listener.local_addr().unwrap();
    drop(listener);
    let settings = RelaySettings::new(format!("tcp://{place}").parse().unwrap());
    let error = register(settings).await.unwrap().unwrap_err();
    let text = error.to_string();
    let start = format!("Cannot connect to OAuth relay at tcp://{place}: ");
    assert!(text.starts_with(&start), "{text}");
    let error = Error::from(error);
    assert_eq!(error.kind(), ErrorKind::Network);
    assert!(error.hint().unwrap().contains("oarlock serve"));
}

#[cfg(unix)]
#[tokio::test]
async fn no_socket_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("relay.sock");
    let settings = RelaySettings::new(path.to_str().unwrap().parse().unwrap());
    let error = register(settings).await.unwrap().unwrap_err();
    assert!(matches!(error, RelayError::Connection { .. }), "{error:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn hostile_19_a_socket_in_everybodys_directory_is_not_used() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("relay.sock");
    let _listener = tokio::net::UnixListener::bind(&path).unwrap();
    let open = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(folder.path(), open).unwrap();
    let settings = RelaySettings::new(path.to_str().unwrap().parse().unwrap());
    let error = register(settings).await.unwrap().unwrap_err();
    assert!(matches!(error, RelayError::Unsafe(_)), "{error:?}");
}

#[tokio::test]
async fn a_relay_that_closes_at_once_is_not_reached() {
    let error = answered(b"").await;
    assert!(matches!(error, RelayError::Connection { .. }), "{error:?}");
}

#[tokio::test]
async fn a_relay_that_never_answers_is_given_up() {
    let relay = ScriptedRelay::start().await;
    let waiting = register(relay.settings());
    let mut program = relay.program().await;
    program.hears().await;
    let error = waiting.await.unwrap().unwrap_err();
    assert!(error.to_string().contains("protocol 1"), "{error}");
}

#[tokio::test]
async fn hostile_03_nonsense_ends_the_registration_and_is_not_shown() {
    let deep = format!("{}1{}\n", "[".repeat(10_000), "]".repeat(10_000));
    let cases: [&[u8]; 6] = [
        b"HTTP/1.1 400 Bad Request\r\n",
        b"{\"type\":\"REGISTERED\"}\n",
        b"{\"type\":\"canary\"}\n",
        b"\xff\xfe\n",
        b"{\"type\":\"PING\",\"type\":\"PING\"}\n",
        deep.as_bytes(),
    ];
    for case in cases {
        let error = answered(case).await;
        assert!(
            matches!(fault(&error), RelayFault::Malformed(_)),
            "{error:?}"
        );
        assert!(!error.to_string().contains("canary"), "{error}");
        assert_eq!(Error::from(error).kind(), ErrorKind::Failed);
    }
}

#[tokio::test]
async fn hostile_03_a_line_of_ten_megabytes_is_not_collected() {
    let relay = ScriptedRelay::start().await;
    let (mut waiter, mut program, _) = waiter(&relay).await;
    let flood = tokio::spawn(async move {
        program.writes(&vec![b'x'; 10 << 20]).await;
    });
    let waited = tokio::time::timeout(PATIENCE, waiter.wait()).await.unwrap();
    let error = waited.unwrap_err();
    assert!(
        matches!(fault(&error), RelayFault::Malformed(_)),
        "{error:?}"
    );
    drop(waiter);
    flood.await.unwrap();
}

#[tokio::test]
async fn a_frame_out_of_turn_ends_it() {
    let error = answered(&line(&deliver(Some(STATE)))).await;
    assert!(
        matches!(fault(&error), RelayFault::Unexpected(_)),
        "{error:?}"
    );
    let again = super::scripted::registered(super::scripted::CALLBACK, false);
    let (error, _) = said(&line(&again)).await;
    assert!(
        matches!(fault(&error), RelayFault::Unexpected(_)),
        "{error:?}"
    );
}

#[tokio::test]
async fn hostile_20_a_callback_of_another_state_is_refused() {
    for other in [Some("another"), None] {
        let mut frame = deliver(other);
        if other.is_none() {
            frame.as_object_mut().unwrap().remove("state");
        }
        let (error, last) = said(&line(&frame)).await;
        assert_eq!(fault(&error), &RelayFault::Foreign);
        assert!(!error.to_string().contains("another\""), "{error}");
        assert!(last.contains("REJECT"), "{last}");
    }
}

#[tokio::test]
async fn a_delivery_without_a_name_cannot_be_acknowledged() {
    let mut frame = deliver(Some(STATE));
    frame.as_object_mut().unwrap().remove("delivery");
    let (error, last) = said(&line(&frame)).await;
    assert!(
        matches!(
            fault(&error),
            RelayFault::Unexpected(_) | RelayFault::Malformed(_)
        ),
        "{error:?}"
    );
    assert!(!last.contains("ACK"), "{last}");
}

#[tokio::test]
async fn a_refusal_says_what_to_do() {
    for (word, kind, advice) in [
        ("state_in_use", ErrorKind::Failed, "somebody else waits"),
        ("invalid_token", ErrorKind::Failed, "token"),
        ("unsupported_protocol", ErrorKind::Failed, "protocol 2"),
        ("too_many_registrations", ErrorKind::Network, "too many"),
        (
            "temporarily_unavailable",
            ErrorKind::Network,
            "about to stop",
        ),
    ] {
        let frame = json!({"type": "ERROR", "error": word, "error_description": "x\u{1b}[31m"});
        let error = Error::from(answered(&line(&frame)).await);
        let text = error.to_string();
        assert_eq!(error.kind(), kind, "{text}");
        assert!(text.contains(advice) && !text.contains('\u{1b}'), "{text}");
        match word {
            "invalid_token" => assert!(error.hint().unwrap().contains("OARLOCK_RELAY_TOKEN")),
            "state_in_use" => assert!(error.hint().unwrap().contains("new login")),
            _ => {}
        }
    }
}

#[tokio::test]
async fn an_end_is_told_by_its_reason() {
    for (reason, words) in [
        ("replaced", "another connection"),
        ("unconfirmed", "told that it failed"),
        ("delivered", "already"),
        ("unregistered", "nobody waits"),
        ("fashionable", "not known"),
    ] {
        let (error, _) = said(&line(&close(reason))).await;
        assert!(matches!(fault(&error), RelayFault::Ended(_)), "{error:?}");
        assert!(error.to_string().contains(words), "{reason}: {error}");
    }
}

#[tokio::test]
async fn a_reset_in_the_middle_of_a_line_loses_nothing() {
    let relay = ScriptedRelay::start().await;
    let (mut waiter, mut program, _) = waiter(&relay).await;
    let frame = line(&deliver(Some(STATE)));
    program.writes(&frame[..40]).await;
    let coming = async {
        program.resets();
        let (mut program, _) = relay.resumed().await;
        program.writes(&frame).await;
        program
    };
    let (delivered, _program) = tokio::join!(waiter.wait(), coming);
    assert_eq!(
        delivered.unwrap().code.as_ref().unwrap().expose(),
        "canary-code"
    );
}

#[tokio::test]
async fn hostile_20_whoever_took_the_state_meanwhile_is_told_of() {
    let relay = ScriptedRelay::start().await;
    let (mut waiter, program, _) = waiter(&relay).await;
    drop(program);
    let refusing = async {
        let mut program: Program = relay.program().await;
        program.hears().await;
        let frame = json!({"type": "ERROR", "error": "state_in_use", "error_description": ""});
        program.says(&frame).await;
        program
    };
    let (waited, _program) = tokio::join!(waiter.wait(), refusing);
    let error = waited.unwrap_err();
    assert!(
        matches!(fault(&error), RelayFault::Refused { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_relay_that_takes_and_drops_is_tried_within_reason() {
    let relay = ScriptedRelay::start().await;
    let settings = relay.settings();
    let waiting = tokio::spawn(async move {
        let state = State::new(STATE);
        let timeout = Duration::from_secs(3);
        let mut waiter = Waiter::register(&settings, &clock(), Some(&state), timeout).await?;
        waiter.wait().await.map(drop)
    });
    let mut visits = 0;
    while !waiting.is_finished() {
        let visit = tokio::time::timeout(Duration::from_millis(500), relay.registered()).await;
        visits += usize::from(visit.is_ok());
    }
    let error = waiting.await.unwrap().unwrap_err();
    assert!(matches!(error, RelayError::Timeout { .. }), "{error:?}");
    assert!((3..=8).contains(&visits), "{visits}");
}
