//! A callback that came, until its browser knows how it ended.

use std::{fmt, time::Duration};

use oarlock_oauth::{
    authorization::AuthorizationError,
    parameters::{Parameters, ParametersError},
    relay::{CallbackParameters, CloseReason, Delivery},
    secret::{AuthorizationCode, State},
};
use serde_json::Value;
use url::form_urlencoded;

use super::{RelayError, RelayFault, Stage, Trouble, Verdict, Waiter};

/// For the relay's last word, reconnections included. By then the browser has been told something.
const LAST_WORD: Duration = Duration::from_secs(15);

/// A callback. The browser waits: it sees "Authorization Complete" only after [`acknowledge`](Self::acknowledge).
///
/// Dropping it, with its [`Waiter`], refuses it.
pub struct Delivered<'w> {
    /// The code, where there is one.
    pub code: Option<AuthorizationCode>,
    /// The state: that of the registration.
    pub state: Option<State>,
    /// Everything the callback had, as it was named; `iss` (RFC 9207) and `error` among them.
    pub parameters: CallbackParameters,
    waiter: &'w mut Waiter,
    delivery: Delivery,
}

/// What the browser was told.
#[derive(Debug)]
#[must_use]
pub enum Told {
    /// That the program has the callback (and, of a refusal, that access was denied).
    Complete,
    /// That it failed: it was refused, or the word came too late.
    Failed,
    /// The relay did not say.
    Unknown(RelayError),
}

impl<'w> Delivered<'w> {
    pub(super) fn new(
        waiter: &'w mut Waiter,
        delivery: Delivery,
        code: Option<AuthorizationCode>,
        parameters: CallbackParameters,
    ) -> Self {
        Self {
            code,
            state: waiter.owner.state.clone(),
            parameters,
            waiter,
            delivery,
        }
    }

    /// Says that the program has it, and waits until the browser knows; comes back for that if the connection breaks.
    pub async fn acknowledge(self) -> Told {
        self.waiter.conclude(&self.delivery, Verdict::Taken).await
    }

    /// Says that the program refuses it, and waits until the browser knows.
    pub async fn reject(self) -> Told {
        self.waiter.conclude(&self.delivery, Verdict::Refused).await
    }

    /// The authorization response in it, as [`AuthorizationRequest::check`](oarlock_oauth::authorization::AuthorizationRequest::check)
    /// takes it, whatever the code was called.
    ///
    /// # Errors
    /// A parameter is there twice, is no text where it must be one, or is malformed.
    pub fn response(&self) -> Result<Parameters, ParametersError> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in &self.parameters.0 {
            match value {
                // It follows below, whatever it was called.
                Value::String(_) if name.eq_ignore_ascii_case("code") && self.code.is_some() => {}
                Value::String(value) => {
                    query.append_pair(name, value);
                }
                // Of a JSON body; what matters here is text everywhere.
                _ if is_of_the_protocol(name) => return Err(ParametersError::Malformed),
                _ => {}
            }
        }
        if let Some(code) = &self.code {
            query.append_pair("code", code.expose());
        }
        Parameters::parse(&query.finish())
    }

    /// The provider's refusal in it, if it is one (RFC 6749, section 4.1.2.1).
    pub fn refusal(&self) -> Option<AuthorizationError> {
        let response = self.response().ok()?;
        let error = oarlock_oauth::authorization::ErrorResponse::from_parameters(&response)?;
        Some(AuthorizationError::Refused(error))
    }
}

fn is_of_the_protocol(name: &str) -> bool {
    ["state", "iss", "error", "error_description"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

impl fmt::Debug for Delivered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivered")
            .field("code", &self.code)
            .field("state", &self.state)
            .field("parameters", &self.parameters)
            .finish_non_exhaustive()
    }
}

impl Waiter {
    async fn conclude(&mut self, delivery: &Delivery, verdict: Verdict) -> Told {
        let concluded = tokio::time::timeout(LAST_WORD, self.concluded(delivery, verdict)).await;
        self.stage = Stage::Over;
        match concluded {
            Ok(Ok(CloseReason::Delivered)) => Told::Complete,
            Ok(Ok(_)) => Told::Failed,
            Ok(Err(error)) => Told::Unknown(error),
            Err(_) => Told::Unknown(
                self.owner
                    .unreachable("it did not say what the browser was told".into()),
            ),
        }
    }

    /// The relay's last word, across lost connections.
    async fn concluded(
        &mut self,
        delivery: &Delivery,
        verdict: Verdict,
    ) -> Result<CloseReason, RelayError> {
        let mut trouble = match self.link.conclude(&self.owner, delivery, verdict).await {
            Ok(reason) => return Ok(reason),
            Err(trouble) => trouble,
        };
        loop {
            match self.again(delivery, verdict, trouble).await {
                Ok(reason) | Err(Trouble::Closed(reason)) => return Ok(reason),
                Err(Trouble::Final(error)) => return Err(error),
                Err(lost) => trouble = lost,
            }
        }
    }

    /// Comes back to a delivery that was lost in the middle, and concludes it.
    async fn again(
        &mut self,
        delivery: &Delivery,
        verdict: Verdict,
        trouble: Trouble,
    ) -> Result<CloseReason, Trouble> {
        self.come_back(trouble).await?;
        let forgotten = || RelayFault::Unexpected("the delivery is not known any more");
        if !self.registered.resumed {
            // Restarted, or away for too long.
            self.link.unregister(None).await;
            return Err(Trouble::Final(self.owner.fault(forgotten())));
        }
        let heartbeat = self.registered.heartbeat;
        let again = self.link.delivery(&self.owner, heartbeat).await?;
        if again.delivery.as_ref() != Some(delivery) {
            return Err(Trouble::Final(self.owner.fault(forgotten())));
        }
        self.link.conclude(&self.owner, delivery, verdict).await
    }
}
