//! Connections are open files, and the system gives a process so many of them.

use oarlock_server::config::ServerConfig;

/// What is open besides connections of programs and browsers: listeners, the runtime's own, logs, metrics, and some room.
const RESERVE: usize = 64;

/// Makes the connections of `config` fit; a warning where they did not.
pub(super) fn fit(config: &mut ServerConfig, limit: u64) -> Option<String> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let reserve = RESERVE + for_providers(config, limit);
    let room = limit.saturating_sub(reserve).max(2);
    let browsers = config.http.connections;
    let Some(relay) = &mut config.relay else {
        config.http.connections = browsers.min(room);
        return (browsers > room).then(|| {
            format!(
                "this process may have {limit} files open (ulimit -n, LimitNOFILE=), which is room for {room} HTTP connections; {} would take them all",
                browsers.saturating_add(reserve)
            )
        });
    };
    let programs = relay.limits.connections;
    let wanted = programs.saturating_add(browsers);
    if wanted <= room {
        return None;
    }
    // A browser stays for a moment, a program for minutes: a quarter is plenty for browsers.
    let for_browsers = browsers.min(room / 4).max(1);
    let for_programs = programs.min(room - for_browsers);
    config.http.connections = for_browsers.max(browsers.min(room - for_programs));
    relay.limits.connections = for_programs;
    // Who would be one too many is told so over a connection.
    let slack = (for_programs / 64).min(256);
    relay.limits.registrations = relay
        .limits
        .registrations
        .min((for_programs - slack).max(1));
    Some(format!(
        "this process may have {limit} files open (ulimit -n, LimitNOFILE=), which is room for {for_programs} programs and {} HTTP connections; {} would take them all",
        config.http.connections,
        wanted.saturating_add(reserve),
    ))
}

/// What the broker's questions to providers need; a quarter at most.
fn for_providers(config: &ServerConfig, limit: usize) -> usize {
    config.broker.as_ref().map_or(0, |broker| {
        let questions = broker
            .limits
            .exchanges
            .saturating_mul(broker.upstreams.len());
        questions.min(limit / 4)
    })
}
