//! The mail folder: a letter box on disk, one file an order, readable by any mail program.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use async_trait::async_trait;
use lettre::message::{Mailbox, Message, MultiPart};
use sale::{
    ids::OrderId,
    port::{
        clock::Clock,
        mail::{Mail, MailError, MailSender},
    },
    time::UnixMs,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The most that a listing shows.
const LIST_MAX: usize = 200;

#[derive(Debug, Error)]
pub enum MailFolderError {
    #[error("the mail folder {path} cannot be used: {source}")]
    Io { path: String, source: io::Error },
    #[error("{0} is no sender's address, as in Shop <shop@example.com>")]
    From(String),
}

/// A delivered letter, as the development mailbox shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    pub id: OrderId,
    pub to: String,
    pub subject: String,
    pub received_at: UnixMs,
    pub text: String,
    pub html: String,
}

/// A folder of `<order id>.eml`, each beside a `<order id>.json` that says the same without MIME.
#[derive(Clone)]
pub struct MailFolder {
    folder: PathBuf,
    from: Mailbox,
    clock: Arc<dyn Clock>,
}

impl MailFolder {
    /// Opens or makes the folder.
    pub fn open(folder: &Path, from: &str, clock: Arc<dyn Clock>) -> Result<Self, MailFolderError> {
        std::fs::create_dir_all(folder)
            .map_err(|source| MailFolderError::Io { path: folder.display().to_string(), source })?;
        let from = from.parse().map_err(|_| MailFolderError::From(from.to_owned()))?;
        Ok(Self { folder: folder.to_owned(), from, clock })
    }

    /// The newest letters, newest first, at most 200. One that cannot be read is left out.
    pub fn list(&self) -> io::Result<Vec<Letter>> {
        let mut ids = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            let id = name.to_str().and_then(|n| n.strip_suffix(".eml")).and_then(|n| n.parse::<OrderId>().ok());
            ids.extend(id);
        }
        // Order ids begin with their instant, so the newest can be told without opening all.
        ids.sort_unstable_by(|a, b| b.cmp(a));
        Ok(ids.into_iter().take(LIST_MAX).filter_map(|id| self.read(id).ok().flatten()).collect())
    }

    /// One letter, `None` where there is none.
    pub fn read(&self, id: OrderId) -> io::Result<Option<Letter>> {
        match std::fs::read(self.path(id, "json")) {
            Ok(json) => Ok(Some(serde_json::from_slice(&json)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn path(&self, id: OrderId, kind: &str) -> PathBuf {
        self.folder.join(format!("{id}.{kind}"))
    }

    /// Writes one letter. The `.eml` comes last: where it stands, the letter was delivered.
    fn store(&self, mail: Mail) -> Result<(), MailError> {
        let eml = self.path(mail.order_id, "eml");
        if eml.exists() {
            return Ok(());
        }
        let at = self.clock.now();
        let message = self.message(&mail, at)?;
        let Mail { order_id: id, to, subject, text, html } = mail;
        let letter = Letter { id, to, subject, received_at: at, text, html };
        let written = serde_json::to_vec_pretty(&letter)
            .map_err(io::Error::from)
            .and_then(|json| place(&self.path(id, "json"), &json))
            .and_then(|()| place(&eml, &message))
            .and_then(|()| File::open(&self.folder)?.sync_all());
        written.map_err(|error| {
            tracing::error!(%error, order_id = %id, "a letter could not be put into the mail folder");
            MailError::Unavailable
        })
    }

    fn message(&self, mail: &Mail, at: UnixMs) -> Result<Vec<u8>, MailError> {
        let to: Mailbox = mail.to.parse().map_err(|_| MailError::Refused)?;
        let domain = self.from.email.domain();
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(mail.subject.clone())
            .date(UNIX_EPOCH + Duration::from_millis(at.0.max(0).unsigned_abs()))
            // The same order always has the same message id, so that a mail program shows a doubled letter once.
            .message_id(Some(format!("<{}@{domain}>", mail.order_id)))
            .multipart(MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone()));
        message.map(|m| m.formatted()).map_err(|_| MailError::Refused)
    }
}

#[async_trait]
impl MailSender for MailFolder {
    async fn deliver(&self, mail: Mail) -> Result<(), MailError> {
        let folder = self.clone();
        let stored = tokio::task::spawn_blocking(move || folder.store(mail)).await;
        stored.unwrap_or(Err(MailError::Unavailable))
    }
}

/// Puts a whole file in its place in one step; readable by this user alone, because it holds an address.
fn place(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(".draft");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&draft, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    struct Still;
    impl Clock for Still {
        fn now(&self) -> UnixMs {
            UnixMs(1_795_219_200_000)
        }
    }

    fn folder(name: &str) -> MailFolder {
        let path = std::env::temp_dir().join(format!("letters-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        MailFolder::open(&path, "Miaosha <shop@miaosha.example>", Arc::new(Still)).unwrap()
    }

    fn mail(n: u128, to: &str) -> Mail {
        Mail {
            order_id: OrderId(Uuid::from_u128(n)),
            to: to.into(),
            subject: "訂單\r\nBcc: everybody@example.com".into(),
            text: "text".into(),
            html: "<p>秒殺</p>".into(),
        }
    }

    #[tokio::test]
    async fn a_letter_is_delivered_once_an_order_and_found_again() {
        let folder = folder("once");
        folder.deliver(mail(1, "a@example.com")).await.unwrap();
        let first = std::fs::read(folder.path(OrderId(Uuid::from_u128(1)), "eml")).unwrap();
        folder.deliver(Mail { text: "changed".into(), ..mail(1, "a@example.com") }).await.unwrap();
        assert_eq!(std::fs::read(folder.path(OrderId(Uuid::from_u128(1)), "eml")).unwrap(), first);
        folder.deliver(mail(2, "b@example.com")).await.unwrap();
        let list = folder.list().unwrap();
        assert_eq!(list.iter().map(|l| l.to.as_str()).collect::<Vec<_>>(), ["b@example.com", "a@example.com"]);
        assert_eq!(list[1].text, "text");
        assert_eq!(folder.read(OrderId(Uuid::from_u128(9))).unwrap(), None);
        std::fs::remove_dir_all(&folder.folder).unwrap();
    }

    #[tokio::test]
    async fn a_subject_smuggles_no_header_and_a_bad_address_is_refused() {
        let folder = folder("smuggle");
        folder.deliver(mail(1, "a@example.com")).await.unwrap();
        let text = std::fs::read_to_string(folder.path(OrderId(Uuid::from_u128(1)), "eml")).unwrap();
        assert!(!text.lines().any(|line| line.starts_with("Bcc:")), "{text}");
        assert!(text.contains("multipart/alternative"));
        assert_eq!(folder.deliver(mail(2, "not an address")).await, Err(MailError::Refused));
        std::fs::remove_dir_all(&folder.folder).unwrap();
    }
}
