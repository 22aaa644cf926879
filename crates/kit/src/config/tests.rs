//! What a person may write into the settings, and what they are told when they may not.

use std::time::Duration;

use super::*;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    data_dir: String,
    http: Http,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Http {
    port: u16,
    timeout: Dur,
    body_max: Size,
    password: String,
    #[serde(deserialize_with = "maybe")]
    origin: Option<String>,
}

const MANUAL: &str = r#"
data_dir = "./var"
[http]
port = 5000
timeout = "30s"
body_max = "64KiB"
password = ""
origin = ""
"#;

fn with_env(env: &[(&str, &str)]) -> Result<Config, ConfigError> {
    load(MANUAL, None, "SHOP_", Overrides::new().env(env))
}

fn with_file(text: &str) -> Result<Config, ConfigError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("shop.toml");
    std::fs::write(&path, text).unwrap();
    load(MANUAL, Some(&path), "SHOP_", Overrides::new().env(&[]))
}

#[test]
fn later_places_win() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("shop.toml");
    std::fs::write(&path, "data_dir = \"/file\"\n[http]\nport = 1\ntimeout = \"1m\"").unwrap();
    let env = [("SHOP_HTTP__PORT", "2"), ("SHOP_DATA_DIR", "/env"), ("OTHER_HTTP__PORT", "9")];
    let overrides = Overrides::new().env(&env).set("http.port", 3).set_if("data_dir", None::<String>);
    let config: Config = load(MANUAL, Some(&path), "SHOP_", overrides).unwrap();
    assert_eq!((config.http.port, config.data_dir.as_str()), (3, "/env"));
    assert_eq!(config.http.timeout.get(), Duration::from_secs(60));
    assert_eq!(config.http.body_max.bytes(), 65_536);
    assert_eq!(config.http.origin, None);
}

#[test]
fn an_unknown_key_in_the_file_is_named_with_its_file_and_its_neighbours() {
    let error = with_file("[http]\nprot = 1").unwrap_err().to_string();
    assert!(error.contains("unknown key `http.prot` in ") && error.contains("shop.toml"), "{error}");
    assert!(error.contains("known here: body_max, origin, password, port, timeout"), "{error}");
}

#[test]
fn an_unknown_variable_under_the_prefix_is_an_error_unless_somebody_else_reads_it() {
    let error = with_env(&[("SHOP_HTTP_PORT", "1")]).unwrap_err().to_string();
    assert!(error.contains("unknown key `http_port` in the environment: SHOP_HTTP_PORT"), "{error}");
    let overrides = Overrides::new().env(&[("SHOP_STAFF_EMAIL", "a@b.c")]).elsewhere(&["SHOP_STAFF_EMAIL"]);
    load::<Config>(MANUAL, None, "SHOP_", overrides).unwrap();
}

#[test]
fn a_bare_number_is_no_duration_wherever_it_stands() {
    let file = with_file("[http]\ntimeout = 30").unwrap_err().to_string();
    assert!(file.contains("http.timeout: a bare 30 says no unit") && file.contains("shop.toml"), "{file}");
    let env = with_env(&[("SHOP_HTTP__TIMEOUT", "30")]).unwrap_err().to_string();
    assert!(env.contains("needs its unit") && env.contains("SHOP_HTTP__TIMEOUT"), "{env}");
    assert!(with_file("[http]\nbody_max = 4096").unwrap_err().to_string().contains("says no unit"));
}

#[test]
fn a_value_of_the_wrong_kind_says_key_and_place() {
    let error = with_env(&[("SHOP_HTTP__PORT", "many")]).unwrap_err().to_string();
    assert!(error.starts_with("http.port: ") && error.contains("SHOP_HTTP__PORT"), "{error}");
    let torn = with_file("data_dir = \"/x\"\n[http").unwrap_err().to_string();
    assert!(torn.contains("shop.toml") && torn.contains("line 2"), "{torn}");
}

#[test]
fn no_error_quotes_a_secret() {
    for text in ["[http]\npassword = 271828", "[http]\npassword = \"271828", "[http]\npassword = [\"271828\"]"] {
        let error = with_file(text).unwrap_err().to_string();
        assert!(error.contains("shop.toml") && !error.contains("271828"), "{error}");
    }
}

#[test]
fn a_setting_may_be_kept_in_a_file_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("password");
    std::fs::write(&path, "hush\n").unwrap();
    let named = format!("file:{}", path.display());
    assert_eq!(with_env(&[("SHOP_HTTP__PASSWORD", &named)]).unwrap().http.password, "hush");
    assert_eq!(with_file(&format!("[http]\npassword = \"{named}\"")).unwrap().http.password, "hush");
    let error = with_env(&[("SHOP_HTTP__PASSWORD", "file:/nonexistent/password")]).unwrap_err().to_string();
    assert!(error.contains("cannot read /nonexistent/password"), "{error}");
}

#[test]
fn a_password_of_digits_stays_text() {
    assert_eq!(with_env(&[("SHOP_HTTP__PASSWORD", "12345678")]).unwrap().http.password, "12345678");
    assert_eq!(with_env(&[("SHOP_HTTP__ORIGIN", "7")]).unwrap().http.origin.as_deref(), Some("7"));
}

#[test]
fn units_are_read_and_written_back() {
    for text in ["250ms", "30s", "2m", "24h", "7d", "90s"] {
        assert_eq!(text.parse::<Dur>().unwrap().to_string(), if text == "24h" { "1d" } else { text });
    }
    for text in ["512B", "4KiB", "5MiB", "1GiB"] {
        assert_eq!(text.parse::<Size>().unwrap().to_string(), text);
    }
    assert_eq!("7d".parse::<Dur>().unwrap().s(), 604_800);
    for text in ["", "s", "1.5s", "-1s", "30", "1 s", "1S", "99999999999999999999s", "9999999999999999d"] {
        assert!(text.parse::<Dur>().is_err(), "{text}");
    }
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    let missing = Path::new("/nonexistent/shop.toml");
    let error = load::<Config>(MANUAL, Some(missing), "SHOP_", Overrides::new().env(&[])).unwrap_err();
    assert!(error.to_string().contains("/nonexistent/shop.toml"));
}
