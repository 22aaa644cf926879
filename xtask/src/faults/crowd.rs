//! A sale under load: the load test plays the crowd beside us, and is told what is being broken.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use stack::Stack;

use super::dice::Dice;

/// Signing up, and until the sale opens.
const OPEN_WITHIN: Duration = Duration::from_secs(240);
/// After the last fault: the sale's end, the last letters, the verdict.
const END_WITHIN: Duration = Duration::from_secs(400);
/// So long the faults of one sale may take.
const OVER_WITHIN: Duration = Duration::from_secs(3_600);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Who comes to the sale.
#[derive(Clone, Copy)]
pub struct Crowd {
    pub who: Who,
    pub buyers: u32,
    pub units: u32,
    pub hold_s: u32,
}

/// As `load-test fault --crowd` calls them.
#[derive(Clone, Copy)]
pub enum Who {
    Shoppers,
    Hesitant,
    Payers,
}

impl Who {
    fn word(self) -> &'static str {
        match self {
            Self::Shoppers => "shoppers",
            Self::Hesitant => "hesitant",
            Self::Payers => "payers",
        }
    }
}

/// How the law of speed sees a fault.
#[derive(Clone, Copy)]
pub enum Kind {
    /// One process of ours died.
    Death,
    Other,
}

/// By when a claim made after a fault must be decided.
#[derive(Clone, Copy)]
pub enum Back {
    AfterFault(Duration),
    AfterHealing(Duration),
}

/// An open sale, and the stack that it is held in.
pub struct Sale<'a> {
    pub stack: &'a Stack,
    pub dice: Dice,
    marks: File,
    faults: u32,
    crowd: Child,
    folder: PathBuf,
}

impl<'a> Sale<'a> {
    /// Starts the crowd and waits until the sale is open.
    pub fn open(
        name: &str,
        folder: &Path,
        binaries: &Path,
        stack: &'a Stack,
        crowd: Crowd,
        dice: Dice,
    ) -> Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(folder).with_context(|| format!("cannot empty {}", folder.display()))?;
        }
        fs::create_dir_all(folder)?;
        let log = File::create(folder.join("run.log"))?;
        let marks = OpenOptions::new().create(true).append(true).open(folder.join("marks.jsonl"))?;
        let child = Command::new(binaries.join("load-test"))
            .args(["fault", "--name", name, "--crowd", crowd.who.word()])
            .args(["--buyers", &crowd.buyers.to_string(), "--units", &crowd.units.to_string()])
            .args(["--hold-s", &crowd.hold_s.to_string()])
            .args(["--over-within-s", &OVER_WITHIN.as_secs().to_string()])
            .arg("--stack")
            .arg(&stack.running().dir)
            .arg("--folder")
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("cannot start the load test")?;
        let mut sale = Self { stack, dice, marks, faults: 0, crowd: child, folder: folder.to_owned() };
        sale.wait_open()?;
        Ok(sale)
    }

    fn wait_open(&mut self) -> Result<()> {
        let give_up = Instant::now() + OPEN_WITHIN;
        let timeline = self.folder.join("timeline.jsonl");
        while Instant::now() < give_up {
            if fs::read_to_string(&timeline).is_ok_and(|text| text.contains("\"open\"")) {
                return Ok(());
            }
            if let Some(status) = self.crowd.try_wait()? {
                bail!("the load test ended with {status} before the sale was open; see {}", self.log());
            }
            sleep(LOOK_EVERY);
        }
        bail!("the sale did not open within {OPEN_WITHIN:?}; see {}", self.log())
    }

    fn log(&self) -> String {
        self.folder.join("run.log").display().to_string()
    }

    /// A fault begins now. Returns its number, for [`healed`](Self::healed).
    pub fn fault(&mut self, what: &str, kind: Kind, back: Back) -> Result<u32> {
        self.begin(what, kind, back, None)
    }

    /// The same, and until it is healed whoever claims by HTTP is answered within this, be it by 503.
    pub fn fault_with_answers(&mut self, what: &str, back: Back, answers_within: Duration) -> Result<u32> {
        self.begin(what, Kind::Other, back, Some(answers_within))
    }

    fn begin(&mut self, what: &str, kind: Kind, back: Back, answers_within: Option<Duration>) -> Result<u32> {
        self.faults += 1;
        println!("  {}. {what}", self.faults);
        let (within, from_healing) = match back {
            Back::AfterFault(within) => (within, false),
            Back::AfterHealing(within) => (within, true),
        };
        let kind = match kind {
            Kind::Death => "death",
            Kind::Other => "other",
        };
        let n = self.faults;
        let ms = |d: Duration| i64::try_from(d.as_millis()).unwrap_or(i64::MAX);
        self.mark(&json!({
            "mark": "fault", "n": n, "at": now_ms(), "what": what, "kind": kind,
            "back_within_ms": ms(within), "from_healing": from_healing, "answers_within_ms": answers_within.map(ms),
        }))?;
        Ok(n)
    }

    /// What fault `n` broke runs again.
    pub fn healed(&mut self, n: u32) -> Result<()> {
        self.mark(&json!({"mark": "healed", "n": n, "at": now_ms()}))
    }

    /// Something worth a line of the report.
    pub fn seen(&mut self, what: &str) -> Result<()> {
        println!("     {what}");
        self.mark(&json!({"mark": "seen", "at": now_ms(), "what": what}))
    }

    /// The fault's own criterion is not met.
    pub fn wrong(&mut self, what: &str) -> Result<()> {
        println!("     WRONG: {what}");
        self.mark(&json!({"mark": "wrong", "at": now_ms(), "what": what}))
    }

    /// Lets the sale go on for a while, by chance between these.
    pub fn go_on(&mut self, low: Duration, high: Duration) {
        let ms = |d: Duration| u64::try_from(d.as_millis()).unwrap_or(u64::MAX);
        sleep(self.dice.ms(ms(low), ms(high)));
    }

    fn mark(&mut self, mark: &Value) -> Result<()> {
        writeln!(self.marks, "{mark}").context("cannot write the marks")
    }

    /// No more faults: waits for the sale's end and the verdict; true for a good one. Errors: the load test did not end.
    pub fn close(mut self, struck: Result<()>) -> Result<bool> {
        if let Err(error) = struck {
            self.wrong(&format!("the fault could not be made: {error:#}"))?;
        }
        self.mark(&json!({"mark": "over", "at": now_ms()}))?;
        let give_up = Instant::now() + END_WITHIN;
        while Instant::now() < give_up {
            if let Some(status) = self.crowd.try_wait()? {
                // What could not be broken is marked as wrong, so the load test has failed too.
                return Ok(status.success());
            }
            sleep(LOOK_EVERY);
        }
        bail!("the load test did not end within {END_WITHIN:?}; see {}", self.log())
    }
}

impl Drop for Sale<'_> {
    fn drop(&mut self) {
        // Nobody would ever tell it that the faults are over.
        let _ = self.crowd.kill();
        let _ = self.crowd.wait();
    }
}

fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}
