//! The generator of the broker's benchmarks: programs, browsers, and the provider they sign in at, in one process.
//!
//! ```text
//! broker_load logins  KIND HTTP PROVIDER AT_ONCE MILLISECONDS   whole logins
//! broker_load polls   KIND HTTP AT_ONCE MILLISECONDS            a login that is not ready; KIND is unknown, pending or floor
//! broker_load devices HTTP AT_ONCE COUNT                        each of COUNT devices polls once, then at once again
//! broker_load pending KIND HTTP PROVIDER COUNT                  KIND is device or upstream: begins, says how many, stays until its
//!                                                               input ends, goes on with some
//! broker_load stall   HTTP PROVIDER MILLISECONDS SLOW           logins and polls, while SLOW others wait for a provider that stalls
//! ```
//!
//! HTTP is the broker's address, PROVIDER the one to listen on as the provider. KIND of logins is `pairing`, `pairing-oidc`, `code`,
//! `code-oidc`, `fasthtml` or `floor`. Every answer is checked, also whether the right person came out; results are printed as
//! `name value`. A wrong answer ends it with an error.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "that is what it is for")]
#![expect(
    clippy::disallowed_methods,
    reason = "it measures, and reads its clock as often as it can"
)]

mod code;
mod connection;
mod measured;
mod pairing;
mod pending;
mod people;
mod polls;
mod provider;
mod runs;
mod sign_in;
mod signer;
mod stall;

use std::error::Error;

use runs::Kind;

pub(crate) type Fault = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Fault> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match arguments[..] {
            ["logins", kind, http, provider, at_once, milliseconds] => {
                provider::listen(provider.parse()?).await?;
                let kind = Kind::parse(kind)?;
                runs::logins(kind, http.parse()?, at_once.parse()?, milliseconds.parse()?).await
            }
            ["polls", kind, http, at_once, milliseconds] => {
                let (at_once, milliseconds) = (at_once.parse()?, milliseconds.parse()?);
                polls::run(kind, http.parse()?, at_once, milliseconds).await
            }
            ["devices", http, at_once, count] => {
                polls::devices(http.parse()?, at_once.parse()?, count.parse()?).await
            }
            ["pending", kind, http, provider, count] => {
                provider::listen(provider.parse()?).await?;
                pending::run(kind, http.parse()?, count.parse()?).await
            }
            ["stall", http, provider, milliseconds, slow] => {
                provider::listen(provider.parse()?).await?;
                stall::run(http.parse()?, milliseconds.parse()?, slow.parse()?).await
            }
            _ => Err("usage: broker_load logins|polls|devices|pending|stall …".into()),
        }
    })
}
