//! `highwater demo` from nothing.

use crate::house::House;

#[test]
fn a_demo_shows_rated_rows_and_ends_by_itself() {
    let Some(house) = House::new() else { return };
    let mut demo = house.spawn(&["demo", "--duration", "5s", "--no-table"]);
    let rated = "SELECT count() > 0 AND countIf(overage_quantity > 0) > 0 FROM highwater.rated_lines FORMAT TSV";
    house.until("somebody is over a limit", || {
        assert!(!demo.has_ended(), "{}", house.said());
        house.query(rated).ok().filter(|answer| answer.trim() == "1").map(drop)
    });
    let forecast =
        "SELECT countIf(bill_expected > 0 AND ifNull(limit_quantity, 0) > 0) > 0 FROM highwater.trends FORMAT TSV";
    house.until("somebody's bill is forecast", || {
        house.query(forecast).ok().filter(|answer| answer.trim() == "1").map(drop)
    });
    let burnt =
        "SELECT countIf(burned > 0 AND balance = granted - burned) > 0 FROM highwater.credit_balances FORMAT TSV";
    house.until("somebody has burnt credits", || {
        house.query(burnt).ok().filter(|answer| answer.trim() == "1").map(drop)
    });
    assert_eq!(demo.wait().code(), Some(0), "{}", house.said());
}
