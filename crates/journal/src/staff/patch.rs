//! Patch: what may still be changed while nobody relies on it.

use sale::{
    ids::{SaleId, UserId},
    rules::OPENING_NOTICE_MS,
    sale::{Phase, Stage},
    time::UnixMs,
};

use super::{Done, StaffError, desk::Desk, window::Window};
use crate::Journal;

/// What to change; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct Patch {
    pub title: Option<String>,
    pub waiting_room_opens_at: Option<UnixMs>,
    pub opens_at: Option<UnixMs>,
    pub closes_at: Option<UnixMs>,
    /// `false` publishes a draft; `true` takes a sale back whose waiting room has not opened.
    pub draft: Option<bool>,
}

impl Journal {
    /// Changes a sale before it opens.
    ///
    /// Errors: `WrongState` once it is open; `TooLate` for an opening closer than 10 s or a waiting room that people are in.
    pub async fn patch_sale(&self, actor: UserId, id: SaleId, patch: Patch) -> Result<Done, StaffError> {
        let mut desk = self.desk(id).await?;
        if !matches!(desk.phase(), Phase::Draft | Phase::Scheduled | Phase::WaitingRoom) {
            return desk.wrong_state();
        }
        let before = desk.sale.clone();
        let window = moved(&desk, &patch)?;
        desk.set_window(window);
        turn(&mut desk, patch.draft)?;
        if let Some(title) = patch.title {
            desk.sale.title = title;
        }
        let detail = changes(&before, &desk.sale);
        desk.write().await?;
        desk.commit(actor, "sale.patch", detail).await
    }
}

/// The window after the patch. A draft's is free; a published one keeps what people rely on.
fn moved(desk: &Desk, patch: &Patch) -> Result<Window, StaffError> {
    let mut window = desk.window();
    window.closes_at = patch.closes_at.unwrap_or(window.closes_at);
    if desk.phase() == Phase::Draft {
        let opens_at = patch.opens_at.unwrap_or(window.opens_at);
        let room = patch.waiting_room_opens_at.unwrap_or(window.waiting_room_opens_at);
        // The old room's moment is no wish: it gives way to an earlier opening.
        window.waiting_room_opens_at = if patch.waiting_room_opens_at.is_none() { room.min(opens_at) } else { room };
        window.opens_at = opens_at;
        return window.checked();
    }
    if let Some(opens_at) = patch.opens_at.filter(|at| *at != window.opens_at) {
        window.move_opening(desk.now, opens_at)?;
    }
    if let Some(at) = patch.waiting_room_opens_at.filter(|at| *at != window.waiting_room_opens_at) {
        window.move_room(desk.now, at)?;
    }
    if window.closes_at <= desk.now {
        return Err(StaffError::invalid("closes_at", "is in the past"));
    }
    window.checked()
}

/// Publishes a draft, or takes a sale back that only stands in the list.
fn turn(desk: &mut Desk, draft: Option<bool>) -> Result<(), StaffError> {
    match (draft, desk.phase()) {
        (Some(false), Phase::Draft) => {
            if desk.sale.opens_at < desk.now + OPENING_NOTICE_MS {
                return Err(StaffError::TooLate("a draft is published 10 s before its opening at the latest"));
            }
            desk.sale.stage = Stage::Published;
        }
        (Some(true), Phase::Scheduled) => desk.sale.stage = Stage::Draft,
        (Some(true), Phase::WaitingRoom) => return Err(StaffError::TooLate("the waiting room is open")),
        _ => {}
    }
    Ok(())
}

fn changes(before: &sale::sale::Sale, after: &sale::sale::Sale) -> String {
    let mut lines = Vec::new();
    if before.title != after.title {
        lines.push(format!("title: {} -> {}", before.title, after.title));
    }
    let instants = [
        ("waiting_room_opens_at", before.waiting_room_opens_at, after.waiting_room_opens_at),
        ("opens_at", before.opens_at, after.opens_at),
        ("closes_at", before.closes_at, after.closes_at),
    ];
    lines.extend(instants.iter().filter(|(_, b, a)| b != a).map(|(name, b, a)| format!("{name}: {} -> {}", b.0, a.0)));
    if before.stage != after.stage {
        lines.push(format!("stage: {} -> {}", crate::db::word(before.stage), crate::db::word(after.stage)));
    }
    lines.join("; ")
}
