//! Billing periods by two implementations of civil time, in every time zone: the engine's by jiff, the oracle's by
//! chrono. `HIGHWATER_PERIODS` is the number of random questions a zone is asked (20 by default).

use highwater_rating::quote;
use highwater_rating::tables::{Cadence, Interval};
use highwater_rating::time::{Calendar, EventTime};
use oracle::civil::{self, rfc3339};
use oracle::generate::Dice;
use serde_json::{Value, json};

const QUESTIONS: u64 = 20;
/// Where editions of the time zone database agree: they still amend the 1970s, and learn of new rules every year.
const YEARS: std::ops::RangeInclusive<i64> = 1983..=2021;

const INTERVALS: [(Interval, &str); 5] = [
    (Interval::Day, "day"),
    (Interval::Week, "week"),
    (Interval::Month, "month"),
    (Interval::Quarter, "quarter"),
    (Interval::Year, "year"),
];

#[test]
fn periods_begin_and_end_at_the_same_instants_in_every_time_zone() {
    let questions = std::env::var("HIGHWATER_PERIODS").map_or(QUESTIONS, |text| text.parse().expect("a number"));
    let mut different = Vec::new();
    for (zone, number) in civil::zones().zip(0..) {
        let mut dice = Dice::of_seed(number);
        for _ in 0..questions {
            let (interval, name) = *dice.pick(&INTERVALS);
            let cadence = Cadence {
                anchor: anchor(&mut dice).into(),
                interval,
                interval_count: dice.between(1, 3) as u32,
                time_zone: zone.into(),
            };
            let row = json!({
                "anchor": *cadence.anchor,
                "interval": name,
                "interval_count": cadence.interval_count,
                "time_zone": zone,
            });
            let instant = instant(&mut dice);
            let calendar = match Calendar::new(&cadence) {
                Ok(calendar) => calendar,
                Err(error) => {
                    different.push(format!("{row}: {error}"));
                    break;
                }
            };
            let ours = calendar.period_at(EventTime(instant));
            let right = civil::Cadence::of_row(&row).period_of(instant);
            if (ours.start.0, ours.end.0) != (right.start, right.end) {
                different.push(format!(
                    "{row} at {}: {} to {}, by the oracle {} to {}",
                    rfc3339(instant),
                    ours.start,
                    ours.end,
                    rfc3339(right.start),
                    rfc3339(right.end)
                ));
            }
        }
    }
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
}

/// `quote periods`, line by line: one period follows the other, as instants and as clocks there show them.
#[test]
fn quoted_periods_are_those_of_the_oracle_as_instants_and_on_every_clock() {
    let mut different = Vec::new();
    for (zone, number) in civil::zones().zip(0..) {
        let mut dice = Dice::of_seed(number);
        let count = dice.between(1, 30);
        let case = json!({
            "anchor": anchor(&mut dice),
            "interval": dice.pick(&INTERVALS).1,
            "interval_count": dice.between(1, 5),
            "time_zone": zone,
            // Far enough from the years that the two databases know differently.
            "from": rfc3339(instant(&mut dice).min(1_500_000_000_000_000)),
            "count": count,
        });
        let answer =
            quote::periods(case.to_string().as_bytes()).unwrap_or_else(|refused| panic!("{case}: {refused:?}"));
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        let cadence = civil::Cadence::of_row(&case);
        let mut at = civil::instant(case["from"].as_str().expect("text")).expect("an instant");
        let expected: Vec<Value> = (0..count)
            .map(|_| {
                let period = cadence.period_of(at);
                at = period.end;
                json!({
                    "start": rfc3339(period.start),
                    "end": rfc3339(period.end),
                    "civil_start": civil::local_time(period.start, zone),
                    "civil_end": civil::local_time(period.end, zone),
                    "seconds": (period.end - period.start) / 1_000_000,
                })
            })
            .take_while(|period| period["end"].as_str() < Some("2022"))
            .collect();
        let shown = answer["periods"].as_array().expect("a list");
        assert_eq!(shown.len() as i64, count, "{case}");
        if shown[..expected.len()] != expected {
            different.push(format!("{case}: {answer}"));
        }
    }
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
}

fn anchor(dice: &mut Dice) -> String {
    let month = dice.between(1, 12);
    let longest = match month {
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let day = if dice.percent(30) { longest } else { dice.between(1, longest) };
    // Most clocks change at one of the first hours of a day.
    let (hour, minute) = (dice.between(0, 3), *dice.pick(&[0, 0, 15, 30, 59]));
    format!("{}-{month:02}-{day:02}T{hour:02}:{minute:02}:00", dice.between(*YEARS.start(), *YEARS.end()))
}

fn instant(dice: &mut Dice) -> civil::Micros {
    let days = dice.between((YEARS.start() - 1970) * 366, (YEARS.end() - 1970) * 365);
    days * oracle::DAY + dice.between(0, oracle::DAY - 1)
}
