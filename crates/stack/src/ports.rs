//! Addresses that are nobody else's: a loopback network for each stack, and ports that are free on it.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener},
};

use anyhow::{Result, anyhow};

/// Redis adds so much to a node's port for its cluster's own talk.
pub const BUS_OFFSET: u16 = 10_000;
/// Below the ports that the kernel gives to outgoing connections, also with [`BUS_OFFSET`] added.
const FIRST: u16 = 10_000;
const LAST: u16 = 22_000;
/// So many ports are tried before giving up.
const TRIES: u16 = 200;

/// The loopback network of one stack: every server has an address of its own on it, so that one can be cut off alone.
#[derive(Clone, Copy, Debug)]
pub struct Network([u8; 3]);

impl Network {
    /// One by chance out of 50,000; 127.0.0.x, which everybody uses, is none of them.
    pub fn new() -> Self {
        let [a, b, ..] = chance().to_le_bytes();
        Self([127, 16 + a % 200, b])
    }

    /// The address of this host, with a port that is free on it.
    pub fn free(&self, host: u8) -> Result<SocketAddr> {
        let [addr] = self.free_ports(host)?;
        Ok(addr)
    }

    /// The address of this host, with as many different ports that are free on it.
    pub fn free_ports<const N: usize>(&self, host: u8) -> Result<[SocketAddr; N]> {
        let [a, b, c] = self.0;
        free_ports(IpAddr::V4(Ipv4Addr::new(a, b, c, host)))
    }
}

impl Default for Network {
    fn default() -> Self {
        Self::new()
    }
}

/// Different free ports of this address, each with the one [`BUS_OFFSET`] above it.
pub fn free_ports<const N: usize>(ip: IpAddr) -> Result<[SocketAddr; N]> {
    let span = LAST - FIRST;
    let start = u16::try_from(chance() % u64::from(span))?;
    let ports = (0..TRIES).map(|n| FIRST + (start + n) % span);
    let free: Vec<SocketAddr> =
        ports.filter(|&port| is_free(ip, port)).take(N).map(|port| SocketAddr::new(ip, port)).collect();
    free.try_into().map_err(|_| anyhow!("no {N} free ports on {ip} among {TRIES} from {}", FIRST + start))
}

fn is_free(ip: IpAddr, port: u16) -> bool {
    [port, port + BUS_OFFSET].iter().all(|&port| TcpListener::bind((ip, port)).is_ok())
}

/// The seed of a hasher is the one piece of chance that the standard library gives away.
pub fn chance() -> u64 {
    RandomState::new().build_hasher().finish()
}
