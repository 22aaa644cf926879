//! The stand-in for AWS: SQS, DynamoDB, SES, S3, Auto Scaling and schedules on one port, and Lambda functions that really run.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Write,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    ports::Network,
    probe::Probe,
    progress::say,
    server::{Launch, Server},
    setup::run,
};

pub mod account;

/// The stand-in takes any region, and everything else here takes this one.
pub const REGION: &str = "us-east-1";
/// What everybody says who they are; the stand-in believes anything.
pub const KEY: (&str, &str) = ("test", "test");

const REQUIREMENTS: &str = include_str!("../assets/aws-requirements.txt");
const MAIL: &str = concat!(include_str!("../assets/aws.py"), include_str!("../assets/aws_mail.py"));
const FUNCTION: &str = concat!(include_str!("../assets/aws.py"), include_str!("../assets/aws_function.py"));

/// Brings the stand-in and the mail sink into a private Python environment: once a clone, again when a pin moved. Needs `python3`
/// with `venv`.
pub fn install() -> Result<()> {
    let (tools, done) = (tools(), tools().join("installed.txt"));
    fs::create_dir_all(&tools)?;
    // Tests that start together install once; the lock ends with its holder.
    let one_at_a_time = File::create(tools.with_extension("lock"))?;
    one_at_a_time.lock()?;
    if fs::read_to_string(&done).is_ok_and(|installed| installed == REQUIREMENTS) {
        return Ok(());
    }
    say("installing the AWS stand-in and the mail sink");
    run(&["python3", "-m", "venv", "--clear", "."], &tools).context(
        "could not make a Python environment for the AWS stand-in; `apt-get install python3-venv` and run again",
    )?;
    fs::write(tools.join("requirements.txt"), REQUIREMENTS)?;
    let pip = program("pip");
    run(&[&pip.to_string_lossy(), "install", "--disable-pip-version-check", "-r", "requirements.txt"], &tools)
        .context("could not install the AWS stand-in and the mail sink")?;
    // Last: where it stands, everything is there.
    fs::write(done, REQUIREMENTS)?;
    Ok(())
}

fn tools() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/aws")
}

/// A program of the private environment.
pub(crate) fn program(name: &str) -> PathBuf {
    tools().join("bin").join(name)
}

/// Where it lives on a stack's network.
const HOST: u8 = 35;

/// Starts the stand-in of a stack and says where.
pub(crate) fn start(stack: &Path, network: Network) -> Result<SocketAddr> {
    let addr = network.free(HOST)?;
    server(stack, addr)?.start()?;
    Ok(addr)
}

/// The stand-in of a stack, not yet started.
///
/// What lies in it outlives a stop, and is lost with a kill, which no AWS does: to break it, pause it. After a kill ask for
/// everything anew, as [`mail`] does.
pub fn server(stack: &Path, addr: SocketAddr) -> Result<Server> {
    server_told(stack, addr, addr)
}

/// The same, whose functions find AWS at another address.
fn server_told(stack: &Path, addr: SocketAddr, aws: SocketAddr) -> Result<Server> {
    let folder = stack.join("aws");
    let temporary = folder.join("tmp");
    fs::create_dir_all(&temporary)?;
    let launch = Launch::new("aws", program("ministack").to_string_lossy(), &folder)
        .env("BIND_HOST", addr.ip().to_string())
        .env("GATEWAY_PORT", addr.port().to_string())
        // What it puts into queue URLs, and where its functions find it.
        .env("MINISTACK_HOST", addr.ip().to_string())
        .env("AWS_ENDPOINT_URL", url(aws))
        .env("MINISTACK_REGION", REGION)
        // Everything it unpacks and writes stays in the stack's folder.
        .env("TMPDIR", temporary.to_string_lossy())
        .env("HOME", folder.to_string_lossy())
        .env("PERSIST_STATE", "1")
        .env("STATE_DIR", folder.join("state").to_string_lossy())
        .env("SFTP_ENABLED", "0")
        .probe(Probe::Http(addr, "/_ministack/health".into()));
    Server::add(stack, launch)
}

/// Where the stand-in answers.
pub fn url(addr: SocketAddr) -> String {
    format!("http://{addr}")
}

/// A way for mail: what is asked of AWS so that letters go from a queue to a carrier.
#[derive(Clone, Debug, Serialize)]
pub struct MailPlan {
    /// Goes before every name, so that several ways stand side by side.
    pub name: String,
    /// The function's binary.
    pub binary: PathBuf,
    /// The function's environment; the table's name is added.
    pub variables: BTreeMap<String, String>,
    pub function_timeout_s: u32,
    /// How long SQS hides a message whose letter may be under way: the pause between two tries.
    pub visibility_s: u32,
    /// After so many tries a message goes to the dead-letter queue.
    pub receives_max: u32,
}

impl MailPlan {
    /// Tries in production. At 60 s each they outlast four hours without a carrier: the shop has forgotten a letter as soon as SQS
    /// has it, and from the dead-letter queue only people bring it back.
    pub const RECEIVES_MAX: u32 = 240;

    /// As in production: [`RECEIVES_MAX`](Self::RECEIVES_MAX) tries, 60 s apart.
    pub fn new(name: &str, binary: &Path, smtp: SocketAddr) -> Self {
        let variables =
            [("MIAOSHA_EMAIL__CARRIER", "smtp".to_owned()), ("MIAOSHA_EMAIL__SMTP_URL", format!("smtp://{smtp}"))];
        Self {
            name: name.into(),
            binary: binary.to_owned(),
            variables: variables.map(|(name, value)| (name.to_owned(), value)).into(),
            // The ledger's answer, the carrier's, and the ledger's again (3 s, 8 s and 3 s by default), and some to spare.
            function_timeout_s: 20,
            visibility_s: 60,
            receives_max: Self::RECEIVES_MAX,
        }
    }
}

/// What stands after [`mail`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailWay {
    pub queue_url: String,
    /// The dead-letter queue.
    pub dead_url: String,
    /// The send ledger.
    pub table: String,
}

/// Asks for all that a way for mail needs, through the AWS API.
///
/// Repeat: what is there is left or brought up to date.
pub fn mail(endpoint: &str, plan: &MailPlan) -> Result<MailWay> {
    set_up(MAIL, endpoint, REGION, plan)
}

/// One of our functions by itself.
#[derive(Clone, Debug, Serialize)]
pub struct FunctionPlan {
    pub name: String,
    /// Its binary.
    pub binary: PathBuf,
    /// Its environment.
    pub variables: BTreeMap<String, String>,
    pub function_timeout_s: u32,
}

/// Asks for the function, and returns the ARN of its alias `live`.
///
/// Repeat: what is there is brought up to date, and the alias moves.
pub fn function(endpoint: &str, plan: &FunctionPlan) -> Result<String> {
    #[derive(Deserialize)]
    struct Answer {
        live_arn: String,
    }
    Ok(set_up::<Answer>(FUNCTION, endpoint, REGION, plan)?.live_arn)
}

/// Runs a script of ours in the private environment: JSON in, JSON out.
fn set_up<T: DeserializeOwned>(script: &str, endpoint: &str, region: &str, plan: &impl Serialize) -> Result<T> {
    #[derive(Serialize)]
    struct Ask<'a, P> {
        endpoint: &'a str,
        region: &'a str,
        #[serde(flatten)]
        plan: &'a P,
    }
    let ask = serde_json::to_vec(&Ask { endpoint, region, plan })?;
    let mut python = Command::new(program("python"));
    python.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = python.spawn().context("cannot start the AWS set-up; was the stand-in installed?")?;
    child.stdin.take().context("the AWS set-up reads nothing")?.write_all(&ask)?;
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "the AWS set-up failed:\n{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).context("the AWS set-up said something unreadable")
}
