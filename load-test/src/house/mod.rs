//! The house under test: one process that we start ourselves, or a full stack that somebody else runs.

mod counted;
mod inside;
mod lay;
mod stack;

use std::net::SocketAddrV4;

use anyhow::Context;

pub use self::{
    counted::{Counted, Counters},
    lay::Still,
    stack::{Door, Stack},
};
use crate::{
    run,
    scene::Scene,
    server::{Server, ServerPlan, tail},
    staff::Staff,
    verdict::{Papers, letters},
};

/// Where the sale is held.
#[derive(Clone, Debug)]
pub enum House {
    Own(ServerPlan),
    Stack(Stack),
}

/// A house that takes people in. Dropped, a process of our own is killed; a stack stays as it is.
pub enum Doors {
    Own(Server),
    Stack,
}

impl House {
    /// The one address of everything: our process, or the balancer.
    pub fn target(&self) -> SocketAddrV4 {
        match self {
            Self::Own(plan) => plan.listen,
            Self::Stack(stack) => stack.balancer,
        }
    }

    /// The same house, where what is ours to start has these settings too.
    pub fn set(self, settings: impl IntoIterator<Item = (String, String)>) -> Self {
        match self {
            Self::Own(mut plan) => {
                plan.env.extend(settings);
                Self::Own(plan)
            }
            stack => stack,
        }
    }

    /// Starts what is ours to start, and waits until the house answers.
    pub async fn open(&self) -> anyhow::Result<Doors> {
        match self {
            Self::Own(plan) => Ok(Doors::Own(plan.start_ready().await?)),
            Self::Stack(stack) => stack.ready().await.map(|()| Doors::Stack),
        }
    }

    pub async fn staff(&self) -> anyhow::Result<Staff> {
        let (email, password) = match self {
            Self::Own(plan) => (&plan.staff_email, &plan.staff_password),
            Self::Stack(stack) => (&stack.staff_email, &stack.staff_password),
        };
        Staff::sign_in(self.target(), email, password).await
    }

    /// Whatever this house writes down.
    pub fn papers(&self) -> anyhow::Result<Papers> {
        match self {
            Self::Own(plan) => Ok(Papers::in_folder(&plan.data_dir, vec![plan.log.clone()])),
            Self::Stack(stack) => Papers::of_stack(stack),
        }
    }

    /// How many orders of the run of this name have a letter.
    ///
    /// They are counted where they lie: the page that shows them shows the newest alone.
    pub fn letters(&self, run: &str) -> anyhow::Result<usize> {
        let all = match self {
            Self::Own(plan) => letters::read(&Papers::in_folder(&plan.data_dir, vec![]).letters),
            Self::Stack(stack) => letters::read(&stack.letters_dir()),
        };
        Ok(letters::orders_of_run(&all?.unwrap_or_default(), run))
    }

    /// What a person needs after a failure.
    pub fn last_words(&self) -> String {
        match self {
            Self::Own(plan) => format!("--- the end of the server's log ---\n{}", tail(&plan.log)),
            Self::Stack(stack) => format!("--- the logs are in {} ---", stack.logs_dir().display()),
        }
    }

    /// The plan of the one process. Errors: this is a stack, whose servers are not ours to kill.
    pub fn own(&self) -> anyhow::Result<&ServerPlan> {
        match self {
            Self::Own(plan) => Some(plan),
            Self::Stack(_) => None,
        }
        .context("a stack's servers are not ours to start and kill")
    }
}

impl Doors {
    /// Waits for the end of our own process, whatever the cause; of a stack nobody tells us. Safe to drop and call again.
    pub async fn ended(&mut self) -> anyhow::Result<std::process::ExitStatus> {
        match self {
            Self::Own(server) => server.ended().await,
            Self::Stack => std::future::pending().await,
        }
    }

    /// Writes down what our own process took of the machine.
    pub fn note_usage(&self, scene: &Scene, buyers: u32) {
        if let Self::Own(server) = self {
            run::note_usage(scene, server, buyers);
        }
    }

    /// Stops our own process. Errors: it ended badly, or hangs.
    pub async fn close(self) -> anyhow::Result<()> {
        match self {
            Self::Own(server) => server.stop().await,
            Self::Stack => Ok(()),
        }
    }
}
