//! Programs that ask for what is not ready.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use serde::Deserialize;
use tokio::task::JoinSet;

use crate::{
    Fault,
    connection::Connection,
    measured,
    pairing::{self, paircode},
};

/// Client of the broker's configuration.
const CLIENT: &str = "bench-device";
const GRANT: &str = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code";

/// Paircodes of logins under way, for `pending`.
const PENDING: usize = 100;

/// Polls by paircode.
pub(crate) async fn run(
    kind: &str,
    http: SocketAddr,
    at_once: usize,
    milliseconds: u64,
) -> Result<(), Fault> {
    let codes: Vec<String> = match kind {
        "pending" => {
            let mut connection = Connection::new(http).await?;
            let mut codes = Vec::new();
            for number in 0..PENDING {
                let begun = pairing::begin(&mut connection, "plain", number).await?;
                codes.push(begun.paircode);
            }
            codes
        }
        "unknown" | "floor" => (0..PENDING).map(paircode).collect(),
        _ => return Err("no such kind of poll".into()),
    };
    let targets: Vec<_> = codes
        .iter()
        .map(|code| format!("/token?paircode={code}"))
        .collect();
    let targets: Arc<[String]> = targets.into();
    let is_floor = kind == "floor";
    let began = Instant::now();
    let until = began + Duration::from_millis(milliseconds);
    let mut workers = JoinSet::new();
    for _ in 0..at_once {
        let targets = Arc::clone(&targets);
        let mut connection = Connection::new(http).await?;
        workers.spawn(async move {
            let mut times = Vec::new();
            'all: loop {
                for target in &*targets {
                    let began = Instant::now();
                    if began >= until {
                        break 'all;
                    }
                    let answer = connection.get(target, "").await?.expect(200)?;
                    if !is_floor && !answer.body.is_empty() {
                        return Err(Fault::from("it is ready, and nobody signed in"));
                    }
                    times.push(began.elapsed());
                }
            }
            Ok::<_, Fault>(times)
        });
    }
    let mut times = Vec::new();
    while let Some(ended) = workers.join_next().await {
        times.extend(ended??);
    }
    measured::print(&mut times, began.elapsed());
    Ok(())
}

/// A device begins. `None`: there is no room.
pub(crate) async fn begin_device(connection: &mut Connection) -> Result<Option<String>, Fault> {
    #[derive(Deserialize)]
    struct Begun {
        device_code: String,
        user_code: String,
    }
    let form = format!("client_id={CLIENT}&scope=openid");
    let answer = connection.post("/device_authorization", "", &form).await?;
    if answer.status() == 503 {
        return Ok(None);
    }
    let begun: Begun = serde_json::from_str(answer.expect(200)?.body)?;
    if begun.user_code.len() != "XXXX-XXXX".len() {
        return Err("that is no user code".into());
    }
    Ok(Some(begun.device_code))
}

/// A device asks, and is told that.
pub(crate) async fn poll_device(
    connection: &mut Connection,
    code: &str,
    told: &str,
) -> Result<(), Fault> {
    let form = format!("grant_type={GRANT}&client_id={CLIENT}&device_code={code}");
    let answer = connection.post("/token", "", &form).await?.expect(400)?;
    if answer.body.contains(&format!("\"{told}\"")) {
        Ok(())
    } else {
        Err(format!("a device was not told {told}: {}", answer.body).into())
    }
}

/// First polls, which look at the store; then second ones, which come too soon.
pub(crate) async fn devices(http: SocketAddr, at_once: usize, count: usize) -> Result<(), Fault> {
    let mut workers = JoinSet::new();
    for _ in 0..at_once {
        let mut connection = Connection::new(http).await?;
        workers.spawn(async move {
            let mut codes = Vec::new();
            for _ in 0..count / at_once {
                let begun = begin_device(&mut connection).await?;
                codes.push(begun.ok_or("there is no room")?);
            }
            Ok::<_, Fault>((connection, codes))
        });
    }
    let mut begun = Vec::new();
    let began = Instant::now();
    while let Some(ended) = workers.join_next().await {
        begun.push(ended??);
    }
    let polls = count / at_once * at_once;
    let per_second = |began: Instant| polls as f64 / began.elapsed().as_secs_f64();
    println!("begun_per_second {:.0}", per_second(began));
    for (name, told) in [
        ("first_per_second", "authorization_pending"),
        ("second_per_second", "slow_down"),
    ] {
        let began = Instant::now();
        let mut workers = JoinSet::new();
        for (mut connection, codes) in begun.drain(..) {
            workers.spawn(async move {
                for code in &codes {
                    poll_device(&mut connection, code, told).await?;
                }
                Ok::<_, Fault>((connection, codes))
            });
        }
        while let Some(ended) = workers.join_next().await {
            begun.push(ended??);
        }
        println!("{name} {:.0}", per_second(began));
    }
    Ok(())
}
