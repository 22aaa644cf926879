//! The address: where a buyer's connections come from, so that limits per address stay on.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use tokio::net::{TcpSocket, TcpStream};

/// The crowd's first block; 127.0.x.y is left to servers.
const FIRST_BLOCK: u32 = 16;
/// 254 x 254 addresses in each of the blocks 127.16 to 127.254.
pub const BUYERS_MAX: u32 = (255 - FIRST_BLOCK) * 254 * 254;

/// The loopback address of buyer `n`: another one for each `n` below [`BUYERS_MAX`].
pub fn of_buyer(n: u32) -> Ipv4Addr {
    let n = n % BUYERS_MAX;
    let (block, rest) = (FIRST_BLOCK + n / (254 * 254), n % (254 * 254));
    Ipv4Addr::new(127, block as u8, (rest / 254 + 1) as u8, (rest % 254 + 1) as u8)
}

/// Opens a connection that the server sees coming from `source`.
pub async fn connect(source: Ipv4Addr, target: SocketAddrV4) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((source, 0)))?;
    let stream = socket.connect(target.into()).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_buyers_share_an_address_and_none_has_the_servers() {
        let crowd: BTreeSet<_> = (0..200_000).map(of_buyer).collect();
        assert_eq!(crowd.len(), 200_000);
        assert!(crowd.iter().all(|a| a.is_loopback() && a.octets()[1] >= 16));
        assert_eq!(of_buyer(BUYERS_MAX - 1), Ipv4Addr::new(127, 254, 254, 254));
    }
}
