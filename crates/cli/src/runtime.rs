//! The asynchronous part of a command: one thread, made only when it is needed, and an orderly end at Ctrl-C.

use std::future::Future;

use oarlock::{Client, Interaction, interaction::Event, terminal::Terminal};
use oarlock_io::shutdown::Signals;

use crate::failure::Failure;

/// Runs a future to its end, or until Ctrl-C or SIGTERM.
///
/// A refresh in flight is then awaited and saved first: a rotated token that is lost logs everybody out (hostile 29).
///
/// Never inlined: the futures of a login are large, and a stack frame with room for them would be touched by commands that need none.
#[inline(never)]
pub(crate) fn block_on<T, E: Into<Failure>>(
    client: &Client,
    future: impl Future<Output = Result<T, E>>,
) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let result = runtime.block_on(async {
        let mut signals = Signals::listen()?;
        let mut future = Box::pin(future);
        tokio::select! {
            result = &mut future => return result.map_err(Into::into),
            _ = signals.next() => {}
        }
        if client.is_refreshing() {
            Terminal::new(client.environment()).notify(&Event::FinishingRefresh);
            let result = tokio::select! {
                biased;
                result = &mut future => Some(result),
                () = client.settled() => None,
            };
            // Who cancels need not know how it went, unless a rotated token could not be saved.
            if let Some(Err(error)) = result {
                let failure = error.into();
                if failure.is_of_the_store() {
                    return Err(failure);
                }
            }
        }
        // Whoever waits at a relay says that it does not wait any more.
        drop(future);
        oarlock::relay::farewells().await;
        Err(Failure::cancelled())
    });
    // A thread that still waits for a lock or for input must not keep the process.
    runtime.shutdown_background();
    result
}
