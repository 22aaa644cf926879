//! A connection of the test's own, to look behind the ports and to do what they never do.

use cluster::amqp::RabbitConfig;
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties,
    options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions, QueueDeleteOptions},
    types::FieldTable,
};

pub struct Raw {
    prefix: String,
    channel: Channel,
    _connection: Connection,
}

impl Raw {
    pub async fn open(config: &RabbitConfig) -> Self {
        let connection = Connection::connect(&config.url, ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
        Self { prefix: config.prefix.clone(), channel, _connection: connection }
    }

    fn name(&self, queue: &str) -> String {
        format!("{}{queue}", self.prefix)
    }

    pub async fn put(&self, queue: &str, body: &[u8]) {
        let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
        let confirm = self.channel.basic_publish("".into(), self.name(queue).into(), options, body, properties).await;
        assert!(confirm.unwrap().await.unwrap().is_ack());
    }

    /// Messages that lie in this queue.
    pub async fn ready(&self, queue: &str) -> usize {
        let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let queue = self.channel.queue_declare(self.name(queue).into(), options, FieldTable::default()).await.unwrap();
        queue.message_count() as usize
    }

    pub async fn remove(&self, queue: &str) {
        self.channel.queue_delete(self.name(queue).into(), QueueDeleteOptions::default()).await.unwrap();
    }
}

/// The waits that these tests use.
const TIMERS_S: [u64; 6] = [1, 2, 3, 5, 10, 60];

/// Removes every queue that a test with this prefix can have made; a queue that is not there counts as removed.
pub fn remove_queues(config: &RabbitConfig) {
    let config = config.clone();
    // A drop cannot wait: a thread with a runtime of its own can.
    let removing = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let raw = Raw::open(&config).await;
            for partition in 0..config.claims.partitions {
                raw.remove(&format!("claims.{partition}")).await;
            }
            for queue in ["claims.parked", "timers.due"] {
                raw.remove(queue).await;
            }
            for wait_s in TIMERS_S {
                raw.remove(&format!("timers.{wait_s}s")).await;
            }
        });
    });
    let _ = removing.join();
}
