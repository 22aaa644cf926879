//! A script: one Lua file, what its header promises, and how it is called and its replies are read.

use std::sync::OnceLock;

use redis::{Cmd, Value};

/// One Lua file, its keys and arguments by name, and the first word of everything it returns.
///
/// The file's header lists the same; a test compares the two.
pub(crate) struct Script {
    /// For logs and metrics.
    pub(crate) name: &'static str,
    code: &'static str,
    keys: &'static [&'static str],
    /// One that ends in `...` stands for any number.
    #[cfg_attr(not(test), allow(dead_code, reason = "what the call promises; a test compares it with the header"))]
    args: &'static [&'static str],
    #[cfg_attr(not(test), allow(dead_code, reason = "the same"))]
    answers: &'static [&'static str],
    hash: OnceLock<String>,
}

impl Script {
    pub(crate) const fn new(
        name: &'static str,
        code: &'static str,
        keys: &'static [&'static str],
        args: &'static [&'static str],
        answers: &'static [&'static str],
    ) -> Self {
        Self { name, code, keys, args, answers, hash: OnceLock::new() }
    }

    /// Asks for it by its hash, as it is known where it ran before.
    pub(crate) fn by_hash(&self, keys: &[&str], args: &[String]) -> Cmd {
        let hash = self.hash.get_or_init(|| redis::Script::new(self.code).get_hash().to_owned());
        self.call("EVALSHA", hash, keys, args)
    }

    /// Sends all of it.
    pub(crate) fn whole(&self, keys: &[&str], args: &[String]) -> Cmd {
        self.call("EVAL", self.code, keys, args)
    }

    fn call(&self, verb: &str, what: &str, keys: &[&str], args: &[String]) -> Cmd {
        debug_assert_eq!(keys.len(), self.keys.len(), "{}", self.name);
        let mut command = redis::cmd(verb);
        command.arg(what).arg(keys.len()).arg(keys).arg(args);
        command
    }
}

/// A whole number of a reply.
pub(crate) fn int(value: &Value) -> Option<i64> {
    match value {
        Value::Int(int) => Some(*int),
        _ => None,
    }
}

/// A word of a reply.
pub(crate) fn word(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    /// What a Lua file's header lists under `name`, in order: `-- KEYS[1] counters  ...`.
    fn listed<'a>(code: &'a str, name: &str) -> Vec<&'a str> {
        let header = code.lines().take_while(|line| line.starts_with("--"));
        let entries = header.filter_map(|line| line.strip_prefix(&format!("-- {name}")[..])?.split_once(' '));
        entries.map(|(_, entry)| entry.split_whitespace().next().unwrap_or_default()).collect()
    }

    /// The first words of what the body returns, at once or as a `reply` that it fills.
    fn returned(code: &str) -> Vec<&str> {
        let begun = ["return {'", "reply = {'"].into_iter().flat_map(|begins| code.split(begins).skip(1));
        let mut words: Vec<&str> = begun.map(|rest| rest.split_once('\'').unwrap().0).collect();
        words.sort_unstable();
        words.dedup();
        words
    }

    /// The header says what the call says, and the body does what the header says.
    pub(crate) fn keeps_its_word(script: &Script) {
        let (name, code) = (script.name, script.code);
        assert_eq!(listed(code, "KEYS["), script.keys, "{name}");
        assert_eq!(listed(code, "ARGV["), script.args, "{name}");
        let mut answers = listed(code, "RETURNS");
        answers.retain(|answer| !answer.is_empty());
        assert_eq!(answers, script.answers, "{name}");
        answers.sort_unstable();
        assert_eq!(returned(code), answers, "{name}");
        let body: String = code.lines().filter(|line| !line.starts_with("--")).collect();
        for (array, count) in [("KEYS", script.keys.len()), ("ARGV", script.args.len())] {
            for n in 1..=count {
                assert!(
                    body.contains(&format!("{array}[{n}]")) || script.args.last().is_some_and(|a| a.ends_with("...")),
                    "{name}: {array}[{n}] is not used"
                );
            }
            assert!(
                !body.contains(&format!("{array}[{}]", count + 1)),
                "{name}: {array} has more than the header says"
            );
        }
    }
}
