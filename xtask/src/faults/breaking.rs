//! What is done to the servers, round after round, and what must be seen of it besides the verdict.

use std::{
    fs,
    net::SocketAddr,
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use stack::{Server, nginx::Upstreams};

use super::{
    broker::{Broker, base64},
    crowd::{Back, Kind, Sale},
};

const S: fn(u64) -> Duration = Duration::from_secs;

/// Between two faults the sale goes on for this long.
const CALM: (Duration, Duration) = (Duration::from_secs(3), Duration::from_secs(6));
/// After the last one it goes on until it shows that it goes on.
const LAST_CALM: Duration = Duration::from_secs(8);
/// A node of ours is ready again this long after its start.
const RESTART_WITHIN: Duration = Duration::from_secs(2);

/// What nobody can read is put aside this long after it came.
const ASIDE_WITHIN: Duration = Duration::from_secs(1);
/// Messages of one queue that are looked at.
const WAITING_MAX: u32 = 1_000;

fn calm(sale: &mut Sale) {
    sale.go_on(CALM.0, CALM.1);
}

fn rest() {
    sleep(LAST_CALM);
}

/// kill -9 of one node of a role, the roll of a dice each time.
pub fn kill(sale: &mut Sale, role: &str, rounds: u32) -> Result<()> {
    for _ in 0..rounds {
        calm(sale);
        let server = one_of(sale, role)?;
        let n = sale.fault(&format!("kill -9 {}", server.name()), Kind::Death, Back::AfterFault(S(10)))?;
        server.kill()?;
        start_again(sale, &server)?;
        sale.healed(n)?;
    }
    rest();
    Ok(())
}

fn one_of(sale: &mut Sale, role: &str) -> Result<Server> {
    let mut nodes = sale.stack.servers()?;
    nodes.retain(|server| server.name().starts_with(&format!("{role}-")));
    ensure!(!nodes.is_empty(), "there is no {role} in the stack");
    Ok(nodes.swap_remove(sale.dice.below(nodes.len())))
}

fn start_again(sale: &mut Sale, server: &Server) -> Result<()> {
    let begun = Instant::now();
    server.start()?;
    server.wait_ready()?;
    let took = begun.elapsed();
    if took > RESTART_WITHIN {
        sale.wrong(&format!("{} was ready again only after {} ms", server.name(), took.as_millis()))?;
    }
    Ok(())
}

/// kill -9 of one Redis master after the other; its replica must take over before it is started again.
pub fn redis_masters(sale: &mut Sale, rounds: u32) -> Result<()> {
    let redis = sale.stack.redis()?;
    for round in 0..rounds {
        calm(sale);
        let which = round as usize % 3;
        let n = sale.fault(&format!("kill -9 of Redis master {which}"), Kind::Other, Back::AfterFault(S(15)))?;
        let dead = redis.kill_master(which)?;
        until("the replica to take over", S(15), || redis.masters().is_ok_and(|masters| masters.len() == 3))?;
        dead.start()?;
        redis.wait_ready()?;
        sale.healed(n)?;
    }
    rest();
    Ok(())
}

/// Everything that Redis knew is gone.
pub fn redis_flush(sale: &mut Sale, rounds: u32) -> Result<()> {
    let redis = sale.stack.redis()?;
    for _ in 0..rounds {
        calm(sale);
        let n = sale.fault("FLUSHALL of every Redis node", Kind::Other, Back::AfterFault(S(30)))?;
        redis.flush_all()?;
        sale.healed(n)?;
        calm(sale);
    }
    rest();
    Ok(())
}

/// A master that nobody hears any more, and that hears nobody; then it comes back and must find itself replaced.
pub fn redis_cut(sale: &mut Sale, rounds: u32) -> Result<()> {
    let redis = sale.stack.redis()?;
    for _ in 0..rounds {
        calm(sale);
        let masters = redis.masters()?;
        let node = masters.get(sale.dice.below(masters.len())).context("no Redis master answers")?;
        let n =
            sale.fault(&format!("a Redis master is cut off ({})", node.addr), Kind::Other, Back::AfterFault(S(15)))?;
        sale.stack.cut(node.addr.ip())?;
        sale.go_on(S(5), S(10));
        sale.stack.heal(node.addr.ip())?;
        redis.wait_ready()?;
        sale.healed(n)?;
    }
    rest();
    Ok(())
}

pub fn rabbit(sale: &mut Sale, rounds: u32) -> Result<()> {
    let rabbit = sale.stack.rabbit()?;
    for _ in 0..rounds {
        calm(sale);
        let n = sale.fault("kill -9 of RabbitMQ", Kind::Other, Back::AfterHealing(S(15)))?;
        rabbit.node.kill()?;
        sale.go_on(S(1), S(3));
        rabbit.start()?;
        sale.healed(n)?;
    }
    rest();
    Ok(())
}

/// The broker says that its disk is full and takes nothing more.
pub fn rabbit_alarm(sale: &mut Sale, rounds: u32) -> Result<()> {
    let rabbit = sale.stack.rabbit()?;
    for _ in 0..rounds {
        calm(sale);
        let n = sale.fault("RabbitMQ's disk alarm", Kind::Other, Back::AfterHealing(S(15)))?;
        rabbit.ctl(&["set_disk_free_limit", "100000GB"])?;
        sale.go_on(S(4), S(8));
        rabbit.ctl(&["set_disk_free_limit", "50MB"])?;
        sale.healed(n)?;
    }
    rest();
    Ok(())
}

/// Every timer is lost: the sweeper alone ends the holds.
pub fn timers(sale: &mut Sale, rounds: u32) -> Result<()> {
    let rabbit = sale.stack.rabbit()?;
    for _ in 0..rounds {
        calm(sale);
        let queues = rabbit.ctl(&["list_queues", "--quiet", "--no-table-headers", "name"])?;
        let timers: Vec<&str> = queues.lines().map(str::trim).filter(|name| name.contains("timers.")).collect();
        ensure!(timers.iter().any(|name| !name.ends_with(".due")), "no timer was ever set");
        let n =
            sale.fault(&format!("{} timer queues are deleted", timers.len()), Kind::Other, Back::AfterFault(S(10)))?;
        for queue in &timers {
            rabbit.ctl(&["delete_queue", queue])?;
        }
        sale.healed(n)?;
        calm(sale);
    }
    rest();
    Ok(())
}

/// While no consumer runs, every message that waits is put four times more, in any order.
pub fn duplicates(sale: &mut Sale, rounds: u32) -> Result<()> {
    let broker = Broker::of(&sale.stack.running().rabbit_management)?;
    let consumers = nodes(sale, "consumer")?;
    let mut copies = 0;
    for _ in 0..rounds {
        calm(sale);
        let n = sale.fault("every message five times, in any order", Kind::Other, Back::AfterHealing(S(10)))?;
        consumers.iter().try_for_each(Server::kill)?;
        sale.go_on(S(1), S(2));
        for queue in claim_queues(sale)? {
            let waiting = broker.look(&queue, WAITING_MAX)?;
            let mut bodies: Vec<&String> = (0..4).flat_map(|_| &waiting).collect();
            sale.dice.shuffle(&mut bodies);
            bodies.iter().try_for_each(|body| broker.put(&queue, body))?;
            copies += bodies.len();
        }
        consumers.iter().try_for_each(Server::start)?;
        consumers.iter().try_for_each(Server::wait_ready)?;
        sale.healed(n)?;
    }
    rest();
    match copies {
        0 => sale.wrong("no message waited, so none was doubled"),
        _ => sale.seen(&format!("{copies} messages more than were sent")),
    }
}

fn nodes(sale: &Sale, role: &str) -> Result<Vec<Server>> {
    let mut nodes = sale.stack.servers()?;
    nodes.retain(|server| server.name().starts_with(&format!("{role}-")));
    Ok(nodes)
}

fn claim_queues(sale: &Sale) -> Result<Vec<String>> {
    let queues = sale.stack.rabbit()?.ctl(&["list_queues", "--quiet", "--no-table-headers", "name"])?;
    let is_claims = |name: &&str| name.rsplit_once("claims.").is_some_and(|(_, n)| n.parse::<u32>().is_ok());
    Ok(queues.lines().map(str::trim).filter(is_claims).map(str::to_owned).collect())
}

/// Messages that nobody can read, among those that everybody can.
pub fn poison(sale: &mut Sale, rounds: u32) -> Result<()> {
    let broker = Broker::of(&sale.stack.running().rabbit_management)?;
    for _ in 0..rounds {
        calm(sale);
        let before = parked(&broker)?;
        let n = sale.fault("poison in every claims queue", Kind::Other, Back::AfterFault(S(10)))?;
        let queues = claim_queues(sale)?;
        let nonsense = nonsense();
        for queue in &queues {
            nonsense.iter().try_for_each(|body| broker.put(queue, &base64(body)))?;
        }
        let wanted = before + queues.len() * nonsense.len();
        let aside =
            until("the poison to be put aside", ASIDE_WITHIN, || parked(&broker).is_ok_and(|now| now >= wanted));
        sale.healed(n)?;
        match aside {
            Ok(()) => sale.seen(&format!("{} unreadable messages were put aside", queues.len() * nonsense.len()))?,
            Err(error) => sale.wrong(&format!("{error:#}; {} of {wanted} lie there", parked(&broker)?))?,
        }
    }
    rest();
    Ok(())
}

fn nonsense() -> Vec<Vec<u8>> {
    vec![
        b"".to_vec(),
        b"null".to_vec(),
        b"{\"v\":1,\"commands\":[{".to_vec(),
        b"{\"v\":9999,\"commands\":[]}".to_vec(),
        vec![0xff, 0xfe, 0x00, 0xc3, 0x28],
        vec![b'['; 300_000],
    ]
}

/// Counted by looking: what the broker tells of its queues is seconds old.
fn parked(broker: &Broker) -> Result<usize> {
    Ok(broker.look("claims.parked", WAITING_MAX)?.len())
}

pub fn postgres(sale: &mut Sale, rounds: u32) -> Result<()> {
    let postgres = sale.stack.postgres()?;
    for _ in 0..rounds {
        calm(sale);
        let n = sale.fault("kill -9 of PostgreSQL", Kind::Other, Back::AfterHealing(S(5)))?;
        postgres.primary.kill()?;
        sale.go_on(S(0), S(4));
        postgres.primary.start()?;
        postgres.primary.wait_ready()?;
        sale.healed(n)?;
        calm(sale);
    }
    rest();
    Ok(())
}

pub fn nginx(sale: &mut Sale, rounds: u32) -> Result<()> {
    let nginx = sale.stack.nginx()?;
    for _ in 0..rounds {
        calm(sale);
        let n = sale.fault("kill -9 of nginx", Kind::Other, Back::AfterHealing(S(10)))?;
        nginx.server.kill()?;
        nginx.server.start()?;
        nginx.server.wait_ready()?;
        sale.healed(n)?;
        calm(sale);
    }
    rest();
    Ok(())
}

/// Reloads, and an upstream that comes and goes: a request that was sent must not be sent again.
pub fn reload(sale: &mut Sale, rounds: u32) -> Result<()> {
    let nginx = sale.stack.nginx()?;
    let whole = nginx.plan()?.upstreams;
    for _ in 0..rounds {
        calm(sale);
        let n = sale.fault("nginx reloads with one node of each role", Kind::Other, Back::AfterFault(S(10)))?;
        nginx.route(half(&whole))?;
        sale.go_on(S(1), S(2));
        nginx.route(whole.clone())?;
        sale.healed(n)?;
        calm(sale);
        let n = sale.fault("every upstream flaps", Kind::Death, Back::AfterFault(S(10)))?;
        for role in ["publisher", "consumer", "general"] {
            let server = one_of(sale, role)?;
            server.kill()?;
            start_again(sale, &server)?;
        }
        sale.healed(n)?;
    }
    rest();
    Ok(())
}

fn half(whole: &Upstreams) -> Upstreams {
    let first = |list: &[SocketAddr]| list.iter().take(1).copied().collect();
    Upstreams { publisher: first(&whole.publisher), consumer: first(&whole.consumer), general: first(&whole.general) }
}

/// Every node of ours is asked to stop and started again, one after the other. Nobody may notice more than a 503.
pub fn rolling(sale: &mut Sale, rounds: u32) -> Result<()> {
    for _ in 0..rounds {
        for role in ["publisher", "consumer", "general"] {
            for server in nodes(sale, role)? {
                calm(sale);
                let n = sale.fault(&format!("SIGTERM {}", server.name()), Kind::Death, Back::AfterFault(S(10)))?;
                let begun = Instant::now();
                server.stop()?;
                let stopped = begun.elapsed();
                start_again(sale, &server)?;
                sale.healed(n)?;
                sale.seen(&format!("{} stopped within {} ms", server.name(), stopped.as_millis()))?;
            }
        }
    }
    rest();
    Ok(())
}

/// A consumer stands still past hold, grace and every lease, wakes, and must not write what it meant to.
pub fn zombie(sale: &mut Sale, rounds: u32) -> Result<()> {
    for round in 0..rounds {
        calm(sale);
        let consumers = nodes(sale, "consumer")?;
        let server = consumers.iter().cycle().nth(round as usize).context("there is no consumer in the stack")?;
        let n = sale.fault(&format!("SIGSTOP {}", server.name()), Kind::Other, Back::AfterFault(S(20)))?;
        let before = log_length(server)?;
        server.pause()?;
        sale.go_on(S(12), S(20));
        server.resume()?;
        sale.healed(n)?;
        sale.go_on(S(5), S(6));
        let said = fs::read(server.log())?;
        let said = String::from_utf8_lossy(said.get(before..).unwrap_or_default()).into_owned();
        let refused = said.lines().filter(|line| line.contains("WARN") || line.contains("ERROR")).count();
        sale.seen(&format!("{} woke and was refused {refused} times", server.name()))?;
    }
    rest();
    Ok(())
}

fn log_length(server: &Server) -> Result<usize> {
    Ok(usize::try_from(fs::metadata(server.log()).map_or(0, |file| file.len()))?)
}

/// The provider stands still past deadlines, and dies, while cards of every kind are on their way.
pub fn provider(sale: &mut Sale, rounds: u32) -> Result<()> {
    let provider = sale.stack.server("provider")?;
    for round in 0..rounds {
        calm(sale);
        if round % 2 == 0 {
            let n = sale.fault("SIGSTOP of the provider", Kind::Other, Back::AfterFault(S(10)))?;
            provider.pause()?;
            sale.go_on(S(4), S(8));
            provider.resume()?;
            sale.healed(n)?;
        } else {
            let n = sale.fault("kill -9 of the provider", Kind::Other, Back::AfterFault(S(10)))?;
            provider.kill()?;
            sale.go_on(S(1), S(4));
            provider.start()?;
            provider.wait_ready()?;
            sale.healed(n)?;
        }
    }
    rest();
    Ok(())
}

/// Nothing is broken: one unit goes round, and the crowd around it is the fault.
pub fn cycles(sale: &mut Sale, rounds: u32) -> Result<()> {
    // Hold, grace and whoever stands by: a unit that nobody buys changes hands about this often.
    (0..rounds).for_each(|_| sleep(S(6)));
    sale.seen(&format!("one unit went round for {} s", rounds * 6))
}

/// What stands between the outbox and a mailbox fails, both ends of it.
pub fn mail(sale: &mut Sale, rounds: u32) -> Result<()> {
    for round in 0..rounds {
        calm(sale);
        // The stand-in is stopped in its tracks, not killed: a killed one forgets its queues, which no AWS does.
        let sink = round % 2 == 0;
        let (name, how) = if sink { ("mail", "kill -9") } else { ("aws", "SIGSTOP of") };
        let server = sale.stack.server(name).context("this stack sends no mail")?;
        let n = sale.fault(&format!("{how} {name}"), Kind::Other, Back::AfterFault(S(10)))?;
        if sink {
            server.kill()?
        } else {
            server.pause()?
        }
        sale.go_on(S(2), S(5));
        if sink {
            server.start()?
        } else {
            server.resume()?
        }
        server.wait_ready()?;
        sale.healed(n)?;
    }
    rest();
    Ok(())
}

/// Waits for a condition. Errors: not within the bound.
fn until(what: &str, bound: Duration, holds: impl Fn() -> bool) -> Result<()> {
    stack::progress::until(what, bound, holds, || Ok(()))
}
