//! Billing periods: where they begin, in every calendar's odd corners, and that they tile time.

mod rows;

use highwater_rating::tables::Interval::{self, Day, Month, Quarter, Week, Year};
use highwater_rating::time::{CadenceError, Calendar, EventTime};
use proptest::prelude::*;
use rows::{cadence, instant};

fn calendar(anchor: &str, interval: Interval, count: u32, time_zone: &str) -> Calendar {
    Calendar::new(&cadence(anchor, interval, count, time_zone)).unwrap()
}

#[test]
fn a_period_begins_and_ends_where_the_rule_says() {
    // anchor, interval, count, zone | an instant | its period
    #[rustfmt::skip]
    let cases: &[(&str, Interval, u32, &str, &str, &str, &str)] = &[
        ("2026-01-01T00:00", Month,   1, "UTC", "2026-01-01",           "2026-01-01", "2026-02-01"),
        ("2026-01-01T00:00", Month,   1, "UTC", "2026-01-31T23:59:59.999999Z", "2026-01-01", "2026-02-01"),
        ("2026-01-01",       Month,   1, "UTC", "2026-02-01",           "2026-02-01", "2026-03-01"),
        // Before the anchor by the same rule.
        ("2026-01-01T00:00", Month,   1, "UTC", "2025-12-31",           "2025-12-01", "2026-01-01"),
        ("2026-01-31T00:00", Month,   1, "UTC", "2025-11-30",           "2025-11-30", "2025-12-31"),
        ("2026-01-15T00:00", Year,    1, "UTC", "1970-01-01",           "1969-01-15", "1970-01-15"),
        // A short month ends the date on its last day, and the day comes back after it.
        ("2026-01-31T00:00", Month,   1, "UTC", "2026-02-27",           "2026-01-31", "2026-02-28"),
        ("2026-01-31T00:00", Month,   1, "UTC", "2026-03-30",           "2026-02-28", "2026-03-31"),
        ("2026-01-31T00:00", Month,   1, "UTC", "2026-04-30",           "2026-04-30", "2026-05-31"),
        ("2024-01-31T00:00", Month,   1, "UTC", "2024-02-29",           "2024-02-29", "2024-03-31"),
        ("2026-01-30T00:00", Month,   1, "UTC", "2026-02-28",           "2026-02-28", "2026-03-30"),
        ("2024-02-29T00:00", Year,    1, "UTC", "2025-02-28",           "2025-02-28", "2026-02-28"),
        ("2024-02-29T00:00", Year,    1, "UTC", "2028-02-28",           "2027-02-28", "2028-02-29"),
        ("2024-02-29T00:00", Year,    4, "UTC", "2027-01-01",           "2024-02-29", "2028-02-29"),
        ("2025-11-30T00:00", Quarter, 1, "UTC", "2026-02-28",           "2026-02-28", "2026-05-30"),
        ("2026-01-01T00:00", Month,   5, "UTC", "2026-12-31",           "2026-11-01", "2027-04-01"),
        ("2026-01-05T00:00", Week,    2, "UTC", "2026-01-04",           "2025-12-22", "2026-01-05"),
        ("2026-01-01T06:30", Day,     3, "UTC", "2026-01-04T06:29",     "2026-01-01T06:30", "2026-01-04T06:30"),
        // Vienna is an hour ahead in winter and two in summer.
        ("2026-01-01T00:00", Month,   1, "Europe/Vienna", "2026-03-31T21:59", "2026-02-28T23:00", "2026-03-31T22:00"),
        ("2026-01-01T00:00", Month,   1, "Europe/Vienna", "2026-03-31T22:00", "2026-03-31T22:00", "2026-04-30T22:00"),
        // 02:30 on 29 March is skipped: it moves to 03:30 (01:30 in UTC). On 25 October it comes twice: the first.
        ("2026-03-01T02:30", Day,     1, "Europe/Vienna", "2026-03-29T01:29", "2026-03-28T01:30", "2026-03-29T01:30"),
        ("2026-03-01T02:30", Day,     1, "Europe/Vienna", "2026-03-29T01:30", "2026-03-29T01:30", "2026-03-30T00:30"),
        ("2026-03-01T02:30", Day,     1, "Europe/Vienna", "2026-10-25T01:30", "2026-10-25T00:30", "2026-10-26T01:30"),
        ("2026-02-08T02:30", Month,   1, "America/New_York", "2026-03-08T07:30", "2026-03-08T07:30", "2026-04-08T06:30"),
        ("2026-10-01T01:30", Month,   1, "America/New_York", "2026-11-01T06:30", "2026-11-01T05:30", "2026-12-01T06:30"),
        // Kathmandu moved by a quarter of an hour at the turn of 1986; Lord Howe saves half an hour of daylight.
        ("2026-01-01T00:00", Month,   1, "Asia/Kathmandu", "2026-01-31T18:15", "2026-01-31T18:15", "2026-02-28T18:15"),
        ("1985-12-01T00:00", Month,   1, "Asia/Kathmandu", "1985-12-31T18:30", "1985-12-31T18:30", "1986-01-31T18:15"),
        ("2026-09-04T02:15", Month,   1, "Australia/Lord_Howe", "2026-10-03T15:45", "2026-10-03T15:45", "2026-11-03T15:15"),
        ("2026-03-05T01:45", Month,   1, "Australia/Lord_Howe", "2026-04-04T14:45", "2026-04-04T14:45", "2026-05-04T15:15"),
        // Apia had no 30 December 2011: that day's period is empty, and its instant belongs to the next.
        ("2011-12-01T00:00", Day,     1, "Pacific/Apia", "2011-12-30T09:59", "2011-12-29T10:00", "2011-12-30T10:00"),
        ("2011-12-01T00:00", Day,     1, "Pacific/Apia", "2011-12-30T10:00", "2011-12-30T10:00", "2011-12-31T10:00"),
        ("2011-11-30T12:00", Month,   1, "Pacific/Apia", "2011-12-30T22:00", "2011-12-30T22:00", "2012-01-29T22:00"),
        // Liberia was 44 minutes and 30 seconds behind until 1972: the boundary is moved to its minute.
        ("1971-01-01T00:00", Month,   1, "Africa/Monrovia", "1971-02-01T00:44", "1971-02-01T00:44", "1971-03-01T00:44"),
    ];
    for (anchor, interval, count, zone, at, start, end) in cases {
        let period = calendar(anchor, *interval, *count, zone).period_at(instant(at));
        let shown = (period.start.to_string(), period.end.to_string());
        let before_1970 = |text: &str| text.starts_with("1969");
        let expected =
            |text: &str| if before_1970(text) { format!("{text}T00:00:00Z") } else { instant(text).to_string() };
        assert_eq!(shown, (expected(start), expected(end)), "{anchor} {interval:?} × {count} {zone} at {at}");
    }
}

#[test]
fn twelve_month_ends_in_a_row_follow_the_anchor() {
    let calendar = calendar("2026-01-31T00:00:00", Month, 1, "UTC");
    let days: Vec<String> = (0..13).map(|number| calendar.boundary(number).to_string()[5..10].to_owned()).collect();
    let expected = "01-31 02-28 03-31 04-30 05-31 06-30 07-31 08-31 09-30 10-31 11-30 12-31 01-31";
    assert_eq!(days.join(" "), expected);
}

#[test]
fn the_ends_of_the_calendar_are_open() {
    let monthly = calendar("2026-01-01T00:00:00", Month, 1, "UTC");
    let last = monthly.period_at(EventTime(EventTime::LIMIT.0 - 1));
    assert_eq!((last.start, last.end), (instant("9999-12-01"), EventTime::MAX));
    let millennia = calendar("2026-01-01T00:00:00", Year, 1_000, "Pacific/Apia");
    let period = millennia.period_at(instant("9999-12-31"));
    assert!(period.contains(instant("9999-12-31")), "{period:?}");
    assert!(monthly.period_at(EventTime::MAX).end == EventTime::MAX && monthly.period_at(EventTime::MIN).start.0 < 0);
}

#[test]
fn a_cadence_without_periods_is_named() {
    use CadenceError::{AnchorNotWholeMinute, IntervalCountOutOfRange, InvalidAnchor, UnknownTimeZone};
    #[rustfmt::skip]
    let cases = [
        ("2026-02-30T00:00:00",       1,     "UTC",           InvalidAnchor("2026-02-30T00:00:00".into())),
        ("2026-01-01T00:00:00Z",      1,     "UTC",           InvalidAnchor("2026-01-01T00:00:00Z".into())),
        ("1969-12-31T00:00:00",       1,     "UTC",           InvalidAnchor("1969-12-31T00:00:00".into())),
        ("tomorrow",                  1,     "UTC",           InvalidAnchor("tomorrow".into())),
        ("",                          1,     "UTC",           InvalidAnchor("".into())),
        ("2026-01-01T00:00:30",       1,     "UTC",           AnchorNotWholeMinute("2026-01-01T00:00:30".into())),
        ("2026-01-01T00:00:00.5",     1,     "UTC",           AnchorNotWholeMinute("2026-01-01T00:00:00.5".into())),
        ("2026-01-01T00:00:00",       1,     "Europe/Wien",   UnknownTimeZone("Europe/Wien".into())),
        ("2026-01-01T00:00:00",       1,     "",              UnknownTimeZone("".into())),
        ("2026-01-01T00:00:00",       1,     "+01:00",        UnknownTimeZone("+01:00".into())),
        ("2026-01-01T00:00:00",       0,     "UTC",           IntervalCountOutOfRange(0)),
        ("2026-01-01T00:00:00",       1_001, "UTC",           IntervalCountOutOfRange(1_001)),
    ];
    for (anchor, count, zone, expected) in cases {
        assert_eq!(
            Calendar::new(&cadence(anchor, Month, count, zone)).err(),
            Some(expected),
            "{anchor} {count} {zone}"
        );
    }
}

const ZONES: [&str; 10] = [
    "UTC",
    "Europe/Vienna",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Kwajalein",
    "Africa/Casablanca",
    "Africa/Monrovia",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Every instant is in exactly one period: asking at either edge of its period gives the same one, and asking just
    /// outside gives the neighbour that touches it.
    #[test]
    fn periods_tile_time(
        anchor_days in 0..30_000i64,
        anchor_minute in 0..1_440i64,
        interval in prop::sample::select(vec![Day, Week, Month, Quarter, Year]),
        count in prop_oneof![4 => 1..4u32, 1 => 1..1_001u32],
        zone in prop::sample::select(ZONES.to_vec()),
        at in 0..4_000_000_000_000_000i64,
    ) {
        let anchor = EventTime((anchor_days * 1_440 + anchor_minute) * 60_000_000).to_string();
        let calendar = calendar(anchor.trim_end_matches('Z'), interval, count, zone);
        let period = calendar.period_at(EventTime(at));
        prop_assert!(period.contains(EventTime(at)), "{:?}", period);
        prop_assert!(period.start.is_whole_minute() && period.end.is_whole_minute());
        prop_assert_eq!(calendar.period_at(period.start), period);
        prop_assert_eq!(calendar.period_at(EventTime(period.end.0 - 1)), period);
        prop_assert_eq!(calendar.period_at(period.end).start, period.end);
        prop_assert_eq!(calendar.period_at(EventTime(period.start.0 - 1)).end, period.start);
    }
}
