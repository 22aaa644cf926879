//! One command to one Redis node, over a connection of its own: for setting up and for watching, not for a sale.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context, Result, bail};

const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// No answer that we ask for is longer.
const ANSWER_MAX_BYTES: usize = 1 << 20;

/// Asks and returns the text of a simple, integer or bulk answer; nil is empty. Errors: no answer in time, or an error.
pub fn ask(addr: SocketAddr, command: &[&str]) -> Result<String> {
    let mut stream = TcpStream::connect_timeout(&addr, ANSWER_WITHIN)?;
    stream.set_read_timeout(Some(ANSWER_WITHIN))?;
    stream.set_write_timeout(Some(ANSWER_WITHIN))?;
    stream.write_all(encode(command).as_bytes())?;
    decode(&mut BufReader::new(stream)).with_context(|| format!("{} at {addr}", command.join(" ")))
}

fn encode(command: &[&str]) -> String {
    let words = command.iter().map(|word| format!("${}\r\n{word}\r\n", word.len()));
    format!("*{}\r\n{}", command.len(), words.collect::<String>())
}

fn decode(answer: &mut impl BufRead) -> Result<String> {
    let mut line = String::new();
    answer.read_line(&mut line)?;
    let line = line.trim_end();
    match (line.get(..1), line.get(1..)) {
        (Some("+" | ":"), Some(text)) => Ok(text.to_owned()),
        (Some("-"), Some(text)) => bail!("{text}"),
        (Some("$"), Some("-1")) => Ok(String::new()),
        (Some("$"), Some(length)) => {
            let length: usize = length.parse()?;
            anyhow::ensure!(length <= ANSWER_MAX_BYTES, "an answer of {length} bytes");
            let mut text = vec![0; length];
            answer.read_exact(&mut text)?;
            Ok(String::from_utf8(text)?)
        }
        _ => bail!("an answer of another kind: {line:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_as_redis_writes_them() {
        let read = |text: &str| decode(&mut text.as_bytes());
        assert_eq!(encode(&["GET", "a"]), "*2\r\n$3\r\nGET\r\n$1\r\na\r\n");
        assert_eq!(read("+PONG\r\n").unwrap(), "PONG");
        assert_eq!(read("$4\r\na\r\nb\r\n").unwrap(), "a\r\nb");
        assert_eq!(read("$-1\r\n").unwrap(), "");
        assert!(read("-MOVED 1 127.0.0.1:1\r\n").is_err());
        assert!(read("$9\r\nshort\r\n").is_err());
        assert!(read("").is_err());
    }
}
