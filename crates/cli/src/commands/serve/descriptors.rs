//! Connections are open files, and the system gives a process so many of them.

use oarlock_server::config::ServerConfig;

/// What is open besides connections of programs and browsers: listeners, the runtime's own, logs, metrics, and some room.
const RESERVE: usize = 64;

/// Makes the connections of `config` fit; a warning where they did not.
pub(super) fn fit(config: &mut ServerConfig, limit: u64) -> Option<String> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let (programs, browsers) = (config.relay.limits.connections, config.http.connections);
    let wanted = programs.saturating_add(browsers);
    let room = limit.saturating_sub(RESERVE).max(2);
    if wanted <= room {
        return None;
    }
    // A browser stays for a moment, a program for minutes: a quarter is plenty for browsers.
    let for_browsers = browsers.min(room / 4).max(1);
    let for_programs = programs.min(room - for_browsers);
    config.http.connections = for_browsers.max(browsers.min(room - for_programs));
    config.relay.limits.connections = for_programs;
    // Who would be one too many is told so over a connection.
    let slack = (for_programs / 64).min(256);
    config.relay.limits.registrations = config
        .relay
        .limits
        .registrations
        .min((for_programs - slack).max(1));
    Some(format!(
        "this process may have {limit} files open (ulimit -n, LimitNOFILE=), which is room for {for_programs} programs and {} HTTP connections; {} would take them all",
        config.http.connections,
        wanted.saturating_add(RESERVE),
    ))
}
