//! The socket: one live connection of a buyer, frame by frame.

use std::{
    net::{Ipv4Addr, SocketAddrV4},
    time::Duration,
};

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use thiserror::Error;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue, protocol::WebSocketConfig},
};

use super::{address, frame::Frame};

/// The subprotocol both sides must name.
pub const PROTOCOL: &str = "miaosha.v1";
/// A handshake that is not done after this long has failed.
pub const HANDSHAKE_WAIT: Duration = Duration::from_secs(10);
/// A frame that cannot be written for this long means that the connection is gone.
pub const WRITE_WAIT: Duration = Duration::from_secs(5);
/// Buffers are small because there are many of us.
const READ_BUFFER_BYTES: usize = 2048;
const FRAME_MAX_BYTES: usize = 256 << 10;

#[derive(Debug, Error)]
pub enum SocketError {
    #[error("no connection")]
    NoConnection,
    /// The server answered the upgrade with something else.
    #[error("the upgrade was refused: {0}")]
    Refused(String),
}

/// What a socket brought.
#[derive(Debug)]
pub enum Heard {
    Frame(Frame),
    /// Text that is no frame we know: the server's fault.
    Garbled(String),
    /// The connection is over, with its close code if there was one.
    Closed(Option<u16>),
}

pub struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    /// Connects from `source`. Errors: see [`SocketError`].
    pub async fn connect(source: Ipv4Addr, target: SocketAddrV4) -> Result<Self, SocketError> {
        timeout(HANDSHAKE_WAIT, Self::handshake(source, target)).await.unwrap_or(Err(SocketError::NoConnection))
    }

    async fn handshake(source: Ipv4Addr, target: SocketAddrV4) -> Result<Self, SocketError> {
        let stream = address::connect(source, target).await.map_err(|_| SocketError::NoConnection)?;
        let refused = |error: &dyn std::fmt::Display| SocketError::Refused(error.to_string());
        let mut request =
            format!("ws://{target}/api/v1/live").into_client_request().map_err(|error| refused(&error))?;
        let origin = HeaderValue::from_str(&format!("http://{target}")).map_err(|error| refused(&error))?;
        request.headers_mut().insert("origin", origin);
        request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static(PROTOCOL));
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_write_buffer_size(FRAME_MAX_BYTES)
            .max_message_size(Some(FRAME_MAX_BYTES));
        use tokio_tungstenite::tungstenite::{Error as E, error::ProtocolError as P};
        match client_async_with_config(request, stream, Some(config)).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(E::Io(_) | E::ConnectionClosed) => Err(SocketError::NoConnection),
            // A server that dies in the middle of the handshake looks like this.
            Err(E::Protocol(P::HandshakeIncomplete | P::ResetWithoutClosingHandshake)) => {
                Err(SocketError::NoConnection)
            }
            Err(error) => Err(refused(&error)),
        }
    }

    /// Sends one frame; false where the connection is gone.
    pub async fn send(&mut self, frame: &Value) -> bool {
        let sent = timeout(WRITE_WAIT, self.0.send(Message::text(frame.to_string()))).await;
        matches!(sent, Ok(Ok(())))
    }

    /// Waits for what comes next; pings are answered underway. Safe to drop and call again.
    pub async fn next(&mut self) -> Heard {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => {
                    return match serde_json::from_str(&text) {
                        Ok(frame) => Heard::Frame(frame),
                        Err(error) => Heard::Garbled(format!("{error}: {}", kind_of(&text))),
                    };
                }
                Some(Ok(Message::Close(close))) => return Heard::Closed(close.map(|c| c.code.into())),
                Some(Ok(Message::Binary(_))) => return Heard::Garbled("a binary frame".into()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Heard::Closed(None),
            }
        }
    }

    pub async fn close(mut self) {
        let _ = timeout(WRITE_WAIT, self.0.close(None)).await;
    }
}

/// The frame's type alone: its fields may hold a pass, which belongs in no log.
fn kind_of(text: &str) -> String {
    let value: Value = serde_json::from_str(text).unwrap_or(Value::Null);
    value["type"].as_str().unwrap_or("no type").to_owned()
}
