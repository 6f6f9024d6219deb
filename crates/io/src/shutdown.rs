//! Ctrl-C and SIGTERM.
/// Which signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT.
    Interrupt,
    /// SIGTERM.
    Terminate,
    /// SIGHUP.
    Hangup,
}
/// Listens from now on: the default action (death) is off while this lives in the process.
#[derive(Debug)]
pub struct Signals {}
impl Signals {
    /// # Errors
    pub fn listen() -> std::io::Result<Self> {
        todo!()
    }
    /// The next one.
    pub async fn next(&mut self) -> Signal {
        todo!()
    }
}
