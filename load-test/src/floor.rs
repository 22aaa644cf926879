//! The floor: a server that keeps nothing but descriptors. What it takes of the machine is what the kernel takes; no server
//! that speaks the same can take less.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::SocketAddrV4,
};

use anyhow::Context;
use clap::Args;
use mio::{
    Events, Interest, Poll, Token,
    net::{TcpListener, TcpStream},
};
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, listen, socket_with, sockopt};
use slab::Slab;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::{limits, peer::snapshot, sockets::skim::unmasked};

const DOOR: Token = Token(usize::MAX);
const BACKLOG: i32 = 4096;
const READ_BYTES: usize = 8 * 1024;

#[derive(Clone, Debug, Args)]
pub struct FloorArgs {
    #[arg(long)]
    pub listen: SocketAddrV4,
}

struct Floor {
    poll: Poll,
    door: TcpListener,
    streams: Slab<TcpStream>,
    buffer: Vec<u8>,
    hello: Vec<u8>,
    snapshot: Vec<u8>,
}

/// Runs until it is killed.
pub fn run(args: &FloorArgs) -> anyhow::Result<()> {
    limits::raise_open_files(0)?;
    let poll = Poll::new()?;
    let mut door = door(args.listen).with_context(|| format!("cannot listen on {}", args.listen))?;
    poll.registry().register(&mut door, DOOR, Interest::READABLE)?;
    let snapshot = unmasked(&snapshot());
    let hello = unmasked(r#"{"type":"hello"}"#);
    Floor { poll, door, streams: Slab::new(), buffer: vec![0; READ_BYTES], hello, snapshot }.run()
}

fn door(addr: SocketAddrV4) -> io::Result<TcpListener> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    bind(&socket, &addr)?;
    listen(&socket, BACKLOG)?;
    Ok(TcpListener::from_std(socket.into()))
}

impl Floor {
    fn run(&mut self) -> anyhow::Result<()> {
        let mut events = Events::with_capacity(1024);
        loop {
            if let Err(error) = self.poll.poll(&mut events, None)
                && error.kind() != ErrorKind::Interrupted
            {
                return Err(error).context("cannot poll");
            }
            for event in &events {
                match event.token() {
                    DOOR => self.accept(),
                    Token(slot) => self.read(slot),
                }
            }
        }
    }

    fn accept(&mut self) {
        while let Ok((mut stream, _)) = self.door.accept() {
            let _ = stream.set_nodelay(true);
            let entry = self.streams.vacant_entry();
            if self.poll.registry().register(&mut stream, Token(entry.key()), Interest::READABLE).is_ok() {
                entry.insert(stream);
            }
        }
    }

    fn read(&mut self, slot: usize) {
        loop {
            let Some(stream) = self.streams.get_mut(slot) else { return };
            match stream.read(&mut self.buffer) {
                Ok(0) => return self.remove(slot),
                Ok(bytes) => self.answer(slot, bytes),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return self.remove(slot),
            }
        }
    }

    fn remove(&mut self, slot: usize) {
        self.streams.try_remove(slot);
    }

    /// Our own clients send a request, or a frame, in one piece.
    fn answer(&mut self, slot: usize, bytes: usize) {
        let came = self.buffer.get(..bytes).unwrap_or_default();
        let Some(stream) = self.streams.get_mut(slot) else { return };
        if !came.starts_with(b"GET ") {
            if came.first() == Some(&0x81) {
                let _ = stream.write(&self.snapshot);
            }
            return;
        }
        let text = String::from_utf8_lossy(came);
        if let Some(key) = header(&text, "sec-websocket-key") {
            let accept = derive_accept_key(key.as_bytes());
            let head = format!(
                "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: {accept}\r\n\r\n"
            );
            let _ = stream.write(head.as_bytes());
            let _ = stream.write(&self.hello);
            return;
        }
        let is_broadcast = text.starts_with("GET /broadcast");
        let _ = stream.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}");
        self.remove(slot);
        if is_broadcast {
            for (_, stream) in &mut self.streams {
                let _ = stream.write(&self.snapshot);
            }
        }
    }
}

fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = request.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(named, _)| named.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}
