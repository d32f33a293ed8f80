//! `GET /v1/events/outcome?organizationId=…&id=…[&source=…]`: what became of one event.

use super::{Problem, Shared};
use crate::service::EventIdentity;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use highwater_dataflows::event::identity;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

/// Identities that the door remembers at the most, in each of two halves; the older half goes as a whole.
const RECENT_HALF: usize = 500_000;

/// Events that were acknowledged lately: a bounded memory of the door.
#[derive(Default)]
pub struct Recent {
    halves: Mutex<[HashMap<u128, u64, foldhash::fast::RandomState>; 2]>,
}

impl Recent {
    /// The content that the identity was acknowledged with before, if it is remembered; the first one stays.
    pub fn remember(&self, identity: u128, content: u64) -> Option<u64> {
        let mut halves = self.lock();
        if let Some(first) = halves[0].get(&identity).or_else(|| halves[1].get(&identity)) {
            return Some(*first);
        }
        if halves[0].len() >= RECENT_HALF {
            let [newer, older] = &mut *halves;
            std::mem::swap(newer, older);
            newer.clear();
        }
        halves[0].insert(identity, content);
        None
    }

    pub fn knows(&self, identity: u128) -> bool {
        let halves = self.lock();
        halves.iter().any(|half| half.contains_key(&identity))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, [HashMap<u128, u64, foldhash::fast::RandomState>; 2]> {
        self.halves.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// What is known of an identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Found {
    /// `accepted`, `retracted`, `conflicting`, `late` or `rejected`; `pending` while it is acknowledged and not counted.
    pub outcome: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Found {
    pub fn plain(outcome: &str) -> Found {
        Found { outcome: outcome.into(), code: None, path: None, hint: None }
    }
}

/// An identity as a person writes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityQuery {
    #[serde(rename = "organizationId")]
    organization_id: String,
    #[serde(default)]
    source: String,
    id: String,
}

pub type Answer = Pin<Box<dyn Future<Output = Result<Option<Found>, String>> + Send>>;

/// Where outcomes are looked up: first in the graph, then in ClickHouse, then at the door.
pub struct OutcomeReader {
    pub graph: Box<dyn Fn(EventIdentity) -> Option<Found> + Send + Sync>,
    pub clickhouse: Box<dyn Fn(EventIdentity) -> Answer + Send + Sync>,
    pub recent: Arc<Recent>,
}

pub async fn get(
    State(shared): State<Arc<Shared>>,
    query: Result<Query<IdentityQuery>, QueryRejection>,
) -> Result<Json<Found>, Problem> {
    let Query(query) = query.map_err(|rejection| {
        let message = format!("ask with organizationId, id and, where it was sent, source: {}", rejection.body_text());
        Problem::new(StatusCode::BAD_REQUEST, "invalid_query", message)
    })?;
    let hash = identity(&query.organization_id, &query.source, &query.id);
    let event = EventIdentity { organization_id: query.organization_id, source: query.source, id: query.id };
    let reader = &shared.outcomes;
    if let Some(found) = tokio::task::block_in_place(|| (reader.graph)(event.clone())) {
        return Ok(Json(found));
    }
    let kept = match (reader.clickhouse)(event).await {
        Ok(kept) => kept,
        // While ClickHouse is away what the door remembers is an answer all the same.
        Err(_) if reader.recent.knows(hash) => None,
        Err(reason) => {
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "clickhouse_unavailable", reason);
            return Err(problem.retry_after(5));
        }
    };
    if let Some(found) = kept {
        return Ok(Json(found));
    }
    if reader.recent.knows(hash) {
        return Ok(Json(Found::plain("pending")));
    }
    let message = "no record of this identity was received; identities are (organizationId, source, id), case matters";
    Err(Problem::new(StatusCode::NOT_FOUND, "unknown_event", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_content_of_an_identity_is_the_one_that_is_remembered() {
        let recent = Recent::default();
        assert_eq!(recent.remember(1, 10), None);
        assert_eq!(recent.remember(1, 20), Some(10));
        assert!(recent.knows(1) && !recent.knows(2));
    }
}
