//! The line: a connection whose other end may fall silent. Every answer is waited for so long and no longer.
//!
//! The server's own time-outs work only while it answers: one that stands still, or that no packet reaches, says nothing at all.

use std::time::Duration;

use sqlx::{
    Connection as _, Executor as _, PgConnection, Postgres, SqlSafeStr,
    pool::PoolConnection,
    postgres::{PgPool, PgQueryResult, PgRow},
};
use tokio::{
    runtime::Handle,
    time::{error::Elapsed, timeout},
};

use super::{Value, bind};
use crate::JournalError;

pub(super) struct Line {
    /// Taken by the drop alone.
    connection: Option<PoolConnection<Postgres>>,
    wait: Duration,
    /// One was begun and has no end yet.
    transaction: bool,
    other_end: OtherEnd,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum OtherEnd {
    Answered,
    /// Not yet: whoever asked may have gone away meanwhile.
    Asked,
    /// Not in time: what it may still say belongs to nobody.
    Silent,
}

impl Line {
    pub(super) async fn of(pool: &PgPool, wait: Duration) -> Result<Self, JournalError> {
        Ok(Self { connection: Some(pool.acquire().await?), wait, transaction: false, other_end: OtherEnd::Answered })
    }

    /// From now on answers may take so long.
    pub(super) fn be_patient(&mut self, wait: Duration) {
        self.wait = wait;
    }

    /// Begins a transaction, by the statement that begins it. Dropped without [`commit`](Self::commit) it never was.
    pub(super) async fn begin(mut self, how: &'static str) -> Result<Self, JournalError> {
        self.say(how).await?;
        self.transaction = true;
        Ok(self)
    }

    /// Errors: `Unavailable` where no answer came: it may have been committed or not.
    pub(super) async fn commit(mut self) -> Result<(), JournalError> {
        self.say("COMMIT").await?;
        self.transaction = false;
        Ok(())
    }

    pub(super) async fn say(&mut self, words: &'static str) -> Result<(), JournalError> {
        let wait = self.ask();
        let answer = timeout(wait, self.connection()?.execute(words)).await;
        self.heard(answer).map(drop)
    }

    pub(super) async fn run(&mut self, sql: impl SqlSafeStr, args: Vec<Value>) -> Result<PgQueryResult, JournalError> {
        let wait = self.ask();
        let answer = timeout(wait, bind(sql, args).execute(self.connection()?)).await;
        self.heard(answer)
    }

    pub(super) async fn rows(&mut self, sql: impl SqlSafeStr, args: Vec<Value>) -> Result<Vec<PgRow>, JournalError> {
        let wait = self.ask();
        let answer = timeout(wait, bind(sql, args).fetch_all(self.connection()?)).await;
        self.heard(answer)
    }

    pub(super) async fn row(&mut self, sql: impl SqlSafeStr, args: Vec<Value>) -> Result<Option<PgRow>, JournalError> {
        let wait = self.ask();
        let answer = timeout(wait, bind(sql, args).fetch_optional(self.connection()?)).await;
        self.heard(answer)
    }

    fn connection(&mut self) -> Result<&mut PgConnection, JournalError> {
        let gone = || JournalError::Unavailable("the connection is gone".into());
        Ok(&mut **self.connection.as_mut().ok_or_else(gone)?)
    }

    /// Returns how long the answer may take.
    fn ask(&mut self) -> Duration {
        self.other_end = OtherEnd::Asked;
        self.wait
    }

    fn heard<T>(&mut self, answer: Result<sqlx::Result<T>, Elapsed>) -> Result<T, JournalError> {
        match answer {
            Ok(answer) => {
                self.other_end = OtherEnd::Answered;
                Ok(answer?)
            }
            Err(_) => {
                self.other_end = OtherEnd::Silent;
                metrics::counter!("journal_errors_total", "kind" => "unavailable").increment(1);
                Err(JournalError::Unavailable(format!("no answer within {:?}", self.wait)))
            }
        }
    }
}

impl Drop for Line {
    /// Gives the connection back as it was, within the same bound; one that is not as it was is closed.
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        let (wait, transaction) = (self.wait, self.transaction);
        if self.other_end == OtherEnd::Answered && !transaction {
            return;
        }
        let runtime = Handle::try_current().ok().filter(|_| self.other_end != OtherEnd::Silent);
        let Some(runtime) = runtime else { return connection.close_on_drop() };
        runtime.spawn(async move {
            let ended = async {
                if transaction { connection.execute("ROLLBACK").await.map(drop) } else { connection.ping().await }
            };
            if !matches!(timeout(wait, ended).await, Ok(Ok(()))) {
                connection.close_on_drop();
            }
        });
    }
}
