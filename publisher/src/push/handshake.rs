//! The handshake: how HTTP becomes a socket (RFC 6455, 4.2).

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use kit::http::Problem;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::frame::PROTOCOL;

/// A request that may become a socket.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Handshake {
    accept: String,
    /// The client named ours among its subprotocols.
    names_protocol: bool,
}

/// Why a request cannot become a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoHandshake {
    /// No handshake at all: this header is missing or says something else.
    Header(&'static str),
    /// The connection cannot be upgraded.
    NotUpgradable,
    /// Only other subprotocols are offered.
    UnknownProtocol,
}

impl Handshake {
    pub(super) fn read(headers: &HeaderMap) -> Result<Self, NoHandshake> {
        let says = |name: HeaderName, word, called| {
            names(headers, name, word).then_some(()).ok_or(NoHandshake::Header(called))
        };
        says(header::CONNECTION, "upgrade", "connection")?;
        says(header::UPGRADE, "websocket", "upgrade")?;
        says(header::SEC_WEBSOCKET_VERSION, "13", "sec-websocket-version")?;
        let key = headers.get(header::SEC_WEBSOCKET_KEY).ok_or(NoHandshake::Header("sec-websocket-key"))?;
        let accept = derive_accept_key(key.as_bytes());
        // None offered: ours is meant.
        let offers = headers.contains_key(header::SEC_WEBSOCKET_PROTOCOL);
        let names_protocol = offers && names(headers, header::SEC_WEBSOCKET_PROTOCOL, PROTOCOL);
        if offers && !names_protocol {
            return Err(NoHandshake::UnknownProtocol);
        }
        Ok(Self { accept, names_protocol })
    }

    /// The answer that upgrades.
    pub(super) fn answer(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        // Base64 is always a header.
        if let Ok(accept) = HeaderValue::try_from(self.accept) {
            headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
        }
        if self.names_protocol {
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(PROTOCOL));
        }
        response
    }
}

/// Whether one of the words of this header is this one.
fn names(headers: &HeaderMap, name: HeaderName, word: &str) -> bool {
    let lists = headers.get_all(name).iter().filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|named| named.trim().eq_ignore_ascii_case(word))
}

impl NoHandshake {
    /// As it is counted.
    pub(super) fn why(self) -> &'static str {
        match self {
            Self::Header(_) | Self::NotUpgradable => "no_upgrade",
            Self::UnknownProtocol => "unknown_subprotocol",
        }
    }
}

impl IntoResponse for NoHandshake {
    fn into_response(self) -> Response {
        match self {
            Self::Header(name) => {
                let problem = Problem::new(StatusCode::BAD_REQUEST, "bad_request", "the request cannot be understood");
                problem.detail(format!("`{name}` is not that of a WebSocket handshake")).into_response()
            }
            Self::NotUpgradable => {
                Problem::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", "this address is a socket")
                    .into_response()
            }
            Self::UnknownProtocol => {
                let title = "only the subprotocol miaosha.v1 is spoken here";
                Problem::new(StatusCode::BAD_REQUEST, "unknown_subprotocol", title).into_response()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: [(&str, &str); 4] = [
        ("connection", "keep-alive, Upgrade"),
        ("upgrade", "WebSocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];

    fn read(headers: &[(&'static str, &'static str)]) -> Result<Handshake, NoHandshake> {
        let owned = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        Handshake::read(&headers.iter().map(owned).collect())
    }

    #[test]
    fn a_sound_request_is_accepted_by_the_rule_of_its_key() {
        // The key and its answer are RFC 6455's own example.
        let accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".to_owned();
        assert_eq!(read(&SOUND), Ok(Handshake { accept: accept.clone(), names_protocol: false }));
        let offering = |words| read(&[&SOUND[..], &[("sec-websocket-protocol", words)]].concat());
        assert_eq!(offering("other, miaosha.v1"), Ok(Handshake { accept, names_protocol: true }));
        assert_eq!(offering("other"), Err(NoHandshake::UnknownProtocol));
    }

    #[test]
    fn each_header_that_is_missing_is_named() {
        for left_out in SOUND {
            let rest: Vec<_> = SOUND.into_iter().filter(|header| *header != left_out).collect();
            assert_eq!(read(&rest), Err(NoHandshake::Header(left_out.0)));
        }
    }
}
