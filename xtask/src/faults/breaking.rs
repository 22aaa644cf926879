//! What is done to the servers, round after round, and what must be seen of it besides the verdict.

use std::{
    net::SocketAddr,
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use stack::{Server, nginx::Upstreams};

use super::crowd::{Back, Kind, Sale};

pub const S: fn(u64) -> Duration = Duration::from_secs;

/// Between two faults the sale goes on for this long.
const CALM: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(4));
/// Who claims while the broker takes nothing is answered after so long.
const REFUSED_WITHIN: Duration = Duration::from_secs(1);
/// A node of ours is ready again this long after its start.
const RESTART_WITHIN: Duration = Duration::from_secs(2);

pub fn calm(sale: &mut Sale) {
    sale.go_on(CALM.0, CALM.1);
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
    Ok(())
}

/// The broker says that its disk is full and takes nothing more. Who claims is told so at once, and waits for nobody.
pub fn rabbit_alarm(sale: &mut Sale, rounds: u32) -> Result<()> {
    let rabbit = sale.stack.rabbit()?;
    for _ in 0..rounds {
        calm(sale);
        let n = sale.fault_with_answers("RabbitMQ's disk alarm", Back::AfterHealing(S(15)), REFUSED_WITHIN)?;
        rabbit.ctl(&["set_disk_free_limit", "100000GB"])?;
        sale.go_on(S(4), S(8));
        rabbit.ctl(&["set_disk_free_limit", "50MB"])?;
        sale.healed(n)?;
    }
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
    Ok(())
}

pub fn nodes(sale: &Sale, role: &str) -> Result<Vec<Server>> {
    let mut nodes = sale.stack.servers()?;
    nodes.retain(|server| server.name().starts_with(&format!("{role}-")));
    Ok(nodes)
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
    Ok(())
}

/// Nobody hears the primary, and it hears nobody: it closes no connection and answers none.
pub fn postgres_cut(sale: &mut Sale, rounds: u32) -> Result<()> {
    let primary = sale.stack.postgres()?.addr()?.ip();
    for _ in 0..rounds {
        calm(sale);
        let n = sale.fault("PostgreSQL is cut off", Kind::Other, Back::AfterHealing(S(15)))?;
        sale.stack.cut(primary)?;
        sale.go_on(S(8), S(12));
        sale.stack.heal(primary)?;
        sale.healed(n)?;
        calm(sale);
    }
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
    Ok(())
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
    Ok(())
}

/// Nothing is broken: one unit goes round, and the crowd around it is the fault.
pub fn cycles(sale: &mut Sale, rounds: u32) -> Result<()> {
    // Hold, grace and whoever stands by: a unit that nobody buys changes hands about this often.
    (0..rounds).for_each(|_| sleep(S(6)));
    sale.seen(&format!("one unit went round for {} s", rounds * 6))
}

/// What stands between the outbox and a mailbox fails: the mail server, the queue, and the Lambda between them.
pub fn mail(sale: &mut Sale, rounds: u32) -> Result<()> {
    let missing = "this stack sends no mail";
    let (sink, aws) = (sale.stack.server("mail").context(missing)?, sale.stack.server("aws").context(missing)?);
    for _ in 0..rounds {
        calm(sale);
        let n = sale.fault("kill -9 of the mail server", Kind::Other, Back::AfterFault(S(10)))?;
        sink.kill()?;
        sale.go_on(S(2), S(5));
        sink.start()?;
        sink.wait_ready()?;
        sale.healed(n)?;
        calm(sale);
        // Stopped in its tracks, not killed: a killed stand-in forgets its queues, which no AWS does.
        let n = sale.fault("SIGSTOP of the mail queue", Kind::Other, Back::AfterFault(S(10)))?;
        aws.pause()?;
        sale.go_on(S(2), S(5));
        aws.resume()?;
        aws.wait_ready()?;
        sale.healed(n)?;
        calm(sale);
        let n = sale.fault("kill -9 of the Lambda", Kind::Other, Back::AfterFault(S(10)))?;
        until("a Lambda to run", S(15), || kill_children(&aws))?;
        sale.healed(n)?;
    }
    Ok(())
}

/// Kills what a server runs for others, and not the server. Returns whether there was anything.
fn kill_children(server: &Server) -> bool {
    let family = server.process().map_or_else(Vec::new, |process| process.family());
    let children = family.get(1..).unwrap_or_default();
    children.iter().for_each(|child| _ = child.kill());
    !children.is_empty()
}

/// Waits for a condition. Errors: not within the bound.
pub fn until(what: &str, bound: Duration, holds: impl Fn() -> bool) -> Result<()> {
    stack::progress::until(what, bound, holds, || Ok(()))
}
