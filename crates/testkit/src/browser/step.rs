//! The next request of a browser.

use http::Method;
use url::Url;

/// One request of the browser.
pub(crate) struct Step {
    pub(crate) method: Method,
    pub(crate) url: Url,
    /// Of a form.
    pub(crate) body: Option<String>,
    /// The page with the form.
    pub(crate) from: Option<Url>,
    /// The page does not want to be named, or a redirect has made its name worthless: `Origin: null` (Fetch, section 3.1).
    pub(crate) nameless: bool,
    /// The person has said no: the next page is the end, whatever it asks.
    pub(crate) refused: bool,
}

impl Step {
    pub(crate) fn get(url: Url) -> Self {
        Self {
            method: Method::GET,
            url,
            body: None,
            from: None,
            nameless: false,
            refused: false,
        }
    }
}
