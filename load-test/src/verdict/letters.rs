//! The letters: which order was written to, under which message id, at which address.

use std::{
    collections::{HashMap, HashSet},
    fs,
    io::ErrorKind,
    path::Path,
    time::SystemTime,
};

use anyhow::Context;
use sale::{ids::OrderId, verdict::record::MailSeen};

/// Every `.eml` that names its order, by file or by message id; `None` where there is no folder.
pub fn read(folder: &Path) -> anyhow::Result<Option<Vec<MailSeen>>> {
    let context = || format!("cannot read the letters in {}", folder.display());
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        entries => entries.with_context(context)?,
    };
    let mut letters = vec![];
    for entry in entries {
        let path = entry.with_context(context)?.path();
        if path.extension().is_some_and(|ending| ending == "eml") {
            let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            letters.extend(letter(&path, &String::from_utf8_lossy(&text)));
        }
    }
    Ok(Some(letters))
}

/// When the first letter of each order was written into the folder, by the file system's clock; it is the machine's.
pub fn arrived(folder: &Path) -> anyhow::Result<HashMap<OrderId, SystemTime>> {
    let mut arrived = HashMap::new();
    let Ok(entries) = fs::read_dir(folder) else { return Ok(arrived) };
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_none_or(|ending| ending != "eml") {
            continue;
        }
        // One that is being written or moved comes again.
        let Ok((at, text)) =
            fs::metadata(&path).and_then(|told| told.modified()).and_then(|at| Ok((at, fs::read(&path)?)))
        else {
            continue;
        };
        if let Some(letter) = letter(&path, &String::from_utf8_lossy(&text)) {
            let first = arrived.entry(letter.order_id).or_insert(at);
            *first = at.min(*first);
        }
    }
    Ok(arrived)
}

/// Whether it went to a buyer of the run of this name.
pub fn is_of_run(letter: &MailSeen, run: &str) -> bool {
    letter.to.ends_with(&format!(".{run}@load.example"))
}

/// How many orders of this run were written to.
pub fn orders_of_run(letters: &[MailSeen], run: &str) -> usize {
    let orders: HashSet<_> = letters.iter().filter(|l| is_of_run(l, run)).map(|l| l.order_id).collect();
    orders.len()
}

fn letter(path: &Path, text: &str) -> Option<MailSeen> {
    let message_id = header(text, "message-id").unwrap_or_default();
    // A folder of ours names files by order; a mail server counts, and the order stands in the message id.
    let order_id = order_of_file(path).or_else(|| order_of_message(&message_id))?;
    let to = address(&header(text, "to").unwrap_or_default());
    Some(MailSeen { order_id, message_id, to })
}

fn order_of_file(path: &Path) -> Option<OrderId> {
    path.file_stem()?.to_str()?.parse().ok()
}

/// Of `<order@domain>`.
fn order_of_message(message_id: &str) -> Option<OrderId> {
    message_id.trim().strip_prefix('<')?.split_once('@')?.0.parse().ok()
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

    #[test]
    fn an_order_is_named_by_its_file_or_by_its_message() {
        let order: OrderId = "01900000-0000-7000-8000-000000000001".parse().unwrap();
        let text = format!("Message-ID: <{order}@shop.test>\r\nTo: buyer7.ab@load.example\r\n\r\n");
        let by_message = letter(Path::new("12.eml"), &text).unwrap();
        assert_eq!(by_message.order_id, order);
        assert!(is_of_run(&by_message, "ab") && !is_of_run(&by_message, "b"));
        let sent_twice = [by_message.clone(), by_message];
        assert_eq!((orders_of_run(&sent_twice, "ab"), orders_of_run(&sent_twice, "b")), (1, 0));
        let by_file = letter(&Path::new("x").join(format!("{order}.eml")), "Message-ID: <1@x>\r\n\r\n").unwrap();
        assert_eq!(by_file.order_id, order);
        assert_eq!(letter(Path::new("12.eml"), "Subject: no order\r\n\r\n"), None);
    }
}
