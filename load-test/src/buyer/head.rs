//! The head: what a buyer hears on their lines, and what it changes in their memory and mind.

use std::{sync::atomic::Ordering, time::Duration};

use kit::clock::SeedChance;
use sale::{claim::ClaimState, ids::SaleItemId, verdict::observe::Channel};
use serde_json::Value;
use tokio::time::Instant;

use super::{
    behaviour::Behaviour,
    diary::Diary,
    door::{door, word},
    frame::{ClaimSeen, Frame, SaleSeen},
    line::{BAD_TOKEN, Event, Line},
    memory::Memory,
    mind::{Door, Mind, Step},
    wait::between,
};
use crate::{
    latency::Wait,
    pulse::Beat,
    scene::{Loot, bump},
};

/// An answer on the socket that is later than this is asked for again.
const SOCKET_ANSWER_MS: i64 = 6_000;

pub struct Head {
    pub n: u32,
    pub diary: Diary,
    pub memory: Memory,
    pub mind: Mind,
    pub chance: SeedChance,
    pub line: Line,
    pub second: Option<Line>,
    pub token_is_bad: bool,
    seated: bool,
}

impl Head {
    pub fn new(n: u32, diary: Diary, mind: Mind, chance: SeedChance, line: Line, second: Option<Line>) -> Self {
        let memory = Memory::new(diary.scene.facts.item_id);
        Self { n, diary, memory, mind, chance, line, second, token_is_bad: false, seated: false }
    }

    pub fn think(&mut self) -> Step {
        let now = self.diary.scene.now();
        self.mind.next(self.memory.view(now), &self.chance)
    }

    /// Waits for the next event on any line and takes it in. Safe to drop and call again.
    pub async fn hear(&mut self) {
        let now = self.diary.scene.now();
        let event = match &mut self.second {
            None => (true, self.line.next(now, &self.chance).await),
            Some(second) => tokio::select! {
                event = self.line.next(now, &self.chance) => (true, event),
                event = second.next(now, &self.chance) => (false, event),
            },
        };
        self.take_in(event.0, event.1);
    }

    /// Listens until something was heard or the time has come.
    pub async fn listen(&mut self, until: Instant) {
        let over = self.diary.scene.over.clone();
        tokio::select! {
            () = self.hear() => {}
            () = tokio::time::sleep_until(until) => {}
            () = over.cancelled() => {}
        }
    }

    /// Listens while `work` is done.
    pub async fn listen_during<T>(&mut self, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                () = self.hear() => {}
            }
        }
    }

    fn take_in(&mut self, is_first: bool, event: Event) {
        match event {
            Event::Connected => {}
            Event::Frame(frame) => self.frame(is_first, frame),
            Event::Garbled(text) => self.diary.complain(format!("a frame does not read: {text}")),
            Event::Refused(why) => {
                self.diary.scene.counts.add("socket refused");
                // A door that is busy or stopping may say so; anything else is a fault.
                if !["503", "429"].iter().any(|busy| why.contains(busy)) {
                    self.diary.complain(format!("the socket was refused: {why}"));
                }
            }
            Event::Lost(code) => self.lost(is_first, code),
        }
    }

    fn lost(&mut self, is_first: bool, code: Option<u16>) {
        self.token_is_bad |= code == Some(BAD_TOKEN);
        if is_first && std::mem::take(&mut self.seated) {
            self.diary.scene.counts.seated.fetch_sub(1, Ordering::Relaxed);
            bump(&self.diary.scene.counts.reconnects);
            self.diary.scene.pulse.beat(Beat::Lost);
        }
        if self.memory.awaits_answer() {
            let after = between(&self.chance, 50, 500);
            self.mind.answer_lost(self.diary.scene.now(), after as i64);
        }
    }

    fn frame(&mut self, is_first: bool, frame: Frame) {
        match frame {
            Frame::Session { user_id } => self.session(is_first, user_id == self.diary.buyer_id),
            Frame::Sale(told) => self.sale(&told),
            Frame::Claim(told) => self.claim(told, Channel::Socket),
            Frame::Accepted { claim_id, sale_item_id, attempt, .. } => {
                self.diary.receipt(claim_id, sale_item_id, None);
                self.receipt(attempt);
            }
            Frame::Refused { code, op, retry_after_ms, .. } => match op.as_str() {
                "claim" => {
                    if code == "unavailable" {
                        self.diary.scene.pulse.beat(Beat::Busy);
                    }
                    self.turned_away(&code, retry_after_ms.map(Duration::from_millis), None);
                }
                // Without the sale in view the line is of no use: begin again.
                "watch" => self.unwatched(is_first, &code),
                _ => self.diary.scene.counts.add(format!("{op} refused {code}")),
            },
            Frame::Notice { code, .. } => self.diary.scene.counts.add(format!("notice {code}")),
            Frame::Error { code, detail } => {
                self.diary.complain(format!("the socket did not understand: {code} {detail}"))
            }
            Frame::Bye { code, .. } => self.diary.scene.counts.add(format!("bye {code}")),
            Frame::Hello { .. } | Frame::Clock { .. } => {}
        }
    }

    fn unwatched(&mut self, is_first: bool, code: &str) {
        self.diary.scene.counts.add(format!("watch refused {code}"));
        let line = if is_first { Some(&mut self.line) } else { self.second.as_mut() };
        line.into_iter().for_each(|line| line.lose(&self.chance));
        self.lost(is_first, None);
    }

    fn session(&mut self, is_first: bool, mine: bool) {
        if !mine {
            self.diary.complain("the session is somebody else's");
        }
        let line = if is_first { Some(&mut self.line) } else { self.second.as_mut() };
        line.into_iter().for_each(Line::settled);
        if is_first && !std::mem::replace(&mut self.seated, true) {
            bump(&self.diary.scene.counts.seated);
        }
    }

    fn sale(&mut self, told: &SaleSeen) {
        let facts = &self.diary.scene.facts;
        if told.sale_id != facts.sale_id {
            return;
        }
        self.diary.stock(told);
        if self.memory.sale(told) {
            let late_ms = self.diary.scene.now() - facts.opens_at;
            // Only who sat in the waiting room was told of the opening; the others were told of the present.
            if self.seated && late_ms < 5_000 {
                self.diary.scene.latencies.note(Wait::Opening, Duration::from_millis(late_ms.max(0) as u64));
            }
            if late_ms < -20 {
                self.diary.complain(format!("the sale was told open {} ms early", -late_ms));
            }
        }
    }

    /// A state of an own claim, however it came.
    pub fn claim(&mut self, told: ClaimSeen, channel: Channel) {
        self.diary.claim(&told, channel);
        let scene = self.diary.scene.clone();
        let (claim_id, state) = (told.claim_id, told.state);
        let before = self.memory.latest().filter(|c| c.claim_id == claim_id).map(|c| c.state);
        if matches!(state, ClaimState::Held | ClaimState::Standby | ClaimState::Paid) && before != Some(state) {
            let (purchase_pass, order_id) = (told.purchase_pass.clone(), told.order_id);
            scene.drop_loot(Loot { owner: self.n, claim_id, purchase_pass, order_id });
        }
        if let Some(took) = self.memory.claim(told) {
            bump(&scene.counts.decided);
            scene.pulse.decided(took);
            scene.latencies.note(Wait::Result, took);
        }
        let after = self.memory.latest().filter(|c| c.claim_id == claim_id).map(|c| (c.state, c.reason));
        let news = after.filter(|(state, _)| Some(*state) != before && *state != ClaimState::Received);
        if let Some((state, reason)) = news {
            let why = reason.map(|r| format!(" {}", r.as_str())).unwrap_or_default();
            scene.counts.add(format!("became {}{why}", word(state)));
            if state == ClaimState::Paid {
                bump(&scene.counts.paid);
                scene.pulse.beat(Beat::Paid);
            }
        }
    }

    pub fn receipt(&mut self, attempt: u32) {
        if let Some(took) = self.memory.receipt(attempt) {
            self.diary.scene.latencies.note(Wait::Receipt, took);
        }
    }

    /// The door refused a claim. `claim` came along where there is one already.
    pub fn turned_away(&mut self, code: &str, retry_after: Option<Duration>, claim: Option<ClaimSeen>) {
        self.diary.scene.counts.add(format!("door: {code}"));
        if let Some(took) = self.memory.refused() {
            self.diary.scene.latencies.note(Wait::Receipt, took);
        }
        match (door(code, retry_after, &self.chance), claim) {
            (_, Some(claim)) => self.claim(claim, Channel::Http),
            (Some(door), None) => self.mind.turned_away(door, self.diary.scene.now()),
            (None, None) => {
                self.diary.complain(format!("a claim was refused with the unknown code {code:?}"));
                self.mind.turned_away(Door::Never, self.diary.scene.now());
            }
        }
    }

    /// Sends a claim over a line. False where that line is down.
    pub async fn claim_on(&mut self, first: bool, frame: &Value) -> bool {
        let line = if first { Some(&mut self.line) } else { self.second.as_mut() };
        let Some(line) = line else { return false };
        let sent = line.send(frame).await;
        if sent {
            self.mind.answer_lost(self.diary.scene.now(), SOCKET_ANSWER_MS);
        }
        sent
    }

    pub fn item_id(&self) -> SaleItemId {
        self.diary.scene.facts.item_id
    }

    pub fn is(&self, behaviour: Behaviour) -> bool {
        self.mind.behaviour == behaviour
    }

    pub async fn close(&mut self) {
        self.line.close().await;
        if let Some(second) = &mut self.second {
            second.close().await;
        }
    }
}
