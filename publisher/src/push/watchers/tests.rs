//! Lines come, watch, look away and leave in any order, and the lists stay right.

use super::*;
use std::net::IpAddr;

use kit::http::Place;
use mio::{Poll, net::TcpStream};
use proptest::{collection::vec, prelude::*};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::push::places::Places;

const SALES: u8 = 4;
const LINES: usize = 12;

fn sale(n: u8) -> SaleId {
    SaleId(Uuid::from_u128(u128::from(n)))
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Watch(usize, u8),
    Unwatch(usize, u8),
    Leave(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..LINES, 0..SALES).prop_map(|(line, sale)| Step::Watch(line, sale)),
        2 => (0..LINES, 0..SALES).prop_map(|(line, sale)| Step::Unwatch(line, sale)),
        1 => (0..LINES).prop_map(Step::Leave),
    ]
}

struct House {
    lines: Slab<Line>,
    watchers: Watchers,
    _poll: Poll,
}

fn house() -> House {
    let poll = Poll::new().unwrap();
    let watchers = Watchers::new(Arc::new(Inbox::new(&poll).unwrap()));
    let (places, permits) = (Arc::new(Places::new(LINES, LINES)), Arc::new(Semaphore::new(LINES)));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut lines = Slab::new();
    for slot in 0..LINES {
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let Ok(place) = places.take(IpAddr::from([127, 0, 0, 1])) else { panic!() };
        let connection = Place::new(permits.clone().try_acquire_owned().unwrap());
        assert_eq!(lines.insert(Line::new(stream, 1, place, connection)), slot);
    }
    House { lines, watchers, _poll: poll }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
    #[test]
    fn the_lists_are_right_whatever_comes(steps in vec(step(), 0..200)) {
        let House { mut lines, mut watchers, _poll } = house();
        let mut model: HashMap<u8, Vec<usize>> = HashMap::new();
        for step in steps {
            match step {
                Step::Watch(line, n) if !watchers.watches(&lines[line], sale(n)) => {
                    watchers.watch(&mut lines, line, sale(n));
                    model.entry(n).or_default().push(line);
                }
                Step::Watch(..) => {}
                Step::Unwatch(line, n) => {
                    watchers.unwatch(&mut lines, line, sale(n));
                    model.entry(n).or_default().retain(|known| *known != line);
                }
                Step::Leave(line) => {
                    watchers.unwatch_all(&mut lines, line);
                    model.values_mut().for_each(|known| known.retain(|known| *known != line));
                }
            }
            for n in 0..SALES {
                let mut expected: Vec<u32> = model.get(&n).into_iter().flatten().map(|line| *line as u32).collect();
                let (mut told, mut left) = (vec![], usize::MAX);
                while left > 0 {
                    watchers.some_of(sale(n), &mut left, 3, &mut told);
                }
                expected.sort_unstable();
                told.sort_unstable();
                prop_assert_eq!(&told, &expected);
                let counted = watchers.inbox.watching().get(&sale(n)).copied().unwrap_or(0);
                prop_assert_eq!(counted, expected.len() as u64);
            }
        }
        (0..LINES).for_each(|line| watchers.unwatch_all(&mut lines, line));
        prop_assert!(watchers.is_empty(), "who leaves leaves nothing behind");
    }
}

#[test]
fn nobody_is_passed_over_when_lines_leave_while_others_are_told() {
    let House { mut lines, mut watchers, _poll } = house();
    (0..LINES).for_each(|line| watchers.watch(&mut lines, line, sale(0)));
    let (mut told, mut left) = (vec![], usize::MAX);
    watchers.some_of(sale(0), &mut left, 4, &mut told);
    // One who was not told yet leaves: the last one, who was, takes that place.
    watchers.unwatch_all(&mut lines, 2);
    watchers.unwatch_all(&mut lines, 9);
    while left > 0 {
        watchers.some_of(sale(0), &mut left, 4, &mut told);
    }
    let missed: Vec<_> = (0..LINES as u32).filter(|line| !told.contains(line)).collect();
    assert_eq!(missed, [2], "only who left before their turn");
}
