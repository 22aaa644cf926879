//! SES: letters carried by AWS.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use aws_config::{SdkConfig, timeout::TimeoutConfig};
use aws_sdk_sesv2::{
    Client,
    config::Builder,
    error::{BuildError, ProvideErrorMetadata},
    operation::send_email::SendEmailError,
    primitives::Blob,
    types::{Destination, EmailContent, MessageTag, RawMessage},
};
use lettre::message::Mailbox;
use sale::port::{
    clock::Clock,
    mail::{Mail, MailError, MailSender},
};

use super::message::message;

/// A sender over SES. SES writes a message id of its own over ours, so the order's id also goes along as the tag `order_id`,
/// which its delivery events repeat. Knows nothing of earlier letters: [`Once`](crate::Once) does.
pub struct SesSender {
    client: Client,
    from: Mailbox,
    clock: Arc<dyn Clock>,
}

impl SesSender {
    /// `carry_max` bounds one letter, tries and all. Nothing is connected before the first letter.
    pub fn new(aws: &SdkConfig, from: Mailbox, carry_max: Duration, clock: Arc<dyn Clock>) -> Self {
        let timeouts = TimeoutConfig::builder().operation_timeout(carry_max).operation_attempt_timeout(carry_max / 2);
        let config = Builder::from(aws).timeout_config(timeouts.build()).build();
        Self { client: Client::from_conf(config), from, clock }
    }

    fn parts(&self, mail: &Mail, bytes: Vec<u8>) -> Result<(EmailContent, MessageTag), BuildError> {
        let raw = RawMessage::builder().data(Blob::new(bytes)).build()?;
        let tag = MessageTag::builder().name("order_id").value(mail.order_id.to_string()).build()?;
        Ok((EmailContent::builder().raw(raw).build(), tag))
    }
}

#[async_trait]
impl MailSender for SesSender {
    async fn deliver(&self, mail: Mail) -> Result<(), MailError> {
        let order_id = mail.order_id;
        let message = message(&mail, &self.from, self.clock.now())?;
        let (content, tag) = self.parts(&mail, message.formatted()).map_err(|_| MailError::Refused)?;
        let asked = self.client.send_email().from_email_address(self.from.to_string()).email_tags(tag).content(content);
        let to = Destination::builder().to_addresses(mail.to).build();
        let Err(error) = asked.destination(to).send().await else { return Ok(()) };
        // The code alone: SES repeats the address in its words.
        let (code, judged) =
            (error.code().map(str::to_owned), error.as_service_error().map_or(MailError::Unavailable, judge));
        tracing::warn!(%order_id, code, answer = %judged, "SES took no letter");
        Err(judged)
    }
}

/// Only what SES says of this very letter is final: a paused account, a full quota or a sender who is not verified may change.
fn judge(error: &SendEmailError) -> MailError {
    let of_the_sender = error.message().is_some_and(|said| said.contains("not verified"));
    match error {
        SendEmailError::MessageRejected(_) if !of_the_sender => MailError::Refused,
        SendEmailError::BadRequestException(_) => MailError::Refused,
        _ => MailError::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_sesv2::{error::ErrorMetadata, types::error::MessageRejected};

    fn rejected(said: &str) -> SendEmailError {
        let meta = ErrorMetadata::builder().message(said).build();
        SendEmailError::MessageRejected(MessageRejected::builder().message(said).meta(meta).build())
    }

    #[test]
    fn a_sender_who_is_not_verified_yet_dooms_no_letter() {
        assert_eq!(judge(&rejected("Email address is not verified.")), MailError::Unavailable);
        assert_eq!(judge(&rejected("the message holds a virus")), MailError::Refused);
    }
}
