//! What is allowed and probably not meant.

use super::layers::Layers;
use super::mistake::{ConfigMistake, Origin, code};
use super::sections::{Config, SourceKind};

pub fn warnings(config: &Config, layers: &Layers) -> Vec<ConfigMistake> {
    let mut found = Vec::new();
    let mut add = |setting: &[&str], code, message: &str, help: &str| {
        found.push(ConfigMistake {
            origin: layers.origin_of(setting),
            setting: setting.join("."),
            code,
            message: format!("`{}` {message}", setting.join(".")),
            help: Some(help.to_owned()),
        });
    };
    if !config.service.listen_http.ip().is_loopback()
        && config.source.kind == SourceKind::Log
        && config.http.token.is_none()
    {
        let help = "set http.token, or listen on 127.0.0.1";
        add(&["service", "listen_http"], code::OPEN_DOOR, "lets anybody who reaches it send events and prices", help);
    }
    let url = &config.clickhouse.url;
    if !config.clickhouse.embedded && config.clickhouse.password.is_some() && url.starts_with("http://") {
        let host = reqwest::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
        if !matches!(host.as_deref(), Some("localhost" | "127.0.0.1" | "[::1]")) {
            add(&["clickhouse", "url"], code::PLAIN_TEXT, "sends the password unencrypted", "use https");
        }
    }
    let kafka = ["kafka", "brokers"];
    if config.source.kind == SourceKind::Log && layers.origin_of(&kafka) != Origin::Default {
        add(&kafka, code::UNUSED, "is not read: source.kind is log", "set source.kind = \"kafka\"");
    }
    let sasl = config.kafka.properties.keys().find(|name| name.starts_with("sasl."));
    let protocol = config.kafka.properties.get("security.protocol");
    if let (Some(name), None) = (sasl, protocol) {
        let help = "set security.protocol to sasl_ssl or sasl_plaintext";
        add(&["kafka", "properties", name], code::UNUSED, "is not used: security.protocol is plaintext", help);
    }
    found.sort();
    found
}
