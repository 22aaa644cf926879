//! The crowd in Redis: one hash of the whole house, a field a door, on Redis' clock.

use async_trait::async_trait;
use redis::Value;
use sale::{
    ids::SaleId,
    port::crowd::{Count, Crowd, Heads, Unknown},
};
use uuid::Uuid;

use crate::redis::{
    Redis,
    script::{Script, int, word},
};

static TELL: Script =
    Script::new("crowd tell", include_str!("crowd/lua/tell.lua"), &["doors"], &["door", "keep_ms", "count"], &["told"]);
static HEADS: Script =
    Script::new("crowd heads", include_str!("crowd/lua/heads.lua"), &["doors"], &["sale"], &["heads", "unknown"]);

/// What the doors of all nodes count.
pub struct RedisCrowd {
    redis: Redis,
    doors: String,
}

impl RedisCrowd {
    pub fn new(redis: Redis) -> Self {
        let doors = format!("{}:crowd", redis.config().prefix);
        Self { redis, doors }
    }
}

#[async_trait]
impl Crowd for RedisCrowd {
    async fn tell(&self, door: Uuid, count: Count, keep_ms: i64) {
        let count = serde_json::to_string(&count).unwrap_or_default();
        // What gets no answer is told anew in a moment; the failure is in the metrics of every script.
        let _ = self.redis.run(&TELL, &[&self.doors], &[door.to_string(), keep_ms.to_string(), count]).await;
    }

    async fn heads(&self, sale: SaleId) -> Result<Heads, Unknown> {
        let reply = self.redis.run(&HEADS, &[&self.doors], &[sale.to_string()]).await.map_err(|_| Unknown)?;
        heads(&reply).ok_or(Unknown)
    }
}

fn heads(reply: &Value) -> Option<Heads> {
    let Value::Array(parts) = reply else { return None };
    let [verdict, sockets, watching] = &parts[..] else { return None };
    let number = |value| u64::try_from(int(value)?).ok();
    (word(verdict)? == "heads").then_some(Heads { sockets: number(sockets)?, watching: number(watching)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redis::script::tests::keeps_its_word;

    #[test]
    fn the_scripts_take_and_return_what_their_headers_list() {
        keeps_its_word(&TELL);
        keeps_its_word(&HEADS);
        let said = |text: &str| Value::BulkString(text.into());
        let sum = Value::Array(vec![said("heads"), Value::Int(7), Value::Int(5)]);
        assert_eq!(heads(&sum), Some(Heads { sockets: 7, watching: 5 }));
        assert_eq!(heads(&Value::Array(vec![said("unknown")])), None);
        assert_eq!(heads(&Value::Nil), None);
    }
}
