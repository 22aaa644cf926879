//! The watchers: which lines of one reactor watch which sale, and what everybody was told of it last.

use std::{collections::HashMap, sync::Arc};

use sale::ids::SaleId;
use slab::Slab;

use super::{frame::Frame, inbox::Inbox, line::Line};

/// What a line watches: nothing, one sale as nearly everybody, or some.
#[derive(Default)]
pub(super) enum Watching {
    #[default]
    Nothing,
    One(Mark),
    Some(Box<Marks>),
}

pub(super) struct Marks(Vec<Mark>);

/// Where a line stands among the watchers of a sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    sale: u32,
    place: u32,
}

/// One sale that somebody watches.
struct Watched {
    id: SaleId,
    /// Slots of lines, in no order.
    lines: Vec<u32>,
    /// The sale as it was last written down, for whoever comes next.
    last: Option<Frame>,
}

pub(super) struct Watchers {
    sales: Slab<Watched>,
    by_id: HashMap<SaleId, u32>,
    inbox: Arc<Inbox>,
}

impl Watching {
    pub(super) fn len(&self) -> usize {
        self.marks().len()
    }

    fn marks(&self) -> &[Mark] {
        match self {
            Self::Nothing => &[],
            Self::One(mark) => std::slice::from_ref(mark),
            Self::Some(marks) => &marks.0,
        }
    }

    fn marks_mut(&mut self) -> &mut [Mark] {
        match self {
            Self::Nothing => &mut [],
            Self::One(mark) => std::slice::from_mut(mark),
            Self::Some(marks) => &mut marks.0,
        }
    }

    fn push(&mut self, mark: Mark) {
        match self {
            Self::Nothing => *self = Self::One(mark),
            Self::One(first) => *self = Self::Some(Box::new(Marks(vec![*first, mark]))),
            Self::Some(marks) => marks.0.push(mark),
        }
    }

    fn remove(&mut self, sale: u32) -> Option<Mark> {
        let mark = self.marks().iter().copied().find(|mark| mark.sale == sale)?;
        match self {
            Self::Some(marks) if marks.0.len() > 1 => marks.0.retain(|known| *known != mark),
            _ => *self = Self::Nothing,
        }
        Some(mark)
    }
}

impl Watchers {
    pub(super) fn new(inbox: Arc<Inbox>) -> Self {
        Self { sales: Slab::new(), by_id: HashMap::new(), inbox }
    }

    pub(super) fn watches(&self, line: &Line, sale: SaleId) -> bool {
        self.by_id.get(&sale).is_some_and(|key| line.watching.marks().iter().any(|mark| mark.sale == *key))
    }

    /// The sales that a line watches.
    pub(super) fn of(&self, line: &Line) -> Vec<SaleId> {
        line.watching.marks().iter().filter_map(|mark| self.sales.get(mark.sale as usize)).map(|sale| sale.id).collect()
    }

    /// From now on the line of this slot hears of the sale. Not to be called twice.
    pub(super) fn watch(&mut self, lines: &mut Slab<Line>, slot: usize, sale: SaleId) {
        let Some(line) = lines.get_mut(slot) else { return };
        let sales = &mut self.sales;
        let key = *self.by_id.entry(sale).or_insert_with(|| {
            let key = sales.insert(Watched { id: sale, lines: vec![], last: None });
            u32::try_from(key).unwrap_or(u32::MAX)
        });
        let Some(watched) = self.sales.get_mut(key as usize) else { return };
        line.watching.push(Mark { sale: key, place: watched.lines.len() as u32 });
        watched.lines.push(slot as u32);
        self.inbox.watching().insert(sale, watched.lines.len() as u64);
    }

    pub(super) fn unwatch(&mut self, lines: &mut Slab<Line>, slot: usize, sale: SaleId) {
        if let Some(key) = self.by_id.get(&sale).copied() {
            self.forget(lines, slot, key);
        }
    }

    /// The line leaves.
    pub(super) fn unwatch_all(&mut self, lines: &mut Slab<Line>, slot: usize) {
        while let Some(mark) = lines.get(slot).and_then(|line| line.watching.marks().first().copied()) {
            self.forget(lines, slot, mark.sale);
        }
    }

    fn forget(&mut self, lines: &mut Slab<Line>, slot: usize, key: u32) {
        let Some(mark) = lines.get_mut(slot).and_then(|line| line.watching.remove(key)) else { return };
        let Some(watched) = self.sales.get_mut(key as usize) else { return };
        watched.lines.swap_remove(mark.place as usize);
        // The last one of the list stands in the place that became free.
        if let Some(moved) = watched.lines.get(mark.place as usize)
            && let Some(moved) = lines.get_mut(*moved as usize)
            && let Some(moved) = moved.watching.marks_mut().iter_mut().find(|mark| mark.sale == key)
        {
            moved.place = mark.place;
        }
        let (id, left) = (watched.id, watched.lines.len() as u64);
        let mut watching = self.inbox.watching();
        if left > 0 {
            watching.insert(id, left);
            return;
        }
        watching.remove(&id);
        self.by_id.remove(&id);
        self.sales.remove(key as usize);
    }

    /// Some lines that watch the sale, from the end of its list: `left` counts down to 0 and says where to go on.
    ///
    /// From the end, because a line that leaves meanwhile is replaced by the last one, which was told already; so nobody is
    /// passed over, and whoever comes meanwhile has read the present state.
    pub(super) fn some_of(&self, sale: SaleId, left: &mut usize, at_most: usize, slots: &mut Vec<u32>) {
        let lines = self.by_id.get(&sale).and_then(|key| self.sales.get(*key as usize)).map(|watched| &*watched.lines);
        let lines = lines.unwrap_or_default();
        let end = (*left).min(lines.len());
        *left = end.saturating_sub(at_most);
        slots.extend(lines[*left..end].iter().rev());
    }

    /// The sale as it was last written down.
    pub(super) fn last(&self, sale: SaleId) -> Option<&Frame> {
        self.sales.get(*self.by_id.get(&sale)? as usize)?.last.as_ref()
    }

    pub(super) fn keep_last(&mut self, sale: SaleId, frame: &Frame) {
        if let Some(key) = self.by_id.get(&sale)
            && let Some(watched) = self.sales.get_mut(*key as usize)
        {
            watched.last = Some(frame.clone());
        }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.sales.is_empty() && self.by_id.is_empty() && self.inbox.watching().is_empty()
    }
}

#[cfg(test)]
#[path = "watchers/tests.rs"]
mod tests;
