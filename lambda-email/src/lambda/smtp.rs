//! SMTP: letters carried by any mail server.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Tokio1Executor,
    message::Mailbox,
    transport::smtp::{Error, PoolConfig, response::Category},
};
use sale::port::{
    clock::Clock,
    mail::{Mail, MailError, MailSender},
};

use super::message::message;

/// Lines to the mail server at once; more letters wait for one.
const LINES_MAX: u32 = 4;
/// A line that was idle for so long is hung up: servers do so after minutes.
const LINE_IDLE: Duration = Duration::from_secs(30);

/// A sender over SMTP. Knows nothing of earlier letters: [`Once`](crate::Once) does.
pub struct SmtpSender {
    server: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    clock: Arc<dyn Clock>,
}

impl SmtpSender {
    /// `url` as in `smtps://user:password@mail.example`. Nothing is connected before the first letter.
    pub fn new(url: &str, from: Mailbox, step_max: Duration, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let pool = PoolConfig::new().max_size(LINES_MAX).idle_timeout(LINE_IDLE);
        let server =
            AsyncSmtpTransport::<Tokio1Executor>::from_url(url)?.timeout(Some(step_max)).pool_config(pool).build();
        Ok(Self { server, from, clock })
    }
}

#[async_trait]
impl MailSender for SmtpSender {
    async fn deliver(&self, mail: Mail) -> Result<(), MailError> {
        let order_id = mail.order_id;
        let message = message(&mail, &self.from, self.clock.now())?;
        let Err(error) = self.server.send(message).await else { return Ok(()) };
        // The code alone: servers repeat the address in their words.
        let (code, judged) = (error.status().map(|code| code.to_string()), judge(&error));
        tracing::warn!(%order_id, code, timed_out = error.is_timeout(), answer = %judged, "the mail server took no letter");
        Err(judged)
    }
}

/// Only what the server says of this very letter (55x) is final: a wrong password or a full house may change.
fn judge(error: &Error) -> MailError {
    let of_this_letter = error.status().is_some_and(|code| code.category == Category::MailSystem);
    // The client's own refusal: an address that this server's protocol cannot carry.
    if error.is_client() || (error.is_permanent() && of_this_letter) {
        MailError::Refused
    } else {
        MailError::Unavailable
    }
}
