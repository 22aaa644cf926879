//! The post office of a test: a stand-in for AWS, a mail sink, and ways for mail that do not meet.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, Weak},
    time::Duration,
};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::{
    Client,
    config::{Credentials, SharedCredentialsProvider},
    types::{QueueAttributeName, SendMessageBatchRequestEntry},
};
use cluster::mail::{MailConfig, SqsMail};
use contract::fresh::{self, until};
use kit::{clock::SystemClock, config::Overrides};
use lambda_email::{Config, SendLedger};
use sale::{
    ids::OrderId,
    money::Money,
    port::mail::{Mail, MailJob},
};
use stack::{
    Server, apps,
    aws::{self, MailPlan, MailWay},
    ports::Network,
    process::Process,
    sink::{self, Letter, Letters},
};
use tempfile::TempDir;

use crate::CALL_MAX;

/// The servers of one or more tests; they end with it.
pub struct Office {
    pub aws: Server,
    pub sink: Server,
    aws_at: SocketAddr,
    smtp_at: SocketAddr,
    folder: TempDir,
}

/// What a test wants of its way. Its tries follow on each other faster than in production.
#[derive(Clone, Copy)]
pub struct Trial {
    pub carrier: &'static str,
    pub carry: &'static str,
    pub lease: &'static str,
    pub visibility_s: u32,
    pub receives_max: u32,
}

impl Trial {
    /// For what is to end as a dead letter: two tries.
    pub const DOOMED: Self = Self { visibility_s: 4, receives_max: 2, ..Self::USUAL };
    const USUAL: Self = Self { carrier: "smtp", carry: "5s", lease: "6s", visibility_s: 3, receives_max: 10 };
}

impl Default for Trial {
    fn default() -> Self {
        Self::USUAL
    }
}

impl Office {
    /// A fresh one, for tests that break it.
    pub fn open() -> Self {
        aws::install().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let network = Network::new();
        let (aws_at, smtp_at) = (network.free(1).unwrap(), network.free(2).unwrap());
        let aws = aws::server(folder.path(), aws_at).unwrap();
        let sink = sink::server(folder.path(), smtp_at).unwrap();
        let office = Self { aws, sink, aws_at, smtp_at, folder };
        for server in [&office.aws, &office.sink] {
            server.start().unwrap();
        }
        for server in [&office.aws, &office.sink] {
            server.wait_ready().unwrap();
        }
        office
    }

    /// One for all tests that run at the same time; the last to leave locks up.
    pub fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Office>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap();
        shared.upgrade().unwrap_or_else(|| {
            let office = Arc::new(Self::open());
            *shared = Arc::downgrade(&office);
            office
        })
    }

    /// A way of its own: queue, dead-letter queue, ledger, function.
    pub fn way(&self, trial: Trial) -> Way {
        let id = fresh::uuid().simple().to_string();
        self.build(&format!("test-{}", &id[..12]), trial)
    }

    /// The same way again, after the stand-in forgot it.
    pub fn rebuild(&self, way: &Way) -> Way {
        self.build(&way.name, way.trial)
    }

    fn build(&self, name: &str, trial: Trial) -> Way {
        let settings = settings(trial, self.smtp_at);
        let mut plan = MailPlan::new(name, postman(), self.smtp_at);
        plan.variables.extend(settings.clone());
        plan.visibility_s = trial.visibility_s;
        plan.receives_max = trial.receives_max;
        let at = aws::mail(&aws::url(self.aws_at), &plan).unwrap();
        let sqs = Client::new(&self.sdk());
        Way { name: name.to_owned(), trial, settings, at, sqs }
    }

    pub fn sdk(&self) -> SdkConfig {
        let (key, secret) = aws::KEY;
        let credentials = SharedCredentialsProvider::new(Credentials::new(key, secret, None, None, "test"));
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(aws::REGION))
            .endpoint_url(aws::url(self.aws_at))
            .credentials_provider(credentials)
            .build()
    }

    pub fn letters_of(&self, order: OrderId) -> Vec<Letter> {
        let (letters, id) = (Letters::of(self.folder.path()).all().unwrap(), order.to_string());
        letters.into_iter().filter(|letter| letter.message_id.starts_with(&id)).collect()
    }

    /// What stand-in and functions said so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.aws.log()).unwrap()
    }

    /// Kill -9 of every function that runs.
    pub fn kill_postmen(&self) {
        let functions: Vec<Process> = self.aws.process().unwrap().family().into_iter().filter(is_postman).collect();
        assert!(!functions.is_empty(), "no function runs");
        for function in functions {
            assert!(function.kill());
        }
    }

    /// What the stand-in's SES took in, as it tells.
    pub fn ses_messages(&self) -> String {
        let mut line = TcpStream::connect(self.aws_at).unwrap();
        line.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        line.write_all(format!("GET /_ministack/ses/messages HTTP/1.0\r\nHost: {}\r\n\r\n", self.aws_at).as_bytes())
            .unwrap();
        let mut said = String::new();
        line.read_to_string(&mut said).unwrap();
        said
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        for server in [&self.aws, &self.sink] {
            server.kill().unwrap();
        }
    }
}

fn is_postman(process: &Process) -> bool {
    std::fs::read_link(format!("/proc/{}/exe", process.pid)).is_ok_and(|exe| exe.ends_with("bootstrap"))
}

/// The postman's binary, built once.
fn postman() -> &'static std::path::Path {
    static POSTMAN: OnceLock<PathBuf> = OnceLock::new();
    POSTMAN.get_or_init(|| apps::build(&["lambda-email"]).unwrap().join("lambda-email"))
}

fn settings(trial: Trial, smtp: SocketAddr) -> Vec<(String, String)> {
    let settings = [
        ("CARRIER", trial.carrier.to_owned()),
        ("SMTP_URL", format!("smtp://{smtp}")),
        ("CARRY_MAX", trial.carry.to_owned()),
        ("LEDGER__LEASE", trial.lease.to_owned()),
    ];
    settings.map(|(key, value)| (format!("MIAOSHA_EMAIL__{key}"), value)).into()
}

/// One way for mail through the office.
pub struct Way {
    name: String,
    trial: Trial,
    settings: Vec<(String, String)>,
    at: MailWay,
    sqs: Client,
}

impl Way {
    pub fn queue(&self, office: &Office) -> SqsMail {
        let config = MailConfig {
            queue_url: self.at.queue_url.clone(),
            try_max: CALL_MAX / 2,
            call_max: CALL_MAX,
            ..MailConfig::default()
        };
        SqsMail::over(&office.sdk(), config)
    }

    /// The function's own settings.
    pub fn config(&self) -> Config {
        let table = ("MIAOSHA_EMAIL__LEDGER__TABLE", self.at.table.as_str());
        let settings = self.settings.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let env: Vec<(&str, &str)> = settings.chain([table]).collect();
        Config::from(Overrides::new().env(&env)).unwrap()
    }

    pub fn ledger(&self, office: &Office) -> SendLedger {
        SendLedger::new(&office.sdk(), self.config().ledger, Arc::new(SystemClock))
    }

    /// Puts bodies on the queue in one call, whatever they say.
    pub async fn put_raw(&self, bodies: Vec<String>) {
        let entries = bodies.into_iter().enumerate().map(|(n, body)| {
            SendMessageBatchRequestEntry::builder().id(n.to_string()).message_body(body).build().unwrap()
        });
        let call = self.sqs.send_message_batch().queue_url(&self.at.queue_url);
        assert!(call.set_entries(Some(entries.collect())).send().await.unwrap().failed().is_empty());
    }

    /// Waits until nothing lies on the queue and nothing is in hand.
    pub async fn runs_dry(&self) {
        until("the queue is empty", || async { self.depth(&self.at.queue_url).await == 0 }).await;
    }

    /// Messages that nobody could deliver.
    pub async fn dead(&self) -> usize {
        self.depth(&self.at.dead_url).await
    }

    async fn depth(&self, url: &str) -> usize {
        let kinds = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let asked = self.sqs.get_queue_attributes().queue_url(url).set_attribute_names(Some(kinds.to_vec()));
        let answer = asked.send().await.unwrap();
        let counts = answer.attributes().unwrap();
        kinds.iter().map(|kind| counts[kind].parse::<usize>().unwrap()).sum()
    }
}

/// A new order's job.
pub fn job(to: &str) -> MailJob {
    MailJob {
        order_id: OrderId(fresh::uuid()),
        number: "2026112108123456".into(),
        to: to.into(),
        name: "Ada".into(),
        product_name: "A kettle".into(),
        quantity: 1,
        total: Money { amount_minor: 200_000, currency: "TWD".parse().unwrap() },
        ship_to: "Ada, 1 Tea Street".into(),
        language: "en".into(),
    }
}

/// A letter of a new order.
pub fn letter(to: &str) -> Mail {
    let (subject, text, html) = ("Your kettle".into(), "On its way.".into(), "<p>On its way.</p>".into());
    Mail { order_id: OrderId(fresh::uuid()), to: to.into(), subject, text, html }
}
