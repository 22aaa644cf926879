//! Hearing: what the answers and frames of one line mean.

use std::io::Write as _;

use sale::{
    claim::ClaimState,
    ids::{ClaimId, SaleItemId},
};

use super::{
    answer,
    drive::{ACCEPTED, Asked, Driver},
    frames,
    script::Over,
    tally::{Receipt, Told},
};
use crate::{buyer::frame::ClaimSeen, sockets::skim::masked};

/// Takes whole answers. Returns how many bytes they took. Errors: why the line is of no use any more.
pub(super) fn answers(driver: &mut Driver, n: usize, came: &[u8]) -> Result<usize, &'static str> {
    let mut taken = 0;
    while let Some(told) = answer::cut(came.get(taken..).unwrap_or_default()).map_err(|()| "an answer does not read")? {
        taken += told.length;
        if told.status >= 500 && told.status != 503 {
            driver.tally.complain(format!("a claim was answered {}", told.status));
        }
        let free = if told.status == 202 {
            let claim = answer::text_of(told.body, "claim_id").and_then(|id| id.parse().ok());
            accepted(driver, n, None, claim);
            true
        } else {
            // A code is a short name of ours: nothing is copied for it.
            driver.refused(n, answer::text_of(told.body, "code").unwrap_or("?"))
        };
        let broken = driver.lines.get(n).is_none_or(|line| line.broken);
        if free && !broken {
            driver.free.push_back(n);
        }
    }
    Ok(taken)
}

/// Takes whole frames, as [`answers`] does.
pub(super) fn frames(driver: &mut Driver, n: usize, came: &[u8]) -> Result<usize, &'static str> {
    let mut taken = 0;
    while let Some(frame) = frames::cut(came.get(taken..).unwrap_or_default()).map_err(|()| "a frame is too long")? {
        taken += frame.length;
        match frame.opcode {
            frames::TEXT => text(driver, n, frame.payload),
            frames::PING => pong(driver, n, frame.payload),
            frames::CLOSE => return Err("a socket was closed"),
            _ => {}
        }
    }
    Ok(taken)
}

fn pong(driver: &mut Driver, n: usize, payload: &[u8]) {
    if let Some(line) = driver.lines.get_mut(n) {
        // Whoever cannot be answered now is asked again, or closes.
        let _ = line.stream.write(&masked(frames::PONG, payload));
    }
}

/// By its first letters alone: most of what is told is the stock of a sale, which is told to everybody.
fn text(driver: &mut Driver, n: usize, payload: &[u8]) {
    let is = |name: &str| payload.get(9..).is_some_and(|rest| rest.starts_with(name.as_bytes()));
    if is("claim\"") {
        match serde_json::from_slice::<ClaimSeen>(payload) {
            Ok(claim) => told(driver, n, claim),
            Err(error) => driver.tally.complain(format!("a claim does not read: {error}")),
        }
    } else if is("accepted\"") {
        let claim = answer::text_of(payload, "claim_id").and_then(|id| id.parse().ok());
        let item = answer::text_of(payload, "sale_item_id").and_then(|id| id.parse().ok());
        let item = item.and_then(|id: SaleItemId| driver.drive.script.items.iter().position(|item| *item == id));
        accepted(driver, n, item, claim);
    } else if is("refused\"") {
        let code = answer::text_of(payload, "code").unwrap_or("?");
        if driver.refused(n, code) {
            driver.free.push_back(n);
        }
    } else if is("error\"") {
        driver.tally.complain(String::from_utf8_lossy(payload).into_owned());
    }
}

/// A claim has its receipt. `item` is told on sockets alone: by HTTP there is only one that waits.
fn accepted(driver: &mut Driver, n: usize, item: Option<usize>, claim_id: Option<ClaimId>) {
    let Some(claim_id) = claim_id else { return driver.tally.complain("a receipt names no claim") };
    let Some(line) = driver.lines.get(n) else { return };
    let (buyer, waits) = (line.buyer, line.waiting.as_ref().map(|asked| asked.item));
    let Some(item) = item.or(waits) else { return };
    driver.tally.receipts.push(Receipt { at: Driver::now(), buyer, item, claim_id });
    // Its result may have come first.
    let Some(asked) = (waits == Some(item)).then(|| driver.answered(n, ACCEPTED)).flatten() else { return };
    if driver.drive.script.over == Over::Socket {
        if let Some(line) = driver.lines.get_mut(n) {
            line.undecided.push(asked);
        }
        if !driver.drive.until_decided {
            driver.free.push_back(n);
        }
    }
}

fn told(driver: &mut Driver, n: usize, claim: ClaimSeen) {
    if claim.state == ClaimState::Received {
        return;
    }
    let item = driver.drive.script.items.iter().position(|item| *item == claim.sale_item_id);
    driver.tally.told.push(Told { at: Driver::now(), buyer: n, claim });
    let Some((asked, had_receipt)) = item.and_then(|item| take_out(driver, n, item)) else { return };
    driver.decided(&asked);
    if driver.drive.until_decided || !had_receipt {
        driver.free.push_back(n);
    }
}

/// The claim for this item, if it has no result yet, and whether it had its receipt: that is told by another task, and may
/// come second. Then it has waited for as long as the result.
fn take_out(driver: &mut Driver, n: usize, item: usize) -> Option<(Asked, bool)> {
    if driver.lines.get(n)?.waiting.as_ref().is_some_and(|asked| asked.item == item) {
        return driver.answered(n, ACCEPTED).map(|asked| (asked, false));
    }
    let line = driver.lines.get_mut(n)?;
    let at = line.undecided.iter().position(|asked| asked.item == item)?;
    Some((line.undecided.swap_remove(at), true))
}
