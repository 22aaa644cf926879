//! The window as a client sees it: a real WebSocket over a real port.

use std::{net::SocketAddr, time::Duration};

use futures_util::{SinkExt, StreamExt};
use sale::ids::{SaleId, UserId};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest, http::HeaderValue},
};

use super::{House, PATIENCE};

pub struct Client {
    ws: WebSocketStream<TcpStream>,
}

impl House {
    /// A socket that has read its hello.
    pub async fn connect(&self) -> Client {
        self.connect_to(self.addr).await
    }

    pub async fn connect_to(&self, addr: SocketAddr) -> Client {
        let mut client = knock(addr, &[("sec-websocket-protocol", "miaosha.v1")]).await.unwrap();
        let hello = client.next().await;
        assert_eq!(hello["type"], "hello");
        client
    }

    /// The status with which the door stays shut, if it does.
    pub async fn try_connect(&self, headers: &[(&'static str, &str)]) -> Result<Client, u16> {
        knock(self.addr, headers).await
    }

    /// A socket of this buyer that watches this sale, and has read everything up to there.
    pub async fn connect_as(&self, buyer: UserId, sale: SaleId) -> Client {
        let mut client = self.connect().await;
        client.watch(sale).await;
        client.send(json!({"type": "auth", "access_token": self.token(buyer)})).await;
        assert_eq!(client.until("session").await["user_id"], json!(buyer));
        client
    }
}

/// The status with which a door stays shut.
pub async fn shut(addr: SocketAddr) -> Option<u16> {
    knock(addr, &[]).await.err()
}

async fn knock(addr: SocketAddr, headers: &[(&'static str, &str)]) -> Result<Client, u16> {
    let mut request = format!("ws://{}/api/v1/live", addr).into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, HeaderValue::from_str(value).unwrap());
    }
    let stream = TcpStream::connect(addr).await.unwrap();
    match client_async(request, stream).await {
        Ok((ws, _)) => Ok(Client { ws }),
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

impl Client {
    pub async fn send(&mut self, frame: Value) {
        self.send_text(&frame.to_string()).await;
    }

    pub async fn send_text(&mut self, text: &str) {
        self.ws.send(Message::Text(text.into())).await.unwrap();
    }

    pub async fn send_binary(&mut self) {
        self.ws.send(Message::Binary(vec![1].into())).await.unwrap();
    }

    /// Bytes past the protocol.
    pub async fn send_raw(&mut self, bytes: &[u8]) {
        self.ws.get_mut().write_all(bytes).await.unwrap();
    }

    /// The next frame.
    pub async fn next(&mut self) -> Value {
        loop {
            let came = timeout(PATIENCE, self.ws.next()).await.expect("no frame came in time");
            match came.expect("the socket ended").unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Close(frame) => panic!("closed: {frame:?}"),
                _ => {}
            }
        }
    }

    /// The next frame that satisfies, the others passed over.
    pub async fn find(&mut self, mut is: impl FnMut(&Value) -> bool) -> Value {
        loop {
            let frame = self.next().await;
            if is(&frame) {
                return frame;
            }
        }
    }

    /// The next frame of this type.
    pub async fn until(&mut self, kind: &str) -> Value {
        self.find(|frame| frame["type"] == kind).await
    }

    /// Watches a sale that is on its way into the schedule.
    pub async fn watch(&mut self, sale: SaleId) -> Value {
        self.send(json!({"type": "watch", "sale_ids": [sale]})).await;
        self.until("sale").await
    }

    /// Every frame of a while.
    pub async fn all_for(&mut self, span: Duration) -> Vec<Value> {
        let mut frames = vec![];
        let _ = timeout(span, async {
            loop {
                frames.push(self.next().await);
            }
        })
        .await;
        frames
    }

    /// Reads to the end: the last frames and the close code.
    pub async fn end(mut self) -> (Vec<Value>, u16) {
        let mut frames = vec![];
        loop {
            match timeout(PATIENCE, self.ws.next()).await.expect("the socket did not end in time") {
                Some(Ok(Message::Text(text))) => frames.push(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(Some(close)))) => return (frames, close.code.into()),
                Some(Ok(_)) => {}
                None | Some(Err(_)) => return (frames, 0),
            }
        }
    }

    pub async fn hang_up(mut self) {
        let _ = self.ws.close(None).await;
    }
}
