//! Sharing: many who ask for the same thing at once cost one read, and none of them gets an answer older than their question.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// One slot a question that somebody is asking; the last who leaves forgets it, so the crowd's own bound is this one's too.
pub struct Share<K, V>(Mutex<HashMap<K, Arc<Slot<V>>>>);

struct Slot<V> {
    asked: AtomicU64,
    /// The last read, and how many questions had been asked when it began.
    turn: tokio::sync::Mutex<(u64, Option<V>)>,
}

impl<K: Hash + Eq + Clone, V: Clone> Share<K, V> {
    pub fn new() -> Self {
        Self(Mutex::default())
    }

    /// The answer of a read that began after this was called: one's own, or somebody else's.
    ///
    /// Shape: one read a key at a time. While it runs others gather, and the first of them reads for all of those.
    pub async fn get(&self, key: K, read: impl AsyncFnOnce() -> V) -> V {
        let visit = Visit { share: self, key: key.clone(), slot: self.slot(key) };
        visit.slot.answer(read).await
    }

    fn slot(&self, key: K) -> Arc<Slot<V>> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let empty = || Arc::new(Slot { asked: AtomicU64::new(0), turn: tokio::sync::Mutex::new((0, None)) });
        slots.entry(key).or_insert_with(empty).clone()
    }
}

impl<V: Clone> Slot<V> {
    async fn answer(&self, read: impl AsyncFnOnce() -> V) -> V {
        let ticket = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let mut turn = self.turn.lock().await;
        if let (covers, Some(answer)) = &*turn
            && *covers >= ticket
        {
            return answer.clone();
        }
        let covers = self.asked.load(Ordering::SeqCst);
        let answer = read().await;
        *turn = (covers, Some(answer.clone()));
        answer
    }
}

/// Somebody at a slot; leaving counts even where the question is dropped half way.
struct Visit<'a, K: Hash + Eq, V> {
    share: &'a Share<K, V>,
    key: K,
    slot: Arc<Slot<V>>,
}

impl<K: Hash + Eq, V> Drop for Visit<'_, K, V> {
    fn drop(&mut self) {
        let mut slots = self.share.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The map's and ours: arriving takes the same lock, so nobody comes in between.
        if Arc::strong_count(&self.slot) == 2 {
            slots.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn a_crowd_that_asks_at_once_costs_two_reads() {
        let (share, reads) = (Arc::new(Share::new()), Arc::new(AtomicU64::new(0)));
        let ask = |share: Arc<Share<u8, u64>>, reads: Arc<AtomicU64>| async move {
            let read = async || {
                let n = reads.fetch_add(1, Ordering::SeqCst) + 1;
                tokio::time::sleep(Duration::from_millis(10)).await;
                n
            };
            share.get(1, read).await
        };
        let first = tokio::spawn(ask(share.clone(), reads.clone()));
        tokio::time::sleep(Duration::from_millis(5)).await;
        // They come while a read is under way that may have begun before what they want to see.
        let crowd: Vec<_> = (0..100).map(|_| tokio::spawn(ask(share.clone(), reads.clone()))).collect();
        assert_eq!(first.await.unwrap(), 1);
        for one in crowd {
            assert_eq!(one.await.unwrap(), 2);
        }
        assert_eq!(reads.load(Ordering::SeqCst), 2);
        // Who comes later is never shown what was read before.
        assert_eq!(ask(share, reads).await, 3);
    }

    #[tokio::test]
    async fn what_nobody_asks_any_more_is_forgotten() {
        let share = Share::new();
        assert_eq!(share.get(1, async || 2).await, 2);
        let gone = tokio::time::timeout(Duration::ZERO, share.get(2, async || std::future::pending().await));
        assert!(gone.await.is_err());
        assert!(share.0.lock().unwrap().is_empty());
    }
}
