//! One provider stalls: what everybody else notices of it.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{task::JoinSet, time::sleep};

use crate::{
    Fault,
    connection::Connection,
    measured::percentile,
    pairing::{self, paircode},
    people::People,
    provider::{self, STALL},
    runs::Kind,
};

/// Others that sign in, and how long each rests: the server is not to be busy all the time.
const LOGINS: usize = 8;
const POLLERS: usize = 4;
const REST: Duration = Duration::from_millis(10);

/// Numbers of the slow ones' logins.
const SLOW: usize = 1_000_000;

pub(crate) async fn run(http: SocketAddr, milliseconds: u64, slow: usize) -> Result<(), Fault> {
    // Another provider's people are others, whatever they are called there.
    let (people, slow_people) = (Arc::new(People::default()), Arc::new(People::default()));
    let mut slow_ones = JoinSet::new();
    for number in SLOW..SLOW + slow {
        let (mut connection, people) = (Connection::new(http).await?, Arc::clone(&slow_people));
        slow_ones.spawn(async move {
            let begun = Instant::now();
            Kind::Pairing("slow")
                .login(&mut connection, &people, number)
                .await?;
            Ok::<_, Fault>(begun.elapsed())
        });
    }
    let began = Instant::now();
    while provider::stalled() < slow {
        if began.elapsed() > STALL {
            return Err("not all of the slow logins came to their provider".into());
        }
        sleep(Duration::from_millis(1)).await;
    }
    let milliseconds = Duration::from_millis(milliseconds);
    if began.elapsed() + milliseconds >= STALL {
        return Err("the slow logins would end before the others are measured".into());
    }
    let (mut logins, mut polls) = others(http, &people, milliseconds).await?;
    println!("login_p50_us {:.1}", percentile(&mut logins, 500));
    println!("login_p99_us {:.1}", percentile(&mut logins, 990));
    println!("poll_p50_us {:.1}", percentile(&mut polls, 500));
    println!("poll_p99_us {:.1}", percentile(&mut polls, 990));
    println!("logins {}", logins.len());
    let mut ended = 0;
    while let Some(login) = slow_ones.join_next().await {
        if login?? < STALL {
            return Err("a slow login was not slow".into());
        }
        ended += 1;
    }
    println!("slow_ended {ended}");
    Ok(())
}

/// Everybody else: how long logins and polls take.
async fn others(
    http: SocketAddr,
    people: &Arc<People>,
    lasts: Duration,
) -> Result<(Vec<Duration>, Vec<Duration>), Fault> {
    let until = Instant::now() + lasts;
    let (mut logins, mut polls) = (JoinSet::new(), JoinSet::new());
    for worker in 0..LOGINS {
        let (mut connection, people) = (Connection::new(http).await?, Arc::clone(people));
        logins.spawn(async move {
            let (mut times, mut number) = (Vec::new(), worker);
            while Instant::now() < until {
                let began = Instant::now();
                pairing::login(&mut connection, "plain", &people, number).await?;
                times.push(began.elapsed());
                number += LOGINS;
                sleep(REST).await;
            }
            Ok::<_, Fault>(times)
        });
    }
    for worker in 0..POLLERS {
        let mut connection = Connection::new(http).await?;
        polls.spawn(async move {
            let target = format!("/token?paircode={}", paircode(2 * SLOW + worker));
            let mut times = Vec::new();
            while Instant::now() < until {
                let began = Instant::now();
                connection.get(&target, "").await?.expect(200)?;
                times.push(began.elapsed());
                sleep(REST).await;
            }
            Ok::<_, Fault>(times)
        });
    }
    Ok((all(logins).await?, all(polls).await?))
}

async fn all(mut workers: JoinSet<Result<Vec<Duration>, Fault>>) -> Result<Vec<Duration>, Fault> {
    let mut times = Vec::new();
    while let Some(ended) = workers.join_next().await {
        times.extend(ended??);
    }
    Ok(times)
}
