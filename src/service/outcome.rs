//! What ClickHouse says of one event, for `GET /v1/events/outcome`.

use super::EventIdentity;
use crate::clickhouse::Store;
use crate::http::Found;

#[derive(serde::Deserialize, clickhouse::Row)]
struct OutcomeRow {
    outcome: String,
    retracted: bool,
    code: String,
    path: String,
    hint: String,
}

/// The outcome that says most: an accepted record before a duplicate of it, the newest mistake before older ones.
pub async fn look_up(store: &Store, event: &EventIdentity) -> Result<Option<Found>, String> {
    let sql = format!(
        "SELECT toString(outcome) AS outcome, retracted, toString(code) AS code, path, hint FROM {}.event_outcomes
         WHERE organization_id = ? AND source = ? AND id = ?
         ORDER BY event_outcomes.outcome = 'accepted' DESC, place_offset DESC LIMIT 1",
        store.databases().views
    );
    let query = store.client().query(&sql).bind(&event.organization_id).bind(&event.source).bind(&event.id);
    let row = query.fetch_optional::<OutcomeRow>().await.map_err(|error| error.to_string())?;
    let text = |text: String| (!text.is_empty()).then_some(text);
    Ok(row.map(|row| Found {
        outcome: if row.retracted { "retracted".into() } else { row.outcome },
        code: text(row.code),
        path: text(row.path),
        hint: text(row.hint),
    }))
}
