//! One connection of a client: from its source address to the frames it hears.

use std::{
    io,
    net::{Ipv4Addr, SocketAddrV4},
};

use mio::net::TcpStream;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, socket_with};

use super::skim::Skim;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Connecting,
    Shaking,
    Open,
}

pub struct Conn {
    pub stream: TcpStream,
    pub phase: Phase,
    /// The end of the answer to the upgrade is looked for in this.
    head_end: u32,
    pub skim: Skim,
    pub texts: u32,
    /// The mark after which it was told last.
    pub told_after: u32,
    pub hanging_up: bool,
}

impl Conn {
    /// Begins a connection from this address.
    pub fn open(source: Ipv4Addr, target: SocketAddrV4, mark: u32) -> io::Result<Self> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
        bind(&socket, &SocketAddrV4::new(source, 0))?;
        match connect(&socket, &target) {
            Ok(()) | Err(rustix::io::Errno::INPROGRESS) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(Self {
            stream: TcpStream::from_std(socket.into()),
            phase: Phase::Connecting,
            head_end: 0,
            skim: Skim::default(),
            texts: 0,
            told_after: mark,
            hanging_up: false,
        })
    }

    /// Whether a part of the answer to the upgrade has come.
    pub fn has_begun(&self) -> bool {
        self.head_end > 0
    }

    /// What stands behind the head of the answer, if its end has come.
    pub fn past_head<'a>(&mut self, came: &'a [u8]) -> Option<&'a [u8]> {
        const END: &[u8] = b"\r\n\r\n";
        for (at, byte) in came.iter().enumerate() {
            // How much of the end has come; 5 marks a head of which none has.
            let matched = self.head_end % 5;
            let next = if END.get(matched as usize) == Some(byte) { matched + 1 } else { u32::from(*byte == b'\r') };
            if next == 4 {
                return came.get(at + 1..);
            }
            self.head_end = if next == 0 { 5 } else { next };
        }
        None
    }
}

/// Sources are spread so that no address has more than its share.
pub fn source(n: usize, per_source: usize) -> Ipv4Addr {
    let n = n / per_source.max(1);
    let (high, low) = (n / 250, n % 250);
    Ipv4Addr::new(127, 1 + (high / 250) as u8, (high % 250) as u8, 1 + low as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_shared_by_no_more_than_their_share() {
        let sources: Vec<Ipv4Addr> = (0..300_000).step_by(900).map(|n| source(n, 900)).collect();
        let mut unlike = sources.clone();
        unlike.dedup();
        assert_eq!(sources, unlike);
        assert!(sources.iter().all(|source| source.is_loopback() && source.octets()[3] != 0));
        assert_eq!(source(0, 1), Ipv4Addr::new(127, 1, 0, 1));
    }

    #[test]
    fn the_end_of_a_head_is_found_however_it_comes() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let std::net::SocketAddr::V4(target) = listener.local_addr().unwrap() else { panic!() };
        let answer = b"HTTP/1.1 101 x\r\na: b\r\n\r\nrest";
        for size in [1, 2, 3, 5, answer.len()] {
            let mut conn = Conn::open(Ipv4Addr::LOCALHOST, target, 0).unwrap();
            let mut chunks = answer.chunks(size);
            let behind = chunks.find_map(|chunk| conn.past_head(chunk).map(<[u8]>::to_vec)).unwrap();
            let rest: Vec<u8> = behind.into_iter().chain(chunks.flatten().copied()).collect();
            assert_eq!(rest, b"rest", "in chunks of {size}");
        }
    }
}
