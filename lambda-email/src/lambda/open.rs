//! Opening: the postman as configured, with nothing connected yet.

use std::sync::Arc;

use aws_config::{BehaviorVersion, SdkConfig};
use kit::clock::SystemClock;
use lettre::message::Mailbox;
use sale::port::{clock::Clock, mail::MailSender};
use thiserror::Error;

use super::{
    config::{Carrier, Config},
    ledger::SendLedger,
    once::Once,
    ses::SesSender,
    smtp::SmtpSender,
};

#[derive(Debug, Error)]
pub enum OpenError {
    #[error("email.from: {0} is no sender's address, as in Shop <shop@example.com>")]
    From(String),
    /// The URL itself is not repeated: it holds a password.
    #[error("email.smtp_url cannot be used: write it as in smtps://user:password@mail.example")]
    SmtpUrl,
}

/// AWS as the environment has it.
pub async fn aws() -> SdkConfig {
    aws_config::load_defaults(BehaviorVersion::latest()).await
}

/// The carrier behind the send ledger.
pub fn open(config: &Config, aws: &SdkConfig) -> Result<Once, OpenError> {
    let from: Mailbox = config.from.parse().map_err(|_| OpenError::From(config.from.clone()))?;
    let (clock, carry_max): (Arc<dyn Clock>, _) = (Arc::new(SystemClock), config.carry_max.get());
    let carrier: Arc<dyn MailSender> = match config.carrier {
        Carrier::Ses => Arc::new(SesSender::new(aws, from, carry_max, clock.clone())),
        Carrier::Smtp => {
            let smtp = SmtpSender::new(&config.smtp_url, from, carry_max, clock.clone());
            Arc::new(smtp.map_err(|_| OpenError::SmtpUrl)?)
        }
    };
    Ok(Once::new(SendLedger::new(aws, config.ledger.clone(), clock), carrier, carry_max))
}
