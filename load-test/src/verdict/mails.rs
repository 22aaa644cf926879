//! The mail folder: which order was written to, under which message id, at which address.

use std::{fs, io::ErrorKind, path::Path};

use anyhow::Context;
use sale::{ids::OrderId, verdict::record::MailSeen};

/// Every `<order id>.eml`; `None` where there is no folder.
pub fn read(folder: &Path) -> anyhow::Result<Option<Vec<MailSeen>>> {
    let context = || format!("cannot read the mail folder {}", folder.display());
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        entries => entries.with_context(context)?,
    };
    let mut mails = vec![];
    for entry in entries {
        let path = entry.with_context(context)?.path();
        if let Some(order_id) = order_of(&path) {
            let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let text = String::from_utf8_lossy(&text);
            let message_id = header(&text, "message-id").unwrap_or_default();
            mails.push(MailSeen { order_id, message_id, to: address(&header(&text, "to").unwrap_or_default()) });
        }
    }
    Ok(Some(mails))
}

fn order_of(path: &Path) -> Option<OrderId> {
    path.file_name()?.to_str()?.strip_suffix(".eml")?.parse().ok()
}

/// A header's value, unfolded.
fn header(text: &str, name: &str) -> Option<String> {
    let mut lines = text.lines().take_while(|line| !line.is_empty());
    let first = lines.by_ref().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then_some(value)
    })?;
    let folded = lines.take_while(|line| line.starts_with([' ', '\t'])).map(str::trim);
    Some(std::iter::once(first.trim()).chain(folded).collect::<Vec<_>>().join(" "))
}

/// `a@b` out of `Name <a@b>`.
fn address(to: &str) -> String {
    let inner = to.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(inner, _)| inner);
    inner.unwrap_or(to).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_whatever_their_case_and_folds() {
        let text = "Message-ID:\r\n <1@shop>\r\nTO: Ann\r\n <a@b.test>\r\nSubject: x\r\n\r\nTo: c@d.test\r\n";
        assert_eq!(header(text, "message-id").unwrap().trim(), "<1@shop>");
        assert_eq!(address(&header(text, "to").unwrap()), "a@b.test");
        assert_eq!(header(text, "cc"), None);
    }
}
