//! The message: a rendered letter as mail programs understand it, named after its order.

use std::time::{Duration, UNIX_EPOCH};

use lettre::message::{Mailbox, Message, MultiPart};
use sale::{
    port::mail::{Mail, MailError},
    time::UnixMs,
};

/// Puts the letter into an envelope.
///
/// Repeat: the same order always has the same message id, so that a doubled letter is one message.
/// Errors: `Refused` where the address is none.
pub(crate) fn message(mail: &Mail, from: &Mailbox, at: UnixMs) -> Result<Message, MailError> {
    let to: Mailbox = mail.to.parse().map_err(|_| MailError::Refused)?;
    let message = Message::builder()
        .from(from.clone())
        .to(to)
        .subject(mail.subject.clone())
        .date(UNIX_EPOCH + Duration::from_millis(at.0.max(0).unsigned_abs()))
        .message_id(Some(format!("<{}@{}>", mail.order_id, from.email.domain())))
        .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()));
    message.map_err(|_| MailError::Refused)
}
