//! The client's address: who really knocked, counted through as many proxies as we run ourselves.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, request::Parts},
};

const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// How many proxies of ours stand in front; an extension of each request, set by the server.
#[derive(Clone, Copy, Debug, Default)]
pub struct TrustedHops(pub usize);

/// Extractor: the address of the client.
///
/// 0 trusted hops: the socket's. n: the n-th of `X-Forwarded-For` counted from the right, because only the right end was
/// written by proxies of ours. Is there no such entry, the socket's again: better one crowd than a stranger's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddr(pub IpAddr);

impl ClientAddr {
    pub fn new(headers: &HeaderMap, socket: IpAddr, trusted_hops: usize) -> Self {
        let forwarded = trusted_hops.checked_sub(1).and_then(|from_right| entry(headers, from_right));
        Self(forwarded.unwrap_or(socket).to_canonical())
    }

    /// The name under which this client is limited: IPv6 by its /64, which one person has to themselves.
    pub fn limit_key(self) -> String {
        match self.0 {
            IpAddr::V4(v4) => v4.to_string(),
            IpAddr::V6(v6) => {
                let net = u128::from(v6) & !u128::from(u64::MAX);
                format!("{}/64", Ipv6Addr::from(net))
            }
        }
    }
}

fn entry(headers: &HeaderMap, from_right: usize) -> Option<IpAddr> {
    let lists = headers.get_all(X_FORWARDED_FOR).iter();
    // A header that is no text hides who wrote the entries beside it.
    let lists: Vec<&str> = lists.map(|list| list.to_str().ok()).collect::<Option<_>>()?;
    let entry = lists.iter().rev().flat_map(|list| list.rsplit(',')).nth(from_right)?.trim();
    let bare = entry.trim_start_matches('[').trim_end_matches(']');
    bare.parse().ok().or_else(|| entry.parse::<SocketAddr>().ok().map(|addr| addr.ip()))
}

impl<S: Send + Sync> FromRequestParts<S> for ClientAddr {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let socket = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        // Only a test calls a router without a socket.
        let socket = socket.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip());
        let hops = parts.extensions.get::<TrustedHops>().copied().unwrap_or_default();
        Ok(Self::new(&parts.headers, socket, hops.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn of(forwarded: &[&str], hops: usize) -> String {
        let name = HeaderName::from_static(X_FORWARDED_FOR);
        let headers = forwarded.iter().map(|v| (name.clone(), HeaderValue::from_str(v).unwrap())).collect();
        ClientAddr::new(&headers, "192.0.2.9".parse().unwrap(), hops).0.to_string()
    }

    #[test]
    fn without_proxies_only_the_socket_counts() {
        assert_eq!(of(&["6.6.6.6"], 0), "192.0.2.9");
    }

    #[test]
    fn what_the_client_wrote_itself_is_never_reached() {
        assert_eq!(of(&["6.6.6.6, 203.0.113.5"], 1), "203.0.113.5");
        assert_eq!(of(&["6.6.6.6, 203.0.113.5, 10.0.0.2"], 2), "203.0.113.5");
        assert_eq!(of(&["6.6.6.6", "203.0.113.5,10.0.0.2"], 2), "203.0.113.5");
    }

    #[test]
    fn a_list_too_short_or_unreadable_falls_back_to_the_socket() {
        assert_eq!(of(&[], 1), "192.0.2.9");
        assert_eq!(of(&["203.0.113.5"], 2), "192.0.2.9");
        assert_eq!(of(&["unknown"], 1), "192.0.2.9");
        assert_eq!(of(&["6.6.6.6,"], 1), "192.0.2.9");
    }

    #[test]
    fn ports_brackets_and_mapped_addresses_are_understood() {
        assert_eq!(of(&["203.0.113.5:4711"], 1), "203.0.113.5");
        assert_eq!(of(&["[2001:db8::7]:4711"], 1), "2001:db8::7");
        assert_eq!(of(&["[2001:db8::7]"], 1), "2001:db8::7");
        assert_eq!(of(&["::ffff:203.0.113.5"], 1), "203.0.113.5");
    }

    #[test]
    fn one_household_is_one_key() {
        let key = |ip: &str| ClientAddr(ip.parse().unwrap()).limit_key();
        assert_eq!(key("2001:db8:1:2:3:4:5:6"), key("2001:db8:1:2:ffff::1"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("203.0.113.5"), "203.0.113.5");
    }
}
