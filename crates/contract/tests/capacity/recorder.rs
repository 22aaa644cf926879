//! The recorder: stands before the stand-in, writes down what is asked, and answers what the stand-in does not know.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// Every call by its form: `Action=…&…`.
#[derive(Clone)]
pub struct Recorder {
    calls: Arc<Mutex<Vec<String>>>,
    pub addr: SocketAddr,
    task: Arc<JoinHandle<()>>,
}

impl Recorder {
    pub async fn before(stand_in: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (calls, addr) = (Arc::<Mutex<Vec<String>>>::default(), listener.local_addr().unwrap());
        let record = calls.clone();
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, stand_in, record.clone()));
            }
        });
        Self { calls, addr, task: Arc::new(task) }
    }

    /// Calls of one action so far, without what all calls have.
    pub fn of(&self, action: &str) -> Vec<String> {
        let head = format!("Action={action}&");
        let calls = self.calls.lock().unwrap();
        calls.iter().filter(|call| call.starts_with(&head)).map(|call| call[head.len()..].to_owned()).collect()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if Arc::strong_count(&self.task) == 1 {
            self.task.abort();
        }
    }
}

async fn serve(mut socket: TcpStream, stand_in: SocketAddr, calls: Arc<Mutex<Vec<String>>>) {
    while let Some((whole, form)) = message(&mut socket).await {
        let action = form.strip_prefix("Action=").and_then(|rest| rest.split('&').next()).unwrap_or_default();
        let own = own_answer(action, &calls.lock().unwrap());
        calls.lock().unwrap().push(form.clone());
        let answer = match own {
            Some(body) => {
                let head =
                    format!("HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: {}\r\n\r\n", body.len());
                format!("{head}{body}").into_bytes()
            }
            None => {
                let mut line = TcpStream::connect(stand_in).await.unwrap();
                line.write_all(&whole).await.unwrap();
                let Some((answer, body)) = message(&mut line).await else { return };
                let head = String::from_utf8_lossy(&answer[..answer.len() - body.len()]).into_owned();
                with_protection(&head, body, &calls.lock().unwrap()).into_bytes()
            }
        };
        if socket.write_all(&answer).await.is_err() {
            return;
        }
    }
}

/// The answer, where nodes are protected as was last asked for.
fn with_protection(head: &str, mut body: String, calls: &[String]) -> String {
    for call in calls.iter().filter(|call| call.starts_with("Action=SetInstanceProtection&")) {
        let pairs: Vec<(&str, &str)> = call.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let wanted = pairs.iter().find(|(name, _)| *name == "ProtectedFromScaleIn").unwrap().1;
        for (_, id) in pairs.iter().filter(|(name, _)| name.starts_with("InstanceIds.")) {
            let Some(node) = body.find(&format!("<InstanceId>{id}</InstanceId>")) else { continue };
            let from = node + body[node..].find("<ProtectedFromScaleIn>").unwrap() + "<ProtectedFromScaleIn>".len();
            let to = from + body[from..].find('<').unwrap();
            body.replace_range(from..to, wanted);
        }
    }
    let is_length = |line: &&str| line.to_lowercase().starts_with("content-length:");
    let lines: Vec<&str> = head.trim_end().split("\r\n").filter(|line| !is_length(line)).collect();
    format!("{}\r\ncontent-length: {}\r\n\r\n{body}", lines.join("\r\n"), body.len())
}

/// Of the balancer's units the last that was reserved stands.
fn own_answer(action: &str, calls: &[String]) -> Option<String> {
    let inside = match action {
        "SetInstanceProtection" | "ModifyCapacityReservation" => String::new(),
        "DescribeCapacityReservation" => {
            let last = calls.iter().rev().find(|call| call.starts_with("Action=ModifyCapacityReservation&"));
            let units = last.and_then(|call| call.split('&').find_map(|pair| pair.split_once("CapacityUnits=")));
            let units = units.map_or("0", |(_, units)| units);
            format!("<MinimumLoadBalancerCapacity><CapacityUnits>{units}</CapacityUnits></MinimumLoadBalancerCapacity>")
        }
        _ => return None,
    };
    let id = "<ResponseMetadata><RequestId>recorded</RequestId></ResponseMetadata>";
    Some(format!("<{action}Response><{action}Result>{inside}</{action}Result>{id}</{action}Response>"))
}

/// One request or answer as it came, and its body.
async fn message(socket: &mut TcpStream) -> Option<(Vec<u8>, String)> {
    let (mut whole, mut piece) = (vec![], [0; 16 * 1024]);
    loop {
        if let Some(head) = whole.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4) {
            let text = String::from_utf8_lossy(&whole[..head]).to_lowercase();
            let length = text.split("\r\n").find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
            if whole.len() >= head + length {
                let body = String::from_utf8_lossy(&whole[head..]).into_owned();
                return Some((whole, body));
            }
        }
        match socket.read(&mut piece).await {
            Ok(read) if read > 0 => whole.extend_from_slice(&piece[..read]),
            _ => return None,
        }
    }
}
