//! The provider's list: what the sandbox wrote down, one JSON object a line.

use std::{fs, io::ErrorKind, path::Path};

use anyhow::Context;
use sale::{
    ids::ClaimId,
    money::{Currency, Money},
    port::payments::{PaymentKey, PaymentState},
    time::UnixMs,
    verdict::record::ProviderEvent,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Line {
    at: UnixMs,
    claim_id: ClaimId,
    attempt: u32,
    event: PaymentState,
    amount_minor: i64,
    currency: Currency,
}

/// Every event, oldest first; `None` where there is no list. A last line cut short by a crash was never answered.
pub fn read(file: &Path) -> anyhow::Result<Option<Vec<ProviderEvent>>> {
    let text = match fs::read_to_string(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        text => text.with_context(|| format!("cannot read the provider's list {}", file.display()))?,
    };
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let events = whole.lines().enumerate().map(|(n, line)| {
        event(line).with_context(|| format!("line {} of the provider's list {}", n + 1, file.display()))
    });
    events.collect::<anyhow::Result<_>>().map(Some)
}

fn event(line: &str) -> anyhow::Result<ProviderEvent> {
    let Line { at, claim_id, attempt, event, amount_minor, currency } = serde_json::from_str(line)?;
    let key = PaymentKey { claim_id, attempt };
    Ok(ProviderEvent { at, key, amount: Money { amount_minor, currency }, state: event })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_cut_short_by_a_crash_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("list");
        assert_eq!(read(&file).unwrap(), None);
        let claim = ClaimId(uuid::Uuid::from_u128(7));
        let line = format!(
            r#"{{"at":5,"claim_id":"{claim}","attempt":1,"event":"captured","amount_minor":100,"currency":"TWD"}}"#
        );
        fs::write(&file, format!("{line}\n{}", &line[..30])).unwrap();
        let events = read(&file).unwrap().unwrap();
        assert_eq!((events.len(), events[0].state, events[0].key.claim_id), (1, PaymentState::Captured, claim));
    }
}
