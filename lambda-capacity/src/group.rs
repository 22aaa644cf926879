//! A group: what Auto Scaling shows of it, and what may be done to it.

use sale::time::UnixMs;

use crate::deeds::SHRINK;

/// One Auto Scaling group as it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    pub min: i32,
    pub desired: i32,
    /// Its nodes are born protected: they may hold sockets, and Auto Scaling takes none away before we let go of it.
    pub protects: bool,
    /// Those in service.
    pub nodes: Vec<Node>,
    /// Scheduled actions, ours and other people's.
    pub actions: Vec<Action>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub id: String,
    pub protected: bool,
}

/// At that instant the group gets this size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    pub name: String,
    pub at: UnixMs,
    pub min: i32,
    pub desired: i32,
}

/// One thing to do to a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    Resize { min: i32, desired: i32 },
    Protect { nodes: Vec<String>, protect: bool },
    Cancel { name: String },
    Schedule(Action),
}

impl Deed {
    /// Whether it does no harm where the plan turns out to be an old one: it costs money, and that only until the next look.
    pub fn grows(&self) -> bool {
        match self {
            Self::Resize { .. } => true,
            Self::Protect { protect, .. } => *protect,
            Self::Cancel { name } => name == SHRINK,
            Self::Schedule(_) => false,
        }
    }
}
