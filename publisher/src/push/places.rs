//! The places: how many sockets may be here, in all and from one address. Taken before anything is spent on the upgrade.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use metrics::Gauge;

/// Why nobody more is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    House,
    Address,
}

pub(crate) struct Places {
    addresses: Mutex<HashMap<IpAddr, u32>>,
    taken: AtomicUsize,
    sockets_max: usize,
    per_address: usize,
    gauge: Gauge,
}

/// One place; free again when dropped.
pub(crate) struct Place {
    places: Arc<Places>,
    pub(super) address: IpAddr,
}

impl Places {
    pub(super) fn new(sockets_max: usize, per_address: usize) -> Self {
        metrics::gauge!("publisher_sockets_max").set(sockets_max as f64);
        let gauge = metrics::gauge!("publisher_sockets");
        gauge.set(0.0);
        Self { addresses: Mutex::default(), taken: AtomicUsize::new(0), sockets_max, per_address, gauge }
    }

    /// Sockets here, those on their way in included.
    pub(super) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Result<Place, Full> {
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if self.taken() >= self.sockets_max {
            return Err(Full::House);
        }
        let from_there = addresses.entry(address).or_default();
        if *from_there as usize >= self.per_address {
            return Err(Full::Address);
        }
        *from_there += 1;
        let here = self.taken.fetch_add(1, Ordering::Relaxed) + 1;
        self.gauge.set(here as f64);
        Ok(Place { places: self.clone(), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut addresses = self.places.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(from_there) = addresses.get_mut(&self.address) {
            *from_there = from_there.saturating_sub(1);
            if *from_there == 0 {
                addresses.remove(&self.address);
            }
        }
        let here = self.places.taken.fetch_sub(1, Ordering::Relaxed).saturating_sub(1);
        self.places.gauge.set(here as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_by_house_and_by_address_and_come_back() {
        let places = Arc::new(Places::new(3, 2));
        let (here, there) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        let first = places.take(here).unwrap_or_else(|_| panic!());
        let _second = places.take(here).unwrap_or_else(|_| panic!());
        assert_eq!(places.take(here).err(), Some(Full::Address));
        let _third = places.take(there).unwrap_or_else(|_| panic!());
        assert_eq!(places.take(there).err(), Some(Full::House));
        drop(first);
        assert!(places.take(here).is_ok());
    }
}
