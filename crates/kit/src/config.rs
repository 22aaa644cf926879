//! Config: how settings come together from the manual, a file, the environment and the command line.

use std::{fmt, path::Path};

use figment::{
    Figment, Metadata, Profile, Provider,
    providers::{Format, Toml},
    value::{Dict, Map, Value},
};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use thiserror::Error;

mod unit;
pub use unit::{Dur, Size};

/// A text that begins so names the file that holds the setting.
const FILE_PREFIX: &str = "file:";
/// Settings whose key ends so are secrets, and no error says what they were.
const SECRET_ENDS: [&str; 5] = ["url", "urls", "key", "ring", "password"];

#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file is not there or cannot be read.
    #[error("cannot read {path}: {reason}")]
    File { path: String, reason: String },
    /// Nobody would ever look at this setting.
    #[error("unknown key `{key}` in {place}{hint}")]
    UnknownKey { key: String, place: String, hint: String },
    /// A setting says something it cannot say.
    #[error("{key}: {reason} (in {place})")]
    Value { key: String, reason: String, place: String },
    /// Settings that are fine alone contradict each other or leave their range.
    #[error("{key}: {reason}")]
    Invalid { key: &'static str, reason: String },
}

/// For the checks after loading: `ensure(config.batch > 0, "queue.batch", "at least 1")?`.
pub fn ensure(holds: bool, key: &'static str, reason: impl Into<String>) -> Result<(), ConfigError> {
    if holds { Ok(()) } else { Err(ConfigError::Invalid { key, reason: reason.into() }) }
}

/// What stands above file and environment, and where the environment is read from.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    set: Vec<(String, String)>,
    elsewhere: Vec<String>,
    env: Option<Vec<(String, String)>>,
}

impl Overrides {
    pub fn new() -> Self {
        Self::default()
    }

    /// One setting by its dotted key, written as in the environment. Usually from the command line.
    pub fn set(mut self, key: &str, value: impl fmt::Display) -> Self {
        self.set.push((key.to_owned(), value.to_string()));
        self
    }

    /// As [`set`](Self::set), if there is a value at all.
    pub fn set_if(self, key: &str, value: Option<impl fmt::Display>) -> Self {
        match value {
            Some(value) => self.set(key, value),
            None => self,
        }
    }

    /// Variables under the prefix that somebody else reads: no unknown keys.
    pub fn elsewhere(mut self, variables: &[&str]) -> Self {
        self.elsewhere.extend(variables.iter().map(|v| (*v).to_owned()));
        self
    }

    /// Instead of the process's environment; for tests, which share one.
    pub fn env(mut self, variables: &[(&str, &str)]) -> Self {
        self.env = Some(variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect());
        self
    }

    fn env_under(&self, prefix: &str) -> Vec<(String, String)> {
        let all = self.env.clone().unwrap_or_else(|| {
            let text = |s: std::ffi::OsString| s.into_string().ok();
            std::env::vars_os().filter_map(|(k, v)| Some((text(k)?, text(v)?))).collect()
        });
        all.into_iter().filter(|(k, _)| k.starts_with(prefix) && !self.elsewhere.contains(k)).collect()
    }
}

/// Brings the settings together; later ones win: `defaults_toml`, `file`, the environment, `overrides`.
///
/// Shape: `defaults_toml` is the manual: it names every key, and a key that it does not name is an error wherever it stands.
/// An empty table in it is free to hold any keys. `SECTION__KEY` behind `env_prefix` is `section.key`. A text `file:PATH` is
/// what that file holds, without the line's end.
/// Errors: each says which key, where it was set, and what may stand there.
pub fn load<T: DeserializeOwned>(
    defaults_toml: &str,
    file: Option<&Path>,
    env_prefix: &str,
    overrides: Overrides,
) -> Result<T, ConfigError> {
    let mut figment = Figment::from(Named::toml(defaults_toml, "the built-in defaults")?);
    let manual = Value::from(figment.extract::<Dict>().map_err(explain)?);
    if let Some(path) = file {
        let place = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::File { path: place.clone(), reason: error.to_string() })?;
        let layer = Named::toml(&text, &place)?;
        known(&manual, &Value::from(layer.values.clone()), &mut Vec::new(), &place)?;
        figment = figment.merge(layer.with_files()?);
    }
    for (variable, text) in overrides.env_under(env_prefix) {
        let key = variable[env_prefix.len()..].to_lowercase().replace("__", ".");
        figment = figment.merge(Named::one(&manual, &key, &text, &format!("the environment: {variable}"))?);
    }
    for (key, text) in &overrides.set {
        figment = figment.merge(Named::one(&manual, key, text, "the command line")?);
    }
    figment.extract().map_err(explain)
}

/// An optional setting: the empty string in the manual means none. `#[serde(deserialize_with = "kit::config::maybe")]`.
pub fn maybe<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    let value = <Value as Deserialize>::deserialize(from)?;
    if value.as_str() == Some("") {
        return Ok(None);
    }
    value.deserialize().map(Some).map_err(serde::de::Error::custom)
}

/// One layer of settings and the place a person would look for it.
struct Named {
    place: String,
    values: Dict,
}

impl Named {
    fn toml(text: &str, place: &str) -> Result<Self, ConfigError> {
        let values = Toml::from_str::<Dict>(text).map_err(|error| {
            // Its own text quotes the line, and a secret may stand in it.
            let line = 1 + error.span().map_or(0, |span| text[..span.start].matches('\n').count());
            ConfigError::File { path: place.to_owned(), reason: format!("line {line}: {}", error.message()) }
        })?;
        Ok(Self { place: place.to_owned(), values })
    }

    /// Text takes the type that the manual has at that key, so a password of digits stays text.
    fn one(manual: &Value, key: &str, text: &str, place: &str) -> Result<Self, ConfigError> {
        let value = match manual.find_ref(key) {
            Some(Value::String(..)) => Value::from(text),
            _ => text.parse().unwrap_or_else(|_| Value::from(text)),
        };
        let nested = figment::util::nest(key, value);
        known(manual, &nested, &mut Vec::new(), place)?;
        Self { place: place.to_owned(), values: nested.into_dict().unwrap_or_default() }.with_files()
    }

    /// Texts that name a file are replaced by what it holds.
    fn with_files(mut self) -> Result<Self, ConfigError> {
        for value in self.values.values_mut() {
            read_files(value)?;
        }
        Ok(self)
    }
}

fn read_files(value: &mut Value) -> Result<(), ConfigError> {
    match value {
        Value::Dict(_, entries) => entries.values_mut().try_for_each(read_files),
        Value::String(_, text) => match text.strip_prefix(FILE_PREFIX) {
            Some(path) => {
                let held = std::fs::read_to_string(path)
                    .map_err(|error| ConfigError::File { path: path.to_owned(), reason: error.to_string() })?;
                *text = held.trim_end_matches(['\r', '\n']).to_owned();
                Ok(())
            }
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

impl Provider for Named {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.place.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

fn known(manual: &Value, layer: &Value, path: &mut Vec<String>, place: &str) -> Result<(), ConfigError> {
    let (Some(manual), Some(layer)) = (manual.as_dict(), layer.as_dict()) else { return Ok(()) };
    if manual.is_empty() && !path.is_empty() {
        return Ok(());
    }
    for (name, value) in layer {
        path.push(name.clone());
        let Some(entry) = manual.get(name) else {
            let names: Vec<&str> = manual.keys().map(String::as_str).collect();
            let hint = if names.is_empty() { String::new() } else { format!("; known here: {}", names.join(", ")) };
            return Err(ConfigError::UnknownKey { key: path.join("."), place: place.to_owned(), hint });
        };
        known(entry, value, path, place)?;
        path.pop();
    }
    Ok(())
}

fn explain(error: figment::Error) -> ConfigError {
    let key = if error.path.is_empty() { "config".to_owned() } else { error.path.join(".") };
    let place = error.metadata.as_ref().map_or("the settings taken together".to_owned(), |m| m.name.to_string());
    match &error.kind {
        figment::error::Kind::UnknownField(name, _) => {
            let key = if error.path.is_empty() { name.clone() } else { format!("{key}.{name}") };
            ConfigError::UnknownKey { key, place, hint: String::new() }
        }
        _ if SECRET_ENDS.iter().any(|end| key.ends_with(end)) => ConfigError::Value {
            key,
            reason: "this cannot stand here (it may be a secret: not shown)".to_owned(),
            place,
        },
        kind => ConfigError::Value { key, reason: kind.to_string(), place },
    }
}

#[cfg(test)]
mod tests;
