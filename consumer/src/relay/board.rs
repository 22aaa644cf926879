//! The board: the newest stock of every live item, and what of it the doors have heard.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sale::{
    ids::{SaleId, SaleItemId},
    sale::Stock,
    told::Told,
};
use tokio::time::Instant;

/// One line for each live item.
pub(crate) struct Board {
    lines: Mutex<HashMap<SaleItemId, Line>>,
    every: Duration,
    refresh: Duration,
}

struct Line {
    sale_id: SaleId,
    stock: Stock,
    gate_open: bool,
    told: Option<Heard>,
}

#[derive(Clone, Copy)]
struct Heard {
    at: Instant,
    stock_version: i64,
    gate_open: bool,
}

impl Board {
    /// Stock is told at most once in `every`, and at least once in about `refresh`.
    pub fn new(every: Duration, refresh: Duration) -> Self {
        Self { lines: Mutex::default(), every, refresh }
    }

    /// Notes stock as of a commit; returns what may be told at once. An older commit changes nothing.
    pub fn note(&self, sale_id: SaleId, item: SaleItemId, stock: Stock, gate_open: bool) -> Option<Told> {
        let mut lines = self.lines();
        let line = lines.entry(item).or_insert(Line { sale_id, stock, gate_open, told: None });
        if stock.stock_version >= line.stock.stock_version {
            (line.stock, line.gate_open) = (stock, gate_open);
        }
        self.tell(item, line, Instant::now())
    }

    /// What is to be told now.
    pub fn due(&self) -> Vec<Told> {
        let now = Instant::now();
        self.lines().iter_mut().filter_map(|(item, line)| self.tell(*item, line, now)).collect()
    }

    /// Forgets what is over.
    pub fn keep(&self, lives: impl Fn(SaleItemId) -> bool) {
        self.lines().retain(|item, _| lives(*item));
    }

    fn tell(&self, sale_item_id: SaleItemId, line: &mut Line, now: Instant) -> Option<Told> {
        let news = Heard { at: now, stock_version: line.stock.stock_version, gate_open: line.gate_open };
        if let Some(last) = line.told {
            let changed = last.stock_version != news.stock_version || last.gate_open != news.gate_open;
            let age = now.duration_since(last.at);
            if age < self.every || (!changed && age < self.refresh) {
                return None;
            }
        }
        line.told = Some(news);
        Some(Told::Stock { sale_id: line.sale_id, sale_item_id, stock: line.stock, gate_open: line.gate_open })
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<SaleItemId, Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;
    use uuid::Uuid;

    const SALE: SaleId = SaleId(Uuid::from_u128(1));
    const ITEM: SaleItemId = SaleItemId(Uuid::from_u128(2));

    fn stock(stock_version: i64) -> Stock {
        Stock { stock_version, ..Stock::default() }
    }

    fn version(told: &Told) -> i64 {
        match told {
            Told::Stock { stock, .. } => stock.stock_version,
            other => panic!("{other:?}"),
        }
    }

    fn board() -> Board {
        Board::new(Duration::from_millis(250), Duration::from_millis(500))
    }

    #[tokio::test(start_paused = true)]
    async fn a_rush_is_told_four_times_a_second_and_always_its_newest() {
        let board = board();
        let mut told = vec![];
        for tick in 1..=1000 {
            told.extend(board.note(SALE, ITEM, stock(tick), true));
            if tick % 250 == 0 {
                told.extend(board.due());
            }
            advance(Duration::from_millis(1)).await;
        }
        assert!((4..=5).contains(&told.len()), "{}", told.len());
        assert!(told.windows(2).all(|pair| version(&pair[0]) < version(&pair[1])));
    }

    #[tokio::test(start_paused = true)]
    async fn a_quiet_item_is_told_again_before_the_doors_fail_open() {
        let board = board();
        assert!(board.note(SALE, ITEM, stock(1), true).is_some());
        let mut told = 0;
        for _ in 0..12 {
            advance(Duration::from_millis(250)).await;
            told += board.due().len();
        }
        assert_eq!(told, 6);
    }

    #[tokio::test(start_paused = true)]
    async fn an_older_commit_never_covers_a_newer_one_and_what_is_over_is_forgotten() {
        let board = board();
        board.note(SALE, ITEM, stock(5), true);
        board.note(SALE, ITEM, stock(4), true);
        advance(Duration::from_millis(500)).await;
        assert_eq!(version(&board.due()[0]), 5);
        board.keep(|_| false);
        advance(Duration::from_millis(500)).await;
        assert!(board.due().is_empty());
    }
}
