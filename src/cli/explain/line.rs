//! Finding a line by its id: frozen, as known now, or still to be billed.

use super::super::connection::Connection;
use super::super::exit::CommandError;
use highwater_rating::finals::LineId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where a line was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Frozen: its period is final.
    Final,
    /// Of an open period, or as it is known now.
    KnownNow,
    /// A correction or reversal that the next period will bill.
    Pending,
}

/// A line with everything that it was rated by. Numbers are decimal texts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Explained {
    pub state: State,
    pub line_id: String,
    pub kind: String,
    pub name: String,
    pub organization_id: String,
    /// Of the period that bills it.
    pub period_start: String,
    pub revision: u32,
    pub span_start: String,
    pub span_end: String,
    #[serde(skip_serializing)]
    pub span_start_us: String,
    #[serde(skip_serializing)]
    pub span_end_us: String,
    #[serde(skip_serializing)]
    pub period_start_us: String,
    pub events: String,
    pub quantity: String,
    pub included_quantity: String,
    pub overage: String,
    /// `[grant, quantity]`: what unit credits cover above the allowance. Of a frozen line the ledger alone says it.
    pub covers: Vec<(String, String)>,
    /// `[tier, quantity, unrounded amount]`, tiers counted from 0.
    pub tiers: Vec<(u32, String, String)>,
    /// `[step, discount, quantity, unrounded amount]`: what was done to the tiers' amount, in order. Of a frozen line the
    /// terms alone say it.
    pub steps: Vec<(String, u32, String, String)>,
    pub currency: String,
    pub amount_unrounded: String,
    pub amount_minor_units: String,
    /// As JSON: every term with its version.
    pub terms: String,
    pub cause: String,
    pub corrects_line_id: String,
    /// What the line, or the one that it corrects, charges for.
    pub charges_for: String,
}

impl Explained {
    /// The line of usage that this one is, or corrects.
    pub fn original(&self) -> &str {
        if self.corrects_line_id.is_empty() { &self.line_id } else { &self.corrects_line_id }
    }

    pub fn terms(&self) -> Value {
        serde_json::from_str(&self.terms).unwrap_or_else(|_| Value::String(self.terms.clone()))
    }
}

const OF_TIERS: &str = "arrayMap((t, q, a) -> (t, toString(q), toString(a)), `tiers.tier`, `tiers.quantity`, `tiers.amount_unrounded`) AS tiers";
const OF_STEPS: &str = "arrayMap((s, d, q, a) -> (toString(s), d, toString(q), toString(a)), `steps.step`, `steps.discount`, `steps.quantity`, `steps.amount_unrounded`) AS steps";
const NO_STEPS: &str = "CAST([], 'Array(Tuple(String, UInt32, String, String))') AS steps";
const OF_COVERS: &str = "arrayMap((g, q) -> (g, toString(q)), `covers.grant_id`, `covers.quantity`) AS covers";
const NO_COVERS: &str = "CAST([], 'Array(Tuple(String, String))') AS covers";
const OF_TIMES: &str = "toString(toUnixTimestamp64Micro(span_start)) AS span_start_us, toString(toUnixTimestamp64Micro(span_end)) AS span_end_us";

/// A frozen line before the same line as it is known now: what was billed is what is asked about.
pub async fn find(connection: &Connection, id: LineId) -> Result<Option<Explained>, CommandError> {
    let of_final = format!(
        "SELECT 'final' AS state, line_id, kind, name, organization_id, period_start, revision, span_start, span_end, {OF_TIMES},
            toString(toUnixTimestamp64Micro(period_start)) AS period_start_us, events, quantity, included_quantity, overage, {NO_COVERS}, {OF_TIERS}, {OF_STEPS},
            currency, amount_unrounded, toString(amount_minor_units) AS amount_minor_units, terms, '' AS cause, corrects_line_id,
            if(corrects_line_id = '', kind, corrects_kind) AS charges_for
         FROM highwater.final_lines WHERE line_id = {{line:String}}"
    );
    let known_now = format!(
        "SELECT 'known_now' AS state, line_id, kind, name, organization_id, period_start, toUInt32(0) AS revision, span_start, span_end, {OF_TIMES},
            toString(toUnixTimestamp64Micro(period_start)) AS period_start_us, events, quantity, included_quantity, overage_quantity AS overage, {OF_COVERS}, {OF_TIERS}, {OF_STEPS},
            currency, amount_unrounded, toString(amount_minor_units) AS amount_minor_units,
            concat('{{\"subscription\":', toJSONString(subscription), ',\"plan\":', toJSONString(toString(plan)), ',\"plan_version\":', toJSONString(toString(plan_version)),
                ',\"overrides\":', toJSONString(overrides), ',\"charge\":', if(terms = '', 'null', terms), '}}') AS terms,
            '' AS cause, '' AS corrects_line_id, kind AS charges_for
         FROM highwater.rated_lines WHERE line_id = {{line:String}}"
    );
    let side = |kind: &str, sign: &str, side: &str| {
        format!(
            "SELECT 'pending' AS state, {kind}_line_id AS line_id, '{kind}' AS kind, name, organization_id, billed_period_start AS period_start, billed_revision AS revision,
                span_start, span_end, {OF_TIMES}, toString(toUnixTimestamp64Micro(billed_period_start)) AS period_start_us, events_{side} AS events,
                {sign}quantity_{side} AS quantity, toDecimal128(0, 9) AS included_quantity, toDecimal128(0, 9) AS overage, {NO_COVERS}, CAST([], 'Array(Tuple(UInt32, String, String))') AS tiers, {NO_STEPS},
                currency_{side} AS currency, {sign}amount_unrounded_{side} AS amount_unrounded, toString({sign}amount_minor_units_{side}) AS amount_minor_units,
                terms_{side} AS terms, cause, pending_corrections.line_id AS corrects_line_id, pending_corrections.kind AS charges_for
             FROM highwater.pending_corrections WHERE {kind}_line_id = {{line:String}}"
        )
    };
    let queries = [of_final, known_now, side("correction", "", "after"), side("reversal", "-", "before")];
    for query in queries {
        let rows = connection.rows(&query, &[("line", id.to_string())]).await?;
        if let Some(row) = rows.into_iter().next() {
            let line = serde_json::from_value(row);
            return line
                .map(Some)
                .map_err(|error| CommandError::internal(format_args!("a line of ClickHouse's answer: {error}")));
        }
    }
    Ok(None)
}
