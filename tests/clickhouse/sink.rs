//! The sink: what it writes is read in the views, exactly, and writing it again changes nothing.

use crate::epochs::{Epochs, anomaly, line, rated, span, trend, whole_bill};
use crate::proxy::{Fault, Proxy};
use crate::{engine, schema};
use highwater::clickhouse::{Databases, Determinacy, EpochWrite, Sink, Store};
use highwater::source::PartitionName;
use highwater_dataflows::changes::{Outcome, OutcomeCountKey, PeriodValue, WindowSize, WindowValue};
use highwater_dataflows::names::organization_key;
use highwater_dataflows::trends::changes::{BillForecast, Trend};
use highwater_rating::number::Quantity;
use highwater_rating::rate::RateError;

async fn sink(name: &str) -> Option<Sink> {
    let store = schema::store(name)?;
    store.migrate().await.expect("migrated");
    Some(Sink::new(store))
}

async fn rows(sink: &Sink, sql: &str) -> Vec<String> {
    sink.store().client().query(sql).fetch_all::<String>().await.expect("rows")
}

/// Everything that a reader of `view` sees, a text a row.
async fn view(sink: &Sink, view: &str) -> Vec<String> {
    let database = &sink.store().databases().views;
    rows(sink, &format!("SELECT toValidUTF8(toString(tuple(*))) FROM {database}.{view} ORDER BY 1")).await
}

/// The views whose rows follow from what was written, and not from when.
const VIEWS: &[&str] = &[
    "usage_minute",
    "usage_hour",
    "usage_day",
    "period_usage",
    "rated_lines",
    "credit_lines",
    "credit_ledger",
    "credit_balances",
    "usage_events",
    "event_outcomes",
    "rejected_events",
    "event_outcomes_daily",
    "meters",
    "plans",
    "subscriptions",
    "overrides",
    "trends",
    "anomalies",
    "bill_forecasts",
];

async fn all_views(sink: &Sink) -> Vec<(&'static str, Vec<String>)> {
    let mut contents = Vec::new();
    for name in VIEWS {
        contents.push((*name, view(sink, name).await));
    }
    contents
}

#[tokio::test]
async fn what_is_written_is_read_in_the_views_to_the_last_digit() {
    let Some(mut sink) = sink("read_back").await else { return };
    let epochs = Epochs::new();
    sink.write(&epochs.write(1, &epochs.everything(7))).await.expect("written");
    assert_eq!(
        view(&sink, "usage_minute").await,
        [
            r"('acme','api_calls','2026-11-01 00:01:00.000000',{'region':'eu','complexity':'high'},3,1200000.000000001,'')",
            r"('globex','api_calls','2026-11-01 00:01:00.000000',{'region':'','complexity':''},9,0,'quantity_overflow')",
        ]
    );
    assert_eq!(view(&sink, "usage_hour").await, ["('acme','ai_credits','2026-11-01 00:00:00.000000',{},150,150,'')"]);
    assert_eq!(
        view(&sink, "period_usage").await,
        [
            "('acme','api_calls','2026-11-01 00:00:00.000000','2026-12-01 00:00:00.000000','pro','USD',4,1200000,1000000,200000,1,100,'')",
            "('globex','api_calls','2026-11-01 00:00:00.000000','2026-11-01 00:00:00.000000','','',0,0,NULL,0,0,0,'amount_overflow')",
        ]
    );
    let lines = "SELECT toString((organization_id, subscription, overrides, included_quantity, overage_quantity, tiers.tier, tiers.quantity,
        tiers.amount_unrounded, steps.step, steps.discount, steps.quantity, steps.amount_unrounded, amount_unrounded, amount, amount_minor_units, terms)) FROM read_back.rated_lines WHERE kind = 'usage'";
    assert_eq!(
        rows(&sink, lines).await,
        [
            r#"('acme','s-acme',['o-1','o-2'],1000000,200000,[0],[200000],[1.000000000000000002],['discount'],[1],[0],[-0.000000000000000001],1.000000000000000001,1,100,'{"meter":"api_calls","included":"1000000","allowance":"whole","model":"per_unit","price":"5","per":"1000000"}')"#
        ]
    );
    let raw = "SELECT concat(outcome, ' ', code, ' ', path, ' ', hex(raw), ' ', place_topic, '[', toString(place_partition), ']@', toString(place_offset)) FROM read_back.rejected_events ORDER BY 1";
    assert_eq!(
        rows(&sink, raw).await,
        ["conflicting content_differs  7B7D events[3]@12", "rejected invalid_json /a 7B22FF00 events[3]@11"],
        "a duplicate is no rejected event, and any bytes are kept"
    );
    let event = "SELECT toString((id, quantity, cost, metadata['complexity'], metadata['ai_enhanced'], meters, retracted, place_offset)) FROM read_back.usage_events";
    assert_eq!(rows(&sink, event).await, ["('e-1',0.000000001,0.001,'high','true',['api_calls'],false,10)"]);
    let daily = "SELECT concat(toString(day), ' ', organization_id, ' ', outcome, ' ', code, ' ', toString(records)) FROM read_back.event_outcomes_daily ORDER BY 1";
    assert_eq!(rows(&sink, daily).await, ["2026-11-01 acme accepted  4", "2026-11-01 acme rejected invalid_json 1"]);
    let progress = "SELECT DISTINCT toString((generation, epoch, event_time_max, positions.topic, positions.partition, positions.next_offset)) FROM read_back.progress";
    assert_eq!(rows(&sink, progress).await, ["(1,7,'2026-11-01 00:01:30.000000',['events'],[3],[13])"]);
    let meters = "SELECT toString((meter, aggregation, unit, dimensions)) FROM read_back.meters ORDER BY 1";
    assert_eq!(
        rows(&sink, meters).await,
        ["('ai_credits','sum','queries',[])", "('api_calls','sum','calls',['region','complexity'])"]
    );
    assert_eq!(sink.store().greatest_generation().await.expect("asked"), 1);
}

#[tokio::test]
async fn writing_the_same_again_changes_nothing() {
    let Some(mut sink) = sink("again").await else { return };
    let epochs = Epochs::new();
    let everything = epochs.everything(7);
    sink.write(&epochs.write(1, &everything)).await.expect("written");
    let once = all_views(&sink).await;
    assert!(once.iter().filter(|(_, rows)| !rows.is_empty()).count() >= 10, "{once:?}");
    for _ in 0..3 {
        sink.write(&epochs.write(1, &everything)).await.expect("written");
    }
    assert_eq!(all_views(&sink).await, once);
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_tried_again_until_its_rows_are_there_once() {
    let Some(direct) = sink("lost_answer").await else { return };
    let proxy = Proxy::start(engine::url().expect("an engine"));
    let databases = || Databases { store: "lost_answer_store".into(), views: "lost_answer".into() };
    let epochs = Epochs::new();
    let everything = epochs.everything(7);
    for fault in [Fault::LoseAnswers(3), Fault::CutAnswers(3), Fault::Refuse(3)] {
        // With connections of its own: those of an earlier one would be used again, past the fault.
        let mut sink = Sink::new(Store::connect(&engine::clickhouse_settings(&proxy.url(), databases())));
        proxy.set(fault);
        let mut delays = 0;
        sink.write_until_done(&epochs.write(1, &everything), |delay| {
            delays += 1;
            assert!(!delay.error.needs_a_person, "{}", delay.error);
        })
        .await;
        assert!(delays > 0, "{fault:?} was met");
    }
    let through_the_proxy = all_views(&direct).await;
    let Some(mut untroubled) = self::sink("untroubled").await else { return };
    untroubled.write(&epochs.write(1, &everything)).await.expect("written");
    assert_eq!(through_the_proxy, all_views(&untroubled).await);
}

#[tokio::test]
async fn an_answer_that_is_lost_is_not_taken_for_a_failure() {
    let Some(_) = sink("indefinite").await else { return };
    let proxy = Proxy::start(engine::url().expect("an engine"));
    let databases = || Databases { store: "indefinite_store".into(), views: "indefinite".into() };
    let epochs = Epochs::new();
    let everything = epochs.everything(7);
    let mut sink = Sink::new(Store::connect(&engine::clickhouse_settings(&proxy.url(), databases())));
    proxy.set(Fault::LoseAnswers(1000));
    let error = sink.write(&epochs.write(1, &everything)).await.expect_err("lost");
    assert_eq!(error.determinacy, Determinacy::Indefinite, "{error}");
    let nobody = engine::clickhouse_settings("http://127.0.0.1:1", databases());
    let error =
        Sink::new(Store::connect(&nobody)).write(&epochs.write(1, &everything)).await.expect_err("nobody is there");
    assert_eq!((error.determinacy, error.needs_a_person), (Determinacy::Definite, false), "{error}");
    let mut stranger = engine::clickhouse_settings(engine::url().expect("an engine"), databases());
    stranger.user = "somebody".into();
    let error =
        Sink::new(Store::connect(&stranger)).write(&epochs.write(1, &everything)).await.expect_err("not let in");
    assert_eq!(
        (error.determinacy, error.needs_a_person, error.code),
        (Determinacy::Definite, true, Some(516)),
        "{error}"
    );
    assert!(!error.to_string().contains(engine::PASSWORD), "{error}");
}

#[tokio::test]
async fn an_older_generation_never_wins_whatever_it_still_writes() {
    let Some(mut sink) = sink("zombie").await else { return };
    let epochs = Epochs::new();
    let minute = |events| {
        epochs.window(
            WindowSize::Minute,
            "acme",
            Some(WindowValue::Usage { events, quantity: Quantity::units(events as i64) }),
        )
    };
    let of = |events| epochs.changes(1, |changes| changes.usage = vec![minute(events)]);
    sink.write(&epochs.write(2, &of(20))).await.expect("written");
    let mut late = of(10);
    late.epoch.0 = 1 << 39;
    sink.write(&epochs.write(1, &late)).await.expect("written");
    let events = "SELECT toString(events) FROM zombie.usage_minute";
    assert_eq!(rows(&sink, events).await, ["20"]);
    sink.store().client().query("OPTIMIZE TABLE zombie_store.usage_minute FINAL").execute().await.expect("merged");
    assert_eq!(rows(&sink, events).await, ["20"]);
    assert_eq!(rows(&sink, "SELECT toString(generation) FROM zombie.progress LIMIT 1").await, ["2"]);
}

#[tokio::test]
async fn a_key_that_is_gone_is_gone_until_it_comes_back() {
    let Some(mut sink) = sink("gone").await else { return };
    let epochs = Epochs::new();
    let mut seen = Vec::new();
    for (epoch, value) in [(1, Some(5)), (2, None), (3, Some(6))] {
        let value = value.map(|events| WindowValue::Usage { events, quantity: Quantity::ONE });
        let changes =
            epochs.changes(epoch, |changes| changes.usage = vec![epochs.window(WindowSize::Minute, "acme", value)]);
        sink.write(&epochs.write(1, &changes)).await.expect("written");
        seen.push(rows(&sink, "SELECT toString(events) FROM gone.usage_minute").await.concat());
    }
    assert_eq!(seen, ["5", "", "6"]);
}

#[tokio::test]
async fn lines_that_a_moved_boundary_leaves_behind_are_taken_away() {
    let Some(mut sink) = sink("moved").await else { return };
    let epochs = Epochs::new();
    let (first, tenth, twentieth, end) = (0, 10, 20, 30);
    let mut seen = Vec::new();
    for (epoch, spans) in [
        (1, vec![(first, end)]),
        (2, vec![(first, tenth), (tenth, end)]),
        (3, vec![(first, twentieth), (twentieth, end)]),
        (4, vec![(tenth, end)]),
        (5, vec![]),
        (6, vec![(first, end)]),
    ] {
        let lines = spans.iter().map(|(start, end)| line(span(*start, *end), 100)).collect();
        let period = epochs.period("acme", Some(PeriodValue::Rated(rated(lines).into())));
        sink.write(&epochs.write(1, &epochs.changes(epoch, |changes| changes.periods = vec![period])))
            .await
            .expect("written");
        seen.push(
            rows(&sink, "SELECT toString(toDayOfMonth(span_start)) FROM moved.rated_lines ORDER BY span_start")
                .await
                .join(","),
        );
    }
    assert_eq!(seen, ["1", "1,11", "1,21", "11", "", "1"]);
    // A period that is rated no more takes its lines along.
    let error = epochs.period("acme", Some(PeriodValue::Error(RateError::MixedCurrencies)));
    sink.write(&epochs.write(1, &epochs.changes(7, |changes| changes.periods = vec![error]))).await.expect("written");
    assert_eq!(rows(&sink, "SELECT line_id FROM moved.rated_lines").await, [""; 0]);
    assert_eq!(rows(&sink, "SELECT toString(error) FROM moved.period_usage").await, ["mixed_currencies"]);
}

#[tokio::test]
async fn rows_that_a_new_generation_does_not_write_are_swept_and_all_others_stay() {
    let Some(mut sink) = sink("swept").await else { return };
    let epochs = Epochs::new();
    sink.write(&epochs.write(1, &epochs.everything(9))).await.expect("written");
    let value = || Some(WindowValue::Usage { events: 1, quantity: Quantity::ONE });
    let kept = epochs.changes(1, |changes| changes.usage = vec![epochs.window(WindowSize::Minute, "acme", value())]);
    // A sink of a new process does not know what stood.
    let mut sink = Sink::new(sink.store().clone());
    sink.write(&epochs.write(2, &kept)).await.expect("written");
    for _ in 0..2 {
        sink.sweep(2).await.expect("swept");
        assert_eq!(
            rows(&sink, "SELECT concat(organization_id, toString(events)) FROM swept.usage_minute").await,
            ["acme1"]
        );
        for gone in [
            "usage_hour",
            "period_usage",
            "rated_lines",
            "event_outcomes_daily",
            "plans",
            "trends",
            "anomalies",
            "bill_forecasts",
        ] {
            assert_eq!(view(&sink, gone).await, [""; 0], "{gone}");
        }
        for records in ["usage_events", "rejected_events"] {
            assert_ne!(view(&sink, records).await, [""; 0], "{records} follow from what was received, and stay");
        }
    }
}

#[tokio::test]
async fn a_row_without_a_name_is_told_before_anything_is_sent() {
    let Some(mut sink) = sink("unnamed").await else { return };
    let epochs = Epochs::new();
    let strangers = Epochs::new_with("initech");
    let changes = strangers.changes(1, |changes| {
        changes.usage =
            vec![strangers.window(WindowSize::Minute, "initech", Some(WindowValue::Overflow { events: 1 }))];
    });
    let error = sink.write(&epochs.write(1, &changes)).await.expect_err("refused");
    assert!(error.needs_a_person && error.to_string().contains("has no name"), "{error}");
    assert_eq!(rows(&sink, "SELECT toString(epoch) FROM unnamed.progress").await, [""; 0]);
}

#[tokio::test]
async fn the_summary_has_the_shape_of_the_product_document() {
    let Some(mut sink) = sink("summary").await else { return };
    let epochs = Epochs::around_now();
    let period = epochs.period("acme", Some(PeriodValue::Rated(epochs.rated_now().into())));
    let other = epochs.period("globex", Some(PeriodValue::Error(RateError::AmountOverflow)));
    sink.write(&epochs.write(1, &epochs.changes(1, |changes| changes.periods = vec![period, other])))
        .await
        .expect("written");
    assert_eq!(
        rows(&sink, "SELECT concat(organization_id, ' ', toString(meters_over_limit), ' ', toString(cost_by_currency), ' ', current_period) FROM summary.organization_summary").await,
        [r#"acme 1 {'USD':1} {"api_calls":{"current":1200000,"limit":1000000,"overage":200000,"cost":1}}"#]
    );
    assert_eq!(
        rows(&sink, "SELECT concat(meter, ' ', toString(assumeNotNull(used_percent))) FROM summary.current_usage")
            .await,
        ["api_calls 120"]
    );
}

#[tokio::test]
async fn a_rejected_record_may_name_an_organization_that_nobody_knows_or_none() {
    let Some(mut sink) = sink("strangers").await else { return };
    let epochs = Epochs::new();
    let changes = epochs.changes(1, |changes| {
        for (offset, organization) in ["initech", ""].into_iter().enumerate() {
            let mut outcome = epochs.outcome(Outcome::Rejected, "invalid_json", "", b"{", offset as u64);
            outcome.record.organization_id = organization.into();
            changes.outcomes.push(outcome);
            let organization = organization_key(organization);
            let key = OutcomeCountKey { day: 0, organization, outcome: Outcome::Rejected, code: "invalid_json".into() };
            changes.outcome_counts.push((key, 1));
        }
    });
    sink.write(&epochs.write(1, &changes)).await.expect("written");
    let counts =
        "SELECT concat(organization_id, ' ', toString(records)) FROM strangers.event_outcomes_daily ORDER BY 1";
    assert_eq!(rows(&sink, counts).await, [" 1", "initech 1"]);
}

#[tokio::test]
async fn rejected_table_records_stand_at_their_own_places() {
    let Some(mut sink) = sink("table_rejects").await else { return };
    let epochs = Epochs::new();
    let rejected = [epochs.outcome(Outcome::Rejected, "unknown_plan", "/plan", b"{}", 5)];
    let streams =
        [(3, PartitionName { source: "kafka".into(), topic: "highwater.subscriptions.v1".into(), partition: 0 })]
            .into();
    let changes = epochs.changes(1, |_| ());
    let write = EpochWrite { rejected_tables: &rejected, table_partitions: &streams, ..epochs.write(1, &changes) };
    sink.write(&write).await.expect("written");
    let places = "SELECT concat(place_topic, '[', toString(place_partition), ']@', toString(place_offset), ' ', code) FROM table_rejects.dead_letters";
    assert_eq!(rows(&sink, places).await, ["highwater.subscriptions.v1[0]@5 unknown_plan"]);
}

#[tokio::test]
async fn a_forecast_is_read_with_its_bill_to_the_last_digit_until_there_is_none() {
    let Some(mut sink) = sink("forecast").await else { return };
    let epochs = Epochs::new();
    let period = epochs.rated_now().period;
    let written =
        |epoch, trend, anomaly| epochs.changes(epoch, |changes| changes.trends = epochs.forecast(trend, anomaly, None));
    sink.write(&epochs.write(1, &written(1, Some(trend(period)), Some(anomaly())))).await.expect("written");
    let estimates = "SELECT toString((organization_id, meter, used, usage_expected, usage_high_95, departs, currency, bill_expected, bill_low_80, bill_high_80, bill_low_95, bill_high_95, error)) FROM forecast.trends";
    assert_eq!(
        rows(&sink, estimates).await,
        ["('acme','api_calls',400,1200,1220.000000001,true,'USD',12.34,10,15,9,16.01,'')"]
    );
    let reached = "SELECT toString((ifNull(toString(limit_quantity), '-'), ifNull(toString(limit_reached_at), '-'), ifNull(toString(limit_latest_80), '-'), ifNull(toString(next_tier_quantity), '-'), ifNull(toString(credits_end_quantity), '-'), level, trend, week[7], history_days, length(hour_averages), ifNull(peak_hour, 255), ifNull(idle_hours, 0))) FROM forecast.trends";
    assert_eq!(
        rows(&sink, reached).await,
        ["('1000','2026-11-21 00:00:00.000000','-','-','1100.000000001',40,-0.5,1,60,168,9,40)"]
    );
    let anomalies =
        "SELECT toString((meter, window_size, window_start, quantity, expected, score)) FROM forecast.anomalies";
    assert_eq!(rows(&sink, anomalies).await, ["('api_calls','day','2026-11-02 00:00:00.000000',200,40,12.34)"]);
    let unpriced = Trend { bill: Err(RateError::MixedCurrencies), ..trend(period) };
    sink.write(&epochs.write(1, &written(2, Some(unpriced), None))).await.expect("written");
    let error = "SELECT toString((usage_expected, bill_expected, currency, error)) FROM forecast.trends";
    assert_eq!(rows(&sink, error).await, ["(1200,0,'','mixed_currencies')"]);
    assert_eq!(view(&sink, "anomalies").await, [""; 0]);
    sink.write(&epochs.write(1, &written(3, None, None))).await.expect("written");
    assert_eq!(view(&sink, "trends").await, [""; 0]);
}

#[tokio::test]
async fn a_whole_bill_is_read_part_by_part_or_with_its_error() {
    let Some(mut sink) = sink("whole_bill").await else { return };
    let epochs = Epochs::new();
    let period = epochs.rated_now().period;
    let written =
        |epoch, bill| epochs.changes(epoch, |changes| changes.trends = epochs.forecast(None, None, Some(bill)));
    sink.write(&epochs.write(1, &written(1, whole_bill(period)))).await.expect("written");
    let parts = "SELECT toString((organization_id, currency, usage_expected, recurring, true_up_low_95, credits_expected, total_low_80, total_expected, total_high_95, ifNull(credits_left_expected, 0), meters_forecast, error)) FROM whole_bill.bill_forecasts";
    assert_eq!(rows(&sink, parts).await, ["('acme','USD',12.34,29,0.98,-5,37.33,37.34,37.36,2.5,2,'')"]);
    let unpriced = BillForecast { amounts: Err(RateError::AmountOverflow), ..whole_bill(period) };
    sink.write(&epochs.write(1, &written(2, unpriced))).await.expect("written");
    assert_eq!(rows(&sink, parts).await, ["('acme','USD',0,0,0,0,0,0,0,0,2,'amount_overflow')"]);
}
