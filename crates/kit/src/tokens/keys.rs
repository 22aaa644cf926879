//! The keys: which secrets sign, which still verify, and the file they live in.

use std::{
    fmt,
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use sale::port::chance::Chance;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::TYPS;
use crate::config::ConfigError;

const SECRET_BYTES: usize = 32;
const KID_BYTES: usize = 9;
/// A key file is a few hundred bytes; what is larger is something else.
const FILE_MAX_BYTES: u64 = 16 * 1024;

#[derive(Debug, Error)]
pub enum KeysError {
    #[error("cannot read or write the keys at {path}: {source}")]
    Io { path: String, source: io::Error },
    #[error("the keys at {path} can be read by others: chmod 600 {path}")]
    Open { path: String },
    #[error("the keys at {path} are damaged: {reason}")]
    Damaged { path: String, reason: String },
}

/// The key ring: the current key signs, it and the previous one verify.
#[derive(Clone)]
pub struct Keys {
    current: Key,
    previous: Option<Key>,
}

#[derive(Clone)]
pub(super) struct Key {
    pub kid: String,
    secret: Vec<u8>,
    pub sign: EncodingKey,
    pub verify: DecodingKey,
    /// The first part of every token that it signs, by its `typ`.
    heads: Vec<(&'static str, String)>,
}

/// The section `[keys]`, where many nodes must know the same secrets. No `Debug`: it is one itself.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeysConfig {
    ring: String,
}

/// The section `[keys]` of the manual.
pub const KEYS_MANUAL: &str = include_str!("keys.toml");

impl KeysConfig {
    /// Reads the ring. Nothing is made up where it is missing: tokens of another node would be strangers here.
    pub fn load(&self) -> Result<Keys, ConfigError> {
        let invalid = |reason: String| ConfigError::Invalid { key: "keys.ring", reason };
        if self.ring.is_empty() {
            return Err(invalid("must be set, the same on every node; --new-keys prints a new one".to_owned()));
        }
        Keys::parse(&self.ring).map_err(invalid)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    current: KeyEntry,
    previous: Option<KeyEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyEntry {
    kid: String,
    secret: String,
}

impl Keys {
    /// New keys that live as long as the process.
    pub fn random(chance: &dyn Chance) -> Self {
        Self { current: Key::random(chance), previous: None }
    }

    /// A new current key; the present one still verifies, the one before it no more.
    pub fn rotated(&self, chance: &dyn Chance) -> Self {
        Self { current: Key::random(chance), previous: Some(self.current.clone()) }
    }

    /// Reads the ring, or makes one that only this user may read.
    ///
    /// Repeat: of two processes that start at once, one makes it and both read the same.
    pub fn load_or_create(path: &Path, chance: &dyn Chance) -> Result<Self, KeysError> {
        match Self::load(path) {
            Err(KeysError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            answer => return answer,
        }
        let draft = path.with_extension(format!("{}.new", random_text(chance, KID_BYTES)));
        Self::random(chance).save(&draft).map_err(at(path))?;
        // A hard link does not replace: whoever is second finds the first one's file.
        let placed = match std::fs::hard_link(&draft, path) {
            Ok(()) => std::fs::remove_file(&draft),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => std::fs::remove_file(&draft),
            // Some file systems know no links; there, two first starts at once are the operator's to avoid.
            Err(_) => std::fs::rename(&draft, path),
        };
        placed.map_err(at(path))?;
        Self::load(path)
    }

    /// Reads the ring from its file.
    pub fn load(path: &Path) -> Result<Self, KeysError> {
        let name = || path.display().to_string();
        let file = File::open(path).map_err(at(path))?;
        if file.metadata().map_err(at(path))?.permissions().mode() & 0o077 != 0 {
            return Err(KeysError::Open { path: name() });
        }
        let mut text = String::new();
        file.take(FILE_MAX_BYTES).read_to_string(&mut text).map_err(at(path))?;
        Self::parse(&text).map_err(|reason| KeysError::Damaged { path: name(), reason })
    }

    /// Reads a ring from its text; the error never quotes it.
    fn parse(text: &str) -> Result<Self, String> {
        let stored: KeyFile = serde_json::from_str(text)
            .map_err(|error| format!("line {} column {} is no part of a key ring", error.line(), error.column()))?;
        let key = |entry: KeyEntry| Key::parse(entry).ok_or_else(|| "a secret is not 32 bytes".to_owned());
        Ok(Self { current: key(stored.current)?, previous: stored.previous.map(key).transpose()? })
    }

    /// The ring as one line of text: a secret.
    pub fn to_text(&self) -> String {
        serde_json::to_string(&self.file()).unwrap_or_default()
    }

    fn file(&self) -> KeyFile {
        KeyFile { current: self.current.entry(), previous: self.previous.as_ref().map(Key::entry) }
    }

    /// Writes the ring to a file that must not exist yet, readable by this user alone.
    fn save(&self, path: &Path) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(&serde_json::to_vec_pretty(&self.file())?)?;
        file.sync_all()
    }

    /// Puts this ring in the place of the one stored there, in one step.
    pub fn replace(&self, path: &Path, chance: &dyn Chance) -> Result<(), KeysError> {
        let draft = path.with_extension(format!("{}.new", random_text(chance, KID_BYTES)));
        self.save(&draft).and_then(|()| std::fs::rename(&draft, path)).map_err(at(path))
    }

    pub(super) fn current(&self) -> &Key {
        &self.current
    }

    pub(super) fn find(&self, kid: &str) -> Option<&Key> {
        self.all().find(|key| key.kid == kid)
    }

    /// The key whose tokens of this `typ` begin so.
    pub(super) fn with_head(&self, typ: &str, head: &str) -> Option<&Key> {
        self.all().find(|key| key.head(typ) == head)
    }

    fn all(&self) -> impl Iterator<Item = &Key> {
        [Some(&self.current), self.previous.as_ref()].into_iter().flatten()
    }
}

impl Key {
    fn random(chance: &dyn Chance) -> Self {
        let mut secret = vec![0; SECRET_BYTES];
        chance.fill(&mut secret);
        Self::new(random_text(chance, KID_BYTES), secret)
    }

    fn new(kid: String, secret: Vec<u8>) -> Self {
        let (sign, verify) = (EncodingKey::from_secret(&secret), DecodingKey::from_secret(&secret));
        let heads = TYPS.map(|typ| (typ, head_of(typ, &kid))).into();
        Self { kid, sign, verify, secret, heads }
    }

    pub(super) fn head(&self, typ: &str) -> &str {
        self.heads.iter().find(|(known, _)| *known == typ).map_or("", |(_, head)| head)
    }

    fn parse(entry: KeyEntry) -> Option<Self> {
        let secret = URL_SAFE_NO_PAD.decode(entry.secret).ok().filter(|secret| secret.len() == SECRET_BYTES)?;
        Some(Self::new(entry.kid, secret))
    }

    fn entry(&self) -> KeyEntry {
        KeyEntry { kid: self.kid.clone(), secret: URL_SAFE_NO_PAD.encode(&self.secret) }
    }
}

fn head_of(typ: &str, kid: &str) -> String {
    let header = Header { typ: Some(typ.to_owned()), kid: Some(kid.to_owned()), ..Header::new(Algorithm::HS256) };
    // Two words as JSON: writing them has nothing to fail on.
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&header).unwrap_or_default())
}

/// Never the secrets.
impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys(current {})", self.current.kid)
    }
}

fn random_text(chance: &dyn Chance, bytes: usize) -> String {
    let mut random = vec![0; bytes];
    chance.fill(&mut random);
    URL_SAFE_NO_PAD.encode(random)
}

fn at(path: &Path) -> impl Fn(io::Error) -> KeysError {
    let path = path.display().to_string();
    move |source| KeysError::Io { path: path.clone(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::OsChance;

    fn kid(keys: &Keys) -> &str {
        &keys.current.kid
    }

    #[test]
    fn keys_are_made_once_for_this_user_alone_and_found_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.json");
        let made = Keys::load_or_create(&path, &OsChance).unwrap();
        let found = Keys::load_or_create(&path, &OsChance).unwrap();
        assert_eq!((kid(&made), &made.current.secret), (kid(&found), &found.current.secret));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "no draft is left behind");
    }

    #[test]
    fn keys_that_others_can_read_are_refused_and_the_remedy_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.json");
        Keys::load_or_create(&path, &OsChance).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let error = Keys::load_or_create(&path, &OsChance).unwrap_err();
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }

    #[test]
    fn damaged_keys_are_an_error_and_are_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.json");
        for text in ["", "{}", r#"{"current":{"kid":"a","secret":"c2hvcnQ"},"previous":null}"#] {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            assert!(matches!(Keys::load_or_create(&path, &OsChance), Err(KeysError::Damaged { .. })), "{text}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn a_rotated_ring_takes_the_place_of_the_old_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.json");
        let old = Keys::load_or_create(&path, &OsChance).unwrap();
        old.rotated(&OsChance).replace(&path, &OsChance).unwrap();
        let new = Keys::load(&path).unwrap();
        assert_ne!(kid(&new), kid(&old));
        assert!(new.find(kid(&old)).is_some());
    }

    #[test]
    fn a_ring_travels_as_text_and_a_broken_one_is_refused_without_being_quoted() {
        let made = Keys::random(&OsChance).rotated(&OsChance);
        let config = |ring: &str| KeysConfig { ring: ring.to_owned() };
        let read = config(&made.to_text()).load().unwrap();
        assert_eq!((kid(&read), &read.current.secret), (kid(&made), &made.current.secret));
        assert!(read.find(&made.previous.unwrap().kid).is_some());
        assert!(config("").load().err().unwrap().to_string().contains("--new-keys"));
        let secret = r#"{"current":{"kid":"a","secret":271828},"previous":null}"#;
        let error = config(secret).load().err().unwrap().to_string();
        assert!(error.contains("keys.ring") && !error.contains("271828"), "{error}");
    }

    #[test]
    fn a_ring_never_prints_its_secrets() {
        let keys = Keys::random(&OsChance);
        let secret = URL_SAFE_NO_PAD.encode(&keys.current.secret);
        assert!(!format!("{keys:?}").contains(&secret));
    }
}
