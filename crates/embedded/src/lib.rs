//! The outside things inside one process. Not mocks: the reference that every other backend must answer like.

pub mod bus;
pub mod crowd;
pub mod ledger;
pub mod limiter;
pub mod mail;
pub mod pay;
pub mod queue;
pub mod timers;

pub use bus::MemoryBus;
pub use crowd::MemoryCrowd;
pub use ledger::MemoryLedger;
pub use limiter::MemoryLimiter;
pub use mail::{Letter, MailFolder, MailFolderError};
pub use pay::{SandboxConfig, SandboxPayments};
pub use queue::{QueueConfig, TableQueue};
pub use timers::MemoryTimers;
