//! What is measured.

use std::{
    io::Read as _,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{sync::Barrier, task::JoinSet};

use crate::{
    Fault,
    browser::Browser,
    program::{Kind, Program, Target},
};

/// Browsers at once.
const BROWSERS: usize = 64;

/// Microseconds at a percentile.
pub(crate) fn percentile(times: &mut [Duration], percent: usize) -> f64 {
    times.sort_unstable();
    let index = (times.len().saturating_sub(1)) * percent / 100;
    times
        .get(index)
        .map_or(0.0, |time| time.as_secs_f64() * 1e6)
}

/// Part of every state, so that no run repeats what an earlier one had delivered.
fn run() -> u32 {
    std::process::id()
}

/// One at a time: from the callback's sending to the line's reading, and in turns an answer of 404: the relay's to a callback
/// that it delivered before, the floor's to one that nobody waits for.
pub(crate) async fn latency(target: &Target, count: usize) -> Result<(), Fault> {
    let mut browser = Browser::new(target.http).await?;
    let (mut whole, mut miss) = (Vec::new(), Vec::new());
    for number in 0..=count {
        let (state, code) = (
            format!("latency-{}-{number}", run()),
            format!("code-{number}"),
        );
        let mut program = Program::register(target, &state).await?;
        if let Some(before) = number.checked_sub(1) {
            let (code, state) = (
                format!("code-{before}"),
                format!("latency-{}-{before}", run()),
            );
            // The first of them is not measured: the server may still be at the registration, which has no answer.
            for measured in [false, true] {
                let began = Instant::now();
                browser.send(&code, &state).await?;
                expect(browser.status().await?, 404)?;
                if measured {
                    miss.push(began.elapsed());
                }
            }
        }
        let began = Instant::now();
        browser.send(&code, &state).await?;
        let got = program.code().await?;
        whole.push(began.elapsed());
        program.end();
        if got != code {
            return Err("another code was delivered".into());
        }
        expect(browser.status().await?, 200)?;
    }
    println!("whole_p50_us {:.2}", percentile(&mut whole, 50));
    println!("whole_p99_us {:.2}", percentile(&mut whole, 99));
    println!("miss_p50_us {:.2}", percentile(&mut miss, 50));
    Ok(())
}

/// Many at once. Registering is not measured.
pub(crate) async fn deliver(target: &Target, waiters: usize, rounds: usize) -> Result<(), Fault> {
    let mut took = Duration::ZERO;
    for round in 0..rounds {
        let mut programs = JoinSet::new();
        for number in 0..waiters {
            let state = format!("deliver-{}-{round}-{number}", run());
            let mut program = Program::register(target, &state).await?;
            programs.spawn(async move {
                let code = program.code().await?;
                program.end();
                if code == format!("code-{state}") {
                    Ok(())
                } else {
                    Err(Fault::from("another code was delivered"))
                }
            });
        }
        let next = Arc::new(AtomicUsize::new(0));
        let start = Arc::new(Barrier::new(BROWSERS + 1));
        let mut browsers = JoinSet::new();
        for _ in 0..BROWSERS {
            let (next, start) = (Arc::clone(&next), Arc::clone(&start));
            let mut browser = Browser::new(target.http).await?;
            browsers.spawn(async move {
                start.wait().await;
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= waiters {
                        return Ok::<_, Fault>(());
                    }
                    let state = format!("deliver-{}-{round}-{number}", run());
                    browser.send(&format!("code-{state}"), &state).await?;
                    expect(browser.status().await?, 200)?;
                }
            });
        }
        start.wait().await;
        let began = Instant::now();
        while let Some(ended) = browsers.join_next().await {
            ended??;
        }
        // Delivered is what was read, whatever the browsers were told before.
        while let Some(ended) = programs.join_next().await {
            ended??;
        }
        took += began.elapsed();
    }
    println!(
        "per_second {:.0}",
        (waiters * rounds) as f64 / took.as_secs_f64()
    );
    Ok(())
}

/// Callbacks that nobody waits for.
pub(crate) async fn miss(target: &Target, milliseconds: u64) -> Result<(), Fault> {
    let mut browsers = JoinSet::new();
    let until = Instant::now() + Duration::from_millis(milliseconds);
    let began = Instant::now();
    for number in 0..BROWSERS {
        let mut browser = Browser::new(target.http).await?;
        browsers.spawn(async move {
            let mut count = 0_usize;
            while Instant::now() < until {
                browser.send("none", &format!("nobody-{number}")).await?;
                expect(browser.status().await?, 404)?;
                count += 1;
            }
            Ok::<_, Fault>(count)
        });
    }
    let mut all = 0;
    while let Some(ended) = browsers.join_next().await {
        all += ended??;
    }
    println!(
        "per_second {:.0}",
        all as f64 / began.elapsed().as_secs_f64()
    );
    Ok(())
}

/// REGISTER, and the callback right behind it, over another connection.
pub(crate) async fn cycle(target: &Target, count: usize) -> Result<(), Fault> {
    const AT_ONCE: usize = 16;
    let began = Instant::now();
    let mut workers = JoinSet::new();
    for worker in 0..AT_ONCE {
        let target = target.clone();
        let mut browser = Browser::new(target.http).await?;
        workers.spawn(async move {
            for number in 0..count / AT_ONCE {
                let state = format!("cycle-{}-{worker}-{number}", run());
                let mut program = Program::register(&target, &state).await?;
                browser.send("code-c", &state).await?;
                let code = program.code().await?;
                program.end();
                if code != "code-c" {
                    return Err(Fault::from("another code was delivered"));
                }
                expect(browser.status().await?, 200)?;
            }
            Ok::<_, Fault>(())
        });
    }
    while let Some(ended) = workers.join_next().await {
        ended??;
    }
    let cycles = count / AT_ONCE * AT_ONCE;
    println!(
        "per_second {:.0}",
        cycles as f64 / began.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Programs that only wait, while somebody looks at the server; then some of them get a code.
pub(crate) async fn park(target: &Target, waiters: usize) -> Result<(), Fault> {
    let mut programs = Vec::with_capacity(waiters);
    let mut refused = 0_usize;
    for number in 0..waiters {
        match Program::register(target, &format!("park-{}-{number}", run())).await {
            Ok(program) => programs.push(Some((number, program))),
            Err(_) => refused += 1,
        }
    }
    println!("parked {}", programs.len());
    println!("refused {refused}");
    let wait = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    wait.await??;
    // Every hundredth, so that all of the server's memory of them is met.
    let mut browser = Browser::new(target.http).await?;
    let mut times = Vec::new();
    // The others stay meanwhile.
    for place in programs.iter_mut().step_by(100) {
        let Some((number, mut program)) = place.take() else {
            continue;
        };
        let state = format!("park-{}-{number}", run());
        let began = Instant::now();
        browser.send("code-p", &state).await?;
        let code = program.code().await?;
        times.push(began.elapsed());
        program.end();
        if code != "code-p" {
            return Err("another code was delivered".into());
        }
        let status = browser.status().await?;
        if target.kind != Kind::Floor {
            expect(status, 200)?;
        }
    }
    println!("delivered {}", times.len());
    println!("whole_p50_us {:.2}", percentile(&mut times, 50));
    Ok(())
}

fn expect(status: u16, wanted: u16) -> Result<(), Fault> {
    if status == wanted {
        Ok(())
    } else {
        Err(format!("the answer is {status}, not {wanted}").into())
    }
}
