//! Authorities of a test's own, and what they vouch for.

use std::{path::Path, process::Command};

const NEW_KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";

/// A command of these words, in a folder.
pub fn command(folder: &Path, words: &str) -> Command {
    let mut words = words.split_whitespace();
    let mut command = Command::new(words.next().unwrap());
    command.args(words).current_dir(folder);
    command
}

/// Makes an authority: `NAME.pem` and `NAME.key`.
pub fn authority(folder: &Path, name: &str) {
    openssl(folder, &format!("req -x509 {NEW_KEY} -keyout {name}.key -out {name}.pem -days 2 -subj /CN={name}"));
}

/// Lets that authority vouch for whoever is at 127.0.0.1: `node.pem` and `node.key`.
pub fn certificate(folder: &Path, of: &str) {
    std::fs::write(folder.join("node.ext"), "subjectAltName = IP:127.0.0.1\n").unwrap();
    openssl(folder, &format!("req {NEW_KEY} -keyout node.key -out node.csr -subj /CN=node"));
    let by = format!("-CA {of}.pem -CAkey {of}.key -CAcreateserial");
    openssl(folder, &format!("x509 -req -in node.csr {by} -out node.pem -days 2 -extfile node.ext"));
}

fn openssl(folder: &Path, words: &str) {
    let output = command(folder, &format!("openssl {words}")).output().unwrap();
    assert!(output.status.success(), "openssl {words}: {}", String::from_utf8_lossy(&output.stderr));
}
