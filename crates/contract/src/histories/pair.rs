//! The pair: the same sale twice, once on paper and once in the real journal, going through the same steps.

use std::collections::HashMap;

use journal::{
    account::{Account, NewSession, Role},
    claim::{Ratified, WithdrawError},
    staff::{Plan as StaffPlan, PlannedItem, PlannedProduct},
};
use sale::{
    claim::{Claim, ClaimState, ClaimView, Command as Wish},
    ids::{ClaimId, SaleItemId, UserId, claim_id},
    model::{Command, Model, Plan, Queued},
    port::ledger::Levels,
    sale::Product,
};

use super::{
    Bench,
    draw::{self, Step},
};
use crate::fresh;

pub(super) struct Pair<'a> {
    pub bench: &'a Bench,
    pub model: Model,
    /// Levels on their way from the journal to the ledger, as the journal told them.
    pub relays: Vec<(SaleItemId, Levels)>,
    /// Claims that the journal's last verb named, where it names all of them.
    pub told: Option<Vec<ClaimView>>,
    /// What buyers saw last.
    pub seen: HashMap<ClaimId, (i64, ClaimState)>,
    /// How much of both change logs was compared.
    pub logged: usize,
    /// Counts checkouts: each is asked under a key of its own.
    pub asked: u32,
    /// The clock was set back in this history.
    pub set_back: bool,
    pub staff: UserId,
    story: Story,
}

/// Prints itself when the test fails.
struct Story {
    seed: u64,
    plan: Plan,
    steps: Vec<Step>,
}

impl Drop for Story {
    #[allow(clippy::print_stderr)]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the history of seed {} with {:?}:", self.seed, self.plan);
            self.steps.iter().enumerate().for_each(|(n, step)| eprintln!("{:3} {step:?}", n + 1));
        }
    }
}

impl<'a> Pair<'a> {
    /// Plans the sale on both sides, and signs its buyers up.
    pub async fn begin(seed: u64, plan: Plan, bench: &'a Bench) -> Self {
        let model = Model::new(plan.clone());
        let (staff, story) = (fresh::buyer(), Story { seed, plan, steps: vec![] });
        bench.clock.set(model.now);
        (bench.forget)().await;
        bench.journal.beat().await.expect("the first heartbeat");
        bench.journal.plan(staff, on_paper(&model)).await.expect("a sale");
        for n in 0..model.plan.buyers {
            sign_up(bench, model.buyer(n)).await;
        }
        let (relays, told, seen) = (vec![], None, HashMap::new());
        Self { bench, model, relays, told, seen, logged: 0, asked: 0, set_back: false, staff, story }
    }

    /// Lives one step on both sides and compares them.
    pub async fn live(&mut self, step: Step) {
        self.story.steps.push(step.clone());
        if draw::is_of_the_queue(&step) {
            // The model's queue and consumers are everybody's: nothing can have come apart.
            return self.queued(step);
        }
        self.model.bus.clear();
        self.told = Some(vec![]);
        self.apply(step).await;
        self.compare().await;
    }

    async fn apply(&mut self, step: Step) {
        use Command as C;
        match step {
            Step::Serve { max } => self.serve(max).await,
            Step::Lose { back } => self.lose(back).await,
            Step::Build => self.build().await,
            Step::Answer { pick, yes } => self.answer(pick, yes).await,
            Step::Pass { seconds } => self.pass(seconds).await,
            Step::Stride { ms } => self.stride(ms).await,
            Step::Back { ms } => self.back(ms),
            Step::Of(C::WithdrawNow { buyer, item }) => self.withdraw_now(buyer, item).await,
            Step::Of(C::Take { batch }) => self.take(batch).await,
            Step::Of(C::Ratify { batch }) => self.ratify(batch).await,
            Step::Of(C::Relay { pick, lose }) => self.relay(pick, lose).await,
            Step::Of(C::Reconcile { item }) => self.reconcile(item).await,
            Step::Of(C::Pay { pick }) => self.pay(pick).await,
            Step::Of(C::Cancel { pick }) => self.cancel(pick).await,
            Step::Of(C::Jump { ms }) => self.jump(ms),
            Step::Of(C::Beat) => self.beat().await,
            Step::Of(C::Sweep { item }) => self.sweep(item).await,
            Step::Of(verb @ (C::Pause | C::Resume | C::Extend { .. } | C::Close | C::Restock { .. })) => {
                self.staff(verb).await
            }
            other => unreachable!("{other:?} is of the queue"),
        }
    }

    fn queued(&mut self, step: Step) {
        match step {
            Step::Claim { buyer, item, ahead } => self.claim(buyer, item, ahead),
            Step::Of(command) => drop(self.model.step(command)),
            other => unreachable!("{other:?} is not of the queue"),
        }
    }

    /// Steps lived so far.
    pub fn step_no(&self) -> usize {
        self.story.steps.len()
    }

    /// Puts a claim on the queue, whatever the phase: a door may be late, or a rogue.
    fn claim(&mut self, buyer: u8, item: u8, ahead: u8) {
        let (buyer, item) = (self.model.buyer(buyer), self.model.item_id(item));
        let last = self.model.attempts.get(&(item, buyer)).copied().unwrap_or(0);
        let before = claim_id(item, buyer, last);
        let ended = self.model.journal.claims.contains_key(&before) && !self.model.journal.is_live(before);
        let step = if ahead == 1 { u32::from(ended) } else { u32::from(ahead).saturating_sub(1) };
        let attempt = (last + step).max(1);
        self.model.attempts.insert((item, buyer), attempt);
        let claim = Claim::new(item, buyer, attempt, quantity(item, buyer, attempt), self.model.now);
        let tag = self.model.next_tag;
        self.model.next_tag += 1;
        self.model.queue.push_back(Queued { tag, command: Wish::Claim(claim), in_hand: false });
    }

    async fn withdraw_now(&mut self, buyer: u8, item: u8) {
        let (user, item_id) = (self.model.buyer(buyer), self.model.item_id(item));
        let attempt = self.model.attempts.get(&(item_id, user)).copied().unwrap_or(1);
        let id = claim_id(item_id, user, attempt);
        let before = self.model.relays.len();
        self.model.step(Command::WithdrawNow { buyer, item });
        let done = self.model.relays.len() > before;
        match self.bench.journal.withdraw_now(user, id).await {
            Ok(ratified) => {
                assert!(done, "the journal let {id} be withdrawn, the model did not");
                self.committed(ratified);
            }
            Err(WithdrawError::Ratify(journal::claim::RatifyError::Journal(error))) => panic!("{error}"),
            Err(error) => assert!(!done, "the model let {id} be withdrawn: {error}"),
        }
    }

    /// The journal committed something on an item.
    pub fn committed(&mut self, ratified: Ratified) {
        self.relays.push((ratified.sale_item_id, ratified.levels));
        if let Some(told) = &mut self.told {
            told.extend(ratified.claims);
        }
    }
}

/// Mostly one; sometimes more than a limit allows, and once in a while none or too many. The same claim always wants the same.
fn quantity(item: SaleItemId, buyer: UserId, attempt: u32) -> u32 {
    let id = claim_id(item, buyer, attempt).0.as_u128();
    [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 0, 101][(id % 20) as usize]
}

/// The model's sale as staff would plan it.
fn on_paper(model: &Model) -> StaffPlan {
    let sale = &model.journal.sale;
    let items = model.journal.items.values().map(|item| PlannedItem {
        id: item.row.id,
        product: PlannedProduct::New(Product {
            id: fresh::uuid().into(),
            name: "Kettle".into(),
            description: String::new(),
            image_url: String::new(),
        }),
        price: item.row.price,
        list_price: None,
        allotment: item.row.allotment,
        purchase_limit: item.row.purchase_limit,
        hold_s: item.row.hold_s,
        standby_limit: item.row.standby_limit,
        question: None,
    });
    StaffPlan {
        id: sale.id,
        title: sale.title.clone(),
        draft: false,
        waiting_room_opens_at: Some(sale.waiting_room_opens_at),
        opens_at: sale.opens_at,
        closes_at: sale.closes_at,
        items: items.collect(),
        repeats: None,
    }
}

async fn sign_up(bench: &Bench, id: UserId) {
    let account = Account { id, email: format!("{id}@buyers.test"), name: "Buyer".into(), role: Role::Buyer };
    let mut token_hash = [0; 32];
    token_hash[..16].copy_from_slice(id.0.as_bytes());
    let session = NewSession { token_hash, family_id: id.0, expires_at: sale::time::UnixMs(i64::MAX) };
    bench.journal.sign_up(&account, "no password opens this", session).await.expect("an account");
}

/// The `pick`-th of so many, round and round; `None` of nothing.
pub(super) fn nth(pick: u8, len: usize) -> Option<usize> {
    (len > 0).then(|| usize::from(pick) % len)
}
