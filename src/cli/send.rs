//! Puts a record back where it came from: the topic it was read from, or the running service's door.

use super::exit::CommandError;
use crate::config::{Config, Secret, SourceKind};
use crate::source::kafka::Role;
use rdkafka::producer::{FutureProducer, FutureRecord};
use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

pub enum Sender {
    Kafka { producer: Box<FutureProducer>, topic: String },
    Door(Door),
}

/// The HTTP API of the service that these settings describe.
pub struct Door {
    client: reqwest::Client,
    pub url: String,
    token: Option<String>,
}

impl Sender {
    pub fn open(config: &Config) -> Result<Sender, CommandError> {
        if config.source.kind == SourceKind::Log {
            return Ok(Sender::Door(Door::open(config)?));
        }
        let settings = config.kafka.revealed().map_err(CommandError::configuration)?;
        let producer = settings.client(Role::Writer).create().map_err(CommandError::unavailable)?;
        // Where the topic of the record is not one of these, it was read under other settings.
        let topic = config.kafka.event_topics.first().cloned().unwrap_or_default();
        Ok(Sender::Kafka { producer: Box::new(producer), topic })
    }

    /// What became of it at the door: `acknowledged`, or `rejected` with code and hint. With Kafka: `sent`.
    pub async fn send(&self, record: &Value, bytes: Vec<u8>) -> Result<String, CommandError> {
        match self {
            Sender::Door(door) => door.event(bytes).await,
            Sender::Kafka { producer, topic } => {
                let from = record["place"].as_str().and_then(|place| place.strip_prefix("kafka/"));
                let topic = from.and_then(|place| place.split('/').next()).unwrap_or(topic);
                let key = record["organization_id"].as_str().unwrap_or_default();
                let message = FutureRecord::to(topic).key(key).payload(&bytes);
                let sent = producer.send(message, PATIENCE).await;
                sent.map_err(|(error, _)| CommandError::unavailable(error))?;
                Ok(format!("sent to {topic}"))
            }
        }
    }
}

impl Door {
    pub fn open(config: &Config) -> Result<Door, CommandError> {
        let listen = config.service.listen_http;
        let host =
            if listen.ip().is_unspecified() { SocketAddr::from(([127, 0, 0, 1], listen.port())) } else { listen };
        let token = config.http.token.as_ref().map(Secret::reveal).transpose().map_err(CommandError::configuration)?;
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().map_err(CommandError::internal)?;
        Ok(Door { client, url: format!("http://{host}"), token })
    }

    async fn event(&self, bytes: Vec<u8>) -> Result<String, CommandError> {
        let answer = self.request(reqwest::Method::POST, "/v1/events", Some(bytes)).await?;
        let answer: Value = serde_json::from_str(&answer.1).unwrap_or_default();
        let result = &answer["results"][0];
        let word = |field: &str| result[field].as_str().or(answer[field].as_str()).unwrap_or_default().to_owned();
        Ok(match word("result").as_str() {
            "" | "rejected" => format!("rejected {} {}", word("code"), word("hint")),
            result => result.to_owned(),
        })
    }

    /// Status and body. A service that does not answer is an error; a refusal is not.
    pub async fn request(
        &self,
        method: reqwest::Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<(reqwest::StatusCode, String), CommandError> {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let unreachable = |error: reqwest::Error| {
            let message = format!("the service at {} does not answer: {error}", self.url);
            CommandError::unavailable(message).help("start it with `highwater run`, or see service.listen_http")
        };
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        Ok((status, answer.text().await.map_err(unreachable)?))
    }
}
