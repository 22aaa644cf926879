//! The names: every number that a process of ours exports, what it means, and which labels it may carry.
//!
//! Names have no prefix of ours: a scraper knows the job. The unit comes last, `_total` after it where the number only grows, and
//! a bound stands beside its number as `_max`. A label's values are a set that we know, never an id, a buyer or an address.

use std::fmt::Write;

use metrics::{Label, Unit};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows, until the process ends.
    Counter,
    /// As it is now.
    Gauge,
    /// How often what was measured fell below each of some values.
    Histogram,
}

/// Whose code counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// Every server.
    Kit,
    Publisher,
    Consumer,
    General,
    /// The journal, wherever it is opened.
    Journal,
    /// The parts inside one process.
    Embedded,
    /// The real parts.
    Cluster,
}

/// A label and its values; none listed where they are others' words: a route's template, a status, a task's name.
pub type Labels = &'static [(&'static str, &'static [&'static str])];

/// One line of the list.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    pub name: &'static str,
    pub kind: Kind,
    pub rooms: &'static [Room],
    pub labels: Labels,
    pub meaning: &'static str,
}

/// Series of one name that are begun at 0; more would be noise.
const BEGUN_MAX: usize = 64;

use Kind::{Counter, Gauge, Histogram};
use Room::{Cluster, Consumer, Embedded, General, Journal, Kit, Publisher};

const fn line(name: &'static str, kind: Kind, rooms: &'static [Room], labels: Labels, meaning: &'static str) -> Metric {
    Metric { name, kind, rooms, labels, meaning }
}

/// Words of others, a set all the same.
const THEIRS: &[&str] = &[];

/// All of them, as they stand in `infra/observe/README.md`.
#[rustfmt::skip]
pub const METRICS: &[Metric] = &[
    // The process.
    line("build_info", Gauge, &[Kit], &[("version", THEIRS), ("program", THEIRS)], "1; its labels say what runs"),
    line("process_resident_memory_bytes", Gauge, &[Kit], &[], "memory that the process has of its machine"),
    line("process_cpu_seconds_total", Counter, &[Kit], &[], "processor time used, whole seconds"),
    line("process_open_fds", Gauge, &[Kit], &[], "files and sockets open"),
    line("process_max_fds", Gauge, &[Kit], &[], "files and sockets that may be open"),
    line("process_threads", Gauge, &[Kit], &[], "threads"),
    line("runtime_tasks", Gauge, &[Kit], &[], "tasks alive in the runtime"),
    line("runtime_tasks_queued", Gauge, &[Kit], &[], "tasks that are ready and wait for a thread"),
    line("task_panics_total", Counter, &[Kit], &[("task", THEIRS)], "tasks that panicked; a role's panic stops the process"),
    // HTTP.
    line("http_connections", Gauge, &[Kit], &[], "connections open, sockets included"),
    line("http_connections_max", Gauge, &[Kit], &[], "connections that may be open; one more gets 503 and is closed"),
    line("http_accept_errors_total", Counter, &[Kit], &[], "connections that could not be accepted, mostly for want of files"),
    line("http_requests_total", Counter, &[Kit], &[("method", THEIRS), ("route", THEIRS), ("status", THEIRS)], "requests answered, by the route's template"),
    line("http_request_seconds", Histogram, &[Kit], &[("route", THEIRS)], "from a request's head to its answer's"),
    line("http_refused_total", Counter, &[Kit], &[("why", &["full_house", "head_too_large", "head_too_slow", "body_too_large", "body_too_slow", "timed_out", "answer_not_taken"])], "connections and requests turned away or cut at a bound of the server; `head_too_slow` counts idle ones too"),
    line("http_panics_total", Counter, &[Kit], &[], "handlers that panicked: 500"),
    line("rate_limited_total", Counter, &[Kit], &[("bucket", &["claims", "claims-from", "withdrawals", "auths", "unknown-sales", "me-claims", "login", "login-addr", "sign-up", "user", "anonymous"])], "refusals for coming too often, by the kind of bucket that was empty"),
    line("passwords_refused_total", Counter, &[Kit], &[], "passwords not looked at because as many waited as may wait: 503"),
    // The street door.
    line("claims_accepted_total", Counter, &[Publisher], &[], "claims that are stored durably and got a receipt"),
    line("claims_repeated_total", Counter, &[Publisher], &[], "repeats answered with the same receipt from memory"),
    line("claims_refused_total", Counter, &[Publisher], &[("door", &["http", "socket"]), ("layer", &["phase", "memory", "gate", "question", "rate", "bounds", "backlog", "queue"]), ("code", &["not_found", "not_open", "paused", "closed", "already_claimed", "sold_out", "all_held", "wrong_answer", "too_fast", "invalid", "limit_reached", "unavailable"])], "claims turned back at the door, by the layer that did it and the code that was told"),
    line("withdrawals_total", Counter, &[Publisher], &[("outcome", &["stored", "not_found", "too_fast", "unavailable", "paying", "ended"])], "withdrawals asked for over a socket"),
    line("publisher_batch_commands", Histogram, &[Publisher], &[], "commands in one put on the claims queue"),
    line("publisher_put_seconds", Histogram, &[Publisher], &[], "from a put to its confirm"),
    line("publisher_puts_waiting", Gauge, &[Publisher], &[], "commands at the door that wait for their put"),
    line("publisher_puts_waiting_max", Gauge, &[Publisher], &[], "commands that may wait so; one more gets 503"),
    line("publisher_puts_failed_total", Counter, &[Publisher], &[("why", &["door_full", "queue_full", "unavailable", "too_slow"])], "commands that were not stored: 503, never a silent yes"),
    line("publisher_marks_forgotten_total", Counter, &[Publisher], &[], "buyers forgotten because as many are remembered as may be; their repeats cost one more message"),
    // What a door knows.
    line("publisher_schedule_age_seconds", Gauge, &[Publisher], &[], "since the schedule and the journal's clock were last confirmed; beyond 2 s no phase turns here"),
    line("publisher_clock_error_seconds", Gauge, &[Publisher], &[], "how far our idea of the journal's clock may be wrong: half of its last answer's way"),
    line("publisher_confirmations_total", Counter, &[Publisher], &[("outcome", &["good", "too_slow", "failed"])], "looks at schedule and clock"),
    line("publisher_rereads_total", Counter, &[Publisher], &[("why", &["new_ear", "gap", "silence"])], "times when news may have been lost and the journal was read instead"),
    line("bus_heard_total", Counter, &[Publisher], &[("what", &["claim", "sale", "stock", "notice"])], "messages heard on the bus"),
    // The window.
    line("publisher_sockets", Gauge, &[Publisher], &[], "sockets, those on their way in included"),
    line("publisher_sockets_max", Gauge, &[Publisher], &[], "sockets that may be here; one more gets 503 before the upgrade"),
    line("publisher_sockets_signed_in", Gauge, &[Publisher], &[], "sockets that speak for a buyer"),
    line("publisher_sockets_refused_total", Counter, &[Publisher], &[("why", &["house_full", "address_full", "busy", "stopping", "starting", "foreign_origin", "unknown_subprotocol", "no_upgrade"])], "sockets refused before the upgrade, by the bound or rule that did it"),
    line("publisher_sockets_closed_total", Counter, &[Publisher], &[("code", &["0", "1002", "1007", "1008", "1009", "1012", "4401", "4408", "4429"])], "sockets that ended, by close code; 0: the other side went, 4408: a slow reader was cut"),
    line("publisher_frames_received_total", Counter, &[Publisher], &[], "frames of clients"),
    line("publisher_frames_refused_total", Counter, &[Publisher], &[("code", &["unknown_frame", "malformed_json", "binary"])], "frames that were not understood"),
    line("publisher_frames_sent_total", Counter, &[Publisher], &[], "frames written to sockets"),
    line("publisher_frames_replaced_total", Counter, &[Publisher], &[], "frames that a newer state of the same object overtook in a socket's outbox"),
    line("publisher_frames_dropped_total", Counter, &[Publisher], &[], "frames dropped because a socket's outbox was full; the socket ends"),
    line("publisher_catch_ups_total", Counter, &[Publisher], &[], "readings of everything that changed since the last good news"),
    line("publisher_catch_up_rows", Histogram, &[Publisher], &[], "held claims read again in one go before they are told"),
    line("publisher_catch_up_overflows_total", Counter, &[Publisher], &[], "claims too many to be read again one by one: everything that changed is read instead"),
    // The counter.
    line("claims_decided_total", Counter, &[Consumer], &[], "claims that a ratified batch answered or moved"),
    line("claims_changed_total", Counter, &[Consumer], &[("state", &["received", "held", "standby", "paying", "paid", "refused", "expired", "withdrawn"]), ("reason", &["none", "not_open", "closed", "already_claimed", "limit_reached", "all_held", "sold_out", "failed"])], "committed changes that were announced, by what the claim is after them"),
    line("claim_queued_seconds", Histogram, &[Consumer], &[], "from a claim's receipt to the counter that decides it"),
    line("decide_batch_commands", Histogram, &[Consumer], &[], "commands decided together"),
    line("decide_seconds", Histogram, &[Consumer], &[], "from a batch in hand to its commit, waits included"),
    line("decide_obstacles_total", Counter, &[Consumer], &[("why", &["mended", "wait", "culprit"])], "tries that decided nothing: the ledger was mended, something did not answer, or a command cannot be written"),
    line("ratify_conflicts_total", Counter, &[Consumer], &[], "batches whose grants were of another epoch"),
    line("ledger_epochs_raised_total", Counter, &[Consumer], &[("why", &["regression", "leak", "later_epoch"])], "epochs begun: the ledger lost writes, is ahead for good, or believes in a later life"),
    line("ledger_rebuilds_total", Counter, &[Consumer], &[], "items built anew in the ledger from the journal"),
    line("sweep_failures_total", Counter, &[Consumer], &[], "items that cannot be swept although the journal answers"),
    line("beats_missed_total", Counter, &[Consumer], &[], "heartbeats that the journal did not take"),
    line("clock_shifts_total", Counter, &[Consumer], &[], "jumps of the clock, each of which moved every live deadline"),
    line("clock_shifted_ms_total", Counter, &[Consumer], &[], "by how much in all"),
    line("mails_sent_total", Counter, &[Consumer], &[], "letters handed over"),
    line("mails_put_off_total", Counter, &[Consumer], &[], "letters that the postman could not take; tried again"),
    line("mail_alarms_total", Counter, &[Consumer], &[("why", &["unavailable", "parked"])], "letters that were put off three times, or that will never go out"),
    line("parked_total", Counter, &[Consumer, Embedded, Cluster], &[("source", &["decide", "claims queue"])], "messages that cannot be read or decided, put aside for staff"),
    // What waits, as every consumer reads it: take the greatest.
    line("heartbeat_age_seconds", Gauge, &[Consumer], &[], "age of the journal's heartbeat; beyond 5 s nobody judges time"),
    line("holds_live", Gauge, &[Consumer], &[("state", &["held", "paying"])], "holds that may still become orders"),
    line("holds_overdue_seconds", Gauge, &[Consumer], &[], "for how long the oldest hold has been overdue that the sweeper should have ended"),
    line("claims_queue_messages", Gauge, &[Consumer], &[], "messages on the claims queue, roughly"),
    line("payments_unsettled", Gauge, &[Consumer], &[("state", &["authorising", "cancelling", "in_doubt", "capture_failed"])], "payments without a good end"),
    line("outbox_waiting", Gauge, &[Consumer], &[("kind", &["capacity", "capture", "mail"])], "what must still be done or told elsewhere"),
    line("outbox_oldest_seconds", Gauge, &[Consumer], &[("kind", &["capacity", "capture", "mail"])], "since the order was made that has waited longest for it; kind capacity: since the sale was changed"),
    line("parked_messages", Gauge, &[Consumer], &[], "messages on the shelf for staff"),
    line("claims_parked_messages", Gauge, &[Consumer], &[], "messages that nobody could read, on the broker's queue `claims.parked`; 0 in one process"),
    line("items_oversold", Gauge, &[Consumer], &[], "items with more units in holds than their allotment, counted hold by hold: must be 0"),
    line("sale_units", Gauge, &[Consumer], &[("state", &["allotted", "taken", "paid", "waiting"])], "units of all published sales together; taken counts paid ones too, waiting are those stood by for"),
    line("replica_lag_seconds", Gauge, &[Consumer], &[], "how far the heartbeat on the replica is behind; 0 where the primary answers in its place"),
    line("watch_failures_total", Counter, &[Consumer], &[("of", &["journal", "queue"])], "looks at what waits that got no answer"),
    // The shop.
    line("lookups_refused_total", Counter, &[General], &[], "readers of sales turned away because as many waited as may wait: 503"),
    line("refresh_reuse_total", Counter, &[General], &[], "refresh tokens used twice: their family was ended"),
    line("payments_total", Counter, &[General], &[("verdict", &["yes", "no", "unknown"])], "payments tried, by what the provider said in time"),
    line("payment_authorise_seconds", Histogram, &[General], &[], "what the provider took for a yes or a no"),
    line("payments_turned_away_total", Counter, &[General], &[], "payments that were not begun because the breaker is open"),
    line("payment_breaker_open", Gauge, &[General], &[], "1 while nobody new is sent to the provider"),
    line("payment_breaker_trips_total", Counter, &[General], &[], "times when the breaker opened"),
    line("payments_open", Gauge, &[General], &[], "payments without an end that were looked into last"),
    line("payment_pokes_dropped_total", Counter, &[General], &[], "payments to be looked into at once that did not fit; the sweep finds them"),
    line("payments_reconciled_total", Counter, &[General], &[], "payments that the reconciler brought to an end"),
    line("payments_given_back_total", Counter, &[General], &[], "payments whose money went back because no order came of them"),
    line("captures_total", Counter, &[General], &[("end", &["taken", "later", "never", "unreadable"])], "captures tried"),
    line("payment_alarms_total", Counter, &[General], &[("why", &["capture_failed", "captured_without_order"])], "money that people must look at"),
    // The journal.
    line("journal_errors_total", Counter, &[Journal], &[("kind", &["check", "data", "unavailable"])], "statements that failed: a constraint did not hold, a row cannot be, or the store did not answer"),
    // The parts inside one process.
    line("claims_queue_commands", Gauge, &[Embedded], &[], "commands on the claims queue"),
    line("claims_queue_commands_max", Gauge, &[Embedded], &[], "commands that may be on it; one more gets 503"),
    line("claims_commit_commands", Histogram, &[Embedded], &[], "commands stored by one flush of the disk"),
    line("limiter_buckets_forgotten_total", Counter, &[Embedded], &[], "buckets that were not full and were forgotten for want of room"),
    line("timers_armed", Gauge, &[Embedded], &[], "knocks that wait for their moment"),
    line("timers_armed_max", Gauge, &[Embedded], &[], "knocks that may wait; more are dropped and left to the sweeper"),
    line("timers_dropped_total", Counter, &[Embedded, Cluster], &[], "knocks that were not armed; the sweeper comes anyway"),
    line("bus_gaps_total", Counter, &[Embedded, Cluster], &[], "gaps in the numbers of a channel: messages were lost"),
    // The real parts.
    line("bus_told_total", Counter, &[Cluster], &[], "messages published on the bus"),
    line("bus_lost_total", Counter, &[Cluster], &[("why", &["queue_full", "no_answer"])], "messages that were not published; whoever misses them reads"),
    line("bus_tell_timeouts_total", Counter, &[Cluster], &[], "tellings that did not end in time"),
    line("limiter_local_total", Counter, &[Cluster], &[], "tokens taken from buckets of this process because the shared ones did not answer"),
    line("limiter_outage", Gauge, &[Cluster], &[], "1 while the shared buckets do not answer"),
    line("redis_failures_total", Counter, &[Cluster], &[("script", THEIRS), ("why", THEIRS)], "scripts that brought no answer"),
    line("redis_reconnects_total", Counter, &[Cluster], &[], "connections to the cluster made anew"),
    line("rabbit_connected", Gauge, &[Cluster], &[("link", THEIRS)], "1 while this link to the broker stands"),
    line("rabbit_connection_losses_total", Counter, &[Cluster], &[("link", THEIRS)], "links to the broker that were lost"),
    line("rabbit_blocked", Gauge, &[Cluster], &[], "1 while the broker takes no messages for want of memory or disk"),
    line("rabbit_put_seconds", Histogram, &[Cluster], &[], "from a publish to its confirm"),
    line("rabbit_puts_failed_total", Counter, &[Cluster], &[], "publishes without a confirm"),
    line("provider_calls_total", Counter, &[Cluster], &[("call", THEIRS), ("outcome", THEIRS)], "calls of the payment provider"),
    line("provider_call_seconds", Histogram, &[Cluster], &[("call", THEIRS)], "what they took"),
];

impl Metric {
    /// As its name's end says.
    pub fn unit(&self) -> &'static str {
        let stem = self.name.trim_end_matches("_max").trim_end_matches("_total");
        ["seconds", "bytes", "ms", "commands", "rows"]
            .into_iter()
            .find(|unit| stem.ends_with(&format!("_{unit}")))
            .unwrap_or("")
    }

    /// Every combination of its labels' values; `None` where they are others' words, or too many.
    fn series(&self) -> Option<Vec<Vec<Label>>> {
        let mut all = vec![vec![]];
        for (key, values) in self.labels {
            let longer = |series: &Vec<Label>| {
                values.iter().map(|value| [&series[..], &[Label::new(*key, *value)]].concat()).collect::<Vec<_>>()
            };
            all = all.iter().flat_map(longer).collect();
        }
        (1..=BEGUN_MAX).contains(&all.len()).then_some(all)
    }
}

/// Gives every name its text for whoever reads `/metrics`.
pub(super) fn describe() {
    for metric in METRICS {
        let unit = match metric.unit() {
            "seconds" => Unit::Seconds,
            "ms" => Unit::Milliseconds,
            "bytes" => Unit::Bytes,
            _ => Unit::Count,
        };
        match metric.kind {
            Counter => metrics::describe_counter!(metric.name, unit, metric.meaning),
            Gauge => metrics::describe_gauge!(metric.name, unit, metric.meaning),
            Histogram => metrics::describe_histogram!(metric.name, unit, metric.meaning),
        }
    }
}

/// Begins the counters and histograms of a room at 0: a first failure is then seen to grow, and not to have been there always.
///
/// Repeat: changes nothing. Gauges are left to whoever knows them.
pub fn begin(room: Room) {
    super::metrics_handle();
    for metric in METRICS.iter().filter(|metric| metric.rooms.contains(&room)) {
        for labels in metric.series().into_iter().flatten() {
            match metric.kind {
                Counter => metrics::counter!(metric.name, labels).increment(0),
                Histogram => drop(metrics::histogram!(metric.name, labels)),
                Gauge => {}
            }
        }
    }
}

/// The list as a table in Markdown.
pub fn table() -> String {
    let mut text = String::from("| name | kind | unit | labels | counted by | meaning |\n|---|---|---|---|---|---|\n");
    for metric in METRICS {
        let labels: Vec<String> = metric.labels.iter().map(label_text).collect();
        let rooms: Vec<String> = metric.rooms.iter().map(|room| format!("{room:?}").to_lowercase()).collect();
        let kind = format!("{:?}", metric.kind).to_lowercase();
        let (name, unit, labels, rooms) = (metric.name, metric.unit(), labels.join("; "), rooms.join(", "));
        // A String takes everything.
        let _ = writeln!(text, "| `{name}` | {kind} | {unit} | {labels} | {rooms} | {} |", metric.meaning);
    }
    text
}

fn label_text((key, values): &(&str, &[&str])) -> String {
    if values.is_empty() { format!("`{key}`") } else { format!("`{key}`: {}", values.join(", ")) }
}
