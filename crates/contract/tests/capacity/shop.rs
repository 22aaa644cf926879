//! A shop of real binaries on the running servers: one general where staff act, one consumer whose heart beats.

use std::{net::SocketAddr, process::Stdio};

use contract::fresh::{self, until};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use stack::{Probe, Running, aws, ports::Network};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::{Child, Command},
};

use crate::cloud::{Cloud, binaries};

const STAFF: (&str, &str) = ("staff@shop.test", "a word that nobody guesses");

pub struct Shop {
    door: SocketAddr,
    token: String,
    schema: String,
    nodes: Vec<Child>,
    _folder: TempDir,
}

impl Shop {
    /// General tells the function of this cloud.
    pub async fn open(cloud: &Cloud) -> Self {
        let (running, folder) = (Running::from_env().unwrap(), tempfile::tempdir().unwrap());
        let schema = format!("t_{}", fresh::uuid().simple());
        execute(&running.postgres, format!("CREATE SCHEMA {schema}")).await;
        let ring = folder.path().join("keys.json");
        let keys = Command::new(binaries().join("miaosha-general")).arg("--new-keys").output().await.unwrap();
        std::fs::write(&ring, keys.stdout).unwrap();
        let mut shop =
            Self { door: ([0, 0, 0, 0], 0).into(), token: String::new(), schema, nodes: vec![], _folder: folder };
        let (network, settings) = (Network::new(), shop.settings(&running, cloud));
        for (host, role) in [(2, "general"), (3, "consumer")] {
            let [door, admin] = network.free_ports(host).unwrap();
            let mut node = Command::new(binaries().join(format!("miaosha-{role}")));
            node.env("MIAOSHA_SERVER__LISTEN", door.to_string())
                .env("MIAOSHA_SERVER__ADMIN_LISTEN", admin.to_string())
                .env("MIAOSHA_KEYS__RING", format!("file:{}", ring.display()))
                .envs(settings.clone());
            if role == "general" {
                node.env("MIAOSHA_STAFF_EMAIL", STAFF.0).env("MIAOSHA_STAFF_PASSWORD", STAFF.1);
                shop.door = door;
            }
            // Why one does not start is worth reading; that nobody pays here is not.
            node.env("MIAOSHA_SERVER__LOG_FILTER", "error").stdout(Stdio::null()).kill_on_drop(true);
            shop.nodes.push(node.spawn().unwrap());
            until(&format!("{role} is ready"), || async { Probe::Http(admin, "/readyz".into()).answers() }).await;
        }
        let login = json!({"email": STAFF.0, "password": STAFF.1});
        let signed_in = shop.ask("POST", "/api/v1/auth/token", login).await;
        shop.token = signed_in["access_token"].as_str().unwrap().to_owned();
        shop
    }

    fn settings(&self, running: &Running, cloud: &Cloud) -> Vec<(&'static str, String)> {
        let prefix = fresh::uuid().to_string();
        let (access, secret) = aws::KEY;
        vec![
            ("MIAOSHA_JOURNAL__URL", format!("{}?options=-c%20search_path%3D{}", running.postgres, self.schema)),
            ("MIAOSHA_CLUSTER__REDIS__URLS", serde_json::to_string(&running.redis).unwrap()),
            ("MIAOSHA_CLUSTER__REDIS__PREFIX", prefix.clone()),
            ("MIAOSHA_CLUSTER__RABBIT__URL", running.amqp.clone()),
            ("MIAOSHA_CLUSTER__RABBIT__PREFIX", format!("{prefix}.")),
            ("MIAOSHA_CLUSTER__PAY__URL", "http://127.0.0.1:1".into()),
            ("MIAOSHA_CLUSTER__PAY__KEY", "nobody pays here".into()),
            ("MIAOSHA_CLUSTER__MAIL__QUEUE_URL", "http://127.0.0.1:1/nobody".into()),
            ("MIAOSHA_CLUSTER__MAIL__REGION", aws::REGION.into()),
            ("MIAOSHA_CLUSTER__CAPACITY__FUNCTION", cloud.function.clone()),
            ("MIAOSHA_CLUSTER__CAPACITY__REGION", aws::REGION.into()),
            ("MIAOSHA_CLUSTER__CAPACITY__ENDPOINT", aws::url(cloud.addr)),
            ("AWS_ACCESS_KEY_ID", access.into()),
            ("AWS_SECRET_ACCESS_KEY", secret.into()),
        ]
    }

    /// As the console plans: a sale whose doors open then.
    pub async fn plan(&self, opens_in_s: i64) -> Value {
        let now = kit::clock::SystemClock;
        let at = |s| kit::instant::to_rfc3339(sale::port::clock::Clock::now(&now).plus_s(s));
        let item = json!({
            "product": {"name": "Kettle", "description": "It whistles.", "image_url": "/static/img/kettle.svg"},
            "price": {"amount_minor": 200_000, "currency": "TWD"},
            "allotment": 10
        });
        let plan =
            json!({"title": "Fair", "opens_at": at(opens_in_s), "closes_at": at(opens_in_s + 7200), "items": [item]});
        self.ask("POST", "/api/v1/admin/sales", plan).await
    }

    pub async fn patch(&self, sale: &Value, change: Value) -> Value {
        self.ask("PATCH", &format!("/api/v1/admin/sales/{}", sale["id"].as_str().unwrap()), change).await
    }

    pub async fn close_sale(&self, sale: &Value) {
        self.ask("POST", &format!("/api/v1/admin/sales/{}/close", sale["id"].as_str().unwrap()), json!({})).await;
    }

    /// Over HTTP, with an answer that must be good.
    async fn ask(&self, method: &str, path: &str, body: Value) -> Value {
        let mut line = TcpStream::connect(self.door).await.unwrap();
        let (body, host) = (body.to_string(), self.door);
        let proof =
            if self.token.is_empty() { String::new() } else { format!("authorization: Bearer {}\r\n", self.token) };
        let head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{proof}");
        let sized = format!("content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        line.write_all(format!("{head}{sized}").as_bytes()).await.unwrap();
        let mut answer = String::new();
        line.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 2"), "{method} {path}: {answer}");
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    }

    pub async fn end(mut self) {
        for mut node in std::mem::take(&mut self.nodes) {
            node.kill().await.unwrap();
        }
        execute(&Running::from_env().unwrap().postgres, format!("DROP SCHEMA {} CASCADE", self.schema)).await;
    }
}

async fn execute(url: &str, sql: String) {
    let mut db = PgConnection::connect(url).await.expect("the running PostgreSQL");
    sqlx::query(AssertSqlSafe(sql)).execute(&mut db).await.unwrap();
    db.close().await.unwrap();
}
