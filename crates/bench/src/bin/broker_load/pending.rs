//! Logins that only wait, while somebody looks at the server; then some of them go on.

use std::{io::Read as _, net::SocketAddr, time::Instant};

use tokio::task::JoinSet;

use crate::{
    Fault,
    connection::Connection,
    pairing::{self, Begun},
    people::People,
    polls::{begin_device, poll_device},
};

const AT_ONCE: usize = 16;
/// Of so many one goes on.
const SOME: usize = 100;

/// What waits.
enum Waiting {
    Device(String),
    Upstream(Begun),
}

pub(crate) async fn run(kind: &str, http: SocketAddr, count: usize) -> Result<(), Fault> {
    let is_device = match kind {
        "device" => true,
        "upstream" => false,
        _ => return Err("no such kind of login".into()),
    };
    let began = Instant::now();
    let mut workers = JoinSet::new();
    for worker in 0..AT_ONCE {
        let mut connection = Connection::new(http).await?;
        workers.spawn(async move {
            let (mut some, mut pending, mut refused) = (Vec::new(), 0_usize, 0_usize);
            for number in (worker..count).step_by(AT_ONCE) {
                let waiting = if is_device {
                    begin_device(&mut connection).await?.map(Waiting::Device)
                } else {
                    let begun = pairing::begin(&mut connection, "plain", number).await?;
                    Some(Waiting::Upstream(begun))
                };
                match waiting {
                    None => refused += 1,
                    Some(waiting) => {
                        if pending % SOME == 0 {
                            some.push((number, waiting));
                        }
                        pending += 1;
                    }
                }
            }
            Ok::<_, Fault>((some, pending, refused))
        });
    }
    let (mut some, mut pending, mut refused) = (Vec::new(), 0, 0);
    while let Some(ended) = workers.join_next().await {
        let (begun, more, no) = ended??;
        some.extend(begun);
        pending += more;
        refused += no;
    }
    println!("pending {pending}");
    println!("refused {refused}");
    println!(
        "per_second {:.0}",
        pending as f64 / began.elapsed().as_secs_f64()
    );
    let wait = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    wait.await??;
    let mut connection = Connection::new(http).await?;
    let people = People::default();
    for (number, waiting) in &some {
        match waiting {
            Waiting::Device(code) => {
                poll_device(&mut connection, code, "authorization_pending").await?;
            }
            Waiting::Upstream(begun) => {
                let person = people.of(*number);
                pairing::come_back(&mut connection, begun, person).await?;
                pairing::redeem(&mut connection, begun, &people, person).await?;
            }
        }
    }
    println!("went_on {}", some.len());
    Ok(())
}
