//! What a login shows a person and asks of them; a program can draw its own.

use std::{future::Future, io, pin::Pin, time::Duration};

use oarlock_oauth::{endpoint::Endpoint, text::Untrusted};
use url::Url;

/// Something a person should know while a login goes on.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The address to open; always shown before a browser is tried.
    OpenUrl {
        /// The authorization request.
        url: &'a Url,
    },
    /// The code that the server's page must show too, or the page is another login's.
    Compare {
        /// Eight letters, `WDJB-MJHT`.
        code: &'a str,
    },
    /// A browser was started.
    BrowserOpened,
    /// No browser could be started; the person opens the address by hand.
    BrowserFailed {
        /// Why.
        reason: &'a str,
    },
    /// What the browser ends at can be pasted now.
    PasteInvited {
        /// The provider's page shows a code; otherwise the address bar holds it.
        hosted_page: bool,
    },
    /// What was pasted does not serve; it may be tried again.
    PasteRefused {
        /// Why.
        reason: &'a str,
    },
    /// The code to enter on another device.
    DeviceCode {
        /// To type.
        user_code: &'a Untrusted,
        /// Where.
        verification_uri: &'a Endpoint,
        /// The same with the code in it.
        verification_uri_complete: Option<&'a Url>,
        /// A QR code of the address, as lines of text, where one was asked for.
        qr: Option<&'a str>,
        /// How long the code lives.
        expires_in: Duration,
    },
    /// A relay takes the browser's answer and hands it on.
    AnswerByRelay {
        /// The redirect URI, which the provider must know.
        callback_url: &'a str,
    },
    /// Device login is possible too (`--flow device`), offered where the browser may not reach us.
    DeviceOffered,
    /// Waiting for the person.
    Waiting {
        /// At most this long.
        timeout: Duration,
    },
    /// A redirect came that is not this login's answer; the login goes on.
    ForeignAnswer {
        /// Why it was refused.
        reason: &'a str,
    },
    /// The answer came; the code is being exchanged.
    Exchanging,
    /// A refresh is in flight and Ctrl-C was pressed: its answer is awaited and saved first.
    FinishingRefresh,
    /// Anything else a person should know.
    Warning {
        /// What.
        message: &'a str,
    },
}

/// A future that reads one line of pasted text.
pub type PasteFuture<'a> = Pin<Box<dyn Future<Output = io::Result<String>> + Send + 'a>>;

/// How a login talks with the person. The default is [`Terminal`](crate::terminal::Terminal).
pub trait Interaction: Send + Sync {
    /// Shows something; must not block for long.
    fn notify(&self, event: &Event<'_>);

    /// Reads what a person pastes. Dropping the future gives the input back.
    /// `ErrorKind::Interrupted` means the person cancelled; `ErrorKind::UnexpectedEof` that there is no input.
    fn paste(&self) -> PasteFuture<'_>;

    /// Whether [`paste`](Self::paste) can ever give something.
    fn can_paste(&self) -> bool;
}
