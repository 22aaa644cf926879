//! The keeper on parts in memory: what is remembered, what a refusal holds up, and when the balancer's units move.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use kit::{clock::TestClock, config::Overrides};
use sale::{
    port::capacity::{CapacityPlan, Wake},
    time::UnixMs,
};

use super::{MINUTE, NOW, Scaling, plan};
use crate::{Balancer, Config, Deed, Group, Groups, Keeper, Memory, Refused, Report};

/// All of AWS: two groups, a balancer, a memory; each but the good group refuses while told to.
struct Aws {
    good: Mutex<Scaling>,
    bad: Mutex<Scaling>,
    refuses: Mutex<&'static str>,
    units: Mutex<Vec<i32>>,
    kept: Mutex<Option<(CapacityPlan, Option<UnixMs>)>>,
}

impl Aws {
    fn group(&self, name: &str) -> &Mutex<Scaling> {
        if name == "good" { &self.good } else { &self.bad }
    }

    fn refuse(&self, what: &'static str) {
        *self.refuses.lock().unwrap() = what;
    }

    fn ask(&self, what: &str) -> Result<(), Refused> {
        let refuses = *self.refuses.lock().unwrap() == what;
        if refuses { Err(Refused { what: what.into(), why: "no".into() }) } else { Ok(()) }
    }
}

#[async_trait]
impl Groups for Aws {
    async fn see(&self, name: &str) -> Result<Group, Refused> {
        Ok(self.group(name).lock().unwrap().group.clone())
    }
    async fn act(&self, name: &str, deed: &Deed) -> Result<(), Refused> {
        self.ask(name)?;
        self.group(name).lock().unwrap().act(deed);
        Ok(())
    }
}

#[async_trait]
impl Balancer for Aws {
    async fn reserved(&self) -> Result<i32, Refused> {
        Ok(self.units.lock().unwrap().last().copied().unwrap_or_default())
    }
    async fn reserve(&self, units: i32) -> Result<(), Refused> {
        self.ask("units")?;
        self.units.lock().unwrap().push(units);
        Ok(())
    }
}

#[async_trait]
impl Memory for Aws {
    async fn recall(&self) -> Result<Option<(CapacityPlan, Option<UnixMs>)>, Refused> {
        self.ask("memory")?;
        Ok(self.kept.lock().unwrap().clone())
    }
    async fn keep(&self, plan: &CapacityPlan, call_at: Option<UnixMs>) -> Result<(), Refused> {
        *self.kept.lock().unwrap() = Some((plan.clone(), call_at));
        Ok(())
    }
}

fn house() -> (Arc<Aws>, Arc<TestClock>, Keeper) {
    let aws = Arc::new(Aws {
        good: Mutex::new(Scaling::new()),
        bad: Mutex::new(Scaling::new()),
        refuses: Mutex::default(),
        units: Mutex::default(),
        kept: Mutex::default(),
    });
    let groups = r#"{"a":{"name":"bad","min":2,"max":12},"b":{"name":"good","min":2,"max":12}}"#;
    let config = Config::from(Overrides::new().env(&[
        ("MIAOSHA_CAPACITY__GROUPS", groups),
        ("MIAOSHA_CAPACITY__BALANCER", "arn:b"),
        ("MIAOSHA_CAPACITY__RESERVED_UNITS", "300"),
        ("MIAOSHA_CAPACITY__SCHEDULES", "s"),
        ("MIAOSHA_CAPACITY__SCHEDULES_ROLE", "r"),
        ("MIAOSHA_CAPACITY__FUNCTION", "f"),
    ]));
    let clock = Arc::new(TestClock::new(NOW));
    let keeper = Keeper {
        groups: aws.clone(),
        balancer: aws.clone(),
        memory: aws.clone(),
        clock: clock.clone(),
        config: config.unwrap(),
    };
    (aws, clock, keeper)
}

fn pass(aws: &Aws, clock: &TestClock, minutes: i64) {
    clock.advance(minutes * MINUTE);
    for group in [&aws.good, &aws.bad] {
        group.lock().unwrap().pass(minutes * MINUTE, |_| ());
    }
}

#[tokio::test]
async fn a_look_before_anybody_told_touches_nothing() {
    let (aws, _, keeper) = house();
    assert_eq!(keeper.serve(Wake::Look).await, Ok(Report::default()));
    assert!(aws.kept.lock().unwrap().is_none());
}

#[tokio::test]
async fn a_plan_is_remembered_with_its_next_growth_and_a_late_one_is_not() {
    let (aws, _, keeper) = house();
    let told = plan(2, &[60, 180]);
    keeper.serve(Wake::Plan(told.clone())).await.unwrap();
    assert_eq!(*aws.kept.lock().unwrap(), Some((told.clone(), Some(NOW + 50 * MINUTE))));
    let late = keeper.serve(Wake::Plan(plan(1, &[]))).await.unwrap();
    assert!(late.stale);
    assert_eq!((late.version, late.deeds), (Some(2), 0));
    assert_eq!(aws.kept.lock().unwrap().as_ref().unwrap().0, told);
    assert_eq!(aws.good.lock().unwrap().scheduled(), [(50, 12), (170, 12)]);
}

#[tokio::test]
async fn a_group_that_refuses_holds_up_no_other_and_the_next_look_does_the_rest() {
    let (aws, _, keeper) = house();
    aws.refuse("bad");
    let failed = keeper.serve(Wake::Plan(plan(1, &[0]))).await;
    assert_eq!(failed.unwrap_err().what, "bad");
    assert_eq!(aws.good.lock().unwrap().group.min, 12);
    assert_eq!(*aws.units.lock().unwrap(), [300]);
    aws.refuse("nothing");
    assert!(keeper.serve(Wake::Look).await.unwrap().large);
    assert_eq!(aws.bad.lock().unwrap().group.min, 12);
}

#[tokio::test]
async fn the_balancers_units_come_with_the_first_nodes_and_go_with_the_last() {
    let (aws, clock, keeper) = house();
    keeper.serve(Wake::Plan(plan(1, &[60]))).await.unwrap();
    assert!(aws.units.lock().unwrap().is_empty());
    // EventBridge brings the plan that it was given.
    pass(&aws, &clock, 50);
    keeper.serve(Wake::Plan(plan(1, &[60]))).await.unwrap();
    assert_eq!(*aws.units.lock().unwrap(), [300]);
    keeper.serve(Wake::Plan(plan(2, &[]))).await.unwrap();
    assert_eq!(*aws.units.lock().unwrap(), [300], "the nodes are still there");
    pass(&aws, &clock, 6);
    keeper.serve(Wake::Look).await.unwrap();
    assert_eq!(*aws.units.lock().unwrap(), [300, 0]);
    assert_eq!(keeper.serve(Wake::Look).await.unwrap().deeds, 0);
    assert_eq!(*aws.units.lock().unwrap(), [300, 0]);
}

#[tokio::test]
async fn units_that_people_raised_in_a_sale_stay_until_it_is_over() {
    let (aws, clock, keeper) = house();
    keeper.serve(Wake::Plan(plan(1, &[0]))).await.unwrap();
    aws.units.lock().unwrap().push(500);
    keeper.serve(Wake::Look).await.unwrap();
    assert_eq!(*aws.units.lock().unwrap(), [300, 500]);
    keeper.serve(Wake::Plan(plan(2, &[]))).await.unwrap();
    pass(&aws, &clock, 6);
    keeper.serve(Wake::Look).await.unwrap();
    assert_eq!(*aws.units.lock().unwrap(), [300, 500, 0]);
}

#[tokio::test]
async fn units_that_cannot_be_lowered_yet_wake_nobody_and_a_later_look_lowers_them() {
    let (aws, clock, keeper) = house();
    keeper.serve(Wake::Plan(plan(1, &[0]))).await.unwrap();
    keeper.serve(Wake::Plan(plan(2, &[]))).await.unwrap();
    pass(&aws, &clock, 6);
    aws.refuse("units");
    assert_eq!(keeper.serve(Wake::Look).await.unwrap().version, Some(2));
    assert_eq!(*aws.units.lock().unwrap(), [300]);
    aws.refuse("nothing");
    keeper.serve(Wake::Look).await.unwrap();
    assert_eq!(*aws.units.lock().unwrap(), [300, 0]);
    aws.refuse("units");
    let failed = keeper.serve(Wake::Plan(plan(3, &[0]))).await;
    assert_eq!(failed.unwrap_err().what, "units", "too few for a sale are another thing");
}

#[tokio::test]
async fn a_plan_makes_the_fleet_large_without_the_memory_and_does_nothing_else() {
    let (aws, _, keeper) = house();
    for node in &mut aws.good.lock().unwrap().group.nodes {
        node.protected = false;
    }
    aws.refuse("memory");
    assert_eq!(keeper.serve(Wake::Look).await.unwrap_err().what, "memory");
    assert_eq!(aws.good.lock().unwrap().group.min, 2, "nobody told anything");
    assert_eq!(keeper.serve(Wake::Plan(plan(1, &[0, 180]))).await.unwrap_err().what, "memory");
    let large = aws.good.lock().unwrap().group.clone();
    assert_eq!((large.min, large.desired, large.actions.len()), (12, 12, 0));
    assert!(large.nodes.iter().all(|node| node.protected));
    assert_eq!(*aws.units.lock().unwrap(), [300]);
    assert!(aws.kept.lock().unwrap().is_none());

    // It may be an old one: what is large stays, and what is scheduled.
    aws.refuse("nothing");
    keeper.serve(Wake::Plan(plan(3, &[0, 180]))).await.unwrap();
    let before = aws.good.lock().unwrap().group.clone();
    aws.refuse("memory");
    assert_eq!(keeper.serve(Wake::Plan(plan(2, &[]))).await.unwrap_err().what, "memory");
    assert_eq!(aws.good.lock().unwrap().group, before);
    assert_eq!(*aws.units.lock().unwrap(), [300]);
}
