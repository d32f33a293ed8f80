//! Changes as the graph would hand them back, made by hand.

use highwater::clickhouse::EpochWrite;
use highwater::finals::ClosedPeriod;
use highwater::source::{PartitionName, PartitionPosition, Positions};
use highwater_dataflows::changes::*;
use highwater_dataflows::event::{ArchivedEvent, DimensionsKey, MeterIndex, Rejection};
use highwater_dataflows::feed::{Place, TableChange};
use highwater_dataflows::meters::MeterBook;
use highwater_dataflows::names::{Names, organization_key};
use highwater_dataflows::trends::changes::{
    AmountEstimate, AnomalyKey, AnomalyValue, Bill, BillAmounts, BillForecast, BillKey, Estimate, HourOfWeek, Reaching,
    Threshold, Trend, TrendChanges, TrendKey,
};
use highwater_rating::charge::StepKind;
use highwater_rating::number::Quantity;
use highwater_rating::rate::{RateError, RatedLine, RatedPeriod, StepShare, TierShare};
use highwater_rating::tables::{Row, Table, read_row};
use highwater_rating::terms::{Span, Terms};
use highwater_rating::time::{EventTime, Period};
use std::collections::BTreeMap;
use std::sync::Arc;

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 1_440 * MINUTE;
/// 2026-11-01T00:00:00Z
const NOVEMBER: i64 = 20_758 * DAY;
/// What the changes know as partition 3 is partition 3 of the topic `events`.
const PARTITION: u32 = 3;

pub struct Epochs {
    names: Names,
    meters: MeterBook,
    tables: Vec<TableChange>,
    pub closed: Vec<ClosedPeriod>,
    positions: Positions,
    table_partitions: BTreeMap<u32, PartitionName>,
    dimensions: DimensionsKey,
    period: Period,
}

fn row(table: Table, json: &str) -> Row {
    read_row(table, json.as_bytes()).expect("a row")
}

impl Epochs {
    pub fn new() -> Epochs {
        Epochs::new_with("acme")
    }

    pub fn around_now() -> Epochs {
        let now = jiff::Timestamp::now().as_microsecond();
        let period =
            Period { start: EventTime(now / MINUTE * MINUTE - DAY), end: EventTime(now / MINUTE * MINUTE + DAY) };
        Epochs { period, ..Epochs::new() }
    }

    pub fn new_with(organization: &str) -> Epochs {
        let meters = [
            row(
                Table::Meters,
                r#"{"name": "api_calls", "feature": "api_call", "aggregation": "sum", "dimensions": ["region", "complexity"], "unit": "calls"}"#,
            ),
            row(
                Table::Meters,
                r#"{"name": "ai_credits", "feature": "ai_query", "aggregation": "sum", "unit": "queries"}"#,
            ),
        ];
        let others = [
            row(
                Table::Plans,
                r#"{"plan": "pro", "currency": "USD", "effective_from": "2026-01-01T00:00:00Z", "charges": []}"#,
            ),
            row(
                Table::Plans,
                r#"{"plan": "pro", "currency": "USD", "effective_from": "2026-06-01T00:00:00Z", "charges": []}"#,
            ),
            row(
                Table::Subscriptions,
                r#"{"id": "s-acme", "organizationId": "acme", "plan": "pro", "effective_from": "2026-01-01T00:00:00Z", "anchor": "2026-01-01T00:00:00", "time_zone": "UTC"}"#,
            ),
            row(
                Table::Overrides,
                r#"{"id": "o-1", "organizationId": "acme", "meter": "api_calls", "effective_from": "2026-01-01T00:00:00Z", "included": "1000000"}"#,
            ),
        ];
        let book = MeterBook::of(meters.iter().map(|row| match row {
            Row::Meters(meter) => meter.clone(),
            other => panic!("{other:?} is no meter"),
        }));
        let names = Names::new();
        if organization == "acme" {
            names.learn_organization("globex").expect("learned");
        }
        names.learn_organization(organization).expect("learned");
        names.learn_dimensions(&["", ""]).expect("learned");
        let dimensions = names.learn_dimensions(&["eu", "high"]).expect("learned");
        let name = PartitionName { source: "kafka".into(), topic: "events".into(), partition: PARTITION };
        let position = PartitionPosition { name, first_offset: 0, next_offset: 13, high_watermark: None };
        Epochs {
            names,
            meters: book.expect("a book"),
            tables: meters.into_iter().chain(others).map(TableChange::Upsert).collect(),
            positions: [(PARTITION, position)].into(),
            closed: Vec::new(),
            table_partitions: BTreeMap::new(),
            dimensions,
            period: Period { start: EventTime(NOVEMBER), end: EventTime(NOVEMBER + 30 * DAY) },
        }
    }

    pub fn write<'a>(&'a self, generation: u64, changes: &'a EpochChanges) -> EpochWrite<'a> {
        // Table rows go with the first epoch of something else, as they do in the service.
        let tables = if changes.archive.is_empty() { &[] } else { self.tables.as_slice() };
        EpochWrite {
            generation,
            changes,
            tables,
            rejected_tables: &[],
            closed: &self.closed,
            names: &self.names,
            meters: &self.meters,
            positions: &self.positions,
            table_partitions: &self.table_partitions,
            sealed_at: None,
        }
    }

    pub fn changes(&self, epoch: u64, fill: impl FnOnce(&mut EpochChanges)) -> EpochChanges {
        let mut changes = EpochChanges { epoch: Epoch(epoch), ..EpochChanges::default() };
        fill(&mut changes);
        changes
    }

    pub fn window(
        &self,
        size: WindowSize,
        organization: &str,
        value: Option<WindowValue>,
    ) -> (WindowKey, Option<WindowValue>) {
        let key = WindowKey {
            size,
            organization: organization_key(organization),
            meter: MeterIndex(0),
            dimensions: self.dimensions,
            start: EventTime(NOVEMBER + MINUTE),
        };
        (key, value)
    }

    pub fn period(&self, organization: &str, value: Option<PeriodValue>) -> (PeriodKey, Option<PeriodValue>) {
        let key = PeriodKey {
            organization: organization_key(organization),
            meter: MeterIndex(0),
            period_start: self.period.start,
        };
        (key, value)
    }

    /// The product document's example, in a period that holds the present moment.
    pub fn rated_now(&self) -> RatedPeriod {
        RatedPeriod { period: self.period, ..rated(Vec::new()) }
    }

    pub fn outcome(&self, outcome: Outcome, code: &str, path: &str, raw: &[u8], offset: u64) -> OutcomeRow {
        let record = Rejection {
            code: code.into(),
            path: path.into(),
            hint: String::new(),
            place: Place { partition: PARTITION, offset },
            received_at: Some(EventTime(NOVEMBER + 5 * MINUTE)),
            organization_id: "acme".into(),
            source: "gateway".into(),
            id: format!("e-{offset}"),
            raw: raw.to_vec(),
        };
        let first_place = (outcome != Outcome::Rejected).then_some(Place { partition: PARTITION, offset: 10 });
        OutcomeRow { outcome, record: Box::new(record), first_place }
    }

    /// Of `acme`'s calls.
    pub fn forecast(
        &self,
        trend: Option<Trend>,
        anomaly: Option<AnomalyValue>,
        bill: Option<BillForecast>,
    ) -> TrendChanges {
        let (organization, meter) = (organization_key("acme"), MeterIndex(0));
        let key = AnomalyKey { organization, meter, size: WindowSize::Day, start: EventTime(NOVEMBER + DAY) };
        TrendChanges {
            trends: vec![(TrendKey { organization, meter }, trend.map(Arc::new))],
            anomalies: vec![(key, anomaly)],
            bills: vec![(BillKey { organization, currency: "USD".into() }, bill)],
        }
    }

    /// Something for every table.
    pub fn everything(&self, epoch: u64) -> EpochChanges {
        let acme = organization_key("acme");
        let count =
            |outcome, code: &str| OutcomeCountKey { day: 20_758, organization: acme, outcome, code: code.into() };
        let hour = WindowKey {
            size: WindowSize::Hour,
            organization: acme,
            meter: MeterIndex(1),
            dimensions: DimensionsKey(0),
            start: EventTime(NOVEMBER),
        };
        let (mut overflow, value) =
            self.window(WindowSize::Minute, "globex", Some(WindowValue::Overflow { events: 9 }));
        overflow.dimensions = self.names.learn_dimensions(&["", ""]).expect("known");
        let quantity = Quantity(1_200_000_000_000_001);
        self.changes(epoch, |changes| {
            changes.usage = vec![
                self.window(WindowSize::Minute, "acme", Some(WindowValue::Usage { events: 3, quantity })),
                (overflow, value),
                (hour, Some(WindowValue::Usage { events: 150, quantity: Quantity::units(150) })),
            ];
            changes.periods = vec![
                self.period("acme", Some(PeriodValue::Rated(rated(vec![line(span(0, 30), 100)]).into()))),
                self.period("globex", Some(PeriodValue::Error(RateError::AmountOverflow))),
            ];
            changes.credits = crate::credits::changes(acme, self.period, Some(-60));
            changes.trends = self.forecast(Some(trend(self.period)), Some(anomaly()), Some(whole_bill(self.period)));
            changes.archive = vec![accepted()];
            changes.outcomes = vec![
                self.outcome(Outcome::Rejected, "invalid_json", "/a", b"{\"\xff\0", 11),
                self.outcome(Outcome::Conflicting, "content_differs", "", b"{}", 12),
                self.outcome(Outcome::Duplicate, "", "", b"", 13),
            ];
            changes.outcome_counts =
                vec![(count(Outcome::Accepted, ""), 4), (count(Outcome::Rejected, "invalid_json"), 1)];
            changes.counts.event_time_max = Some(EventTime(NOVEMBER + MINUTE + MINUTE / 2));
        })
    }
}

fn accepted() -> AcceptedEvent {
    let event = ArchivedEvent {
        organization_id: "acme".into(),
        source: "gateway".into(),
        id: "e-1".into(),
        feature: "api_call".into(),
        endpoint: "/api/data/query".into(),
        quantity: Quantity(1),
        cost: Quantity(1_000_000),
        metadata: vec![("ai_enhanced".into(), "true".into()), ("complexity".into(), "\"high\"".into())],
    };
    AcceptedEvent {
        event: Box::new(event),
        event_time: EventTime(NOVEMBER + MINUTE),
        received_at: None,
        place: Place { partition: PARTITION, offset: 10 },
        meters: vec![MeterIndex(0)],
        retracted: false,
        retracted_by: None,
    }
}

/// With a limit that is reached, and a tier that is not.
pub fn trend(period: Period) -> Trend {
    let at = |day: i64| Some(EventTime(period.start.0 + day * DAY));
    let estimate = |expected: i64| Estimate {
        expected: Quantity::units(expected),
        low_80: Quantity::units(expected - 10),
        high_80: Quantity::units(expected + 10),
        low_95: Quantity::units(expected - 20),
        high_95: Quantity(Quantity::units(expected + 20).0 + 1),
    };
    let reaching =
        Reaching { expected: at(20), earliest_80: at(18), latest_80: None, earliest_95: at(17), latest_95: None };
    let pattern = HourOfWeek { averages: vec![Quantity::ONE; 168], peak: 9, idle_start: 120, idle_hours: 40 };
    Trend {
        present_day: EventTime(period.start.0 + 10 * DAY),
        period,
        used: Quantity::units(400),
        usage: estimate(1_200),
        departs: true,
        bill: Ok(Bill {
            currency: "USD".into(),
            minor_units: AmountEstimate::of([1_234, 1_000, 1_500, 900, 1_601]),
            lines: Vec::new(),
        }),
        limit: Some(Threshold { quantity: Quantity::units(1_000), reaching }),
        credits_end: Some(Threshold { quantity: Quantity(1_100_000_000_001), reaching: Reaching::default() }),
        next_tier: None,
        level: Quantity::units(40),
        trend: Quantity(-500_000_000),
        week: [Quantity::ONE; 7],
        history_days: 60,
        pattern: Some(pattern),
    }
}

/// Of which money credits pay some.
pub fn whole_bill(period: Period) -> BillForecast {
    let estimate =
        |expected: i128| AmountEstimate::of([expected, expected - 1, expected + 1, expected - 2, expected + 2]);
    let amounts = BillAmounts {
        usage: estimate(1_234),
        recurring: 2_900,
        true_up: estimate(100),
        credits: estimate(-500),
        total: estimate(3_734),
        credits_left: Some(estimate(250)),
    };
    BillForecast { present_day: EventTime(period.start.0 + 10 * DAY), period, meters_forecast: 2, amounts: Ok(amounts) }
}

pub fn anomaly() -> AnomalyValue {
    AnomalyValue { quantity: Quantity::units(200), expected: Quantity::units(40), score: Quantity(12_340_000_000) }
}

/// A stretch of November, in days from its first.
pub fn span(from: i64, to: i64) -> Span {
    let plan = r#"{"plan": "pro", "currency": "USD", "effective_from": "2026-01-01T00:00:00Z",
        "charges": [{"meter": "api_calls", "included": "1000000", "model": "per_unit", "price": "5", "per": "1000000"}]}"#;
    let Row::Plans(plan) = row(Table::Plans, plan) else { panic!("a plan") };
    let terms = Terms {
        subscription: "s-acme".into(),
        plan: "pro".into(),
        plan_version: plan.effective_from,
        currency: "USD".into(),
        overrides: vec!["o-1".into(), "o-2".into()],
        adjustments: vec!["a-1".into()],
        apart: None,
        charge: plan.charges.into_iter().next(),
        price_percent: Terms::FULL_PRICE,
    };
    let period = Period { start: EventTime(NOVEMBER), end: EventTime(NOVEMBER + 30 * DAY) };
    Span {
        start: EventTime(NOVEMBER + from * DAY),
        end: EventTime(NOVEMBER + to * DAY),
        period,
        terms: Arc::new(terms),
    }
}

pub fn line(span: Span, amount_minor_units: i128) -> RatedLine {
    let amount_unrounded = 1_000_000_000_000_000_001;
    RatedLine {
        span,
        events: 4,
        quantity: Quantity::units(1_200_000),
        included: Quantity::units(1_000_000),
        overage: Quantity::units(200_000),
        covers: Vec::new(),
        tiers: vec![TierShare { tier: 0, quantity: Quantity::units(200_000), amount_unrounded: amount_unrounded + 1 }],
        steps: vec![StepShare { kind: StepKind::Discount, index: 1, quantity: Quantity(0), amount_unrounded: -1 }],
        amount_unrounded,
        amount_minor_units,
    }
}

pub fn rated(lines: Vec<RatedLine>) -> RatedPeriod {
    RatedPeriod {
        period: Period { start: EventTime(NOVEMBER), end: EventTime(NOVEMBER + 30 * DAY) },
        plan: "pro".into(),
        currency: "USD".into(),
        events: 4,
        quantity: Quantity::units(1_200_000),
        limit: Some(Quantity::units(1_000_000)),
        overage: Quantity::units(200_000),
        cost_minor_units: 100,
        lines,
    }
}
