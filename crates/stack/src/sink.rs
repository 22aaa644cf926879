//! The mail sink: an SMTP server that writes every letter down as a file, and whoever reads them there.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::Result;

use crate::{
    aws::program,
    ports::Network,
    probe::Probe,
    server::{Launch, Server},
};

const SINK: &str = include_str!("../assets/mail_sink.py");

/// Where it lives on a stack's network.
const HOST: u8 = 36;

/// Starts the sink of a stack and says where.
pub(crate) fn start(stack: &Path, network: Network) -> Result<SocketAddr> {
    let addr = network.free(HOST)?;
    server(stack, addr)?.start()?;
    Ok(addr)
}

/// The sink of a stack, not yet started. Letters outlive a restart.
///
/// Some recipients' domains behave as bad ones do: `refused.test` is turned away for good, `busy.test` is asked to come again,
/// `slow.test` is taken in, and told so only seconds later.
pub fn server(stack: &Path, addr: SocketAddr) -> Result<Server> {
    let folder = stack.join("mail");
    fs::create_dir_all(folder.join("letters"))?;
    let script = folder.join("mail_sink.py");
    fs::write(&script, SINK)?;
    let launch = Launch::new("mail", program("python").to_string_lossy(), &folder)
        .args([script.to_string_lossy()])
        .args([addr.ip().to_string(), addr.port().to_string()])
        .args([folder.join("letters").to_string_lossy()])
        .probe(Probe::Accepts(addr));
    Server::add(stack, launch)
}

/// What the sink of a stack took in.
#[derive(Clone, Debug)]
pub struct Letters(PathBuf);

/// One letter, as far as its head tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    pub to: String,
    /// Without the angle brackets.
    pub message_id: String,
    /// Head and body as they came over the line.
    pub whole: String,
}

impl Letters {
    pub fn of(stack: &Path) -> Self {
        Self(stack.join("mail/letters"))
    }

    /// Every letter taken in so far, in order.
    pub fn all(&self) -> Result<Vec<Letter>> {
        let mut numbered = vec![];
        for entry in fs::read_dir(&self.0)? {
            let path = entry?.path();
            let number = path.file_stem().and_then(|stem| stem.to_str()?.parse::<u64>().ok());
            // A draft is not taken in yet.
            if let (Some(number), true) = (number, path.extension().is_some_and(|ending| ending == "eml")) {
                numbered.push((number, Letter::parse(&fs::read_to_string(path)?)));
            }
        }
        numbered.sort_by_key(|(number, _)| *number);
        Ok(numbered.into_iter().map(|(_, letter)| letter).collect())
    }
}

impl Letter {
    fn parse(whole: &str) -> Self {
        // A long header goes on in the next line, behind a space.
        let head = whole.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ");
        let field = |name: &str| {
            let line = head.lines().find(|line| line.get(..name.len()).is_some_and(|n| n.eq_ignore_ascii_case(name)));
            line.map_or("", |line| line[name.len()..].trim()).trim_matches(['<', '>']).to_owned()
        };
        Self { to: field("To:"), message_id: field("Message-ID:"), whole: whole.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letters_head_says_to_whom_and_which() {
        let letter = Letter::parse("Message-ID: <7@shop.test>\r\nto:\r\n ada@shop.test\r\n\r\nTo: nobody\r\n");
        assert_eq!((letter.to.as_str(), letter.message_id.as_str()), ("ada@shop.test", "7@shop.test"));
    }
}
