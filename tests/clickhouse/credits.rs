//! Credits in ClickHouse: ledgers, balances, requests and what is paid are read as they were written, and what was left
//! at a past instant can be asked for as the view says.

use crate::epochs::{Epochs, line, rated, span};
use crate::schema;
use highwater::clickhouse::Sink;
use highwater_dataflows::changes::PeriodValue;
use highwater_dataflows::credit_burn::changes::{CreditChanges, CreditLineKey, EntryKey, GrantKey, RequestKey};
use highwater_dataflows::event::OrganizationKey;
use highwater_rating::credits::{Balance, CreditLine, CreditUnit, Entry, RechargeRequest};
use highwater_rating::number::Quantity;
use highwater_rating::rate::RateError;
use highwater_rating::tables::GrantKind;
use highwater_rating::time::{EventTime, Period};

/// A grant of 10 dollars that pays 0.60 of November's first line and then ends, one of units whose ledger cannot be made, and a
/// request for more.
pub fn changes(organization: OrganizationKey, period: Period, paid: Option<i128>) -> CreditChanges {
    let unit = CreditUnit::Currency("USD".into());
    let key = GrantKey { organization, unit: unit.clone(), grant: "promo".into() };
    let units = GrantKey { organization, unit: CreditUnit::Meter("api_calls".into()), grant: "units".into() };
    let (zero, ten, left) = (Quantity::ZERO, Quantity::units(10), Quantity(9_400_000_000));
    let burned = Quantity(600_000_000);
    let end = EventTime(period.start.0 + 10 * 86_400_000_000);
    let entry = |at, opening, granted, burned, expired, closing| Entry {
        at,
        grant: "promo".into(),
        opening,
        granted,
        burned,
        expired,
        rolled_over: zero,
        refunded: zero,
        closing,
    };
    let entries = [entry(period.start, zero, ten, burned, zero, left), entry(end, left, zero, zero, left, zero)];
    let balance = Balance {
        kind: GrantKind::Promotional,
        priority: -1,
        effective_from: period.start,
        expires_at: Some(end),
        granted: ten,
        burned,
        expired: left,
        refunded: zero,
        balance: zero,
        changed_at: end,
    };
    let request = RechargeRequest {
        id: "p/1".into(),
        policy: "p".into(),
        period_start: period.start,
        number: 1,
        at: end,
        amount: ten,
        threshold: Quantity::ONE,
        balance: zero,
        pending: zero,
        lapses_at: EventTime(end.0 + 3_600_000_000),
        answered_by: Some("bought".into()),
    };
    let line_key = CreditLineKey {
        organization,
        period_start: period.start,
        meter: "api_calls".into(),
        span_start: period.start,
        grant: "promo".into(),
    };
    let line = |paid| CreditLine {
        period,
        meter: "api_calls".into(),
        span_start: period.start,
        span_end: period.end,
        grant: "promo".into(),
        currency: "USD".into(),
        amount_minor_units: paid,
    };
    CreditChanges {
        entries: entries.map(|entry| (EntryKey { of: key.clone(), at: entry.at }, Some(entry))).into(),
        balances: vec![(key, Some(Ok(balance))), (units, Some(Err(RateError::TooManyPeriods)))],
        requests: vec![(RequestKey { organization, unit, id: request.id.clone() }, Some(request))],
        lines: vec![(line_key, paid.map(line))],
    }
}

async fn rows(sink: &Sink, sql: &str) -> Vec<String> {
    sink.store().client().query(sql).fetch_all::<String>().await.expect("rows")
}

#[tokio::test]
async fn what_is_left_can_be_asked_of_any_past_instant_as_the_view_says() {
    let Some(store) = schema::store("credits") else { return };
    store.migrate().await.expect("migrated");
    let mut sink = Sink::new(store);
    let epochs = Epochs::new();
    sink.write(&epochs.write(1, &epochs.everything(7))).await.expect("written");
    let balances = "SELECT concat(grant_id, ' ', meter, currency, ' ', toString(balance), ' ', toString(expired), ' ', error) FROM credits.credit_balances ORDER BY 1";
    assert_eq!(rows(&sink, balances).await, ["promo USD 0 9.4 ", "units api_calls 0 0 too_many_periods"]);
    // The very query that the view's comment gives.
    let comment = "SELECT comment FROM system.tables WHERE database = 'credits' AND name = 'credit_balances'";
    let comment = rows(&sink, comment).await.concat();
    let query = comment.split_once("SELECT").expect("a query").1.trim_end_matches('.');
    let query = |instant: &str| query.replace("2026-11-15 00:00:00", instant);
    for (instant, left) in
        [("2026-10-31 23:59:59", None), ("2026-11-10 23:59:59", Some("9.4")), ("2026-11-11 00:00:00", Some("0"))]
    {
        let sql = format!("SELECT concat(grant_id, ' ', toString(balance)) FROM (SELECT {})", query(instant));
        let expected: Vec<String> = left.map(|left| format!("promo {left}")).into_iter().collect();
        assert_eq!(rows(&sink, &sql).await, expected, "{instant}");
    }
    let requests = "SELECT concat(request_id, ' ', toString(amount), ' ', answered_by, ' ', toString(is_pending)) FROM credits.recharge_requests";
    assert_eq!(rows(&sink, requests).await, ["p/1 10 bought 0"]);
}

#[tokio::test]
async fn what_credits_pay_stands_beside_the_line_and_lowers_the_invoice() {
    let Some(store) = schema::store("paid") else { return };
    store.migrate().await.expect("migrated");
    let mut sink = Sink::new(store);
    let epochs = Epochs::new();
    let organization = highwater_dataflows::names::organization_key("acme");
    let period = span(0, 30).period;
    let invoice = "SELECT concat(toString(usage), ' ', toString(credits), ' ', toString(total), ' ', toString(lines)) FROM paid.period_invoices";
    for (epoch, paid, expected) in [(1, Some(-60), "1 -0.6 0.4 2"), (2, Some(-100), "1 -1 0 2"), (3, None, "1 0 1 1")] {
        let mut of_usage = line(span(0, 30), 100);
        of_usage.covers = vec![highwater_rating::credits::Cover { grant: "free".into(), quantity: Quantity(1) }];
        let usage = epochs.period("acme", Some(PeriodValue::Rated(rated(vec![of_usage]).into())));
        let changes = epochs.changes(epoch, |it| {
            it.periods = vec![usage];
            it.credits = changes(organization, period, paid);
        });
        sink.write(&epochs.write(1, &changes)).await.expect("written");
        assert_eq!(rows(&sink, invoice).await, [expected]);
        let paid_line = "SELECT paid_line_id FROM paid.credit_lines WHERE paid_line_id NOT IN (SELECT line_id FROM paid.rated_lines WHERE kind = 'usage')";
        assert_eq!(rows(&sink, paid_line).await, [""; 0], "every credit names the line that it pays");
    }
    let covers = "SELECT concat(`covers.grant_id`[1], ' ', toString(`covers.quantity`[1])) FROM paid.rated_lines WHERE kind = 'usage'";
    assert_eq!(rows(&sink, covers).await, ["free 0.000000001"]);
}
