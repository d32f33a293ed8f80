//! Bills to send: as many, as large and as wrong as a test wants them.

use highwater::close::journal::Undertaking;
use highwater_rating::number::Quantity;
use highwater_rating::time::EventTime;
use highwater_settlement::customer::Customer;
use highwater_settlement::frozen::{CloseRecord, FrozenPeriod};
use highwater_settlement::invoice::PlannedInvoice;
use highwater_settlement::line::{FinalLine, LineKind, checksum};
use highwater_settlement::moment::Moment;
use highwater_settlement::policy::Policy;

pub fn time(text: &str) -> EventTime {
    EventTime::parse(text.as_bytes()).expect("an instant")
}

/// October 2026 of one organization, with a line an amount.
pub fn period(organization: &str, amounts: &[i128]) -> FrozenPeriod {
    let lines: Vec<FinalLine> = (0u128..)
        .zip(amounts)
        .map(|(at, amount)| FinalLine {
            line_id: format!("{:032x}", xxhash_rust::xxh3::xxh3_128(organization.as_bytes()) / 1_000 + at),
            kind: LineKind::Usage,
            name: format!("meter_{at}"),
            span_start: time("2026-10-01T00:00:00Z"),
            span_end: time("2026-11-01T00:00:00Z"),
            quantity: Quantity(amount * 1_000_000_000),
            overage: Quantity(amount * 1_000_000_000),
            amount_unrounded: amount * 10_000_000_000_000_000,
            amount_minor_units: *amount,
            currency: "USD".into(),
            corrects_line_id: String::new(),
            corrects_period_start: None,
        })
        .collect();
    let record = CloseRecord {
        organization_id: organization.into(),
        period_start: time("2026-10-01T00:00:00Z"),
        period_end: time("2026-11-01T00:00:00Z"),
        currency: "USD".into(),
        revision: 1,
        lines: lines.len() as u64,
        total_minor_units: amounts.iter().sum(),
        checksum: format!("{:032x}", checksum(&lines)),
        final_at: Moment(time("2026-11-04T00:00:00Z").0),
    };
    FrozenPeriod::check(record, lines).expect("they agree")
}

pub fn customer(organization: &str) -> String {
    format!("cus_{organization}")
}

pub fn undertaking(organization: &str, amounts: &[i128], policy: &Policy) -> Undertaking {
    let customer = Customer { id: customer(organization), days_until_due: None };
    let invoice = PlannedInvoice::of(&period(organization, amounts), 0, &customer, policy).expect("a plan");
    Undertaking { account: "main".into(), invoice, actor: "ana".into(), at: START }
}

/// 5 November 2026, when the clocks of the tests start.
pub const START: Moment = Moment(1_793_836_800_000_000);
