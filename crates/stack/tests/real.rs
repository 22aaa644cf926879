//! Real servers: they start together, survive what is done to them, and end without a trace.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    net::SocketAddr,
    path::PathBuf,
    time::{Duration, Instant},
};

use stack::{Found, Launch, Layer, Parts, Probe, Server, Stack, apps, process::Process, progress, redis, resp::ask};

/// How long a test waits for something that must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A folder of this test's own, always the same: what a killed run left is found and ended by the next one.
fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/stack/of-tests").join(name)
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn processes(stack: &Stack) -> Vec<Process> {
    let running = |server: &Server| server.process().unwrap_or_else(|| panic!("{} does not run", server.name()));
    stack.servers().unwrap().iter().flat_map(|server| running(server).family()).collect()
}

#[test]
fn the_whole_stack_starts_survives_and_leaves_no_process() {
    stack::install().unwrap();
    let stack = Stack::start(&folder("whole"), Parts::ALL).unwrap();
    let before = processes(&stack);
    assert!(before.len() > 10, "{before:?}");
    assert!(stack.is_ready());

    let (again, found) = Stack::up(&folder("whole"), Parts::ALL).unwrap();
    assert_eq!(found, Found::Running);
    assert_eq!(again.running(), stack.running());

    a_killed_master_is_followed_by_its_replica(&stack);
    what_was_committed_survives_a_loss_of_power(&stack);
    what_was_committed_reaches_the_replica(&stack);
    the_broker_comes_back(&stack);
    what_died_is_started_again(&stack);

    let now = processes(&stack);
    stack.stop().unwrap();
    let left: Vec<&Process> = before.iter().chain(&now).filter(|process| process.is_alive()).collect();
    assert!(left.is_empty(), "{left:?}");
    let files = std::fs::read_dir(folder("whole")).unwrap().flatten().map(|entry| entry.file_name());
    assert_eq!(files.collect::<Vec<_>>(), ["lock"]);
}

fn a_killed_master_is_followed_by_its_replica(stack: &Stack) {
    let redis = stack.redis().unwrap();
    let before = redis.masters().unwrap();
    assert_eq!(before.len(), 3);
    let dead_at = before[1].addr;
    let dead = redis.server(dead_at).unwrap();
    dead.kill().unwrap();
    assert!(dead.process().is_none());
    until("a replica takes over", || {
        redis.masters().is_ok_and(|masters| masters.len() == 3 && masters.iter().all(|node| node.addr != dead_at))
    });
    dead.start().unwrap();
    redis.wait_ready().unwrap();
    let back = redis.view().unwrap().into_iter().find(|node| node.addr == dead_at).unwrap();
    assert!(!back.master, "it comes back as a replica");

    let master = redis.master_of("stock").unwrap();
    ask(master.addr, &["SET", "stock", "50"]).unwrap();
    redis.flush_all().unwrap();
    assert_eq!(ask(master.addr, &["GET", "stock"]).unwrap(), "");
}

fn what_was_committed_survives_a_loss_of_power(stack: &Stack) {
    let postgres = stack.postgres().unwrap();
    postgres.sql("CREATE TABLE unit (id int)").unwrap();
    postgres.sql("INSERT INTO unit VALUES (1)").unwrap();
    postgres.primary.kill().unwrap();
    assert!(!postgres.primary.is_ready());
    postgres.primary.start().unwrap();
    postgres.primary.wait_ready().unwrap();
    postgres.sql("INSERT INTO unit VALUES (2)").unwrap();
    postgres.restart_immediate().unwrap();
    assert_eq!(postgres.sql("SELECT count(*) FROM unit").unwrap(), "2");
}

fn what_was_committed_reaches_the_replica(stack: &Stack) {
    let postgres = stack.postgres().unwrap();
    until("the replica streams again", || postgres.is_ready());
    postgres.primary.pause().unwrap();
    assert!(!postgres.primary.is_ready(), "who is paused does not answer");
    postgres.primary.resume().unwrap();
    postgres.primary.wait_ready().unwrap();
    let lag = "SELECT count(*) FROM pg_stat_replication WHERE replay_lsn = pg_current_wal_lsn()";
    until("the replica has all", || postgres.sql(lag).is_ok_and(|count| count == "1"));
}

fn the_broker_comes_back(stack: &Stack) {
    let rabbit = stack.rabbit().unwrap();
    assert!(rabbit.ctl(&["list_users"]).unwrap().contains("guest"));
    rabbit.restart().unwrap();
    rabbit.node.kill().unwrap();
    assert!(!rabbit.is_ready());
    rabbit.start().unwrap();
    assert!(rabbit.is_ready());
}

fn what_died_is_started_again(stack: &Stack) {
    stack.nginx().unwrap().server.kill().unwrap();
    stack.server("redis-4").unwrap().pause().unwrap();
    let (_, found) = Stack::up(&folder("whole"), Parts::ALL).unwrap();
    assert_eq!(found, Found::Stopped(vec!["redis-4".into(), "nginx".into()]));
    stack.redis().unwrap().wait_ready().unwrap();
    assert!(stack.is_ready());
}

#[test]
fn nodes_that_cannot_run_are_forgotten_and_the_stack_comes_back_without_them() {
    let stack = Stack::start(&folder("nodes"), Parts::NONE).unwrap();
    let dir = &stack.running().dir;
    let node = |name, program: &str, probe| {
        let launch = Launch::new(name, program, dir).args(["60"]).layer(Layer::App).probe(probe);
        let node = Server::add(dir, launch).unwrap();
        node.start().unwrap();
        node
    };
    let well = node("publisher-1", "sleep", Probe::Lives);
    apps::forget_unless_ready(dir).unwrap();
    assert!(well.is_ready(), "who is well is left alone");
    let ill = node("publisher-2", "false", Probe::Accepts("127.0.0.1:1".parse().unwrap()));
    until("the end of it", || ill.process().is_none());
    assert!(Stack::up(dir, Parts::NONE).is_err());
    apps::forget_unless_ready(dir).unwrap();
    assert!(well.process().is_none());
    assert_eq!(Stack::up(dir, Parts::NONE).unwrap().1, Found::Running);
}

#[test]
fn a_master_that_is_cut_off_is_replaced_and_comes_back_as_a_replica() {
    if !nft_works() {
        progress::say("skipped: cutting off needs root and nft");
        return;
    }
    let stack = Stack::start(&folder("cut"), Parts { redis: true, ..Parts::NONE }).unwrap();
    let redis = stack.redis().unwrap();
    let lonely = redis.masters().unwrap().remove(0).addr;
    stack.cut(lonely.ip()).unwrap();
    let others = |view: &SocketAddr| *view != lonely;
    until("the others choose a new master", || {
        let nodes = redis.nodes.iter().filter_map(|node| redis::addr(node).ok()).filter(others);
        let views: Vec<String> = nodes.filter_map(|node| ask(node, &["CLUSTER", "NODES"]).ok()).collect();
        views.len() == 5 && views.iter().all(|view| masters_of(view) == 3 && gave_up(view, lonely))
    });
    assert!(ask(lonely, &["PING"]).is_err(), "nobody hears it");
    stack.heal(lonely.ip()).unwrap();
    redis.wait_ready().unwrap();
    assert!(redis.masters().unwrap().iter().all(|node| node.addr != lonely));
}

fn masters_of(view: &str) -> usize {
    view.lines().filter(|line| line.contains("master") && !line.contains("fail") && line.contains('-')).count()
}

fn gave_up(view: &str, node: SocketAddr) -> bool {
    view.lines().any(|line| line.contains(&format!(" {node}@")) && line.contains("fail"))
}

fn nft_works() -> bool {
    let nft = std::process::Command::new("nft").args(["list", "tables"]).output();
    nft.is_ok_and(|output| output.status.success())
}
